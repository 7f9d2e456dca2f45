"""The motion between looks at a pair: where, which way, and without the camera's."""

import numpy as np
import pytest

from smot_vlm.appearance.pair_deeds import LOOKS, PAIR_SIZE
from smot_vlm.appearance.pair_motion import GRID, MOTION_VALUES, describe_motion

RIGHT, DOWN, LEFT, UP = range(4)
TEXTURE = np.random.default_rng(0).integers(0, 255, (400, 500), np.uint8)


def moving(step: tuple[int, int], camera: tuple[int, int] = (0, 0), looks: int = LOOKS) -> np.ndarray:
    """A textured person at a third of the width who moves by `step` (x, y) pixels a look before a textured wall."""
    height, width = PAIR_SIZE
    window = np.empty((looks, height, width, 3), np.uint8)
    for look in range(looks):
        dx, dy = camera[0] * look, camera[1] * look
        wall = TEXTURE[60 - dy : 60 - dy + height, 80 - dx : 80 - dx + width] // 2
        window[look] = wall[..., None]
        left, top = 50 + (step[0] + camera[0]) * look, 34 + (step[1] + camera[1]) * look
        window[look, top : top + 60, left : left + 28] = TEXTURE[200:260, 300:328, None]
    return window


def tables(window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and most, each (4, rows, columns)."""
    found = describe_motion(window)
    assert found.shape == (MOTION_VALUES,)
    assert found.dtype == np.float32
    return tuple(found.reshape(2, 4, *GRID))


@pytest.mark.parametrize(("step", "way"), [((2, 0), RIGHT), ((-2, 0), LEFT), ((0, 2), DOWN), ((0, -2), UP)])
def test_who_moves_is_seen_where_and_which_way(step, way):
    mean, most = tables(moving(step))
    others = [other for other in range(4) if other != way]
    assert mean[way].sum() > 3 * mean[others].max(axis=0).sum()
    assert most[way, 1:3, 1:4].max() == most[way].max() > 0.7
    assert mean[way, :, -1].max() < 0.2, "nobody is there"


def test_the_camera_is_not_the_people():
    still, panned = describe_motion(moving((3, 0))), describe_motion(moving((3, 0), camera=(-2, 1)))
    nobody_moves, mirrored = describe_motion(moving((0, 0), camera=(-2, 1))), describe_motion(moving((-3, 0)))
    assert nobody_moves.max() < 0.5
    assert np.corrcoef(still, panned)[0, 1] > 0.75 > 0.5 > np.corrcoef(still, mirrored)[0, 1]


def test_a_mirror_exchanges_left_and_right():
    mean, most = tables(moving((2, 0)))
    twin_mean, twin_most = tables(np.ascontiguousarray(moving((2, 0))[:, :, ::-1]))
    for table, twin in ((mean, twin_mean), (most, twin_most)):
        np.testing.assert_allclose(twin[[LEFT, DOWN, RIGHT, UP]][..., ::-1], table, atol=0.25)


def test_a_look_that_is_repeated_counts_once():
    window = moving((2, 0), looks=6)
    np.testing.assert_array_equal(describe_motion(np.repeat(window, 2, axis=0)), describe_motion(window))
    assert not describe_motion(np.repeat(window[:1], LOOKS, axis=0)).any()
