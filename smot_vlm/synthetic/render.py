"""One story's frames: who is where on the screen, and the picture."""

from dataclasses import dataclass

import cv2
import numpy as np

from smot_vlm.synthetic.body.figure import person_parts
from smot_vlm.synthetic.body.lens import Lens
from smot_vlm.synthetic.body.props import prop_parts
from smot_vlm.synthetic.body.skeleton import PlacedBody
from smot_vlm.synthetic.stage.camera import Camera
from smot_vlm.synthetic.stage.degradation import Degradation, apply_degradation
from smot_vlm.synthetic.stage.scenes import PAD
from smot_vlm.synthetic.stage.strokes import ONE, SHIFT_BITS, Part, draw
from smot_vlm.synthetic.story.motion import bodies_at
from smot_vlm.synthetic.story.plot import Story


@dataclass(frozen=True)
class View:
    """A story seen by a camera.

    Attributes:
        story: what happens.
        camera: how the picture moves.
        width: pixels.
        height: pixels.
    """

    story: Story
    camera: Camera
    width: int
    height: int

    def lenses(self, time: float, placed: list[PlacedBody]) -> list[Lens]:
        """Everyone's place and scale on the screen.

        Args:
            time: seconds.
            placed: everyone's joints.

        Returns:
            One a person.
        """
        right, down, zoom = self.camera.at(time)
        stage, h = self.story.stage, self.height
        result = []
        for one in placed:
            scale = stage.scale(one.z) * h
            x = one.x * scale * zoom + h * stage.aspect / 2 + right * h
            y = (stage.ground(one.z) * h - h / 2) * zoom + h / 2 + down * h
            result.append(Lens(x, y, scale * zoom))
        return result

    def people(self, time: float) -> tuple[list[PlacedBody], list[Lens], list[list[Part]]]:
        """Everyone's joints, scale and strokes.

        Args:
            time: seconds.

        Returns:
            One of each a person.
        """
        story = self.story
        placed = bodies_at(story.actors, story.people, time)
        lenses = self.lenses(time, placed)
        bodies = [person_parts(*three) for three in zip(story.people, placed, lenses, strict=True)]
        return placed, lenses, bodies


def render(
    view: View, background: np.ndarray, degradation: Degradation, grain: np.ndarray, time: float, index: int
) -> np.ndarray:
    """One frame.

    Args:
        view: story, camera and size.
        background: larger than the frame by PAD on every side.
        degradation: of the picture.
        grain: of `noise_pool`.
        time: seconds.
        index: of the frame, which chooses the grain.

    Returns:
        RGB uint8 (height, width, 3).
    """
    image = _backdrop(view, background, time)
    placed, lenses, bodies = view.people(time)
    for one, lens in zip(placed, lenses, strict=True):
        _shadow(image, one, lens)
    parts = [part for body in bodies for part in body]
    for actor in view.story.actors:
        for prop in actor.props:
            parts += prop_parts(prop, time, view.story.people, placed, lenses)
    draw(image, sorted(parts, key=lambda part: -part.depth))
    return apply_degradation(image, degradation, grain, time, index)


def _backdrop(view: View, background: np.ndarray, time: float) -> np.ndarray:
    right, down, zoom = view.camera.at(time)
    w, h = view.width, view.height
    pad = round(PAD * h)
    matrix = np.array(
        [
            [zoom, 0.0, (-pad - w / 2) * zoom + w / 2 + right * h],
            [0.0, zoom, (-pad - h / 2) * zoom + h / 2 + down * h],
        ]
    )
    return cv2.warpAffine(background, matrix, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _shadow(image: np.ndarray, one: PlacedBody, lens: Lens) -> None:
    """A soft dark patch on the ground under the body."""
    pelvis = one.joints.pelvis
    x = lens.x + pelvis[0] * lens.scale
    x0, x1 = max(round(x - 0.5 * lens.scale), 0), min(round(x + 0.5 * lens.scale), image.shape[1])
    y0, y1 = max(round(lens.y - 0.16 * lens.scale), 0), min(round(lens.y + 0.16 * lens.scale), image.shape[0])
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    patch = image[y0:y1, x0:x1]
    dark = patch.copy()
    centre = (round((x - x0) * ONE), round((lens.y - y0) * ONE))
    axes = (round(0.40 * lens.scale * ONE), round(0.10 * lens.scale * ONE))
    cv2.ellipse(dark, centre, axes, 0, 0, 360, (34, 32, 32), -1, cv2.LINE_AA, SHIFT_BITS)
    cv2.addWeighted(patch, 0.62, dark, 0.38, 0, patch)
