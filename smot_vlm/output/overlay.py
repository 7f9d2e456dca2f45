"""Drawing on the picture itself: boxes, id tags, and arrows from subject to object."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial

import cv2
import numpy as np
import supervision as sv

from smot_vlm.output.palette import COLOURS, WHITE, Colour, colour_index, ink_on, track_colour
from smot_vlm.output.placement import Places, along_curve, around_feet, nearest_first
from smot_vlm.output.text import plain_verb, render_tag, stamp
from smot_vlm.output.timeline import Boxes
from smot_vlm.structures import Interaction

MAX_ARROWS = 12
CROWD = 24
MIN_TAG = 8
SHADE: Colour = (20, 24, 29)


@dataclass(frozen=True)
class Arrow:
    """All interactions of one ordered pair.

    Attributes:
        subject: track id.
        object: track id.
        label: verbs by descending score.
        score: the best.
    """

    subject: int
    object: int
    label: str
    score: float


class Overlay:
    """Draws on RGB pictures in place.

    Args:
        interactions: between the people.
        text_size: pixels; every line width follows from it.
    """

    def __init__(self, interactions: Iterable[Interaction], text_size: int) -> None:
        self._interactions = tuple(interactions)
        self._join = lru_cache(maxsize=64)(join_interactions)
        self._text_size = text_size
        self._thickness = max(1, round(text_size / 7))
        # supervision writes the channels in OpenCV's order; the pictures here are RGB, so red and blue change places.
        colours = sv.ColorPalette([sv.Color(r=blue, g=green, b=red) for red, green, blue in COLOURS])
        self._draw_boxes = sv.BoxAnnotator(color=colours, thickness=self._thickness)

    def draw(self, image: np.ndarray, people: Boxes, seconds: float | None = None) -> None:
        """Draw people and the interactions between them.

        A box that reaches outside is cut at the border; one that is wholly outside is not drawn, nor are its arrows.

        Args:
            image: RGB uint8, changed in place.
            people: boxes in pixels of `image`.
            seconds: of the picture; interactions whose spans are known are drawn in these only. None draws all.
        """
        height, width = image.shape[:2]
        inside = _touches(people.boxes, width, height)
        ids, boxes = people.ids[inside], people.boxes[inside]
        if not len(ids):
            return
        margin = 2 * self._thickness
        # Clipped a little outside the picture: there the cut side is hidden, and no coordinate overflows.
        drawn = np.clip(boxes, -margin, [width + margin, height + margin, width + margin, height + margin])
        lookup = np.array([colour_index(track_id) for track_id in ids.tolist()])
        self._draw_boxes.annotate(image, sv.Detections(xyxy=drawn), custom_color_lookup=lookup)
        centres = dict(zip(ids.tolist(), _centres(boxes, width, height), strict=True))
        apart = 2.5 * self._thickness
        arrows = self._arrows(centres.keys(), seconds)
        curves = [_curve(centres[edge.subject], centres[edge.object], apart) for edge in arrows]
        for arrow, curve in zip(arrows, curves, strict=True):
            self._draw_arrow(image, curve, track_colour(arrow.subject))
        places = Places(width, height, np.clip(boxes, 0, [width, height, width, height]))
        self._draw_tags(image, ids, drawn, places)
        self._draw_verbs(image, arrows, curves, places)

    def _arrows(self, present: Collection[int], seconds: float | None) -> list[Arrow]:
        now = tuple(edge for edge in self._interactions if _happens(edge, seconds))
        arrows = self._join(now)
        return [edge for edge in arrows if edge.subject in present and edge.object in present][:MAX_ARROWS]

    def _draw_tags(self, image: np.ndarray, ids: np.ndarray, boxes: np.ndarray, places: Places) -> None:
        size = max(MIN_TAG, round(self._text_size * (0.7 if len(ids) > CROWD else 0.92)))
        for track_id, box in zip(ids.tolist(), boxes, strict=True):
            colour = track_colour(track_id)
            tag = render_tag(f"#{track_id}", size, colour, ink_on(colour))
            height, width = tag.shape[:2]
            stamp(image, tag, *places.find(width, height, around_feet(box, width, height)))

    def _draw_arrow(self, image: np.ndarray, curve: np.ndarray, colour: Colour) -> None:
        thickness = self._thickness
        shaft, head = _shaft_and_head(curve, 5.5 * thickness)
        for stroke, paint in ((thickness + 2, SHADE), (thickness, colour)):
            cv2.polylines(image, [shaft], False, paint, stroke, cv2.LINE_AA)
            cv2.circle(image, shaft[0].tolist(), stroke + thickness // 2, paint, -1, cv2.LINE_AA)
            cv2.polylines(image, [head], True, paint, max(1, stroke - thickness), cv2.LINE_AA)
        cv2.fillPoly(image, [head], colour, cv2.LINE_AA)

    def _draw_verbs(self, image: np.ndarray, arrows: list[Arrow], curves: list[np.ndarray], places: Places) -> None:
        for arrow, curve in zip(arrows, curves, strict=True):
            tag = render_tag(arrow.label, round(self._text_size * 0.9), SHADE, WHITE, bold=False)
            height, width = tag.shape[:2]
            anywhere = partial(nearest_first, image.shape[:2], curve[len(curve) // 2], width, height)
            left, top = places.find(width, height, along_curve(curve, width, height), anywhere)
            stamp(image, tag, left, top)
            # A line in the subject's colour ties the words to their arrow.
            foot = (left + 2, top + height - 1), (left + width - 3, top + height - 1)
            cv2.line(image, *foot, track_colour(arrow.subject), max(1, self._thickness // 2))


def join_interactions(interactions: Iterable[Interaction]) -> list[Arrow]:
    """Join the interactions of each ordered pair into one arrow; its label names up to three verbs, best first.

    Args:
        interactions: in any order.

    Returns:
        The arrows by descending score.
    """
    pairs: dict[tuple[int, int], list[Interaction]] = {}
    for edge in sorted(interactions, key=lambda edge: -edge.score):
        pairs.setdefault((edge.subject, edge.object), []).append(edge)
    return [
        Arrow(subject, target, _label(edges), edges[0].score)
        for (subject, target), edges in sorted(pairs.items(), key=lambda item: -item[1][0].score)
    ]


def _happens(edge: Interaction, seconds: float | None) -> bool:
    return seconds is None or not edge.spans or any(one.from_seconds <= seconds <= one.to_seconds for one in edge.spans)


def _label(edges: list[Interaction]) -> str:
    words = list(dict.fromkeys(plain_verb(edge.verb)[:24] for edge in edges))
    return ", ".join(words[:3]) + (f" +{len(words) - 3}" if len(words) > 3 else "")


def _touches(boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    x1, y1, x2, y2 = boxes.T
    result: np.ndarray = np.isfinite(boxes).all(axis=1) & (x2 > 0) & (y2 > 0) & (x1 < width) & (y1 < height)
    return result


def _centres(boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """Centres of the parts of the boxes that lie inside the picture."""
    clipped = np.clip(boxes, 0, [width, height, width, height])
    result: np.ndarray = (clipped[:, :2] + clipped[:, 2:]) / 2
    return result


def _curve(start: np.ndarray, end: np.ndarray, apart: float) -> np.ndarray:
    """A slightly bent line of 25 points, moved `apart` pixels to its left.

    So two arrows between the same two people run side by side, from different points to different points.
    """
    chord = end - start
    side = np.array([chord[1], -chord[0]])
    length = float(np.linalg.norm(chord))
    shift = side * (apart / length) if length else np.array([0.0, -apart])
    start, end, bend = start + shift, end + shift, (start + end) / 2 + shift + 0.16 * side
    t = np.linspace(0, 1, 25)[:, None]
    result: np.ndarray = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
    return result


def _shaft_and_head(curve: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray]:
    """The line up to the arrow head, and the head's triangle, as OpenCV's integer points."""
    tip = curve[-1]
    far = np.linalg.norm(curve - tip, axis=1) >= 0.8 * length
    last = int(np.flatnonzero(far)[-1]) if far.any() else 0
    direction = tip - curve[last]
    size = float(np.linalg.norm(direction))
    direction = direction / size if size else np.array([1.0, 0.0])
    side = np.array([-direction[1], direction[0]])
    foot = tip - length * direction
    head = np.array([tip, foot + 0.5 * length * side, foot - 0.5 * length * side])
    return curve[: last + 1].round().astype(np.int32), head.round().astype(np.int32)
