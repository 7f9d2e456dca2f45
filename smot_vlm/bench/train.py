"""One step of training, part by part: where its time goes, and whether the data are there when they are wanted."""

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
    """One part of a step. seconds: median over the steps; share: of the whole step.

    data: waiting for examples that workers draw meanwhile, near 0 where loading is hidden behind computing. association:
    running the tracker, without gradient. features: the model's forward pass; detector, interactions, grounding, language:
    the losses; backward: of all of them.
    "step" is the whole, `tokens_per_second` its target tokens of captions.
    """

    part: str
    seconds: float
    share: float
    tokens_per_second: float | None = None


def run(
    config: Config | None = None, *, steps: int = 5, progress: Callable[[int, int], None] | None = None
) -> list[TrainTiming]:
    """Train a few steps with everything switched on, from random weights, in a folder that is thrown away.

    config: without one, the demo's. progress: told the steps done and to do.

    Raises:
        ValueError: steps below one.
        FileNotFoundError: a part of the model is missing.
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

    def seen(record: StepRecord) -> None:
        records.append(record)
        if progress is not None:
            progress(len(records), total)

    with TemporaryDirectory() as folder:
        Trainer(replace(config, training=training), Run(Path(folder)), on_step=seen).train()
    return _timings(records[WARM_UP_STEPS:])


def _timings(records: list[StepRecord]) -> list[TrainTiming]:
    whole = statistics.median(record.seconds for record in records)
    tokens = sum(record.tokens for record in records) / sum(record.seconds for record in records)
    names = list(dict.fromkeys(name for record in records for name in record.parts))
    parts = {name: statistics.median(record.parts.get(name, 0.0) for record in records) for name in names}
    timings = [TrainTiming(name, seconds, seconds / whole) for name, seconds in parts.items()]
    return [*timings, TrainTiming("step", whole, 1.0, tokens)]
