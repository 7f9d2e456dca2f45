"""The data loader of a training.

Every example is drawn from (seed, epoch, sequence) alone, in an order that follows from the seed (see order.py), so the same
seed gives the same examples for any number of workers and processes, and a training can resume at any step.
"""

import math
import signal

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from smot_vlm.data.sequences import SequenceSource
from smot_vlm.system.signals import STOP_SIGNALS
from smot_vlm.training.examples import Example, ExampleOptions, make_example
from smot_vlm.training.mixture import parts_of
from smot_vlm.training.order import Draw, RunOrder

# More batches than that only wait.
MOST_AHEAD = 4
# How long a worker runs on after SIGTERM.
WORKER_GRACE_SECONDS = 30


class Examples(Dataset[Example]):
    """The examples of a data set.

    Args:
        sequences: To cut examples from.
        options: How to cut them.
        seed: Of all random numbers.
        draws: Number of examples in the whole training, for the schedule of `options.true_tracks`.
    """

    def __init__(self, sequences: SequenceSource, options: ExampleOptions, seed: int, draws: int) -> None:
        self.sequences = sequences
        self.options = options
        self.seed = seed
        self.draws = draws

    def __len__(self) -> int:
        return len(self.sequences)

    def __getitem__(self, draw: Draw) -> Example:
        """Cut the example of `draw`.

        Raises:
            FileNotFoundError: A frame is missing.
            ValueError: A frame cannot be read.
        """
        rng = np.random.default_rng((self.seed, draw.epoch, draw.sequence))
        first, last = self.options.true_tracks
        share = first + (last - first) * draw.number / self.draws
        return make_example(self.sequences[draw.sequence], self.options, share, rng)


def make_loader(
    sequences: SequenceSource,
    options: ExampleOptions,
    *,
    seed: int,
    draws: int,
    start: int,
    batch_clips: int,
    workers: int,
    prefetch_mb: int,
) -> DataLoader[Example]:
    """Create the loader of the rest of a training.

    Args:
        sequences: To cut examples from.
        options: How to cut them.
        seed: Of all random numbers.
        draws: Number of examples in the whole training.
        start: Number of the first example.
        batch_clips: Examples per batch.
        workers: Processes that draw examples; 0 draws them in this one.
        prefetch_mb: Most memory in MB of the examples that workers hold ready.

    Returns:
        Yields lists of examples.

    Raises:
        ValueError: One batch a worker takes more memory than that.
    """
    return DataLoader(
        Examples(sequences, options, seed, draws),
        batch_size=batch_clips,
        sampler=RunOrder(parts_of(sequences), draws, seed, start),
        num_workers=workers,
        collate_fn=_as_list,
        worker_init_fn=_start_worker,
        prefetch_factor=batches_ahead(options, batch_clips, workers, prefetch_mb) if workers else None,
    )


def batches_ahead(options: ExampleOptions, batch_clips: int, workers: int, prefetch_mb: int) -> int:
    """How many batches each worker may hold ready.

    Args:
        options: Of the examples.
        batch_clips: Examples a batch.
        workers: At least one.
        prefetch_mb: Most memory in MB of all of them.

    Returns:
        1 to MOST_AHEAD, by the largest examples that can be: every frame of the longest run, square.

    Raises:
        ValueError: One batch a worker is too much.
    """
    batch_mb = batch_clips * options.most_frames * 3 * options.image_size**2 / 1e6
    ahead = int(prefetch_mb / (workers * batch_mb))
    if ahead < 1:
        raise ValueError(
            f"training.prefetch_mb is {prefetch_mb}, and {workers} workers hold a batch of up to {batch_mb:.0f} MB each; give "
            f"{math.ceil(workers * batch_mb)} or more, or fewer training.workers"
        )
    return min(ahead, MOST_AHEAD)


def _as_list(examples: list[Example]) -> list[Example]:
    """Leave examples of different sizes unstacked; the model concatenates their frames."""
    return examples


def _start_worker(_: int) -> None:
    """Limit a worker to one thread: more would compete for the cores."""
    import cv2

    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    # A signal to the process group must not end a worker before the main process has finished its step.
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: signal.alarm(WORKER_GRACE_SECONDS))
