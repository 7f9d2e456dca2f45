"""Extending: a new part is one class and one line in a table. Toy parts hold the contracts and run in a whole model."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from associator_contract import AssociatorContract, Make
from fusion_contract import CELLS, DIM, FEEDFORWARD, HEADS, TrajectoryFusionContract, VideoFusionContract
from tiny import mot_text, moving_squares
from torch import Tensor, nn

from smot_vlm.association.assignment import UNMATCHED, assign
from smot_vlm.association.associators import ASSOCIATORS
from smot_vlm.association.boxes import checked_boxes, overlapping_pairs
from smot_vlm.association.settings import AssociationSettings, ticks
from smot_vlm.config import Config
from smot_vlm.fusion.memory import VideoState
from smot_vlm.fusion.trajectory import TRAJECTORY_FUSIONS, TrajectoryFusion
from smot_vlm.fusion.video import VIDEO_FUSIONS, VideoFusion
from smot_vlm.models.build import build_model
from smot_vlm.structures import Detections
from smot_vlm.tracker import Tracker


class ToyAssociator:
    """Links each box to the track whose last box it overlaps most."""

    def __init__(self, settings: AssociationSettings) -> None:
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        self._next_id, self._now = 1, 0
        self._ids, self._seen, self._corners = np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros((4, 0))

    def update(self, detections: Detections, image: np.ndarray | None = None, elapsed: float = 1.0) -> Detections:
        corners, scores = checked_boxes(detections)
        self._now += ticks(elapsed)
        kept = self._now - self._seen <= self._settings.buffer_ticks
        self._ids, self._seen, self._corners = self._ids[kept], self._seen[kept], self._corners[:, kept]
        used = np.flatnonzero(self._settings.is_high(scores))
        tracks, boxes, iou = overlapping_pairs(self._corners, corners[:, used])
        near = np.flatnonzero(iou > 0)
        chosen = near[assign(tracks[near], boxes[near], iou[near])]
        track_of = UNMATCHED.repeat(len(used))
        track_of[boxes[chosen]] = tracks[chosen]
        new = np.flatnonzero(track_of == UNMATCHED)
        track_of[new] = len(self._ids) + np.arange(len(new))
        self._ids = np.concatenate((self._ids, self._next_id + np.arange(len(new))))
        self._next_id += len(new)
        self._seen = np.concatenate((self._seen, np.zeros(len(new), dtype=int)))
        self._corners = np.concatenate((self._corners, np.zeros((4, len(new)))), axis=1)
        self._seen[track_of], self._corners[:, track_of] = self._now, corners[:, used]
        return Detections(detections.boxes[used], detections.scores[used], self._ids[track_of], used)


class ToyVideoFusion(VideoFusion):
    """F_i = (F_{i-1} + f_i) / 2."""

    def __init__(self, dim: int, heads: int, feedforward: int) -> None:
        super().__init__()

    def step(self, state: VideoState | None, frame: Tensor) -> VideoState:
        return (
            VideoState((frame,), 1) if state is None else VideoState(((state.frames[0] + frame) / 2,), state.seen + 1)
        )

    def result(self, state: VideoState) -> Tensor:
        return state.frames[0]


class ToyTrajectoryFusion(TrajectoryFusion):
    """A linear layer over the sum of all frames, cell by cell."""

    def __init__(self, dim: int, heads: int, feedforward: int, cells: int, position_codes: bool) -> None:
        super().__init__(dim, cells, position_codes)
        self.linear = nn.Linear(dim, dim)

    def combine(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        fused = self.linear(tokens.masked_fill(~mask[:, :, None, None], 0.0).sum(dim=1))
        return fused, mask.any(dim=1)[:, None].expand(fused.shape[:2])


class TestToyAssociator(AssociatorContract):
    @pytest.fixture
    def make(self, monkeypatch) -> Make:
        monkeypatch.setitem(ASSOCIATORS, "toy", ToyAssociator)
        return lambda: ASSOCIATORS["toy"](AssociationSettings())


class TestToyVideoFusion(VideoFusionContract):
    @pytest.fixture(scope="class")
    def make(self) -> Callable[[], VideoFusion]:
        return lambda: ToyVideoFusion(DIM, HEADS, FEEDFORWARD).eval()


class TestToyTrajectoryFusion(TrajectoryFusionContract):
    @pytest.fixture(scope="class")
    def make(self) -> Callable[..., TrajectoryFusion]:
        def make(position_codes: bool = True) -> TrajectoryFusion:
            torch.manual_seed(0)
            return ToyTrajectoryFusion(DIM, HEADS, FEEDFORWARD, CELLS, position_codes).eval()

        return make


@pytest.fixture
def toy_config(tiny_tracker_config: Config, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The tiny configuration with toy parts, each entered by one line."""
    monkeypatch.setitem(ASSOCIATORS, "toy", ToyAssociator)
    monkeypatch.setitem(VIDEO_FUSIONS, "toy", ToyVideoFusion)
    monkeypatch.setitem(TRAJECTORY_FUSIONS, "toy", ToyTrajectoryFusion)
    return replace(
        tiny_tracker_config,
        association=replace(tiny_tracker_config.association, name="toy"),
        fusion=replace(tiny_tracker_config.fusion, video="toy", trajectory="toy"),
    )


def test_toy_parts_describe_a_video(toy_config: Config, tmp_path: Path):
    (tmp_path / "mot.txt").write_text(mot_text())
    tracker = Tracker(build_model(toy_config), toy_config)
    assert isinstance(tracker.model.video_fusion, ToyVideoFusion)
    assert isinstance(tracker.model.trajectory_fusion, ToyTrajectoryFusion)
    description = tracker.describe(moving_squares(), detections=tmp_path / "mot.txt")
    assert description.model.associator == "toy"
    assert [(track.id, len(track)) for track in description.tracks] == [(1, 24), (2, 24)]
    assert all(isinstance(track.caption, str) for track in description.tracks)


def test_an_unknown_part_is_an_error_that_names_the_toy_too(toy_config: Config):
    with pytest.raises(ValueError, match=r"associator is 'none'; it takes byte, .*toy"):
        Tracker(build_model(toy_config), toy_config, associator="none")
    for part in ("video", "trajectory"):
        config = replace(toy_config, fusion=replace(toy_config.fusion, **{part: "none"}))
        with pytest.raises(ValueError, match=rf"fusion\.{part} is 'none'; it takes attention, .*toy"):
            build_model(config)


# A decoder: a toy entered in DECODERS is trained, saved and loaded in tests/semantics/test_decoder_contract.py.

# A loss: room for a toy term entered in the table of losses, and a training step with it.
