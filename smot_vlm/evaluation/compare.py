"""Several runs side by side: read, check that they can be compared, draw."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from smot_vlm.evaluation.results import Cell, Column, Evaluation
from smot_vlm.evaluation.storage import read_evaluations
from smot_vlm.evaluation.tables import MAIN_MEASURES, format_cell
from smot_vlm.system.files import atomic_path
from smot_vlm.system.printing import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANELS_IN_A_ROW = 4


def load_runs(paths: Sequence[Path | str]) -> dict[str, list[Evaluation]]:
    """Evaluations from files, by protocol.

    Args:
        paths: JSON files of `smot-vlm evaluate --json`.

    Returns:
        Protocol -> evaluations, in the order of `paths`.

    Raises:
        FileNotFoundError, ValueError: as `read_evaluations`; or a run's name twice under one protocol.
    """
    found: dict[str, list[Evaluation]] = {}
    for path in paths:
        for evaluation in read_evaluations(path):
            group = found.setdefault(evaluation.protocol, [])
            if evaluation.run in {other.run for other in group}:
                raise ValueError(
                    f"{path}: a run called {evaluation.run!r} is already there; evaluate it again with another --run"
                )
            group.append(evaluation)
    return found


def differences(evaluations: Sequence[Evaluation]) -> list[str]:
    """What makes these runs hard to compare: other sequences, missing predictions.

    Args:
        evaluations: under one protocol.

    Returns:
        One line each.
    """
    lines = []
    with_sequences = [evaluation for evaluation in evaluations if evaluation.sequences]
    for evaluation in with_sequences[1:]:
        first = with_sequences[0]
        own, others = ({row.name for row in each.sequences} for each in (evaluation, first))
        if own != others:
            lines.append(
                f"{evaluation.run} was evaluated on {len(own)} sequences and {first.run} on {len(others)}, "
                f"{len(own & others)} of them the same; evaluate both on one data set"
            )
    lines += [
        f"{evaluation.run}: {len(evaluation.missing)} sequences incomplete, scored as empty"
        for evaluation in evaluations
        if evaluation.missing
    ]
    return lines


def plot(evaluations: Sequence[Evaluation], path: Path, overwrite: bool = False) -> None:
    """Draw the main measures as bars, one panel a measure, with intervals where there are.

    Args:
        evaluations: runs under one protocol.
        path: the picture; its suffix is the format.
        overwrite: whether an existing picture may be replaced.

    Raises:
        FileExistsError: the picture exists and `overwrite` is false.
        ValueError: the suffix is none that matplotlib writes.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = {column.key: column for evaluation in evaluations for column in evaluation.columns}
    protocol = evaluations[0].protocol
    keys = [key for key in MAIN_MEASURES[protocol] if key in columns]
    rows = -(-len(keys) // _PANELS_IN_A_ROW)
    figure = Figure(
        figsize=(3.2 * _PANELS_IN_A_ROW, 0.9 + rows * (1.0 + 0.35 * len(evaluations))), layout="constrained"
    )
    supported = FigureCanvasAgg(figure).get_supported_filetypes()
    if path.suffix.lstrip(".").lower() not in supported:
        raise ValueError(f"{path}: no picture of the kind {path.suffix!r}; it takes {', '.join(sorted(supported))}")
    figure.suptitle(f"protocol: {protocol}")
    for panel, key in enumerate(keys, start=1):
        axes = figure.add_subplot(rows, _PANELS_IN_A_ROW, panel)
        _draw_panel(axes, columns[key], evaluations, names=panel % _PANELS_IN_A_ROW == 1)
    with atomic_path(path, overwrite) as temporary:
        figure.savefig(temporary, dpi=150)


def _draw_panel(axes: "Axes", column: Column, evaluations: Sequence[Evaluation], names: bool) -> None:
    """A bar a run, its value written behind the end of its interval."""
    scale = 100 if column.percent else 1
    nearest, furthest = 0.0, 0.001
    for place, evaluation in enumerate(evaluations):
        cell = evaluation.cell(column.key) if column in evaluation.columns else None
        if cell is None or cell.value is None:
            continue
        value = scale * cell.value
        low, high = (value if bound is None else scale * bound for bound in (cell.low, cell.high))
        axes.barh(place, value, color=f"C{place % 10}")
        if cell.low is not None:
            axes.errorbar(
                value, place, xerr=[[max(0.0, value - low)], [max(0.0, high - value)]], color="black", capsize=2
            )
        label = format_cell(column, Cell(cell.value))
        axes.annotate(label, (max(value, high), place), (4, 0), textcoords="offset points", va="center", fontsize=7)
        nearest, furthest = min(nearest, value, low), max(furthest, value, high)
    axes.set_title(f"{column.group} {column.name}" + (" (%)" if column.percent else ""), fontsize=9)
    axes.set_yticks(
        range(len(evaluations)), [printable(evaluation.run) if names else "" for evaluation in evaluations], fontsize=8
    )
    axes.invert_yaxis()
    axes.set_xlim(nearest, nearest + 1.3 * (furthest - nearest))
    axes.tick_params(axis="x", labelsize=7)
