"""What a source does not say has no part in a loss."""

import torch

from smot_vlm.appearance.losses import appearance_losses, targets_of
from smot_vlm.appearance.vocabulary import QUESTIONS
from smot_vlm.language.people_facts import PersonFacts


def logits(people: int = 1) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {name: torch.randn(people, len(values), requires_grad=True) for name, values in QUESTIONS.items()}


def gradients(*people: PersonFacts) -> dict[str, torch.Tensor]:
    found = logits(len(people))
    sum(appearance_losses(found, targets_of(people)).values()).backward()
    return {name: values.grad for name, values in found.items()}


def test_nothing_said_moves_nothing():
    assert all(not gradient.any() for gradient in gradients(PersonFacts()).values())


def test_a_question_that_is_not_answered_moves_nothing():
    moved = gradients(PersonFacts(kinds=("man",)), PersonFacts(upper=("red",)))
    assert moved["kinds"][0].any()
    assert not moved["kinds"][1].any()
    assert moved["upper"][1].any()
    assert not moved["upper"][0].any()
    assert not moved["deeds"].any()
    assert not moved["attributes"].any()


def test_a_child_is_a_boy_or_a_girl():
    found = {**logits(), "kinds": torch.tensor([[0.0, 0.0, 1.0, 3.0]])}
    loss = appearance_losses(found, targets_of([PersonFacts(kinds=("boy", "girl"))]))["kinds"]
    expected = -found["kinds"].softmax(dim=-1)[0, 2:].sum().log()
    torch.testing.assert_close(loss, expected)


def test_deeds_that_are_said_do_not_compete_with_each_other():
    moved = gradients(PersonFacts(deeds=("stand", "hold")))["deeds"][0]
    rows = [QUESTIONS["deeds"].index(deed) for deed in ("stand", "hold")]
    assert (moved[rows] < 0).all()
    others = [row for row in range(len(moved)) if row not in rows]
    assert (moved[others] > 0).all()


def test_a_no_counts_only_where_it_is_said():
    moved = gradients(PersonFacts(has=("hat",), lacks=("bag",)))["attributes"][0]
    row = {name: index for index, name in enumerate(QUESTIONS["attributes"])}
    assert moved[row["hat"]] < 0 < moved[row["bag"]]
    assert moved[row["backpack"]] == 0


def test_colours_of_an_unknown_part_move_both_parts():
    moved = gradients(PersonFacts(worn=("red",)))
    assert moved["upper"].any()
    assert moved["lower"].any()
    known = gradients(PersonFacts(worn=("red",), upper=("red",)))
    assert known["upper"].any()
    assert not known["lower"].any()
