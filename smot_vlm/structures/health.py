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
