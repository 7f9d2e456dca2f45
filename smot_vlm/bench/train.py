"""Benchmark of a training step: seconds by part, whether data loading keeps up, memory, and the use made of the device.

MFU, the model's use of the device, is FLOP of a step / its seconds / the device's peak. FLOP are those of matrix products,
convolutions and attention in the forward and backward pass as they are run (2 a multiplication and addition; frozen weights
need no gradient and count twice their forward pass, checkpointed layers three times), counted by torch.utils.flop_counter
over one further step.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from torch.utils.flop_counter import FlopCounterMode

from smot_vlm.bench.accelerator import name_of, peak_memory_megabytes, peak_teraflops, waiting_for
from smot_vlm.config import Config, load_config
from smot_vlm.system.files import shipped_folder
from smot_vlm.training.accelerator import chosen_precision
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


@dataclass(frozen=True)
class TrainFigures:
    """A training step on this machine.

    Attributes:
        device: Name of the card, or "cpu".
        precision: Of the training.
        tokens_per_second: Target tokens of captions.
        data_wait: Share of a step spent waiting for examples.
        peak_memory_megabytes: Of tensors on a GPU, elsewhere of the process.
        gigaflops_a_step: See the module.
        peak_teraflops: Of the device a second, as given or known by its name; None: not known.
        mfu: Share of that peak which a step reaches; None where it is not known.
        parts: Times of all parts, the device waited for around each.
    """

    device: str
    precision: str
    tokens_per_second: float
    data_wait: float
    peak_memory_megabytes: float
    gigaflops_a_step: float
    peak_teraflops: float | None
    mfu: float | None
    parts: tuple[TrainTiming, ...]


def run(
    config: Config | None = None,
    *,
    steps: int = 5,
    peak: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TrainFigures:
    """Train a few steps with all losses, from random weights, in a temporary folder.

    Args:
        config: To train; None for configs/demo.yaml.
        steps: Number of timed steps.
        peak: Tera-FLOP a second of the device in this precision; None: as its name says, where it is known.
        progress: Called with the steps done and in total.

    Returns:
        The figures.

    Raises:
        ValueError: Steps below one, or no peak above 0.
        FileNotFoundError: A part of the model is missing.
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}; give at least 1")
    if peak is not None and peak <= 0:
        raise ValueError(f"peak is {peak}; give tera-FLOP a second above 0")
    config = config or load_config(shipped_folder("configs") / "demo.yaml")
    # The last step is counted, which takes time of its own, and not timed.
    total = WARM_UP_STEPS + steps + 1
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
    counter = FlopCounterMode(display=False)

    def on_step(record: StepRecord) -> None:
        records.append(record)
        if len(records) == total - 1:
            counter.__enter__()
        if progress is not None:
            progress(len(records), total)

    with TemporaryDirectory() as folder:
        trainer = Trainer(replace(config, training=training), Run(Path(folder)), on_step=on_step)
        device, precision = trainer.accelerator.device, chosen_precision(training.precision)
        trainer.objective.times.wait = waiting_for(device)
        try:
            trainer.train()
        finally:
            if len(records) >= total - 1:
                counter.__exit__(None, None, None)
    timings = _timings(records[WARM_UP_STEPS:-1])
    *_, whole = timings
    best = peak or peak_teraflops(name_of(device), precision)
    flops = counter.get_total_flops()
    return TrainFigures(
        device=name_of(device),
        precision=precision,
        tokens_per_second=whole.tokens_per_second or 0.0,
        data_wait=next((timing.share for timing in timings if timing.part == "data"), 0.0),
        peak_memory_megabytes=peak_memory_megabytes(device),
        gigaflops_a_step=flops / 1e9,
        peak_teraflops=best,
        mfu=None if best is None else flops / whole.seconds / (best * 1e12),
        parts=tuple(timings),
    )


def _timings(records: list[StepRecord]) -> list[TrainTiming]:
    whole = statistics.median(record.seconds for record in records)
    tokens = sum(record.tokens for record in records) / sum(record.seconds for record in records)
    names = list(dict.fromkeys(name for record in records for name in record.parts))
    parts = {name: statistics.median(record.parts.get(name, 0.0) for record in records) for name in names}
    timings = [TrainTiming(name, seconds, seconds / whole) for name, seconds in parts.items()]
    return [*timings, TrainTiming("step", whole, 1.0, tokens)]
