"""Where a folder of predictions holds each sequence: the project's layouts, or the flat ones of trackers."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path

from smot_vlm.data.bensmot import sequence_name
from smot_vlm.formats.combined_json import composed
from smot_vlm.formats.sequence_files import BOXES_FILE
from smot_vlm.formats.track_files import SUFFIXES
from smot_vlm.output.run_settings import DESCRIPTION_FILE, RESULT_FILES


def find_predictions(folder: Path, names: Collection[str]) -> dict[str, Path]:
    """Find the predictions of a run. Names are compared in one Unicode form.

    Args:
        folder: DIR of DIR/SCENARIO/SEQUENCE; or of DIR/SEQUENCE.txt, DIR/SCENARIO/SEQUENCE.txt, where none of the former
            is there. In place of .txt another of SUFFIXES; such a file counts only where it is called like a sequence.
        names: scenario/sequence of the ground truth.

    Returns:
        By such a name: the sequence's folder, or its file of tracks.

    Raises:
        FileNotFoundError: no such folder, or nothing in it.
        ValueError: a sequence that the ground truth does not have, or has under two names; one that is there twice.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; give predictions laid out as DIR/SCENARIO/SEQUENCE")
    named = [(sequence_name(path), path) for path in sorted(folder.glob("*/*")) if _is_prediction(path)]
    named = named or _named_files(folder, names)
    if not named:
        raise FileNotFoundError(
            f"{folder}: no predictions; the layout is DIR/SCENARIO/SEQUENCE with {DESCRIPTION_FILE} or {BOXES_FILE}, or "
            f"DIR/SEQUENCE.txt with MOT rows, or {', '.join(SUFFIXES[1:])} of the forms that --trajectories takes"
        )
    known = {composed(name): name for name in names}
    found: dict[str, Path] = {}
    for name, path in named:
        if composed(name) not in known:
            raise ValueError(
                f"{path}: sequence {name!r} is not in the ground truth, which has {len(known)} ({_some(names)})"
            )
        if known[composed(name)] in found:
            raise ValueError(f"{path}: sequence {name!r} is also {found[known[composed(name)]]}; keep one of them")
        found[known[composed(name)]] = path
    return found


def _is_prediction(path: Path) -> bool:
    return any((path / name).is_file() for name in RESULT_FILES)


def _named_files(folder: Path, names: Collection[str]) -> list[tuple[str, Path]]:
    """Files of tracks. A .json or .csv that is called like no sequence is something else, such as a table of results."""
    known = {composed(name) for name in names}
    found = []
    for path in (path for pattern in ("*", "*/*") for path in sorted(folder.glob(pattern))):
        if path.suffix in SUFFIXES and path.is_file() and not path.name.startswith("."):
            name = _name_of_file(path, folder, names)
            if path.suffix == SUFFIXES[0] or composed(name) in known:
                found.append((name, path))
    return found


def _name_of_file(path: Path, folder: Path, names: Collection[str]) -> str:
    """scenario/sequence of a file of tracks; of a flat one, the only such name that ends in the file's."""
    if path.parent != folder:
        return f"{path.parent.name}/{path.stem}"
    short = Counter(composed(name.rpartition("/")[2]) for name in names)
    if short[composed(path.stem)] > 1:
        raise ValueError(f"{path}: several scenarios have a sequence {path.stem!r}; write SCENARIO/{path.name}")
    ends = (name for name in names if composed(name.rpartition("/")[2]) == composed(path.stem))
    return next(ends, path.stem)


def _some(names: Collection[str]) -> str:
    first = list(names)[:3]
    return ", ".join(first) + (" ..." if len(names) > len(first) else "")
