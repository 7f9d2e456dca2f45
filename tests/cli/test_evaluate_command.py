"""`smot-vlm evaluate` and `smot-vlm compare` from the command line. Java is taken away, so that nothing is slow."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from smot_vlm.bench.evaluation import largest_difference
from smot_vlm.cli.main import main
from smot_vlm.evaluation.storage import read_evaluations
from smot_vlm.formats.mot import MotRows
from smot_vlm.formats.sequence_files import format_annotations, format_boxes, write_files

NAMES = ("park/one", "street/two")


def write_set(root: Path, shift: float = 0.0) -> None:
    """Two sequences of two people in BenSMOT's layout, all boxes `shift` pixels to the right."""
    for place, name in enumerate(NAMES):
        frames, ids = np.tile(np.arange(8), 2), np.repeat([1, 2], 8)
        left = 100.0 * ids + 2 * frames + shift
        boxes = np.stack([left, np.full(16, 20.0), left + 40, np.full(16, 120.0)], axis=1)
        captions = [f"A man in a red coat walks to door {place}.", f"A woman with {place} bags waits for the man."]
        words = format_annotations(
            [1, 2], ["man0", "woman0"], captions, [(1, "talk.v.01", 2)], f"Two people meet, {place}."
        )
        write_files(root / name, {"gt/gt.txt": format_boxes(MotRows(frames, ids, boxes, np.ones(16))), **words})


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr("smot_vlm.evaluation.java.shutil.which", lambda name: None)
    monkeypatch.setattr("smot_vlm.evaluation.strict.sentence_similarity", lambda *given: np.ones(len(given[0])))
    monkeypatch.chdir(tmp_path)
    write_set(tmp_path / "data/test")
    write_set(tmp_path / "run", shift=4.0)
    return tmp_path


def call(capsys, *arguments: str) -> tuple[int, str, str]:
    """(exit code, standard output, standard error) of the command."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return caught.value.code, printed.out, printed.err


def test_only_the_first_sequences(data, capsys):
    code, out, _ = call(capsys, "evaluate", "--pred", "run", "--gt", "data", "--first", "1", "--json", "one.json")
    assert code == 0
    assert "protocol: strict, 1 sequences" in out
    assert list(json.loads((data / "one.json").read_text())["evaluations"][0]["sequences"]) == [NAMES[0]]


def test_captionformer_and_the_other_engine(data, capsys):
    for engine in ("motrics", "trackeval"):
        arguments = ["--protocol", "captionformer", "--engine", engine, "--json", f"{engine}.json"]
        code, out, _ = call(capsys, "evaluate", "--pred", "run", "--gt", "data", *arguments)
        assert code == 0
        assert "protocol: captionformer, 2 sequences" in out
    (ours,), (theirs,) = (read_evaluations(data / f"{name}.json") for name in ("motrics", "trackeval"))
    assert largest_difference([ours], [theirs])[1] < 1e-9


def test_both_protocols_and_every_file(data, capsys):
    files = ["--json", "e.json", "--csv", "e.csv", "--markdown", "e.md", "--latex", "e.tex"]
    code, out, _ = call(capsys, "evaluate", "--pred", "run", "--gt", "data", "--protocol", "both", *files)
    assert code == 0
    assert "protocol: strict, 2 sequences" in out
    assert "protocol: official, 2 sequences" in out
    assert "no Java found" in out
    content = json.loads((data / "e.json").read_text())
    strict, official = content["evaluations"]
    assert (strict["run"], strict["protocol"], official["protocol"]) == ("run", "strict", "official")
    # Shifted by a tenth of a width: IoU 36 / 44 = 0.82, so 16 of the 19 thresholds are met.
    assert strict["overall"]["tracking/HOTA"] == pytest.approx(16 / 19)
    assert strict["overall"]["interactions/F1"] == 1
    assert (data / "e.csv").read_text().count("\n") == 1 + 2 * 3
    for name in ("e.md", "e.tex"):
        assert (data / name).read_text().count("protocol: strict") == (1 if name == "e.md" else 2)


def test_the_default_is_strict_with_intervals_on_demand(data, capsys):
    code, out, _ = call(capsys, "evaluate", "--pred", "run", "--gt", "data", "--bootstrap", "20", "--run", "mine")
    assert code == 0
    assert "official" not in out
    assert "95 % intervals from 20 resamples" in out
    assert "mine" in out


def test_predictions_may_stand_under_the_split(data, capsys):
    (data / "outer").mkdir()
    (data / "run").rename(data / "outer/test")
    assert call(capsys, "evaluate", "--pred", "outer", "--gt", "data")[0] == 0


def test_trajectories_alone(data, capsys):
    for name in ("instance_captions.txt", "video_caption.txt", "interactions.graphml"):
        (data / "run/park/one" / name).unlink()
    files = ("--json", "e.json", "--per-sequence")
    code, out, err = call(
        capsys, "evaluate", "--pred", "run", "--gt", "data", "--tracks-only", "--protocol", "both", *files
    )
    assert (code, err) == (0, ""), "words that are not scored are not missed"
    assert "METEOR" not in out
    strict, official = json.loads((data / "e.json").read_text())["evaluations"]
    assert strict["overall"]["tracking/HOTA"] == official["overall"]["tracking/HOTA"] == pytest.approx(16 / 19)
    assert {column["group"] for column in strict["columns"]} == {"tracking", "tracks"}
    assert {column["group"] for column in official["columns"]} == {"tracking"}


def test_details_on_demand(data, capsys):
    write_set(data / "run", shift=0.0)
    code, out, _ = call(capsys, "evaluate", "--pred", "run", "--gt", "data", "--per-sequence", "--per-verb")
    assert code == 0
    assert "one by one" in out
    assert "street/two" in out
    assert "verb by verb" in out
    (talk,) = [line.split() for line in out.splitlines() if line.strip().startswith("talk.v.01")]
    assert talk[1:] == ["2", "2", "0", "1.000"]


def test_missing_sequences_are_told(data, capsys):
    shutil.rmtree(data / "run/park")
    code, out, err = call(capsys, "evaluate", "--pred", "run", "--gt", "data")
    assert code == 0
    assert "park/one: no prediction" in err
    assert "1 sequences incomplete, scored as empty" in out


def test_an_existing_file_is_kept(data, capsys):
    (data / "e.json").write_text("mine")
    arguments = ("evaluate", "--pred", "run", "--gt", "data", "--json", "e.json")
    code, _, err = call(capsys, *arguments)
    assert code == 1
    assert err.strip() == "error: e.json exists; pass --overwrite to replace it or choose another name"
    assert (data / "e.json").read_text() == "mine"
    assert call(capsys, *arguments, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--pred", "nowhere", "--gt", "data"), "nowhere: no such folder"),
        (("--pred", "run", "--gt", "nowhere"), "nowhere: no such folder"),
        (("--pred", "run", "--gt", "data", "--split", "train"), "no split 'train'"),
    ],
)
def test_one_line_for_wrong_input(data, capsys, arguments, message):
    code, _, err = call(capsys, "evaluate", *arguments)
    assert code == 1
    assert message in err
    assert err.count("\n") == 1


def test_a_wrong_row_is_named_with_file_and_line(data, capsys):
    path = data / "run/park/one/gt/gt.txt"
    path.write_text(path.read_text() + "3,1,1,1,1,1,1\n")
    code, _, err = call(capsys, "evaluate", "--pred", "run", "--gt", "data")
    assert code == 1
    assert err.count("\n") == 1
    assert "gt.txt:17: id 1 was already in frame 3 (line 5)" in err


def test_wrong_usage_is_2(data, capsys):
    assert call(capsys, "evaluate", "--pred", "run", "--gt", "data", "--protocol", "lenient")[0] == 2
    assert call(capsys, "evaluate", "--gt", "data")[0] == 2


def test_compare_two_runs(data, capsys):
    write_set(data / "better")
    for run in ("run", "better"):
        call(capsys, "evaluate", "--pred", run, "--gt", "data", "--protocol", "both", "--json", f"{run}.json")
    code, out, err = call(
        capsys,
        "compare",
        "run.json",
        "better.json",
        "--plot",
        "runs.png",
        "--markdown",
        "runs.md",
        "--latex",
        "runs.tex",
    )
    assert code == 0
    assert err == ""
    assert "84.21" in out
    assert "100.00" in out
    text = (data / "runs.md").read_text()
    assert "| tracking | HOTA ↑ | 84.21 | **100.00** |" in text
    assert (data / "runs-strict.png").is_file()
    assert (data / "runs-official.png").is_file()
    assert (data / "runs.tex").read_text().count("\\begin{tabular}") == 2


def test_compare_with_the_paper(data, capsys):
    call(capsys, "evaluate", "--pred", "run", "--gt", "data", "--protocol", "official", "--json", "run.json")
    code, _, _ = call(capsys, "compare", "run.json", "--paper", "--markdown", "runs.md")
    assert code == 0
    assert "| tracking | HOTA ↑ | **84.21** | 48.49 | 50.12 |" in (data / "runs.md").read_text()


def test_compare_warns_of_other_sequences(data, capsys):
    call(capsys, "evaluate", "--pred", "run", "--gt", "data", "--json", "2.json", "--run", "of2")
    for folder in (data / "run/street", data / "data/test/street"):
        shutil.rmtree(folder)
    call(capsys, "evaluate", "--pred", "run", "--gt", "data", "--json", "1.json", "--run", "of1")
    code, _, err = call(capsys, "compare", "2.json", "1.json")
    assert code == 0
    assert "of1 was evaluated on 1 sequences and of2 on 2, 1 of them the same" in err


@pytest.mark.parametrize(
    ("field", "value"),
    [("run", None), ("protocol", "x"), ("columns", {}), ("notes", [1]), ("seed", 1.5), ("overall", [])],
)
def test_compare_refuses_values_of_other_types(data, capsys, field, value):
    call(capsys, "evaluate", "--pred", "run", "--gt", "data", "--tracks-only", "--json", "e.json")
    content = json.loads((data / "e.json").read_text())
    content["evaluations"][0][field] = value
    (data / "e.json").write_text(json.dumps(content))
    code, _, err = call(capsys, "compare", "e.json")
    assert (code, err.count("\n")) == (1, 1)
    assert f"e.json: evaluations[0].{field}" in err or f"e.json: evaluations[0]: {field}" in err


def test_compare_refuses_other_files(data, capsys):
    (data / "e.json").write_text("{}")
    code, _, err = call(capsys, "compare", "e.json")
    assert code == 1
    assert "e.json: schema is None" in err


@pytest.mark.parametrize("option", ["--json", "--csv", "--markdown", "--latex"])
@pytest.mark.parametrize(
    ("path", "words"),
    [("data/test/park/one/gt/gt.txt/a", "is a file"), ("n" * 256, "a name of 256 bytes"), ("run", "is a folder")],
)
def test_a_file_that_cannot_be_written_is_said_before_the_work(data, capsys, monkeypatch, option, path, words):
    monkeypatch.setattr("smot_vlm.evaluation.sequence_reader.read_truths", lambda *_: pytest.fail("work was begun"))
    code, out, err = call(capsys, "evaluate", "--pred", "run", "--gt", "data", option, path)
    assert (code, out) == (1, "")
    assert words in err
    assert err.count("\n") == 1


def test_what_was_computed_is_shown_even_where_a_file_cannot_be_written(data, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "e.json")

    monkeypatch.setattr("smot_vlm.cli.evaluate.write_text", full)
    words = ("evaluate", "--pred", "run", "--gt", "data", "--tracks-only", "--json", "e.json")
    code, out, err = call(capsys, *words)
    assert code == 1
    assert "HOTA" in out
    assert "  e.json" not in out.splitlines()
    assert err.splitlines()[-1] == "error: e.json: e.json: No space left on device; make room on the disk"


def test_a_run_of_any_name_is_written_and_read_again(data, capsys):
    name = os.fsdecode(b"\xe9[red]\x1b")
    (data / "run").rename(data / name)
    files = ["--json", "e.json", "--csv", "e.csv", "--markdown", "e.md", "--latex", "e.tex"]
    code, out, err = call(capsys, "evaluate", "--pred", name, "--gt", "data", "--tracks-only", *files)
    assert code == 0, err
    assert "\\xe9[red]\\x1b" in out
    assert json.loads((data / "e.json").read_text(encoding="utf-8"))["evaluations"][0]["run"] == name
    assert "\\\\xe9[red]" in (data / "e.md").read_text(encoding="utf-8")
    assert "\x1b" not in (data / "e.tex").read_text(encoding="utf-8")
    code, out, err = call(capsys, "compare", "e.json", "--plot", "e.png")
    assert code == 0, err
    assert "\\xe9[red]\\x1b" in out
