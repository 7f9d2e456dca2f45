"""Invented sights and rules for tests of rules."""

import numpy as np

from smot_vlm.language.known_words import DRAWN_WORDS, PEOPLE_WORDS, joined
from smot_vlm.rules.events import Event, EventFinder
from smot_vlm.rules.sentence import read_sentence
from smot_vlm.rules.vocabulary import Vocabulary, check_rules
from smot_vlm.structures import Attribute, SeenDeed, SeenPerson, Sight, Span

VOCABULARY = Vocabulary(
    ["push.v.01", "talk.v.01", "handshake.n.01", "embrace.v.02", "let_go_of.v.01"], joined(DRAWN_WORDS, PEOPLE_WORDS)
)
FPS = 10.0


def person(number=1, start=0.0, end=2.0, x=50.0, attributes=(), sure=True, gap=None) -> SeenPerson:
    """Somebody whose feet stand at (x, 90), in every frame but those of a gap. attributes: name -> (value, score)."""
    frames = np.arange(round(start * FPS), round(end * FPS) + 1)
    if gap is not None:
        frames = frames[(frames <= gap[0] * FPS) | (frames >= gap[1] * FPS)]
    boxes = np.tile([x - 5.0, 40.0, x + 5.0, 90.0], (len(frames), 1))
    told = tuple(Attribute(name, value, score) for name, value, score in attributes)
    return SeenPerson(number, frames, frames / FPS, boxes, told, sure)


def deed(label="push.v.01", start=0.0, end=1.5, subject=1, target=2, score=0.9, sure=True) -> SeenDeed:
    return SeenDeed(subject, label, target, (Span(start, end, (round(start * FPS),), score),), sure)


def sight(*deeds: SeenDeed, people=(), seconds=2.0) -> Sight:
    """Of a frame of 200 x 100 pixels; without people, of two who are there all the time."""
    there = people or (person(1, 0.0, seconds), person(2, 0.0, seconds))
    return Sight(seconds, 200, 100, tuple(there), deeds)


def finder(*sentences: str, zones=(), quiet=5.0, **options) -> EventFinder:
    rules = check_rules([read_sentence(text) for text in sentences], zones, VOCABULARY)
    return EventFinder(rules, "test.mp4", quiet_seconds=quiet, **options)


def event(rule="anyone pushes anyone", start=2.0, end=3.0) -> Event:
    return Event(rule, "test.mp4", (1, 2), start, end, (20, 25), 0.9, True)
