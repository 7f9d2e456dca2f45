"""The data sets of a training: an entry of `training.sources`."""

from dataclasses import dataclass
from pathlib import Path

from smot_vlm.config.ranges import Positive
from smot_vlm.structures.open_annotations import UNKNOWN

# The `dataset` of sequences that are drawn in memory.
SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class DataSourceConfig:
    """One data set of several.

    Attributes:
        dataset: "synthetic" (drawn in memory, see `training.synthetic_sequences`) or the root of a data set in BenSMOT's
            layout.
        name: of the source in messages, cards and held_out.json; empty: that of the folder.
        split: to learn from; empty: `training.train_split`.
        weight: share of the clips that it gives, relative to the other sources.
        measured: whether validation, calibration and so the best checkpoint look at it too, at its split
            `training.validation_split` or what is held out of it.
        unknown: what it leaves open: "boxes" (people stand about without one: no frame teaches where nobody is),
            "interactions" (people without one may have one), "captions" (those that are there teach nothing). Blank captions,
            sequences without a file of interactions, and people_facts.json that says so, are known to be open.
    """

    dataset: str
    name: str = ""
    split: str = ""
    weight: Positive = 1.0
    measured: bool = True
    unknown: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """Its name, or that of the folder."""
        return self.name or Path(self.dataset).name


def check_sources(sources: tuple[DataSourceConfig, ...], dataset: str) -> None:
    """Make sure that sources can be told apart, and that it is clear which data are meant.

    Args:
        sources: `training.sources`.
        dataset: `training.dataset`.

    Raises:
        ValueError: They cannot, or both are given.
    """
    if sources and dataset != SYNTHETIC:
        raise ValueError(
            f"training.dataset is {dataset!r} and training.sources lists {len(sources)} data sets; give one of the two"
        )
    names = [source.called for source in sources]
    twice = sorted({name for name in names if names.count(name) > 1 or not name})
    if twice:
        raise ValueError(f"training.sources has {twice[0]!r} more than once; give each source a name of its own")
    for source in sources:
        wrong = sorted(set(source.unknown) - set(UNKNOWN))
        if wrong:
            raise ValueError(f"unknown of the source {source.called} holds {wrong[0]!r}; it takes {', '.join(UNKNOWN)}")
        if source.unknown and source.dataset == SYNTHETIC:
            raise ValueError(f"unknown of the source {source.called} is given; what is drawn is known, so leave it out")
