"""Each BenSMOT configuration, shrunk, from its first step to a folder that describes, on data with train/ and test/ alone."""

import json
import runpy
import sys
from functools import partial
from pathlib import Path

import pytest
from tiny import moving_squares

from smot_vlm.models import decoders
from smot_vlm.semantics.smoter_decoder import SmoterDecoder
from smot_vlm.synthetic.dataset import write_dataset
from smot_vlm.tracker import Tracker
from smot_vlm.training import calibration

pytestmark = pytest.mark.drawn

REPO = Path(__file__).parents[2]
SMALL = [
    "detector.weights=yolo11n.yaml",
    "detector.image_size=64",
    "features.dim=32",
    "features.frame_grid=4",
    "features.track_frames=6",
    "fusion.heads=4",
    "fusion.feedforward=64",
    "interaction.verb_encoder=null",
    "decoder.max_new_tokens=4",
    "training.steps=3",
    "training.detector_only_steps=1",
    "training.ctc_start_step=2",
    "training.caption_start_step=2",
    "training.batch_clips=1",
    "training.accumulate=1",
    "training.workers=0",
    "training.most_frames=4",
    "training.feature_frames=3",
    "training.detector_frames=[2,3]",
    "training.warmup_steps=1",
    "training.logger=none",
    "training.log_every=1",
    "training.checkpoint_every=2",
    "training.validate_every=2",
    "training.precision=float32",
]


@pytest.fixture(scope="module")
def bensmot(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("bensmot")
    write_dataset(root, videos=5, seed=20, split="train", width=160)
    write_dataset(root, videos=1, seed=40, split="test", width=160)
    return root


def train(monkeypatch, *arguments: str) -> None:
    """scripts/train.py with these arguments."""
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    runpy.run_path(str(REPO / "scripts" / "train.py"))["main"]()


def shrunk(name: str, data: Path, language_model: Path) -> list[str]:
    return [
        *("--config", str(REPO / "configs" / f"{name}.yaml"), *SMALL, f"training.dataset={data}"),
        *(f"decoder.lora_lm.language_model={language_model}", f"decoder.smoter.tokenizer={language_model}"),
        *("decoder.lora_lm.quantization=null", "decoder.lora_lm.lora_rank=2", "decoder.lora_lm.soft_tokens=8"),
    ]


def test_overrides_may_stand_after_any_option(monkeypatch):
    demo = str(REPO / "configs" / "demo.yaml")
    with pytest.raises(ValueError, match="nonsense"):
        train(monkeypatch, "--config", demo, "training.steps=3", "--export", "x.pt", "training.nonsense=1")


@pytest.mark.parametrize("name", ["bensmot_smollm2", "bensmot_qwen_qlora", "bensmot_smoter"])
def test_it_trains_validates_calibrates_exports_and_runs_again(
    name, bensmot, tiny_language_model, tmp_path, monkeypatch
):
    small = partial(SmoterDecoder.load, hidden=32, layers=1, heads=4, feedforward=64)
    monkeypatch.setattr(decoders.SmoterDecoder, "load", small)
    given, found = calibration.calibrate, []
    monkeypatch.setattr(
        "smot_vlm.training.export.calibrate", lambda *all: (found.append([s.name for s in all[2]]), given(*all))
    )
    arguments = shrunk(name, bensmot, tiny_language_model)
    train(monkeypatch, *arguments, "--out", str(tmp_path / "run"))
    held_out = json.loads((tmp_path / "run/held_out.json").read_text())
    assert held_out["split"] == "train"
    assert len(held_out["sequences"]) == 1
    assert found[-1] == held_out["sequences"], "calibrated on what was not learned from"
    log = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    validations = {line["step"]: line["validation"] for line in log if "validation" in line}
    assert list(validations) == [2, 3]
    assert {"hota", "verb_f1", "loss_interactions", "loss_instance", "loss_video"} <= validations[3].keys()
    assert not {"loss_instance", "loss_detection"} & validations[2].keys(), "what the phase trains"
    assert "loss_" not in (tmp_path / "run/model/README.md").read_text()
    tracker = Tracker.from_pretrained(tmp_path / "run/model")
    assert tracker.describe(moving_squares(6)).model.trained
    train(monkeypatch, *arguments, "--out", str(tmp_path / "run"))
    assert json.loads((tmp_path / "run/held_out.json").read_text()) == held_out
    assert found[-1] == held_out["sequences"]
