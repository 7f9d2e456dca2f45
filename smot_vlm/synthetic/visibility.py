"""Who can be seen when: visibility measured in a small picture, and the part of a story that can be seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from smot_vlm.synthetic.render import View
from smot_vlm.synthetic.stage.camera import Camera
from smot_vlm.synthetic.stage.strokes import Part, extent, fill
from smot_vlm.synthetic.story.events import DoesNotFit, Event
from smot_vlm.synthetic.story.plot import STORY_FPS, Story

MEASURE_HEIGHT = 120  # pixels of the picture in which places and visibility are measured
ENOUGH_VISIBLE = 0.45  # share of a body that must show for what it does to be seen
ENOUGH_OPEN = 0.65  # share of somebody's time in the frame during which enough must show
LEAST_SECONDS = 3.0  # that every event in a caption shows


@dataclass(frozen=True, eq=False)
class Visibility:
    """Who can be seen at one time.

    Attributes:
        boxes: full bodies, float64 (people, 4) xyxy in frame heights, not clipped.
        inside: share of each box that is in the frame.
        open: share of each body's pixels that nobody else covers.
    """

    boxes: np.ndarray
    inside: np.ndarray
    open: np.ndarray

    @property
    def visible(self) -> np.ndarray:
        """Share of each body that is in the frame and not covered."""
        return np.asarray(self.inside * self.open)


def measure_visibility(story: Story, camera: Camera, time: float) -> Visibility:
    """Where everyone is on the screen, at any resolution: measured in a small picture.

    Args:
        story: what happens.
        camera: how the picture moves.
        time: seconds.

    Returns:
        Boxes and shares.
    """
    view = View(story, camera, round(MEASURE_HEIGHT * story.stage.aspect), MEASURE_HEIGHT)
    _, _, bodies = view.people(time)
    boxes = np.array([extent(body) for body in bodies], dtype=np.float64)
    clipped = np.clip(boxes, 0, (view.width, view.height, view.width, view.height))
    inside = _area(clipped) / _area(boxes)
    return Visibility(boxes / MEASURE_HEIGHT, inside, _open_shares(view, bodies, boxes))


def visible_story(story: Story, seen: Sequence[Visibility], complete: bool) -> Story:
    """The story without what cannot be seen.

    An event must show for 3 seconds, and most of the time that its person is there.

    Args:
        story: the whole.
        seen: visibility in frames at STORY_FPS.
        complete: whether everything must be seen.

    Returns:
        The part that captions may state.

    Raises:
        DoesNotFit: something cannot be seen although the story must be `complete`; somebody is never seen doing
            anything.
    """
    visible = np.stack([one.visible for one in seen]) > ENOUGH_VISIBLE
    inside = np.stack([one.inside for one in seen]) > ENOUGH_VISIBLE
    times = np.arange(len(seen)) / STORY_FPS

    def shows(index: int, event: Event) -> bool:
        during = (times >= event.start) & (times < event.end)
        shown, there = visible[during, index].sum(), inside[during, index].sum()
        return bool(shown >= LEAST_SECONDS * STORY_FPS and shown >= ENOUGH_OPEN * there)

    kept = []
    for index, events in enumerate(story.events):
        shown_events = [
            event for event in events if shows(index, event) and (event.partner < 0 or shows(event.partner, event))
        ]
        if not shown_events or (complete and len(shown_events) < len(events)):
            raise DoesNotFit
        kept.append(tuple(shown_events))
    played = {
        frozenset((index, event.partner)) | {event.label} for index, events in enumerate(kept) for event in events
    }
    edges = tuple(edge for edge in story.edges if frozenset((edge.subject, edge.object)) | {edge.event} in played)
    return replace(story, events=tuple(kept), edges=edges)


def _area(boxes: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(boxes[:, 2] - boxes[:, 0], 0) * np.maximum(boxes[:, 3] - boxes[:, 1], 0))


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
