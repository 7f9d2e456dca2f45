"""One story's frames: who is where on the screen, and the picture."""

from dataclasses import dataclass

import cv2
import numpy as np

from smot_vlm.data.synthetic.camera import Camera
from smot_vlm.data.synthetic.figure import Lens, person_parts
from smot_vlm.data.synthetic.props import prop_parts
from smot_vlm.data.synthetic.scenes import PAD
from smot_vlm.data.synthetic.script import Placed, world_at
from smot_vlm.data.synthetic.story import Story
from smot_vlm.data.synthetic.strokes import ONE, SHIFT_BITS, Part, draw, extent, fill
from smot_vlm.data.synthetic.weather import Weather, apply_weather

LEAST_VISIBLE = 0.02  # share of a body below which it counts as hidden
SMALL = 120  # height in pixels of the picture in which visibility is measured


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
        stage, w, h = self.story.stage, self.width, self.height
        result = []
        for one in placed:
            scale = stage.scale(one.z) * h
            x = (one.x * scale) * zoom + w / 2 + right * h
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


def boxes_at(view: View, time: float) -> tuple[np.ndarray, np.ndarray]:
    """Full-body boxes clipped to the frame, float64 (people, 4) xyxy, and the visible share of each body's box and pixels (people).

    A body outside the frame or hidden has share 0 and is to be left out.
    """
    _, _, bodies = view.people(time)
    boxes = np.zeros((len(bodies), 4))
    shares = np.zeros(len(bodies))
    for index, body in enumerate(bodies):
        box = extent(body)
        if box is None:
            continue
        clipped = np.clip(box, 0, (view.width, view.height, view.width, view.height))
        inside = max(clipped[2] - clipped[0], 0) * max(clipped[3] - clipped[1], 0)
        shares[index] = inside / ((box[2] - box[0]) * (box[3] - box[1]))
        boxes[index] = clipped
    if len(bodies) > 1:
        shares *= _unhidden(view, bodies, boxes, shares)
    return boxes, shares


def _unhidden(view: View, bodies: list[list[Part]], boxes: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Share of each body's pixels that nobody else covers, measured in a small picture; 1 where no boxes meet."""
    result = np.ones(len(bodies))
    if not _any_overlap(boxes, shares):
        return result
    factor = SMALL / view.height
    together = np.zeros((SMALL, max(1, round(view.width * factor))), dtype=np.uint8)
    parts = sorted((part for body in bodies for part in body), key=lambda part: -part.depth)
    for part in parts:
        fill(together, [_smaller(part, factor)], part.owner + 1)
    for index, body in enumerate(bodies):
        alone = np.zeros_like(together)
        fill(alone, [_smaller(part, factor) for part in body], 1)
        pixels = int(np.count_nonzero(alone))
        result[index] = np.count_nonzero(together == index + 1) / pixels if pixels else 0.0
    return result


def _any_overlap(boxes: np.ndarray, shares: np.ndarray) -> bool:
    for i in range(len(boxes)):
        for k in range(i):
            a, b = boxes[i], boxes[k]
            if shares[i] and shares[k] and a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]:
                return True
    return False


def _smaller(part: Part, factor: float) -> Part:
    def shrink(stroke):
        name = type(stroke).__name__
        if name == "Line":
            return stroke._replace(
                a=(stroke.a[0] * factor, stroke.a[1] * factor),
                b=(stroke.b[0] * factor, stroke.b[1] * factor),
                radius=stroke.radius * factor,
            )
        if name == "Polygon":
            return stroke._replace(
                points=[(x * factor, y * factor) for x, y in stroke.points], radius=stroke.radius * factor
            )
        return stroke._replace(
            centre=(stroke.centre[0] * factor, stroke.centre[1] * factor),
            axes=(stroke.axes[0] * factor, stroke.axes[1] * factor),
        )

    return Part(
        part.depth, tuple(shrink(stroke) for stroke in part.strokes), part.owner, part.body, part.outline * factor
    )


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
