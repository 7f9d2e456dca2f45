"""Every configuration that ships can be read and built, here with a tiny language model."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from training_cases import EVERYTHING, example

from smot_vlm.config import load_config
from smot_vlm.models.build import build_associator, build_model
from smot_vlm.training.objective import Objective, combine
from smot_vlm.training.optim import parameter_groups
from smot_vlm.training.terms import term_weights

CONFIGS = Path(__file__).parents[2] / "configs"
NAMES = ["demo", "bensmot_smollm2", "bensmot_qwen_qlora", "bensmot_smoter", "bensmot_people", "people_joint"]


@pytest.mark.parametrize("name", NAMES)
def test_a_config_builds_a_model_that_learns(name, tiny_language_model):
    config = load_config(CONFIGS / f"{name}.yaml")
    decoder = replace(
        config.decoder,
        lora_lm=replace(config.decoder.lora_lm, language_model=str(tiny_language_model), quantization=None),
        smoter=replace(config.decoder.smoter, tokenizer=str(tiny_language_model)),
        # The tiny tokenizer's tokens are letters.
        generation=replace(config.decoder.generation, connectives=()),
    )
    config = replace(
        config, decoder=decoder, interaction=replace(config.interaction, verb_encoder=None),
        detector=replace(config.detector, weights="yolo11n.yaml"),
    )  # fmt: skip
    settings = config.training
    torch.manual_seed(0)
    model = build_model(config)
    groups = parameter_groups(
        model,
        learning_rate=settings.learning_rate,
        lora_learning_rate=settings.lora_learning_rate,
        backbone_factor=settings.backbone_factor,
        weight_decay=settings.weight_decay,
    )
    objective = Objective(
        model,
        lambda fps: build_associator(config.association.name, config.association, fps),
        weights=term_weights(settings.weights),
    ).train()
    losses = objective([example(associate=True)], EVERYTHING)
    total = combine(losses, objective.count_targets([example()]), objective.weights)
    total.backward()
    assert torch.isfinite(total)
    in_groups = {id(parameter) for group in groups for parameter in group["params"]}
    with_gradient = {id(parameter) for parameter in model.parameters() if parameter.grad is not None}
    assert with_gradient <= in_groups, "whatever gets a gradient is trained"


@pytest.mark.parametrize("name", NAMES)
def test_every_key_of_a_configs_training_has_a_reason(name):
    lines = (CONFIGS / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    commented = sum("#" in line for line in lines)
    assert commented >= len(lines) / 3


def test_the_qlora_config_asks_for_four_bits():
    config = load_config(CONFIGS / "bensmot_qwen_qlora.yaml")
    decoder = config.decoder.lora_lm
    assert (decoder.quantization, decoder.gradient_checkpointing) == ("4bit", True)
    assert config.training.precision == "bf16"


def test_the_people_config_mixes_bensmot_with_drawn_and_converted_sets():
    config = load_config(CONFIGS / "bensmot_people.yaml")
    training = config.training
    assert [source.called for source in training.sources] == ["BenSMOT", "drawn", "stills", "pedestrians", "pairs"]
    assert [source.measured for source in training.sources] == [True, False, False, False, False]
    assert (config.detector.weights, config.decoder.lora_lm.language_model) == (
        "yolo11m.pt", "HuggingFaceTB/SmolLM2-360M-Instruct",
    )  # fmt: skip
    assert (training.balance, training.average, training.patience) == ("both", 0.999, 6)


def test_the_papers_config_has_the_papers_numbers():
    config = load_config(CONFIGS / "bensmot_smoter.yaml")
    training = config.training
    assert (training.steps, training.detector_only_steps, training.learning_rate) == (70_000, 20_000, 5e-4)
    assert (config.association.proposal_score, training.batch_clips, training.detector_frames) == (0.3, 1, (6, 8))
    assert (config.fusion.video, config.fusion.trajectory, config.fusion.position_codes) == (
        "attention", "concatenation", False,
    )  # fmt: skip


def test_the_joint_config_learns_from_drawn_and_all_real_sets_at_once():
    config, drawn_alone = load_config(CONFIGS / "people_joint.yaml"), load_config(CONFIGS / "demo.yaml")
    weights = {source.called: source.weight for source in config.training.sources}
    assert list(weights) == ["drawn", "stills", "pedestrians", "pairs"]
    assert 0.4 <= weights["drawn"] / sum(weights.values()) <= 0.5
    assert config.detector.weights.endswith(".pt"), "starts from COCO"
    assert config.decoder == drawn_alone.decoder, "its weights fit"
