"""From a story to the facts that its captions state, and to the events that are seen."""

from smot_vlm.language import caption_lexicon as lexicon
from smot_vlm.language.fact_reader import event_label, relation_of
from smot_vlm.language.fact_records import Action, Appearance, PartnerFact, TimedEvent, TrackFacts, VideoFacts
from smot_vlm.structures import EventSegment, Interaction
from smot_vlm.synthetic.body.people import Person
from smot_vlm.synthetic.language.caption_writer import Highlights
from smot_vlm.synthetic.story.events import Event
from smot_vlm.synthetic.story.plot import Story

MOST_HIGHLIGHTS = 3  # interactions and actions in a video's caption


def track_facts(story: Story) -> tuple[TrackFacts, ...]:
    """The facts of the people's captions.

    Args:
        story: with only those events that the captions state.

    Returns:
        One record a person, in order.
    """
    keys = tuple(f"{person.kind}{index}" for index, person in enumerate(story.people))
    return tuple(
        TrackFacts(
            key=keys[index],
            id=index + 1,
            kind=person.kind,
            top=person.top,
            bottom=person.bottom,
            accessories=person.accessories,
            actions=tuple(event.label for event in events if event.partner < 0),
            partners=tuple(
                PartnerFact(event.label, event.role, _appearance(story.people[event.partner]), keys[event.partner])
                for event in events
                if event.partner >= 0
            ),
            events=tuple(map(_event_name, events)),
        )
        for index, (person, events) in enumerate(zip(story.people, story.events, strict=True))
    )


def track_events(story: Story) -> tuple[EventSegment, ...]:
    """What each person shows while each of their events lasts, in the first words of everything.

    Args:
        story: with only those events that the captions state.

    Returns:
        Person by person, in order of time.
    """
    return tuple(
        EventSegment(
            index + 1,
            event.start,
            event.end,
            _appearance_words(person),
            _event_words(event),
            _kind_and_top(story.people[event.partner]) if event.partner >= 0 else "",
            tuple(Interaction(index + 1, verb, event.partner + 1) for verb in _verbs_of(story, index, event)),
        )
        for index, (person, events) in enumerate(zip(story.people, story.events, strict=True))
        for event in events
    )


def timeline(story: Story) -> tuple[TimedEvent, ...]:
    """When each event happens, as files state it.

    Args:
        story: with only those events that the captions state.

    Returns:
        Person by person, in order of time.
    """
    return tuple(
        TimedEvent(
            index + 1,
            _event_name(event),
            round(float(event.start), 4),
            round(float(event.end), 4),
            event.partner + 1 if event.partner >= 0 else None,
            _verbs_of(story, index, event),
        )
        for index, events in enumerate(story.events)
        for event in events
    )


def choose_highlights(story: Story) -> Highlights:
    """What the video's caption states: up to three interactions in order of time, and what others do alone.

    Args:
        story: with only those events that captions may state.

    Returns:
        At most three in all.
    """
    started = sorted(
        (event.start, index, event.label, event.partner)
        for index, events in enumerate(story.events)
        for event in events
        if event.role == "subject" or (event.role == "mutual" and index < event.partner)
    )
    people = [_appearance(person) for person in story.people]
    relations = [(start, relation_of(people[a], verb, people[b])) for start, a, verb, b in started][:MOST_HIGHLIGHTS]
    busy = {side for _, relation in relations for side in (relation.subject, relation.object)}
    alone = [
        Action(person, event.label)
        for person, events in zip(people, story.events, strict=True)
        for event in events
        if event.partner < 0 and person not in busy
    ]
    return Highlights(tuple(relations), tuple(alone[: MOST_HIGHLIGHTS - len(relations)]))


def video_facts(scenario: str, people: int, highlights: Highlights) -> VideoFacts:
    """The facts of a video's caption.

    Args:
        scenario: the place.
        people: how many there are.
        highlights: what the caption states of them.

    Returns:
        The record.
    """
    relations = tuple(relation for _, relation in highlights.relations)
    return VideoFacts(scenario, people, relations, highlights.person_actions)


def _event_name(event: Event) -> str:
    return event.label if event.partner < 0 else event_label(event.label, event.role)


def _verbs_of(story: Story, index: int, event: Event) -> tuple[str, ...]:
    """What a person does to the partner of an event while it lasts."""
    sides = (index, event.partner, event.label)
    return tuple(edge.verb for edge in story.edges if (edge.subject, edge.object, edge.event) == sides)


def _appearance(person: Person) -> Appearance:
    return Appearance(person.kind, person.top, "")


def _appearance_words(person: Person) -> str:
    accessories = [lexicon.ACCESSORIES[name][0] for name in person.accessories]
    return " ".join([_kind_and_top(person), lexicon.COLOURS[person.bottom][0], *accessories])


def _kind_and_top(person: Person) -> str:
    return f"{lexicon.KINDS[person.kind][0]} {lexicon.COLOURS[person.top][0]}"


def _event_words(event: Event) -> str:
    if event.partner < 0:
        return lexicon.ACTIONS[event.label][0].finite
    phrase = lexicon.VERBS[event.label].from_side(event.role)[0]
    return f"{phrase.finite} {phrase.tail}".strip()
