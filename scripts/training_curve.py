"""Plot the log of a training, and print its validations as a Markdown table.

python scripts/training_curve.py runs/demo --picture smot_vlm/assets/training.png
"""

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from smot_vlm.cli.ending import run_to_end
from smot_vlm.formats.checked import record
from smot_vlm.formats.documents import parse_json, shown
from smot_vlm.formats.flaws import decode
from smot_vlm.system.files import atomic_path

SHOWN = ("hota", "fact_recall", "swapped_recall", "chance_recall", "verb_f1")
SMOOTH = 5


@dataclass(frozen=True)
class LogLine:
    """What is read of a line of log.jsonl.

    Attributes:
        step: counted from 1.
        losses: by name, of a step.
        validation: scores by name, of a validation.
    """

    step: int
    losses: dict[str, float] = field(default_factory=dict)
    validation: dict[str, float] = field(default_factory=dict)


def main() -> None:
    """Parse the arguments, plot and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of the training, with log.jsonl")
    parser.add_argument("--picture", type=Path, help="PNG to write")
    arguments = parser.parse_args()
    steps, validations = read_log(arguments.run / "log.jsonl")
    if arguments.picture is not None:
        draw(steps, validations, arguments.picture)
    print(table(validations))


def read_log(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Read a training log.

    Args:
        path: log.jsonl.

    Returns:
        Entries of steps, and of validations, in order of steps.

    Raises:
        FileNotFoundError: No such log.
        ValueError: It has no step.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such log; give the folder of a training (--out of scripts/train.py)")
    entries = [
        _entry(line, f"{path}:{number}") for number, line in enumerate(decode(path.read_bytes()).splitlines(), start=1)
    ]
    steps = [entry for entry in entries if "losses" in entry]
    if not steps:
        raise ValueError(f"{path}: no step is logged yet; wait for the first training.log_every steps")
    return steps, [entry for entry in entries if "validation" in entry]


def _entry(line: str, place: str) -> dict[str, Any]:
    """One line of the log, checked: its step and its numbers by name."""
    try:
        content = parse_json(line)
        if not isinstance(content, dict):
            raise ValueError(f"it is {shown(content)}; it takes keys and values")
        known = {name: content[name] for name in ("step", "losses", "validation") if name in content}
        record(LogLine, known, whole="the line")
    except ValueError as error:
        raise ValueError(f"{place}: {error}; give the log.jsonl of scripts/train.py") from None
    return known


def draw(steps: list[dict[str, Any]], validations: list[dict[str, Any]], path: Path) -> None:
    """Plot each loss relative to its first value, and the validation scores beside them.

    Args:
        steps: From `read_log`.
        validations: From `read_log`.
        path: PNG to write.
    """
    figure = Figure(figsize=(11, 4), layout="constrained")
    losses, scores = figure.subplots(1, 2)
    for name in sorted({name for entry in steps for name in entry["losses"]}):
        places = [entry["step"] for entry in steps if name in entry["losses"]]
        values = smooth([entry["losses"][name] for entry in steps if name in entry["losses"]])
        losses.plot(places, values / values[0], label=f"{name} (first {values[0]:.2f}, last {values[-1]:.2f})")
    losses.set(xlabel="step", ylabel="loss, share of its first value", title="training")
    losses.legend(fontsize="small")
    for name in SHOWN:
        known = [(entry["step"], entry["validation"][name]) for entry in validations if name in entry["validation"]]
        scores.plot(*np.array(known, dtype=float).reshape(-1, 2).T, marker="o", label=name.replace("_", " "))
    scores.set(xlabel="step", ylim=(0, 1), title="validation: unseen videos, everything predicted")
    scores.legend(fontsize="small")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


def smooth(values: list[float]) -> np.ndarray:
    """Running mean over SMOOTH values, fewer at the ends.

    Args:
        values: To smooth.

    Returns:
        As many values.
    """
    kernel = np.ones(SMOOTH)
    return np.convolve(values, kernel, "same") / np.convolve(np.ones(len(values)), kernel, "same")


def table(validations: list[dict[str, Any]]) -> str:
    """Format the validations as a Markdown table.

    Args:
        validations: From `read_log`.

    Returns:
        One row per validation; a score that the data cannot give is left empty.
    """
    header = f"| step | {' | '.join(name.replace('_', ' ') for name in SHOWN)} |"
    rows = [f"| {entry['step']} | {_cells(entry['validation'])} |" for entry in validations]
    return "\n".join([header, "|---" * (len(SHOWN) + 1) + "|", *rows])


def _cells(scores: dict[str, float]) -> str:
    return " | ".join(f"{scores[name]:.3f}" if name in scores else "" for name in SHOWN)


if __name__ == "__main__":
    run_to_end(main)
