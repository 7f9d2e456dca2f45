"""Words and verbs of single looks: each look gets what is true at its time, and a stretch the look in its middle."""

from dataclasses import replace

import pytest
import torch
from training_cases import example

from smot_vlm.structures import Interaction, Moment
from smot_vlm.training.event_targets import lives_of, moment_labels, moments_of, stretch_texts, true_lives
from smot_vlm.training.features import Looks
from smot_vlm.verbs import NUM_VERBS, verb

TALK = Interaction(1, "talk.v.01", 2)
WALKS = Moment(1, 0.0, 0.5, "man red", "walks")
TALKS = Moment(1, 0.5, 1.5, "man red", "talks", "woman", (TALK,))
WAVES = Moment(2, 0.0, 1.0, "woman blue", "waves")


def case():
    """Two people, three frames at 0, 0.5 and 1 second, two cells a look."""
    clip = replace(example(people=2), moments=(WALKS, TALKS, WAVES))
    looks = Looks([0, 1, 0, 1, 0, 1], 2, [0.0, 0.0, 0.5, 0.5, 1.0, 1.0], torch.zeros(6, 2, 8), torch.zeros(6, 4))
    return looks, [clip]


def test_each_look_has_the_moment_of_its_time():
    looks, examples = case()
    lives = lives_of(looks, examples)
    assert lives == true_lives(examples) == [[WALKS, TALKS, TALKS], [WAVES, WAVES, None]]
    assert moments_of(looks, lives) == [WALKS, WAVES, TALKS, WAVES, TALKS, None]


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


def test_a_stretch_says_what_happens_in_its_middle_and_whether_it_is_new():
    walks, still_walks = ("man red", "new walks", ""), ("man red", "walks", "")
    talks, still_talks = ("man red", "new talks", "woman"), ("man red", "talks", "woman")
    assert stretch_texts([WALKS, TALKS], 4, 3) == [walks, still_walks, talks, still_talks]
    assert stretch_texts([WALKS, TALKS, WALKS], 3, 3) == [walks, talks, walks]
    assert stretch_texts([WALKS, None, None, TALKS], 2, 3) == [(), talks]
    assert stretch_texts([WALKS, None, WALKS], 3, 3) == [walks, (), still_walks]
    assert stretch_texts([TALKS], 1, 1) == [("man red new talks woman",)]


def test_verbs_are_known_while_they_last_and_in_their_direction():
    looks, examples = case()
    mask = torch.ones(2, 6, dtype=torch.bool)
    labels, known = moment_labels(
        looks, lives_of(looks, examples), examples, torch.tensor([[0, 1], [1, 0]]), mask, NUM_VERBS
    )
    assert labels[0, :, verb("talk.v.01").id].tolist() == [0, 0, 1, 1, 1, 1]
    assert labels.sum() == 4
    assert known.tolist() == [[True] * 6, [True] * 4 + [False] * 2]


def test_somebody_else_is_not_talked_to():
    looks, examples = case()
    examples = [replace(examples[0], moments=(replace(TALKS, interactions=(replace(TALK, object=9),)),))]
    mask = torch.ones(2, 6, dtype=torch.bool)
    labels, known = moment_labels(looks, lives_of(looks, examples), examples, torch.tensor([[0, 1]]), mask, NUM_VERBS)
    assert not labels.any()
    assert known[0].tolist() == [False, False, True, True, True, True]
