"""Cuts of a film: where one shot ends and another begins, found on small pictures of the frames as they pass.

Two frames differ by the blocks of the one that are found nowhere near in the other (normalised correlation, which light does not
change), and by their colours. A cut is a difference far beyond those of the frames before. What differs is held back until it is
known whether the picture comes back: then it was a flash, or something that passed before the lens.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from smot_vlm.structures import Frame

# Small pictures, and their blocks, in pixels; how far a block is looked for to each side, between neighbouring frames and
# between frames that are _FAR seconds apart.
_SIZE = (96, 54)
_BLOCK = (16, 13)
_REACH, _REACH_FAR = (16, 9), (48, 27)
# Blocks of less contrast (grey levels) look alike everywhere; a picture with fewer others shows nothing to compare.
_LEAST_CONTRAST = 3.0
_FEWEST_BLOCKS = 3
# Cells of the colours: lightness, and the two opponent axes of CIELAB.
_CELLS = (8, 16, 16)
# Mean change of grey levels below which nothing else is looked at.
_STILL = 2.0
# Least difference of a cut between neighbouring frames, and between frames that are at least _FAR seconds apart, of a film
# of which no difference is known yet. Chosen on 62 made cuts and 1,700 pairs of uncut frames at 25 a second (uncut at most
# 0.29, cuts from 0.61), and on pans of half a picture a second at 2 a second.
_LEAST, _LEAST_FAR, _FAR = 0.45, 0.95, 0.5
# Beyond the largest of so many differences before it.
_ABOVE_RECENT, _RECENT = 0.2, 8
# A film of so many known differences is judged by them alone.
_FEW = 3
# A picture that comes back within so many seconds was only hidden.
_HIDDEN_SECONDS = 0.3


@dataclass(frozen=True, eq=False)
class Look:
    """What is compared of a frame.

    Attributes:
        time_seconds: of the frame.
        grey: uint8 of _SIZE.
        colours: shares of the picture, smoothed, of shape _CELLS.
    """

    time_seconds: float
    grey: np.ndarray
    colours: np.ndarray

    @classmethod
    def of(cls, frame: Frame) -> "Look":
        """Look at a frame.

        Args:
            frame: any.

        Returns:
            The look.
        """
        small = cv2.resize(frame.image, _SIZE, interpolation=cv2.INTER_AREA)
        lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
        counts = cv2.calcHist([lab], [0, 1, 2], None, list(_CELLS), [0, 256] * 3)
        for axis in range(3):
            before, after = np.roll(counts, 1, axis), np.roll(counts, -1, axis)
            np.moveaxis(before, axis, 0)[0] = 0
            np.moveaxis(after, axis, 0)[-1] = 0
            counts = (before + 2 * counts + after) / 4
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
        return cls(frame.time_seconds, grey, counts / max(float(counts.sum()), 1e-9))


def difference(before: Look, now: Look) -> float | None:
    """How much two frames differ.

    Args:
        before: a look.
        now: a later one.

    Returns:
        0 for the same picture, about 1 for another one; None where one of them shows nothing (black, or all light).
    """
    if float(cv2.absdiff(before.grey, now.grey).mean()) < _STILL:
        return 0.0
    share = min((now.time_seconds - before.time_seconds) / _FAR, 1.0)
    reach = [round(near + (far - near) * share) for near, far in zip(_REACH, _REACH_FAR, strict=True)]
    found = [_found(before.grey, now.grey, reach), _found(now.grey, before.grey, reach)]
    if None in found:
        return None
    lost = 1 - float(np.mean([share for share in found if share is not None]))
    return lost + 1 - float(np.minimum(before.colours, now.colours).sum())


def _found(before: np.ndarray, now: np.ndarray, reach: Sequence[int] = _REACH) -> float | None:
    """How well the blocks of a picture are found in another one; None where it has too few."""
    shares = []
    (width, height), (across, down) = _BLOCK, reach
    for top in range(0, now.shape[0] - height + 1, height):
        for left in range(0, now.shape[1] - width + 1, width):
            block = now[top : top + height, left : left + width]
            if float(block.std()) < _LEAST_CONTRAST:
                continue
            near = before[max(top - down, 0) : top + height + down, max(left - across, 0) : left + width + across]
            likeness = cv2.matchTemplate(near, block, cv2.TM_CCOEFF_NORMED)
            shares.append(float(np.nan_to_num(likeness, nan=0.0, posinf=0.0, neginf=0.0).max()))
    return float(np.mean(shares)) if len(shares) >= _FEWEST_BLOCKS else None


class CutFinder:
    """Tells of each frame of a film whether a shot begins with it."""

    def __init__(self) -> None:
        self._shown: Look | None = None
        self._recent: deque[float] = deque(maxlen=_RECENT)

    def watch(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
        """Pass frames on. Those that look like another shot are held back for _HIDDEN_SECONDS, at least for one frame.

        Args:
            frames: in order of time.

        Yields:
            Each frame, and whether it is the first of a shot; the first frame of all is not.
        """
        source = iter(frames)
        waiting: deque[tuple[Frame, Look]] = deque()
        while waiting or (following := next(source, None)) is not None:
            if not waiting:
                assert following is not None
                waiting.append((following, Look.of(following)))
            frame, look = waiting[0]
            if not self._is_other(look):
                waiting.popleft()
                yield frame, False
                continue
            hidden = self._hidden(waiting, source)
            for _ in range(hidden):
                yield waiting.popleft()[0], False
            if not hidden:
                waiting.popleft()
                self._shown = look
                self._recent.clear()
                yield frame, True

    def _is_other(self, look: Look) -> bool:
        """Whether a look may begin another shot; else it is the one that the next is compared with."""
        if self._shown is None:
            self._shown = look
            return False
        apart = difference(self._shown, look)
        if apart is None:
            # Nothing is seen: what comes after it is compared with what was there before.
            if _found(self._shown.grey, self._shown.grey) is None:
                self._shown = look
            return False
        if apart > self._least(look.time_seconds - self._shown.time_seconds):
            return True
        self._shown = look
        self._recent.append(apart)
        return False

    def _hidden(self, waiting: deque[tuple[Frame, Look]], source: Iterator[Frame]) -> int:
        """How many frames, from the first one that waits, only hide the shot before; takes in as many as that needs.

        Where the film ends before it is known, nothing is cut.
        """
        assert self._shown is not None
        end = waiting[0][1].time_seconds + _HIDDEN_SECONDS
        place = 1
        while True:
            if place == len(waiting):
                frame = next(source, None)
                if frame is None:
                    return len(waiting)
                waiting.append((frame, Look.of(frame)))
            look = waiting[place][1]
            apart = difference(self._shown, look)
            if apart is not None and apart <= self._least(look.time_seconds - self._shown.time_seconds):
                return place
            if look.time_seconds >= end:
                return 0
            place += 1

    def _least(self, seconds: float) -> float:
        """The least difference of a cut between frames so far apart."""
        if len(self._recent) >= _FEW:
            return max(_LEAST, max(self._recent) + _ABOVE_RECENT)
        return _LEAST + (_LEAST_FAR - _LEAST) * min(seconds / _FAR, 1.0)
