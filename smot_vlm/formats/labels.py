"""Classes of MOT rows: which numbers are people, by the names in `labels.txt` beside the rows or by custom.

CVAT writes the names of its labels, one a line; a row's class is the number of the line, from 1. Without names, class 1
is a pedestrian in MOTChallenge's files, and trackers of COCO's classes number people 0.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

from smot_vlm.formats.flaws import read_text, split_lines
from smot_vlm.formats.sequence_files import find_file

LABELS_FILE = "labels.txt"
PEOPLE_NAMES = frozenset({"person", "pedestrian", "people", "persons", "pedestrians", "human"})
# MOTChallenge's others are vehicles, reflections, occluders and people on posters or bicycles.
PERSON_CLASS = 1
_COCO_PERSON = 0

# A number, a word, or None where a row states no class.
RowClass = int | str | None


def class_of_cells(cells: list[str]) -> RowClass:
    """The class that a row states.

    It is the eighth of eight or nine columns, or of ten whose last two are -1; MOT15's ten columns hold a place in the
    world instead. A negative number means "none given".

    Args:
        cells: of one row.

    Returns:
        A whole number from 0, a word in lower case, or None.
    """
    if len(cells) not in (8, 9, 10) or (len(cells) == 10 and not all(_is_minus_one(cell) for cell in cells[8:])):
        return None
    try:
        number = float(cells[7])
    except ValueError:
        return cells[7].casefold()
    return int(number) if number >= 0 and number.is_integer() else None


def people_of_labels(folder: Path) -> frozenset[int] | None:
    """The class numbers of people by `labels.txt`.

    Args:
        folder: where the file with the rows is.

    Returns:
        The numbers; None where there is no `labels.txt`.

    Raises:
        ValueError: not a text, or no name in it is a person's.
    """
    path = find_file(folder, LABELS_FILE)
    if path is None:
        return None
    names = [line.strip() for line in split_lines(read_text(path))]
    people = frozenset(number for number, name in enumerate(names, start=1) if name.casefold() in PEOPLE_NAMES)
    if not people:
        told = ", ".join(repr(name) for name in names if name) or "none"
        raise ValueError(
            f"{path}: labels are {told[:200]}; none is person or pedestrian; say which numbers are people with --classes"
        )
    return people


def people_by_custom(classes: Iterable[RowClass]) -> frozenset[int]:
    """The class number of people where no names are given.

    Args:
        classes: of every row of a file.

    Returns:
        0 where the file counts its classes from 0, as trackers of COCO's classes do, else 1.
    """
    return frozenset({_COCO_PERSON if _COCO_PERSON in classes else PERSON_CLASS})


def is_person(row_class: RowClass, people: Collection[int]) -> bool:
    """Whether a row counts.

    Args:
        row_class: of the row; one that states none counts.
        people: the class numbers of people.

    Returns:
        True where it does.
    """
    if isinstance(row_class, str):
        return row_class in PEOPLE_NAMES
    return row_class is None or row_class in people


def _is_minus_one(cell: str) -> bool:
    try:
        return float(cell) == -1
    except ValueError:
        return False
