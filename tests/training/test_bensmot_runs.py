"""Each BenSMOT configuration, shrunk, from its first step to a folder that describes, on data with train/ and test/ alone."""

import json
from pathlib import Path

import pytest
from bensmot_cases import NAMES, REPO, make_bensmot, shrink_smoter, shrunk, train
from tiny import moving_squares

from smot_vlm.tracker import Tracker
from smot_vlm.training import calibration

pytestmark = pytest.mark.drawn


@pytest.fixture(scope="module")
def bensmot(tmp_path_factory) -> Path:
    return make_bensmot(tmp_path_factory.mktemp("data"))


def test_overrides_may_stand_after_any_option(monkeypatch):
    demo = str(REPO / "configs" / "demo.yaml")
    with pytest.raises(ValueError, match="nonsense"):
        train(monkeypatch, "--config", demo, "training.steps=3", "--export", "x.pt", "training.nonsense=1")


@pytest.mark.parametrize("name", NAMES)
def test_it_trains_validates_calibrates_exports_and_runs_again(
    name, bensmot, tiny_language_model, tmp_path, monkeypatch
):
    shrink_smoter(monkeypatch)
    given, found = calibration.calibrate, []
    monkeypatch.setattr(
        "smot_vlm.training.export.calibrate", lambda *all: (found.append([s.name for s in all[2]]), given(*all))
    )
    arguments = shrunk(name, bensmot, tiny_language_model)
    train(monkeypatch, *arguments, "--out", str(tmp_path / "run"))
    written = json.loads((tmp_path / "run/held_out.json").read_text())
    held_out = written["sources"]["bensmot"] if name == "bensmot_people" else written
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
    assert json.loads((tmp_path / "run/held_out.json").read_text()) == written
    assert found[-1] == held_out["sequences"]
