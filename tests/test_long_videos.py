"""Long videos: told stretch by stretch, in memory that does not grow but with boxes; nobody is followed across a cut."""

import dataclasses
import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import mot_text, moving_squares, tiny_config

from smot_vlm.config import LongVideoConfig
from smot_vlm.formats.schema import validate_description
from smot_vlm.fusion.memory import Observation, SceneMemory
from smot_vlm.models.build import build_model
from smot_vlm.structures import Detections
from smot_vlm.tracker import Tracker


@pytest.fixture(scope="module")
def model(tiny_language_model: Path):
    torch.manual_seed(0)
    config = tiny_config(tiny_language_model)
    return build_model(config), config


def long_tracker(model, **settings) -> Tracker:
    built, config = model
    return Tracker(built, dataclasses.replace(config, long_video=LongVideoConfig(**settings)))


def two_shots(frames: int = 12) -> np.ndarray:
    """Two pictures of noise, each shown for so many frames, that have nothing in common."""
    rng = np.random.default_rng(7)
    first = np.kron(rng.integers(0, 120, (8, 12, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    second = np.kron(rng.integers(100, 256, (8, 12, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    return np.stack([first] * frames + [second] * frames)


class Standing:
    """A detector of two people who never move."""

    def detect(self, image: np.ndarray) -> Detections:
        return Detections([[4, 4, 24, 44], [50, 10, 70, 60]], [0.9, 0.9])


def test_a_video_of_one_stretch_is_described_as_without_stretches(model, tmp_path):
    (tmp_path / "mot.txt").write_text(mot_text())
    short = long_tracker(model, passage_seconds=60.0).describe(moving_squares(), trajectories=tmp_path / "mot.txt")
    assert short.passages == ()
    assert [track.passages for track in short.tracks] == [(), ()]


def test_who_stays_is_one_track_with_a_passage_a_stretch(model, tmp_path):
    """24 frames at 25 a second in stretches of 0.4 s: frames 0 to 9, 10 to 19 and 20 to 23."""
    (tmp_path / "mot.txt").write_text(mot_text())
    description = long_tracker(model, passage_seconds=0.4).describe(moving_squares(), trajectories=tmp_path / "mot.txt")
    assert [track.id for track in description.tracks] == [1, 2]
    for track in description.tracks:
        assert track.frames.tolist() == list(range(24))
        assert track.boxes[23].tolist() == [25, 4 + (track.id - 1) * 28, 37, 16 + (track.id - 1) * 28]
        told = [(passage.from_seconds, passage.to_seconds) for passage in track.passages]
        assert set(told) <= {(0.0, 0.4), (0.4, 0.8), (0.8, 0.96)}
        assert all(passage.text for passage in track.passages)
    assert description.video.frames == 24
    assert validate_description(description.to_dict()) == []


def test_a_stream_refreshes_words_of_the_stretch_in_progress_and_ends_like_the_whole(model, tmp_path):
    (tmp_path / "mot.txt").write_text(mot_text())
    tracker = long_tracker(model, passage_seconds=0.4)
    updates = list(tracker.stream(moving_squares(), trajectories=tmp_path / "mot.txt", refresh_seconds=0.3))
    lengths = [len(update.description.tracks[0]) for update in updates if update.refreshed]
    assert lengths == sorted(set(lengths))
    assert lengths[-1] == 24
    whole = tracker.describe(moving_squares(), trajectories=tmp_path / "mot.txt")
    assert updates[-1].description.to_dict() == whole.to_dict()


@pytest.mark.parametrize("cuts", [True, False])
def test_no_id_goes_on_beyond_a_cut(model, cuts):
    tracker = long_tracker(model, cuts=cuts)
    boxes = {frame: Standing().detect(np.zeros(0)) for frame in range(24)}
    description = tracker.describe(two_shots(), detections=boxes)
    assert description.video.cuts == ((0.48,) if cuts else ())
    crossing = [track.id for track in description.tracks if track.frames[0] < 12 <= track.frames[-1]]
    assert crossing == ([] if cuts else [1, 2])
    assert {track.id for track in description.tracks} == ({1, 2, 3, 4} if cuts else {1, 2})


def test_a_stream_ends_tracks_at_cuts_too(model):
    updates = list(long_tracker(model).stream(two_shots(), refresh_seconds=9.0))
    assert updates[-1].description.video.cuts == (0.48,)


def test_ids_that_were_given_are_kept_across_a_cut(model, tmp_path):
    (tmp_path / "mot.txt").write_text(mot_text())
    description = long_tracker(model).describe(two_shots(), trajectories=tmp_path / "mot.txt")
    assert description.video.cuts == (0.48,)
    assert [len(track) for track in description.tracks] == [24, 24]


@pytest.fixture
def held(monkeypatch) -> weakref.WeakSet:
    """The observations of people that are alive."""
    alive = weakref.WeakSet()
    add = SceneMemory.add

    def noting(memory: SceneMemory, track_id: int, observation: Observation) -> None:
        alive.add(observation)
        add(memory, track_id, observation)

    monkeypatch.setattr(SceneMemory, "add", noting)
    return alive


def most_held(tracker: Tracker, held: weakref.WeakSet, folder: Path, repeats: int) -> int:
    """The most observations that are alive after a frame; there are new people every 24 frames."""
    rows = [[int(cell) for cell in row.split(",")] for row in mot_text().splitlines()]
    moved = [[row[0] + 24 * turn, row[1] + 2 * turn, *row[2:]] for turn in range(repeats) for row in rows]
    (folder / "mot.txt").write_text("".join(",".join(map(str, row)) + "\n" for row in moved))
    counts = []
    gc.collect()  # what a session before held
    tracker.describe(
        np.concatenate([moving_squares()] * repeats),
        trajectories=folder / "mot.txt",
        on_frame=lambda frame, video: counts.append(len(held)),
    )
    return max(counts)


def test_what_is_kept_for_words_does_not_grow_with_the_video(model, held, tmp_path):
    told = long_tracker(model, passage_seconds=0.96, cuts=False)
    short, long = (most_held(told, held, tmp_path, repeats) for repeats in (2, 5))
    assert 0 < long <= short
    # Told at once, everybody is remembered to the end.
    assert most_held(long_tracker(model, passage_seconds=1000.0, cuts=False), held, tmp_path, 5) >= 2 * short
