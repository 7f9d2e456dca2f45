"""Calls a compiled step frame by frame: holds the table of tracks and makes room in it."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from smot_vlm.association.boxes import checked_boxes
from smot_vlm.association.settings import TICKS, ticks
from smot_vlm.structures import Detections

# Tracks for which there is room at first.
ROOM = 64


class Core:
    """The compiled road of one associator, from the state in which the numpy road left it.

    Args:
        step: Links the boxes of a frame; see `compiled.byte.step`.
        head: What is true of all tracks, by its place in the first row of the state.
        table: (tracks, width) the tracks so far.
        halves: How many tables the state holds: 2 where a step writes the tracks anew. The state of one has two axes.
        steps: The record of steps, of associators that keep one.
        longest: The place in the first row that says how many of its last entries are needed.
    """

    def __init__(
        self,
        step: Callable[..., Any],
        head: Mapping[int, float],
        table: np.ndarray,
        *,
        halves: int = 1,
        steps: np.ndarray | None = None,
        longest: int = 0,
    ) -> None:
        self._step = step
        self._count = len(table)
        self._state = np.zeros((halves, 1 + self._count + ROOM, table.shape[1]))
        self._state[0, 1 : self._count + 1] = table
        for place, value in head.items():
            self._state[0, 0, place] = value
        self._longest = longest
        self._steps = steps
        self._renew()

    def update(self, detections: Detections, elapsed: float) -> Detections:
        """Link the detections of the next frame.

        Args:
            detections: As for any associator.
            elapsed: Frames since the last one.
        """
        passed = TICKS if elapsed == 1.0 else ticks(elapsed)
        boxes, scores = detections.boxes, detections.scores
        if not (boxes.flags.carray and scores.flags.carray):
            boxes, scores = np.array(boxes), np.array(scores)
        if self._count + len(scores) > self._room:
            self._grow(self._count + len(scores))
        count, *shown = self._step(boxes, scores, float(elapsed), passed, *self._arguments)
        if count < 0:
            checked_boxes(detections)
            raise AssertionError("the two roads disagree on which boxes can be used")
        self._count = count
        if self._steps is not None:
            self._keep_steps(self._steps)
        return Detections.linked(*shown)

    def _grow(self, tracks: int) -> None:
        halves, _, width = self._state.shape
        state = np.zeros((halves, 1 + 2 * tracks, width))
        state[:, : self._room + 1] = self._state
        self._state = state
        self._renew()

    def _keep_steps(self, steps: np.ndarray) -> None:
        """Make room for steps: more than twice as many as any track has missed."""
        longest = int(self._state[0, 0, self._longest])
        if 2 * longest + 2 > len(steps):
            self._steps = np.concatenate((steps, np.zeros(len(steps))))
            self._renew()

    def _renew(self) -> None:
        self._room = self._state.shape[1] - 1
        state = self._state if len(self._state) > 1 else self._state[0]
        self._arguments = (state,) if self._steps is None else (state, self._steps)
