"""How many of the true facts a caption states, category by category, and how many of those that it states are true."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from smot_vlm.language.fact_records import CaptionFacts, FactReader, TrackFacts, VideoFacts

TRACK_CATEGORIES = ("kind", "top", "bottom", "accessory", "action", "verb", "partner")
VIDEO_CATEGORIES = ("scene", "count", "person", "verb", "relation", "action")


@dataclass(frozen=True)
class FactCount:
    """Counts of one category of facts.

    Attributes:
        category: its name.
        expected: how many there are.
        stated: how many the caption states.
        right: how many of these are right.
    """

    category: str
    expected: int = 0
    stated: int = 0
    right: int = 0

    @property
    def recall(self) -> float:
        """Share of the facts that are stated; nan where there are none."""
        return self.right / self.expected if self.expected else float("nan")

    @property
    def precision(self) -> float:
        """Share of what is stated that is right; nan where nothing is stated."""
        return self.right / self.stated if self.stated else float("nan")


@dataclass(frozen=True)
class CaptionScore:
    """Counts by category of facts, and the order of events.

    Attributes:
        counts: one record a category.
        ordered_pairs: pairs of true events that the caption states.
        pairs_in_order: those stated in the order in which they happen.
    """

    counts: tuple[FactCount, ...]
    ordered_pairs: int = 0
    pairs_in_order: int = 0

    @property
    def total(self) -> FactCount:
        """All categories together."""
        return FactCount(
            "all",
            sum(count.expected for count in self.counts),
            sum(count.stated for count in self.counts),
            sum(count.right for count in self.counts),
        )

    @property
    def recall(self) -> float:
        """Share of the facts that are stated; nan where there are none."""
        return self.total.recall

    @property
    def precision(self) -> float:
        """Share of what is stated that is right; nan where nothing is stated."""
        return self.total.precision

    @property
    def order(self) -> float:
        """Share of the stated pairs of events that are in the right order; nan where no two are stated."""
        return self.pairs_in_order / self.ordered_pairs if self.ordered_pairs else float("nan")

    def of(self, category: str) -> FactCount:
        """The counts of one category.

        Args:
            category: its name.

        Returns:
            Zeros where it does not occur.
        """
        return next((count for count in self.counts if count.category == category), FactCount(category))


def score_caption(facts: TrackFacts | VideoFacts, caption: str, read_facts: FactReader) -> CaptionScore:
    """Compare what a caption states with the truth.

    Args:
        facts: of a track or of a video.
        caption: any text.
        read_facts: finds the facts in it.

    Returns:
        Counts of the categories of tracks or of videos; only tracks have an order of events.
    """
    stated = read_facts(caption)
    if isinstance(facts, VideoFacts):
        return _compare(_video_facts(facts), _video_facts(stated), VIDEO_CATEGORIES, (), ())
    return _compare(_track_facts(facts), _track_facts(stated), TRACK_CATEGORIES, facts.events, stated.events)


def sum_scores(scores: Iterable[CaptionScore]) -> CaptionScore:
    """All captions together, each fact counting once.

    Args:
        scores: of single captions.

    Returns:
        Their sum.
    """
    sums: dict[str, FactCount] = {}
    pairs = in_order = 0
    for score in scores:
        pairs, in_order = pairs + score.ordered_pairs, in_order + score.pairs_in_order
        for count in score.counts:
            have = sums.get(count.category, FactCount(count.category))
            sums[count.category] = FactCount(
                count.category, have.expected + count.expected, have.stated + count.stated, have.right + count.right
            )
    return CaptionScore(tuple(sums.values()), pairs, in_order)


def chance_recall(
    facts: Sequence[TrackFacts] | Sequence[VideoFacts], captions: Sequence[str], read_facts: FactReader, seed: int = 0
) -> float:
    """Fact recall of captions given to the wrong tracks (or videos): what one scores that saw nothing.

    Each caption goes to another one's facts, by one random permutation that leaves none in its place.

    Args:
        facts: of two or more tracks or videos.
        captions: one for each.
        read_facts: finds the facts in a caption.
        seed: of the permutation.

    Returns:
        Recall over all facts.

    Raises:
        ValueError: fewer than two, or not as many captions as facts.
    """
    if len(facts) != len(captions) or len(facts) < 2:
        raise ValueError(f"{len(facts)} facts and {len(captions)} captions; give as many of each, two or more")
    order = np.random.default_rng(seed).permutation(len(facts))
    scores = (
        score_caption(facts[here], captions[there], read_facts)
        for here, there in zip(order, np.roll(order, 1), strict=True)
    )
    return sum_scores(scores).recall


def _track_facts(facts: TrackFacts | CaptionFacts) -> dict[str, list[Any]]:
    return {
        "kind": [facts.kind] if facts.kind else [],
        "top": [facts.top] if facts.top else [],
        "bottom": [facts.bottom] if facts.bottom else [],
        "accessory": list(facts.accessories),
        "action": list(facts.actions),
        "verb": [(partner.verb, partner.role) for partner in facts.partners],
        "partner": sorted({partner.appearance[:2] for partner in facts.partners if partner.appearance.kind}),
    }


def _video_facts(facts: VideoFacts | CaptionFacts) -> dict[str, list[Any]]:
    relations = [(edge.subject[:2], edge.verb, edge.object[:2]) for edge in facts.relations]
    people = {side for subject, _, object_ in relations for side in (subject, object_)}
    people |= {action.person[:2] for action in facts.person_actions}
    return {
        "scene": [facts.scene] if facts.scene else [],
        "count": [facts.count] if facts.count else [],
        "person": sorted(people),
        "verb": [verb for _, verb, _ in relations],
        "relation": relations,
        "action": [(action.person[:2], action.action) for action in facts.person_actions],
    }


def _compare(
    true: dict[str, list[Any]],
    stated: dict[str, list[Any]],
    categories: tuple[str, ...],
    events: Sequence[str],
    stated_events: Sequence[str],
) -> CaptionScore:
    counts = []
    for category in categories:
        right = sum((Counter(true[category]) & Counter(stated[category])).values())
        counts.append(FactCount(category, len(true[category]), len(stated[category]), right))
    place = {label: index for index, label in reversed(list(enumerate(events)))}
    known = [place[label] for label in dict.fromkeys(stated_events) if label in place]
    pairs = list(combinations(known, 2))
    return CaptionScore(tuple(counts), len(pairs), sum(first < second for first, second in pairs))
