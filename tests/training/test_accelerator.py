"""What a launch says: honoured, contradicted aloud, or refused before anything is built."""

import logging
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from smot_vlm.config import Config
from smot_vlm.system.precision import _restore, tf32_settings
from smot_vlm.training import accelerator
from smot_vlm.training.accelerator import check_launch, chosen_precision, open_accelerator, share_batch_norms


@pytest.fixture(autouse=True)
def no_launch(monkeypatch):
    for name in (
        *accelerator.SHARDING,
        accelerator.LAUNCHED_PRECISION,
        accelerator.LAUNCHED_STEPS,
        accelerator.LAUNCHED_COMPILER,
    ):
        monkeypatch.delenv(name, raising=False)


def quiet(**changes: object) -> Config:
    config = Config()
    return replace(config, training=replace(config.training, precision="float32", logger="none", **changes))


@pytest.mark.parametrize(("variable", "name"), accelerator.SHARDING.items())
def test_sharding_is_refused_in_one_sentence(variable, name, monkeypatch, tmp_path):
    monkeypatch.setenv(variable, "true")
    with pytest.raises(ValueError, match=f"the launch asks for {name}, .*launch without it") as caught:
        open_accelerator(quiet(), tmp_path)
    assert "\n" not in str(caught.value)
    monkeypatch.setenv(variable, "false")
    check_launch()


@pytest.mark.parametrize(("launched", "configured", "chosen"), [
    ("no", "auto", "float32"), ("bf16", "auto", "bf16"), ("fp16", "auto", "fp16"), ("bf16", "bf16", "bf16"),
    ("no", "bf16", "bf16"),
])  # fmt: skip
def test_the_precision_of_the_launch_counts_where_none_is_configured(launched, configured, chosen, monkeypatch, caplog):
    monkeypatch.setenv(accelerator.LAUNCHED_PRECISION, launched)
    assert chosen_precision(configured) == chosen
    assert not caplog.text


def test_a_launch_that_is_overruled_is_told(monkeypatch, caplog, tmp_path):
    monkeypatch.setenv(accelerator.LAUNCHED_PRECISION, "fp16")
    monkeypatch.setenv(accelerator.LAUNCHED_STEPS, "8")
    monkeypatch.setenv(accelerator.LAUNCHED_COMPILER, "INDUCTOR")
    with caplog.at_level(logging.WARNING):
        opened = open_accelerator(quiet(accumulate=2), tmp_path)
    assert (opened.mixed_precision, opened.gradient_accumulation_steps) == ("no", 2)
    assert "--mixed_precision fp16, and training.precision is float32, which counts" in caplog.text
    assert "--gradient_accumulation_steps 8, and training.accumulate is 2, which counts" in caplog.text
    assert "--dynamo_backend inductor, and training.compile, which counts, is false" in caplog.text
    assert opened.state.dynamo_plugin.backend.value.lower() == "no"


def test_tf32_is_refused_where_there_is_none_and_off_where_it_is_not_asked_for(tmp_path):
    before = tf32_settings()
    try:
        config = quiet()
        tf32 = replace(config, training=replace(config.training, precision="tf32"))
        with pytest.raises(ValueError, match=r"training.precision is tf32, which NVIDIA GPUs .* and the device is cpu"):
            open_accelerator(tf32, tmp_path)
        open_accelerator(config, tmp_path)
        assert tf32_settings() == ["ieee", "ieee"]
    finally:
        _restore(before)


def test_a_precision_that_there_is_not_is_refused(monkeypatch):
    monkeypatch.setenv(accelerator.LAUNCHED_PRECISION, "fp8")
    with pytest.raises(ValueError, match="--mixed_precision fp8; it takes no, bf16 or fp16"):
        chosen_precision("auto")


@pytest.mark.parametrize("logger", ["tensorboard", "wandb"])
def test_a_logger_that_is_not_installed_is_told_and_all_settings_are_given(logger, monkeypatch, caplog, tmp_path):
    config, given = quiet(), []
    config = replace(config, training=replace(config.training, logger=logger))
    monkeypatch.setattr(accelerator.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(
        accelerator.Accelerator, "init_trackers", lambda self, *all, **named: given.append((all, named))
    )
    open_accelerator(config, tmp_path / "mine")
    assert f"training.logger is {logger}, which is not installed" in caplog.text
    (((name,), named),) = given
    assert name == "mine"
    assert named["config"]["training.learning_rate"] == 1e-3
    assert named["config"]["training.detector_frames"] == "(6, 8)"
    assert all(isinstance(value, int | float | str) for value in named["config"].values())


def test_batch_norms_are_shared_among_gpus_with_the_same_parameters():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(nn.BatchNorm2d(4)))
    before = dict(model.named_parameters())
    share_batch_norms(model, SimpleNamespace(num_processes=1, device=torch.device("cuda")))
    assert type(model[1][0]) is nn.BatchNorm2d
    with pytest.raises(ValueError, match=r"training.sync_batch_norm is true, and several processes on CPUs cannot"):
        share_batch_norms(model, SimpleNamespace(num_processes=2, device=torch.device("cpu")))
    share_batch_norms(model, SimpleNamespace(num_processes=2, device=torch.device("cuda")))
    assert type(model[1][0]) is nn.SyncBatchNorm
    assert all(parameter is before[name] for name, parameter in model.named_parameters())
