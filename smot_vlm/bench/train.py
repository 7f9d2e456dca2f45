"""Benchmark of a training step: seconds by part, and whether data loading keeps up."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from smot_vlm.config import Config, load_config
from smot_vlm.system.files import shipped_folder
from smot_vlm.training.loop import Run, Trainer
from smot_vlm.training.records import StepRecord

# The first steps start the workers and fill the caches.
WARM_UP_STEPS = 2


@dataclass(frozen=True)
class TrainTiming:
    """Time of one part of a step.

    Attributes:
        part: "data" (waiting for examples, near 0 if loading overlaps with computing), "association" (detecting and
            linking, without gradients), "features" (the model's forward pass), "detector", "interactions",
            "grounding", "language" (the losses), "backward", "optimiser", or "step" (the whole step).
        seconds: Median over the steps.
        share: Of the whole step.
        tokens_per_second: Target tokens of captions; of the whole step only.
    """

    part: str
    seconds: float
    share: float
    tokens_per_second: float | None = None


def run(
    config: Config | None = None, *, steps: int = 5, progress: Callable[[int, int], None] | None = None
) -> list[TrainTiming]:
    """Train a few steps with all losses, from random weights, in a temporary folder.

    Args:
        config: To train; None for configs/demo.yaml.
        steps: Number of timed steps.
        progress: Called with the steps done and in total.

    Returns:
        The time of each part, and of the whole step.

    Raises:
        ValueError: Steps below one.
        FileNotFoundError: A part of the model is missing.
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}; give at least 1")
    config = config or load_config(shipped_folder("configs") / "demo.yaml")
    total = steps + WARM_UP_STEPS
    training = replace(
        config.training,
        steps=total,
        detector_only_steps=0,
        ctc_start_step=0,
        caption_start_step=0,
        validation_videos=0,
        checkpoint_every=total + 1,
        logger="none",
    )
    records: list[StepRecord] = []

    def on_step(record: StepRecord) -> None:
        records.append(record)
        if progress is not None:
            progress(len(records), total)

    with TemporaryDirectory() as folder:
        Trainer(replace(config, training=training), Run(Path(folder)), on_step=on_step).train()
    return _timings(records[WARM_UP_STEPS:])


def _timings(records: list[StepRecord]) -> list[TrainTiming]:
    whole = statistics.median(record.seconds for record in records)
    tokens = sum(record.tokens for record in records) / sum(record.seconds for record in records)
    names = list(dict.fromkeys(name for record in records for name in record.parts))
    parts = {name: statistics.median(record.parts.get(name, 0.0) for record in records) for name in names}
    timings = [TrainTiming(name, seconds, seconds / whole) for name, seconds in parts.items()]
    return [*timings, TrainTiming("step", whole, 1.0, tokens)]
