"""From a verb's log-odds at single observations to spans of time: smoothed, then cut by two thresholds (hysteresis)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SpanRule:
    """How spans are cut. Log-odds are natural logarithms.

    Attributes:
        smoothing_seconds: standard deviation of the Gaussian over time.
        start: log-odds above the verb's own threshold that begin a span.
        depth: how far below their peak the log-odds may fall within a span.
        gap_seconds: spans that lie no further apart are one.
        least_seconds: shorter spans are dropped, but for the likeliest.
    """

    smoothing_seconds: float = 0.5
    start: float = 0.0
    depth: float = 2.0
    gap_seconds: float = 1.0
    least_seconds: float = 1.0

    def __post_init__(self) -> None:
        if min(self.smoothing_seconds, self.depth, self.gap_seconds, self.least_seconds) < 0:
            raise ValueError(f"{self}: seconds and depth must be 0 or more")


@dataclass(frozen=True)
class Stretch:
    """Where one span lies among the observations.

    Attributes:
        first, last: positions of its observations.
        from_seconds: where the log-odds pass the threshold before the first.
        to_seconds: where they pass it behind the last.
    """

    first: int
    last: int
    from_seconds: float
    to_seconds: float

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.to_seconds - self.from_seconds


def smoothed(log_odds: np.ndarray, times: np.ndarray, seconds: float) -> np.ndarray:
    """A Gaussian mean over time, of observations at any times.

    Args:
        log_odds: (observations,) or (observations, verbs).
        times: (observations,) seconds.
        seconds: standard deviation; 0 changes nothing.

    Returns:
        Of the same shape.
    """
    if seconds <= 0:
        return log_odds
    weights = np.exp(-0.5 * ((times[:, None] - times[None]) / seconds) ** 2)
    result: np.ndarray = (weights / weights.sum(axis=1, keepdims=True)) @ log_odds
    return result


def cut_spans(
    log_odds: np.ndarray, times: np.ndarray, threshold: float, rule: SpanRule, ends: tuple[float, float]
) -> list[Stretch]:
    """The stretches in which a verb is seen; of a verb that was found at least the likeliest one.

    A stretch begins where the log-odds reach `threshold + rule.start` (or their highest value, where that is lower) and
    reaches both ways for as long as they stay within `rule.depth` of its peak.

    Args:
        log_odds: (observations,) of one verb, at least one.
        times: (observations,) ascending seconds.
        threshold: of the verb, as log-odds.
        rule: how to cut.
        ends: when the person is first and last there, in seconds.

    Returns:
        In order of time.
    """
    curve = smoothed(log_odds, times, rule.smoothing_seconds)
    high = min(threshold + rule.start, float(curve.max()))
    found: list[Stretch] = []
    free = np.ones(len(curve), dtype=bool)
    # From the highest peak down, so that a low one never swallows a high one.
    for peak in np.argsort(-curve, kind="stable"):
        if curve[peak] < high or not free[peak]:
            continue
        stretch = _around(int(peak), curve, times, curve[peak] - rule.depth, ends, free)
        free[stretch.first : stretch.last + 1] = False
        found.append(stretch)
    return list(_kept(sorted(found, key=lambda one: one.first), curve, rule))


def _around(
    peak: int, curve: np.ndarray, times: np.ndarray, low: float, ends: tuple[float, float], free: np.ndarray
) -> Stretch:
    first = last = peak
    while first > 0 and curve[first - 1] >= low and free[first - 1]:
        first -= 1
    while last + 1 < len(curve) and curve[last + 1] >= low and free[last + 1]:
        last += 1
    start = ends[0] if first == 0 else _crossing(first, first - 1, curve, times, low)
    end = ends[1] if last + 1 == len(curve) else _crossing(last, last + 1, curve, times, low)
    return Stretch(first, last, start, end)


def _crossing(inside: int, outside: int, curve: np.ndarray, times: np.ndarray, low: float) -> float:
    """When the line between two observations passes `low`; half-way where the outer one belongs to another stretch."""
    fall = curve[inside] - curve[outside]
    share = (curve[inside] - low) / fall if fall > 0 and curve[outside] < low else 0.5
    return float(times[inside] + share * (times[outside] - times[inside]))


def _kept(stretches: list[Stretch], curve: np.ndarray, rule: SpanRule) -> Iterator[Stretch]:
    """Near ones joined, short ones dropped."""
    joined: list[Stretch] = []
    for one in stretches:
        if joined and one.from_seconds - joined[-1].to_seconds <= rule.gap_seconds:
            before = joined.pop()
            one = Stretch(before.first, one.last, before.from_seconds, one.to_seconds)
        joined.append(one)
    best = max(joined, key=lambda one: curve[one.first : one.last + 1].max())
    return (one for one in joined if one is best or one.seconds >= rule.least_seconds)
