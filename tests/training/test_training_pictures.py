"""A decoder that looks at pictures is trained with the pictures that it is shown when it describes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_vision import save_tiny_vision_language
from training_cases import EVEN, EVERYTHING, make_objective, small_training

from smot_vlm.config import Config, VisionLanguageConfig
from smot_vlm.structures import Detections
from smot_vlm.training.examples import Example, example_options, make_example
from smot_vlm.training.objective import Objective
from smot_vlm.training.sequence_sources import DrawnWorld

pytestmark = pytest.mark.drawn


@pytest.fixture(scope="module")
def config(tiny_language_model, tmp_path_factory) -> Config:
    folder = save_tiny_vision_language(tmp_path_factory.mktemp("vision"))
    small = small_training(tiny_language_model)
    decoder = VisionLanguageConfig(language_model=str(folder), soft_tokens=3, num_segments=0, lora_rank=2)
    return replace(small, decoder=replace(small.decoder, name="vision-language", vision_language=decoder))


@pytest.fixture(scope="module")
def objective(config) -> Objective:
    return make_objective(config, EVEN)


def drawn(config: Config, objective: Objective, seed: int) -> Example:
    options = example_options(config, objective.model.open_pictures)
    return make_example(DrawnWorld(0, 6, width=160)[seed], options, 1.0, np.random.default_rng(seed))


def test_an_example_holds_what_inference_would_show(config, objective):
    example = drawn(config, objective, 0)
    sequence, model = DrawnWorld(0, 6, width=160)[0], objective.model
    memory = model.open_memory(per_second=1000.0, capacity=8)
    model.eval()
    with torch.inference_mode():
        for number in example.frames[example.features].tolist():
            frame = sequence.read_frame(number)
            seen = [(track.id, box) for track in example.tracks for box in track.boxes[track.frames == number]]
            people = Detections(
                np.array([box for _, box in seen]).reshape(-1, 4), np.ones(len(seen)), np.array([id for id, _ in seen])
            )
            model.observe(memory, frame, model.encode_frame(frame.image), people, keyframe=True)
        (shown,) = model.fuse_memory(memory, [track.id for track in example.tracks]).pictures
    model.train()
    assert len(shown.people) == len(example.tracks) > 0
    assert all(images for images in shown.people)
    for ours, theirs in zip(
        (example.pictures.scene, *example.pictures.people), (shown.scene, *shown.people), strict=True
    ):
        assert len(ours) == len(theirs)
        assert all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_the_decoder_is_trained_with_each_clips_own_pictures(config, objective, monkeypatch):
    examples = [drawn(config, objective, seed) for seed in (0, 1)]
    asked, loss = [], objective.model.decoder.loss
    monkeypatch.setattr(
        objective.model.decoder,
        "loss",
        lambda requests, captions: (asked.extend(requests), loss(requests, captions))[1],
    )
    objective(examples, EVERYTHING)["instance"].backward()
    people = [images for example in examples for images in example.pictures.people]
    scenes = [example.pictures.scene for example in examples if example.teach_video]
    assert [request.images for request in asked if request.task == "instance"] == people
    assert [request.images for request in asked if request.task == "video"] == scenes
    assert all(request.images for request in asked)


def test_other_pictures_change_the_loss(config, objective):
    example = drawn(config, objective, 0)
    blank = replace(
        example.pictures,
        people=tuple(tuple(np.zeros_like(image) for image in images) for images in example.pictures.people),
    )
    objective.eval()
    with torch.no_grad():
        seen, unseen = (objective([one], EVERYTHING)["instance"] for one in (example, replace(example, pictures=blank)))
    assert not torch.isclose(seen, unseen, rtol=1e-4)


def test_other_decoders_carry_no_pictures(tiny_language_model):
    config = small_training(tiny_language_model)
    model = make_objective(config).model
    assert model.open_pictures is None
    example = make_example(DrawnWorld(0, 1, width=160)[0], example_options(config, None), 1.0, np.random.default_rng(0))
    assert example.pictures is None
