"""Spatio-temporal IoU against a naive loop, and one-to-one matching."""

import numpy as np
import pytest
from evaluation_cases import track
from hypothesis import given, settings
from hypothesis import strategies as st

from smot_vlm.evaluation.matching import match_one_to_one, spatio_temporal_iou
from smot_vlm.structures import Trajectory


def naive_iou(first: Trajectory, second: Trajectory) -> float:
    """Frame by frame, in plain words."""
    boxes = [dict(zip(one.frames.tolist(), one.boxes.tolist(), strict=True)) for one in (first, second)]
    shared = total = 0.0
    for frame in boxes[0].keys() | boxes[1].keys():
        areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (each.get(frame) for each in boxes) if b]
        overlap = 0.0
        if len(areas) == 2:
            a, b = boxes[0][frame], boxes[1][frame]
            overlap = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
        shared, total = shared + overlap, total + sum(areas) - overlap
    return shared / total if total else 0.0


def random_track(generator: np.random.Generator, track_id: int) -> Trajectory:
    frames = np.sort(generator.choice(12, generator.integers(1, 12), replace=False))
    corner = generator.uniform(0, 50, (len(frames), 2))
    boxes = np.concatenate([corner, corner + generator.uniform(5, 60, (len(frames), 2))], axis=1)
    return Trajectory(track_id, frames, boxes, np.ones(len(frames)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 4), st.integers(0, 4))
def test_iou_of_tracks_against_a_naive_loop(seed, true, predicted):
    generator = np.random.default_rng(seed)
    truth = [random_track(generator, index) for index in range(true)]
    others = [random_track(generator, index) for index in range(predicted)]
    expected = np.array([[naive_iou(a, b) for b in others] for a in truth]).reshape(true, predicted)
    np.testing.assert_allclose(spatio_temporal_iou(truth, others), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("frames", "shift", "iou"),
    [
        (range(20), 0, 1.0),
        (range(10), 0, 0.5),  # half of the time
        (range(30), 0, 2 / 3),  # half as long again
        (range(20, 40), 0, 0.0),  # later
        (range(20), 20, 1 / 3),  # half a width to the side
    ],
)
def test_iou_of_simple_tracks(frames, shift, iou):
    assert spatio_temporal_iou([track(1, 100)], [track(1, 100 + shift, frames=frames)])[0, 0] == pytest.approx(iou)


def test_the_threshold_is_included():
    assert match_one_to_one([track(1, 100)], [track(7, 100, frames=range(10))]) == {7: 1}
    assert match_one_to_one([track(1, 100)], [track(7, 100, frames=range(9))]) == {}


def test_each_track_is_matched_once_and_the_best_pairs_win():
    truth = [track(1, 100), track(2, 110)]
    predicted = [track(5, 108), track(6, 101), track(7, 109)]
    assert match_one_to_one(truth, predicted) == {6: 1, 7: 2}


def test_a_pair_below_the_threshold_blocks_none_above():
    """IoU of 5 with 1 is 0.82 and with 2 0.57, of 6 with 1 0.67: both are matched while 0.57 is enough, else the best one."""
    truth = [track(1, 100), track(2, 115)]
    predicted = [track(5, 104), track(6, 92)]
    np.testing.assert_allclose(spatio_temporal_iou(truth, predicted), [[36 / 44, 32 / 48], [29 / 51, 17 / 63]])
    assert match_one_to_one(truth, predicted) == {5: 2, 6: 1}
    assert match_one_to_one(truth, predicted, threshold=0.6) == {5: 1}


@pytest.mark.parametrize(("truth", "predicted"), [([], [track(1, 0)]), ([track(1, 0)], []), ([], [])])
def test_nothing_to_match(truth, predicted):
    assert match_one_to_one(truth, predicted) == {}
