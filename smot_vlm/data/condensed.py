"""A set in condensed form: `train.jsonl` and `val.jsonl`, one JSON object a picture or clip, beside a folder of images."""

from pathlib import Path

from smot_vlm.data.bensmot import SPLITS


def condensed_splits(source: Path, folder: str) -> list[tuple[str, Path]]:
    """Find the splits of a condensed set.

    Args:
        source: root of the set.
        folder: its folder of images.

    Returns:
        (split, file) pairs; empty where the set is none in that form.
    """
    if not (source / folder).is_dir():
        return []
    return [(split, source / f"{split}.jsonl") for split in SPLITS if (source / f"{split}.jsonl").is_file()]


def file_inside(folder: Path, name: str, listing: Path) -> Path:
    """A file or folder that a listing names.

    Args:
        folder: in which it lies.
        name: of it.
        listing: says so.

    Returns:
        Its path.

    Raises:
        ValueError: the name is no plain name, so that it might lie elsewhere.
    """
    if not name or not name.isprintable() or Path(name).name != name or "\\" in name or name == "..":
        raise ValueError(f"{listing}: {name[:60]!r} is no name of a file; give one in {folder.name}/ without a folder")
    return folder / name
