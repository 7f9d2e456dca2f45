"""How often a step makes the host wait for the device, and how many kernels it launches: counted on a pretended device."""

from collections.abc import Callable
from dataclasses import replace

import pretended_device as device
import pytest
import torch
from tiny import moving_squares, save_tiny_language_model, tiny_config, tiny_llama, tiny_tokenizer
from torch import nn
from training_cases import EVERYTHING, example, make_objective, small_training

from smot_vlm.fusion.running_norm import running_norms
from smot_vlm.models.build import build_model
from smot_vlm.models.card import ModelCard
from smot_vlm.models.checkpoint import load_pretrained
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.smoter_decoder import SmoterDecoder
from smot_vlm.tracker import Tracker
from smot_vlm.training.export import finish
from smot_vlm.training.guard import StepGuard
from smot_vlm.training.objective import Objective, combine
from smot_vlm.training.optim import clip_groups, make_optimizer, parameter_groups
from smot_vlm.training.preflight import Beginning, OneSequence
from smot_vlm.training.sequence_sources import DrawnWorld
from smot_vlm.training.splits import Splits

# Of four clips: a third of these are ultralytics' own. Kernels of two layers of language model among them.
MOST_WAITS, MOST_KERNELS, MOST_KERNELS_OF_30_LAYERS = 55, 5200, 11_000


def step(objective: Objective, people: int) -> dict[str, float]:
    """Forward and backward of four clips."""
    batch = [example(people=people, seed=seed) for seed in range(4)]
    device.waits.clear()
    device.kernels.clear()
    losses = objective(batch, EVERYTHING)
    combine(losses, objective.count_targets(batch), objective.weights).backward()
    waited = sum(device.waits.values())
    values = {name: float(total.detach()) for name, total in losses.items()}
    return values | {"waits": waited, "kernels": sum(device.kernels.values())}


@pytest.fixture(scope="module")
def objectives(tiny_language_model) -> tuple[Objective, Objective]:
    config = small_training(tiny_language_model)
    return make_objective(config), make_objective(config)


@pytest.fixture(scope="module")
def steps(objectives) -> dict[int, dict[str, float]]:
    with device.pretended_device():
        device.move(objectives[1])
        return {people: step(objectives[1], people) for people in (2, 6)}


def test_a_step_waits_seldom_and_not_more_often_for_more_people(steps):
    assert steps[6]["waits"] <= MOST_WAITS, device.report()
    assert steps[6]["waits"] == steps[2]["waits"], "nothing is moved person by person"
    assert steps[6]["kernels"] <= MOST_KERNELS


def test_a_large_step_waits_no_more_often(tmp_path):
    """25 people and 30 layers of language model, as SmolLM2-135M has. Two of three kernels are the backward pass."""
    objective = make_objective(small_training(save_tiny_language_model(tmp_path, layers=30)))
    with device.pretended_device():
        device.move(objective)
        counted = step(objective, 25)
    assert counted["waits"] <= MOST_WAITS, device.report()
    assert counted["kernels"] <= MOST_KERNELS_OF_30_LAYERS, device.report()


def waits_of_words(make: Callable[[], nn.Module], rows: int, words: int) -> int:
    """How often the writing of captions waits, none of which ends before `words`."""
    decoder = make()
    decoder.max_new_tokens, decoder.end = words, 10**6
    with device.pretended_device():
        device.move(decoder)
        generator = torch.Generator().manual_seed(0)
        seen = [torch.randn(4 + row, 16, generator=generator) for row in range(rows)]
        requests = [CaptionRequest("instance", device.Pretended(tokens), "Tell me of <visual>.") for tokens in seen]
        device.waits.clear()
        decoder.generate(requests)
        return sum(device.waits.values())


def lora_lm() -> nn.Module:
    tokenizer = tiny_tokenizer()
    return LoraLM(tiny_llama(len(tokenizer)), tokenizer, dim=16, soft_tokens=3, lora_rank=2).eval()


def smoter() -> nn.Module:
    sizes = {"dim": 16, "hidden": 32, "layers": 2, "heads": 2, "feedforward": 32}
    return SmoterDecoder(tiny_tokenizer(), **sizes).eval()


@pytest.mark.parametrize("make", [lora_lm, smoter])
def test_captions_wait_once_a_word_however_many_they_are(make):
    waits = waits_of_words(make, 2, 6)
    assert waits_of_words(make, 2, 12) == waits + 6, device.report()
    assert waits_of_words(make, 6, 6) == waits, device.report()
    assert waits <= 6 + 10, device.report()


def test_it_computes_what_the_cpu_computes(objectives, steps):
    batch = [example(people=2, seed=seed) for seed in range(4)]
    losses = objectives[0](batch, EVERYTHING)
    for name, total in losses.items():
        assert steps[2][name] == pytest.approx(total.item(), rel=1e-4), name


def test_what_follows_the_backward_pass_does_not_wait(objectives):
    objective = objectives[1]
    groups = parameter_groups(
        objective.model, learning_rate=1e-3, lora_learning_rate=1e-3, backbone_factor=1.0, weight_decay=0.0
    )
    with device.pretended_device():
        guard, optimizer = StepGuard(objective.model, 3), make_optimizer(groups)
        step(objective, 2)
        device.waits.clear()
        norms = clip_groups(optimizer, 1.0)
        for norm in running_norms(objective.model):
            norm.update()
        guard.accept()
        assert not device.waits, device.report()
        assert set(norms) == {"backbone", "lora", "heads"}


def test_devices_that_are_mixed_are_noticed():
    with device.pretended_device():
        there = device.Pretended(torch.ones(3))
        assert (there + 1).tolist() == [2, 2, 2]
        with pytest.raises(RuntimeError, match="same device"):
            there + torch.ones(3)


def test_a_device_without_float64_describes(tiny_language_model):
    """Apple's GPUs."""
    config = tiny_config(tiny_language_model)
    model = build_model(config)
    with device.pretended_device(float64=False):
        with pytest.raises(AssertionError, match="no float64"):
            torch.zeros(1, dtype=torch.float64, device=device.DEVICE)
        device.move(model)
        description = Tracker(model, config, allow_untrained=True).describe(moving_squares(4))
    assert description.video.frames == 4


def test_the_end_of_a_training_stays_on_its_device(tiny_language_model, tmp_path):
    """Calibration, the measured domain and the folder, without a second model on the CPU."""
    config = tiny_config(tiny_language_model)
    config = replace(config, training=replace(config.training, calibration_videos=1, domain_sequences=1))
    model, world = build_model(config), DrawnWorld(0, 1, width=160)
    source = OneSequence(Beginning(world[0]))
    expected = model.interaction_head.bias.detach().clone()
    with device.pretended_device():
        device.move(model)
        finish(model, config, Splits(source, source), tmp_path / "model", card=ModelCard())
        assert isinstance(model.interaction_head.thresholds, device.Pretended)
    loaded, _ = load_pretrained(tmp_path / "model")
    assert torch.equal(loaded.interaction_head.bias, expected.half().float())
