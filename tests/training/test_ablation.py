"""Rows that differ in one thing are trained from one checkpoint and put into one table."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from training_cases import small_training, write_config

from smot_vlm.training.loop import Run, Trainer

pytestmark = pytest.mark.drawn

SCRIPT = Path(__file__).parents[2] / "scripts" / "ablation.py"


@pytest.fixture(scope="module")
def ablation():
    spec = importlib.util.spec_from_file_location("ablation", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["ablation"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def start(tiny_language_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("start")
    trainer = Trainer(small_training(tiny_language_model, steps=2, checkpoint_every=2), Run(folder))
    trainer.train()
    return trainer.checkpoints.newest()


def run(ablation, monkeypatch, capsys, *words: str) -> str:
    monkeypatch.setattr(sys, "argv", ["ablation.py", *words])
    ablation.main()
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("study", "rows"),
    [pytest.param("decoders", ["lora-lm", "smoter"], marks=pytest.mark.slow), ("features", ["joint"])],
)
def test_rows_are_made_once_and_tabled(
    ablation, monkeypatch, capsys, tmp_path, tiny_language_model, start, study, rows
):
    config = write_config(small_training(tiny_language_model), tmp_path / "c.yaml")
    words = [
        study,
        "--config",
        str(config),
        "--weights",
        str(start),
        "--minutes",
        "0.02",
        "--seeds",
        "0",
        "--videos",
        "3",
    ]
    words += ["--out", str(tmp_path / "out"), "--rows", *rows]
    out = run(ablation, monkeypatch, capsys, *words)
    assert [line.split("|")[1].strip() for line in out.splitlines()[2:]] == rows
    made = sorted((tmp_path / "out" / study).glob("*.json"))
    assert len(made) == len(rows)
    for path in made:
        result = json.loads(path.read_text())
        assert result["steps"] >= 1
        assert set(ablation.STUDIES[study].columns) <= set(result["scores"])
    before = [path.stat().st_mtime_ns for path in made]
    assert run(ablation, monkeypatch, capsys, *words) == out
    assert [path.stat().st_mtime_ns for path in made] == before


def test_every_row_changes_known_settings(ablation, tiny_language_model, tmp_path):
    config = write_config(small_training(tiny_language_model), tmp_path / "c.yaml")
    for study in ablation.STUDIES.values():
        plain = ablation.load_config(config, study.shared)
        for changes in study.rows.values():
            changed = ablation.load_config(config, (*study.shared, *changes))
            assert (changed == plain) == (not changes)


def test_seeds_are_averaged_with_their_spread(ablation):
    study = ablation.Study((), {"a": (), "b": ()}, ("fact_recall",))
    results = [
        {"row": "a", "seed": seed, "steps": 10, "minutes": 1.0, "scores": {"fact_recall": value}}
        for seed, value in ((0, 0.2), (1, 0.4))
    ]
    assert ablation.table(study, results).splitlines()[2:] == ["| a | 2 | 10 | 1.0 | 0.300 ± 0.100 |"]


@pytest.mark.subprocess
@pytest.mark.parametrize(
    ("words", "told"),
    [(["decoders"], "--weights None: give a checkpoint"), (["features", "--rows", "x"], "--rows 'x': no such row")],
)
def test_bad_input_gets_one_line(words, told):
    done = subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True)
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
