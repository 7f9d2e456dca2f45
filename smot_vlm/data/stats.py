"""Contents of a data set, counted as the paper counts BenSMOT: Table 1 (totals) and Figure 2 (distributions)."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from smot_vlm.data.bensmot import BenSmotSequence

# Words that say little, left out of the most frequent ones as prepositions are in Figure 2 (f).
_SMALL_WORDS_TEXT = """
a an and are as at but by for from he her him his in into is it its of off on onto or out over she that the their them
then they to towards toward up was were while who with
"""
_SMALL_WORDS = frozenset(_SMALL_WORDS_TEXT.split())
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


@dataclass(frozen=True)
class Totals:
    """Table 1 of the paper for one data set. None: not known.

    Attributes:
        videos, tracks, boxes, frames, instance_captions, interactions, video_captions: how many there are.
        shortest_seconds, mean_seconds, longest_seconds, total_seconds: lengths of the videos, images over rate.
    """

    videos: int | None
    shortest_seconds: float | None
    mean_seconds: float | None
    longest_seconds: float | None
    total_seconds: float | None
    tracks: int | None
    boxes: int | None
    frames: int | None
    instance_captions: int | None
    interactions: int | None
    video_captions: int | None


# The paper's Table 1, last column; boxes, frames and interactions are rounded there.
BENSMOT = Totals(3292, 1.5, 22.9, 116.0, 75_499, 7792, 335_000, 151_000, 7792, 14_000, 3292)


@dataclass(frozen=True, eq=False)
class Distribution:
    """Values of one quantity.

    Attributes:
        name: of the quantity.
        unit: of the values.
        values: one a video, track or box.
        bensmot_mean: the paper's mean, where it follows.
    """

    name: str
    unit: str
    values: np.ndarray
    bensmot_mean: float | None = None

    def quantile(self, part: float) -> float | None:
        """Quantile of the values.

        Args:
            part: 0 to 1.

        Returns:
            The value that this part of all values is below; None where there are none.
        """
        return float(np.quantile(self.values, part)) if len(self.values) else None

    @property
    def mean(self) -> float | None:
        """Mean of the values; None where there are none."""
        return float(self.values.mean()) if len(self.values) else None


@dataclass(frozen=True, eq=False)
class DatasetStats:
    """Everything counted in a data set.

    Attributes:
        totals: Table 1 of the paper.
        distributions: Figure 2 and more.
        scenarios: (name, number of videos) by name.
        verbs: (label, count) from most to least frequent.
        words: (caption word, count) from most to least frequent.
    """

    totals: Totals
    distributions: tuple[Distribution, ...]
    scenarios: tuple[tuple[str, int], ...]
    verbs: tuple[tuple[str, int], ...]
    words: tuple[tuple[str, int], ...]

    def distribution(self, name: str) -> Distribution:
        """Look up a distribution.

        Args:
            name: of the distribution.

        Returns:
            The distribution.

        Raises:
            KeyError: no such distribution.
        """
        for distribution in self.distributions:
            if distribution.name == name:
                return distribution
        raise KeyError(f"no distribution {name!r}; there are {[entry.name for entry in self.distributions]}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; distributions as count, mean and quantiles."""
        return {
            "totals": vars(self.totals),
            "distributions": {
                entry.name: {
                    "unit": entry.unit,
                    "count": len(entry.values),
                    "mean": entry.mean,
                    **{f"q{round(100 * part)}": entry.quantile(part) for part in (0, 0.25, 0.5, 0.75, 1)},
                }
                for entry in self.distributions
            },
            "scenarios": dict(self.scenarios),
            "verbs": dict(self.verbs),
            "words": dict(self.words),
        }


def collect_stats(sequences: Iterable[BenSmotSequence]) -> DatasetStats:
    """Count everything in one pass; no frame is decoded.

    Args:
        sequences: of the data set.

    Returns:
        The counts.
    """
    tally = _Tally()
    for sequence in sequences:
        tally.add(sequence)
    return tally.stats()


def count_words(text: str) -> int:
    """Count the words of a text: what is separated by whitespace.

    Args:
        text: a caption.

    Returns:
        The count.
    """
    return len(text.split())


class _Tally:
    """Lists that grow by one entry a video, a track or a box."""

    def __init__(self) -> None:
        self.video_seconds: list[float] = []
        self.video_frames: list[int] = []
        self.video_tracks: list[int] = []
        self.video_interactions: list[int] = []
        self.track_seconds: list[float] = []
        self.caption_words: list[int] = []
        self.summary_words: list[int] = []
        self.box_sizes: list[np.ndarray] = [np.zeros((0, 2))]
        self.relative_heights: list[np.ndarray] = [np.zeros(0)]
        self.scenarios: Counter[str] = Counter()
        self.verbs: Counter[str] = Counter()
        self.words: Counter[str] = Counter()

    def add(self, sequence: BenSmotSequence) -> None:
        self.video_seconds.append(sequence.length_seconds)
        self.video_frames.append(len(sequence))
        self.video_tracks.append(len(sequence.tracks))
        self.video_interactions.append(len(sequence.interactions))
        self.scenarios[sequence.scenario] += 1
        self.verbs.update(edge.verb for edge in sequence.interactions)
        if sequence.caption:
            self.summary_words.append(count_words(sequence.caption))
            self._add_words(sequence.caption)
        for track in sequence.tracks:
            self.track_seconds.append(len(track) / sequence.fps)
            sizes = track.boxes[:, 2:] - track.boxes[:, :2]
            self.box_sizes.append(sizes)
            if sequence.size is not None:
                self.relative_heights.append(100 * sizes[:, 1] / sequence.size[1])
            if track.caption:
                self.caption_words.append(count_words(track.caption))
                self._add_words(track.caption)

    def stats(self) -> DatasetStats:
        return DatasetStats(
            self._totals(),
            self._distributions(),
            tuple(sorted(self.scenarios.items())),
            tuple(self.verbs.most_common()),
            tuple(self.words.most_common(100)),
        )

    def _add_words(self, text: str) -> None:
        self.words.update(word for word in _WORD.findall(text.casefold()) if word not in _SMALL_WORDS)

    def _totals(self) -> Totals:
        seconds = self.video_seconds
        return Totals(
            videos=len(seconds),
            shortest_seconds=min(seconds, default=None),
            mean_seconds=sum(seconds) / len(seconds) if seconds else None,
            longest_seconds=max(seconds, default=None),
            total_seconds=sum(seconds),
            tracks=len(self.track_seconds),
            boxes=sum(map(len, self.box_sizes)),
            frames=sum(self.video_frames),
            instance_captions=len(self.caption_words),
            interactions=sum(self.video_interactions),
            video_captions=len(self.summary_words),
        )

    def _distributions(self) -> tuple[Distribution, ...]:
        sizes = np.concatenate(self.box_sizes)
        # The paper's means follow from Table 1: 335K boxes at 2 a second on 7,792 tracks, 14K interactions in 3,292 videos.
        return (
            Distribution("track length", "seconds", np.array(self.track_seconds), 335_000 / 2 / 7792),
            Distribution("video length", "seconds", np.array(self.video_seconds), 22.9),
            Distribution("interactions a video", "count", np.array(self.video_interactions), 14_000 / 3292),
            Distribution("instance caption", "words", np.array(self.caption_words)),
            Distribution("video caption", "words", np.array(self.summary_words)),
            Distribution("frames a video", "count", np.array(self.video_frames), 151_000 / 3292),
            Distribution("tracks a video", "count", np.array(self.video_tracks), 7792 / 3292),
            Distribution("box width", "pixels", sizes[:, 0]),
            Distribution("box height", "pixels", sizes[:, 1]),
            Distribution("relative box height", "% of frame", np.concatenate(self.relative_heights)),
        )
