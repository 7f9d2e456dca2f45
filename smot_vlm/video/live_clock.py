"""Times of the frames of a source that is opened again and again: those of its timestamps, as far as they can be believed."""

import time
from collections import deque
from collections.abc import Callable

# A step of timestamps that is longer than the time that passed, by more, is no step of time. Servers send what they hold
# in bursts, so that a little more is.
_JUMP_SECONDS = 5.0
# Of a period: the least time between two frames.
_LEAST_STEP = 0.01


class LiveClock:
    """Seconds since the first frame, always ascending, through any number of connections.

    Within a connection times go by the timestamps; where these fall behind the time that passed, or jump ahead of it, and
    after each connection, they go on from the time that passed.

    Attributes:
        jumps: how often timestamps were not believed.

    Args:
        period: seconds from frame to frame where nothing else is known.
        behind_seconds: timestamps may fall behind by so much.
        now: seconds that passed, of a clock that nobody sets.
    """

    def __init__(self, period: float, behind_seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self.jumps = 0
        self._period = period
        self._behind = behind_seconds
        self._now = now
        self._origin: float | None = None
        self._arrived = 0.0
        self._seconds = 0.0
        self._stamp: float | None = None

    def reconnect(self) -> None:
        """Another connection begins: its timestamps have nothing to do with those before."""
        self._stamp = None

    def seconds(self, stamp: float | None) -> float:
        """Time of a frame that came just now.

        Args:
            stamp: its time in seconds by this connection; None where it states none: it is as of now.

        Returns:
            Seconds since the first frame.
        """
        now = self._now()
        waited, self._arrived = now - self._arrived, now
        before, self._stamp = self._stamp, stamp
        if self._origin is None:
            self._origin = now
            return 0.0
        passed = now - self._origin
        least = self._seconds + self._period * _LEAST_STEP
        if stamp is None:
            seconds = passed
        elif before is None:
            seconds, least = passed, self._seconds + self._period
        elif stamp - before > waited + _JUMP_SECONDS:
            self.jumps += 1
            seconds = self._seconds + max(waited, self._period)
        else:
            seconds = self._seconds + stamp - before
        if passed - seconds > self._behind:
            self.jumps += 1
            seconds = passed
        self._seconds = max(seconds, least)
        return self._seconds


class RateMeter:
    """How many frames a second came lately.

    Args:
        capacity: frames over which it is measured.
        now: seconds, of a clock that nobody sets.
    """

    def __init__(self, capacity: int = 64, now: Callable[[], float] = time.monotonic) -> None:
        self._times: deque[float] = deque(maxlen=capacity)
        self._now = now

    def count(self) -> None:
        """A frame came."""
        self._times.append(self._now())

    @property
    def fps(self) -> float:
        """Frames a second up to now: it falls while none comes."""
        times = tuple(self._times)
        if len(times) < 2:
            return 0.0
        # Up to the newest frame, or longer where the next one is overdue.
        newest = times[-1] - times[0]
        typical = newest / (len(times) - 1)
        late = self._now() - times[-1] - 2 * typical
        return (len(times) - 1) / max(newest + max(late, 0.0), 1e-6)
