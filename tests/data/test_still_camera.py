"""The camera over a still: the same for the same name and seed, inside the picture, with boxes that stay on the people."""

import numpy as np
import pytest
from PIL import Image

from smot_vlm.data.still_camera import View, camera_path, filmed, follow

SIZE = (200, 120)


def test_the_same_name_and_seed_give_the_same_path():
    path = camera_path("a", SIZE, 8, seed=3)
    assert path == camera_path("a", SIZE, 8, seed=3)
    assert path != camera_path("b", SIZE, 8, seed=3)
    assert path != camera_path("a", SIZE, 8, seed=4)
    assert len(path) == 8
    assert len(camera_path("a", SIZE, 1)) == 1


@pytest.mark.parametrize("seed", range(20))
def test_every_view_lies_inside_and_moves_slowly(seed):
    path = camera_path("a", SIZE, 8, seed)
    for view in path:
        assert 0.74 < view.share <= 1
        assert view.left >= 0
        assert view.top >= 0
        assert view.left + view.share * SIZE[0] <= SIZE[0] + 1e-9
        assert view.top + view.share * SIZE[1] <= SIZE[1] + 1e-9
    shares = np.array([view.share for view in path])
    assert abs(shares[-1] - shares[0]) > 0.04
    assert np.abs(np.diff([view.left for view in path])).max() < 0.1 * SIZE[0]


def test_bad_arguments():
    with pytest.raises(ValueError, match="0 frames, seed 0; give at least one frame"):
        camera_path("a", SIZE, 0)
    with pytest.raises(ValueError, match="seed -1"):
        camera_path("a", SIZE, 8, -1)


@pytest.mark.parametrize("seed", range(4))
def test_the_box_lies_where_the_picture_shows_the_person(tmp_path, seed):
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    picture[40:80, 90:120] = 255
    Image.fromarray(picture).save(tmp_path / "a.png")
    views = camera_path("a", SIZE, 4, seed)
    track = follow(5, (90, 40, 120, 80), SIZE, views)
    assert (track.id, track.frames.tolist()) == (5, [0, 1, 2, 3])
    for frame, box in zip(filmed(tmp_path / "a.png", views), track.boxes, strict=True):
        image = frame.read()
        assert image.shape == picture.shape
        rows, columns = np.nonzero(image[:, :, 0] > 127)
        shown = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(box, shown, atol=1.01)


def test_boxes_that_leave_the_view_are_cut_and_then_left_out():
    whole, right = View(0, 0, 1), View(50, 0, 0.75)
    track = follow(1, (30, 10, 80, 50), SIZE, (whole, right, View(60, 0, 0.5)))
    # Seen to 1, 0.6 and 0.4.
    assert track.frames.tolist() == [0, 1]
    np.testing.assert_allclose(track.boxes, [[30, 10, 80, 50], [0, 10 / 0.75, 40, 50 / 0.75]])
    assert len(follow(1, (0, 0, 20, 20), SIZE, (right,))) == 0
