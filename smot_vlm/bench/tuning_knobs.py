"""Which settings of an associator are tuned, and between what: the knobs of `smot-vlm tune`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import attrgetter
from typing import Any

from smot_vlm.config.schema import AssociationConfig

# Boxes of lower score than any knob asks for are not kept.
LEAST_SCORE = 0.05


@dataclass(frozen=True)
class Knob:
    """A setting and the values that it is tried at.

    Attributes:
        key: Below `association`, such as "byte.match_cost".
        low: The smallest value.
        high: The largest; a knob from False to True is a switch.
        step: Between two values; None: any, evenly by their logarithm.
    """

    key: str
    low: float
    high: float
    step: float | None = 0.01

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off."""
        return isinstance(self.low, bool)


HIGH_SCORE = Knob("high_score", 0.2, 0.8)
# No higher than the lowest `high_score`, which it must not exceed.
LOW_SCORE = Knob("proposal_score", LEAST_SCORE, 0.2)
NEW_TRACK_SCORE = Knob("new_track_score", 0.2, 0.9)
BUFFER = Knob("buffer_seconds", 0.2, 15.0, None)


def _rounds(section: str) -> tuple[Knob, ...]:
    """The limits of BYTE's three rounds."""
    return (
        Knob(f"{section}.match_cost", 0.4, 1.0),
        Knob(f"{section}.low_match_cost", 0.2, 1.0),
        Knob(f"{section}.unconfirmed_match_cost", 0.3, 1.0),
    )


_OC_SORT = (
    Knob("ocsort.least_iou", 0.05, 0.7),
    Knob("ocsort.min_hits", 0, 5, 1),
    Knob("ocsort.direction_frames", 1, 6, 1),
    Knob("ocsort.direction_weight", 0.0, 0.6),
)
# Associator -> its knobs: only those that it reads.
KNOBS: Mapping[str, tuple[Knob, ...]] = {
    "byte": (HIGH_SCORE, LOW_SCORE, NEW_TRACK_SCORE, BUFFER, *_rounds("byte")),
    "botsort": (
        *(HIGH_SCORE, LOW_SCORE, NEW_TRACK_SCORE, BUFFER),
        *_rounds("botsort"),
        Knob("botsort.appearance_distance", 0.0, 0.6),
        Knob("botsort.proximity", 0.05, 0.9),
        Knob("botsort.camera", False, True),
    ),
    "sparse": (
        *(HIGH_SCORE, LOW_SCORE, NEW_TRACK_SCORE, BUFFER),
        Knob("sparse.reach", 0.1, 1.5),
        Knob("sparse.speed", 0.2, 3.0),
        Knob("sparse.farthest", 0.5, 6.0),
        Knob("sparse.size_ratio", 1.1, 3.0),
        Knob("sparse.appearance_distance", 0.05, 1.0),
    ),
    "sort": (
        HIGH_SCORE,
        Knob("sort.least_iou", 0.05, 0.7),
        Knob("sort.min_hits", 0, 5, 1),
        Knob("sort.buffer_frames", 1, 30, 1),
    ),
    "ocsort": (HIGH_SCORE, BUFFER, *_OC_SORT),
    "ocsort-byte": (HIGH_SCORE, LOW_SCORE, BUFFER, *_OC_SORT),
    "deepsort": (
        HIGH_SCORE,
        BUFFER,
        Knob("deepsort.appearance_distance", 0.05, 0.6),
        Knob("deepsort.gallery", 5, 200, 5),
        Knob("deepsort.iou_cost", 0.3, 1.0),
        Knob("deepsort.min_hits", 1, 5, 1),
    ),
}


def knobs_of(associator: str) -> tuple[Knob, ...]:
    """The knobs of an associator.

    Args:
        associator: Its name, with a file or without.

    Raises:
        ValueError: It has none.
    """
    kind = associator.partition(":")[0]
    if kind not in KNOBS:
        raise ValueError(f"associator is {associator!r}; those that can be tuned are {', '.join(KNOBS)}")
    return KNOBS[kind]


def values_of(config: AssociationConfig, knobs: Sequence[Knob]) -> dict[str, Any]:
    """What a configuration sets the knobs to.

    Args:
        config: Any.
        knobs: Of an associator.

    Returns:
        Key -> value.
    """
    return {knob.key: attrgetter(knob.key)(config) for knob in knobs}


def with_values(config: AssociationConfig, values: Mapping[str, Any]) -> AssociationConfig:
    """A configuration with knobs set.

    Args:
        config: Left as it is.
        values: Key -> value; numbers are rounded to hundredths, as they are written.
    """
    return reduce(lambda so_far, pair: _with_value(so_far, *pair), values.items(), config)


def _with_value(config: AssociationConfig, key: str, value: Any) -> AssociationConfig:
    section, dot, name = key.partition(".")
    value = round(value, 2) if isinstance(value, float) else value
    changed: Any = replace(getattr(config, section), **{name: value}) if dot else value
    return replace(config, **{section: changed})
