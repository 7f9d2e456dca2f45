"""LoraLM: what a batch must not change, where gradient must go, and what a prompt becomes."""

import pytest
import torch
from tiny import save_tiny_language_model, tiny_llama, tiny_tokenizer

from smot_vlm.semantics.adapters import attention_projections
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.prefix_cache import pad_left
from smot_vlm.semantics.tokenizers import chat_text

DIM = 16


@pytest.fixture
def decoder() -> LoraLM:
    torch.manual_seed(1)
    tokenizer = tiny_tokenizer()
    made = LoraLM(tiny_llama(len(tokenizer)), tokenizer, dim=DIM, soft_tokens=3, lora_rank=2, max_new_tokens=10)
    # LoRA starts as the identity; random B matrices make it take part.
    for name, parameter in made.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    return made.eval()


def make_requests(count: int) -> list[CaptionRequest]:
    generator = torch.Generator().manual_seed(7)
    tasks = ["video", *["instance"] * (count - 1)]
    return [
        CaptionRequest(
            task, torch.randn(4 + 3 * index, DIM, generator=generator), f"{'Tell ' * (index % 3)}me <visual>."
        )
        for index, task in enumerate(tasks)
    ]


def test_a_batch_of_captions_equals_the_captions_one_by_one(decoder: LoraLM):
    requests = make_requests(5)
    together = decoder.generate(requests)
    assert together == [decoder.generate([request])[0] for request in requests]
    assert len(set(together)) > 1, "different features must be able to give different captions"


def test_the_loss_of_a_batch_is_the_sum_of_the_losses(decoder: LoraLM):
    requests, captions = make_requests(4), ["a man", "a woman in red walks", "b", "two people talk"]
    together = decoder.loss(requests, captions)
    single = [decoder.loss([request], [caption]) for request, caption in zip(requests, captions, strict=True)]
    assert together.tokens == sum(loss.tokens for loss in single)
    assert together.total.item() == pytest.approx(sum(loss.total.item() for loss in single), rel=1e-5)


@pytest.mark.filterwarnings("error:`past_key_values` is deprecated:FutureWarning")
def test_no_keyword_is_used_that_transformers_will_drop(decoder: LoraLM):
    decoder.loss(make_requests(4)[1:], ["a man", "a woman", "b"]).total.backward()
    assert len(decoder.generate(make_requests(4))) == 4


def test_the_loss_is_the_likelihood_of_each_token(decoder: LoraLM):
    """Oracle: log-probabilities of the target tokens, one forward pass a token."""
    request, caption = make_requests(1)[0], "hi"
    prompt = decoder.prompt_rows([request])[0]
    row = torch.cat([decoder._embed(prompt.prefix), prompt.rest])
    embed = decoder.language_model.get_input_embeddings()
    expected = 0.0
    for token in [*decoder._ids(caption), decoder.tokenizer.eos_token_id]:
        logits = decoder.language_model(inputs_embeds=row[None]).logits[0, -1]
        expected -= logits.log_softmax(-1)[token].item()
        row = torch.cat([row, embed(torch.tensor([token]))])
    assert decoder.loss([request], [caption]).total.item() == pytest.approx(expected, rel=1e-4)


def test_max_batch_changes_no_caption(decoder: LoraLM):
    requests = make_requests(5)
    whole = decoder.generate(requests)
    decoder.max_batch = 2
    assert decoder.generate(requests) == whole


def test_an_empty_batch_gives_no_captions(decoder: LoraLM):
    assert decoder.generate([]) == []


def test_blank_captions_have_no_target(decoder: LoraLM):
    loss = decoder.loss(make_requests(2), ["", "  "])
    assert loss.tokens == 0
    loss.total.backward()
    assert loss.total.item() == 0.0


def test_gradient_reaches_the_adapter_the_soft_tokens_and_the_features_and_nothing_frozen(decoder: LoraLM):
    requests = make_requests(2)
    for request in requests:
        request.tokens.requires_grad_(True)
    decoder.train().loss(requests, ["a man walks", "a woman"]).total.backward()
    for name, parameter in decoder.named_parameters():
        learned = "lora_" in name or name.startswith("soft_tokens")
        assert parameter.requires_grad == learned, name
        if learned:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name
        else:
            assert parameter.grad is None, name
    assert all(request.tokens.grad.abs().sum() > 0 for request in requests)


def test_the_prompt_goes_through_the_chat_template():
    text = chat_text(tiny_tokenizer(), "Who is <visual>?")
    assert text == "<start>user\nWho is <visual>?<end>\n<start>assistant\n"


def test_a_tokenizer_without_template_gets_the_bare_prompt():
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = None
    assert chat_text(tokenizer, "Who?") == "Who?\n"


def test_rows_are_padded_on_the_left():
    padded, mask = pad_left([torch.ones(2, 3), torch.ones(4, 3)])
    assert padded.shape == (2, 4, 3)
    assert mask.tolist() == [[False, False, True, True], [True, True, True, True]]
    assert padded[0, :2].abs().sum() == 0


def test_lora_sits_on_the_attention_alone():
    assert attention_projections(tiny_llama(20)) == ["k_proj", "o_proj", "q_proj", "v_proj"]


def test_a_model_is_loaded_from_a_folder(tmp_path):
    decoder = LoraLM.load(str(save_tiny_language_model(tmp_path)), dim=DIM, soft_tokens=2, max_new_tokens=4)
    assert len(decoder.generate(make_requests(2))) == 2
