"""Whom the clauses of captions speak of: people and interactions of the same description."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from smot_vlm.language.agreement import may_be
from smot_vlm.language.clauses import DeedClause, video_clauses
from smot_vlm.language.fact_reader import read_facts
from smot_vlm.language.fact_records import CaptionFacts, Deed
from smot_vlm.structures import Clause, Description, Interaction


def with_clauses(description: Description) -> Description:
    """The clauses of the video's caption, each with the people and interactions that it may mean.

    Args:
        description: any.

    Returns:
        The same with clauses; clauses that cannot be read are left out.
    """
    people = {track.id: read_facts(track.caption) for track in description.tracks}
    found = [_clause(entry, people, description.interactions) for entry in video_clauses(description.caption)]
    return replace(description, clauses=(*_opening(description), *found))


def partner_of(
    deed: Deed, track_id: int, interactions: Sequence[Interaction], people: Mapping[int, CaptionFacts]
) -> int | None:
    """Whom a person does something with, as the interactions have it.

    Args:
        deed: that the person's caption tells.
        track_id: of the person.
        interactions: of the description.
        people: what is known of everybody.

    Returns:
        The track id of the likeliest person who may be the partner that the caption names; None where nobody is known.
    """
    found: list[tuple[bool, float, int]] = []
    for edge in interactions:
        if edge.verb == deed.action and deed.role in ("subject", "mutual") and edge.subject == track_id:
            found.append((may_be(deed.partner, people[edge.object]), edge.score, edge.object))
        if edge.verb == deed.action and deed.role in ("object", "mutual") and edge.object == track_id:
            found.append((may_be(deed.partner, people[edge.subject]), edge.score, edge.subject))
    return max(found)[2] if found else None


def _opening(description: Description) -> list[Clause]:
    """The sentence that counts the people speaks of all of them."""
    sentence = description.caption.split(".")[0]
    if not description.tracks or read_facts(sentence).count != len(description.tracks):
        return []
    deeds = video_clauses(sentence)
    return [] if deeds else [Clause(sentence, tuple(track.id for track in description.tracks))]


def _clause(entry: DeedClause, people: Mapping[int, CaptionFacts], interactions: Sequence[Interaction]) -> Clause:
    deed = entry.deed
    if not deed.role:
        actors = [
            track_id for track_id, facts in people.items() if deed.action in facts.actions and may_be(deed.actor, facts)
        ]
        return Clause(entry.text, tuple(actors))
    rows = [row for row, edge in enumerate(interactions) if _is_meant(edge, deed, people)]
    meant = [interactions[row] for row in rows]
    return Clause(
        entry.text, tuple(dict.fromkeys(side for edge in meant for side in (edge.subject, edge.object))), tuple(rows)
    )


def _is_meant(edge: Interaction, deed: Deed, people: Mapping[int, CaptionFacts]) -> bool:
    if edge.verb != deed.action:
        return False
    sides = [(deed.actor, deed.partner)] if deed.role in ("subject", "mutual") else []
    sides += [(deed.partner, deed.actor)] if deed.role in ("object", "mutual") else []
    return any(may_be(one, people[edge.subject]) and may_be(other, people[edge.object]) for one, other in sides)
