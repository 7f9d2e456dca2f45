"""Color histograms: unit vectors, one half of the body as much as the other, robust to light."""

import numpy as np

from smot_vlm.association.color_histogram import ColorHistogram
from smot_vlm.association.reid import AppearanceEncoder

BOX = np.array([[10.0, 10, 50, 110]])


def dressed(top, bottom) -> np.ndarray:
    image = np.full((120, 60, 3), 127, dtype=np.uint8)
    image[10:60, 10:50] = top
    image[60:110, 10:50] = bottom
    return image


def similarity(first: np.ndarray, second: np.ndarray) -> float:
    encode = ColorHistogram()
    return float((encode(first, BOX) @ encode(second, BOX).T).item())


def test_vectors_have_length_one():
    encode = ColorHistogram()
    assert isinstance(encode, AppearanceEncoder)
    vectors = encode(
        dressed((255, 0, 0), (0, 0, 0)), np.array([[10.0, 10, 50, 110], [0, 0, 60, 120], [-30, -30, 5, 5]])
    )
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert encode(dressed(0, 0), np.zeros((0, 4))).shape == (0, vectors.shape[1])


def test_each_half_counts_for_itself():
    red_black = dressed((255, 0, 0), (0, 0, 0))
    assert similarity(red_black, red_black) > 0.999
    assert abs(similarity(red_black, dressed((255, 0, 0), (0, 0, 255))) - 0.5) < 0.05
    assert similarity(red_black, dressed((0, 0, 0), (255, 0, 0))) < 0.1


def test_light_changes_little_and_neighbouring_hues_are_alike():
    red = dressed((200, 20, 20), (0, 0, 0))
    assert similarity(red, dressed((150, 15, 15), (0, 0, 0))) > 0.95
    assert similarity(red, dressed((200, 60, 20), (0, 0, 0))) > similarity(red, dressed((20, 200, 20), (0, 0, 0))) + 0.2
