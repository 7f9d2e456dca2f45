"""`smot-vlm bench`: tables on the screen, the same figures in the file, nothing overwritten unasked."""

import json

import pytest

from smot_vlm.bench import association
from smot_vlm.bench.association import AssociationTiming
from smot_vlm.cli.main import main

ROW = AssociationTiming("byte", "smot-vlm", "drawn", 10.0, 150, 5, 0.25, 1.0)


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
