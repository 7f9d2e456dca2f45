"""A progress bar with every loss, tokens a second and the time left; lines of text where there is no terminal."""

from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from smot_vlm.training.records import StepRecord
from smot_vlm.training.validation import Validation

SMOOTHING = 0.9


class TrainingProgress:
    """Give `step` and `validation` to a Trainer. steps: of the whole training."""

    def __init__(self, steps: int) -> None:
        self._bar = Progress(
            MofNCompleteColumn(), BarColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False)
        )
        self._task = self._bar.add_task("starting", total=steps)
        self._smooth: dict[str, float] = {}

    def __enter__(self) -> "TrainingProgress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def step(self, record: StepRecord) -> None:
        """Show one step's losses, smoothed."""
        for name, value in (record.losses | {"tokens/s": record.tokens / record.seconds}).items():
            before = self._smooth.get(name, value)
            self._smooth[name] = SMOOTHING * before + (1 - SMOOTHING) * value
        told = "  ".join(f"{name} {value:.3g}" for name, value in self._smooth.items())
        self._bar.update(self._task, completed=record.step, description=told)

    def validation(self, step: int, scores: Validation) -> None:
        """Print the scores of a validation above the bar."""
        told = "  ".join(f"{name} {value:.3f}" for name, value in scores.flat().items())
        self._bar.console.print(f"step {step}: {told}", highlight=False)
