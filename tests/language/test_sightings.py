"""What single observations show clearly is told, where an interaction says so too or it is done alone."""

from dataclasses import replace

import numpy as np
import pytest

from smot_vlm.language.agreement import contradictions
from smot_vlm.language.fact_reader import read_facts
from smot_vlm.language.sightings import ALONE, FOUND, WEAK, WEAKEST, Sighting, with_sightings
from smot_vlm.structures import Description, Interaction, ModelInfo, Segment, Span, Trajectory, VideoInfo

BOY = "A boy in a blue top dances on the spot, and finally takes sips from a bottle."
LADY = "A lady in a red top jumps up and down."


def person(track_id: int, caption: str, *times: tuple[float, float]) -> Trajectory:
    segments = tuple(Segment(caption, *each) for each in times)
    return Trajectory(
        track_id, np.arange(50), np.tile([0.0, 0, 9, 9], (50, 1)), np.ones(50), caption, segments=segments
    )


def described(*edges: Interaction, boy: str = BOY) -> Description:
    times = [(0.0, 10.0), (20.0, 30.0), (30.0, 31.0), (31.0, 32.0)][: len(read_facts(boy).events)]
    tracks = (person(1, boy, *times), person(2, LADY, (0.0, 9.0)))
    return Description(
        VideoInfo("a.mp4", 64, 48, 2.0, 60), tracks, edges, "", ModelInfo("demo", "lora-lm", "byte", True)
    )


def seen(event: str, least: tuple[float, float], begin: float = 11.0) -> Sighting:
    return Sighting(event, Span(begin, begin + least[1]), least[0])


def events(found: Description) -> list[tuple[str, ...]]:
    return [read_facts(track.caption).events for track in found.tracks]


def test_what_is_done_alone_is_told_at_its_time():
    found = with_sightings(described(), {1: [seen("clap", ALONE)], 2: [seen("stand", ALONE, 10.0)]}, ())
    assert events(found) == [("dance", "clap", "drink"), ("jump", "stand")]
    assert [track.segments for track in found.tracks] == [(), ()], "their words are no longer those of the caption"


@pytest.mark.parametrize("less", [(0.1, 0.0), (0.0, 0.1)], ids=["too unclear", "too short"])
def test_what_is_not_seen_well_enough_stays_untold(less):
    one = Sighting("clap", Span(11.0, 11.0 + ALONE[1] - less[1]), ALONE[0] - less[0])
    assert with_sightings(described(), {1: [one]}, ()).to_json() == described().to_json()


def test_of_what_two_do_an_interaction_must_be_found():
    push = seen("push.v.01:subject", FOUND)
    assert events(with_sightings(described(), {1: [push]}, ()))[0] == ("dance", "drink")
    found = with_sightings(described(Interaction(1, "push.v.01", 2, 0.5)), {1: [push]}, ())
    assert events(found) == [("dance", "push.v.01:subject", "drink"), ("jump",)]
    assert read_facts(found.tracks[0].caption).partners[0].appearance[:2] == ("woman", "red")
    assert contradictions(found) == []


@pytest.mark.parametrize(
    ("score", "least", "told"), [(WEAKEST, WEAK, True), (0.34, WEAK, False), (WEAKEST, FOUND, False)]
)
def test_a_weak_interaction_counts_where_it_is_clearly_seen(score, least, told):
    weak = Interaction(1, "push.v.01", 2, score)
    found = with_sightings(described(), {1: [seen("push.v.01:subject", least)]}, (weak,))
    assert found.interactions == ((weak,) if told else ())
    assert ("push.v.01:subject" in events(found)[0]) == told
    assert contradictions(found) == []


def test_the_other_side_and_both_sides():
    weak = (Interaction(1, "push.v.01", 2, 0.4), Interaction(2, "embrace.v.02", 1, 0.4))
    both = {1: [seen("embrace.v.02:mutual", WEAK)], 2: [seen("push.v.01:object", WEAK, 12.0)]}
    found = with_sightings(described(), both, weak)
    assert events(found) == [("dance", "embrace.v.02:mutual", "drink"), ("jump", "push.v.01:object")]
    assert [(edge.subject, edge.verb, edge.object) for edge in found.interactions] == [
        (1, "embrace.v.02", 2),
        (1, "push.v.01", 2),
        (2, "embrace.v.02", 1),
    ]


def test_somebody_elses_interaction_is_not_theirs():
    edges = (Interaction(2, "push.v.01", 1, 0.9),)
    assert events(with_sightings(described(*edges), {1: [seen("push.v.01:subject", WEAK)]}, ()))[0] == (
        "dance",
        "drink",
    )


def test_the_clearest_are_told_where_there_is_room_and_none_twice():
    three = "A boy in a blue top dances on the spot, then reads a book, and finally takes sips from a bottle."
    clear = [
        seen("clap", ALONE),
        Sighting("stand", Span(14.0, 20.0), 8.0),
        seen("dance", ALONE),
        seen("stand", ALONE, 25.0),
    ]
    assert events(with_sightings(described(boy=three), {1: clear}, ()))[0] == ("dance", "stand", "read", "drink")


def test_whether_somebody_comes_or_goes_is_too_unsure():
    assert events(with_sightings(described(), {1: [Sighting("walk_near", Span(11.0, 19.0), 9.0)]}, ()))[0] == (
        "dance",
        "drink",
    )


def test_captions_without_times_stay():
    track = replace(described().tracks[0], segments=())
    untimed = replace(described(), tracks=(track,))
    assert with_sightings(untimed, {1: [seen("clap", ALONE)]}, ()).to_json() == untimed.to_json()
