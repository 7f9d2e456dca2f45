"""Evaluations as JSON (everything) and as CSV (one line a sequence)."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from smot_vlm.evaluation.results import PROTOCOLS, Cell, Column, Evaluation, Row, VerbScore
from smot_vlm.formats.json_text import check, check_each, check_fields, read_json, shorten

SCHEMA = "smot-vlm/evaluation/1"
_FIELDS = {
    "run": "a text",
    "protocol": "a text",
    "resamples": "a whole number",
    "seed": "a whole number",
    "columns": "a list",
    "overall": "an object",
    "verbs": "a list",
    "missing": "a list",
    "notes": "a list",
    "sequences": "an object",
}
_COLUMN = {"group": "a text", "name": "a text", "lower_is_better": "true or false", "count": "true or false"}
_VERB = {
    "verb": "a text",
    "true_positives": "a whole number",
    "false_positives": "a whole number",
    "misses": "a whole number",
}


def to_json(evaluations: Sequence[Evaluation]) -> str:
    """JSON text of evaluations. Values are fractions, not per cent.

    Args:
        evaluations: several protocols of one run, or several runs.

    Returns:
        Everything.
    """
    content = {"schema": SCHEMA, "evaluations": [_to_dict(evaluation) for evaluation in evaluations]}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def read_evaluations(path: Path | str) -> tuple[Evaluation, ...]:
    """Evaluations from a file that `to_json` wrote.

    Args:
        path: the file.

    Returns:
        In the file's order.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not JSON, another schema, or a field that is missing or of the wrong kind.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give a JSON file written by `smot-vlm evaluate --json`")
    content = read_json(path, "give a file written by `smot-vlm evaluate --json`")
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise ValueError(
            f"{path}: schema is {shorten(schema)}, not {SCHEMA!r}; give a file of `smot-vlm evaluate --json`"
        )
    try:
        return tuple(_from_dict(entry) for entry in content["evaluations"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(f"{path}: a field is missing or of the wrong kind ({error})") from None


def to_csv(evaluations: Sequence[Evaluation]) -> str:
    """CSV text: run, protocol, sequence ("all" first), then one column a measure; empty where there is no value.

    Args:
        evaluations: any number.

    Returns:
        One line a sequence.
    """
    keys = list(dict.fromkeys(column.key for evaluation in evaluations for column in evaluation.columns))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["run", "protocol", "sequence", *keys])
    for evaluation in evaluations:
        place = {column.key: index for index, column in enumerate(evaluation.columns)}
        for row in (evaluation.overall, *evaluation.sequences):
            values = [row.cells[place[key]].value if key in place else None for key in keys]
            cells = ["" if value is None else f"{value:.9g}" for value in values]
            writer.writerow([evaluation.run, evaluation.protocol, row.name, *cells])
    return text.getvalue()


def _to_dict(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "run": evaluation.run,
        "protocol": evaluation.protocol,
        "resamples": evaluation.resamples,
        "seed": evaluation.seed,
        "columns": [asdict(column) for column in evaluation.columns],
        "overall": _cells_to_dict(evaluation, evaluation.overall),
        "verbs": [asdict(verb) for verb in evaluation.verbs],
        "missing": list(evaluation.missing),
        "notes": list(evaluation.notes),
        "sequences": {row.name: _cells_to_dict(evaluation, row) for row in evaluation.sequences},
    }


def _cells_to_dict(evaluation: Evaluation, row: Row) -> dict[str, Any]:
    """Key of the column -> the value; or its interval with it, or why there is none."""
    return {column.key: _cell_to_json(column, cell) for column, cell in zip(evaluation.columns, row.cells, strict=True)}


def _cell_to_json(column: Column, cell: Cell) -> Any:
    if cell.value is None:
        return {"value": None, "note": cell.note}
    value = int(cell.value) if column.count else cell.value
    return value if cell.low is None else {"value": value, "low": cell.low, "high": cell.high}


def _from_dict(content: dict[str, Any]) -> Evaluation:
    check("an evaluation", content, "an object")
    check_fields("", content, _FIELDS)
    if content["protocol"] not in PROTOCOLS:
        raise ValueError(f"protocol is {shorten(content['protocol'])}; it is one of {', '.join(PROTOCOLS)}")
    for name in ("missing", "notes"):
        check_each(name, content.get(name, []), "a text")
    for place, column in enumerate(content["columns"]):
        check_fields(f"columns[{place}].", column, _COLUMN)
    for place, verb in enumerate(content["verbs"]):
        check_fields(f"verbs[{place}].", verb, _VERB)
    columns = tuple(Column(**column) for column in content["columns"])

    def row(name: str, cells: dict[str, Any]) -> Row:
        return Row(name, tuple(_cell_from_json(cells[column.key]) for column in columns))

    return Evaluation(
        content["run"],
        content["protocol"],
        columns,
        row("all", content["overall"]),
        tuple(row(name, cells) for name, cells in content["sequences"].items()),
        tuple(VerbScore(**verb) for verb in content["verbs"]),
        tuple(content["missing"]),
        tuple(content["notes"]),
        content["resamples"],
        content["seed"],
    )


def _cell_from_json(content: Any) -> Cell:
    if not isinstance(content, dict):
        return Cell(float(content))
    value = content["value"]
    return Cell(
        None if value is None else float(value), content.get("note", ""), content.get("low"), content.get("high")
    )
