"""`smot-vlm describe` on Apple's GPUs, whose place a pretended device takes that refuses float64 as they do."""

import json
from pathlib import Path

import pretended_device
import pytest
import torch
from tiny import mot_text, moving_squares, tiny_config

from smot_vlm import tracker
from smot_vlm.models.build import build_model
from smot_vlm.models.checkpoint import save_pretrained
from smot_vlm.video.writer import VideoWriter


@pytest.fixture
def asked(tiny_language_model: Path, tmp_path: Path) -> list[object]:
    """A clip, boxes in it and a small model."""
    torch.manual_seed(0)
    config = tiny_config(tiny_language_model)
    save_pretrained(build_model(config), config, tmp_path / "model")
    video = moving_squares(8)
    with VideoWriter(tmp_path / "clip.mp4", 25.0, video.shape[2], video.shape[1]) as writer:
        for image in video:
            writer.write(image)
    (tmp_path / "mot.txt").write_text(mot_text(8))
    return ["describe", tmp_path / "clip.mp4", "--model", tmp_path / "model", "--trajectories", tmp_path / "mot.txt"]


@pytest.fixture
def apple(monkeypatch):
    """`mps` is the pretended device: torch has no such backend here."""
    given = tracker._device

    def found(name: str) -> torch.device:
        return pretended_device.DEVICE if name == "mps" or given(name).type == "mps" else given(name)

    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(tracker, "_device", found)


def described(folder: Path) -> dict[str, object]:
    content = json.loads((folder / "description.json").read_text())
    return {key: content[key] for key in ("caption", "tracks", "interactions")}


@pytest.mark.parametrize("device", [["--device", "mps"], []], ids=["asked for", "found"])
def test_without_float64_the_command_writes_what_the_cpu_writes(device, asked, apple, run, tmp_path):
    code, _, err = run(*asked, "--device", "cpu", "--no-video", "--out", tmp_path / "cpu")
    assert code == 0, err
    with pretended_device.pretended_device(float64=False):
        code, _, err = run(*asked, *device, "--no-video", "--out", tmp_path / "apple")
        launched = sum(pretended_device.kernels.values())
    assert code == 0, err
    assert launched > 1000, "it ran there"
    assert described(tmp_path / "apple") == described(tmp_path / "cpu")
