"""Words and verbs of single observations: each gets what is true at its time, and a segment what is in its middle."""

from dataclasses import replace

import pytest
import torch
from training_cases import example

from smot_vlm.fusion.memory import TrackBatch
from smot_vlm.structures import EventSegment, Interaction
from smot_vlm.training.event_targets import segment_texts, token_labels, track_events, true_track_events
from smot_vlm.verbs import NUM_VERBS, verb

TALK = Interaction(1, "talk.v.01", 2)
WALKS = EventSegment(1, 0.0, 0.5, "man red", "walks")
TALKS = EventSegment(1, 0.5, 1.5, "man red", "talks", "woman", (TALK,))
WAVES = EventSegment(2, 0.0, 1.0, "woman blue", "waves")


def case():
    """Two people, three frames at 0, 0.5 and 1 second, two cells an observation."""
    clip = replace(example(people=2), events=(WALKS, TALKS, WAVES))
    times = torch.tensor([[0.0, 0.5, 1.0]] * 2)
    mask = torch.ones(2, 3, dtype=torch.bool)
    return TrackBatch(torch.zeros(2, 3, 2, 8), times, torch.zeros(2, 3, 4), mask), [clip]


def test_each_observation_has_the_event_of_its_time():
    observations, examples = case()
    events = track_events(observations, examples)
    assert events == true_track_events(examples) == [[WALKS, TALKS, TALKS], [WAVES, WAVES, None]]


def test_padding_has_no_event():
    observations, examples = case()
    observations.mask[1, 1:] = False
    assert track_events(observations, examples) == [[WALKS, TALKS, TALKS], [WAVES]]
    assert track_events(None, [replace(examples[0], tracks=())]) == []


@pytest.mark.parametrize(
    ("tokens", "shares"),
    [
        (1, ("man red talks woman",)),
        (2, ("man red", "talks woman")),
        (3, ("man red", "talks", "woman")),
        (5, ("man red", "talks", "woman")),
    ],
)
def test_tokens_share_what_can_be_said(tokens, shares):
    assert TALKS.shares(tokens) == shares
    assert TALKS.text == "man red talks woman"
    assert WALKS.text == "man red walks"


def test_a_segment_says_what_happens_in_its_middle_and_whether_it_is_new():
    walks, still_walks = ("man red", "new walks", ""), ("man red", "walks", "")
    talks, still_talks = ("man red", "new talks", "woman"), ("man red", "talks", "woman")
    assert segment_texts([WALKS, TALKS], 4, 3) == [walks, still_walks, talks, still_talks]
    assert segment_texts([WALKS, TALKS, WALKS], 3, 3) == [walks, talks, walks]
    assert segment_texts([WALKS, None, None, TALKS], 2, 3) == [(), talks]
    assert segment_texts([WALKS, None, WALKS], 3, 3) == [walks, (), still_walks]
    assert segment_texts([TALKS], 1, 1) == [("man red new talks woman",)]


def test_verbs_are_known_while_they_last_and_in_their_direction():
    observations, examples = case()
    events = track_events(observations, examples)
    labels, known = token_labels(observations, events, examples, torch.tensor([[0, 1], [1, 0]]), 6, NUM_VERBS)
    assert labels[0, :, verb("talk.v.01").id].tolist() == [0, 0, 1, 1, 1, 1]
    assert labels.sum() == 4
    assert known.tolist() == [[True] * 6, [True] * 4 + [False] * 2]


def test_somebody_else_is_not_talked_to():
    observations, examples = case()
    examples = [replace(examples[0], events=(replace(TALKS, interactions=(replace(TALK, object=9),)),))]
    events = track_events(observations, examples)
    labels, known = token_labels(observations, events, examples, torch.tensor([[0, 1]]), 6, NUM_VERBS)
    assert not labels.any()
    assert known[0].tolist() == [False, False, True, True, True, True]
