"""How a camera or an address without end is doing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Health:
    """What happened to a live source so far, and how it is now.

    Attributes:
        connected: whether it is open and its pictures come.
        frames: that came from it, dropped ones included.
        dropped: of these, how many were let go because they came more quickly than they were described.
        stalls: how often no picture came in time.
        reconnects: how often it was opened again.
        resizes: how often its pictures changed their size; they are scaled to the first one.
        clock_jumps: how often its timestamps were not believed.
        lag_seconds: how long the newest frame that was handed on had waited.
        fps: frames a second that came lately.
    """

    connected: bool = True
    frames: int = 0
    dropped: int = 0
    stalls: int = 0
    reconnects: int = 0
    resizes: int = 0
    clock_jumps: int = 0
    lag_seconds: float = 0.0
    fps: float = 0.0


@dataclass(frozen=True)
class WordsHealth:
    """How the words and sights are doing that are made beside a stream, whose boxes do not wait for them.

    Attributes:
        written: descriptions so far.
        replaced: that were due while another one was being written, and gave way to a newer one.
        failed: that could not be written.
        error: why the newest work failed, in one line; empty where it did not.
        seconds: of the newest frame that the newest description tells of; None before the first one.
        sights: that were made.
        sights_replaced: that gave way to a newer one.
        sights_failed: that could not be made.
    """

    written: int = 0
    replaced: int = 0
    failed: int = 0
    error: str = ""
    seconds: float | None = None
    sights: int = 0
    sights_replaced: int = 0
    sights_failed: int = 0
