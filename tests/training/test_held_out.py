"""Held-out losses are of eyes, not of habit: they are repeatable, and swapping people changes them."""

import pytest
import torch
from training_cases import example, small_training

from smot_vlm.models.build import build_model
from smot_vlm.synthetic import make_sequence
from smot_vlm.system.processes import Processes
from smot_vlm.training.held_out import held_out_losses, swap_people, validation_losses
from smot_vlm.training.sequence_sources import DrawnSequence, DrawnWorld
from smot_vlm.training.terms import Phase
from smot_vlm.training.validation import validate

pytestmark = pytest.mark.drawn


@pytest.fixture
def config(tiny_language_model):
    return small_training(tiny_language_model)


def test_losses_are_the_same_again_and_the_model_is_left_as_it_was(config):
    model = build_model(config).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    world = DrawnWorld(700_000, 6, split="val", width=160)
    first = held_out_losses(model, config, world)
    assert set(first) == {"grounding", "frame_grounding", "interactions", "swapped grounding"}
    assert all(value > 0 for value in first.values())
    assert held_out_losses(model, config, world) == first
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_swapping_moves_captions_and_nothing_else():

    clip = example(people=3)
    swapped = swap_people(clip)
    assert [track.caption for track in swapped.tracks] == ["a man number 1", "a man number 2", "a man number 0"]
    assert [track.id for track in swapped.tracks] == [1, 2, 3]
    assert all((one.boxes == other.boxes).all() for one, other in zip(clip.tracks, swapped.tracks, strict=True))


def test_people_alone_cannot_be_swapped(config):
    class Alone(DrawnWorld):
        def __getitem__(self, index):
            return DrawnSequence(make_sequence(700_000 + index, "val", width=160, people=(1, 1)))

    with pytest.raises(ValueError, match="two people"):
        held_out_losses(build_model(config), config, Alone(700_000, 2))


class OneOfTwo(Processes):
    """A process of two, with what the other one gathers."""

    others: list

    def gather(self, items):
        self.others.append(items)
        return [item for part in self.others for item in part]


def test_two_processes_measure_what_one_does(config):
    model, world = build_model(config).train(), DrawnWorld(700_000, 3, split="val", width=160)
    sequences = [world[index] for index in range(3)]
    phase = Phase(features=True, ctc=True, captions=True)
    both = {}
    for measure in (
        lambda *among: validate(model, config, sequences, False, *among).flat(),
        lambda *among: validation_losses(model, config, sequences, phase, *among),
    ):
        first, second = OneOfTwo(0, 2), OneOfTwo(1, 2)
        object.__setattr__(first, "others", [])
        object.__setattr__(second, "others", first.others)
        measure(first)
        shared, alone = measure(second), measure()
        assert shared == pytest.approx(alone, rel=1e-4, nan_ok=True)
        both |= alone
    assert model.training
    assert {"hota", "grounding", "interactions", "instance", "video"} <= both.keys()
    assert validation_losses(model, config, sequences, Phase(False, False, False)) == {}
