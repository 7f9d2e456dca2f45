"""Check a whole data set and collect everything that is wrong with it; write a repaired copy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from smot_vlm.data.bensmot import SPLITS, BenSmotSequence
from smot_vlm.data.dataset_writer import Images, check_apart, write_dataset
from smot_vlm.data.problems import Problem
from smot_vlm.data.sequence_checks import Inspection, inspect_sequence
from smot_vlm.formats.sequence_files import BOXES_FILE, IMAGES_FOLDER


@dataclass(frozen=True)
class Report:
    """Result of checking a data set.

    Attributes:
        problems: in the order of the folders.
        sequences: how many were checked.
    """

    problems: tuple[Problem, ...]
    sequences: int

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Problems that change the meaning."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems that leave the meaning clear."""
        return tuple(problem for problem in self.problems if problem.severity == "warning")


def validate_dataset(
    root: Path,
    tolerance_pixels: float = 1.0,
    decode_images: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Check every file of ROOT/SPLIT/SCENARIO/SEQUENCE.

    Args:
        root: of the data set.
        tolerance_pixels: how far a box may reach out of the frame.
        decode_images: decode every image, which takes about 2 ms each; otherwise only headers are read.
        progress: called with each sequence's folder once it is done.

    Returns:
        The problems.

    Raises:
        FileNotFoundError: no such folder.
    """
    problems: list[Problem] = []
    sequences = 0
    for inspection in inspect_dataset(root, tolerance_pixels, decode_images):
        problems += inspection.problems
        sequences += _is_sequence(inspection)
        if progress is not None:
            progress(str(inspection.folder))
    return Report(tuple(problems), sequences)


def repair_dataset(
    root: Path,
    out: Path,
    images: Images = "link",
    overwrite: bool = False,
    tolerance_pixels: float = 1.0,
    decode_images: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Write a copy of a data set without its problems, with the remedy of each applied.

    Args:
        root: of the data set.
        out: folder to write.
        images: see `write_dataset`.
        overwrite: replace `out`.
        tolerance_pixels: see `validate_dataset`.
        decode_images: see `validate_dataset`.
        progress: see `validate_dataset`.

    Returns:
        The problems of `root`.

    Raises:
        FileNotFoundError: no such folder.
        FileExistsError: `out` exists, is not empty and `overwrite` is false.
        ValueError: `out` is inside `root` or contains it; or nothing is left to write.
    """
    check_apart(root, out)
    problems: list[Problem] = []
    sequences = 0

    def repaired() -> Iterator[tuple[str, BenSmotSequence]]:
        nonlocal sequences
        written = 0
        for inspection in inspect_dataset(root, tolerance_pixels, decode_images):
            problems.extend(inspection.problems)
            sequences += _is_sequence(inspection)
            if progress is not None:
                progress(str(inspection.folder))
            if inspection.sequence is not None:
                written += 1
                yield inspection.split, inspection.sequence
        if not written:
            raise ValueError(f"{root}: no sequence that can be repaired; `smot-vlm data validate` lists what is wrong")

    write_dataset(out, repaired(), images, overwrite)
    return Report(tuple(problems), sequences)


def inspect_dataset(root: Path, tolerance_pixels: float = 1.0, decode_images: bool = True) -> Iterator[Inspection]:
    """Inspect every sequence, and each folder that is misplaced or empty.

    Args:
        root: of the data set.
        tolerance_pixels: see `validate_dataset`.
        decode_images: see `validate_dataset`.

    Yields:
        One inspection a folder.

    Raises:
        FileNotFoundError: no such folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; give the root of a data set, with train/ and test/ in it")
    splits = _folders(root)
    if not splits:
        yield _misplaced("", root, "empty-split", f"no split; the layout is SPLIT/SCENARIO/SEQUENCE/{BOXES_FILE}")
    for split in splits:
        if split.name not in SPLITS:
            yield _misplaced(
                split.name, split, "unknown-split", f"no split of this name; splits are {', '.join(SPLITS)}"
            )
            continue
        scenarios = _folders(split)
        if not scenarios:
            yield _misplaced(
                split.name, split, "empty-split", "no scenario in this split; remove the folder or fill it"
            )
        for scenario in scenarios:
            yield from _inspect_scenario(split.name, scenario, tolerance_pixels, decode_images)


def count_sequences(root: Path) -> int:
    """Count the inspections that `inspect_dataset` yields at most, for a progress bar.

    Args:
        root: of the data set.

    Returns:
        The count.
    """
    return (
        sum(len(_folders(scenario)) for split in _folders(root) for scenario in _folders(split)) if root.is_dir() else 0
    )


def _inspect_scenario(split: str, scenario: Path, tolerance_pixels: float, decode_images: bool) -> Iterator[Inspection]:
    if (scenario / BOXES_FILE).exists() or (scenario / IMAGES_FOLDER).exists():
        message = "a sequence one level too high; the layout is SPLIT/SCENARIO/SEQUENCE"
        yield _misplaced(split, scenario, "misplaced-sequence", message)
        return
    sequences = _folders(scenario)
    if not sequences:
        message = "no sequence in this scenario; remove the folder or fill it"
        yield _misplaced(split, scenario, "empty-scenario", message)
    for sequence in sequences:
        yield inspect_sequence(split, sequence, tolerance_pixels, decode_images)


def _misplaced(split: str, folder: Path, kind: str, message: str) -> Inspection:
    return Inspection(split, folder, (Problem(folder.absolute(), 0, kind, message, "skipped"),), None)


def _is_sequence(inspection: Inspection) -> bool:
    layout = {"empty-split", "unknown-split", "empty-scenario", "misplaced-sequence"}
    return not any(problem.kind in layout for problem in inspection.problems)


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir() and not path.name.startswith("."))
