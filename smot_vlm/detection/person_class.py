"""Which of a detector's classes are people: by their names where it states any."""

import logging
import re
from collections.abc import Mapping

logger = logging.getLogger(__name__)

PERSON_WORDS = frozenset({"person", "persons", "people", "pedestrian", "pedestrians", "human", "humans"})
# COCO has 80 classes, of which the first is "person".
COCO_CLASSES = 80
PERSON = 0
# What exporters write where they know no names.
_PLACEHOLDER = re.compile(r"(class)?[ _]?\d*", re.IGNORECASE)
_MOST_SHOWN = 8

HOW_TO_NAME = "--set detector.classes=[car,person] says what its classes are called, in their order"


def people_classes(path: object, names: Mapping[int, str]) -> tuple[int, ...]:
    """The classes of people, by name.

    Args:
        path: Of the detector, for the error.
        names: Of its classes; at least one.

    Returns:
        Their numbers, ascending.

    Raises:
        ValueError: None of them is people.
    """
    found = sorted(number for number, name in names.items() if name.strip().casefold() in PERSON_WORDS)
    if not found:
        shown = ", ".join(repr(name[:40]) for name in list(names.values())[:_MOST_SHOWN])
        more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
        raise ValueError(
            f"{path}: finds no people, its classes are {shown}{more}; give a detector with a class person, or, where the "
            f"file is wrong, {HOW_TO_NAME}"
        )
    return tuple(found)


def choose_people(path: object, names: Mapping[int, str], count: int | None) -> tuple[int, ...]:
    """The classes of people, by name, or by their number where there are no names.

    Args:
        path: Of the detector, for errors.
        names: Of its classes; may be empty.
        count: How many classes it has; None where that is not known.

    Returns:
        Their numbers, ascending.

    Raises:
        ValueError: None of them is people, or nothing tells.
    """
    if names:
        return people_classes(path, names)
    if count is None:
        logger.warning("%s: states no class names, so class 0 is taken for people, as in COCO; %s", path, HOW_TO_NAME)
    elif count not in (1, COCO_CLASSES):
        raise ValueError(f"{path}: has {count} classes and states no names; {HOW_TO_NAME}")
    return (PERSON,)


def real_names(names: Mapping[int, str]) -> dict[int, str]:
    """The names, or none where they are but numbers that an exporter filled in ("class0", "0").

    Args:
        names: By class.
    """
    if all(_PLACEHOLDER.fullmatch(name.strip()) for name in names.values()):
        return {}
    return dict(names)
