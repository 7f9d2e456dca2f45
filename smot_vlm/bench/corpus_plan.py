"""How many machines a corpus needs, from the measured costs of its parts.

The formula, for N videos of M minutes in D days, on machines of the kind that was measured:

    t_k(m) = a_k + b_k m                 seconds of part k for a video of m seconds; a_k and b_k by least squares over the videos
                                         measured, neither below 0
    T      = o + sum over k of t_k(60 M) seconds that a worker has a video; o: beside describing it
    e      = speed of w workers on a machine / (w times the speed of one), measured
    S(P)   = L + (N + (P - 1) / 2) T / (P e)
                                         seconds that P workers need: all loaded after L, N T of work shared among them, and at
                                         the end half a video each, while others end
    P      = smallest for which S(P) is at most 86400 D
    machines = P / w, rounded up
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smot_vlm.bench.corpus_records import REST, Work

_DAY = 86400.0
_MINUTE = 60.0


@dataclass(frozen=True)
class StageCost:
    """What one part costs.

    Attributes:
        part: its name.
        seconds: a video, on average.
        share: of describing.
        fixed_seconds: a video, however long.
        per_second: seconds a second of video.
    """

    part: str
    seconds: float
    share: float
    fixed_seconds: float
    per_second: float

    def of(self, media_seconds: float) -> float:
        """The seconds of a video.

        Args:
            media_seconds: its length.
        """
        return self.fixed_seconds + self.per_second * media_seconds


@dataclass(frozen=True)
class CorpusPlan:
    """A capacity plan.

    Attributes:
        videos: to describe.
        minutes: of each.
        days: to do it in.
        seconds_a_video: that a worker has one.
        workers_a_machine: as measured.
        efficiency: of these workers, against as many machines with one.
        machines: needed.
        days_needed: with these.
        videos_an_hour: of a machine.
    """

    videos: int
    minutes: float
    days: float
    seconds_a_video: float
    workers_a_machine: int
    efficiency: float
    machines: int
    days_needed: float
    videos_an_hour: float


def stage_costs(works: Sequence[Work], clock: str = "wall") -> tuple[StageCost, ...]:
    """The costs of the parts, dearest first.

    Args:
        works: videos described.
        clock: of their parts, "wall" or "cpu".

    Returns:
        An entry a part, and REST.

    Raises:
        ValueError: no video.
    """
    if not works:
        raise ValueError("no video was described; costs need one at least")
    names = dict.fromkeys(name for work in works for name in work.parts)
    lengths = np.array([work.media_seconds for work in works])
    whole = np.array([work.cpu_seconds if clock == "cpu" else work.seconds for work in works])
    seconds = {name: np.array([work.parts.get(name, 0.0) for work in works]) for name in names}
    seconds[REST] = np.maximum(whole - sum(seconds.values(), np.zeros(len(works))), 0.0)
    total = float(sum(values.mean() for values in seconds.values()))
    costs = [
        StageCost(name, float(values.mean()), float(values.mean()) / total, *_line(lengths, values))
        for name, values in seconds.items()
    ]
    return tuple(sorted(costs, key=lambda cost: -cost.seconds))


def _line(lengths: np.ndarray, seconds: np.ndarray) -> tuple[float, float]:
    """Fixed seconds and seconds a second, neither below 0; all by length where lengths hardly differ."""
    mean, mean_length = float(seconds.mean()), float(lengths.mean())
    if not mean_length:
        return mean, 0.0
    spread = float(((lengths - mean_length) ** 2).sum())
    if spread < len(lengths) * (0.05 * mean_length) ** 2:
        return 0.0, mean / mean_length
    slope = float(((lengths - mean_length) * (seconds - mean)).sum()) / spread
    slope = min(max(slope, 0.0), mean / mean_length)
    return max(mean - slope * mean_length, 0.0), slope


def seconds_a_video(costs: Sequence[StageCost], media_seconds: float, beside: float) -> float:
    """T of the formula.

    Args:
        costs: of the parts.
        media_seconds: length of a video.
        beside: seconds of a worker beside describing it.

    Returns:
        Seconds.
    """
    return beside + sum(cost.of(media_seconds) for cost in costs)


def predicted_seconds(
    videos: int, workers: int, video_seconds: float, loading: float = 0.0, efficiency: float = 1.0
) -> float:
    """S of the formula.

    Args:
        videos: to describe.
        workers: at once.
        video_seconds: T, of each.
        loading: seconds until all are ready.
        efficiency: of workers that share a machine.

    Returns:
        Seconds.
    """
    return loading + (videos + (workers - 1) / 2) * video_seconds / (workers * efficiency)


def plan_capacity(
    videos: int,
    minutes: float,
    days: float,
    costs: Sequence[StageCost],
    *,
    beside: float,
    loading: float,
    workers: int,
    efficiency: float,
) -> CorpusPlan:
    """How many machines; the formula stands at the top of this module.

    Args:
        videos: to describe.
        minutes: of each.
        days: to do it in.
        costs: of the parts.
        beside: seconds of a worker beside describing a video.
        loading: seconds until a worker is ready.
        workers: of a machine.
        efficiency: of these, against as many machines with one.

    Returns:
        The plan.

    Raises:
        ValueError: a number that is not above 0, or days in which not even one video can be described.
    """
    for name, value in (("videos", videos), ("minutes", minutes), ("days", days)):
        if not value > 0:
            raise ValueError(f"{name} of the plan is {value}; give more than 0")
    video = seconds_a_video(costs, _MINUTE * minutes, beside)
    room = efficiency * (_DAY * days - loading) - video / 2
    if room < video / 2:
        raise ValueError(
            f"a video of {minutes:g} minutes alone takes {(loading + video / efficiency) / _DAY:.3g} days here; give more "
            f"than {days:g} days"
        )
    needed = max(math.ceil((videos - 0.5) * video / room), 1)
    machines = math.ceil(needed / workers)
    seconds = predicted_seconds(videos, machines * workers, video, loading, efficiency)
    return CorpusPlan(
        videos, minutes, days, video, workers, efficiency, machines, seconds / _DAY, 3600 * workers * efficiency / video
    )
