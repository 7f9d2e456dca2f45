"""A progress bar with the losses, tokens per second and remaining time; plain lines without a terminal."""

from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from smot_vlm.training.records import StepRecord
from smot_vlm.training.validation import Validation

SMOOTHING = 0.9


class TrainingProgress:
    """Progress bar of a training; pass `step` and `validation` to a Trainer as callbacks.

    Args:
        steps: Optimiser steps of the whole training.
    """

    def __init__(self, steps: int) -> None:
        self._bar = Progress(
            MofNCompleteColumn(), BarColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False)
        )
        self._task = self._bar.add_task("starting", total=steps)
        self._smooth: dict[str, float] = {}
        self._skipped = 0

    def __enter__(self) -> "TrainingProgress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def step(self, record: StepRecord) -> None:
        """Show smoothed losses, and how many steps were skipped.

        Args:
            record: Of the step just done.
        """
        for name, value in (record.losses | {"tokens/s": record.tokens / record.seconds}).items():
            before = self._smooth.get(name, value)
            self._smooth[name] = SMOOTHING * before + (1 - SMOOTHING) * value
        text = "  ".join(f"{name} {value:.3g}" for name, value in self._smooth.items())
        self._skipped += record.skipped
        text += f"  skipped {self._skipped}" if self._skipped else ""
        self._bar.update(self._task, completed=record.step, description=text)

    def validation(self, step: int, scores: Validation) -> None:
        """Print the scores of a validation above the bar.

        Args:
            step: Optimiser steps done.
            scores: To print.
        """
        text = "  ".join(f"{name} {value:.3f}" for name, value in scores.flat().items())
        self._bar.console.print(f"step {step}: {text}", highlight=False)
