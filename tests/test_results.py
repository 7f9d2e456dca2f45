"""The figures of README.md and of the demo's card are those that scripts/make_results.py measured last."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from smot_vlm.evaluation.results import Cell, Column, Evaluation, Row
from smot_vlm.evaluation.storage import to_json

REPO = Path(__file__).parent.parent
README = (REPO / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_results", REPO / "scripts/make_results.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_results"] = module
    spec.loader.exec_module(module)
    return module


def shape(line: str) -> str:
    """A line with # for each number that has a decimal point."""
    return re.sub(r"\d+\.\d+", "#", line)


def test_every_line_of_the_table_has_a_figure_that_can_be_measured_again(script):
    lines = [line for line in script.LINES if line.document == script.README]
    written = [line.write({name: script.Number(0.0) for name in line.numbers}) for line in lines]
    assert [shape(line) for line in written] == [shape(line) for line in script.result_lines(README)]
    assert {line.command for line in lines} == set(script.listed_commands(README)) == {1, 2, 3, 4}
    card = (REPO / script.DEMO_CARD).read_text(encoding="utf-8")
    shapes = {shape(line) for line in card.splitlines()}
    for line in (line for line in script.LINES if line.document == script.DEMO_CARD):
        assert shape(line.write({name: script.Number(0.0) for name in line.numbers})) in shapes


def differences(script, documents: dict[str, str], stored: list[dict[str, object]]) -> list[str]:
    """Stored lines that their document has not, and lines of README.md of a stored command that are not stored."""
    missing = [entry["line"] for entry in stored if entry["line"] not in documents[entry["document"]].splitlines()]
    measured = {str(entry["number"]) for entry in stored}
    lines = {entry["line"] for entry in stored}
    shown = [line for line in script.result_lines(documents[script.README]) if line.split("|")[-2].strip() in measured]
    return missing + [line for line in shown if line not in lines]


def test_the_documents_say_what_was_measured_last(script):
    if not script.RESULTS.is_file():
        pytest.skip("nothing has been measured yet; run make results, and commit smot_vlm/assets/results.json")
    stored = json.loads(script.RESULTS.read_text(encoding="utf-8"))["lines"]
    documents = {name: (REPO / name).read_text(encoding="utf-8") for name in (script.README, script.DEMO_CARD)}
    assert stored
    assert not differences(script, documents, stored)


def test_a_figure_that_was_edited_is_found(script):
    lines = [line for line in script.result_lines(README) if line.endswith("| 1 |")]
    stored = [{"document": script.README, "number": 1, "line": line} for line in lines]
    assert not differences(script, {script.README: README}, stored)
    edited = README.replace("HOTA | 79.7 |", "HOTA | 81.7 |")
    assert edited != README
    assert differences(script, {script.README: edited}, stored) == [lines[0], lines[0].replace("79.7", "81.7")]


def test_commands_get_the_users_folder_and_say_where_figures_go(script, tmp_path):
    commands = script.listed_commands(README)
    assert script.words_of(commands[1][0], {})[:2] == ["data", "synth"]
    with pytest.raises(LookupError, match="MOT15"):
        script.words_of(commands[2][0], {})
    words = script.words_of(commands[2][0], {"MOT15": str(tmp_path)})
    assert words[2] == str(tmp_path)
    # The scenario of that name stays.
    assert words.count("MOT15") == 1
    judged = script.words_of(commands[1][2], {})
    assert judged[-1] == "--overwrite"
    assert judged[judged.index("--bootstrap") + 1] == "1000"
    assert judged[judged.index("--json") + 1] == script.EVALUATION


def test_a_trial_does_less_of_the_same(script, tmp_path, monkeypatch):
    commands = script.listed_commands(README)
    every = [command for listed in commands.values() for command in listed]
    for words in script.QUICK:
        assert any(words in command for command in every), f"no command says {words}"
    assert script.shortened(commands[1][0]) == commands[1][0].replace("--videos 100", "--videos 2")
    done = []

    def run(listed, given, folder):
        done.extend(listed)
        folder.mkdir(parents=True)
        return []

    monkeypatch.setattr(script, "WORK", tmp_path)
    monkeypatch.setattr(script, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(script, "commit_of", lambda allow: "abc")
    monkeypatch.setattr(script, "run_commands", run)
    monkeypatch.setattr(script, "measured", lambda *args: [])
    script.make({}, [1], allow_changes=False, quick=True)
    assert done == [script.shortened(command) for command in commands[1]]
    # A trial leaves the file of results alone.
    assert not (tmp_path / "results.json").exists()
    assert (tmp_path / "quick/results.json").is_file()


def test_a_command_that_was_done_is_not_done_again(script, tmp_path, monkeypatch):
    called, codes = [], [0, 1, 0, 0]

    def run(words, **options):
        assert options["cwd"] == tmp_path / "work"
        called.append(words[3:])
        return subprocess.CompletedProcess(words, codes.pop(0))

    monkeypatch.setattr(script.subprocess, "run", run)
    commands = script.listed_commands(README)[1]
    with pytest.raises(ValueError, match=r"smot-vlm predict drawn .* ended with code 1"):
        script.run_commands(commands, {}, tmp_path / "work")
    done = script.run_commands(commands, {}, tmp_path / "work")
    assert [words[0] for words in called] == ["data", "predict", "predict", "evaluate"]
    assert [entry["command"] for entry in done] == commands
    assert script.run_commands(commands, {}, tmp_path / "work") == done
    assert len(called) == 4


def test_lines_come_from_what_the_commands_wrote(script, tmp_path):
    columns = (Column("tracking", "HOTA"),)
    rows = tuple(
        Row(f"MOT15/{name}", (Cell(value, low=value - 0.1, high=value + 0.1),))
        for name, value in (("TUD-Campus", 0.5), ("TUD-Stadtmitte", 0.25))
    )
    evaluation = Evaluation("default", "strict", columns, Row("all", (Cell(0.3),)), rows, resamples=1000)
    (tmp_path / script.EVALUATION).write_text(to_json([evaluation]))
    about = {"number": 2, "commit": "abc", "commands": []}
    (line,) = script.measured(2, tmp_path, about)
    assert line["line"] == "| two real clips (MOT15), 25 frames a second | HOTA | 50.0 / 25.0 | 2 |"
    assert line["numbers"]["campus"] == pytest.approx({"value": 50, "low": 40, "high": 60})
    assert "campus 40 to 60; stadtmitte 15 to 35" in script.report([line])
    rates = [
        {"decoder": "lora-lm", "way": way, "batch": batch, "captions_a_second": factor * batch / 8}
        for way, factor in (("default", 1), ("8 bits", 3))
        for batch in (1, 8)
    ]
    (tmp_path / script.BENCH).write_text(json.dumps({"decoder": {"timings": rates}}))
    (line,) = script.measured(4, tmp_path, about | {"number": 4})
    told = "captions a second in a batch of 8, in 8 bits (in float32 1.0; untrained weights)"
    assert line["line"].endswith(f"| {told} | 3.0 | 4 |")
