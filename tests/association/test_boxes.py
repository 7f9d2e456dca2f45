"""Conversions there and back, pairs against a naive loop, and refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smot_vlm.association.boxes import (
    checked_boxes,
    corners_to_xyah,
    corners_to_xysr,
    overlapping_pairs,
    to_inclusive,
    xyah_to_corners,
    xysr_to_corners,
)
from smot_vlm.structures import Detections


def random_corners(seed: int, count: int, spread: float = 200) -> np.ndarray:
    random = np.random.default_rng(seed)
    start = random.uniform(-20, spread, (2, count))
    return np.concatenate([start, start + random.uniform(1, 80, (2, count))])


def naive_iou(first, second, extra: float = 0) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0]) + extra
    height = min(first[3], second[3]) - max(first[1], second[1]) + extra
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0] + extra) * (box[3] - box[1] + extra) for box in (first, second)]
    return width * height / (sum(areas) - width * height)


def test_one_box_in_each_form():
    corners = np.array([[10.0], [20], [30], [60]])
    assert corners_to_xyah(corners)[:, 0].tolist() == [20, 40, 0.5, 40]
    assert corners_to_xysr(corners)[:, 0].tolist() == [20, 40, 800, 0.5]
    assert to_inclusive(corners)[:, 0].tolist() == [10, 20, 31, 61]


@given(seed=st.integers(0, 10_000), count=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_there_and_back(seed, count):
    corners = random_corners(seed, count)
    np.testing.assert_allclose(xyah_to_corners(corners_to_xyah(corners)), corners, atol=1e-9)
    np.testing.assert_allclose(xysr_to_corners(corners_to_xysr(corners)), corners, atol=1e-9)


@given(
    seed=st.integers(0, 10_000),
    counts=st.tuples(st.integers(0, 8), st.integers(0, 8)),
    least=st.sampled_from([0.0, 0.3, 0.8]),
)
@settings(max_examples=80, deadline=None)
def test_every_pair_above_the_least_iou_is_found(seed, counts, least):
    first, second = random_corners(seed, counts[0], 60), random_corners(seed + 1, counts[1], 60)
    if counts[0] and counts[1]:
        second[:, 0] = first[:, 0] + 1  # one pair that surely overlaps much
    rows, columns, iou = overlapping_pairs(first, second, least)
    found = {}
    for row, column, value in zip(rows, columns, iou, strict=True):
        naive = naive_iou(first[:, row], second[:, column])
        assert max(value, 0) == pytest.approx(naive)
        found[row, column] = value
    for row in range(counts[0]):
        for column in range(counts[1]):
            if naive_iou(first[:, row], second[:, column]) > least:
                assert (row, column) in found
    assert list(found) == sorted(found)


def test_inclusive_boxes_count_pixels_inclusively():
    first, second = random_corners(1, 5, 50), random_corners(2, 5, 50)
    for row, column, value in zip(*overlapping_pairs(to_inclusive(first), to_inclusive(second)), strict=True):
        assert max(value, 0) == pytest.approx(naive_iou(first[:, row], second[:, column], extra=1))


@pytest.mark.parametrize(
    ("box", "score", "message"),
    [
        ([0, 0, np.nan, 10], 0.9, r"detection 1 has box \[0.0, 0.0, nan, 10.0\] and score 0.9; give finite numbers"),
        ([0, 0, np.inf, 10], 0.9, "give finite numbers"),
        ([-np.inf, 0, 5, 10], 0.9, "give finite numbers"),
        ([0, 0, 5, 10], np.nan, "score nan; give finite numbers"),
        ([0, 0, 5, 10], np.inf, "score inf; give finite numbers"),
        ([np.inf, 0, np.inf, 10], 0.0, "give finite numbers"),
        ([8, 0, 5, 10], 0.9, r"detection 1 .* give xyxy corners with x1 <= x2 and y1 <= y2"),
        ([0, 20, 5, 10], 0.9, "give xyxy corners"),
    ],
)
def test_a_broken_box_is_named(box, score, message):
    with pytest.raises(ValueError, match=message) as error:
        checked_boxes(Detections(np.array([[0, 0, 5, 5], box]), np.array([0.5, score])))
    assert "\n" not in str(error.value)


def test_a_box_without_area_scores_below_every_limit():
    boxes = np.array([[0, 0, 5, 5], [3, 3, 3, 9], [3, 3, 9, 3.0]])
    corners, scores = checked_boxes(Detections(boxes, np.full(3, 0.9)))
    assert scores.tolist() == [np.float32(0.9), -1, -1]
    assert (corners[2:] > corners[:2]).all()
    assert boxes[1].tolist() == [3, 3, 3, 9]
