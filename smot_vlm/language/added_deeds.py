"""A person's caption told anew with more deeds, in the order of time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from smot_vlm.language.agreement import MOST_BOXES_WITHOUT_ORDER
from smot_vlm.language.clauses import person_clauses
from smot_vlm.language.fact_reader import is_mutual, start_of_deeds
from smot_vlm.language.fact_records import Appearance, CaptionFacts, PartnerFact
from smot_vlm.language.retelling import tell_person
from smot_vlm.structures import Interaction, Trajectory

# In a caption to which deeds are added; as many as a drawn life has.
MOST_DEEDS = 4


class Untold(NamedTuple):
    """A deed that a caption leaves out.

    Attributes:
        middle: of its time, seconds.
        event: as in `CaptionFacts.events`.
        fact: how the caption would tell it; None of what is done alone.
    """

    middle: float
    event: str
    fact: PartnerFact | None = None


def is_closed(track: Trajectory, facts: CaptionFacts) -> bool:
    """Whether nothing can be added to a caption.

    Args:
        track: with the caption and the times of its clauses.
        facts: of the caption.

    Returns:
        True of captions that tell MOST_DEEDS, of tracks too short for an order, and of clauses without times.
    """
    timed = len(track.segments) == len(facts.events) == len(person_clauses(track.caption))
    is_short = len(track) <= MOST_BOXES_WITHOUT_ORDER
    return not track.caption or not timed or is_short or len(facts.events) >= MOST_DEEDS


def side_of(edge: Interaction, track_id: int, people: Mapping[int, CaptionFacts]) -> PartnerFact:
    """An interaction as the caption of one of the two would tell it.

    Args:
        edge: of that person.
        track_id: of the person.
        people: what is known of everybody.
    """
    role = "mutual" if is_mutual(edge.verb) else "subject" if edge.subject == track_id else "object"
    partner = people[edge.object if edge.subject == track_id else edge.subject]
    return PartnerFact(edge.verb, role, Appearance(partner.kind, partner.top))


def with_deeds(track: Trajectory, facts: CaptionFacts, untold: Sequence[Untold]) -> Trajectory:
    """A caption with more deeds, in the order of their middles.

    Args:
        track: whose caption is not closed.
        facts: of the caption.
        untold: what is added, at most as many as there is room for.

    Returns:
        The track; its caption has no segments any more.
    """
    # Told deeds keep their order, whatever their times.
    told = [(part.middle, event) for part, event in zip(track.segments, facts.events, strict=True)]
    for one in sorted(untold, key=lambda one: one.middle):
        told.insert(sum(middle <= one.middle for middle, _ in told), (one.middle, one.event))
    partners = [one.fact for one in untold if one.fact is not None]
    fuller = replace(facts, partners=(*facts.partners, *partners))
    opening = track.caption[: start_of_deeds(track.caption)]
    return replace(track, caption=tell_person(opening, fuller, [event for _, event in told]), segments=())
