"""What is seen while a video is watched: its newest frame with the boxes, as a small JPEG, at most once a second."""

import time
from collections.abc import Callable

import cv2
import numpy as np

from smot_vlm.app.jobs import Job
from smot_vlm.output.crops import encode_jpeg
from smot_vlm.output.overlay import Overlay
from smot_vlm.output.timeline import Boxes
from smot_vlm.structures import Detections, Frame
from smot_vlm.system.printing import people as counted_people

_SECONDS = 1.0
_LONGEST_SIDE = 720
_TEXT_SIZE = 14


class LivePicture:
    """Keeps a job's picture new.

    Args:
        job: whose picture it is.
        clock: seconds.
    """

    def __init__(self, job: Job, clock: Callable[[], float] = time.monotonic) -> None:
        self._job = job
        self._clock = clock
        self._overlay = Overlay((), _TEXT_SIZE)
        self._shown = -_SECONDS

    def show(self, frame: Frame, people: Detections) -> None:
        """Take in a frame; nothing is done where the picture is not old.

        Args:
            frame: the newest.
            people: in it.
        """
        now = self._clock()
        if now - self._shown < _SECONDS:
            return
        self._shown = now
        scale = min(1.0, _LONGEST_SIDE / max(frame.width, frame.height))
        size = (max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))
        picture = np.ascontiguousarray(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA))
        ids = np.arange(1, len(people) + 1) if people.ids is None else people.ids
        self._overlay.draw(picture, Boxes(ids, people.boxes * scale, people.scores))
        self._job.picture = encode_jpeg(picture)
        self._job.picture_says = f"{counted_people(len(people))} at {frame.time_seconds:.1f} s"
