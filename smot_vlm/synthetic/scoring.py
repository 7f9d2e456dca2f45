"""How much of the truth a caption tells, fact by fact, and how much of what it tells is true."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from smot_vlm.synthetic.facts import CaptionFacts, TrackFacts, VideoFacts
from smot_vlm.synthetic.language.fact_reader import read_facts

TRACK_SORTS = ("kind", "top", "bottom", "accessory", "action", "verb", "partner")
VIDEO_SORTS = ("scene", "count", "person", "verb", "relation", "action")


@dataclass(frozen=True)
class FactCount:
    """Of one sort of fact: how many there are, how many the caption states, how many of these are right."""

    sort: str
    expected: int = 0
    stated: int = 0
    right: int = 0

    @property
    def recall(self) -> float:
        """Share of the facts that are told; nan where there are none."""
        return self.right / self.expected if self.expected else float("nan")

    @property
    def precision(self) -> float:
        """Share of what is told that is right; nan where nothing is told."""
        return self.right / self.stated if self.stated else float("nan")


@dataclass(frozen=True)
class CaptionScore:
    """Counts by sort of fact, and the order of events.

    ordered_pairs: pairs of events that the caption tells of; pairs_in_order: those told in the order in which they
    happen.
    """

    counts: tuple[FactCount, ...]
    ordered_pairs: int = 0
    pairs_in_order: int = 0

    @property
    def total(self) -> FactCount:
        """All sorts together."""
        return FactCount(
            "all",
            sum(count.expected for count in self.counts),
            sum(count.stated for count in self.counts),
            sum(count.right for count in self.counts),
        )

    @property
    def recall(self) -> float:
        """Share of the facts that are told; nan where there are none."""
        return self.total.recall

    @property
    def precision(self) -> float:
        """Share of what is told that is right; nan where nothing is told."""
        return self.total.precision

    @property
    def order(self) -> float:
        """Share of the told pairs of events that are in the right order; nan where no two are told."""
        return self.pairs_in_order / self.ordered_pairs if self.ordered_pairs else float("nan")

    def of(self, sort: str) -> FactCount:
        """The counts of one sort; zeros where it does not occur."""
        return next((count for count in self.counts if count.sort == sort), FactCount(sort))


def score_caption(facts: TrackFacts | VideoFacts, caption: str) -> CaptionScore:
    """Compare what `caption` says with the facts of a track or of a video."""
    told = read_facts(caption)
    if isinstance(facts, VideoFacts):
        return _compare(_video_facts(facts), _video_facts(told), VIDEO_SORTS, (), ())
    return _compare(_track_facts(facts), _track_facts(told), TRACK_SORTS, facts.events, told.events)


def sum_scores(scores: Iterable[CaptionScore]) -> CaptionScore:
    """All captions together, each fact counting once."""
    sums: dict[str, FactCount] = {}
    pairs = in_order = 0
    for score in scores:
        pairs, in_order = pairs + score.ordered_pairs, in_order + score.pairs_in_order
        for count in score.counts:
            have = sums.get(count.sort, FactCount(count.sort))
            sums[count.sort] = FactCount(
                count.sort, have.expected + count.expected, have.stated + count.stated, have.right + count.right
            )
    return CaptionScore(tuple(sums.values()), pairs, in_order)


def chance_score(
    facts: Sequence[TrackFacts] | Sequence[VideoFacts], captions: Sequence[str], seed: int = 0
) -> CaptionScore:
    """The score of true captions given to the wrong tracks (or videos): what a caption scores that saw nothing.

    Each caption goes to another one's facts, by one random permutation that leaves none in its place.

    Raises:
        ValueError: fewer than two, or not as many captions as facts.
    """
    if len(facts) != len(captions) or len(facts) < 2:
        raise ValueError(f"{len(facts)} facts and {len(captions)} captions; give as many of each, two or more")
    order = np.random.default_rng(seed).permutation(len(facts))
    return sum_scores(
        score_caption(facts[here], captions[there]) for here, there in zip(order, np.roll(order, 1), strict=True)
    )


def chance_recall(facts: Sequence[TrackFacts] | Sequence[VideoFacts], captions: Sequence[str], seed: int = 0) -> float:
    """Fact recall of `chance_score`."""
    return chance_score(facts, captions, seed).recall


def _track_facts(facts: TrackFacts | CaptionFacts) -> dict[str, list]:
    return {
        "kind": [facts.kind] if facts.kind else [],
        "top": [facts.top] if facts.top else [],
        "bottom": [facts.bottom] if facts.bottom else [],
        "accessory": list(facts.accessories),
        "action": list(facts.actions),
        "verb": [(partner.verb, partner.role) for partner in facts.partners],
        "partner": sorted(
            {(partner.looks.kind, partner.looks.top) for partner in facts.partners if partner.looks.kind}
        ),
    }


def _video_facts(facts: VideoFacts | CaptionFacts) -> dict[str, list]:
    relations = [(edge.subject[:2], edge.verb, edge.object[:2]) for edge in facts.relations]
    people = {side for subject, _, object_ in relations for side in (subject, object_)}
    people |= {deed.who[:2] for deed in facts.deeds}
    return {
        "scene": [facts.scene] if facts.scene else [],
        "count": [facts.count] if facts.count else [],
        "person": sorted(people),
        "verb": [verb for _, verb, _ in relations],
        "relation": relations,
        "action": [(deed.who[:2], deed.action) for deed in facts.deeds],
    }


def _compare(
    true: dict[str, list],
    told: dict[str, list],
    sorts: tuple[str, ...],
    events: Sequence[str],
    told_events: Sequence[str],
) -> CaptionScore:
    counts = []
    for sort in sorts:
        right = sum((Counter(true[sort]) & Counter(told[sort])).values())
        counts.append(FactCount(sort, len(true[sort]), len(told[sort]), right))
    place = {label: index for index, label in reversed(list(enumerate(events)))}
    known = [place[label] for label in dict.fromkeys(told_events) if label in place]
    pairs = list(combinations(known, 2))
    return CaptionScore(tuple(counts), len(pairs), sum(first < second for first, second in pairs))
