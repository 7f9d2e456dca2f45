"""Tables, files and pictures of evaluations."""

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from smot_vlm.evaluation import compare, paper, storage, tables
from smot_vlm.evaluation.results import Cell, Column, Evaluation, Row, VerbScore

COLUMNS = (
    Column("tracking", "HOTA"),
    Column("tracking", "IDs", lower_is_better=True, count=True),
    Column("instance", "METEOR"),
    Column("interactions", "F1"),
)


def evaluation(run: str, values, protocol: str = "strict", sequences=("a/b", "c/d"), **fields) -> Evaluation:
    cells = tuple(value if isinstance(value, Cell) else Cell(value) for value in values)
    return Evaluation(
        run, protocol, COLUMNS, Row("all", cells), tuple(Row(name, cells) for name in sequences), **fields
    )


FIRST = evaluation(
    "first_run",
    (Cell(0.71984, "", 0.70, 0.74), 12.0, Cell(None, "no Java found"), 0.36812),
    verbs=(VerbScore("talk.v.01", 3, 1, 2, 0.25), VerbScore("hit.v.03", 0, 1, 0, None)),
    missing=("c/d: no prediction",),
    notes=("a note of the protocol",),
    resamples=100,
    seed=7,
)
SECOND = evaluation("a|b & 50%", (0.65, 3.0, 0.3, 0.36812))


def printed(evaluations, width: int = 120) -> str:
    console = Console(width=width, file=io.StringIO())
    for table in tables.rich_tables(evaluations, width):
        console.print(table)
    return console.file.getvalue()


def test_every_table_names_its_protocol_and_holds_every_value():
    for text in (printed([FIRST]), tables.markdown([FIRST]), tables.latex([FIRST])):
        assert "protocol: strict" in text
        assert "71.98" in text, "trajectories in per cent"
        assert re.search(r"\b12\b", text), "counts as whole numbers"
        assert "0.368" in text, "the others as fractions"
        assert "[70.00, 74.00]" in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_papers_rows_are_whole_at_every_width(width):
    """Each number of each row stands in one piece, and each name's words do."""
    evaluations = paper.methods()
    text = printed(evaluations, width)
    assert max(map(len, text.splitlines())) <= width
    whole = text.split()
    for line in tables.table_lines(evaluations):
        for cell in line.cells:
            shown = tables.format_cell(line.column, cell)
            assert whole.count(shown) >= [tables.format_cell(line.column, other) for other in line.cells].count(shown)
    assert whole.count("(paper)") == len(evaluations)
    assert all(evaluation.run.split()[0] in whole for evaluation in evaluations)
    assert text.count("protocol: official") == 1
    assert (text.count("HOTA") == 1) == (width == 200)


def test_units_rules_reasons_and_gaps_stand_under_the_table():
    notes = "\n".join(tables.footnotes([FIRST]))
    for part in (
        "per cent",
        "a note of the protocol",
        "first_run: no instance/METEOR: no Java found",
        "c/d: no prediction",
    ):
        assert part in notes
        assert part.replace("_", "\\_") in tables.markdown([FIRST])


def test_the_best_value_is_marked_in_the_right_direction():
    lines = {line.column.name: line.best for line in tables.table_lines([FIRST, SECOND])}
    assert lines == {"HOTA": (0,), "IDs": (1,), "METEOR": (1,), "F1": (0, 1)}
    assert tables.table_lines([FIRST])[0].best == ()


def test_names_of_runs_are_escaped():
    assert "a\\|b & 50%" in tables.markdown([FIRST, SECOND])
    assert "first\\_run & a|b \\& 50\\%" in tables.latex([FIRST, SECOND])
    assert tables.latex([FIRST, SECOND]).count("{") == tables.latex([FIRST, SECOND]).count("}")


def test_a_measure_that_one_run_lacks_is_a_dash():
    short = replace(SECOND, columns=COLUMNS[:1], overall=Row("all", SECOND.overall.cells[:1]))
    assert "–" in tables.markdown([FIRST, short]).split("F1")[1]


def test_protocols_do_not_mix():
    with pytest.raises(ValueError, match="one protocol"):
        tables.table_lines([FIRST, replace(SECOND, protocol="official")])


def test_json_comes_back_whole(tmp_path):
    path = tmp_path / "run.json"
    path.write_text(storage.to_json([FIRST, SECOND]))
    assert storage.read_evaluations(path) == (FIRST, SECOND)
    content = json.loads(path.read_text())
    assert content["evaluations"][0]["overall"]["tracking/IDs"] == 12
    assert content["evaluations"][0]["overall"]["instance/METEOR"]["note"] == "no Java found"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "schema is None"),
        ('{"schema": "smot-vlm/1"}', "schema is 'smot-vlm/1'"),
        ('{"schema": "smot-vlm/evaluation/1", "evaluations": [{"run": "x"}]}', "protocol is missing"),
    ],
)
def test_other_files_are_refused(tmp_path, text, message):
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        storage.read_evaluations(path)
    assert str(path) in str(caught.value)
    with pytest.raises(FileNotFoundError, match="evaluate --json"):
        storage.read_evaluations(tmp_path / "none.json")


def test_csv_has_a_line_a_sequence():
    rows = list(csv.DictReader(io.StringIO(storage.to_csv([FIRST, replace(SECOND, protocol="official")]))))
    assert [(row["protocol"], row["sequence"]) for row in rows] == [
        (protocol, name) for protocol in ("strict", "official") for name in ("all", "a/b", "c/d")
    ]
    assert rows[0]["run"] == "first_run"
    assert float(rows[0]["tracking/HOTA"]) == pytest.approx(0.71984)
    assert rows[0]["instance/METEOR"] == ""


def write(tmp_path, *evaluations) -> list:
    paths = []
    for index, one in enumerate(evaluations):
        paths.append(tmp_path / f"{index}.json")
        paths[-1].write_text(storage.to_json([one]))
    return paths


def test_runs_are_grouped_by_protocol(tmp_path):
    groups = compare.load_runs(write(tmp_path, FIRST, replace(FIRST, protocol="official"), SECOND))
    assert {name: [one.run for one in group] for name, group in groups.items()} == {
        "strict": ["first_run", "a|b & 50%"],
        "official": ["first_run"],
    }
    with pytest.raises(ValueError, match="already there"):
        compare.load_runs(write(tmp_path, FIRST, FIRST))


def test_differences_that_forbid_a_comparison_are_told():
    other = evaluation("third", (0.1, 0.0, 0.1, 0.1), sequences=("a/b", "x/y", "z/z"))
    lines = compare.differences([SECOND, other, FIRST])
    assert lines == [
        "third was evaluated on 3 sequences and a|b & 50% on 2, 1 of them the same; evaluate both on one data set",
        "first_run: 1 sequences incomplete, scored as empty",
    ]
    assert compare.differences([SECOND, SECOND]) == []


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_picture_of_runs(tmp_path, suffix):
    path = tmp_path / f"runs.{suffix}"
    compare.plot([FIRST, SECOND], path)
    assert path.stat().st_size > 5000
    if suffix == "svg":
        text = path.read_text()
        for part in ("tracking HOTA", "protocol: strict", "71.98"):
            assert f"<!-- {part}" in text
    with pytest.raises(FileExistsError, match="--overwrite"):
        compare.plot([FIRST, SECOND], path)


def test_a_picture_of_an_unknown_kind(tmp_path):
    with pytest.raises(ValueError, match=r"no picture of the kind '\.doc'.*png"):
        compare.plot([FIRST], tmp_path / "runs.doc")
    assert not list(tmp_path.iterdir())
