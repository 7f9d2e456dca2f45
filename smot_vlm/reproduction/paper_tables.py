"""A table of the paper with our figure next to the printed one in each cell, and the command that makes each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table

from smot_vlm.evaluation.results import Cell, Column, Evaluation
from smot_vlm.evaluation.tables import format_cell, markdown
from smot_vlm.reproduction.plan import Given, Row, Sheet, command, train_command

# Sets up to this size are also shown sequence by sequence.
SHOWN_SEQUENCES = 8
BENSMOT_TEST = 1008
NEEDS_MODEL = "a trained model is needed"
_BY_SEQUENCE = ("tracking/HOTA", "tracking/MOTA", "tracking/IDF1")


@dataclass(frozen=True, eq=False)
class Made:
    """A row with its results.

    Attributes:
        row: of the table.
        found: one record a protocol, none where it was not run.
    """

    row: Row
    found: Mapping[str, Evaluation]


def report(sheet: Sheet, made: Sequence[Made], given: Given, out: str) -> str:
    """Write a whole report: the official figures next to the paper's, by sequence for small sets, then the strict ones.

    Args:
        sheet: the table.
        made: its rows.
        given: what the user provides.
        out: where results go.

    Returns:
        Markdown.
    """
    text = " ".join(part for part in (comparability(given, made), sheet.note) if part)
    parts = [f"# {sheet.title}", text, official_table(sheet, made, given, out)]
    ours = [one for one in made if one.found]
    sequences = {len(one.found["strict"].sequences) for one in ours}
    if ours and max(sequences) <= SHOWN_SEQUENCES:
        parts.append(by_sequence(ours))
    if ours:
        parts.append(markdown(_distinct([one.found["strict"] for one in ours])))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def official_table(sheet: Sheet, made: Sequence[Made], given: Given, out: str) -> str:
    """Compare with the paper, one row a run, with the command that makes it.

    Args:
        sheet: the table.
        made: its rows.
        given: what the user provides.
        out: where results go.

    Returns:
        Markdown.
    """
    grid = Grid.of(sheet, made)
    lines = [f"| run | {' | '.join(grid.heads)} | made by |", "|---|" + "---:|" * len(grid.heads) + "---|"]
    for one, cells in zip(made, grid.cells, strict=True):
        lines.append(f"| {one.row.name} | {' | '.join(cells)} | {_made_by(sheet, one.row, given, out)} |")
    needs = f" Such a model: `{train_command(given)}`." if NEEDS_MODEL in grid.note else ""
    return "\n".join([*lines, "", grid.note + needs])


def official_rich(sheet: Sheet, made: Sequence[Made]) -> Table:
    """Compare with the paper on the terminal, measures in rows, without commands and without rows that were not run.

    Args:
        sheet: the table.
        made: its rows.

    Returns:
        The table.
    """
    made = [one for one in made if one.found] or made
    grid = Grid.of(sheet, made)
    table = Table(title=f"{sheet.title}: ours / the paper's", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("official protocol")
    for one in made:
        table.add_column(one.row.name, justify="right", overflow="fold")
    for place, head in enumerate(grid.heads):
        table.add_row(head, *(row[place] for row in grid.cells))
    return table


@dataclass(frozen=True)
class Grid:
    """Texts of a table.

    Attributes:
        heads: of the columns that are shown.
        cells: one tuple a row.
        note: which columns are omitted.
    """

    heads: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    note: str

    @classmethod
    def of(cls, sheet: Sheet, made: Sequence[Made]) -> "Grid":
        """Fill the cells. A column without any figure of ours is omitted where others have some.

        Args:
            sheet: the table.
            made: its rows.

        Returns:
            The grid.
        """
        printed = {evaluation.run.removesuffix(" (paper)"): evaluation for evaluation in sheet.printed()}
        columns = {column.key: column for evaluation in printed.values() for column in evaluation.columns}
        filled = [key for key in sheet.columns if any(_ours(one, key).value is not None for one in made)]
        shown = filled or list(sheet.columns)
        left: dict[str, list[str]] = {}
        for key in sheet.columns:
            if key not in shown:
                left.setdefault(_reason(made, key), []).append(key)
        return cls(
            tuple(_heading(columns[key]) for key in shown),
            tuple(tuple(_cell(columns[key], one, printed) for key in shown) for one in made),
            " ".join(f"Left out, {reason}: {', '.join(keys)}." for reason, keys in left.items()),
        )


def by_sequence(made: Sequence[Made]) -> str:
    """HOTA, MOTA and IDF1 of every sequence under the strict protocol, in per cent, one row a run.

    Args:
        made: rows that were run.

    Returns:
        Markdown.
    """
    names = [row.name for row in made[0].found["strict"].sequences]
    heads = [f"{name.rpartition('/')[2]} {key.rpartition('/')[2]}" for name in names for key in _BY_SEQUENCE]
    lines = ["By sequence, strict protocol, per cent:", "", f"| run | {' | '.join(heads)} |"]
    lines.append("|---|" + "---:|" * len(heads))
    for one in made:
        strict = one.found["strict"]
        columns = {column.key: column for column in strict.columns}
        cells = [format_cell(columns[key], strict.cell(key, name)) for name in names for key in _BY_SEQUENCE]
        lines.append(f"| {one.row.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def comparability(given: Given, made: Sequence[Made]) -> str:
    """Say what may be compared with the printed figures.

    Args:
        given: what the user provides.
        made: the rows.

    Returns:
        A sentence or two.
    """
    counts = sorted({len(one.found["official"].sequences) for one in made if one.found})
    if not counts:
        return "Each cell reads ours / the paper's; nothing was run yet."
    ours = f"Each cell reads ours / the paper's. Ours are of {' or '.join(map(str, counts))} sequences of {given.data}"
    together = "Rows of ours may be compared with each other: they share data, boxes and evaluation."
    if counts == [BENSMOT_TEST]:
        return f"{ours}; if these are BenSMOT's test videos, the two may be compared. {together}"
    return (
        f"{ours}, the paper's of BenSMOT's {BENSMOT_TEST:,} test videos and its own detector: the two must not be "
        f"compared. {together}"
    )


def _distinct(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    return list({evaluation.run: evaluation for evaluation in evaluations}.values())


def _ours(one: Made, key: str) -> Cell:
    evaluation = one.found.get("official")
    wanted = not one.row.columns or key in one.row.columns
    if evaluation is None or not wanted or key not in {column.key for column in evaluation.columns}:
        return Cell(None)
    return evaluation.cell(key)


def _reason(made: Sequence[Made], key: str) -> str:
    """Why no row has a value in this column."""
    return next((note for one in made if (note := _ours(one, key).note)), NEEDS_MODEL)


def _cell(column: Column, one: Made, printed: Mapping[str, Evaluation]) -> str:
    if one.row.columns and column.key not in one.row.columns:
        return ""
    paper = printed[one.row.printed].cell(column.key) if one.row.printed else Cell(None)
    return f"{format_cell(column, _ours(one, column.key))} / {format_cell(column, paper)}"


def _heading(column: Column) -> str:
    name = column.name if column.group == "tracking" else f"{column.group} {column.name}"
    return f"{name} {'↓' if column.lower_is_better else '↑'}"


def _made_by(sheet: Sheet, row: Row, given: Given, out: str) -> str:
    text = f"`{command(sheet, row, given, out)}`"
    return text if row.run else f"first: {row.first}; then: {text}"
