import io

import numpy as np
import pytest
from PIL import Image

from smot_vlm.output.crops import MOST_CROPS, CropPicker, crop_quality, cut_crop, encode_jpeg, shrink
from smot_vlm.structures import Frame, Trajectory


def open_jpeg(data):
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize(
    ("box", "score", "quality"),
    [
        ((10, 10, 30, 50), 0.5, 0.5 * 800),
        ((10, 10, 30, 50), 1.0, 800),
        ((-20, 10, 20, 50), 1.0, 800 * 0.5),  # half outside counts by what is inside, times the share inside
        ((-20, 10, 0, 50), 1.0, 0),
        ((30, 10, 10, 50), 1.0, 0),
        ((np.nan, 10, 10, 50), 1.0, 400),
    ],
)
def test_quality(box, score, quality):
    track = Trajectory(1, [0], [box], [score])
    assert crop_quality(track, 160, 120)[0] == pytest.approx(quality)


def test_the_best_frame_wins_wherever_it_comes(make_description, make_frames):
    for best in range(5):
        boxes = [(10, 10, 30, 50 + 40 * (index == best)) for index in range(5)]
        picker = CropPicker(make_description([Trajectory(1, range(5), boxes, [0.9] * 5)]))
        for frame in make_frames(5):
            picker.add(frame)
        assert open_jpeg(picker.jpegs[1]).mean() == pytest.approx(40 + 10 * best, abs=2)


def test_a_pass_that_ends_early_still_has_a_crop_of_all_it_met(make_description, make_frames):
    boxes = [(10, 10, 30, 50 + index) for index in range(5)]
    picker = CropPicker(
        make_description([Trajectory(1, range(5), boxes, [0.9] * 5), Trajectory(2, [4], boxes[:1], [1])])
    )
    for frame in make_frames(2):
        picker.add(frame)
    assert set(picker.jpegs) == {1}


def test_a_person_always_outside_or_without_boxes_has_no_crop(make_description, make_track, make_frames):
    picker = CropPicker(make_description([make_track(1, box=(-50, 0, -10, 50)), make_track(2, [])]))
    for frame in make_frames():
        picker.add(frame)
    assert picker.jpegs == {}


@pytest.mark.parametrize(
    ("box", "shape"),
    [
        ((20, 20, 60, 70), (56, 46)),  # a margin of 6 % of the longer side all around
        ((0, 0, 160, 120), (120, 160)),
        ((-40, -40, 10, 10), (13, 13)),
        ((5.2, 5.2, 5.4, 5.4), (1, 1)),
        ((0, 0, 1, 1), (2, 2)),
    ],
)
def test_cut(box, shape):
    assert cut_crop(np.zeros((120, 160, 3), dtype=np.uint8), np.array(box, dtype=float)).shape[:2] == shape


@pytest.mark.parametrize("box", [(-9, 0, -1, 5), (160, 0, 170, 5), (5, 5, 5, 9), (9, 5, 5, 9), (np.nan, 0, 5, 5)])
def test_nothing_to_cut(box):
    assert cut_crop(np.zeros((120, 160, 3), dtype=np.uint8), np.array(box, dtype=float)) is None


def test_the_crop_shows_the_pixels_of_the_box_in_rgb():
    image = np.zeros((120, 160, 3), dtype=np.uint8)
    image[20:70, 20:60] = (250, 10, 60)
    crop = open_jpeg(encode_jpeg(cut_crop(image, np.array([20.0, 20, 60, 70]))))
    assert crop[10:-10, 10:-10].mean(axis=(0, 1)) == pytest.approx([250, 10, 60], abs=4)


@pytest.mark.parametrize(
    ("size", "result"),
    [((640, 480), (320, 240)), ((100, 50), (100, 50)), ((100, 3200), (10, 320)), ((5000, 1), (320, 1))],
)
def test_shrink(size, result):
    assert shrink(np.zeros((size[1], size[0], 3), dtype=np.uint8), 320, 320).shape[1::-1] == result


def test_small_pictures_show_a_person_over_time(make_description, make_track, make_frames):
    picker = CropPicker(make_description([make_track(1, range(12)), make_track(2, range(3))], frames=12))
    for frame in make_frames(12):
        picker.add(frame)
    assert [moment.frame_index for moment in picker.moments[1]] == [0, 2, 4, 6, 8, 10]
    assert [moment.frame_index for moment in picker.moments[2]] == [0, 1, 2]
    for moment in picker.moments[1]:
        picture = open_jpeg(moment.jpeg)
        assert max(picture.shape) <= 128
        assert picture.mean() == pytest.approx(40 + 10 * moment.frame_index, abs=2)


def test_of_many_people_fewer_small_pictures_are_kept(make_description, make_track, make_frames):
    picker = CropPicker(make_description([make_track(id) for id in range(1, 202)]))
    for frame in make_frames():
        picker.add(frame)
    assert {len(moments) for moments in picker.moments.values()} == {1}
    picker = CropPicker(make_description([make_track(id) for id in range(1, 402)]))
    for frame in make_frames():
        picker.add(frame)
    assert (len(picker.jpegs), picker.moments) == (MOST_CROPS, {})


def test_frames_of_another_size_than_announced_are_cut_all_the_same(make_description, make_track):
    picker = CropPicker(make_description([make_track(1, box=(0, 0, 500, 500))]))
    picker.add(Frame(0, 0.0, np.zeros((20, 30, 3), dtype=np.uint8)))
    assert open_jpeg(picker.jpegs[1]).shape == (20, 30, 3)


def test_of_very_many_people_those_seen_longest_have_pictures(make_description, make_frames, monkeypatch):
    monkeypatch.setattr("smot_vlm.output.crops.MOST_CROPS", 2)
    lengths = {1: 2, 2: 5, 3: 1, 4: 3}
    box = (10, 10, 30, 50)
    tracks = [Trajectory(number, range(n), [box] * n, [0.9] * n) for number, n in lengths.items()]
    picker = CropPicker(make_description(tracks))
    for frame in make_frames(5):
        picker.add(frame)
    assert sorted(picker.jpegs) == [2, 4]
