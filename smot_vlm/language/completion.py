"""Captions that leave out what was found: surely found interactions are told in a person's caption, at their time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from smot_vlm.language.agreement import MOST_BOXES_WITHOUT_ORDER
from smot_vlm.language.caption_lexicon import VERBS
from smot_vlm.language.clauses import person_clauses
from smot_vlm.language.fact_reader import event_label, is_mutual, read_facts, start_of_deeds
from smot_vlm.language.fact_records import Appearance, CaptionFacts, PartnerFact
from smot_vlm.language.retelling import tell_person
from smot_vlm.structures import Description, Interaction, Segment, Span, Trajectory

# In a caption to which deeds are added; as many as a drawn life has.
MOST_DEEDS = 4
# Somebody does one thing with others at a time: a caption that tells of another deed for so much of an interaction's
# span is believed. On 100 drawn videos (seeds 650000 on) 9 of 18 such interactions are false, of the others 6 of 43.
MOST_SHARE_TOLD = 0.5


class _Untold(NamedTuple):
    """An interaction that a caption leaves out.

    Attributes:
        middle: of its longest span, seconds.
        fact: how the caption would tell it.
    """

    middle: float
    fact: PartnerFact

    @property
    def event(self) -> str:
        return event_label(self.fact.verb, self.fact.role)


def completed(description: Description, least_score: float) -> Description:
    """The same description with captions that also tell, in the order of time, the likeliest interactions that they left out.

    Args:
        description: with captions whose clauses have times (`Trajectory.segments`) and interactions with spans. What
            happens while the caption tells of another deed of two people is not added.
        least_score: of an interaction that is added.

    Returns:
        The description. Captions that get a deed are told anew, and have no segments any more; all others stay: those that
        tell `MOST_DEEDS`, those of tracks too short for an order, and those whose clauses have no times.
    """
    people = {track.id: read_facts(track.caption) for track in description.tracks}
    likely = sorted(
        (edge for edge in description.interactions if edge.score >= least_score), key=lambda edge: -edge.score
    )
    tracks = []
    for track in description.tracks:
        facts = people[track.id]
        untold = [] if _is_closed(track, facts) else _untold(track, likely, facts, people)
        tracks.append(_retold(track, facts, untold[: MOST_DEEDS - len(facts.events)]) if untold else track)
    return replace(description, tracks=tuple(tracks))


def _is_closed(track: Trajectory, facts: CaptionFacts) -> bool:
    """Whether nothing can be added to a caption."""
    timed = len(track.segments) == len(facts.events) == len(person_clauses(track.caption))
    is_short = len(track) <= MOST_BOXES_WITHOUT_ORDER
    return not track.caption or not timed or is_short or len(facts.events) >= MOST_DEEDS


def _untold(
    track: Trajectory, likely: list[Interaction], facts: CaptionFacts, people: Mapping[int, CaptionFacts]
) -> list[_Untold]:
    """What a caption leaves out, likeliest first, each event once."""
    found: dict[str, _Untold] = {}
    for edge in likely:
        if edge.verb not in VERBS or track.id not in (edge.subject, edge.object) or not edge.spans:
            continue
        role = "mutual" if is_mutual(edge.verb) else "subject" if edge.subject == track.id else "object"
        partner = people[edge.object if edge.subject == track.id else edge.subject]
        longest = max(edge.spans, key=lambda span: span.seconds)
        if _share_told(longest, track.segments) >= MOST_SHARE_TOLD:
            continue
        fact = PartnerFact(edge.verb, role, Appearance(partner.kind, partner.top))
        one = _Untold(longest.middle, fact)
        if one.event not in facts.events:
            found.setdefault(one.event, one)
    return list(found.values())


def _share_told(span: Span, segments: Sequence[Segment]) -> float:
    """For how much of a span a caption tells of what two people do."""
    told = [
        max(0.0, min(span.to_seconds, part.to_seconds) - max(span.from_seconds, part.from_seconds))
        for part in segments
        if part.role
    ]
    return sum(told) / max(span.seconds, 1e-6)


def _retold(track: Trajectory, facts: CaptionFacts, untold: list[_Untold]) -> Trajectory:
    """A caption with more deeds, in the order of their middles."""
    # Told deeds keep their order, whatever their times.
    told = [(part.middle, event) for part, event in zip(track.segments, facts.events, strict=True)]
    for one in sorted(untold, key=lambda one: one.middle):
        told.insert(sum(middle <= one.middle for middle, _ in told), (one.middle, one.event))
    fuller = replace(facts, partners=(*facts.partners, *(one.fact for one in untold)))
    opening = track.caption[: start_of_deeds(track.caption)]
    return replace(track, caption=tell_person(opening, fuller, [event for _, event in told]), segments=())
