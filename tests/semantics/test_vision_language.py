"""The vision-language decoder on four families: what a batch must not change, where gradient goes, what pictures do."""

import numpy as np
import pytest
import torch
from tiny import save_tiny_language_model, tiny_tokenizer
from tiny_vision import FAMILIES, save_tiny_vision_language, tiny_vision_language
from transformers import ProcessorMixin

from smot_vlm.semantics.adapters import language_projections
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.generation import Decoding
from smot_vlm.semantics.marks import draw_box
from smot_vlm.semantics.picture_inputs import PictureProcessor
from smot_vlm.semantics.vision_language import VisionLanguage

DIM = 16
CAPTIONS = ["a man", "a woman in red walks", "b", "two people talk"]


def make_decoder(family: str, **options: int) -> VisionLanguage:
    model, processor = tiny_vision_language(family)
    torch.manual_seed(1)
    settings = {"soft_tokens": 3, "lora_rank": 2, "max_new_tokens": 8, **options}
    decoder = VisionLanguage(model, processor, dim=DIM, **settings)
    # LoRA starts as the identity; random B matrices make it take part.
    for name, parameter in decoder.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    return decoder.eval()


@pytest.fixture(params=FAMILIES, scope="module")
def decoder(request: pytest.FixtureRequest) -> VisionLanguage:
    return make_decoder(request.param)


def picture(seed: int, height: int = 40, width: int = 60) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def make_requests() -> list[CaptionRequest]:
    """Several pictures, one, none, and one of another shape; prompts and features of different length."""
    generator = torch.Generator().manual_seed(7)
    images = [(picture(0), picture(1, 50, 30)), (picture(2),), (), (picture(3, 33, 47),)]
    return [
        CaptionRequest(
            "instance" if row else "video",
            torch.randn(4 + 3 * row, DIM, generator=generator),
            f"{'Tell ' * (row % 3)}me <visual>.",
            shown,
        )
        for row, shown in enumerate(images)
    ]


def test_a_batch_of_captions_equals_the_captions_one_by_one(decoder):
    requests = make_requests()
    together = decoder.generate(requests)
    assert together == [decoder.generate([request])[0] for request in requests]
    assert len(set(together)) == len(requests), "different pictures must be able to give different captions"


def test_max_batch_changes_no_caption(decoder, monkeypatch):
    whole = decoder.generate(make_requests())
    monkeypatch.setattr(decoder, "max_batch", 2)
    assert decoder.generate(make_requests()) == whole


def test_beams_are_those_of_a_plain_search(decoder, monkeypatch):
    """Oracle: beam search by hand, each beam read anew with its pictures for every word."""
    monkeypatch.setattr(decoder, "max_new_tokens", 4)
    monkeypatch.setattr(decoder, "decoding", Decoding(num_beams=3))
    captions = decoder.generate(make_requests())
    assert captions == [searched_by_hand(decoder, request, beams=3) for request in make_requests()]


def test_drawn_words_follow_the_seed_and_leave_the_global_generator_alone(decoder, monkeypatch):
    requests = make_requests()
    torch.manual_seed(11)
    wanted = torch.rand(2)
    torch.manual_seed(11)
    said = []
    for seed in (3, 3, 4):
        monkeypatch.setattr(decoder, "decoding", Decoding(temperature=1.0, top_p=0.9, seed=seed))
        said.append(decoder.generate(requests))
    assert torch.equal(torch.rand(2), wanted)
    assert said[0] == said[1] != said[2]
    monkeypatch.setattr(decoder, "decoding", Decoding(temperature=1e-4))
    drawn = decoder.generate(requests)
    monkeypatch.setattr(decoder, "decoding", Decoding())
    assert drawn == decoder.generate(requests)


def test_an_empty_batch_gives_no_captions(decoder):
    assert decoder.generate([]) == []


def test_the_loss_of_a_batch_is_the_sum_of_the_losses(decoder):
    requests = make_requests()
    together = decoder.loss(requests, CAPTIONS)
    single = [decoder.loss([request], [caption]) for request, caption in zip(requests, CAPTIONS, strict=True)]
    assert together.tokens == sum(loss.tokens for loss in single)
    assert together.total.item() == pytest.approx(sum(loss.total.item() for loss in single), rel=1e-5)


def test_the_loss_is_the_likelihood_of_each_token(decoder):
    """Oracle: log-probabilities of the target tokens, one forward pass of the bare model a token."""
    plain = make_decoder_without_training(decoder)
    request, caption = make_requests()[0], "hi"
    tensors = plain.inputs([request]).tensors
    expected = 0.0
    for token in [*plain.processor.ids(caption), plain.tokenizer.eos_token_id]:
        with torch.no_grad():
            expected -= plain.language_model(**tensors).logits[0, -1].log_softmax(-1)[token].item()
        tensors = append(tensors, token)
    assert plain.loss([request], [caption]).total.item() == pytest.approx(expected, rel=1e-4)


def test_soft_tokens_stand_where_the_prompt_says(decoder):
    """Oracle: without pictures, the same as feeding the joined embeddings by hand."""
    request = make_requests()[2]
    before, after = (decoder.processor.ids(part) for part in f"<start>user\n{request.prompt}<end>\n".split("<visual>"))
    after += decoder.processor.ids("<start>assistant\n")
    caption = decoder.processor.ids("hi")
    words = decoder.language_model.get_input_embeddings()
    soft = decoder.soft_tokens("instance", request.tokens[None], torch.ones(1, len(request.tokens), dtype=torch.bool))
    with torch.no_grad():
        row = torch.cat([words(torch.tensor(before)), soft[0], words(torch.tensor(after + caption))])
        logits = decoder.language_model(inputs_embeds=row[None]).logits[0, -len(caption) - 1 :].log_softmax(-1)
    targets = [*caption, decoder.tokenizer.eos_token_id]
    expected = -sum(logits[place, token].item() for place, token in enumerate(targets))
    assert decoder.loss([request], ["hi"]).total.item() == pytest.approx(expected, rel=1e-4)


def test_soft_tokens_come_after_the_pictures(decoder):
    inputs = decoder.inputs(make_requests()[:1])
    ids = inputs.tensors["input_ids"][0]
    image = decoder.language_model.config.image_token_id
    assert inputs.soft_places.sum() == 3
    assert inputs.soft_places[0].nonzero().min() > (ids == image).nonzero().max()


def test_blank_captions_have_no_target(decoder):
    decoder.zero_grad()
    loss = decoder.loss(make_requests(), ["", "  ", "", ""])
    assert (loss.tokens, loss.total.item()) == (0, 0.0)
    loss.total.backward()


def test_gradient_reaches_the_adapter_the_soft_tokens_and_the_features_and_nothing_frozen(decoder):
    requests = make_requests()
    for request in requests:
        request.tokens.requires_grad_(True)
    decoder.zero_grad()
    decoder.loss(requests, CAPTIONS).total.backward()
    for name, parameter in decoder.named_parameters():
        learned = "lora_" in name or name.startswith("soft_tokens")
        assert parameter.requires_grad == learned, name
        if learned:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name
        else:
            assert parameter.grad is None, name
    assert all(request.tokens.grad.abs().sum() > 0 for request in requests)
    assert all(request.tokens.requires_grad for request in requests)


@pytest.mark.parametrize("family", FAMILIES)
def test_lora_sits_on_the_attention_of_the_language_part_alone(family):
    model, _ = tiny_vision_language(family)
    names = language_projections(model)
    assert len(names) == 2 * 4, "two layers of four projections"
    assert all("vision" not in name and "visual" not in name for name in names)
    adapted = {name.rsplit(".lora_A", 1)[0] for name, _ in make_decoder(family).named_modules() if "lora_A" in name}
    assert {name.removeprefix("language_model.base_model.model.") for name in adapted} == set(names)


def test_lora_can_sit_elsewhere_in_the_language_part():
    model, _ = tiny_vision_language("llava")
    names = language_projections(model, ["up_proj", "q_proj"])
    assert len(names) == 2 * 2
    assert {name.rsplit(".", 1)[-1] for name in names} == {"up_proj", "q_proj"}
    assert all("vision" not in name for name in names)
    with pytest.raises(ValueError, match="no layer called wheel in its language part"):
        language_projections(model, ["wheel"])


def test_soft_tokens_are_grounded_in_words_where_there_are_any(decoder):
    requests = make_requests()
    grounding = decoder.grounding.caption_loss(requests, CAPTIONS, ctc=True)
    assert grounding.words == sum(len(decoder.grounding.content_tokens(caption)) for caption in CAPTIONS) > 0
    gradient = torch.autograd.grad(grounding.total, list(decoder.soft_tokens.parameters()), allow_unused=True)
    assert any(part is not None and part.abs().sum() > 0 for part in gradient)


def test_single_observations_are_read_as_words_where_there_are_soft_tokens(decoder):
    looks = torch.randn(len(CAPTIONS), 4, DIM, requires_grad=True)
    single = decoder.grounding.frame_loss(looks, CAPTIONS)
    assert single.words == sum(len(decoder.grounding.content_tokens(caption)) for caption in CAPTIONS)
    single.total.backward()
    assert (looks.grad.abs().sum(dim=(1, 2)) > 0).all()


def test_without_soft_tokens_nothing_is_grounded():
    decoder = make_decoder("idefics3", soft_tokens=0, lora_rank=2)
    assert decoder.grounding is None


def test_checkpointing_keeps_every_gradient(tmp_path):
    folder = str(save_tiny_vision_language(tmp_path))
    gradients = []
    for checkpointing in (False, True):
        torch.manual_seed(1)
        options = {"dim": DIM, "soft_tokens": 3, "lora_rank": 2}
        decoder = VisionLanguage.load(folder, gradient_checkpointing=checkpointing, **options).train()
        decoder.loss(make_requests(), CAPTIONS).total.backward()
        trained = [parameter for parameter in decoder.parameters() if parameter.requires_grad]
        gradients.append(torch.cat([parameter.grad.flatten() for parameter in trained]))
    assert torch.allclose(*gradients, atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_it_works_untrained_without_soft_tokens(family):
    decoder = make_decoder(family, soft_tokens=0, lora_rank=0)
    assert not any(parameter.requires_grad for parameter in decoder.parameters())
    assert len(set(decoder.generate(make_requests()))) == 4
    assert not decoder.inputs(make_requests()[:2]).soft_places.any()
    assert "<visual>" not in decoder.tokenizer.decode(decoder.inputs(make_requests()[:1]).tensors["input_ids"][0])


def test_what_is_in_the_pictures_and_what_is_drawn_on_them_matters(decoder):
    request = make_requests()[1]
    image = request.images[0]
    marked = draw_box(image, np.array([5, 5, 40, 30]), (230, 30, 30), "1")
    losses = [
        decoder.loss([CaptionRequest("instance", request.tokens, request.prompt, (shown,))], ["a man walks"])
        for shown in (image, marked, picture(9))
    ]
    values = [loss.total.item() for loss in losses]
    assert min(abs(first - second) for first, second in [(values[0], values[1]), (values[0], values[2])]) > 1e-3


def test_the_order_of_the_pictures_matters(decoder):
    request = make_requests()[0]
    turned = CaptionRequest("video", request.tokens, request.prompt, request.images[::-1])
    first, second = (decoder.loss([asked], ["a man walks"]).total.item() for asked in (request, turned))
    assert abs(first - second) > 1e-3


def test_small_pictures_are_not_cut_into_tiles():
    decoder = make_decoder("idefics3", soft_tokens=0, lora_rank=0)
    ids = decoder.inputs(make_requests()[1:2]).tensors["input_ids"][0]
    assert (ids == decoder.language_model.config.image_token_id).sum() == 4, "one tile of 2 x 2 tokens"


def test_a_prompt_without_chat_template_stands_bare():
    _, processor = tiny_vision_language("llava")
    processor.chat_template = None
    made = PictureProcessor(processor)(["Who?"], [()], torch.device("cpu"), torch.float32)
    assert processor.tokenizer.decode(made.tensors["input_ids"][0]) == "Who?\n"


def test_a_tokenizer_alone_is_no_processor():
    class Words(ProcessorMixin):
        def __init__(self) -> None:
            self.tokenizer = tiny_tokenizer()

    with pytest.raises(ValueError, match="Words has no tokenizer or no image processor"):
        PictureProcessor(Words())


def test_a_model_is_loaded_from_a_folder(tmp_path):
    folder = save_tiny_vision_language(tmp_path)
    decoder = VisionLanguage.load(str(folder), max_new_tokens=8)
    kept = make_decoder("idefics3", soft_tokens=0, lora_rank=0)
    assert decoder.generate(make_requests()) == kept.generate(make_requests())


def test_a_language_model_without_eyes_is_refused(tmp_path):
    with pytest.raises(ValueError, match="LlamaConfig is no image-text-to-text model"):
        VisionLanguage.load(str(save_tiny_language_model(tmp_path)))


def make_decoder_without_training(decoder: VisionLanguage) -> VisionLanguage:
    family = next(name for name in FAMILIES if name in decoder.language_model.config.model_type)
    return make_decoder(family, soft_tokens=0, lora_rank=0)


@torch.no_grad()
def searched_by_hand(decoder: VisionLanguage, request: CaptionRequest, beams: int) -> str:
    """The caption of the best mean log-probability a word (the end token counted) among those that `beams` kept open."""
    inputs = decoder.inputs([request])
    opened: list[tuple[float, list[int]]] = [(0.0, [])]
    closed: list[tuple[float, list[int]]] = []
    for _ in range(decoder.max_new_tokens):
        candidates = []
        for total, words in opened:
            text = torch.tensor([words], dtype=torch.long)
            longer = inputs.followed_by(text, torch.ones_like(text, dtype=torch.bool)) if words else inputs
            with decoder._soft_tokens_inserted(longer, [request]):
                log_probs = decoder.language_model(**longer.tensors).logits[0, -1].log_softmax(-1)
            candidates += [(total + value.item(), [*words, word]) for word, value in enumerate(log_probs)]
        # As many ends as there are beams may stand among the best without closing a beam.
        best = sorted(candidates, reverse=True)[: 2 * beams]
        closed += [(total / len(words), words) for total, words in best[:beams] if words[-1] in decoder._end_tokens()]
        opened = [(total, words) for total, words in best if words[-1] not in decoder._end_tokens()][:beams]
    closed += [(total / len(words), words) for total, words in opened]
    return " ".join(decoder.tokenizer.decode(max(closed)[1], skip_special_tokens=True).split())


def append(tensors: dict[str, torch.Tensor], token: int) -> dict[str, torch.Tensor]:
    """The model's input with one text token more."""
    shape = tensors["input_ids"].shape
    longer = {
        name: torch.nn.functional.pad(value, (0, 1)) if value.shape == shape else value
        for name, value in tensors.items()
    }
    longer["input_ids"][0, -1] = token
    longer["attention_mask"][0, -1] = 1
    return longer
