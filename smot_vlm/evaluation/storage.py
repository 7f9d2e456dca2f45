"""Evaluations as JSON (everything) and as CSV (one line a sequence)."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from smot_vlm.evaluation.results import PROTOCOLS, Cell, Column, Evaluation, Row, VerbScore
from smot_vlm.formats.checked import Range, record
from smot_vlm.formats.documents import read_json, shown

SCHEMA = "smot-vlm/evaluation/1"
_ROWS = ("overall", "sequences")
# Thousands of sequences, tens of cells each.
_LARGEST = 256 * 2**20


@dataclass(frozen=True)
class _Stored:
    """An evaluation in a file, but for its rows of cells.

    Attributes:
        run, protocol, resamples, seed, columns, verbs, missing, notes: see Evaluation.
    """

    run: str
    protocol: str
    resamples: int
    seed: Annotated[int, Range()]
    columns: tuple[Column, ...]
    verbs: tuple[VerbScore, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"protocol is {shown(self.protocol)}; it is one of {', '.join(PROTOCOLS)}")


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
    content = read_json(path, _LARGEST)
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise ValueError(
            f"{path}: schema is {shown(schema)}, not {SCHEMA!r}; give a file of `smot-vlm evaluate --json`"
        )
    entries = content.get("evaluations")
    if not isinstance(entries, list):
        raise ValueError(f"{path}: evaluations is {shown(entries)}; it takes a list")
    try:
        return tuple(_from_dict(entry, f"evaluations[{place}]") for place, entry in enumerate(entries))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


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


def _from_dict(content: Any, place: str) -> Evaluation:
    if not isinstance(content, dict):
        raise ValueError(f"{place} is {shown(content)}; give keys and values")
    stored = record(_Stored, {key: value for key, value in content.items() if key not in _ROWS}, place)

    def row(name: str, cells: Any, where: str) -> Row:
        if not isinstance(cells, dict):
            raise ValueError(f"{where} is {shown(cells)}; it takes a value for each column")
        absent = [column.key for column in stored.columns if column.key not in cells]
        if absent:
            raise ValueError(f"{where} has no value of {shown(absent[0])}; give one for each column")
        keys = [column.key for column in stored.columns]
        return Row(name, tuple(_cell_from_json(cells[key], f"{where}.{key}") for key in keys))

    sequences = content.get("sequences")
    if not isinstance(sequences, dict):
        raise ValueError(f"{place}.sequences is {shown(sequences)}; it takes a row for each sequence")
    return Evaluation(
        stored.run,
        stored.protocol,
        stored.columns,
        row("all", content.get("overall"), f"{place}.overall"),
        tuple(row(name, cells, f"{place}.sequences[{shown(name)}]") for name, cells in sequences.items()),
        stored.verbs,
        stored.missing,
        stored.notes,
        stored.resamples,
        stored.seed,
    )


def _cell_from_json(content: Any, place: str) -> Cell:
    return record(Cell, content if isinstance(content, dict) else {"value": content}, place)
