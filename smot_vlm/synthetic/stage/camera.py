"""The stage in front of the camera: perspective, slow pan and zoom, shake."""

from dataclasses import dataclass
from math import pi, sin

import numpy as np

TILT = 0.16  # how much a metre away from the camera lifts a point of the body, in metres on the screen


@dataclass(frozen=True)
class Stage:
    """Perspective of a level camera. Lengths on the screen are fractions of the frame's height.

    Attributes:
        aspect: width by height.
        horizon: its height on the screen, from above.
        camera_height: metres.
        focal: screen heights; somebody z metres away is drawn at focal / z of the frame's height a metre.
        near: the depth from which on people stand, metres.
        far: the depth up to which people stand, metres.
        margin: part of the width at each side kept free.
    """

    aspect: float
    horizon: float
    camera_height: float
    focal: float
    near: float
    far: float
    margin: float

    def scale(self, z: float) -> float:
        """Frame heights a metre.

        Args:
            z: metres away.

        Returns:
            The scale.
        """
        return self.focal / z

    def half_width(self, z: float) -> float:
        """Metres from the middle to where people should stay.

        Args:
            z: metres away.

        Returns:
            Metres.
        """
        return self.aspect * (0.5 - self.margin) / self.scale(z)

    def frame_edge(self, z: float) -> float:
        """Metres from the middle to the frame's edge.

        Args:
            z: metres away.

        Returns:
            Metres.
        """
        return self.aspect * 0.5 / self.scale(z)

    def ground(self, z: float) -> float:
        """Screen height of the ground.

        Args:
            z: metres away.

        Returns:
            Frame heights from above.
        """
        return self.horizon + self.camera_height * self.scale(z)


@dataclass(frozen=True)
class Camera:
    """How the picture moves. Amplitudes are fractions of the frame's height, rates cycles a second.

    Attributes:
        pan: amplitude.
        pan_rate: of the pan.
        pan_phase: radians.
        shake: amplitude.
        shake_rate: of the shake.
        zoom: amplitude, of the magnification.
        zoom_rate: of the zoom.
    """

    pan: float
    pan_rate: float
    pan_phase: float
    shake: float
    shake_rate: float
    zoom: float
    zoom_rate: float

    def at(self, time: float) -> tuple[float, float, float]:
        """How the picture has moved.

        Args:
            time: seconds.

        Returns:
            Shift to the right and downwards, in frame heights, and magnification about the middle.
        """
        pan = self.pan * sin(2 * pi * self.pan_rate * time + self.pan_phase)
        wobble = 2 * pi * self.shake_rate * time
        right = self.shake * (0.6 * sin(wobble) + 0.4 * sin(2.3 * wobble + 1.1))
        down = self.shake * (0.6 * sin(1.3 * wobble + 0.5) + 0.4 * sin(2.9 * wobble))
        return pan + right, down, 1.0 + self.zoom * sin(2 * pi * self.zoom_rate * time)


def make_stage(rng: np.random.Generator, people: int, aspect: float | None = None) -> Stage:
    """A stage large enough for so many people.

    Args:
        rng: the random stream.
        people: how many.
        aspect: width by height; None: 16:9 or 4:3.

    Returns:
        The stage.
    """
    shape = (16 / 9, 4 / 3)[int(rng.integers(2))]
    crowd = max(0, people - 2)
    near_scale = float(rng.uniform(0.29, 0.36)) - 0.019 * min(crowd, 5)
    focal = 1.35
    near = focal / near_scale
    horizon = float(rng.uniform(0.34, 0.42))
    feet = float(rng.uniform(0.90, 0.95))
    return Stage(
        aspect=aspect or shape,
        horizon=horizon,
        camera_height=(feet - horizon) / near_scale,
        focal=focal,
        near=near,
        far=near + 1.45 + 0.32 * min(crowd, 4),
        margin=0.09,
    )


def make_camera(rng: np.random.Generator) -> Camera:
    """A still, a slowly panning or a hand-held camera.

    Args:
        rng: the random stream.

    Returns:
        The camera.
    """
    panning, held, zooming = rng.random() < 0.5, rng.random() < 0.5, rng.random() < 0.3
    return Camera(
        pan=float(rng.uniform(0.02, 0.07)) if panning else 0.0,
        pan_rate=float(rng.uniform(0.02, 0.05)),
        pan_phase=float(rng.uniform(0, 2 * pi)),
        shake=float(rng.uniform(0.003, 0.010)) if held else 0.0,
        shake_rate=float(rng.uniform(0.4, 0.9)),
        zoom=float(rng.uniform(0.01, 0.04)) if zooming else 0.0,
        zoom_rate=float(rng.uniform(0.02, 0.05)),
    )
