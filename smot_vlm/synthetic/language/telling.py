"""From a story to what is told of it: what can be seen, and the facts of tracks and video."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from smot_vlm.structures import EventSegment, Interaction
from smot_vlm.synthetic.body.people import Person
from smot_vlm.synthetic.facts import Deed, Looks, PartnerFact, TrackFacts, VideoFacts, event_label, relation_of
from smot_vlm.synthetic.language import lexicon
from smot_vlm.synthetic.language.sentences import Headlines
from smot_vlm.synthetic.render import Seen
from smot_vlm.synthetic.story.actions import NoRoom
from smot_vlm.synthetic.story.events import Event
from smot_vlm.synthetic.story.plot import STORY_FPS, Story

MOST_TOLD = 3  # interactions and deeds in a video's caption
ENOUGH_VISIBLE = 0.45  # share of a body that must show for what it does to be seen
ENOUGH_OPEN = 0.65  # share of somebody's time in the frame during which enough must show
LEAST_SECONDS = 3.0  # that every told event shows


def visible_story(story: Story, seen: Sequence[Seen], complete: bool) -> Story:
    """The story without what cannot be seen: an event must show for 3 seconds, and most of the time that its person
    is there.

    Raises:
        NoRoom: something cannot be seen although the story must be `complete`; somebody is never seen doing anything.
    """
    visible = np.stack([one.visible for one in seen]) > ENOUGH_VISIBLE
    inside = np.stack([one.inside for one in seen]) > ENOUGH_VISIBLE
    times = np.arange(len(seen)) / STORY_FPS

    def shows(index: int, event: Event) -> bool:
        during = (times >= event.start) & (times < event.end)
        shown, there = visible[during, index].sum(), inside[during, index].sum()
        return bool(shown >= LEAST_SECONDS * STORY_FPS and shown >= ENOUGH_OPEN * there)

    kept = []
    for index, events in enumerate(story.events):
        told = [event for event in events if shows(index, event) and (event.partner < 0 or shows(event.partner, event))]
        if not told or (complete and len(told) < len(events)):
            raise NoRoom
        kept.append(tuple(told))
    played = {
        frozenset((index, event.partner)) | {event.label} for index, events in enumerate(kept) for event in events
    }
    edges = tuple(edge for edge in story.edges if frozenset((edge.subject, edge.object)) | {edge.event} in played)
    return replace(story, events=tuple(kept), edges=edges)


def _looks(person: Person) -> Looks:
    return Looks(person.kind, person.top, "")


def track_facts(story: Story) -> tuple[TrackFacts, ...]:
    """The facts that are in the tracks' captions, in the order of the tracks."""
    keys = _keys(story.people)
    result = []
    for index, (person, events) in enumerate(zip(story.people, story.events, strict=True)):
        meetings = [event for event in events if event.partner >= 0]
        result.append(
            TrackFacts(
                key=keys[index],
                id=index + 1,
                kind=person.kind,
                top=person.top,
                bottom=person.bottom,
                accessories=person.accessories,
                actions=tuple(event.label for event in events if event.partner < 0),
                partners=tuple(
                    PartnerFact(event.label, event.role, _looks(story.people[event.partner]), keys[event.partner])
                    for event in meetings
                ),
                events=tuple(_event_name(event) for event in events),
            )
        )
    return tuple(result)


def track_events(story: Story) -> tuple[EventSegment, ...]:
    """What each track shows while each of its events lasts, in the first wording of everything."""
    return tuple(
        EventSegment(
            index + 1,
            event.start,
            event.end,
            _seen_words(person),
            _event_words(event),
            _who_words(story.people[event.partner]) if event.partner >= 0 else "",
            tuple(
                Interaction(index + 1, edge.verb, edge.object + 1)
                for edge in story.edges
                if (edge.subject, edge.object, edge.event) == (index, event.partner, event.label)
            ),
        )
        for index, (person, events) in enumerate(zip(story.people, story.events, strict=True))
        for event in events
    )


def _seen_words(person: Person) -> str:
    accessories = [lexicon.ACCESSORIES[name][0] for name in person.accessories]
    return " ".join([_who_words(person), lexicon.COLOURS[person.bottom][0], *accessories])


def _who_words(person: Person) -> str:
    return f"{lexicon.KINDS[person.kind][0]} {lexicon.COLOURS[person.top][0]}"


def _event_words(event: Event) -> str:
    if event.partner < 0:
        return lexicon.ACTIONS[event.label][0].finite
    phrase = lexicon.VERBS[event.label].told_by(event.role)[0]
    return f"{phrase.finite} {phrase.tail}".strip()


def _event_name(event: Event) -> str:
    return event.label if event.partner < 0 else event_label(event.label, event.role)


def _keys(people: Sequence[Person]) -> tuple[str, ...]:
    """man0, woman1, man2 ...: kind and place in the order of tracks."""
    return tuple(f"{person.kind}{index}" for index, person in enumerate(people))


def headlines(story: Story) -> Headlines:
    """What the video's caption tells: up to three interactions in order of time, and what others do alone."""
    started = sorted(
        (event.start, index, event.label, event.partner)
        for index, events in enumerate(story.events)
        for event in events
        if event.role == "subject" or (event.role == "mutual" and index < event.partner)
    )
    people = [_looks(person) for person in story.people]
    told = [(start, relation_of(people[a], verb, people[b])) for start, a, verb, b in started][:MOST_TOLD]
    busy = {side for _, relation in told for side in (relation.subject, relation.object)}
    alone = [
        Deed(who, event.label)
        for who, events in zip(people, story.events, strict=True)
        for event in events
        if event.partner < 0 and who not in busy
    ]
    return Headlines(tuple(told), tuple(alone[: MOST_TOLD - len(told)]))


def video_facts(scenario: str, people: int, told: Headlines) -> VideoFacts:
    """The facts that are in a video's caption."""
    return VideoFacts(scenario, people, tuple(relation for _, relation in told.relations), told.deeds)
