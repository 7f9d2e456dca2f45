"""What a training learns from and what it is measured on.

A data set without a split for validation gives a share of its training split: whole sequences, the same share of every
scenario, drawn by the seed and written into the run's folder, so that no step, no resumed run and no export learns from them.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from smot_vlm.config import DataSourceConfig, TrainingConfig
from smot_vlm.config.data import SYNTHETIC
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.data.sequences import AnnotatedSequence, SequenceSource
from smot_vlm.formats.checked import record
from smot_vlm.formats.documents import read_json
from smot_vlm.system.files import write_text
from smot_vlm.training.balance import source_odds
from smot_vlm.training.mixture import LessKnown, Mixture, Part, spread
from smot_vlm.training.sequence_sources import drawn_world

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
        held_out: By the name of each source of which that is a share of the training split; "" of a training with one.
    """

    train: SequenceSource
    validation: SequenceSource | None
    held_out: Mapping[str, HeldOut] = field(default_factory=dict)

    def measured(self, count: int) -> list[AnnotatedSequence]:
        """Sequences to measure on, the same in every call, of several sources by weight.

        Args:
            count: At most so many.

        Returns:
            Spread evenly over `validation`.
        """
        return [] if self.validation is None else spread(self.validation, count)


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
    written = _read(folder / HELD_OUT_FILE) if folder is not None else {}
    if not settings.sources:
        alone = _open_source(DataSourceConfig(settings.dataset), settings, written.get(""))
        odds = source_odds(alone.train, settings.balance, settings.balance_cap, settings.dataset)
        return alone if odds is None else replace(alone, train=Mixture((Part(alone.train, odds=odds),)))
    opened = [(source, _open_source(source, settings, written.get(source.called))) for source in settings.sources]
    train = [
        Part(
            own.train,
            source.called,
            source.weight,
            source_odds(own.train, settings.balance, settings.balance_cap, source.called),
        )
        for source, own in opened
    ]
    measured = [Part(own.validation, source.called, source.weight) for source, own in opened if own.validation]
    held_out = {source.called: own.held_out[""] for source, own in opened if own.held_out}
    return Splits(Mixture(tuple(train)), Mixture(tuple(measured)) if measured else None, held_out)


def _open_source(source: DataSourceConfig, settings: TrainingConfig, held_out: "HeldOut | None") -> Splits:
    """One data set by itself; what is held out of it goes by the name ""."""
    wanted = max(settings.validation_videos, settings.calibration_videos) if source.measured else 0
    split = source.split or settings.train_split
    if source.dataset == SYNTHETIC:
        count, width = settings.synthetic_sequences, settings.synthetic_width
        train = drawn_world(split, count, width)
        return Splits(train, drawn_world(settings.validation_split, wanted, width) if wanted else None)
    learned = _open_split(source, split)
    if not wanted:
        return Splits(learned, None)
    if settings.validation_split != VALIDATION or (Path(source.dataset) / VALIDATION).is_dir():
        return Splits(learned, _open_split(source, settings.validation_split))
    if held_out is None:
        held_out = HeldOut(split, hold_out(learned.names, settings.held_out, settings.seed))
    return _divide(learned, held_out, Path(source.dataset), split)


def _open_split(source: DataSourceConfig, split: str) -> BenSmot | LessKnown:
    data = BenSmot(source.dataset, split)
    return LessKnown(data, frozenset(source.unknown)) if source.unknown else data


def write_held_out(splits: Splits, folder: Path) -> None:
    """Write HELD_OUT_FILE where sequences are held out.

    Args:
        splits: Of the training.
        folder: Of the run.
    """
    if not splits.held_out:
        return
    told = {name: {"split": own.split, "sequences": list(own.sequences)} for name, own in splits.held_out.items()}
    content = told[""] if list(told) == [""] else {"sources": told}
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


def _divide(source: BenSmot | LessKnown, held_out: HeldOut, root: Path, split: str) -> Splits:
    names, kept = source.names, set(held_out.sequences)
    missing = sorted(kept - set(names))
    if missing or held_out.split != split or kept >= set(names):
        raise ValueError(
            f"{root}/{split}: not the data of this run, whose {HELD_OUT_FILE} names "
            f"{missing[0] if missing else f'{len(kept)} sequences of {held_out.split}'}; give the data set that it began "
            "with, or another --out"
        )
    apart = tuple(place for place, name in enumerate(names) if name in kept)
    rest = tuple(place for place, name in enumerate(names) if name not in kept)
    return Splits(Chosen(source, rest), Chosen(source, apart), {"": held_out})


@dataclass(frozen=True)
class _Several:
    """HELD_OUT_FILE of a training with several sources."""

    sources: dict[str, HeldOut]


def _read(path: Path) -> dict[str, HeldOut]:
    if not path.is_file():
        return {}
    try:
        content: Any = read_json(path)
        if isinstance(content, dict) and "sources" in content:
            return record(_Several, content).sources
        return {"": record(HeldOut, content)}
    except ValueError as error:
        raise ValueError(f"{path}: {str(error).removeprefix(f'{path}: ')}; give another --out") from None
