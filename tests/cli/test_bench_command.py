"""`smot-vlm bench`: tables on the screen, the same figures in the file, nothing overwritten unasked."""

import json
from importlib import import_module
from unittest.mock import create_autospec

import pytest

from smot_vlm.bench import association
from smot_vlm.bench.association import AssociationTiming
from smot_vlm.cli.main import main

ROW = AssociationTiming("byte", "smot-vlm", "drawn", 10.0, 150, 5, 0.25, 1.0, 0.5, 3, 1.0, True)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(association, "run", lambda folder=None, **options: [ROW])


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    return int(end.value.code or 0)


def test_figures_stand_on_the_screen_and_in_the_file(tmp_path, capsys):
    assert run("bench", "association", "--json", tmp_path / "bench.json") == 0
    said = capsys.readouterr().out
    assert "read gigabytes per second" in said
    assert "smot-vlm" in said
    figures = json.loads((tmp_path / "bench.json").read_text())
    assert figures["association"][0]["median_milliseconds"] == 0.25
    assert figures["machine"]["cores"] >= 1


def test_a_file_is_not_overwritten_unasked(tmp_path, capsys):
    (tmp_path / "bench.json").write_text("mine")
    assert run("bench", "association", "--json", tmp_path / "bench.json") == 1
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "bench.json").read_text() == "mine"


def test_every_benchmark_has_its_verb(capsys):
    assert run("bench", "--help") == 0
    said = capsys.readouterr().out
    assert all(name in said for name in ("association", "decoder", "describe", "all"))


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["association", "--folder", "boxes", "--repeats", 2], {"repeats": 2}),
        (["fusion", "--clock", "cpu"], {"repeats": 5, "clock": "cpu"}),
        (["decoder", "--repeats", 1], {"repeats": 1, "clock": "wall"}),
        (["describe", "--detector", "yolo:a.pt"], {"video": None, "detector": "yolo:a.pt", "model": "demo"}),
        (["rules", "--rules", 3], {"rules": 3, "trajectories": None, "clock": "wall"}),
        (["memory", "--short", 3, "--long", 30], {"lengths": (3, 30), "trajectories": None}),
        (["train", "--steps", 1], {"config": None, "steps": 1}),
        (["evaluation", "--sequences", 4], {"sequences": 4}),
        (["live", "--rate", 5, "--rate", 25], {"rates": [5.0, 25.0], "seconds": 20.0, "refresh_seconds": 4.0}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_options_reach_the_benchmark(words, options, monkeypatch):
    module = import_module(f"smot_vlm.bench.{words[0]}")
    # An autospec refuses keywords that the benchmark does not have.
    bench = create_autospec(module.run, return_value=[ROW])
    monkeypatch.setattr(module, "run", bench)
    assert run("bench", *words) == 0
    assert options.items() <= bench.call_args.kwargs.items()


@pytest.mark.drawn
def test_all_runs_every_benchmark_with_its_defaults(monkeypatch):
    names = ("fusion", "decoder", "describe", "rules", "memory", "train")
    benches = {}
    for name in names:
        module = import_module(f"smot_vlm.bench.{name}")
        benches[name] = create_autospec(module.run, return_value=[ROW])
        monkeypatch.setattr(module, "run", benches[name])
    assert run("bench", "all", "--clock", "cpu") == 0
    clocks = {name: bench.call_args.kwargs.get("clock") for name, bench in benches.items()}
    assert clocks == {
        "fusion": "cpu",
        "decoder": "cpu",
        "describe": "cpu",
        "rules": "cpu",
        "memory": None,
        "train": None,
    }
