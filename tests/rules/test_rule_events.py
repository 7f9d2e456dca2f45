"""When rules come true: verbs, looks, zones, durations, hours, doubt, and how often an event is told."""

import numpy as np
import pytest
from rule_cases import deed, finder, person, sight

from smot_vlm.rules.events import SCHEMA
from smot_vlm.rules.parts import Zone
from smot_vlm.structures import SeenDeed, Span

LEFT = Zone("left", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)))


def test_an_event_says_who_when_and_on_what_evidence():
    (found,) = finder("anyone pushes anyone for 1s").find(sight(deed()))
    assert (found.people, found.from_seconds, found.to_seconds) == ((1, 2), 0.0, 1.5)
    assert (found.frames, found.score, found.sure) == ((0,), 0.9, True)
    assert found.to_dict() == {
        "schema": SCHEMA,
        "rule": "anyone pushes anyone for 1s",
        "source": "test.mp4",
        "people": [1, 2],
        "from_seconds": 0.0,
        "to_seconds": 1.5,
        "frames": [0],
        "score": 0.9,
        "sure": True,
        "time": "",
        "clip": "",
    }


@pytest.mark.parametrize(("end", "told"), [(0.9, 0), (1.0, 1), (1.5, 1)])
def test_a_deed_must_last_as_long_as_the_rule_says(end, told):
    assert len(finder("anyone pushes anyone for 1s").find(sight(deed(end=end)))) == told


def test_a_deed_that_is_seen_piece_by_piece_is_one():
    watching = finder("anyone pushes anyone for 3s")
    told = [watching.find(sight(deed(start=start, end=start + 1), seconds=start + 1)) for start in (0.0, 1.0, 2.0, 3.0)]
    assert [len(events) for events in told] == [0, 0, 1, 0]
    assert (told[2][0].from_seconds, told[2][0].to_seconds) == (0.0, 3.0)


def test_short_pieces_with_pauses_do_not_add_up():
    watching = finder("anyone pushes anyone for 3s")
    pieces = [deed(start=start, end=start + 1) for start in (0.0, 3.0, 6.0, 9.0)]
    assert [watching.find(sight(piece, seconds=piece.spans[0].to_seconds)) for piece in pieces] == [[]] * 4


@pytest.mark.parametrize(("gap", "told"), [(1.0, 1), (4.9, 1), (5.1, 2)])
def test_an_event_is_told_again_after_a_gap_of_quiet_seconds(gap, told):
    watching = finder("anyone pushes anyone", quiet=5.0)
    events = watching.find(sight(deed(end=1.0)))
    events += watching.find(sight(deed(start=1.0 + gap, end=2.0 + gap), seconds=9.0))
    assert len(events) == told


def test_what_is_seen_again_and_again_over_a_window_is_told_once():
    """The same span lies in the newest seconds of many sights, long after it ended."""
    watching = finder("anyone pushes anyone", quiet=1.0)
    told = [watching.find(sight(deed(), seconds=now)) for now in np.arange(2.0, 10.0, 0.5)]
    assert sum(map(len, told)) == 1


def test_each_pair_has_its_own_events():
    people = [person(number) for number in (1, 2, 3)]
    both = sight(deed(), deed(subject=2, target=1), deed(target=3), people=people)
    assert {event.people for event in finder("anyone pushes anyone").find(both)} == {(1, 2), (2, 1), (1, 3)}


def test_what_both_do_to_each_other_is_one_event():
    talk = sight(deed("talk.v.01", subject=2, target=1), deed("talk.v.01"))
    assert [event.people for event in finder("anyone talks to anyone").find(talk)] == [(1, 2)]
    people = (person(1, attributes=RED), person(2))
    told = finder("anyone talks to man").find(sight(*talk.deeds, people=people))
    assert [event.people for event in told] == [(2, 1)]


RED = (("kind", "man", 0.9), ("upper_colour", "red", 0.8), ("upper_garment", "shirt", 0.95), ("has", "hat", 0.75))


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("man", 1),
        ("adult", 1),
        ("woman", 0),
        ("child", 0),
        ("anyone in red", 1),
        ("anyone in blue", 0),
        ("anyone in red shirt", 1),
        ("anyone in blue shirt", 0),
        ("anyone in red trousers", 0),
        ("man in red shirt with hat", 1),
        ("man in red shirt with hat and bag", 0),
    ],
)
def test_people_must_look_as_the_rule_says(who, told):
    people = (person(1, attributes=RED), person(2))
    assert len(finder(f"{who} pushes anyone").find(sight(deed(), people=people))) == told
    assert len(finder(f"anyone pushes {who}").find(sight(deed(subject=2, target=1), people=people))) == told
    (event,) = finder("man in red with hat").find(sight(people=people))
    assert (event.people, event.score) == ((1,), 0.75)


def test_a_deed_alone_needs_no_other_person():
    run = SeenDeed(1, "run", None, (Span(0.5, 2.0, (10,), 0.8),))
    (event,) = finder("anyone runs for 1s").find(sight(run))
    assert (event.people, event.score) == ((1,), 0.8)
    assert finder("anyone pushes anyone").find(sight(run)) == []


def test_what_is_not_sure_is_told_only_where_asked_for():
    unsure = [
        (sight(deed(sure=False)), "anyone pushes anyone"),
        (sight(deed(), people=(person(1, sure=False), person(2))), "anyone pushes anyone"),
        (sight(people=(person(1, attributes=(("kind", "man", 0.6),)),)), "man"),
        (sight(people=(person(1, attributes=RED, sure=False),)), "man"),
    ]
    for seen, rule in unsure:
        assert finder(rule).find(seen) == []
        assert [event.sure for event in finder(rule, unsure=True).find(seen)] == [False]


def test_that_somebody_stands_somewhere_rests_on_boxes_alone():
    (event,) = finder("anyone in zone left", zones=[LEFT]).find(sight(people=(person(1, sure=False),)))
    assert event.sure


@pytest.mark.parametrize(
    ("x", "where", "told"), [(50, "in", 1), (100, "in", 1), (150, "in", 0), (50, "outside", 0), (150, "outside", 1)]
)
def test_a_person_is_where_the_feet_are(x, where, told):
    watching = finder(f"anyone {where} zone left for 2s", zones=[LEFT])
    assert len(watching.find(sight(people=(person(1, x=x),)))) == told


def test_a_zone_need_not_be_convex():
    """An L around the upper right: feet at y 90 of 100."""
    corner = Zone("corner", ((0, 0), (200, 0), (200, 100), (150, 100), (150, 50), (0, 50)), pixels=True)
    for x, told in ((50, 0), (149, 0), (151, 1), (190, 1)):
        assert len(finder("anyone in zone corner", zones=[corner]).find(sight(people=(person(1, x=x),)))) == told


def test_a_deed_counts_while_its_subject_is_in_the_zone():
    inside, away = person(1, x=50, end=1.0), person(2, x=150)
    watching = finder("anyone pushes anyone in zone left", zones=[LEFT])
    (event,) = watching.find(sight(deed(end=1.5), people=(inside, away)))
    assert (event.from_seconds, event.to_seconds) == (0.0, 1.0)
    assert (
        finder("anyone pushes anyone in zone left", zones=[LEFT]).find(
            sight(deed(subject=2, target=1), people=(inside, away))
        )
        == []
    )


@pytest.mark.parametrize(("gap", "told"), [((0.8, 1.6), 1), ((0.5, 1.8), 0)])
def test_a_short_gap_of_the_detector_does_not_end_a_stay(gap, told):
    watching = finder("anyone in zone left for 2s", zones=[LEFT])
    assert len(watching.find(sight(people=(person(1, gap=gap),)))) == told


@pytest.mark.parametrize(("away", "told"), [(5, 1), (12, 0)])
def test_leaving_the_zone_ends_a_stay_unless_it_is_for_a_moment(away, told):
    """Boxes tremble at the edge of a zone. away: frames, at 10 a second."""
    walker = person(1, end=3.0)
    walker.boxes[10 : 10 + away, [0, 2]] += 100.0
    watching = finder("anyone in zone left for 2.5s", zones=[LEFT])
    assert len(watching.find(sight(people=(walker,), seconds=3.0))) == told


@pytest.mark.parametrize(("hour", "told"), [(21.9, 0), (22.0, 1), (3.0, 1), (6.0, 0), (12.0, 0)])
def test_hours_reach_past_midnight(hour, told):
    watching = finder("anyone pushes anyone between 22:00 and 06:00", day_seconds=lambda seconds: hour * 3600)
    assert len(watching.find(sight(deed()))) == told


def test_hours_need_a_clock():
    with pytest.raises(ValueError, match="give --filmed-at"):
        finder("anyone pushes anyone between 22:00 and 06:00")


def test_memory_does_not_grow_with_events():
    watching = finder("anyone pushes anyone", quiet=1.0)
    for now in range(0, 5000, 10):
        both = (person(2 * now, now, now + 2), person(2 * now + 1, now, now + 2))
        push = deed(start=now, end=now + 1, subject=2 * now, target=2 * now + 1)
        assert len(watching.find(sight(push, people=both, seconds=now + 2.0))) == 1
    assert len(watching._episodes) < 20
