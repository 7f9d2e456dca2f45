"""Files of supervision's JSONSink and CSVSink: an object or a line a box, with its corners and what the user added.

The frame is a column of the user's: `sink.append(detections, custom_data={"frame_index": index})`, counted from 0.
"""

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

from smot_vlm.formats.box_rows import NO_ID, RowSource
from smot_vlm.formats.checked import WHOLE, record
from smot_vlm.formats.documents import reason, shown
from smot_vlm.formats.track_rows import Frame, Pixel, TrackRows

# The first of these that a row has; counted from 0.
FRAME_COLUMNS = ("frame_index", "frame_number", "frame_idx", "frame_id", "frame")
CORNERS = ("x_min", "y_min", "x_max", "y_max")
# What ultralytics' detections bring along.
_NAME = "class_name"
_TAKEN = (*CORNERS, "class_id", "confidence", "tracker_id", _NAME)
_WITHOUT_IDS = (
    "track them before they are saved (detections = tracker.update_with_detections(detections)), or give the file as "
    "detections (--detections)"
)


@dataclass(frozen=True)
class _SinkRow:
    x_min: Pixel
    y_min: Pixel
    x_max: Pixel
    y_max: Pixel
    frame: Frame
    class_id: Annotated[int, WHOLE] | None = None
    confidence: float | None = None
    tracker_id: Annotated[int, WHOLE] | None = None
    class_name: str | None = None


def read_sink_json(source: RowSource, content: list[Any], *, by_number: bool) -> TrackRows:
    """Read what JSONSink wrote.

    Args:
        source: of the rows.
        content: of the file.
        by_number: classes that count are named by their numbers, so that class_name is not looked at.

    Returns:
        The rows.

    Raises:
        ValueError: a value of another type or out of range, with its place; rows without a frame.
    """
    found = TrackRows(_with_words(source, in_lines=False))
    for index, entry in enumerate(content):
        if not isinstance(entry, dict):
            raise ValueError(f"{source.path}: [{index}] is {shown(entry)}; give keys and values")
        _add(found, f"[{index}]", entry, by_number)
    return found


def read_sink_csv(source: RowSource, text: str, *, by_number: bool) -> TrackRows:
    """Read what CSVSink wrote.

    Args:
        source: of the rows.
        text: of the file; its first line names the columns.
        by_number: as for `read_sink_json`.

    Returns:
        The rows.

    Raises:
        ValueError: a line with more or fewer cells than the first, a value of another type or out of range.
    """
    found = TrackRows(_with_words(source, in_lines=True))
    for number, cells in _cells(source, text):
        values = {key: _number(cell) if key != _NAME else cell for key, cell in cells.items()}
        _add(found, str(number), values, by_number)
    return found


def _with_words(source: RowSource, *, in_lines: bool) -> RowSource:
    return RowSource(source.path, in_lines, 0, "tracker_id", _WITHOUT_IDS, numbered=True)


def _add(found: TrackRows, place: str, entry: dict[str, Any], by_number: bool) -> None:
    at = found.source.at(place)
    # The sink writes "" where the detections have no such field.
    given = {key: entry[key] for key in _TAKEN if entry.get(key, "") != ""}
    frames = [key for key in FRAME_COLUMNS if entry.get(key, "") != ""]
    if not frames:
        raise ValueError(
            f'{at}: no frame; save it with the boxes, counted from 0: sink.append(detections, custom_data={{"frame_index": '
            f"index}}) (columns that are taken: {', '.join(FRAME_COLUMNS)})"
        )
    row = record(_SinkRow, {**given, "frame": entry[frames[0]]}, at)
    track_id = NO_ID if row.tracker_id is None else row.tracker_id
    row_class = row.class_id if by_number or row.class_name is None else row.class_name.casefold()
    found.add(place, row.frame, track_id, (row.x_min, row.y_min, row.x_max, row.y_max), row.confidence, row_class)


def _cells(source: RowSource, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        names = next(reader, [])
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(names):
                raise ValueError(
                    f"{source.path}:{reader.line_num}: {len(cells)} cells; the first line has {len(names)}"
                )
            yield reader.line_num, dict(zip(names, cells, strict=True))
    except csv.Error as error:
        raise ValueError(f"{source.path}:{reader.line_num}: not CSV ({reason(error)})") from None


def _number(cell: str) -> int | float | str:
    for kind in (int, float):
        with suppress(ValueError):
            number = kind(cell)
            return int(number) if isinstance(number, float) and number.is_integer() else number
    return cell
