"""LoRA folded into a copy of the weights: the same model, sooner; the trained one never knows."""

import copy

import pytest
import torch
from tiny import save_tiny_language_model, tiny_llama, tiny_tokenizer
from torch import nn

from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.merging import merge

DIM = 16


@pytest.fixture
def decoder() -> LoraLM:
    torch.manual_seed(1)
    tokenizer = tiny_tokenizer()
    made = LoraLM(
        tiny_llama(len(tokenizer)), tokenizer, dim=DIM, soft_tokens=3, lora_rank=2, lora_dropout=0.3, max_new_tokens=8
    )
    for name, parameter in made.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.2)
    return made.eval()


def make_requests() -> list[CaptionRequest]:
    generator = torch.Generator().manual_seed(0)
    return [
        CaptionRequest(task, torch.randn(5, DIM, generator=generator), "Say <visual>") for task in ("video", "instance")
    ]


def lora_b(decoder: LoraLM) -> nn.Parameter:
    return next(parameter for name, parameter in decoder.named_parameters() if "lora_B" in name)


def test_the_merged_copy_scores_words_as_the_original(decoder):
    original = decoder.language_model.get_base_model()
    merged = merge(original).model
    ids = torch.arange(3, 40)[None]
    with torch.no_grad():
        assert torch.allclose(merged(ids).logits, original(ids).logits, atol=1e-4)
        with decoder.language_model.disable_adapter():
            assert not torch.allclose(merged(ids).logits, original(ids).logits, atol=1e-1)
    assert not [name for name, _ in merged.named_modules() if "lora" in name]


def test_the_copy_shares_every_tensor_but_the_merged_ones(decoder):
    original = decoder.language_model.get_base_model()
    merged = merge(original).model
    own = {id(parameter) for parameter in original.parameters()}
    new = [name for name, parameter in merged.named_parameters() if id(parameter) not in own]
    assert sorted({name.split(".")[-2] for name in new}) == ["k_proj", "o_proj", "q_proj", "v_proj"]
    assert len(new) == 2 * 4
    assert merged.get_output_embeddings().weight is original.get_input_embeddings().weight


def test_generation_leaves_the_trained_model_as_it_was(decoder):
    before = {name: parameter.detach().clone() for name, parameter in decoder.named_parameters()}
    identities = [id(parameter) for parameter in decoder.parameters()]
    keys = list(decoder.state_dict())
    decoder.generate(make_requests())
    assert decoder._merged is not None
    assert [id(parameter) for parameter in decoder.parameters()] == identities
    assert list(decoder.state_dict()) == keys
    for name, parameter in decoder.named_parameters():
        assert torch.equal(parameter, before[name]), name


def test_training_goes_on_after_generation_as_if_there_had_been_none(decoder):
    twin = copy.deepcopy(decoder)
    decoder.generate(make_requests())
    for each in (decoder, twin):
        torch.manual_seed(5)
        each.train().loss(make_requests(), ["a man", "a woman"]).total.backward()
    assert decoder._merged is None, "training frees the copy"
    for (name, left), right in zip(decoder.named_parameters(), twin.parameters(), strict=True):
        assert (left.grad is None) == (right.grad is None), name
        assert left.grad is None or torch.equal(left.grad, right.grad), name


def test_the_copy_is_kept_while_nothing_changes(decoder):
    decoder.generate(make_requests())
    kept = decoder._merged
    decoder.eval().generate(make_requests())
    assert decoder._merged is kept


@pytest.mark.parametrize("change", ["step", "data", "load", "base", "replace"])
def test_every_change_of_the_weights_is_noticed(decoder, change):
    decoder.generate(make_requests())
    kept = decoder._merged
    base = decoder.language_model.get_base_model().model.layers[0].self_attn.q_proj.base_layer.weight
    if change == "step":
        with torch.no_grad():
            lora_b(decoder).add_(0.5)
    elif change == "data":
        lora_b(decoder).data.add_(0.5)
    elif change == "load":
        decoder.load_state_dict({name: value + 0.1 for name, value in decoder.state_dict().items()})
    elif change == "base":
        with torch.no_grad():
            base.mul_(2.0)
    else:
        decoder.language_model = copy.deepcopy(decoder.language_model)
    captions = decoder.generate(make_requests())
    assert decoder._merged is not kept
    decoder.merge_lora = False
    assert captions == decoder.generate(make_requests())


def test_a_model_in_training_speaks_without_dropout_and_goes_on_training(decoder):
    expected = decoder.generate(make_requests())
    for merge_lora in (True, False):
        decoder.train().merge_lora = merge_lora
        assert decoder.generate(make_requests()) == expected
        assert all(module.training for module in decoder.modules())


def test_quantised_layers_are_not_merged(tmp_path):
    # On CPUs with bf16 bitsandbytes generates with layers whose width is a multiple of its block of 64.
    folder = save_tiny_language_model(tmp_path, hidden=64)
    decoder = LoraLM.load(str(folder), quantization="4bit", dim=DIM, soft_tokens=2, max_new_tokens=4)
    assert merge(decoder.language_model.get_base_model()) is None
    assert len(decoder.eval().generate(make_requests())) == 2


def test_layers_of_less_precision_are_not_merged(decoder):
    assert merge(decoder.language_model.get_base_model().bfloat16()) is None


def test_under_autocast_lora_stays_apart(decoder):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert len(decoder.generate(make_requests())) == 2
    assert decoder._merged is None
