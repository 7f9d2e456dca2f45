"""What is remembered of pixels: where pieces are cut, how much is kept, which pairs and when."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smot_vlm.fusion.pictures import PictureMemory, cut
from smot_vlm.structures import Detections, Frame

WIDTH, HEIGHT = 80, 60


def ramp(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Each pixel says where it is: red is x, green is y."""
    image = np.zeros((height, width, 3), dtype=np.uint8)
    image[..., 0], image[..., 1] = np.arange(width), np.arange(height)[:, None]
    return image


def people(boxes: list[list[float]], ids: list[int] | None = None) -> Detections:
    return Detections(np.array(boxes), np.ones(len(boxes)), np.array(ids or range(1, len(boxes) + 1)))


def frame(index: int = 0) -> Frame:
    image = ramp()
    image[..., 2] = index
    return Frame(index, index / 2, image)


def test_a_piece_has_a_margin_and_the_boxes_inside_move_with_it():
    shot = cut(ramp(), people([[20, 10, 40, 50], [70, 50, 79, 59]], [7, 9]), np.array([20, 10, 40, 50]), 100)
    assert shot.image.shape == (60, 30, 3), "a quarter of 20 and of 40 on each side"
    assert shot.image[0, 0].tolist() == [15, 0, 0]
    assert shot.ids.tolist() == [7], "the other one is elsewhere"
    assert shot.box(7).tolist() == [5, 10, 25, 50]


def test_a_large_piece_is_made_smaller_and_its_boxes_too():
    shot = cut(ramp(), people([[0, 0, 80, 60]]), np.array([0, 0, 80, 60]), 40, margin=0.0)
    assert shot.image.shape == (30, 40, 3)
    assert shot.boxes.tolist() == [[0, 0, 40, 30]]
    assert shot.image[10, 20, 0] == pytest.approx(40.5, abs=1), "the mean of the pixels that became one"


def test_a_small_piece_is_not_made_larger():
    assert cut(ramp(), people([[8, 8, 16, 16]]), np.array([8, 8, 16, 16]), 500).image.shape == (12, 12, 3)


@pytest.mark.parametrize("box", [[-30, 0, -5, 20], [90, 10, 99, 20], [10, 10, 12, 40], [np.nan, 0, 10, 10]])
def test_a_piece_outside_or_too_thin_is_none(box):
    assert cut(ramp(), people([box]), np.array(box, dtype=float), 50) is None


@settings(deadline=None, max_examples=60)
@given(
    x=st.floats(-30, 70),
    y=st.floats(-30, 50),
    width=st.floats(6, 90),
    height=st.floats(6, 90),
    side=st.integers(8, 120),
)
def test_whatever_the_box_the_pixels_under_it_stay_under_it(x, y, width, height, side):
    box = np.array([x, y, x + width, y + height])
    shot = cut(ramp(), people([box.tolist()]), box, side)
    if shot is None:
        return
    assert max(shot.image.shape[:2]) <= side
    shown = np.clip(box, 0, [WIDTH, HEIGHT] * 2)
    middle = (shown[:2] + shown[2:]) / 2
    # Where the middle of the visible part went, seen from the box.
    there = shot.box(1)[:2] + (middle - box[:2]) / (box[2:] - box[:2]) * (shot.box(1)[2:] - shot.box(1)[:2])
    column, row = np.clip(there.astype(int), 0, np.array(shot.image.shape[1::-1]) - 1)
    # A pixel of the copy stands for so many of the frame.
    coarse = max((box[2] - box[0]) * 1.5 / shot.image.shape[1], (box[3] - box[1]) * 1.5 / shot.image.shape[0], 1)
    assert abs(shot.image[row, column, :2].astype(float) - middle).max() <= 2 * coarse


def test_a_copy_is_kept_and_not_the_frame():
    source = frame()
    memory = PictureMemory(pairs=1)
    memory.observe(source, people([[0, 0, 20, 40], [30, 0, 50, 40]]), keyframe=True)
    source.image[:] = 255
    kept = [*memory.scene.items, *memory.person(1), *memory.pair(1, 2)]
    assert len(kept) == 3
    assert all(shot.image[..., 2].max() == 0 for shot in kept)


def test_pictures_are_spread_over_a_life_and_bounded():
    memory = PictureMemory(scene_frames=4, track_crops=3)
    for index in range(100):
        memory.observe(frame(index), people([[10, 10, 30, 50]]), keyframe=True)
    assert len(memory.scene.items) <= 4
    shown = [int(shot.image[0, 0, 2]) for shot in memory.person(1)]
    assert len(shown) <= 3
    assert shown[0] == 0
    assert shown[-1] == 99
    assert 30 < shown[1] < 70


def test_a_first_look_between_regular_ones_keeps_the_person_alone():
    memory = PictureMemory(pairs=4)
    memory.observe(frame(), people([[10, 10, 30, 50], [30, 10, 50, 50]]), keyframe=False)
    assert memory.scene.items == []
    assert len(memory.person(1)) == 1
    assert memory.pairs.closest_crop(1, 2) is None


def test_nobody_and_nothing():
    memory = PictureMemory(pairs=4)
    memory.observe(frame(), Detections(np.zeros((0, 4)), np.zeros(0), np.zeros(0)), keyframe=True)
    assert len(memory.scene.items) == 1
    assert memory.person(1) == []
    assert memory.pair(1, 2) == []


def test_the_closest_crop_of_a_pair_is_kept():
    memory = PictureMemory(pairs=4)
    for index, gap in enumerate([30, 10, 20]):
        memory.observe(frame(index), people([[0, 10, 10, 50], [gap, 10, gap + 10, 50]]), keyframe=True)
    (crop,) = memory.pair(2, 1)
    assert crop.image[0, 0, 2] == 1
    assert sorted(crop.ids.tolist()) == [1, 2]
    assert memory.pair(1, 2)[0] is crop, "a crop has no direction"


def test_of_many_pairs_those_that_come_closest_are_kept():
    memory = PictureMemory(pairs=2)
    memory.observe(frame(0), people([[0, 10, 10, 50], [20, 10, 30, 50], [70, 10, 80, 50]]), keyframe=True)
    kept = {pair for pair in [(1, 2), (1, 3), (2, 3)] if memory.pairs.closest_crop(*pair) is not None}
    assert kept == {(1, 2), (2, 3)}
    memory.observe(frame(1), people([[0, 10, 10, 50], [5, 10, 15, 50]], [1, 3]), keyframe=True)
    kept = {pair for pair in [(1, 2), (1, 3), (2, 3)] if memory.pairs.closest_crop(*pair) is not None}
    assert kept == {(1, 2), (1, 3)}


def test_a_pair_that_was_not_kept_is_shown_one_by_one():
    memory = PictureMemory(pairs=0)
    memory.observe(frame(), people([[0, 10, 10, 50], [20, 10, 30, 50]]), keyframe=True)
    first, second = memory.pair(1, 2)
    assert first is memory.person(1)[-1]
    assert second is memory.person(2)[-1]
    assert memory.pair(1, 99) == []
