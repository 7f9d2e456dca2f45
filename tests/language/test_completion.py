"""Found interactions that a caption leaves out are told in it, at their time."""

from dataclasses import replace

import numpy as np
import pytest

from smot_vlm.language.agreement import MOST_BOXES_WITHOUT_ORDER, contradictions
from smot_vlm.language.completion import MOST_DEEDS, completed
from smot_vlm.language.fact_reader import read_facts
from smot_vlm.structures import Description, Interaction, ModelInfo, Segment, Span, Trajectory, VideoInfo

CAPTION = "A young boy in a blue shirt and orange pants dances on the spot, and finally takes sips from a bottle."
OTHER = "A lady in a red top."


def person(track_id: int, caption: str, *times: tuple[float, float], boxes: int = 50) -> Trajectory:
    """Somebody whose clauses have these times."""
    frames = np.arange(boxes)
    segments = tuple(Segment(caption, *each) for each in times)
    return Trajectory(track_id, frames, np.tile([0.0, 0, 9, 9], (boxes, 1)), np.ones(boxes), caption, segments=segments)


def edge(subject: int, verb: str, target: int, score: float, *times: tuple[float, float]) -> Interaction:
    return Interaction(subject, verb, target, score, tuple(Span(*each, (0,), score) for each in times))


def description(tracks: list[Trajectory], *edges: Interaction) -> Description:
    model = ModelInfo("demo", "lora-lm", "byte", True)
    return Description(VideoInfo("clip.mp4", 64, 48, 2.0, 60), tuple(tracks), edges, "", model)


BOY = person(1, CAPTION, (0.0, 10.0), (20.0, 30.0))
LADY = person(2, OTHER)


@pytest.mark.parametrize(
    ("times", "told"),
    [
        ((0.0, 2.0), "pushes a woman in a red top, then dances on the spot, and finally takes sips from a bottle"),
        ((11.0, 19.0), "dances on the spot, then pushes a woman in a red top, and finally takes sips from a bottle"),
        ((25.0, 30.0), "dances on the spot, then takes sips from a bottle, and finally pushes a woman in a red top"),
    ],
)
def test_it_is_told_at_its_time(times, told):
    found = completed(description([BOY, LADY], edge(1, "push.v.01", 2, 0.8, times)), 0.6)
    facts = read_facts(found.tracks[0].caption)
    expected = read_facts(f"A young boy in a blue shirt and orange pants {told}.")
    assert (facts.events, facts.partners) == (expected.events, expected.partners)
    assert (facts.kind, facts.top, facts.bottom) == ("boy", "blue", "orange")
    assert found.tracks[0].segments == ()  # their words are no longer those of the caption
    assert contradictions(found) == []


def test_the_other_side_is_told_what_happens_to_her():
    found = completed(description([BOY, LADY], edge(1, "push.v.01", 2, 0.8, (11.0, 19.0))), 0.6)
    facts = read_facts(found.tracks[1].caption)
    assert facts.events == ("push.v.01:object",)
    assert facts.partners[0].appearance[:2] == ("boy", "blue")


def test_of_two_that_are_left_out_the_likelier_is_told_where_one_has_room():
    busy = person(
        1,
        "A boy in a blue top jumps up and down, then uses a mobile phone, and finally claps both hands.",
        *[(0.0, 9.0)] * 3,
    )
    assert len(read_facts(busy.caption).events) == MOST_DEEDS - 1
    edges = (edge(1, "push.v.01", 2, 0.7, (0.0, 1.0)), edge(1, "hit.v.03", 2, 0.9, (28.0, 29.0)))
    told = read_facts(completed(description([busy, LADY], *edges), 0.6).tracks[0].caption).events
    assert len(told) == MOST_DEEDS
    assert told[-1] == "hit.v.03:subject"
    assert "push.v.01:subject" not in told


def test_the_longest_span_decides():
    one = edge(1, "push.v.01", 2, 0.8, (0.0, 1.0), (11.0, 19.0))
    assert read_facts(completed(description([BOY, LADY], one), 0.6).tracks[0].caption).events[1] == "push.v.01:subject"


@pytest.mark.parametrize(
    ("boy", "one"),
    [
        (BOY, edge(1, "push.v.01", 2, 0.59, (11.0, 19.0))),  # not likely enough
        (BOY, edge(1, "push.v.01", 2, 0.8)),  # no span
        (BOY, edge(1, "abandon.v.01", 2, 0.8, (11.0, 19.0))),  # no words for it
        (replace(BOY, segments=()), edge(1, "push.v.01", 2, 0.8, (11.0, 19.0))),  # no times
        (replace(BOY, caption="", segments=()), edge(1, "push.v.01", 2, 0.8, (11.0, 19.0))),  # withheld
        (
            person(1, CAPTION, (0.0, 1.0), (1.0, 2.0), boxes=MOST_BOXES_WITHOUT_ORDER),
            edge(1, "push.v.01", 2, 0.8, (0.0, 2.0)),
        ),
    ],
)
def test_else_a_caption_stays(boy, one):
    assert completed(description([boy, LADY], one), 0.6).tracks[0] == boy


def test_what_is_told_already_is_not_told_twice():
    told = person(1, "A boy in a blue top pushes a woman in a red top.", (0.0, 9.0))
    given = description([told, LADY], edge(1, "push.v.01", 2, 0.9, (0.0, 9.0)))
    assert completed(given, 0.6).tracks[0] is told


@pytest.mark.parametrize(("role", "until", "added"), [("subject", 6.0, 0), ("subject", 4.0, 1), ("", 10.0, 1)])
def test_what_happens_while_another_deed_of_two_is_told_is_not_added(role, until, added):
    """Of ten seconds of pushing the caption tells something else for six or four of them, or of what is done alone."""
    text = "hits a woman in a red top" if role else "claps both hands"
    caption = f"A boy in a blue top {text}."
    busy = replace(person(1, caption), segments=(Segment(text, 0.0, until, role=role),))
    found = completed(description([busy, LADY], edge(1, "push.v.01", 2, 0.9, (0.0, 10.0))), 0.5)
    assert len(read_facts(found.tracks[0].caption).events) == 1 + added
