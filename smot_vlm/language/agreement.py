"""One answer in four views: captions say nothing that the trajectories and interactions of a description do not hold.

A caption that names an interaction which was not found is told anew without it, in the words of the lexicon; every other
caption stays as it was written. Text in other words than the lexicon's cannot be read, and stays.
"""

from collections.abc import Iterable, Mapping, Sequence

from smot_vlm.language.caption_lexicon import VERBS
from smot_vlm.language.fact_reader import event_label, is_mutual, read_facts, relation_of, start_of_deeds
from smot_vlm.language.fact_records import Action, Appearance, CaptionFacts, Relation
from smot_vlm.language.retelling import count_corrected, tell_person, tell_video
from smot_vlm.structures import Description, Interaction, Trajectory

# A track of so few boxes is too short to tell what came first.
MOST_BOXES_WITHOUT_ORDER = 5
# Interactions and actions in a composed caption.
MOST_TOLD = 6


def agreed(description: Description, *, compose: bool = False, place: str | None = None) -> Description:
    """The same description with captions that agree with its trajectories and interactions.

    Args:
        description: as models wrote it.
        compose: tell the video's caption from the people's captions and the interactions.
        place: that it then tells, a key of SCENES, or an empty one to tell none; None: the one that the model wrote.

    Returns:
        The description; a caption that cannot be read, and one that already agrees, stay as they are.
    """
    captions = {track.id: _person_caption(track, description.interactions) for track in description.tracks}
    people = {track_id: read_facts(caption) for track_id, caption in captions.items()}
    return description.with_captions(
        _video_caption(description.caption, people, description.interactions, place, compose=compose), captions
    )


def contradictions(description: Description) -> list[str]:
    """Where a description says one thing and holds another.

    Args:
        description: any.

    Returns:
        A line for each: what is told, and what is missing.
    """
    found = []
    for track in description.tracks:
        allowed = events_of(track.id, description.interactions)
        told = read_facts(track.caption).events
        found += [f"person {track.id}: {event} is told and not found" for event in told if not is_held(event, allowed)]
        if len(track) <= MOST_BOXES_WITHOUT_ORDER and len(told) > 1:
            found.append(f"person {track.id}: an order of {len(told)} deeds from {len(track)} boxes")
    facts = read_facts(description.caption)
    people = {track.id: read_facts(track.caption) for track in description.tracks}
    if facts.count not in (0, len(people)):
        found.append(f"video: {facts.count} people are told of, {len(people)} were found")
    if not people and description.caption:
        found.append("video: nobody was found, and there is a caption")
    found += [
        f"video: {relation.verb} is told and not found"
        for relation in facts.relations
        if not _is_found(relation, people, description.interactions)
    ]
    return found


def _person_caption(track: Trajectory, interactions: Iterable[Interaction]) -> str:
    facts = read_facts(track.caption)
    allowed = events_of(track.id, interactions)
    told = [event for event in _without_echoes(facts) if is_held(event, allowed)]
    if len(track) <= MOST_BOXES_WITHOUT_ORDER:
        told = told[:1]
    if told == list(facts.events):
        return track.caption
    return tell_person(track.caption[: start_of_deeds(track.caption)], facts, told)


def _without_echoes(facts: CaptionFacts) -> list[str]:
    """The events in order; what is told twice in a row of the same two people is told once."""
    partners = iter(facts.partners)
    told: list[tuple[str, Appearance | None]] = []
    for event in facts.events:
        partner = next(partners, None) if ":" in event else None
        one = (event, None if partner is None else partner.appearance)
        if not told or told[-1] != one:
            told.append(one)
    return [event for event, _ in told]


def events_of(track_id: int, interactions: Iterable[Interaction]) -> set[str]:
    """What a person does and suffers.

    Args:
        track_id: of the person.
        interactions: all that were found.

    Returns:
        Labels as in `CaptionFacts.events`.
    """
    events = set()
    for edge in interactions:
        if track_id in (edge.subject, edge.object):
            role = "subject" if edge.subject == track_id else "object"
            events |= {event_label(edge.verb, role), event_label(edge.verb, "mutual")}
    return events


def is_held(event: str, allowed: set[str]) -> bool:
    """Whether an event is done alone, or is among the interactions found.

    Args:
        event: of `CaptionFacts.events`.
        allowed: of `events_of`.
    """
    return ":" not in event or event in allowed


def _video_caption(
    caption: str,
    people: Mapping[int, CaptionFacts],
    interactions: Sequence[Interaction],
    place: str | None,
    *,
    compose: bool,
) -> str:
    facts = read_facts(caption)
    if not people or not caption:
        return ""
    if compose:
        scene = facts.scene if place is None else place
        return tell_video(scene, len(people), *_found_of(people, interactions))
    relations = [relation for relation in facts.relations if _is_found(relation, people, interactions)]
    if len(relations) < len(facts.relations):
        return tell_video(facts.scene, len(people), relations, facts.person_actions)
    if facts.count not in (0, len(people)):
        return count_corrected(caption, len(people))
    return caption


def _found_of(
    people: Mapping[int, CaptionFacts], interactions: Iterable[Interaction]
) -> tuple[list[Relation], list[Action]]:
    """What was found, likeliest first; deeds done alone are those of people without an interaction."""
    looks = {track_id: Appearance(facts.kind, facts.top) for track_id, facts in people.items()}
    relations: list[Relation] = []
    related: set[int] = set()
    for edge in sorted(interactions, key=lambda edge: -edge.score):
        if edge.verb not in VERBS or len(relations) == MOST_TOLD:
            continue
        relation = relation_of(looks[edge.subject], edge.verb, looks[edge.object])
        related |= {edge.subject, edge.object}
        if relation not in relations:
            relations.append(relation)
    alone = [(track_id, action) for track_id, facts in people.items() for action in facts.actions[:1]]
    actions = [Action(looks[track_id], action) for track_id, action in alone if track_id not in related]
    return relations, actions[: MOST_TOLD - len(relations)]


def _is_found(relation: Relation, people: Mapping[int, CaptionFacts], interactions: Iterable[Interaction]) -> bool:
    """Whether some interaction has this verb, between people who may be those that the caption means."""
    mutual = is_mutual(relation.verb)
    for edge in interactions:
        if edge.verb != relation.verb:
            continue
        pairs = [(edge.subject, edge.object)] + ([(edge.object, edge.subject)] if mutual else [])
        for subject, target in pairs:
            if may_be(relation.subject, people[subject]) and may_be(relation.object, people[target]):
                return True
    return False


def may_be(appearance: Appearance, person: CaptionFacts) -> bool:
    """Whether nothing that is known of both differs.

    Args:
        appearance: as a caption tells it.
        person: what is known of somebody.

    Returns:
        True also where nothing is known.
    """
    known = ((appearance.kind, person.kind), (appearance.top, person.top))
    return all(not told or not seen or told == seen for told, seen in known)
