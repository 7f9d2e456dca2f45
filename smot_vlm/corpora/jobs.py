"""What is to be described: one job a video, from folders, patterns, manifests and addresses."""

import csv
import hashlib
import io
import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smot_vlm.corpora.addresses import expand, is_address
from smot_vlm.formats.checked import record
from smot_vlm.formats.documents import parse_json, reason
from smot_vlm.formats.flaws import UndecodableText, decode

MANIFEST_SUFFIXES = (".csv", ".jsonl", ".ndjson", ".parquet")
_LARGEST_MANIFEST = 512 * 2**20
_SHOWN_ROWS = 5
_ID_LETTERS = 16


@dataclass(frozen=True)
class Job:
    """A video, or a stretch of one.

    Attributes:
        path: a file, a folder of images, or an address that fsspec opens.
        from_seconds: where the stretch begins.
        to_seconds: where it ends; None: at the video's end.
        tracks: a file of boxes with ids, as of `Tracker.describe`; empty: a detector finds the people.
    """

    path: str
    from_seconds: float = 0.0
    to_seconds: float | None = None
    tracks: str = ""

    def __post_init__(self) -> None:
        if not self.path.strip():
            raise ValueError("path is empty; give a video")
        end = math.inf if self.to_seconds is None else self.to_seconds
        if not 0 <= self.from_seconds < end:
            raise ValueError(
                f"the span is {self.from_seconds} to {self.to_seconds} seconds; it begins at 0 or later and ends after that"
            )

    @property
    def key(self) -> str:
        """16 letters that stay the same from run to run; they name the job's files."""
        content = json.dumps([self.path, self.from_seconds, self.to_seconds, self.tracks])
        return hashlib.sha256(content.encode(errors="surrogateescape")).hexdigest()[:_ID_LETTERS]

    @property
    def name(self) -> str:
        """The path, with the span as a media fragment where there is one."""
        if not self.from_seconds and self.to_seconds is None:
            return self.path
        end = "" if self.to_seconds is None else f",{self.to_seconds:g}"
        return f"{self.path}#t={self.from_seconds:g}{end}"


def find_jobs(sources: Sequence[str]) -> tuple[Job, ...]:
    """Every video of some sources, each once, in their order.

    Args:
        sources: videos, folders, globs, addresses, and manifests (MANIFEST_SUFFIXES) whose rows are jobs.

    Returns:
        At least one.

    Raises:
        FileNotFoundError: a source that is not there, or has no video.
        ValueError: a manifest with bad rows; the first ones are told, a line each.
        ImportError: a package that a source needs is missing.
    """
    found: dict[str, Job] = {}
    for source in sources:
        jobs = read_manifest(Path(source)) if _is_manifest(source) else map(Job, expand(source))
        for job in jobs:
            found.setdefault(job.key, job)
    return tuple(found.values())


def read_manifest(path: Path) -> list[Job]:
    """Read a manifest; relative paths in it count from its folder.

    Args:
        path: CSV with a header line, JSON lines or Parquet; columns are the fields of `Job`, all but `path` may be absent.

    Returns:
        A job a row.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no row, or bad ones: the first are told, a line each with the row's number.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give a manifest, a video, a folder or an address")
    jobs, flaws = [], []
    for number, row in _rows(path):
        try:
            jobs.append(_job(row, path.parent))
        except ValueError as error:
            flaws.append(f"{path}:{number}: {error}")
    if flaws:
        more = [f"and {len(flaws) - _SHOWN_ROWS} more rows like these"] if len(flaws) > _SHOWN_ROWS else []
        raise ValueError("\n".join([*flaws[:_SHOWN_ROWS], *more]))
    if not jobs:
        raise ValueError(f"{path}: no row; give one a video, with a column path")
    return jobs


def _is_manifest(source: str) -> bool:
    return not is_address(source) and Path(source).suffix.lower() in MANIFEST_SUFFIXES


def _job(row: Any, folder: Path) -> Job:
    if isinstance(row, ValueError):
        raise row
    job = record(Job, row, whole="the row", text_numbers=True)
    return Job(_placed(job.path, folder), job.from_seconds, job.to_seconds, _placed(job.tracks, folder))


def _placed(path: str, folder: Path) -> str:
    """The path seen from where the program runs; addresses and "" stay."""
    return path if not path or is_address(path) else os.path.abspath(folder / path)


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Rows with their numbers; a row that cannot be parsed is its error."""
    if path.suffix.lower() == ".parquet":
        yield from enumerate(_parquet_rows(path), start=1)
        return
    if path.stat().st_size > _LARGEST_MANIFEST:
        raise ValueError(f"{path}: too large; a manifest has at most {_LARGEST_MANIFEST // 2**20} MB, or is Parquet")
    try:
        text = decode(path.read_bytes())
    except UndecodableText as error:
        raise ValueError(f"{path}:{error.line}: {error.message}") from None
    yield from _csv_rows(text, path) if path.suffix.lower() == ".csv" else _json_rows(text)


def _json_rows(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield number, parse_json(line)
            except ValueError as error:
                yield number, error


def _csv_rows(text: str, path: Path) -> Iterator[tuple[int, Any]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if len(set(header)) != len(header):
            raise ValueError(f"{path}:1: a column's name stands twice; keep one of the two")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                yield reader.line_num, ValueError(f"{len(cells)} cells, and the header has {len(header)}")
                continue
            # An empty cell says nothing.
            yield reader.line_num, {name: cell for name, cell in zip(header, cells, strict=True) if cell.strip()}
    except csv.Error as error:
        raise ValueError(f"{path}:{reader.line_num}: not CSV ({reason(error)})") from None


def _parquet_rows(path: Path) -> Iterable[Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ImportError("Parquet needs pyarrow: pip install 'smot-vlm[tables]'") from error
    try:
        rows = parquet.read_table(path).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"{path}: not Parquet that can be read ({reason(error)})") from None
    return ({name: value for name, value in row.items() if value is not None} for row in rows)
