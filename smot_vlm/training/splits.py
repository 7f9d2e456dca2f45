"""What a training learns from and what it is measured on.

A data set without a split for validation gives a share of its training split: whole sequences, the same share of every
scenario, drawn by the seed and written into the run's folder, so that no step, no resumed run and no export learns from them.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smot_vlm.config import TrainingConfig
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.data.sequences import AnnotatedSequence, SequenceSource
from smot_vlm.formats.checked import record
from smot_vlm.formats.documents import read_json
from smot_vlm.system.files import write_text
from smot_vlm.training.sequence_sources import SYNTHETIC, drawn_world

# The split whose absence is made up for; one that is named otherwise must be there.
VALIDATION = "val"
HELD_OUT_FILE = "held_out.json"


@dataclass(frozen=True, eq=False)
class Chosen:
    """Some sequences of a source, as a source.

    Attributes:
        source: Of the sequences.
        positions: In the source.
    """

    source: SequenceSource
    positions: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int) -> AnnotatedSequence:
        return self.source[self.positions[index]]


@dataclass(frozen=True)
class HeldOut:
    """The sequences of the training split that are not learned from, as HELD_OUT_FILE states them.

    Attributes:
        split: That they belong to.
        sequences: Their names, scenario/sequence.
    """

    split: str
    sequences: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Splits:
    """The data of a training.

    Attributes:
        train: Learned from.
        validation: Measured on; None where nothing is.
        held_out: Where that is a share of the training split.
    """

    train: SequenceSource
    validation: SequenceSource | None
    held_out: HeldOut | None = None

    def measured(self, count: int) -> list[AnnotatedSequence]:
        """Sequences to measure on, the same in every call.

        Args:
            count: At most so many.

        Returns:
            Spread evenly over `validation`.
        """
        return [] if self.validation is None else spread(self.validation, count)


def spread(source: SequenceSource, count: int) -> list[AnnotatedSequence]:
    """Some sequences of a source, from all over it.

    Args:
        source: Of sequences.
        count: At most so many.

    Returns:
        In the order of the source.
    """
    wanted = min(count, len(source))
    if not wanted:
        return []
    positions = np.unique(np.linspace(0, len(source) - 1, wanted).round().astype(int))
    return [source[position] for position in positions.tolist()]


def open_splits(settings: TrainingConfig, folder: Path | None = None) -> Splits:
    """Open what a training learns from and what it is measured on.

    Args:
        settings: Of the training.
        folder: Of the run; what it says of held-out sequences counts.

    Returns:
        Both.

    Raises:
        FileNotFoundError, ValueError: As BenSmot; or nothing can be held out.
    """
    wanted = max(settings.validation_videos, settings.calibration_videos)
    if settings.dataset == SYNTHETIC:
        count, width = settings.synthetic_sequences, settings.synthetic_width
        train = drawn_world(settings.train_split, count, width)
        return Splits(train, drawn_world(settings.validation_split, wanted, width) if wanted else None)
    source = BenSmot(settings.dataset, settings.train_split)
    if not wanted:
        return Splits(source, None)
    if settings.validation_split != VALIDATION or (Path(settings.dataset) / VALIDATION).is_dir():
        return Splits(source, BenSmot(settings.dataset, settings.validation_split))
    held_out = _read(folder / HELD_OUT_FILE) if folder is not None else None
    if held_out is None:
        names = hold_out(source.names, settings.held_out, settings.seed)
        held_out = HeldOut(settings.train_split, names)
    return _divide(source, held_out)


def write_held_out(splits: Splits, folder: Path) -> None:
    """Write HELD_OUT_FILE where sequences are held out.

    Args:
        splits: Of the training.
        folder: Of the run.
    """
    if splits.held_out is not None:
        content = {"split": splits.held_out.split, "sequences": list(splits.held_out.sequences)}
        write_text(folder / HELD_OUT_FILE, json.dumps(content, indent=2) + "\n")


def hold_out(names: Sequence[str], share: float, seed: int) -> tuple[str, ...]:
    """Draw a share of sequences, as near as can be the same share of every scenario.

    Args:
        names: scenario/sequence of all.
        share: Of them, at least one sequence.
        seed: Of the draw.

    Returns:
        Names, sorted.

    Raises:
        ValueError: The share is 0, or there is only one sequence.
    """
    if not share or len(names) < 2:
        raise ValueError(
            f"the data set has no split {VALIDATION!r}, and of {len(names)} training sequences a share of {share:g} cannot "
            "be held out; give training.held_out above 0, or validation_videos=0 and calibration_videos=0"
        )
    rng = np.random.default_rng(seed)
    order = [sorted(names)[place] for place in rng.permutation(len(names))]
    places: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for name in order:
        scenario = name.rpartition("/")[0]
        sizes[scenario] = sizes.get(scenario, 0) + 1
        places[name] = sizes[scenario]
    # By how much of their scenario is drawn before them: the first ones make every scenario's share alike.
    ranked = sorted(order, key=lambda name: (places[name] - 0.5) / sizes[name.rpartition("/")[0]])
    count = min(max(1, math.floor(share * len(names) + 0.5)), len(names) - 1)
    return tuple(sorted(ranked[:count]))


def _divide(source: BenSmot, held_out: HeldOut) -> Splits:
    names, kept = source.names, set(held_out.sequences)
    missing = sorted(kept - set(names))
    if missing or held_out.split != source.split or kept >= set(names):
        raise ValueError(
            f"{source.root}/{source.split}: not the data of this run, whose {HELD_OUT_FILE} names "
            f"{missing[0] if missing else f'{len(kept)} sequences of {held_out.split}'}; give the data set that it began "
            "with, or another --out"
        )
    apart = tuple(place for place, name in enumerate(names) if name in kept)
    rest = tuple(place for place, name in enumerate(names) if name not in kept)
    return Splits(Chosen(source, rest), Chosen(source, apart), held_out)


def _read(path: Path) -> HeldOut | None:
    if not path.is_file():
        return None
    try:
        return record(HeldOut, read_json(path))
    except ValueError as error:
        raise ValueError(f"{path}: {str(error).removeprefix(f'{path}: ')}; give another --out") from None
