"""Crops keep people's proportions."""

import numpy as np

from smot_vlm.appearance.crops import crop_people


def test_a_crop_is_centred_and_keeps_proportions():
    image = np.zeros((400, 400, 3), np.uint8)
    image[150:250, 180:220] = 255  # 100 tall, 40 wide
    crop = crop_people(image, np.array([[180.0, 150, 220, 250]]), size=(192, 128), context=1.2)[0]
    rows, columns = np.where(crop[..., 0] > 127)
    height, width = rows.max() - rows.min() + 1, columns.max() - columns.min() + 1
    assert abs(height - 160) <= 3
    assert abs(width - 64) <= 3
    assert abs(rows.mean() - 95.5) < 2
    assert abs(columns.mean() - 63.5) < 2


def test_boxes_at_and_beyond_the_border_are_cut_too():
    image = np.full((50, 60, 3), 90, np.uint8)
    boxes = np.array([[-20.0, -30, 10, 20], [55, 40, 90, 120], [200, 200, 220, 240], [10, 10, 10, 10]])
    crops = crop_people(image, boxes)
    assert crops.shape == (4, 192, 128, 3)
    assert (crops == 90).all()


def test_nobody_gives_no_crops():
    assert crop_people(np.zeros((50, 60, 3), np.uint8), np.zeros((0, 4))).shape == (0, 192, 128, 3)
