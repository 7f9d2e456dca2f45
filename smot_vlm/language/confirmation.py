"""Two readings that agree: an interaction that is too unlikely to be reported alone counts where a caption tells of it.

Captions are written from the people's features, without a look at the scores of verbs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from smot_vlm.language.agreement import events_of, is_held, may_be
from smot_vlm.language.fact_reader import event_label, read_facts
from smot_vlm.language.fact_records import CaptionFacts, PartnerFact
from smot_vlm.structures import Description, Interaction

# Below a verb's own threshold an interaction counts from this probability on, where a caption tells of it. Chosen on 60
# drawn videos (best F1 of verbs; 0.40 to 0.46 do as well).
CONFIRMABLE = 0.45


def confirmed(description: Description, possible: Sequence[Interaction]) -> Description:
    """The same description with those possible interactions that a caption tells of.

    A deed that no interaction holds gets the likeliest one with a partner who may be the one that is told; where the verb
    is mutual, in both directions.

    Args:
        description: with captions as the model wrote them.
        possible: between ids of its tracks; those below CONFIRMABLE and those that it holds already are passed over.

    Returns:
        The description, its interactions by subject and object, likeliest first.
    """
    people = {track.id: read_facts(track.caption) for track in description.tracks}
    held = {_key(edge) for edge in description.interactions}
    waiting = sorted(
        (edge for edge in possible if edge.score >= CONFIRMABLE and _key(edge) not in held),
        key=lambda edge: -edge.score,
    )
    found: dict[tuple[int, str, int], Interaction] = {}
    for track_id, facts in people.items():
        allowed = events_of(track_id, description.interactions)
        for deed in facts.partners:
            if not is_held(event_label(deed.verb, deed.role), allowed):
                found |= {_key(edge): edge for edge in _likeliest(track_id, deed, people, waiting)}
    edges = sorted(
        (*description.interactions, *found.values()), key=lambda edge: (edge.subject, edge.object, -edge.score)
    )
    return replace(description, interactions=tuple(edges))


def _likeliest(
    track_id: int, deed: PartnerFact, people: dict[int, CaptionFacts], waiting: Iterable[Interaction]
) -> list[Interaction]:
    """The interaction that a person's caption tells of, with its other direction where it is mutual; none where there is none."""
    for edge in waiting:
        places = {"subject": (edge.subject,), "object": (edge.object,)}.get(deed.role, (edge.subject, edge.object))
        partner = edge.object if track_id == edge.subject else edge.subject
        if edge.verb == deed.verb and track_id in places and may_be(deed.appearance, people[partner]):
            mutual = deed.role == "mutual"
            return [edge, *([replace(edge, subject=edge.object, object=edge.subject)] if mutual else [])]
    return []


def _key(edge: Interaction) -> tuple[int, str, int]:
    return edge.subject, edge.verb, edge.object
