"""A description as tables: a row a box, a person or a span of an interaction."""

from collections.abc import Callable, Iterator
from typing import Any

from smot_vlm.structures.described import Described

Row = dict[str, Any]


def rows_of_boxes(description: Described) -> Iterator[Row]:
    """A row a box of each person.

    Args:
        description: any.

    Yields:
        Boxes xyxy in pixels; `seconds` is None where times are not known.
    """
    for track in description.tracks:
        for frame, box, score in zip(track.frames.tolist(), track.boxes.tolist(), track.scores.tolist(), strict=True):
            x1, y1, x2, y2 = box
            seconds = description.video.seconds(frame)
            yield {
                "id": track.id,
                "frame": frame,
                "seconds": seconds,
                "x1": x1,
                "y1": y1,
                "x2": x2,
                "y2": y2,
                "score": score,
            }


def rows_of_people(description: Described) -> Iterator[Row]:
    """A row a person; each attribute is a column of its own, several values with a semicolon between.

    Args:
        description: any.

    Yields:
        Who is there from when to when, and what is said of them.
    """
    names = dict.fromkeys(entry.name for track in description.tracks for entry in track.attributes)
    for track in description.tracks:
        ends = [int(track.frames[0]), int(track.frames[-1])] if len(track) else [None, None]
        times = [None if frame is None else description.video.seconds(frame) for frame in ends]
        row: Row = {"id": track.id, "boxes": len(track), "from_frame": ends[0], "to_frame": ends[1]}
        row |= {"from_seconds": times[0], "to_seconds": times[1], "words": track.words, "caption": track.caption}
        for name in names:
            row[name] = "; ".join(entry.value for entry in track.attributes if entry.name == name)
        yield row


def rows_of_interactions(description: Described) -> Iterator[Row]:
    """A row a span of each interaction, or one without times where there are none.

    Args:
        description: any.

    Yields:
        Who does what to whom, and when; `frames` are the evidence, with blanks between.
    """
    for edge in description.interactions:
        row: Row = {"subject": edge.subject, "verb": edge.verb, "object": edge.object, "score": edge.score}
        unknown: Row = {"from_seconds": None, "to_seconds": None, "span_score": None, "frames": ""}
        for span in edge.spans:
            times = {"from_seconds": span.from_seconds, "to_seconds": span.to_seconds}
            yield {**row, **times, "span_score": span.score, "frames": " ".join(map(str, span.frames))}
        if not edge.spans:
            yield row | unknown


# Name of a table -> its rows.
TABLES: dict[str, Callable[[Described], Iterator[Row]]] = {
    "boxes": rows_of_boxes,
    "people": rows_of_people,
    "interactions": rows_of_interactions,
}
# Columns that are there also where there is no row.
COLUMNS = {
    "boxes": ("id", "frame", "seconds", "x1", "y1", "x2", "y2", "score"),
    "people": ("id", "boxes", "from_frame", "to_frame", "from_seconds", "to_seconds", "words", "caption"),
    "interactions": ("subject", "verb", "object", "score", "from_seconds", "to_seconds", "span_score", "frames"),
}


def table(description: Described, kind: str) -> tuple[list[str], list[Row]]:
    """One table of a description.

    Args:
        description: any.
        kind: a key of TABLES.

    Returns:
        The names of its columns, and its rows.

    Raises:
        ValueError: another kind.
    """
    if kind not in TABLES:
        raise ValueError(f"kind is {kind!r}; it takes {', '.join(TABLES)}")
    rows = list(TABLES[kind](description))
    return list(rows[0] if rows else COLUMNS[kind]), rows


def dataframe(description: Described, kind: str) -> Any:
    """One table of a description as pandas has it.

    Args:
        description: any.
        kind: a key of TABLES.

    Returns:
        A pandas DataFrame.

    Raises:
        ValueError: another kind.
        ImportError: pandas is not installed.
    """
    columns, rows = table(description, kind)
    try:
        import pandas
    except ImportError as error:
        raise ImportError("tables need pandas: pip install 'smot-vlm[tables]'") from error
    return pandas.DataFrame(rows, columns=columns)
