"""Windows and descriptions of a video without end, written as it runs: the watching does not wait for the disk."""

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial

from smot_vlm.formats.documents import reason
from smot_vlm.models.windows import Window, Windows
from smot_vlm.output.rolling_files import RollingFiles, RollingSettings, window_line
from smot_vlm.rules.background import Background
from smot_vlm.structures import Description, Detections, Frame, Health, ModelInfo, Sight, VideoInfo

# Files that may wait for being written.
_CAPACITY = 64
_LAST_SECONDS = 60.0


class Rolling:
    """Takes in a video frame by frame, and writes what it tells.

    Args:
        settings: what is written, and where.
        video: its name, size and rate.
        model: who describes, until a description says it.
        began: when the video began; None where that is not known.
        say: called with a line where writing begins to fail.
        clock: seconds that pass, of a clock that nobody sets.

    Raises:
        OSError: the folder cannot be made or written.
    """

    def __init__(
        self,
        settings: RollingSettings,
        video: VideoInfo,
        model: ModelInfo,
        began: datetime | None,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._files = RollingFiles(settings, began)
        self._windows = Windows(settings.window_seconds, video, model)
        self._clock = clock
        self._seconds = 0.0
        self._arrived = clock()
        self._health: Health | None = None
        self._background: Background[Callable[[], None]] = Background(
            lambda write: write(),
            capacity=_CAPACITY,
            on_failure=lambda error: say(f"windows in {settings.folder}: {reason(error)}"),
        )

    def add(
        self,
        frame: Frame,
        people: Detections,
        sight: Sight | None = None,
        description: Description | None = None,
        health: Health | None = None,
    ) -> None:
        """Take in a frame, and write the windows that ended before it.

        Args:
            frame: later than those before.
            people: in it, with ids.
            sight: that came with it; None: none did.
            description: that came with it; None: none did.
            health: of a live source.
        """
        self._end_windows(frame.time_seconds)
        self._seconds, self._arrived, self._health = frame.time_seconds, self._clock(), health
        self._windows.add(frame, people, sight, description)

    def wait(self, health: Health) -> None:
        """Write the windows that have ended while no frame comes.

        Args:
            health: of the live source.
        """
        self._health = health
        self._end_windows(self._seconds + self._clock() - self._arrived)

    def close(self) -> str:
        """Write what is in progress, and end.

        Returns:
            How many files were not written, in a line; empty where all were.
        """
        self._write(self._windows.close(self._seconds))
        self._describe()
        self._background.close(_LAST_SECONDS)
        missing = self._background.failed + self._background.dropped
        return f"windows in {self._settings.folder}: {missing} not written" if missing else ""

    def _end_windows(self, seconds: float) -> None:
        window = self._windows.ended(seconds)
        if window is not None:
            self._write(window)
            if seconds - self._windows.period_from >= self._settings.every_seconds:
                self._describe()

    def _describe(self) -> None:
        period = self._windows.period_from
        self._background.add(partial(self._files.write_description, self._windows.describe(), period))

    def _write(self, window: Window) -> None:
        line = window_line(window.description, window.from_seconds, window.to_seconds, window.frames)
        line["from_time"] = self._files.time_of(window.from_seconds)
        line["health"] = None if self._health is None else asdict(self._health)
        self._background.add(partial(self._files.write_window, line, self._windows.period_from))
