"""A description as rules see it: people with what they look like, and deeds with when they are done."""

import re
from collections.abc import Iterator

import numpy as np

from smot_vlm.appearance.told_person import SURE
from smot_vlm.language import caption_lexicon, people_lexicon
from smot_vlm.language.fact_reader import read_facts
from smot_vlm.language.known_words import third_person
from smot_vlm.structures import DOUBTFUL, STATED, Attribute, Description, SeenDeed, SeenPerson, Sight, Span, Trajectory

_COLOURS = {word: colour for colour, words in caption_lexicon.COLOURS.items() for word in words}
_CLOTH = re.compile(rf"\b({'|'.join(_COLOURS)}) ([a-z-]+)\b")
# In sentences about real people "on skis" and "with a drink" are no deeds: verbs follow who does them, or "and".
_DEED = re.compile(rf"(?<!\bon )(?<!\ba )\b({'|'.join(map(third_person, people_lexicon.DEEDS))})\b")
_DEED_OF = {third_person(deed): deed for deed in people_lexicon.DEEDS}


def sight_of(description: Description, *, drawn: bool) -> Sight:
    """What a description says of its whole video.

    Args:
        description: any.
        drawn: its captions are of the synthetic world, whose facts are read from them; else of real people.

    Returns:
        People with all their frames, and deeds.

    Raises:
        ValueError: the video states no frame rate and no times.
    """
    video = description.video
    people = tuple(_person(track, description, drawn) for track in description.tracks)
    by_id = {person.id: person for person in people}
    deeds = [
        SeenDeed(
            edge.subject,
            edge.verb,
            edge.object,
            edge.spans or _together(by_id[edge.subject], by_id[edge.object], edge.score),
            by_id[edge.subject].sure and by_id[edge.object].sure,
        )
        for edge in description.interactions
    ]
    for track in description.tracks:
        deeds += _solo(track, by_id[track.id], drawn)
    end = max((float(person.times[-1]) for person in people if len(person.times)), default=0.0)
    return Sight(end, video.width, video.height, people, tuple(deeds))


def attributes_told(track: Trajectory, *, drawn: bool) -> tuple[Attribute, ...]:
    """What a person is, wears and has, from the attributes and, in the synthetic world, the caption.

    Args:
        track: with its caption.
        drawn: the caption is of the synthetic world.

    Returns:
        Those of the track where it has any.
    """
    if track.attributes or not drawn or not track.caption:
        return track.attributes
    facts = read_facts(track.caption)
    told = [("kind", facts.kind), ("upper_colour", facts.top), ("lower_colour", facts.bottom)]
    halves = {"upper_garment": facts.top, "lower_garment": facts.bottom}
    for colour, garment in _CLOTH.findall(track.caption.lower()):
        values = dict(zip(halves, people_lexicon.GARMENT_WORDS.get(garment, ("", "")), strict=True))
        for name, value in values.items():
            if value and _COLOURS[colour] == halves[name] and name not in dict(told):
                told.append((name, value))
    told += [("has", thing) for thing in facts.accessories]
    return tuple(Attribute(name, value) for name, value in told if value)


def _person(track: Trajectory, description: Description, drawn: bool) -> SeenPerson:
    seconds = [description.video.seconds(int(frame)) for frame in track.frames]
    times = np.array([at for at in seconds if at is not None])
    if len(times) < len(seconds):
        raise ValueError("the video states no frame rate and no times; describe it again with --fps")
    attributes = attributes_told(track, drawn=drawn)
    # Where an answer is unsure, that is what the doubt of the sentence may be about; each answer says itself how sure it is.
    is_explained = track.words == DOUBTFUL and any(entry.score < SURE for entry in attributes)
    return SeenPerson(track.id, track.frames, times, track.boxes, attributes, track.words == STATED or is_explained)


def _together(subject: SeenPerson, target: SeenPerson, score: float) -> tuple[Span, ...]:
    """While both are there, where it is not known when."""
    if not len(subject.times) or not len(target.times):
        return ()
    start = max(float(subject.times[0]), float(target.times[0]))
    end = min(float(subject.times[-1]), float(target.times[-1]))
    return (Span(start, end, (), score),) if start <= end else ()


def _solo(track: Trajectory, person: SeenPerson, drawn: bool) -> Iterator[SeenDeed]:
    for segment in track.segments:
        if segment.action and not segment.role:
            yield SeenDeed(
                track.id, segment.action, None, (Span(segment.from_seconds, segment.to_seconds),), person.sure
            )
    if drawn or track.segments or not len(person.times):
        return
    always = (Span(float(person.times[0]), float(person.times[-1])),)
    sure = track.words == STATED
    for verb in dict.fromkeys(_DEED.findall(track.caption)):
        yield SeenDeed(track.id, _DEED_OF[verb], None, always, sure)
