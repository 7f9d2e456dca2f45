"""Describes the machine of a benchmark and measures its two limits: memory bandwidth and matrix multiplication."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import torch

Clock = Callable[[], float]
# "cpu" sums over threads; with one thread other programs hardly affect it.
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}
PACKAGES = ("torch", "transformers", "numpy", "onnxruntime")

READ_MEGABYTES = 256
MATRIX_SIZE = 1024


@dataclass(frozen=True)
class Machine:
    """The machine that figures were measured on.

    Attributes:
        processor: Its model name.
        cores: That this process may use.
        threads: Of torch.
        clock: A key of CLOCKS.
        load: Load average of the last minute, this process included; wall times are unreliable above `cores`.
        read_gigabytes_per_second: Memory bandwidth that torch reaches with these threads.
        multiply_gigaflops: The same for float32 matrix products.
        versions: Of Python and the packages used.
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
    """Measure the machine, which takes about a second.

    Args:
        clock: A key of CLOCKS.

    Returns:
        Its present state.

    Raises:
        ValueError: An unknown clock.
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
    """Look up a clock.

    Args:
        name: A key of CLOCKS.

    Returns:
        A function that returns seconds.

    Raises:
        ValueError: An unknown name.
    """
    if name not in CLOCKS:
        raise ValueError(f"clock is {name!r}; it takes {', '.join(CLOCKS)}")
    return CLOCKS[name]


class ReadSpeed:
    """Measures memory bandwidth by a float32 sum over a tensor far larger than the caches.

    Args:
        clock: Returns seconds.
        megabytes: Size of the tensor.
    """

    def __init__(self, clock: Clock = time.perf_counter, megabytes: int = READ_MEGABYTES) -> None:
        self._clock = clock
        self._numbers = torch.ones(megabytes * 1_000_000 // 4)
        self._numbers.sum()

    def measure(self) -> float:
        """Read once and return bytes per second."""
        start = self._clock()
        self._numbers.sum()
        return self._numbers.nbytes / (self._clock() - start)

    def median(self, readings: int) -> float:
        """Measure repeatedly.

        Args:
            readings: Number of measurements.

        Returns:
            The median in bytes per second.
        """
        return statistics.median(self.measure() for _ in range(readings))


def multiply_speed(clock: Clock = time.perf_counter, size: int = MATRIX_SIZE, repeats: int = 5) -> float:
    """Measure the product of two square float32 matrices.

    Args:
        clock: Returns seconds.
        size: Rows of the matrices.
        repeats: Number of measurements.

    Returns:
        The median in floating point operations per second.
    """
    left, right = torch.ones(size, size), torch.ones(size, size)
    left @ right
    speeds = []
    for _ in range(repeats):
        start = clock()
        left @ right
        speeds.append(2 * size**3 / (clock() - start))
    return statistics.median(speeds)


def spread(seconds: list[float]) -> float:
    """Relative range of repeated measurements.

    Args:
        seconds: Of each repeat.

    Returns:
        (largest - smallest) / median.
    """
    return (max(seconds) - min(seconds)) / statistics.median(seconds)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
