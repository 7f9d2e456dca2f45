"""Every vision-language family, from its folder: words without training, and LoRA steps with pictures up to a model's folder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import mot_text, moving_squares
from tiny_more_vision import ALL, save_tiny_family
from training_cases import small_training

from smot_vlm.config import PicturesConfig, VisionLanguageConfig, load_config
from smot_vlm.models.build import build_configured_model
from smot_vlm.system.files import shipped_folder
from smot_vlm.tracker import Tracker
from smot_vlm.training.loop import Run, Trainer
from smot_vlm.training.records import StepRecord

# One of each kind runs always: pictures by a layer counted from the last, and cross-attention to pictures.
QUICK = ("llava_1_5", "mllama")
# Whose random weights end every answer at its first word; that they are asked at all is seen in the interactions.
SILENT = ("gemma3",)
PICTURES = PicturesConfig(scene_frames=2, track_crops=2, frame_size=64, crop_size=32)

families = pytest.mark.parametrize(
    "family", [family if family in QUICK else pytest.param(family, marks=pytest.mark.slow) for family in ALL]
)


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    (tmp_path / "mot.txt").write_text(mot_text())
    return tmp_path / "mot.txt"


@families
def test_a_family_describes_without_training(family, boxes, tmp_path):
    folder = save_tiny_family(tmp_path / "family", family)
    shipped = load_config(shipped_folder("configs") / "zero-shot.yaml")
    words = replace(shipped.decoder.vision_language, language_model=str(folder))
    config = replace(
        shipped,
        decoder=replace(shipped.decoder, max_new_tokens=6, vision_language=words),
        interaction=replace(shipped.interaction, max_pairs=2, max_gap=None, threshold=0.0, shortlist=3),
        pictures=PICTURES,
    )
    description = Tracker(build_configured_model(config), config).describe(moving_squares(), trajectories=boxes)
    assert [track.id for track in description.tracks] == [1, 2]
    assert {edge.subject for edge in description.interactions} == {1, 2}
    assert all(0 < edge.score < 1 for edge in description.interactions)
    spoken = any([description.caption, *(track.caption for track in description.tracks)])
    assert spoken != (family in SILENT)


@pytest.mark.drawn
@pytest.mark.learning
@families
def test_a_family_takes_two_steps_with_pictures_and_is_exported(family, tiny_language_model, boxes, tmp_path):
    folder = save_tiny_family(tmp_path / "family", family)
    small = small_training(
        tiny_language_model, steps=3, detector_only_steps=1, ctc_start_step=1, caption_start_step=1, checkpoint_every=9
    )
    words = VisionLanguageConfig(language_model=str(folder), soft_tokens=3, num_segments=0, lora_rank=2)
    decoder = replace(small.decoder, name="vision-language", max_new_tokens=6, vision_language=words)
    records: list[StepRecord] = []
    trainer = Trainer(replace(small, decoder=decoder, pictures=PICTURES), Run(tmp_path / "run"), on_step=records.append)
    adapter = {name: value.detach().clone() for name, value in trainer.model.named_parameters() if "lora_" in name}
    trainer.train()
    told = [record for record in records if "instance" in record.losses]
    assert len(told) == 2
    assert all(np.isfinite(record.losses["instance"]) and not record.skipped for record in told)
    now = dict(trainer.model.named_parameters())
    assert adapter
    assert not [name for name, value in adapter.items() if torch.equal(now[name], value)]
    trainer.export(tmp_path / "model")
    description = Tracker.from_pretrained(tmp_path / "model").describe(moving_squares(), trajectories=boxes)
    assert len(description.tracks) == 2
