"""One story's frames: who is where on the screen, and the picture."""

from dataclasses import dataclass

import cv2
import numpy as np

from smot_vlm.synthetic.body.figure import person_parts
from smot_vlm.synthetic.body.lens import Lens
from smot_vlm.synthetic.body.props import prop_parts
from smot_vlm.synthetic.stage.camera import Camera
from smot_vlm.synthetic.stage.scenes import PAD
from smot_vlm.synthetic.stage.strokes import ONE, SHIFT_BITS, Part, draw, extent, fill
from smot_vlm.synthetic.stage.weather import Weather, apply_weather
from smot_vlm.synthetic.story.plot import Story
from smot_vlm.synthetic.story.script import Placed, world_at

MEASURE_HEIGHT = 120  # pixels of the picture in which places and visibility are measured


@dataclass(frozen=True)
class View:
    """A story seen by a camera in a picture of so many pixels."""

    story: Story
    camera: Camera
    width: int
    height: int

    def lenses(self, time: float, placed: list[Placed]) -> list[Lens]:
        """Everyone's place and scale on the screen."""
        right, down, zoom = self.camera.at(time)
        stage, h = self.story.stage, self.height
        result = []
        for one in placed:
            scale = stage.scale(one.z) * h
            x = one.x * scale * zoom + h * stage.aspect / 2 + right * h
            y = (stage.ground(one.z) * h - h / 2) * zoom + h / 2 + down * h
            result.append(Lens(x, y, scale * zoom))
        return result

    def people(self, time: float) -> tuple[list[Placed], list[Lens], list[list[Part]]]:
        """Everyone's joints, scale and strokes at `time`."""
        story = self.story
        placed = world_at(story.actors, story.people, time)
        lenses = self.lenses(time, placed)
        bodies = [person_parts(*three) for three in zip(story.people, placed, lenses, strict=True)]
        return placed, lenses, bodies


@dataclass(frozen=True, eq=False)
class Seen:
    """Who is seen at one moment.

    boxes: full bodies, float64 (people, 4) xyxy in frame heights, not clipped. inside: share of each box that is in
    the frame.
    open: share of each body's pixels that nobody else covers.
    """

    boxes: np.ndarray
    inside: np.ndarray
    open: np.ndarray

    @property
    def visible(self) -> np.ndarray:
        """Share of each body that is in the frame and not covered."""
        return self.inside * self.open


def look(story: Story, camera: Camera, time: float) -> Seen:
    """Where everyone is on the screen at `time`, at any resolution: measured in a small picture."""
    view = View(story, camera, round(MEASURE_HEIGHT * story.stage.aspect), MEASURE_HEIGHT)
    _, _, bodies = view.people(time)
    boxes = np.array([extent(body) for body in bodies], dtype=np.float64)
    clipped = np.clip(boxes, 0, (view.width, view.height, view.width, view.height))
    inside = _area(clipped) / _area(boxes)
    return Seen(boxes / MEASURE_HEIGHT, inside, _open_shares(view, bodies, boxes))


def _area(boxes: np.ndarray) -> np.ndarray:
    return np.maximum(boxes[:, 2] - boxes[:, 0], 0) * np.maximum(boxes[:, 3] - boxes[:, 1], 0)


def _open_shares(view: View, bodies: list[list[Part]], boxes: np.ndarray) -> np.ndarray:
    """Share of each body's pixels that no other body covers; 1 where no other box covers much of its box."""
    result = np.ones(len(bodies))
    doubtful = [index for index in range(len(bodies)) if _most_covered(boxes, index) > 0.4]
    if not doubtful:
        return result
    together = np.zeros((view.height, view.width), dtype=np.uint8)
    for part in sorted((part for body in bodies for part in body), key=lambda part: -part.depth):
        fill(together, [part], part.owner + 1)
    for index in doubtful:
        alone = np.zeros_like(together)
        fill(alone, bodies[index], 1)
        pixels = int(np.count_nonzero(alone))
        result[index] = np.count_nonzero((together == index + 1) & (alone == 1)) / pixels if pixels else 0.0
    return result


def _most_covered(boxes: np.ndarray, index: int) -> float:
    """Largest share of one box that all others together could cover."""
    own = boxes[index]
    others = np.delete(boxes, index, axis=0)
    wide = np.minimum(own[2], others[:, 2]) - np.maximum(own[0], others[:, 0])
    tall = np.minimum(own[3], others[:, 3]) - np.maximum(own[1], others[:, 1])
    shared = np.maximum(wide, 0) * np.maximum(tall, 0)
    return float(shared.sum() / _area(own[None])[0])


def render(
    view: View, background: np.ndarray, weather: Weather, grain: np.ndarray, time: float, index: int
) -> np.ndarray:
    """The frame at `time` seconds, RGB uint8 (height, width, 3)."""
    image = _backdrop(view, background, time)
    placed, lenses, bodies = view.people(time)
    for one, lens in zip(placed, lenses, strict=True):
        _shadow(image, one, lens)
    parts = [part for body in bodies for part in body]
    for actor in view.story.actors:
        for prop in actor.props:
            parts += prop_parts(prop, time, view.story.people, placed, lenses)
    draw(image, sorted(parts, key=lambda part: -part.depth))
    return apply_weather(image, weather, grain, time, index)


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


def _shadow(image: np.ndarray, one: Placed, lens: Lens) -> None:
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
