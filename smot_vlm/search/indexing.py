"""Bringing an index up to date with the descriptions on disk: what is new or changed is read, what is gone is forgotten."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float

from smot_vlm.search.database import SearchDatabase, VideoRow, storable
from smot_vlm.search.entries import Entry, entries_of
from smot_vlm.structures import Description

DESCRIPTION = "description.json"
# Videos whose texts are embedded together; each is still written by itself.
_VIDEOS_AT_ONCE = 64

Embed = Callable[[Sequence[str]], Float[np.ndarray, "texts dim"]]


@dataclass
class Changes:
    """What an update did.

    Attributes:
        added: videos that are new.
        changed: videos whose description is another now.
        removed: videos whose description is gone.
        flaws: a line for each description that cannot be read.
    """

    added: int = 0
    changed: int = 0
    removed: int = 0
    flaws: list[str] = field(default_factory=list)


def update(
    database: SearchDatabase,
    folders: Sequence[Path],
    embed: Embed | None,
    encoder: str,
    progress: Callable[[int, int], None] | None = None,
) -> Changes:
    """Read the descriptions below some folders into the index.

    Args:
        database: the index.
        folders: searched for description.json, at any depth. Other folders' videos in the index stay.
        embed: makes unit vectors; None: words only.
        encoder: the name of what makes them. An index whose vectors another made is read again.
        progress: told how many of how many descriptions are done.

    Returns:
        What changed.
    """
    changes = Changes()
    known = database.videos()
    found = {storable(str(path)): path for folder in folders for path in descriptions_below(folder)}
    gone = [path for path in known if path not in found and _is_below(path, folders)]
    database.remove(gone)
    changes.removed = len(gone)
    again = embed is not None and database.encoder() != encoder
    due = [path for name, path in found.items() if again or name not in known or known[name].stamp != _stamp(path)]
    for start in range(0, len(due), _VIDEOS_AT_ONCE):
        batch = list(_read(due[start : start + _VIDEOS_AT_ONCE], changes))
        vectors = None if embed is None else _embed_once([entry.text for _, some in batch for entry in some], embed)
        for video, entries in batch:
            own = None if vectors is None else _rows(vectors, entries)
            database.put(video, entries, own, encoder)
            if video.path in known:
                changes.changed += 1
            else:
                changes.added += 1
        if progress is not None:
            progress(min(start + _VIDEOS_AT_ONCE, len(due)), len(due))
    return changes


def descriptions_below(folder: Path) -> list[Path]:
    """Every description.json in a folder, at any depth, in order; hidden folders hold unfinished ones.

    Args:
        folder: or a description.json itself.

    Returns:
        Absolute paths.

    Raises:
        FileNotFoundError: no such folder, or no description below it.
    """
    folder = folder.absolute()
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder}: no such folder; give what `smot-vlm describe` or `predict` wrote, or a folder above"
        )
    paths = sorted(
        path
        for path in folder.rglob(DESCRIPTION)
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not paths:
        raise FileNotFoundError(f"{folder}: no {DESCRIPTION} in it or below; run `smot-vlm describe` first")
    return paths


def _read(paths: Sequence[Path], changes: Changes) -> Iterator[tuple[VideoRow, list[Entry]]]:
    for path in paths:
        try:
            stamp = _stamp(path)
            description = Description.from_json(path)
        except (OSError, ValueError) as error:
            changes.flaws.append(str(error))
            continue
        row = VideoRow(storable(str(path)), stamp, storable(description.video.source))
        yield row, entries_of(description)


def _embed_once(texts: Sequence[str], embed: Embed) -> dict[str, Float[np.ndarray, "dim"]]:
    """Many people walk to the left: each text is embedded once."""
    different = list(dict.fromkeys(texts))
    return dict(zip(different, embed(different), strict=True)) if different else {}


def _rows(vectors: dict[str, np.ndarray], entries: Sequence[Entry]) -> Float[np.ndarray, "entries dim"]:
    return np.array([vectors[entry.text] for entry in entries]).reshape(len(entries), -1)


def _stamp(path: Path) -> str:
    """Size and time of change to the nanosecond: a description is replaced as a whole file, never edited in place."""
    state = path.stat()
    return f"{state.st_size}-{state.st_mtime_ns}-{state.st_ino}"


def _is_below(path: str, folders: Sequence[Path]) -> bool:
    return any(Path(path).is_relative_to(storable(str(folder.absolute()))) for folder in folders)
