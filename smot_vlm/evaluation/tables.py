"""Tables of one run or of several side by side: for the terminal, Markdown, LaTeX. Each names its protocol.

Measures are rows and runs are columns. Tracking and CHOTA are in per cent, everything else is a fraction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table
from rich.text import Text

from smot_vlm.evaluation.bootstrap import CONFIDENCE
from smot_vlm.evaluation.results import Cell, Column, Evaluation, Row
from smot_vlm.system.printing import printable

# What pictures and tables of sequences show, by protocol; measures that no run has are left out.
_MAIN_CAPTION_MEASURES = ("instance/METEOR", "instance/CIDEr", "video/METEOR", "video/CIDEr", "interactions/F1")
MAIN_MEASURES = {
    "strict": ("tracking/HOTA", "chota/CHOTA", "tracking/IDF1", *_MAIN_CAPTION_MEASURES),
    "official": ("tracking/HOTA", "tracking/MOTA", "tracking/IDF1", *_MAIN_CAPTION_MEASURES),
    "captionformer": ("tracking/HOTA", "tracking/MOTA", "tracking/IDF1", *_MAIN_CAPTION_MEASURES),
}
# Characters: before a measure's name, between two columns at most, and of a run's name before it is folded.
_INDENT, _BETWEEN, _LONGEST_WORD = 2, 3, 16
_NO_VALUE = Cell(None, "not measured in this run")


@dataclass(frozen=True)
class Line:
    """One measure of every run.

    Attributes:
        column: the measure.
        cells: one a run.
        best: positions of the runs with the best value, none where there is one run.
    """

    column: Column
    cells: tuple[Cell, ...]
    best: tuple[int, ...]

    @property
    def label(self) -> str:
        """The name with the direction in which it is better."""
        return f"{self.column.name} {'↓' if self.column.lower_is_better else '↑'}"


def table_lines(evaluations: Sequence[Evaluation]) -> list[Line]:
    """All measures of runs, in the order of their first run.

    Args:
        evaluations: under one protocol.

    Returns:
        One line a measure.

    Raises:
        ValueError: no run, or runs under different protocols, whose numbers cannot be compared.
    """
    protocols = {evaluation.protocol for evaluation in evaluations}
    if len(protocols) != 1:
        raise ValueError(f"runs under the protocols {sorted(protocols)}; a table takes runs under one protocol")
    columns = dict.fromkeys(column for evaluation in evaluations for column in evaluation.columns)
    lines = []
    for column in columns:
        cells = tuple(
            evaluation.cell(column.key) if column in evaluation.columns else _NO_VALUE for evaluation in evaluations
        )
        lines.append(Line(column, cells, _best(column, cells)))
    return lines


def rich_tables(evaluations: Sequence[Evaluation], width: int) -> list[Table]:
    """The table for the terminal, cut between runs where it is wider: every number stays whole.

    Args:
        evaluations: under one protocol.
        width: of the terminal, in characters.

    Returns:
        Tables of rich with the same measures; the best of all runs are marked.
    """
    lines = table_lines(evaluations)
    needs = [_run_width(evaluation, place, lines) for place, evaluation in enumerate(evaluations)]
    first = max((len(line.label) for line in lines), default=0) + _INDENT + _BETWEEN
    parts: list[list[int]] = [[]]
    for place, need in enumerate(needs):
        taken = first + sum(needs[other] + _BETWEEN for other in parts[-1])
        if parts[-1] and taken + need + _BETWEEN > width:
            parts.append([])
        parts[-1].append(place)
    return [_rich_part(evaluations, lines, part, needs) for part in parts]


def _run_width(evaluation: Evaluation, place: int, lines: Sequence[Line]) -> int:
    """Characters that the column of a run needs: for its numbers, and for the words of its name where they are short."""
    cells = max((len(format_cell(line.column, line.cells[place])) for line in lines), default=0)
    words = max(map(len, printable(evaluation.run).split()), default=0)
    return max(cells, min(words, _LONGEST_WORD))


def _rich_part(
    evaluations: Sequence[Evaluation], lines: Sequence[Line], part: Sequence[int], needs: Sequence[int]
) -> Table:
    heading = title(evaluations) if part[0] == 0 else None
    table = Table(title=heading, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("measure", no_wrap=True)
    for place in part:
        name = Text(printable(evaluations[place].run))
        table.add_column(name, justify="right", overflow="fold", min_width=needs[place])
    group = ""
    for line in lines:
        if line.column.group != group:
            group = line.column.group
            table.add_row(Text(group, style="bold"))
        cells = [
            Text(format_cell(line.column, line.cells[place]), style="bold" if place in line.best else "")
            for place in part
        ]
        table.add_row(Text(f"{' ' * _INDENT}{line.label}"), *cells)
    return table


def sequence_rich_table(evaluation: Evaluation) -> Table:
    """The main measures of every sequence, one row each, for the terminal.

    Args:
        evaluation: one run.

    Returns:
        A table of rich.
    """
    columns = main_columns(evaluation)
    table = Table(title=f"{title([evaluation])}, one by one", box=box.SIMPLE_HEAD, title_justify="left")
    table.padding, table.pad_edge = (0, 1, 0, 0), False
    table.add_column("sequence", overflow="fold", min_width=10)
    for column in columns:
        group = "verbs" if column.group == "interactions" else column.group
        table.add_column(f"{group}\n{column.name}", justify="right", no_wrap=True)
    for row in (*evaluation.sequences, evaluation.overall):
        table.add_row(Text(printable(row.name)), *(Text(cell) for cell in _row_cells(evaluation, row, columns)))
    return table


def verb_rich_table(evaluation: Evaluation) -> Table:
    """Every verb that is in the ground truth or was predicted, the most frequent first.

    Args:
        evaluation: one run.

    Returns:
        A table of rich.
    """
    table = Table(title=f"{title([evaluation])}, verb by verb", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("verb", "true", "found", "false", "average precision"):
        table.add_column(name, justify="left" if name == "verb" else "right")
    for verb in sorted(evaluation.verbs, key=lambda verb: (-verb.true_positives - verb.misses, verb.verb)):
        counts = (verb.true_positives + verb.misses, verb.true_positives, verb.false_positives)
        precision = "–" if verb.average_precision is None else f"{verb.average_precision:.3f}"
        table.add_row(verb.verb, *map(str, counts), precision)
    return table


def main_columns(evaluation: Evaluation) -> list[Column]:
    """The columns of MAIN_MEASURES that an evaluation has.

    Args:
        evaluation: one run.

    Returns:
        In the order of MAIN_MEASURES.
    """
    return [column for key in MAIN_MEASURES[evaluation.protocol] for column in evaluation.columns if column.key == key]


def _row_cells(evaluation: Evaluation, row: Row, columns: Sequence[Column]) -> list[str]:
    places = {column.key: place for place, column in enumerate(evaluation.columns)}
    return [format_cell(column, row.cells[places[column.key]]) for column in columns]


def markdown(evaluations: Sequence[Evaluation]) -> str:
    """The table in GitHub's Markdown, with its notes.

    Args:
        evaluations: under one protocol.

    Returns:
        Lines of text.
    """
    lines = [f"**{_markdown_text(title(evaluations))}**", ""]
    lines.append("| | measure | " + " | ".join(_markdown_text(evaluation.run) for evaluation in evaluations) + " |")
    lines.append("|---|---|" + "---:|" * len(evaluations))
    for line in table_lines(evaluations):
        cells = [_markdown_text(format_cell(line.column, cell)) for cell in line.cells]
        cells = [f"**{cell}**" if place in line.best else cell for place, cell in enumerate(cells)]
        lines.append(f"| {line.column.group} | {line.label} | " + " | ".join(cells) + " |")
    lines += ["", *(f"- {_markdown_text(note)}" for note in footnotes(evaluations))]
    return "\n".join(lines) + "\n"


def latex(evaluations: Sequence[Evaluation]) -> str:
    """The table as a LaTeX tabular with booktabs rules; notes are comments.

    Args:
        evaluations: under one protocol.

    Returns:
        Lines of text.
    """
    runs = " & ".join(_latex_text(evaluation.run) for evaluation in evaluations)
    lines = [f"% {note}" for note in (title(evaluations), *footnotes(evaluations), "needs \\usepackage{booktabs}")]
    lines += [f"\\begin{{tabular}}{{ll{'r' * len(evaluations)}}}", "\\toprule"]
    lines += [f"\\multicolumn{{{2 + len(evaluations)}}}{{l}}{{{_latex_text(title(evaluations))}}} \\\\", "\\midrule"]
    lines += [f" & measure & {runs} \\\\", "\\midrule"]
    for line in table_lines(evaluations):
        cells = [_latex_text(format_cell(line.column, cell)) for cell in line.cells]
        cells = [f"\\textbf{{{cell}}}" if place in line.best else cell for place, cell in enumerate(cells)]
        arrow = "$\\downarrow$" if line.column.lower_is_better else "$\\uparrow$"
        name = f"{_latex_text(line.column.name)} {arrow}"
        lines.append(f"{_latex_text(line.column.group)} & {name} & {' & '.join(cells)} \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}"]) + "\n"


def title(evaluations: Sequence[Evaluation]) -> str:
    """What is above every table.

    Args:
        evaluations: under one protocol.

    Returns:
        One line.
    """
    first = evaluations[0]
    sizes = sorted({len(evaluation.sequences) for evaluation in evaluations if evaluation.sequences})
    parts = [f"protocol: {first.protocol}"]
    if sizes:
        parts.append(f"{' or '.join(map(str, sizes))} sequences")
    if any(evaluation.resamples for evaluation in evaluations):
        parts.append(f"{100 * CONFIDENCE:.0f} % intervals from {max(e.resamples for e in evaluations)} resamples")
    return ", ".join(parts)


def footnotes(evaluations: Sequence[Evaluation]) -> list[str]:
    """What is below every table: how to read it, missing predictions, missing values.

    Args:
        evaluations: under one protocol.

    Returns:
        One line each.
    """
    notes = ["tracking and chota in per cent, the others as fractions (CIDEr: at most 10)"]
    notes += dict.fromkeys(note for evaluation in evaluations for note in evaluation.notes)
    for evaluation in evaluations:
        reasons: dict[str, list[str]] = {}
        for column, cell in zip(evaluation.columns, evaluation.overall.cells, strict=True):
            if cell.value is None:
                reasons.setdefault(cell.note, []).append(column.key)
        notes += [f"{evaluation.run}: no {', '.join(keys)}: {reason}" for reason, keys in reasons.items()]
        if evaluation.missing:
            first = "; ".join(evaluation.missing[:3]) + (" ..." if len(evaluation.missing) > 3 else "")
            notes.append(f"{evaluation.run}: {len(evaluation.missing)} sequences incomplete, scored as empty: {first}")
    return notes


def format_cell(column: Column, cell: Cell) -> str:
    """A cell as text, with its interval.

    Args:
        column: its measure.
        cell: the value.

    Returns:
        A dash where there is no value.
    """
    if cell.value is None:
        return "–"
    text = _format_value(column, cell.value)
    if cell.low is None or cell.high is None:
        return text
    return f"{text} [{_format_value(column, cell.low)}, {_format_value(column, cell.high)}]"


def _format_value(column: Column, value: float) -> str:
    if column.count:
        return f"{value:.0f}"
    return f"{100 * value:.2f}" if column.percent else f"{value:.3f}"


def _best(column: Column, cells: tuple[Cell, ...]) -> tuple[int, ...]:
    values = [cell.value for cell in cells if cell.value is not None]
    if len(cells) < 2 or not values:
        return ()
    best = min(values) if column.lower_is_better else max(values)
    return tuple(place for place, cell in enumerate(cells) if cell.value == best)


def _markdown_text(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")


def _latex_text(text: str) -> str:
    escapes = {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "–": "--"}
    escapes |= {mark: f"\\{mark}" for mark in "&%$#_{}"}
    return "".join(escapes.get(mark, mark) for mark in printable(text))
