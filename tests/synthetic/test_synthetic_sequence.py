"""What a seed means: the same video for ever, one story at any rate and size, worlds and splits as asked for."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from smot_vlm.language.caption_lexicon import ACTIONS, COLOURS, SCENES, VERBS
from smot_vlm.synthetic import SyntheticSequence, make_sequence
from smot_vlm.synthetic.stage.scenes import PAINTERS
from smot_vlm.synthetic.story.actions import SOLO
from smot_vlm.synthetic.story.casting import EVENT_LABELS, held_out
from smot_vlm.synthetic.story.interactions import DUETS
from smot_vlm.synthetic.story.script_writer import MOST_EVENTS
from smot_vlm.verbs import VERBS as SENSES

pytestmark = pytest.mark.drawn


@cache
def world(split: str) -> tuple[SyntheticSequence, ...]:
    return tuple(make_sequence(seed, split) for seed in range(24))


def told(sequence: SyntheticSequence):
    """Everything but the pixels."""
    facts = replace(sequence.facts, fps=0.0)
    words = [track.caption for track in sequence.tracks]
    return sequence.name, sequence.caption, words, sequence.interactions, facts


def test_tables_agree():
    assert set(SOLO) == set(ACTIONS)
    assert set(DUETS) == set(VERBS)
    assert set(PAINTERS) == set(SCENES)
    assert len(SOLO) >= 15
    assert len(PAINTERS) >= 8
    assert len(COLOURS) == 10


def test_all_verbs_are_among_the_senses():
    known = {sense.label for sense in SENSES}
    labels = set(DUETS) | {duet.reverse for duet in DUETS.values() if duet.reverse}
    assert len(labels) >= 24
    assert labels <= known


def test_mutual_verbs_have_themselves_for_the_reverse():
    for name, duet in DUETS.items():
        assert (duet.reverse == name) == VERBS[name].mutual


def test_the_same_seed_is_the_same_video():
    first, again = make_sequence(7), make_sequence(7)
    assert told(first) == told(again)
    for index in (0, 11, len(first) - 1):
        assert np.array_equal(first.frame(index), again.frame(index))
    for track, twin in zip(first.tracks, again.tracks, strict=True):
        assert np.array_equal(track.boxes, twin.boxes)


def test_frames_do_not_depend_on_the_order_in_which_they_are_asked_for():
    sequence = make_sequence(3, width=320)
    last = sequence.frame(len(sequence) - 1)
    assert np.array_equal(last, list(make_sequence(3, width=320).frames())[-1])


def test_seeds_and_splits_differ():
    names = {told(make_sequence(seed, split))[1] for seed in (0, 1) for split in ("train", "val", "test")}
    assert len(names) == 6


def test_frames_have_the_size_and_number_that_is_told():
    sequence = make_sequence(5, width=400)
    frames = list(sequence.frames())
    assert len(frames) == len(sequence)
    assert {frame.shape for frame in frames} == {(sequence.height, 400, 3)}
    assert {frame.dtype for frame in frames} == {np.dtype(np.uint8)}
    with pytest.raises(IndexError, match="count from 0"):
        sequence.frame(len(sequence))


def test_one_story_at_any_rate():
    slow, smooth = make_sequence(9, "test"), make_sequence(9, "test", fps=25.0)
    assert told(slow) == told(smooth)
    assert len(smooth) == int(len(slow) / 2 * 25)
    # Second 4 is frame 8 at 2 a second and frame 100 at 25.
    for track, dense in zip(slow.tracks, smooth.tracks, strict=True):
        here, there = np.flatnonzero(track.frames == 8), np.flatnonzero(dense.frames == 100)
        assert len(here) == len(there)
        assert np.allclose(track.boxes[here], dense.boxes[there])


def test_smooth_videos_move_smoothly():
    smooth = make_sequence(4, fps=25.0, width=640)
    for track in smooth.tracks:
        together = np.diff(track.frames) == 1
        middles = (track.boxes[:, :2] + track.boxes[:, 2:]) / 2
        steps = np.abs(np.diff(middles, axis=0))[together]
        assert np.percentile(steps, 99) < 0.03 * smooth.width


def test_one_story_at_any_width():
    small, large = make_sequence(12, width=320), make_sequence(12, width=640)
    assert told(small) == told(large)
    for track, twin in zip(small.tracks, large.tracks, strict=True):
        assert np.array_equal(track.frames, twin.frames)
        assert np.allclose(track.boxes * 2, twin.boxes, atol=4)


def test_captions_keys_and_graph_belong_together():
    for sequence in (*world("train"), *world("test")):
        ids = [track.id for track in sequence.tracks]
        assert ids == list(range(1, len(ids) + 1))
        assert [track.id for track in sequence.facts.tracks] == ids
        assert len(set(sequence.keys)) == len(ids)
        edges = {(edge.subject, edge.verb, edge.object) for edge in sequence.interactions}
        assert len(edges) == len(sequence.interactions)
        key_of = dict(zip(sequence.keys, ids, strict=True))
        expected = set()
        for track in sequence.facts.tracks:
            for partner in track.partners:
                me, other = track.id, key_of[partner.key]
                a, b = (other, me) if partner.role == "object" else (me, other)
                expected.add((a, partner.verb, b))
                if DUETS[partner.verb].reverse:
                    expected.add((b, DUETS[partner.verb].reverse, a))
        assert edges == expected


def test_partners_agree_about_their_roles():
    other_role = {"subject": "object", "object": "subject", "mutual": "mutual"}
    for sequence in world("train"):
        by_key = {track.key: track for track in sequence.facts.tracks}
        for track in sequence.facts.tracks:
            for partner in track.partners:
                back = [
                    one for one in by_key[partner.key].partners if one.key == track.key and one.verb == partner.verb
                ]
                assert [one.role for one in back] == [other_role[partner.role]]
                assert partner.appearance[:2] == (by_key[partner.key].kind, by_key[partner.key].top)


def test_numbers_are_of_the_same_order_as_bensmots():
    everything = world("train") + world("test")
    assert 40 < np.mean([len(one) for one in everything]) < 52
    assert 1.8 < np.mean([len(one.tracks) for one in everything]) < 3.2
    assert 2.5 < np.mean([len(one.interactions) for one in everything]) < 6.5
    assert 31 < np.mean([len(t.caption.split()) for one in everything for t in one.tracks]) < 41
    heights = np.concatenate([t.boxes[:, 3] - t.boxes[:, 1] for one in everything for t in one.tracks])
    assert np.mean(heights >= 40) > 0.97


def test_events_fill_the_time_one_after_another():
    for sequence in world("train"):
        story = sequence.view.story
        for events in story.events:
            assert 1 <= len(events) <= MOST_EVENTS
            for event in events:
                assert event.end - event.start >= (4.0 if event.role else 3.0) - 1e-9
            for before, after in pairwise(events):
                assert before.end <= after.start + 1e-9


def test_train_never_shows_what_is_held_out_and_test_always_does():
    def combinations(sequence: SyntheticSequence):
        for track in sequence.facts.tracks:
            labels = [*track.actions, *(partner.verb for partner in track.partners)]
            yield [held_out(track.top, label) for label in labels]

    for sequence in world("train"):
        assert not any(any(found) for found in combinations(sequence))
    for sequence in world("test"):
        assert all(any(found) for found in combinations(sequence))


def test_one_combination_in_five_is_held_out():
    for label in EVENT_LABELS:
        assert sum(held_out(colour, label) for colour in COLOURS) == 2
    for colour in COLOURS:
        assert 0.1 < np.mean([held_out(colour, label) for label in EVENT_LABELS]) < 0.3


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_as_many_people_as_asked_for(count):
    assert len(make_sequence(2, people=(count, count)).tracks) == count


@pytest.mark.parametrize("verb", sorted(DUETS))
def test_worlds_of_one_verb(verb):
    sequence = make_sequence(1, people=(2, 2), verbs=[verb], actions=["stand", "phone", "wave"])
    assert {edge.verb for edge in sequence.interactions} <= {verb, DUETS[verb].reverse}
    assert any(edge.verb == verb for edge in sequence.interactions)


@pytest.mark.parametrize("action", sorted(SOLO))
def test_worlds_of_one_action(action):
    found = set()
    for seed in range(12):
        facts = make_sequence(seed, people=(1, 1), verbs=(), actions=[action]).facts
        assert set(facts.tracks[0].actions) <= {action, "stand"}, "who can do nothing else stands"
        found |= set(facts.tracks[0].actions)
    assert action in found


@pytest.mark.parametrize("scenario", sorted(PAINTERS))
def test_worlds_of_one_place(scenario):
    sequence = make_sequence(1, scenarios=[scenario], width=320)
    assert sequence.scenario == sequence.facts.video.scene == scenario
    assert sequence.name.startswith(f"{scenario}/")
    assert sequence.frame(0).std() > 15, "the picture is not empty"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed -1"),
        ({"split": "dev"}, "train, test, val"),
        ({"fps": 0.0}, "fps 0"),
        ({"width": 8}, "width 8"),
        ({"aspect": 9.0}, "aspect 9"),
        ({"people": (0, 2)}, "people"),
        ({"people": (3, 2)}, "people"),
        ({"people": (1, 9)}, "people"),
        ({"actions": ["fly"]}, "fly"),
        ({"actions": []}, "choose from"),
        ({"verbs": ["flee"]}, "flee"),
        ({"scenarios": ["moon"]}, "moon"),
    ],
)
def test_what_is_asked_for_wrongly(options, message):
    with pytest.raises(ValueError, match=message):
        make_sequence(**{"seed": 0, **options})


@pytest.mark.parametrize("seed", range(8))
def test_events_say_when_each_interaction_happens(seed):
    sequence = make_sequence(seed, people=(2, 4))
    events = sequence.events
    assert {edge for event in events for edge in event.interactions} == set(sequence.interactions)
    for event in events:
        assert 0 <= event.start < event.end <= len(sequence) / sequence.fps + 1
        assert all(edge.subject == event.track_id for edge in event.interactions)
        others = [other for other in events if other.track_id == event.track_id and other is not event]
        assert all(other.end <= event.start or event.end <= other.start for other in others)
    assert {event.track_id for event in events} == {track.id for track in sequence.tracks}
