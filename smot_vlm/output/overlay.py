"""Drawing on the picture itself: boxes, id tags, and arrows from subject to object."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import supervision as sv

from smot_vlm.output.palette import COLOURS, WHITE, Colour, colour_index, ink_on, track_colour
from smot_vlm.output.text import plain_verb, render_tag, stamp
from smot_vlm.output.timeline import Boxes
from smot_vlm.structures import Interaction

MAX_ARROWS = 12
CROWD = 24
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
        self._arrows = join_interactions(interactions)
        self._text_size = text_size
        self._thickness = max(1, round(text_size / 7))
        # supervision writes the channels in OpenCV's order; the pictures here are RGB, so red and blue change places.
        colours = sv.ColorPalette([sv.Color(r=blue, g=green, b=red) for red, green, blue in COLOURS])
        inks = sv.ColorPalette([sv.Color(*ink_on(colour)) for colour in COLOURS])
        self._draw_boxes = sv.BoxAnnotator(color=colours, thickness=self._thickness)
        self._draw_ids = _id_annotator(colours, inks, text_size)
        self._draw_crowd_ids = _id_annotator(colours, inks, 0.7 * text_size)

    def draw(self, image: np.ndarray, people: Boxes) -> None:
        """Draw people and the interactions between them.

        A box that reaches outside is cut at the border; one that is wholly outside is not drawn, nor are its arrows.

        Args:
            image: RGB uint8, changed in place.
            people: boxes in pixels of `image`.
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
        arrows = [edge for edge in self._arrows if edge.subject in centres and edge.object in centres][:MAX_ARROWS]
        curves = [_curve(centres[edge.subject], centres[edge.object], apart) for edge in arrows]
        for arrow, curve in zip(arrows, curves, strict=True):
            self._draw_arrow(image, curve, track_colour(arrow.subject))
        self._draw_tags(image, ids, drawn, lookup)
        self._draw_verbs(image, arrows, curves)

    def _draw_tags(self, image: np.ndarray, ids: np.ndarray, boxes: np.ndarray, lookup: np.ndarray) -> None:
        crowd = len(ids) > CROWD
        anchors = boxes.copy()
        anchors[:, 0] = np.clip(anchors[:, 0], 0, None)
        anchors[:, 1] = np.clip(anchors[:, 1], 1.35 * self._text_size * (0.7 if crowd else 1), None)
        anchors[:, 2:] = np.maximum(anchors[:, 2:], anchors[:, :2])
        labels = [f"#{track_id}" for track_id in ids.tolist()]
        annotator = self._draw_crowd_ids if crowd else self._draw_ids
        annotator.annotate(image, sv.Detections(xyxy=anchors), labels=labels, custom_color_lookup=lookup)

    def _draw_arrow(self, image: np.ndarray, curve: np.ndarray, colour: Colour) -> None:
        thickness = self._thickness
        shaft, head = _shaft_and_head(curve, 5.5 * thickness)
        for stroke, paint in ((thickness + 2, SHADE), (thickness, colour)):
            cv2.polylines(image, [shaft], False, paint, stroke, cv2.LINE_AA)
            cv2.circle(image, shaft[0].tolist(), stroke + thickness // 2, paint, -1, cv2.LINE_AA)
            cv2.polylines(image, [head], True, paint, max(1, stroke - thickness), cv2.LINE_AA)
        cv2.fillPoly(image, [head], colour, cv2.LINE_AA)

    def _draw_verbs(self, image: np.ndarray, arrows: list[Arrow], curves: list[np.ndarray]) -> None:
        taken: list[tuple[int, int, int, int]] = []
        for arrow, curve in zip(arrows, curves, strict=True):
            tag = render_tag(arrow.label, round(self._text_size * 0.9), SHADE, WHITE, bold=False)
            place = _free_place(image, tag, _tag_centre(curve, tag), taken)
            taken.append((*place, place[0] + tag.shape[1], place[1] + tag.shape[0]))
            stamp(image, tag, *place)


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


def _id_annotator(colours: sv.ColorPalette, inks: sv.ColorPalette, text_size: float) -> sv.LabelAnnotator:
    return sv.LabelAnnotator(
        color=colours,
        text_color=inks,
        text_scale=text_size / 27,
        text_thickness=max(1, round(text_size / 13)),
        text_padding=max(2, round(text_size / 4)),
        border_radius=max(1, round(text_size / 5)),
    )


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


def _tag_centre(curve: np.ndarray, tag: np.ndarray) -> np.ndarray:
    """The middle of the arrow; above it where the tag would hide a short arrow."""
    short = np.linalg.norm(curve[-1] - curve[0]) < 1.8 * tag.shape[1]
    middle = curve[len(curve) // 2]
    return np.array([middle[0], curve[:, 1].min() - 0.9 * tag.shape[0]]) if short else middle


def _free_place(
    image: np.ndarray, tag: np.ndarray, centre: np.ndarray, taken: list[tuple[int, int, int, int]]
) -> tuple[int, int]:
    """Choose the tag's corner: at `centre`, inside the picture, moved down past the tags already there."""
    height, width = tag.shape[:2]
    left = int(np.clip(centre[0] - width / 2, 0, max(image.shape[1] - width, 0)))
    top = int(np.clip(centre[1] - height / 2, 0, max(image.shape[0] - height, 0)))
    for _ in taken:
        under = [b for b in taken if left < b[2] and b[0] < left + width and top < b[3] and b[1] < top + height]
        if not under:
            break
        top = max(b[3] for b in under) + 1
    return left, min(top, max(image.shape[0] - height, 0))
