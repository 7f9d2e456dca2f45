"""True boxes with noise: like a detector's, the same for the same seed."""

import numpy as np
import pytest
from reproduction_cases import NAMES, write_data

from smot_vlm.association.people_sources import GivenDetections
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.evaluation.frame_boxes import box_iou
from smot_vlm.formats.mot_files import read_results
from smot_vlm.reproduction.noise import noisy_boxes, write_noisy_boxes
from smot_vlm.synthetic.sequence import make_sequence

pytestmark = pytest.mark.drawn


def test_boxes_are_near_the_truth_and_some_are_missed():
    sequence = make_sequence(600_000, "test")
    rows = noisy_boxes(as_read(sequence), seed=1)
    truth = sum(map(len, sequence.tracks))
    near = 0
    for frame in np.unique(rows.frames):
        true = [track.boxes[track.frames == frame] for track in sequence.tracks]
        near += int(
            (box_iou(np.concatenate(true), rows.boxes[rows.frames == frame]).max(axis=1, initial=0) > 0.6).sum()
        )
    assert 0.75 * truth < near < truth
    assert ((rows.scores >= 0.1) & (rows.scores < 1)).all()
    assert (rows.scores < 0.5).any()


def test_the_seed_and_the_name_decide():
    sequence = as_read(make_sequence(600_001, "test"))
    first, same, other = (noisy_boxes(sequence, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.boxes, same.boxes)
    assert len(first) != len(other) or not np.array_equal(first.boxes, other.boxes)


def test_files_are_read_as_detections(tmp_path):
    write_data(tmp_path / "data")
    write_noisy_boxes(BenSmot(tmp_path / "data", "test"), tmp_path / "noisy", 0)
    for name in NAMES:
        assert len(read_results(tmp_path / f"noisy/{name}.txt").rows) > 5, "ids number the boxes of a frame"
        GivenDetections(tmp_path / f"noisy/{name}.txt")
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "noisy").rglob("*.txt")}
    write_noisy_boxes(BenSmot(tmp_path / "data", "test"), tmp_path / "noisy", 5)
    assert written == {path: path.stat().st_mtime_ns for path in (tmp_path / "noisy").rglob("*.txt")}


def as_read(sequence):
    """A drawn sequence as a reader of data sets gives it."""
    from pathlib import Path

    from smot_vlm.data.bensmot import BenSmotSequence
    from smot_vlm.data.frames import FrameFile

    frames = tuple(FrameFile(index, Path(f"{index}.jpg")) for index in range(len(sequence)))
    size = (sequence.width, sequence.height)
    words = (sequence.keys, sequence.interactions, sequence.caption, sequence.fps)
    return BenSmotSequence(sequence.name, Path(), frames, size, sequence.tracks, *words)
