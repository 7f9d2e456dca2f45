"""What the service takes at most."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Limits:
    """Bounds of every job, and of all together.

    Attributes:
        megabytes: of a video file.
        minutes: of video.
        waiting: jobs that are received or wait; more are refused.
        running: jobs at a time.
        hours: that a finished job and its files are kept.

    Raises:
        ValueError: a bound is not above 0.
    """

    megabytes: float = 2048.0
    minutes: float = 60.0
    waiting: int = 20
    running: int = 1
    hours: float = 24.0

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if not value > 0:
                raise ValueError(f"{entry.name} is {value}; give a number above 0")

    @property
    def bytes(self) -> int:
        """Of a video file."""
        return int(self.megabytes * 1e6)


class RefusedError(ValueError):
    """A request that is not taken; the message is one line that says why and what to do.

    Args:
        message: that line.
        status: of HTTP.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
