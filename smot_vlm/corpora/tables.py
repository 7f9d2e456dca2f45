"""The results of a corpus as Parquet: a few large files beside many small ones, for duckdb, pandas and the like.

    STORE/tables/NNNNN/videos.parquet  people.parquet  interactions.parquet  segments.parquet

Each folder is a part: the rows of up to VIDEOS_A_PART videos; `key` ties the four tables together. A part appears whole or not
at all. What the JSON files say counts: a row of `videos` carries the size and time of its file, and where that is another one
now, or gone, its part is written anew. So a second run adds what is new, and whatever a killed one left undone.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from smot_vlm.corpora.store import Store
from smot_vlm.structures import Description
from smot_vlm.structures.tables import Row, rows_of_interactions, rows_of_people
from smot_vlm.system.temporary import temporary_folder, try_lock

TABLES_FOLDER = "tables"
VIDEOS_A_PART = 1000
VIDEOS = "videos"
_LOCK = ".writing.lock"
_LOCK_SECONDS = 600
_PART = re.compile(r"[0-9]{5,}")
# Column -> Arrow's name of its type.
_TEXT, _WHOLE, _REAL, _YES = "string", "int64", "float64", "bool"
COLUMNS: dict[str, dict[str, str]] = {
    VIDEOS: {
        "key": _TEXT,
        "source": _TEXT,
        "width": _WHOLE,
        "height": _WHOLE,
        "fps": _REAL,
        "frames": _WHOLE,
        "people": _WHOLE,
        "truncated": _YES,
        "caption": _TEXT,
        "words": _TEXT,
        "model": _TEXT,
        "decoder": _TEXT,
        "detector": _TEXT,
        "file": _TEXT,
        "file_bytes": _WHOLE,
        "file_time_ns": _WHOLE,
    },
    "people": {
        "key": _TEXT,
        "id": _WHOLE,
        "boxes": _WHOLE,
        "from_frame": _WHOLE,
        "to_frame": _WHOLE,
        "from_seconds": _REAL,
        "to_seconds": _REAL,
        "words": _TEXT,
        "caption": _TEXT,
        "attributes": _TEXT,
    },
    "interactions": {
        "key": _TEXT,
        "subject": _WHOLE,
        "verb": _TEXT,
        "object": _WHOLE,
        "score": _REAL,
        "from_seconds": _REAL,
        "to_seconds": _REAL,
        "span_score": _REAL,
        "frames": _TEXT,
    },
    "segments": {
        "key": _TEXT,
        "id": _WHOLE,
        "text": _TEXT,
        "from_seconds": _REAL,
        "to_seconds": _REAL,
        "action": _TEXT,
        "role": _TEXT,
        "partner": _WHOLE,
    },
}


def can_write_tables() -> bool:
    """Whether pyarrow is installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        return False
    return True


def update_tables(store: Store, *, wait: bool = True) -> int:
    """Bring the tables in line with the results: rows of new ones are added, those of others are dropped.

    Args:
        store: of the corpus.
        wait: for another process that writes them; else that one is left to it.

    Returns:
        Videos whose rows were written.

    Raises:
        ImportError: pyarrow is not installed.
        ValueError: a result that cannot be read.
        OSError: the folder cannot be written.
    """
    folder = store.root / TABLES_FOLDER
    folder.mkdir(exist_ok=True)
    lock = try_lock(folder / _LOCK, _LOCK_SECONDS if wait else 0)
    if lock is None:
        return 0
    try:
        return _update(store, folder)
    finally:
        lock.release()


def _update(store: Store, folder: Path) -> int:
    files = store.result_files()
    parts, stale, again = _parts(folder), [], []
    new = dict(files)
    for part in parts:
        stated = _stated(part)
        kept = [key for key, stamp in stated.items() if new.get(key) == stamp]
        for key in kept:
            del new[key]
        # A last part of few videos is filled up.
        is_short = part == parts[-1] and len(kept) < VIDEOS_A_PART and new
        if len(kept) < len(stated) or not stated or is_short:
            stale.append(part)
            again += kept
    keys = [*again, *sorted(new)]
    for start in range(0, len(keys), VIDEOS_A_PART):
        _write_part(store, folder, keys[start : start + VIDEOS_A_PART], files, stale)
        stale = []
    for part in stale:
        _drop(part, folder)
    return len(keys)


def _parts(folder: Path) -> list[Path]:
    return sorted((entry for entry in folder.iterdir() if _PART.fullmatch(entry.name)), key=lambda part: int(part.name))


def _stated(part: Path) -> dict[str, tuple[int, int]]:
    """Key of each video of a part -> size and time of the file that its rows are from; none where it cannot be read."""
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(part / f"{VIDEOS}.parquet", columns=["key", "file_bytes", "file_time_ns"])
    except (pyarrow.ArrowException, OSError):
        return {}
    keys, sizes, times = (table.column(name).to_pylist() for name in table.column_names)
    return {key: (size, time) for key, size, time in zip(keys, sizes, times, strict=True)}


def _drop(part: Path, folder: Path) -> None:
    """At once for whoever reads `tables/*/`: the folder leaves by a rename."""
    with temporary_folder(folder) as temporary:
        part.replace(temporary / "dropped")


def _write_part(
    store: Store, folder: Path, keys: Sequence[str], stamps: dict[str, tuple[int, int]], stale: Sequence[Path]
) -> None:
    """Write a part, and let those that it stands for leave just before it appears: no row is ever there twice."""
    rows: dict[str, list[Row]] = {kind: [] for kind in COLUMNS}
    for key in keys:
        path = store.described(key)
        description = Description.from_json(path)
        for kind, make in _ROWS.items():
            rows[kind] += ({"key": key, **row} for row in make(description))
        size, time = stamps[key]
        stamp = {"file": path.relative_to(store.root).as_posix(), "file_bytes": size, "file_time_ns": time}
        rows[VIDEOS].append({"key": key, **_video_row(description), **stamp})
    parts = _parts(folder)
    name = f"{int(parts[-1].name) + 1 if parts else 0:05d}"
    with temporary_folder(folder) as temporary:
        written = temporary / "part"
        written.mkdir()
        for kind, content in rows.items():
            _write_table(written / f"{kind}.parquet", kind, content)
        for part in stale:
            _drop(part, folder)
        written.replace(folder / name)


def _write_table(path: Path, kind: str, rows: Sequence[Row]) -> None:
    import pyarrow
    from pyarrow import parquet

    types = {_TEXT: pyarrow.string(), _WHOLE: pyarrow.int64(), _REAL: pyarrow.float64(), _YES: pyarrow.bool_()}
    schema = pyarrow.schema([(name, types[column]) for name, column in COLUMNS[kind].items()])
    parquet.write_table(pyarrow.Table.from_pylist(list(rows), schema=schema), path)


def _video_row(description: Description) -> Row:
    video, model = description.video, description.model
    return {
        # Names of files may hold bytes that are no UTF-8.
        "source": video.source.encode(errors="backslashreplace").decode(),
        "width": video.width,
        "height": video.height,
        "fps": video.fps,
        "frames": video.frames,
        "people": len(description.tracks),
        "truncated": video.truncated,
        "caption": description.caption,
        "words": description.words,
        "model": model.name,
        "decoder": model.decoder,
        "detector": model.detector,
    }


def _person_rows(description: Description) -> Iterator[Row]:
    for track, row in zip(description.tracks, rows_of_people(description), strict=True):
        attributes = json.dumps([asdict(entry) for entry in track.attributes], ensure_ascii=False)
        yield {name: row[name] for name in COLUMNS["people"] if name in row} | {"attributes": attributes}


def _segment_rows(description: Description) -> Iterator[Row]:
    for track in description.tracks:
        for segment in track.segments:
            yield {"id": track.id, **asdict(segment)}


_ROWS: dict[str, Callable[[Description], Iterable[dict[str, Any]]]] = {
    "people": _person_rows,
    "interactions": rows_of_interactions,
    "segments": _segment_rows,
}
