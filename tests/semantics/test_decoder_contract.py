"""The contract of a caption decoder, held by every member of DECODERS, and a toy decoder of its own kind from training to captions."""

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partialmethod

import pytest
import torch
from tiny import moving_squares
from tiny_vision import save_tiny_vision_language
from torch import nn
from training_cases import small_training

from smot_vlm.config import SmoterConfig, VisionLanguageConfig
from smot_vlm.models.checkpoint import load_pretrained, save_pretrained
from smot_vlm.models.decoders import DECODERS, build_decoder
from smot_vlm.semantics.decoder import CaptionDecoder, CaptionLoss, CaptionRequest
from smot_vlm.semantics.smoter_decoder import SmoterDecoder
from smot_vlm.tracker import Tracker
from smot_vlm.training.loop import Run, Trainer

DIM = 32
CAPTIONS = ["two people talk", "a man in red walks", "b", "a woman with a name too long for short captions"]


class EchoDecoder(nn.Module):
    """A toy with no more than the contract asks for: the first letter of each caption, from the mean visual token."""

    wants_pictures, max_new_tokens, grounding = False, 1, None

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.letters = nn.Linear(dim, 26)

    def loss(self, requests, captions):
        rows = [(r, ord(c.strip()[0].lower()) - 97) for r, c in zip(requests, captions, strict=True) if c.strip()]
        totals = {"instance": self.letters.bias.sum() * 0.0}
        for request, letter in rows:
            logits = self.letters(request.tokens.mean(dim=0))
            totals[request.task] = totals.get(request.task, 0.0) + logits.logsumexp(0) - logits[letter]
        return CaptionLoss(totals, len(rows))

    def count_targets(self, captions):
        return sum(bool(caption.strip()) for caption in captions)

    @torch.inference_mode()
    def generate(self, requests):
        return [chr(97 + int(self.letters(request.tokens.mean(dim=0)).argmax())) for request in requests]

    def optimize(self, *, compile, dtype): ...
    def save_extras(self, folder): ...
    def check_extras(self, folder): ...


@pytest.fixture(scope="module")
def config(tiny_language_model, tmp_path_factory):
    """A small training in which every kind of decoder has a tiny model."""
    vision_language = str(save_tiny_vision_language(tmp_path_factory.mktemp("tiny-vl")))
    config = small_training(
        tiny_language_model, steps=2, detector_only_steps=0, ctc_start_step=0, caption_start_step=0, precision="float32"
    )
    decoder = replace(
        config.decoder,
        max_new_tokens=8,
        vision_language=VisionLanguageConfig(vision_language, soft_tokens=4, num_segments=4, lora_rank=2),
        smoter=SmoterConfig(tokenizer=str(tiny_language_model)),
    )
    return replace(config, decoder=decoder)


@pytest.fixture(scope="module", params=[*DECODERS, "echo"])
def named(request, config):
    """A configuration with each decoder in turn, the toy among them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DECODERS, "echo", lambda decoder, dim: EchoDecoder(dim))
        sizes = {"hidden": 32, "layers": 1, "heads": 4, "feedforward": 64}
        patch.setattr(SmoterDecoder, "__init__", partialmethod(SmoterDecoder.__init__, **sizes))
        yield replace(config, decoder=replace(config.decoder, name=request.param))


@pytest.fixture
def decoder(named):
    return loud(build_decoder(named.decoder, DIM))


def loud(decoder: nn.Module) -> nn.Module:
    """Larger random weights, LoRA's included: a fresh network writes nearly the same whatever it sees."""
    torch.manual_seed(2)
    for parameter in decoder.parameters():
        if parameter.requires_grad and parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.2)
    return decoder.eval()


def make_requests() -> list[CaptionRequest]:
    generator = torch.Generator().manual_seed(7)
    return [
        CaptionRequest(task, torch.randn(3 + 2 * row, DIM, generator=generator), f"{'Please ' * row}tell me <visual>.")
        for row, task in enumerate(("video", "instance", "instance", "instance"))
    ]


def test_it_has_every_member_of_the_protocol(decoder):
    assert isinstance(decoder, nn.Module)
    assert isinstance(decoder, CaptionDecoder)
    assert decoder.max_new_tokens > 0
    assert decoder.grounding is None or decoder.grounding.content_tokens("a red man")


@pytest.mark.parametrize("captions", [CAPTIONS, ["", "a man", "  ", "b"], ["", " ", "", "\n"]])
def test_targets_are_counted_as_the_loss_counts_them(decoder, captions):
    assert decoder.count_targets(captions) == decoder.loss(make_requests(), captions).tokens
    assert decoder.count_targets(captions) == sum(decoder.count_targets([caption]) for caption in captions)
    assert (decoder.count_targets(captions) > 0) == any(caption.strip() for caption in captions)


def test_empty_batches_are_allowed(decoder):
    assert decoder.generate([]) == []
    assert decoder.count_targets([]) == 0
    loss = decoder.loss([], [])
    assert (loss.tokens, loss.total.item()) == (0, 0.0)


def test_blank_captions_cost_nothing_and_can_be_stepped_on(decoder):
    requests = make_requests()
    blank = decoder.loss(requests[:2], ["", "  "])
    assert (blank.tokens, blank.total.item()) == (0, 0.0)
    blank.total.backward()
    with_blank, without = decoder.loss(requests, ["a", "", "b", ""]), decoder.loss(requests[::2], ["a", "b"])
    assert with_blank.total.item() == pytest.approx(without.total.item(), rel=1e-4)


def test_the_loss_of_a_batch_is_the_sum_of_the_losses(decoder):
    requests = make_requests()
    together = decoder.loss(requests, CAPTIONS)
    single = [decoder.loss([request], [caption]) for request, caption in zip(requests, CAPTIONS, strict=True)]
    assert together.tokens == sum(loss.tokens for loss in single) > 0
    assert together.total.item() == pytest.approx(sum(loss.total.item() for loss in single), rel=1e-4)


def test_captions_come_in_the_order_of_the_requests_however_they_are_batched(decoder):
    requests = make_requests()
    captions = decoder.generate(requests)
    assert captions == [decoder.generate([request])[0] for request in requests]
    assert decoder.generate(requests[::-1]) == captions[::-1]
    assert len(set(captions)) > 1, "different features must be able to give different captions"


def test_gradient_reaches_the_tokens_of_every_request_and_no_frozen_weight(decoder):
    requests = make_requests()
    for request in requests:
        request.tokens.requires_grad_(True)
    decoder.train().loss(requests, CAPTIONS).total.backward()
    assert all(request.tokens.grad.abs().sum() > 0 for request in requests)
    parameters = list(decoder.parameters())
    assert any(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in parameters)
    assert all(parameter.grad is None for parameter in parameters if not parameter.requires_grad)


def test_a_copy_is_grounded_in_its_own_weights(decoder):
    twin = copy.deepcopy(decoder)
    if decoder.grounding is None:
        assert twin.grounding is None
        return
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter.zero_()
    loss, other = (each.grounding.caption_loss(make_requests(), CAPTIONS, ctc=True).total for each in (decoder, twin))
    assert not torch.allclose(loss, other)
    other.backward()
    assert any(parameter.grad is not None for parameter in twin.parameters())
    assert all(parameter.grad is None for parameter in decoder.parameters())


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_optimizing_changes_no_trained_weight_and_only_the_dtype_of_frozen_ones(decoder, dtype):
    before = {name: parameter.detach().clone() for name, parameter in decoder.named_parameters()}
    decoder.optimize(compile=False, dtype=dtype)
    for name, parameter in decoder.named_parameters():
        if parameter.requires_grad or dtype is None:
            assert torch.equal(parameter, before[name]), name
        else:
            assert parameter.dtype == dtype, name
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype is not None):
        assert decoder.train().loss(make_requests(), CAPTIONS).total.isfinite()


def test_optimizing_compiles_what_the_loss_runs_through(decoder, monkeypatch):
    """Without compiling in earnest, which takes minutes."""
    compiled: list[Callable] = []
    monkeypatch.setattr(torch, "compile", lambda function, *args, **kwargs: compiled.append(function) or spy(function))
    calls: list[Callable] = []

    def spy(function):
        return lambda *args, **kwargs: calls.append(function) or function(*args, **kwargs)

    decoder.optimize(compile=True, dtype=None)
    decoder.train().loss(make_requests(), CAPTIONS)
    assert set(compiled) == set(calls)
    assert compiled or isinstance(decoder, EchoDecoder)


@pytest.mark.learning
def test_trained_saved_and_loaded_it_writes_the_same_captions(named, tmp_path):
    """Two steps of the trainer, which knows no more of a decoder than the protocol."""
    trainer = Trainer(named, Run(tmp_path / "run"))
    before = {name: parameter.detach().clone() for name, parameter in trainer.model.decoder.named_parameters()}
    assert trainer.train().step == 2
    after = dict(trainer.model.decoder.named_parameters())
    assert any(not torch.equal(after[name], value) for name, value in before.items())
    requests, model = make_requests(), trainer.model.eval()
    save_pretrained(model, named, tmp_path / "model")
    loaded, config = load_pretrained(tmp_path / "model")
    assert config.decoder == named.decoder
    assert loaded.decoder.generate(requests) == model.decoder.generate(requests)
    assert loaded.decoder.loss(requests, CAPTIONS).total == model.decoder.loss(requests, CAPTIONS).total
    description = Tracker.from_pretrained(tmp_path / "model", device="cpu").describe(moving_squares())
    assert description.model.decoder == named.decoder.name
    assert description.model.trained


def test_an_unknown_decoder_names_the_known_ones(config):
    with pytest.raises(ValueError, match=r"decoder\.name is 'parrot'; it takes lora-lm, vision-language, smoter"):
        build_decoder(replace(config.decoder, name="parrot"), DIM)


def test_only_tokens_in_order_of_time_have_segments(config):
    assert build_decoder(config.decoder, DIM).grounding.num_segments == (4, 1)
    assert build_decoder(config.decoder, DIM, ordered=False).grounding.num_segments == (0, 0)
