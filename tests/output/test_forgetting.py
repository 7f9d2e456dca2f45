"""A person taken out of a description."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smot_vlm.output.forgetting import without_person
from smot_vlm.structures import Clause, Description, Interaction, ModelInfo, Segment, Trajectory, VideoInfo

MODEL = ModelInfo("m", "lora-lm", "byte", True)


def person(track_id: int, caption: str, *segments: Segment) -> Trajectory:
    return Trajectory(
        track_id, [0, 1], [[10.0 * track_id, 0, 10.0 * track_id + 5, 20]] * 2, [0.9, 0.9], caption, segments=segments
    )


def scene() -> Description:
    one = person(
        1,
        "A woman in red waves, then pushes a man in blue, and finally sits down.",
        Segment("waves", 0.0, 1.0),
        Segment("pushes a man in blue", 1.0, 2.0, "push.v.01", "subject", 2),
        Segment("sits down", 2.0, 3.0),
    )
    two = person(
        2,
        "A man in blue is pushed by a woman in red.",
        Segment("is pushed by a woman in red", 1.0, 2.0, "push.v.01", "object", 1),
    )
    three = person(3, "A girl in green reads.", Segment("reads", 0.0, 3.0))
    edges = (Interaction(1, "push.v.01", 2), Interaction(3, "accompany.v.02", 1))
    caption = "A woman in red pushes a man in blue. A girl in green walks with a woman in red."
    clauses = (
        Clause("A woman in red pushes a man in blue.", (1, 2), (0,)),
        Clause("A girl in green walks with a woman in red.", (3, 1), (1,)),
    )
    return Description(VideoInfo("v", 100, 50, 2.0, 4), (one, two, three), edges, caption, MODEL, clauses=clauses)


def test_boxes_words_interactions_and_clauses_of_the_person_are_gone():
    left = without_person(scene(), 2)
    assert [track.id for track in left.tracks] == [1, 3]
    assert left.track(1).caption == "A woman in red waves, and finally sits down."
    assert [segment.text for segment in left.track(1).segments] == ["waves", "sits down"]
    assert left.caption == "A girl in green walks with a woman in red."
    assert left.clauses == (Clause("A girl in green walks with a woman in red.", (3, 1), (0,)),)
    assert left.interactions == (Interaction(3, "accompany.v.02", 1),)
    assert "blue" not in left.to_json()


def test_a_caption_that_may_speak_of_them_and_has_no_parts_is_emptied():
    """Person 3 walks with person 1, but no segment says with whom."""
    left = without_person(scene(), 1)
    assert left.track(3).caption == ""
    assert left.track(2).caption == "A man in blue."
    assert left.caption == ""
    assert left.clauses == ()


def test_a_video_caption_without_clauses_goes():
    description = Description(scene().video, scene().tracks, (), "A woman pushes a man.", MODEL)
    assert without_person(description, 2).caption == ""


def test_nobody_else_is_touched():
    left, before = without_person(scene(), 2), scene()
    assert left.track(3).caption == before.track(3).caption
    assert np.array_equal(left.track(1).boxes, before.track(1).boxes)


def test_a_number_that_nobody_has_is_told():
    with pytest.raises(KeyError, match="no track 9"):
        without_person(scene(), 9)


@given(st.permutations([1, 2, 3]), st.integers(1, 3))
def test_people_may_be_forgotten_in_any_order(order, count):
    left = scene()
    for number in order[:count]:
        left = without_person(left, number)
        assert Description.from_dict(left.to_dict()).to_json() == left.to_json()
    gone = set(order[:count])
    assert {track.id for track in left.tracks} == {1, 2, 3} - gone
    assert all(not gone & {edge.subject, edge.object} for edge in left.interactions)
    assert all(not gone & set(clause.people) for clause in left.clauses)
