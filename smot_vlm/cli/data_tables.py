"""How `smot-vlm data` shows problems, counts and verbs."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from smot_vlm.cli.console import output, print_warning
from smot_vlm.system.printing import printable

if TYPE_CHECKING:
    from smot_vlm.data.stats import DatasetStats
    from smot_vlm.data.validate import Report
    from smot_vlm.formats.losses import Loss
    from smot_vlm.verbs import Verb

_COLOURS = {"error": "bold red", "warning": "bold yellow"}
_TOTALS = (
    ("videos", "videos"),
    ("shortest_seconds", "shortest video (s)"),
    ("mean_seconds", "mean length (s)"),
    ("longest_seconds", "longest video (s)"),
    ("total_seconds", "total length (s)"),
    ("tracks", "tracks"),
    ("boxes", "boxes"),
    ("frames", "frames"),
    ("instance_captions", "instance captions"),
    ("interactions", "interactions"),
    ("video_captions", "video captions"),
)
_SHOWN_VERBS = 15
_SHOWN_LOSSES = 20


def print_problems(report: "Report", show: int, remedies: bool) -> None:
    """One line a problem, then how many there are of each kind.

    Args:
        report: The problems.
        show: At most so many of a kind.
        remedies: Also say how a repair handled each.
    """
    shown: Counter[str] = Counter()
    for problem in report.problems:
        shown[problem.kind] += 1
        if shown[problem.kind] <= show:
            remedy = f" -> {problem.remedy}" if remedies else ""
            parts = ((f"{problem.severity}: ", _COLOURS[problem.severity]), printable(str(problem)), (remedy, "green"))
            output.print(Text.assemble(*parts, (f" [{problem.kind}]", "dim")))
    if report.problems:
        severities = {problem.kind: problem.severity for problem in report.problems}
        table = Table(box=SIMPLE, title_justify="left")
        table.add_column("kind")
        table.add_column("severity")
        table.add_column("count", justify="right")
        for kind, count in shown.most_common():
            table.add_row(kind, Text(severities[kind], style=_COLOURS[severities[kind]]), str(count))
        output.print(table)
    output.print(f"{report.sequences} sequences: {len(report.errors)} errors, {len(report.warnings)} warnings")


def print_losses(losses: "Sequence[Loss]") -> None:
    """One warning each, at most so many of a kind; then how many there are of each kind.

    Args:
        losses: Of a conversion.
    """
    from smot_vlm.data.conversion import INTENDED
    from smot_vlm.formats.losses import count_losses

    told: Counter[str] = Counter()
    for loss in losses:
        told[loss.kind] += 1
        if told[loss.kind] <= _SHOWN_LOSSES:
            print_warning(loss.message)
    for kind, lines in told.items():
        if lines > _SHOWN_LOSSES:
            print_warning(f"and {lines - _SHOWN_LOSSES} more like this [{kind}]")
    for counted, end in (
        ([loss for loss in losses if loss.kind in INTENDED], "as the set or an option says"),
        ([loss for loss in losses if loss.kind not in INTENDED], "--strict makes this an error"),
    ):
        if counted:
            counts = ", ".join(f"{count} {kind}" for kind, count in count_losses(counted).items())
            print_warning(f"left out or guessed: {counts}; {end}")


def print_stats(stats: "DatasetStats", name: str) -> None:
    """Totals beside the paper's, distributions, the most frequent verbs.

    Args:
        stats: Of the data set.
        name: Of the data set.
    """
    from smot_vlm.data.stats import BENSMOT

    totals = Table(box=SIMPLE, title="totals (paper: Table 1)", title_justify="left")
    totals.add_column("")
    totals.add_column(Text(printable(name)), justify="right")
    totals.add_column("BenSMOT (paper)", justify="right", style="dim")
    for field, label in _TOTALS:
        totals.add_row(label, _number(getattr(stats.totals, field)), _number(getattr(BENSMOT, field)))
    output.print(totals)
    spread = Table(box=SIMPLE, title="distributions (paper: Figure 2, means from Table 1)", title_justify="left")
    spread.add_column("", no_wrap=True)
    for heading in ("mean", "min", "median", "max", "BenSMOT"):
        spread.add_column(heading, justify="right", no_wrap=True, style="dim" if heading == "BenSMOT" else None)
    for entry in stats.distributions:
        quantiles = [_number(entry.quantile(part)) for part in (0, 0.5, 1)]
        label = f"{entry.name} ({entry.unit})"
        spread.add_row(label, _number(entry.mean), *quantiles, _number(entry.bensmot_mean))
    output.print(spread)
    if stats.verbs:
        verbs = Table(box=SIMPLE, title=f"verbs ({len(stats.verbs)} of 335 senses)", title_justify="left")
        verbs.add_column("")
        verbs.add_column("count", justify="right")
        for label, count in stats.verbs[:_SHOWN_VERBS]:
            verbs.add_row(label, str(count))
        output.print(verbs)
    scenarios = ", ".join(f"{scenario} {count}" for scenario, count in stats.scenarios[:12])
    more = f" and {len(stats.scenarios) - 12} more" if len(stats.scenarios) > 12 else ""
    output.print(f"{len(stats.scenarios)} scenarios: {scenarios}{more}")


def print_verbs(verbs: "tuple[Verb, ...]") -> None:
    """One row a sense.

    Args:
        verbs: The senses.
    """
    table = Table(box=SIMPLE)
    table.add_column("id", justify="right", style="dim")
    table.add_column("label", style="bold", no_wrap=True)
    table.add_column("what the subject does to the other person: to ...")
    for verb in verbs:
        table.add_row(str(verb.id), verb.label, Text(verb.gloss))
    output.print(table)


def _number(value: float | None) -> str:
    """Thousands apart, one decimal for a broken number; a dash for one that is not known."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
