"""How many frames have passed between two frames of a video, by their times."""

# Timestamps are rounded (WebM's to milliseconds): a step so near to a whole number of frames is that number.
ROUNDING = 0.1


class ElapsedFrames:
    """Turns the times of frames into the steps of an associator.

    Args:
        fps: The rate at which steps are counted.
    """

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._last_seconds: float | None = None

    def since_last(self, seconds: float) -> float:
        """The step to the next frame.

        Args:
            seconds: Its time, after that of the frame before.

        Returns:
            In frames at the rate: 1 for the first frame of the video, and wherever the times are even.
        """
        before, self._last_seconds = self._last_seconds, seconds
        if before is None:
            return 1.0
        elapsed = (seconds - before) * self._fps
        whole = round(elapsed)
        return float(whole) if whole >= 1 and abs(elapsed - whole) <= ROUNDING else elapsed
