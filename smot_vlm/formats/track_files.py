"""Tracks and boxes made elsewhere, in any form that is known; which one is told by the content of the file, not by its name.

MOT text             frame,id,x,y,w,h[,score[,class]]; BoxMOT's and MOTChallenge's files
supervision          JSONSink's and CSVSink's files, with a column for the frame
COCO                 results or annotations with track ids
SAM 2, SAM 3         masks (COCO's run lengths) or boxes by frame as JSON, or masks as npz
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smot_vlm.formats.box_rows import RowSource, mot_rows, rows_of_people, rows_with_ids, with_scores
from smot_vlm.formats.coco_tracks import read_coco
from smot_vlm.formats.documents import read_json
from smot_vlm.formats.flaws import UndecodableText, decode, split_lines
from smot_vlm.formats.losses import Loss
from smot_vlm.formats.mask_arrays import read_mask_arrays
from smot_vlm.formats.mot import MotRows, split_row
from smot_vlm.formats.mot_files import read_detections, read_results
from smot_vlm.formats.sam_tracks import is_sam, read_sam
from smot_vlm.formats.supervision_sinks import CORNERS, read_sink_csv, read_sink_json
from smot_vlm.formats.track_rows import TrackRows

# An hour of ten people in run lengths.
LARGEST_DOCUMENT = 256 * 2**20
TAKEN = (
    "MOT text (frame,id,x,y,w,h[,score]), supervision's JSONSink or CSVSink, COCO results with track_id, "
    "or masks or boxes of SAM 2/3 as JSON or npz"
)
# How the files of such forms are mostly called.
SUFFIXES = (".txt", ".json", ".csv", ".npz")
_ZIP = b"PK\x03\x04"
_HEAD = 64 * 2**10


@dataclass(frozen=True)
class TrackFile:
    """The boxes that count.

    Attributes:
        rows: in file order.
        losses: what was left out or guessed, of the kinds of `read_results`, empty-box and frame-guessed.
        size: width and height of the pictures that boxes were measured in; None for the video's own.
        by_position: frames count the pictures from 0; else they are numbers that the names of images may bear.
        in_lines: MOT text, a line a row.
    """

    rows: MotRows
    losses: tuple[Loss, ...] = ()
    size: tuple[int, int] | None = None
    by_position: bool = False
    in_lines: bool = False


def read_tracks(path: Path | str, classes: Collection[int] | None = None) -> TrackFile:
    """Read boxes with ids.

    Args:
        path: of the file.
        classes: class numbers that count. None: people, by the names that the file states, `labels.txt` beside it, or
            custom.

    Returns:
        The rows that count.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a form that is not known, a value that cannot be, an id twice in one frame, no row with an id.
    """
    path = Path(path)
    found = _read(path, by_number=classes is not None)
    if found is None:
        file = read_results(path, classes)
        return TrackFile(file.rows, file.losses, in_lines=True)
    people, others = rows_of_people(found.source, found.rows, classes)
    with_id, without = rows_with_ids(found.source, people)
    rows = with_scores(mot_rows(with_id))
    return TrackFile(rows, (*found.losses, *others, *without), found.size, found.by_position)


def read_boxes(path: Path | str, classes: Collection[int] | None = None) -> TrackFile:
    """Read boxes whose ids, if there are any, mean nothing.

    Args:
        path: of the file.
        classes: as for `read_tracks`.

    Returns:
        The rows that count.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a form that is not known, a value that cannot be.
    """
    path = Path(path)
    found = _read(path, by_number=classes is not None, with_ids=False)
    if found is None:
        file = read_detections(path, classes)
        return TrackFile(file.rows, file.losses, in_lines=True)
    people, others = rows_of_people(found.source, found.rows, classes)
    return TrackFile(with_scores(mot_rows(people)), (*found.losses, *others), found.size, found.by_position)


def _read(path: Path, *, by_number: bool, with_ids: bool = True) -> TrackRows | None:
    """The rows of a file; None where it is MOT text."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give {TAKEN}")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_ZIP):
        return read_mask_arrays(path)
    start = _text(head).lstrip()
    if start.startswith(("{", "[")):
        return _of_document(path, read_json(path, LARGEST_DOCUMENT), by_number=by_number, with_ids=with_ids)
    first = split_lines(start)[0]
    if set(CORNERS) <= {cell.strip() for cell in first.split(",")}:
        return read_sink_csv(RowSource(path), _whole_text(path), by_number=by_number)
    if start and not _is_number(split_row(first)[:1]):
        raise ValueError(f"{path}: no form of tracks that is known; give {TAKEN}")
    return None


def _of_document(path: Path, content: Any, *, by_number: bool, with_ids: bool) -> TrackRows:
    source = RowSource(path)
    first = content[0] if isinstance(content, list) and content else None
    keys = set(first) if isinstance(first, dict) else set()
    if content == [] or set(CORNERS) <= keys:
        return read_sink_json(source, content, by_number=by_number)
    if "image_id" in keys or (isinstance(content, dict) and "annotations" in content):
        return read_coco(source, content, by_number=by_number, with_ids=with_ids)
    if is_sam(content):
        return read_sam(source, content)
    raise ValueError(f"{path}: no form of tracks that is known; give {TAKEN}")


def _text(head: bytes) -> str:
    """The beginning of a text; letters that are none are replaced."""
    coding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    return head.decode(coding, errors="replace")


def _whole_text(path: Path) -> str:
    size = path.stat().st_size
    if size > LARGEST_DOCUMENT:
        raise ValueError(f"{path}: {size / 2**20:.0f} MB; such a file has at most {LARGEST_DOCUMENT // 2**20}")
    try:
        return decode(path.read_bytes())
    except UndecodableText as error:
        raise ValueError(f"{path}:{error.line}: {error.message}") from None


def _is_number(cells: list[str]) -> bool:
    try:
        float(cells[0])
    except (IndexError, ValueError):
        return False
    return True
