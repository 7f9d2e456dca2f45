"""Boxes made elsewhere, handed out frame by frame, and what is said where they do not fit the video."""

import logging
from dataclasses import replace

import numpy as np

from smot_vlm.formats.box_sense import odd_boxes
from smot_vlm.formats.frame_numbers import place_rows
from smot_vlm.formats.losses import log_losses
from smot_vlm.formats.mot import MotRows
from smot_vlm.structures import Frame

logger = logging.getLogger(__name__)


class GivenBoxes:
    """Rows by frame.

    Args:
        rows: in the order in which those of a frame are handed out.
        name: the file, or what the user reads of them.
        numbers: 0-based frame numbers of images by their names, ascending; None where frames count from the first.
        size: width and height of the pictures that boxes were measured in; None for those of the video.
    """

    def __init__(
        self,
        rows: MotRows,
        name: str,
        numbers: np.ndarray | None = None,
        size: tuple[int, int] | None = None,
    ) -> None:
        self._name = name
        self._given = len(rows)
        if numbers is not None:
            placement = place_rows(rows.frames, numbers, name)
            log_losses(placement.losses, logger)
            rows = replace(rows, frames=placement.positions).select(placement.positions >= 0)
        self._rows = rows.select(np.argsort(rows.frames, kind="stable"))
        self._size = size
        self._last = -1
        self._step = 1
        self._told = False
        self.used = 0

    def of(self, frame: Frame) -> MotRows:
        """The rows of one frame.

        Args:
            frame: later than those before.

        Returns:
            Its rows.
        """
        if self._last < 0:
            self._scale(frame)
            self._check_form(frame)
        self._step, self._last = max(frame.index - self._last, 1), frame.index
        start, stop = np.searchsorted(self._rows.frames, [frame.index, frame.index + 1])
        self.used += int(stop - start)
        return self._rows.select(np.arange(start, stop))

    def check_used(self, video: str, ended: bool) -> None:
        """Say what was not used once the frames have come.

        Args:
            video: its name, for the message.
            ended: no frame comes after those that were read.

        Raises:
            ValueError: there are boxes, and none of them lies in the frames that were read.
        """
        if self._given and self.used == 0:
            raise ValueError(f"{self._name}: none of its boxes lies in the frames that were read of {video}")
        late = int((self._rows.frames >= self._last + self._step).sum())
        if late and ended and not self._told:
            self._told = True
            logger.warning(
                "%s: %d of %d boxes lie beyond the last frame of %s, which is frame %d; not used",
                self._name,
                late,
                self._given,
                video,
                self._last + 1,
            )

    def _scale(self, frame: Frame) -> None:
        size = frame.width, frame.height
        if self._size is None or self._size == size:
            return
        logger.info(
            "%s: boxes of %d x %d pixels are scaled to the %d x %d of the video", self._name, *self._size, *size
        )
        self._rows = self._rows.scaled(self._size, size)

    def _check_form(self, frame: Frame) -> None:
        reason = odd_boxes(self._rows.boxes, frame.width, frame.height)
        if reason is not None:
            logger.warning("%s: %s", self._name, reason)
