"""Encoding in a thread of its own, so that the next frame is drawn meanwhile."""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Frame = TypeVar("Frame")

# Frames that wait for the encoder: enough that neither side waits for the other because of a single slow frame.
_WAITING = 4


class EncodingThread(Generic[Frame]):
    """Encodes frames in their order. What the encoder raises is raised by the next call here.

    Args:
        encode: called in the thread, with each frame and at the end with None.
    """

    def __init__(self, encode: Callable[[Frame | None], None]) -> None:
        self._encode = encode
        self._frames: queue.Queue[Frame | None] = queue.Queue(_WAITING)
        self._error: BaseException | None = None
        self._stopped = False
        # A daemon: a disk that hangs must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="encoding", daemon=True)
        self._thread.start()

    def put(self, frame: Frame) -> None:
        """Hand over the next frame; waits where the encoder is far behind.

        Args:
            frame: not to be changed any more.
        """
        self._frames.put(frame)
        self._raise_error()

    def finish(self) -> None:
        """Wait until all frames are encoded."""
        self._frames.put(None)
        self._thread.join()
        self._raise_error()

    def stop(self) -> None:
        """Wait for the frame in work and let the others go."""
        self._stopped = True
        self._frames.put(None)
        self._thread.join()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while True:
            frame = self._frames.get()
            # After an error, too, frames are taken, so that nobody waits for room.
            if self._error is None and not self._stopped:
                try:
                    self._encode(frame)
                except BaseException as error:
                    self._error = error
            if frame is None:
                return
