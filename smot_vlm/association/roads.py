"""The two roads of an associator: numpy at once, machine code once a process has linked enough to be worth loading it.

Both give the same ids and boxes to the last bit, so a video may change roads on its way.
"""

import time
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np

from smot_vlm.structures import Detections

if TYPE_CHECKING:
    from smot_vlm.association.compiled.core import Core

# Loading machine code takes about a second, compiling it the first time half a minute of another thread: neither is
# begun before numpy has worked for so long.
PATIENCE_SECONDS = 3.0


class Loading:
    """Loads the machine code of all associators, in a thread of its own, when numpy has worked for long enough.

    Args:
        patience: Seconds of numpy's work, those of all videos of the process together.
    """

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._left = patience
        self._thread: Thread | None = None
        self.is_done = False

    def worked(self, seconds: float) -> None:
        """Count a frame linked by numpy.

        Args:
            seconds: How long it took.
        """
        self._left -= seconds
        if self._left <= 0 and self._thread is None:
            self._thread = Thread(target=self._load, name="compile-association", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait for the thread, where it was started."""
        if self._thread is not None:
            self._thread.join()

    def _load(self) -> None:
        self.is_done = load_compiled()


LOADING = Loading()


def load_compiled() -> bool:
    """Load the machine code, or compile it and keep it for other processes.

    Returns:
        Whether there is any: numba is not installed, or does not work here, where there is none.
    """
    try:
        from smot_vlm.association.compiled.loading import load
    except ImportError:
        return False
    load()
    return True


class TwoRoads:
    """Base of the associators that have both roads.

    Args:
        compiled: Machine code from the first frame on (True), numpy for good (False), or numpy until loading pays (None).

    Raises:
        ImportError: `compiled` is True and numba is not installed.
    """

    def __init__(self, compiled: bool | None) -> None:
        if compiled and not load_compiled():
            raise ImportError("compiled is True and numba is not installed; pip install numba, or leave compiled out")
        self._compiled = compiled
        self._core: Core | None = None

    def update(
        self,
        detections: Detections,
        image: np.ndarray | None = None,  # noqa: ARG002
        elapsed: float = 1.0,
    ) -> Detections:
        """Link the detections of the next frame; `image` is not used."""
        if self._core is not None:
            return self._core.update(detections, elapsed)
        if self._compiled or (self._compiled is None and LOADING.is_done):
            self._core = self._compiled_core()
            return self._core.update(detections, elapsed)
        if self._compiled is False:
            return self._link(detections, elapsed)
        start = time.perf_counter()
        linked = self._link(detections, elapsed)
        LOADING.worked(time.perf_counter() - start)
        return linked

    def _link(self, detections: Detections, elapsed: float) -> Detections:
        """Link a frame by numpy."""
        raise NotImplementedError

    def _compiled_core(self) -> "Core":
        """The other road, from the present state on."""
        raise NotImplementedError
