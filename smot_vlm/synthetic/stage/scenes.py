"""The table of places, and the background of one video."""

from collections.abc import Callable

import numpy as np

from smot_vlm.synthetic.stage import indoors, outdoors
from smot_vlm.synthetic.stage.camera import Stage
from smot_vlm.synthetic.stage.canvas import Canvas

PAD = 0.16  # frame heights of background beyond each edge of the frame, for camera movement

PAINTERS: dict[str, Callable[[Canvas], None]] = {
    "park": outdoors.park,
    "street": outdoors.street,
    "court": outdoors.court,
    "stage": indoors.stage,
    "living_room": indoors.living_room,
    "beach": outdoors.beach,
    "classroom": indoors.classroom,
    "shop": indoors.shop,
    "gym": indoors.gym,
    "playground": outdoors.playground,
}


def paint_background(rng: np.random.Generator, scene: str, stage: Stage, width: int, height: int) -> np.ndarray:
    """The background of one video.

    Args:
        rng: the random stream.
        scene: the place, a name in PAINTERS.
        stage: the perspective.
        width: of the frame.
        height: of the frame.

    Returns:
        RGB uint8, larger than the frame by `PAD` frame heights on every side.
    """
    pad = round(PAD * height)
    image = np.zeros((height + 2 * pad, width + 2 * pad, 3), dtype=np.uint8)
    wall = stage.far + 1.6
    floor = pad + round(stage.ground(wall) * height)
    PAINTERS[scene](Canvas(image, float(height), floor, rng))
    return image
