"""A small world, a small model and small settings, so that a training takes seconds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import yaml
from tiny import tiny_config

from smot_vlm.config import Config, TrainingConfig, config_to_dict
from smot_vlm.detection.letterbox import Letterbox
from smot_vlm.models.build import build_associator, build_model
from smot_vlm.structures import EventSegment, Interaction, Trajectory
from smot_vlm.training.examples import Example
from smot_vlm.training.objective import Objective
from smot_vlm.training.terms import Phase, term_weights

EVERYTHING = Phase(features=True, ctc=True, captions=True)
EVEN = term_weights({})


def small_training(language_model: Path, **changes: object) -> Config:
    """Everything is trained from step 2 on; no workers, no tracker, no validation."""
    settings = TrainingConfig(
        synthetic_sequences=4,
        synthetic_width=160,
        steps=6,
        detector_only_steps=1,
        ctc_start_step=2,
        caption_start_step=2,
        batch_clips=1,
        workers=0,
        most_frames=6,
        feature_frames=3,
        detector_frames=(2, 3),
        true_tracks=(1.0, 0.5),
        warmup_steps=2,
        logger="none",
        log_every=1,
        checkpoint_every=2,
        validation_videos=0,
        calibration_videos=0,
        domain_sequences=0,
        precision="float32",
    )
    config = tiny_config(language_model)
    return replace(
        config,
        detector=replace(config.detector, image_size=64),
        training=replace(settings, **changes),  # type: ignore[arg-type]
    )


def write_config(config: Config, path: Path) -> Path:
    path.write_text(yaml.safe_dump(_plain(config_to_dict(config))), encoding="utf-8")
    return path


def walker(id: int, frames: list[int], left: float = 4.0, caption: str = "a man walks") -> Trajectory:
    """A person who goes 4 pixels to the right in each frame."""
    boxes = [[left + 4 * frame, 8, left + 4 * frame + 12, 40] for frame in frames]
    return Trajectory(id, frames, boxes, np.ones(len(frames)), caption)


def example(people: int = 2, verbs: bool = True, associate: bool = False, seed: int = 0) -> Example:
    """Three frames of noise, 64 x 48, with people in a row."""
    rng = np.random.default_rng(seed)
    tracks = tuple(walker(index + 1, [0, 1, 2], 4.0 + 24 * index, f"a man number {index}") for index in range(people))
    return Example(
        name="noise",
        fps=2.0,
        canvases=rng.integers(0, 255, (3, 64, 64, 3), dtype=np.uint8),
        placement=Letterbox((1.0, 1.0), (0.0, 0.0), 64, 48),
        frames=np.arange(3),
        times=np.arange(3, dtype=np.float32) / 2,
        tracks=tracks,
        interactions=(Interaction(1, "talk.v.01", 2),) if verbs and people > 1 else (),
        caption="people walk",
        features=np.arange(3),
        detector=np.array([0, 2]),
        associate=associate,
        teach_video=True,
        events=tuple(EventSegment(track.id, 0.0, 1.0, track.caption, "waves") for track in tracks),
        seed=7,
    )


def make_objective(config: Config, weights: dict[str, float] = EVEN, detach: bool = False) -> Objective:
    torch.manual_seed(0)
    return Objective(
        build_model(config),
        lambda fps: build_associator("byte", config.association, fps),
        weights=weights,
        detach=detach,
    ).train()


def _plain(content: object) -> object:
    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    return [_plain(value) for value in content] if isinstance(content, tuple | list) else content
