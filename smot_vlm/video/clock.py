"""Times of frames: seconds from timestamps, the rate that timestamps have, and times as few numbers."""

import statistics
from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from av.video.stream import VideoStream

from smot_vlm.video.packets import Packet
from smot_vlm.video.sources import DEFAULT_FPS

# A stated rate that differs from the timestamps by more is wrong.
_RATE_TOLERANCE = 0.03
# Rates above are a container's clock, not a camera's: milliseconds read as frames.
_MAX_GUESSED_FPS = 240
MAX_FPS = 1000
# A step back of more is a stream that starts anew (joined recordings), and of less a disorder of neighbours.
_RESTART_SECONDS = 0.5
# Of a period: so soon after the frame before comes one that is out of order.
_OUT_OF_ORDER_STEP = 0.01
# A step ahead of more is a damaged timestamp.
_MAX_GAP_SECONDS = 86400.0


class Clock:
    """Presentation times of one stream in seconds: 0 for the first frame, then always ascending.

    Attributes:
        jumps: how often the timestamps started anew.

    Args:
        time_base: seconds of one unit of a timestamp.
        fps: frames a second, for frames without a usable timestamp.
    """

    def __init__(self, time_base: float, fps: float) -> None:
        self.jumps = 0
        self._time_base = float(time_base)
        self.period = 1 / fps
        self._origin: float | None = None
        self._previous: float | None = None
        self._previous_pts: int | None = None

    def seconds(self, pts: int | None, may_restart: bool = True) -> float:
        """Time of the next frame.

        A frame without a timestamp, or with that of the frame before, comes one period later. One that is out of order
        comes at once, so that those after it keep their times. Where the timestamps start anew (joined recordings),
        the times go on from there.

        Args:
            pts: the frame's timestamp in time bases, or None.
            may_restart: false where damage explains a disorder.

        Returns:
            Seconds from the first frame on.
        """
        if self._previous is None:
            self._origin = None if pts is None else pts * self._time_base
            self._previous, self._previous_pts = 0.0, pts
            return 0.0
        expected = self._previous + self.period
        seconds = expected
        if pts is not None:
            time = pts * self._time_base
            if self._origin is None:
                self._origin = time - expected
            seconds = time - self._origin
            step = seconds - self._previous
            repeated = pts == self._previous_pts
            self._previous_pts = pts
            if step > _MAX_GAP_SECONDS or (step < -_RESTART_SECONDS and may_restart):
                self._origin = time - expected
                seconds = expected
                self.jumps += 1
            elif step <= 0:
                seconds = expected if repeated else self._previous + _OUT_OF_ORDER_STEP * self.period
        self._previous = seconds
        return seconds


class Rate(NamedTuple):
    """How frames follow each other in a stream.

    Attributes:
        fps: frames a second.
        is_known: stated or measured, rather than assumed.
        has_times: whether its timestamps are times; false where damage makes them too dense for any camera.
    """

    fps: float
    is_known: bool
    has_times: bool = True


def stream_rate(stream: VideoStream, packets: Iterable[Packet], fps: float | None) -> Rate:
    """The rate of a stream.

    The container's average counts, unless the timestamps contradict it; an index of all frames (MP4) is made of the
    timestamps and always counts.

    Args:
        stream: the stream.
        packets: its first packets.
        fps: used where neither the container nor the timestamps give a rate.

    Returns:
        The rate.
    """
    stated = stream.average_rate
    average = float(stated) if stated and 0 < stated <= MAX_FPS else None
    steps = _steps(packets, float(stream.time_base or 0))
    if steps and statistics.median(steps) < 1 / MAX_FPS:
        return Rate(average or fps or DEFAULT_FPS, average is not None, has_times=False)
    if average and stream.frames and stream.duration and stream.index_entries:
        return Rate(average, True)
    # Lost packets lower the mean, and a coarse clock moves the median: only both together are a contradiction.
    measured = (1 / statistics.mean(steps), 1 / statistics.median(steps)) if steps else ()
    if measured and (not average or all(abs(rate / average - 1) > _RATE_TOLERANCE for rate in measured)):
        return Rate(measured[0], True)
    if average:
        return Rate(average, True)
    guessed = next((float(r) for r in (stream.guessed_rate, stream.base_rate) if r and 0 < r <= _MAX_GUESSED_FPS), None)
    return Rate(guessed, True) if guessed and not fps else Rate(fps or DEFAULT_FPS, False)


def _steps(packets: Iterable[Packet], time_base: float) -> list[float]:
    """Seconds from each packet to the next, as far as the timestamps ascend."""
    stamps = [packet.pts if packet.dts is None else packet.dts for packet in packets if packet.size]
    known = [stamp for stamp in stamps if stamp is not None]
    steps = [(later - earlier) * time_base for earlier, later in pairwise(known)]
    return [step for step in steps if 0 < step < _MAX_GAP_SECONDS]


class TimesLog:
    """The times of frames as (index, seconds) pairs between which they are linear, to within `TOLERANCE_SECONDS`.

    A pair is kept where the next frame leaves the cone of lines that fit all frames since the pair before.

    Args:
        fps: where index / fps gives all times, no pair is kept.
    """

    TOLERANCE_SECONDS = 0.002

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._constant = True
        self._pairs: list[tuple[int, float]] = []
        self._last: tuple[int, float] | None = None
        self._low, self._high = 0.0, float("inf")

    def add(self, index: int, seconds: float) -> None:
        """Note the next frame.

        Args:
            index: above those before.
            seconds: its time.
        """
        tolerance = self.TOLERANCE_SECONDS
        if self._constant and abs(seconds - index / self._fps) > tolerance:
            self._constant = False
        if self._last is None:
            self._pairs.append((index, seconds))
        else:
            anchor, anchor_seconds = self._pairs[-1]
            if not self._low <= (seconds - anchor_seconds) / (index - anchor) <= self._high:
                self._pairs.append(self._last)
                anchor, anchor_seconds = self._last
                self._low, self._high = 0.0, float("inf")
            steps, ahead = index - anchor, seconds - anchor_seconds
            self._low = max(self._low, (ahead - tolerance) / steps)
            self._high = min(self._high, (ahead + tolerance) / steps)
        self._last = (index, seconds)

    def drop_before(self, index: int) -> None:
        """Let go of the times of older frames.

        Args:
            index: the first frame whose time stays known.
        """
        first = max(bisect_right(self._pairs, (index, float("inf"))) - 1, 0)
        del self._pairs[:first]

    def pairs(self, fps: float) -> tuple[tuple[int, float], ...]:
        """What was noted.

        Args:
            fps: the rate as it is known now.

        Returns:
            The pairs, or nothing where index / fps gives all times.
        """
        if self._last is None or (self._constant and abs(fps / self._fps - 1) < 1e-6):
            return ()
        return tuple(self._pairs) if self._pairs[-1] == self._last else (*self._pairs, self._last)
