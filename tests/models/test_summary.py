"""Captions over several stretches stay short, and descriptions of stretches become one."""

import numpy as np
import pytest

from smot_vlm.models.joining import Stretch, joined
from smot_vlm.models.summary import most_telling, summary
from smot_vlm.structures import (
    DOUBTFUL,
    STATED,
    WITHHELD,
    Attribute,
    Clause,
    Description,
    Interaction,
    ModelInfo,
    Passage,
    Segment,
    Span,
    Trajectory,
    VideoInfo,
)

VIDEO = VideoInfo("clip.mp4", 64, 48, 10.0, 40)
MODEL = ModelInfo("demo", "lora-lm", "byte", True)


def passages(*texts: str, seconds: float = 10.0) -> list[Passage]:
    return [Passage(text, row * seconds, (row + 1) * seconds) for row, text in enumerate(texts)]


def test_the_texts_that_are_true_for_longest_are_told_in_order_of_time():
    told = passages("a", "b", "c", "d", "d", "b", "e", "e", "e")
    assert most_telling(told) == [1, 3, 6]
    assert summary(told) == ("b Later: d Later: e", STATED)


def test_one_text_all_the_time_is_told_once():
    assert summary(passages(*["He stands."] * 60)) == ("He stands.", STATED)


def test_a_summary_does_not_grow_with_the_number_of_passages():
    assert len(summary(passages(*(f"Deed {number:04d}." for number in range(1000))))[0]) == 3 * 10 + 2 * 8


def test_no_passage_no_words():
    assert summary([]) == ("", STATED)


def test_a_summary_is_trusted_like_the_least_trusted_of_what_it_tells():
    doubtful = [Passage("a", 0, 9, DOUBTFUL), Passage("b", 9, 10)]
    assert summary(doubtful)[1] == DOUBTFUL


def track(number: int, first: int, last: int, caption: str, **more) -> Trajectory:
    frames = np.arange(first, last + 1)
    return Trajectory(
        number, frames, np.tile([1.0, 2, 3, 4], (len(frames), 1)), np.full(len(frames), 0.5), caption, **more
    )


def stretch(start: float, end: float, *tracks: Trajectory, edges=(), caption="", **more) -> Stretch:
    return Stretch(start, end, Description(VIDEO, tracks, edges, caption, MODEL, **more))


def test_people_who_stay_are_one_track_and_others_are_left_as_they_are():
    one = stretch(0, 2, track(1, 0, 19, "He sits."), track(2, 0, 5, "She runs."))
    two = stretch(2, 4, track(1, 20, 39, "He reads."))
    whole = joined([one, two], VIDEO, MODEL)
    assert [(entry.id, len(entry)) for entry in whole.tracks] == [(1, 40), (2, 6)]
    assert whole.tracks[0].caption == "He sits. Later: He reads."
    assert whole.tracks[0].passages == (Passage("He sits.", 0.0, 2.0), Passage("He reads.", 2.0, 4.0))
    assert whole.tracks[1] is one.told.tracks[1]


def test_segments_of_passages_that_are_told_stay():
    parts = [
        stretch(row, row + 1, track(1, 10 * row, 10 * row + 9, text, segments=(Segment(text, row, row + 1),)))
        for row, text in enumerate(["a", "b", "c", "d"])
    ]
    assert [segment.text for segment in joined(parts, VIDEO, MODEL).tracks[0].segments] == ["a", "b", "c"]


def test_an_interaction_is_one_with_the_spans_of_all_stretches():
    people = track(1, 0, 19, "a"), track(2, 5, 19, "b")
    later = track(1, 20, 39, "a"), track(2, 20, 29, "b")
    one = stretch(0, 2, *people, edges=[Interaction(1, "hug", 2, 0.6, (Span(0.5, 2.0),))])
    two = stretch(2, 4, *later, edges=[Interaction(1, "hug", 2, 0.8), Interaction(2, "hug", 1, 0.7)])
    edges = joined([one, two], VIDEO, MODEL).interactions
    assert [(edge.subject, edge.object, edge.score) for edge in edges] == [(1, 2, 0.8), (2, 1, 0.7)]
    # Where no span is known: the time in which both are there.
    assert [(span.from_seconds, span.to_seconds) for span in edges[0].spans] == [(0.5, 2.0), (2.0, 3.0)]
    assert [(span.from_seconds, span.to_seconds) for span in edges[1].spans] == [(2.0, 3.0)]


def test_clauses_of_the_video_point_to_the_interactions_of_the_whole():
    people = track(1, 0, 19, ""), track(2, 0, 19, "")
    later = track(1, 20, 39, ""), track(2, 20, 39, "")
    one = stretch(0, 2, *people, edges=[Interaction(1, "a", 2)], caption="One.", clauses=[Clause("One", (1, 2), (0,))])
    two = stretch(2, 4, *later, edges=[Interaction(1, "b", 2, 2.0)], caption="Two.", clauses=[Clause("Two", (), (0,))])
    whole = joined([one, two], VIDEO, MODEL)
    assert whole.caption == "One. Later: Two."
    assert [whole.interactions[clause.interactions[0]].verb for clause in whole.clauses] == ["a", "b"]
    assert [passage.text for passage in whole.passages] == ["One.", "Two."]


def test_attributes_are_those_that_most_boxes_tell():
    red, blue = Attribute("upper_colour", "red", 0.9), Attribute("upper_colour", "blue", 0.6)
    has = Attribute("has", "bag"), Attribute("has", "hat")
    one = stretch(0, 1, track(1, 0, 9, "a", attributes=(red, *has)))
    two = stretch(1, 4, track(1, 10, 39, "a", attributes=(blue,)))
    assert joined([one, two], VIDEO, MODEL).tracks[0].attributes == (blue, *has)


@pytest.mark.parametrize(("captions", "words"), [(("", ""), WITHHELD), (("He sits.", ""), STATED)])
def test_words_are_withheld_only_where_no_stretch_has_any(captions, words):
    parts = [
        stretch(row, row + 1, track(1, 10 * row, 10 * row + 9, text, words=STATED if text else WITHHELD))
        for row, text in enumerate(captions)
    ]
    assert joined(parts, VIDEO, MODEL).tracks[0].words == words
