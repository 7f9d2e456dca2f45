"""Eight clips, learned by heart: every fact is told, and each is told from the features, not from memory.

Slow: some minutes each on a CPU. `pytest -m slow tests/test_overfit.py`
"""

import dataclasses
from functools import partialmethod

import numpy as np
import pytest
import torch
from seeds import learning

from smot_vlm.config import (
    Config,
    DecoderConfig,
    DetectorConfig,
    FeaturesConfig,
    InteractionConfig,
    LoraLMConfig,
    SmoterConfig,
)
from smot_vlm.detection.detector import DetectorOutput
from smot_vlm.evaluation.fact_scores import score_caption
from smot_vlm.fusion.running_norm import running_norms
from smot_vlm.models.build import build_model
from smot_vlm.models.clips import ClipBatch, ClipInput
from smot_vlm.models.smot import SmotModel
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.smoter_decoder import SmoterDecoder
from smot_vlm.structures import Trajectory
from smot_vlm.synthetic import make_sequence, read_facts

pytestmark = pytest.mark.drawn

CLIPS, KEYFRAMES = 8, 8
FIRST_SEED = 820_000
MOST_STEPS, STEPS_BETWEEN_CHECKS = 400, 20
# Momentum 0.1, from a variance of 1 to one of a millionth.
SETTLING_PASSES = 150

CASES = {
    "lora-lm": (DecoderConfig("lora-lm", max_new_tokens=70, lora_lm=LoraLMConfig(soft_tokens=8)), 1e-3),
    "smoter": (DecoderConfig("smoter", max_new_tokens=70, smoter=SmoterConfig(label_smoothing=0.0)), 3e-4),
}


@pytest.fixture(scope="module")
def clips():
    return [make_sequence(FIRST_SEED + index, people=(2, 2), width=320, aspect=4 / 3) for index in range(CLIPS)]


def make_model(decoder: DecoderConfig, seed: int) -> SmotModel:
    torch.manual_seed(seed)
    config = Config(
        detector=DetectorConfig(image_size=256),
        features=FeaturesConfig(track_frames=KEYFRAMES),
        decoder=decoder,
        interaction=InteractionConfig(verb_encoder=None),
    )
    return build_model(config)


@dataclasses.dataclass(frozen=True, eq=False)
class Seen:
    """A clip at a few times, what the (random, frozen) detector makes of it, and its first person at those times."""

    images: torch.Tensor
    pyramid: list[torch.Tensor]
    clip: ClipInput


class Recorded(torch.nn.Module):
    """In place of a frozen detector: its outputs, computed once."""

    def __init__(self, pyramid: list[torch.Tensor]) -> None:
        super().__init__()
        self.pyramid = pyramid

    def forward(self, images: torch.Tensor) -> DetectorOutput:
        return DetectorOutput(None, self.pyramid)


def look_at(model: SmotModel, clips) -> list[Seen]:
    """Every clip at KEYFRAMES times, spread evenly over its first person's life."""
    canvases, watched = [], []
    for clip in clips:
        track = clip.tracks[0]
        rows = np.unique(np.linspace(0, len(track) - 1, KEYFRAMES).round().astype(int))
        frames = track.frames[rows]
        prepared = [model.detector.preprocess(clip.frame(int(frame))) for frame in frames]
        canvases.append(torch.stack([canvas for canvas, _ in prepared]))
        person = Trajectory(track.id, np.arange(len(rows)), track.boxes[rows], track.scores[rows], track.caption)
        watched.append(ClipInput(prepared[0][1], frames / clip.fps, [person], with_scene=False))
    with torch.no_grad():
        model.detector.train()  # gives the batch norms statistics of these pictures
        for _ in range(5):
            for canvas in canvases:
                model.detector(canvas)
        model.detector.eval()
        pyramids = [model.detector(canvas).pyramid for canvas in canvases]
    return [Seen(*parts) for parts in zip(canvases, pyramids, watched, strict=True)]


def requests_of(model: SmotModel, seen: list[Seen]) -> list[CaptionRequest]:
    """One request a clip, for its first person; all clips in one batch, as in training."""
    pyramid = [torch.cat(levels) for levels in zip(*(one.pyramid for one in seen), strict=True)]
    batch = ClipBatch(torch.cat([one.images for one in seen]), [one.clip for one in seen])
    detector, model.detector = model.detector, Recorded(pyramid)  # type: ignore[assignment]
    try:
        return model.people_requests(model(batch))
    finally:
        model.detector = detector


def fact_recall(captions: list[str], clips) -> float:
    return float(
        np.mean(
            [
                score_caption(clip.facts.tracks[0], caption, read_facts).recall
                for clip, caption in zip(clips, captions, strict=True)
            ]
        )
    )


@torch.no_grad()
def settle(model: SmotModel, seen: list[Seen]) -> None:
    """Norms with running statistics start far from what the features are; without this, evaluation lags behind training."""
    model.train()
    model.detector.eval()
    for _ in range(SETTLING_PASSES):
        requests_of(model, seen)
        for norm in running_norms(model):
            norm.update()


def learn_by_heart(model: SmotModel, seen: list[Seen], clips, rate: float) -> int:
    """Train until every fact is told; gives the number of steps that it took."""
    model.detector.requires_grad_(False)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=rate, weight_decay=0.0)
    captions = [clip.tracks[0].caption for clip in clips]
    settle(model, seen)
    for step in range(1, MOST_STEPS + 1):
        model.train()
        model.detector.eval()
        loss = model.decoder.loss(requests_of(model, seen), captions)
        optimizer.zero_grad()
        (loss.total / loss.tokens).backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        for norm in running_norms(model):
            norm.update()
        if step % STEPS_BETWEEN_CHECKS == 0:
            recall = fact_recall(tell(model, seen), clips)
            print(f"step {step}: loss {loss.total.item() / loss.tokens:.3f}, fact recall {recall:.2f}")
            if recall == 1.0:
                return step
    return MOST_STEPS


def tell(model: SmotModel, seen: list[Seen]) -> list[str]:
    model.eval()
    with torch.no_grad():
        return model.decoder.generate(requests_of(model, seen))


@pytest.mark.slow
@learning()
@pytest.mark.parametrize("name", CASES)
def test_eight_clips_are_told_without_a_missing_fact_and_from_what_is_seen(clips, name, seed, monkeypatch):
    monkeypatch.setattr(SmoterDecoder, "__init__", partialmethod(SmoterDecoder.__init__, dropout=0.0))
    decoder, rate = CASES[name]
    model = make_model(decoder, seed)
    seen = look_at(model, clips)
    steps = learn_by_heart(model, seen, clips, rate)
    print(f"{name}: every fact after {steps} steps")
    assert fact_recall(tell(model, seen), clips) == 1.0
    # The control: with the features of the next clip, its facts are told, and no more of one's own than chance has.
    shifted = tell(model, seen[1:] + seen[:1])
    assert fact_recall(shifted, clips[1:] + clips[:1]) == 1.0
    chance = np.mean(
        [
            score_caption(a.facts.tracks[0], b.tracks[0].caption, read_facts).recall
            for a, b in zip(clips, clips[1:] + clips[:1], strict=True)
        ]
    )
    assert fact_recall(shifted, clips) == pytest.approx(chance, abs=0.05)
