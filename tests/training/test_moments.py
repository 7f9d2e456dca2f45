"""Words and verbs of single looks: each look gets what is true at its time, and a stretch the look in its middle."""

from dataclasses import replace

import torch
from training_cases import example

from smot_vlm.structures import Interaction, Moment
from smot_vlm.training.features import Looks
from smot_vlm.training.moments import grouped, look_texts, moment_labels, stretch_texts, true_look_texts
from smot_vlm.verbs import NUM_VERBS, verb

TALK = Interaction(1, "talk.v.01", 2)
MOMENTS = (
    Moment(1, 0.0, 0.5, "he walks"),
    Moment(1, 0.5, 1.5, "he talks", (TALK,)),
    Moment(2, 0.0, 1.0, "she waves"),
)


def case():
    """Two people, three frames at 0, 0.5 and 1 second, two cells a look."""
    clip = replace(example(people=2), moments=MOMENTS)
    looks = Looks([0, 1, 0, 1, 0, 1], 2, [0.0, 0.0, 0.5, 0.5, 1.0, 1.0], torch.zeros(6, 2, 8), torch.zeros(6, 4))
    return looks, [clip]


def test_each_look_has_the_words_of_its_time():
    looks, examples = case()
    texts = look_texts(looks, examples)
    assert texts == ["he walks", "she waves", "he talks", "she waves", "he talks", ""]
    lives = [["he walks", "he talks", "he talks"], ["she waves", "she waves", ""]]
    assert grouped(looks, texts) == true_look_texts(examples) == lives


def test_a_stretch_has_the_words_of_its_middle():
    assert stretch_texts(["a", "b", "c", "d"], 2) == ["b", "d"]
    assert stretch_texts(["a", "b"], 4) == ["a", "a", "b", "b"]
    assert stretch_texts(["a", "b", "c"], 3) == ["a", "b", "c"]


def test_verbs_are_known_while_they_last_and_in_their_direction():
    looks, examples = case()
    mask = torch.ones(2, 6, dtype=torch.bool)
    labels, known = moment_labels(looks, examples, torch.tensor([[0, 1], [1, 0]]), mask, NUM_VERBS)
    assert labels[0, :, verb("talk.v.01").id].tolist() == [0, 0, 1, 1, 1, 1]
    assert labels.sum() == 4
    assert known.tolist() == [[True] * 6, [True] * 4 + [False] * 2]


def test_somebody_else_is_not_talked_to():
    looks, examples = case()
    examples = [replace(examples[0], moments=(replace(MOMENTS[1], interactions=(replace(TALK, object=9),)),))]
    labels, known = moment_labels(
        looks, examples, torch.tensor([[0, 1]]), torch.ones(2, 6, dtype=torch.bool), NUM_VERBS
    )
    assert not labels.any()
    assert known[0].tolist() == [False, False, True, True, True, True]
