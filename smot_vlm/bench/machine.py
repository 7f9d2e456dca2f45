"""What the figures were measured on, with its two physical limits: reading memory and multiplying matrices."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import torch

Clock = Callable[[], float]
# What seconds are counted with. "cpu" adds up the threads; with one thread it is hardly disturbed by other programs.
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}
PACKAGES = ("torch", "transformers", "numpy", "onnxruntime")

READ_MEGABYTES = 256
MATRIX_SIZE = 1024


@dataclass(frozen=True)
class Machine:
    """cores: that this process may use. threads: of torch. clock: what seconds are counted with.

    load: programs that wanted a core in the last minute, ours included; above the cores, wall times are noise.
    read_gigabytes_per_second, multiply_gigaflops: as torch reaches them with these threads, float32.
    versions: of Python and the packages that do the work.
    """

    processor: str
    cores: int
    threads: int
    clock: str
    load: float
    read_gigabytes_per_second: float
    multiply_gigaflops: float
    versions: dict[str, str]


def measure_machine(clock: str = "wall") -> Machine:
    """The machine as it is now; takes about a second.

    Raises:
        ValueError: an unknown clock.
    """
    seconds = find_clock(clock)
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        clock=clock,
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan"),
        read_gigabytes_per_second=ReadSpeed(seconds).median(5) / 1e9,
        multiply_gigaflops=multiply_speed(seconds) / 1e9,
        versions={"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    )


def find_clock(name: str) -> Clock:
    """The clock called `name`.

    Raises:
        ValueError: an unknown name.
    """
    if name not in CLOCKS:
        raise ValueError(f"clock is {name!r}; it takes {', '.join(CLOCKS)}")
    return CLOCKS[name]


class ReadSpeed:
    """How fast a tensor far larger than the caches is read, in bytes a second: one float32 sum over it."""

    def __init__(self, clock: Clock = time.perf_counter, megabytes: int = READ_MEGABYTES) -> None:
        self._clock = clock
        self._numbers = torch.ones(megabytes * 1_000_000 // 4)
        self._numbers.sum()

    def measure(self) -> float:
        """One reading."""
        start = self._clock()
        self._numbers.sum()
        return self._numbers.nbytes / (self._clock() - start)

    def median(self, readings: int) -> float:
        return statistics.median(self.measure() for _ in range(readings))


def multiply_speed(clock: Clock = time.perf_counter, size: int = MATRIX_SIZE, repeats: int = 5) -> float:
    """Floating point operations a second of a product of two square float32 matrices, the median."""
    left, right = torch.ones(size, size), torch.ones(size, size)
    left @ right
    speeds = []
    for _ in range(repeats):
        start = clock()
        left @ right
        speeds.append(2 * size**3 / (clock() - start))
    return statistics.median(speeds)


def spread(seconds: list[float]) -> float:
    """How far repeats lie apart: (largest - smallest) / median."""
    return (max(seconds) - min(seconds)) / statistics.median(seconds)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
