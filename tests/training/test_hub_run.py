"""A run on the hub: pushed at every checkpoint and at the end, gone on from elsewhere; refusals tell no token."""

import logging
from dataclasses import replace

import huggingface_hub
import pytest
from fake_hub import FakeHub
from training_cases import small_training

from smot_vlm.system.offline import OfflineError
from smot_vlm.tracker import Tracker
from smot_vlm.training.checkpoints import Checkpoints
from smot_vlm.training.hub_run import HubRun
from smot_vlm.training.loop import Run, Trainer
from smot_vlm.training.records import StepRecord

TOKEN = "hf_" + "secret" * 5


@pytest.fixture
def hub(monkeypatch, tmp_path) -> FakeHub:
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: TOKEN)
    return FakeHub(monkeypatch, tmp_path / "cache")


def names(hub: FakeHub) -> list[str]:
    folder = hub.cache / "pushed/me/run"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.drawn
def test_a_run_goes_on_from_the_hub_as_if_it_had_never_moved(hub, tiny_language_model, tmp_path):
    config = small_training(
        tiny_language_model, steps=3, detector_only_steps=0, ctc_start_step=1, caption_start_step=1, checkpoint_every=1,
        average=0.9, hub="me/run",
    )  # fmt: skip
    whole: list[StepRecord] = []
    apart = replace(config, training=replace(config.training, hub=""))
    Trainer(apart, Run(tmp_path / "whole"), on_step=whole.append).train()
    shorter = replace(config, training=replace(config.training, hub="me/run"))
    first = Trainer(shorter, Run(tmp_path / "here"), on_step=lambda r: first._on_signal(15) if r.step == 2 else None)
    first.check()
    first.train()
    assert hub.asked == [("create, private", "me/run")]
    assert hub.messages == ["step-0000001 of here", "step-0000002 of here"]
    files = ["config.json", "log.jsonl"]
    assert names(hub) == [
        *(f"training/checkpoints/{name}" for name in ("SHA256SUMS", "step-0000002.pt")),
        *(f"training/{name}" for name in files),
    ]
    rest: list[StepRecord] = []
    elsewhere = Trainer(config, Run(tmp_path / "there", fetch=True), on_step=rest.append)
    elsewhere.train()
    assert [record.step for record in rest] == [3]
    assert rest[0].losses == pytest.approx(whole[2].losses, rel=1e-5)
    assert elsewhere.stepper.average.state()["updates"] == 3
    elsewhere.export(tmp_path / "there/model")
    assert hub.messages[-1] == "Model of there"
    assert {"config.json", "model.safetensors", "training/checkpoints/step-0000003.pt"} <= set(names(hub))
    assert Tracker.from_pretrained("me/run", device="cpu").config.features == config.features


def test_refusals_are_told_without_the_token(hub, tmp_path, caplog):
    hub.refusing = ConnectionError(f"401 for https://hub?token={TOKEN}\nNo way in")
    run = HubRun("me/run", tmp_path)
    with pytest.raises(ConnectionError, match=r"training.hub me/run cannot be written to .*hf auth login") as caught:
        run.check()
    assert TOKEN[:10] not in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(ConnectionError, match=r"it is whole, push it with `hf upload me/run") as caught:
        run.push_model(tmp_path)
    assert TOKEN[:10] not in str(caught.value)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints/step-0000001.pt").write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        run.push_checkpoint(Checkpoints(tmp_path / "checkpoints", 1))
    assert "step-0000001.pt was not pushed to me/run (ConnectionError: 401" in caplog.text
    assert "the training goes on" in caplog.text
    assert TOKEN[:10] not in caplog.text


def test_what_cannot_be_is_told_at_the_start(hub, tiny_language_model, tmp_path, monkeypatch):
    for name in ("run", "me/run@v1", "../run"):
        with pytest.raises(ValueError, match=r"training.hub is '.*'; give owner/name of a repository"):
            HubRun(name, tmp_path)
    with pytest.raises(ValueError, match=r"--resume hub goes on from training.hub, which is empty"):
        Trainer(small_training(tiny_language_model), Run(tmp_path / "run", fetch=True))
    hub.offer("me/run", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"me/run has no checkpoint in training/"):
        HubRun("me/run", tmp_path / "there").fetch()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(OfflineError, match=r"training.hub is me/run, and the network is switched off"):
        HubRun("me/run", tmp_path).check()
