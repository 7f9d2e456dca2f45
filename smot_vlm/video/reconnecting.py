"""A camera or an address that goes on through whatever happens to it: a thread reads it, and opens it again when it fails.

The watchdog is in the reading itself, which ends when no picture comes in time (see `frames_of_stream`).
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from smot_vlm.structures import Health, LazyImage
from smot_vlm.system.printing import counted
from smot_vlm.video.container import ContainerSource
from smot_vlm.video.damage import Damage
from smot_vlm.video.decoding import no_picture
from smot_vlm.video.frame_queue import FrameQueue
from smot_vlm.video.live_clock import LiveClock, RateMeter
from smot_vlm.video.packets import NO_ANSWER
from smot_vlm.video.sources import Picture, Source

logger = logging.getLogger(__name__)

# Between two looks at whether the watching is to end, while no picture comes.
_LOOK_SECONDS = 0.25
_KEPT_DAMAGE_SECONDS = 3600.0
# Between two lines about frames that are dropped.
_SAY_SECONDS = 60.0
# A reading thread that waits for the network is left to itself after so long.
_END_SECONDS = 1.0


@dataclass(frozen=True)
class LiveSettings:
    """How a camera or an address without end is kept.

    Attributes:
        stall_seconds: without a picture for so long it is opened again.
        first_pause_seconds: before it is opened again; each further try waits twice as long, shortened by chance.
        longest_pause_seconds: no try waits longer.
        queue_frames: that may wait to be described.
        drop: let the oldest of more go; else the source waits, as suits a server that sends a recording.
        on_wait: called a few times a second while no picture comes; returning False ends the video.
    """

    stall_seconds: float = 10.0
    first_pause_seconds: float = 0.5
    longest_pause_seconds: float = 30.0
    queue_frames: int = 8
    drop: bool = True
    on_wait: Callable[[Health], bool | None] | None = None

    def __post_init__(self) -> None:
        for name in ("stall_seconds", "first_pause_seconds", "longest_pause_seconds", "queue_frames"):
            value = getattr(self, name)
            if not 0 < value < float("inf"):
                raise ValueError(f"{name} is {value}; it takes a number above 0")


class _Taken(NamedTuple):
    """A picture in the queue."""

    picture: Picture
    arrived: float
    damaged: bool
    connection: int


class ReconnectingSource:
    """A live source that ends only when it is closed; it fulfils `Source`.

    Attributes:
        connection: how often it was opened again before the picture that was handed on last.

    Args:
        first: opened.
        reopen: opens it again.
        settings: how it is kept.
    """

    rereadable = False
    count: int | None = None
    connection = 0

    def __init__(self, first: ContainerSource, reopen: Callable[[], ContainerSource], settings: LiveSettings) -> None:
        self.name = first.name
        self.fps = first.fps
        self.damage = Damage()
        self.end_reason: str | None = None
        self._first = first
        self._reopen = reopen
        self._settings = settings
        self._queue: FrameQueue[_Taken] = FrameQueue(settings.queue_frames, settings.drop)
        self._clock = LiveClock(1 / first.fps, settings.stall_seconds)
        self._rate = RateMeter()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._read, name=f"reads {self.name}", daemon=True)
        self._error: Exception | None = None
        self._connected = True
        self._frames = self._stalls = self._reconnects = self._resizes = self._jumps = 0
        self._lag = 0.0
        # Of the pictures that are handed on, and of those that come.
        self._size: tuple[int, int] | None = None
        self._coded_size: tuple[int, int] | None = None
        self._said_at = -_SAY_SECONDS

    @property
    def health(self) -> Health:
        """As of now."""
        return Health(
            self._connected,
            self._frames,
            self._queue.dropped,
            self._stalls,
            self._reconnects,
            self._resizes,
            self._jumps + self._clock.jumps,
            self._lag,
            self._rate.fps if self._connected else 0.0,
        )

    def pictures(self) -> Iterator[Picture]:
        """Every picture that is not dropped, in order of time."""
        self._thread.start()
        while not self._queue.is_over:
            taken = self._queue.take(_LOOK_SECONDS)
            if taken is None:
                if self._settings.on_wait is not None and self._settings.on_wait(self.health) is False:
                    return
                continue
            picture = taken.picture
            self._lag = time.monotonic() - taken.arrived
            self.connection = taken.connection
            if taken.damaged:
                self.damage.add(picture.time_seconds, picture.time_seconds + 1 / self.fps)
                self.damage.drop_before(picture.time_seconds - _KEPT_DAMAGE_SECONDS)
            yield picture._replace(image=partial(self._fitting, picture.image))
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """End the reading and close the source."""
        self._closing.set()
        self._queue.end()
        if self._thread.is_alive():
            self._thread.join(_END_SECONDS)
        elif not self._thread.ident:
            self._first.close()

    def _read(self) -> None:
        """The reading thread: connection after connection."""
        source: ContainerSource | None = self._first
        try:
            while source is not None:
                try:
                    self._read_connection(source)
                finally:
                    source.close()
                if self._closing.is_set():
                    return
                if not self._frames:
                    # What never gave a picture is no camera.
                    self.end_reason = source.end_reason or "it ended"
                    return
                self._connected = False
                self._stalls += source.end_reason in (NO_ANSWER, no_picture(self._settings.stall_seconds))
                logger.warning("%s: %s; it is opened again", self.name, source.end_reason or "it ended")
                source = self._connect()
        except Exception as error:
            self._error = error
        finally:
            self._queue.end()

    def _read_connection(self, source: ContainerSource) -> None:
        """Hand on the pictures of one connection."""
        jumps = 0
        for picture in source.pictures():
            arrived = time.monotonic()
            stamp = picture.time_seconds if source.states_times else None
            seconds = self._clock.seconds(stamp)
            self._frames += 1
            self._rate.count()
            self._resizes += self._coded_size not in (None, source.size)
            self._coded_size = source.size
            self._jumps += source.clock_jumps - jumps
            jumps = source.clock_jumps
            if not self._connected:
                self._connected = True
                logger.warning("%s: pictures come again", self.name)
            damaged = source.damage.is_open
            source.damage.drop_before(picture.time_seconds - _KEPT_DAMAGE_SECONDS)
            if self._queue.put(_Taken(picture._replace(time_seconds=seconds), arrived, damaged, self._reconnects)):
                self._tell_dropping(arrived)
            if self._closing.is_set():
                return

    def _connect(self) -> ContainerSource | None:
        """Open it again, with longer and longer pauses; None where the source is closed meanwhile."""
        pause = self._settings.first_pause_seconds
        while not self._closing.wait(pause * random.uniform(0.5, 1.0)):
            try:
                source = self._reopen()
            except (OSError, ValueError) as error:
                logger.debug("%s", error)
                pause = min(2 * pause, self._settings.longest_pause_seconds)
                continue
            self._reconnects += 1
            self._clock.reconnect()
            return source
        return None

    def _tell_dropping(self, now: float) -> None:
        if now - self._said_at >= _SAY_SECONDS:
            self._said_at = now
            logger.warning(
                "%s: pictures come more quickly than they are described; %s dropped so far",
                self.name,
                counted(self._queue.dropped, "frame"),
            )

    def _fitting(self, make: Callable[[], np.ndarray | LazyImage]) -> np.ndarray | LazyImage:
        """A picture in the size of the first one."""
        image = make()
        height, width = image.shape[:2]
        if self._size is None:
            self._size = width, height
        if (width, height) == self._size:
            return image
        return fitted(image.array if isinstance(image, LazyImage) else image, *self._size)


def fitted(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """A picture in another size, its people in their proportions, black where it does not reach.

    Args:
        image: RGB uint8 (height, width, 3).
        width: to have.
        height: to have.

    Returns:
        RGB uint8 (height, width, 3).
    """
    scale = min(width / image.shape[1], height / image.shape[0])
    inner = min(max(round(image.shape[1] * scale), 1), width), min(max(round(image.shape[0] * scale), 1), height)
    shown = cv2.resize(image, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if inner == (width, height):
        return np.asarray(shown)
    whole = np.zeros((height, width, 3), np.uint8)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    whole[top : top + inner[1], left : left + inner[0]] = shown
    return whole


def keep_open(open_source: Callable[[float], ContainerSource], settings: LiveSettings) -> Source:
    """A camera or an address, opened; where it is a stream without end, it is opened again whenever it fails.

    Args:
        open_source: opens it, with how long to wait for a picture in seconds.
        settings: how it is kept.

    Returns:
        The source; of what states its length (a file on a web server), the plain one.

    Raises:
        ValueError, OSError: it cannot be opened the first time.
    """
    reopen = partial(open_source, settings.stall_seconds)
    first = reopen()
    return first if first.count is not None else ReconnectingSource(first, reopen, settings)
