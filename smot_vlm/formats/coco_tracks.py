"""COCO's results with ids of tracks: `[{image_id, category_id, bbox, score, track_id}]`, or `{images, annotations}`.

Which frame an image is, by the table of images: its `frame_index` (from 0), its `frame_id` (from 0 where the table has a
0, else from 1), the number at the end of its `file_name`, else its place in the table. Without a table `image_id` is the
frame, from 0 where the file has a 0, else from 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any, TypeVar, cast

from smot_vlm.formats.box_rows import NO_ID, RowSource
from smot_vlm.formats.checked import WHOLE, record
from smot_vlm.formats.documents import shown
from smot_vlm.formats.losses import Loss
from smot_vlm.formats.masks import read_run_lengths
from smot_vlm.formats.sequence_files import frame_index
from smot_vlm.formats.track_rows import Frame, TrackRows, read_box

_WITHOUT_IDS = "give each annotation the track_id of its person, or the file as detections (--detections)"

Record = TypeVar("Record")
Whole = Annotated[int, WHOLE]


@dataclass(frozen=True)
class _Annotation:
    image_id: Frame
    category_id: Whole | None = None
    score: float | None = None
    track_id: Whole | None = None
    instance_id: Whole | None = None
    id: Whole | None = None

    @property
    def track(self) -> int | None:
        """The id of the track."""
        stated = (one for one in (self.track_id, self.instance_id, self.id) if one is not None)
        return next(stated, None)


@dataclass(frozen=True)
class _Image:
    id: Frame
    frame_index: Frame | None = None
    frame_id: Frame | None = None
    file_name: str | None = None
    video_id: Whole | None = None


@dataclass(frozen=True)
class _Category:
    id: Whole
    name: str


def read_coco(source: RowSource, content: Any, *, by_number: bool, with_ids: bool = True) -> TrackRows:
    """Read results or annotations.

    Args:
        source: of the rows.
        content: a list of results, or an object with annotations, and tables of images and categories.
        by_number: classes that count are named by their numbers, so that names of categories are not looked at.
        with_ids: ids are to be those of tracks.

    Returns:
        The rows.

    Raises:
        ValueError: a value of another type or out of range, with its place; several videos; ids that are no tracks'.
    """
    tables = content if isinstance(content, dict) else {"annotations": content}
    prefix = "annotations" if isinstance(content, dict) else ""
    entries = _list(source, tables["annotations"], prefix)
    found = TrackRows(RowSource(source.path, False, 0, "track_id", _WITHOUT_IDS, numbered=True))
    places = [f"{prefix}[{index}]" for index in range(len(entries))]
    rows = [_record(_Annotation, source, entry, place) for entry, place in zip(entries, places, strict=True)]
    if with_ids:
        _check_tracks(source, rows)
    frame_of = _frames(found, tables, [row.image_id for row in rows])
    names = {} if by_number else _names(source, tables)
    for row, place, entry in zip(rows, places, entries, strict=True):
        number = row.category_id
        row_class = names.get(number, number) if number is not None else None
        box = _box(found, place, entry)
        if box is not None:
            track = NO_ID if row.track is None else row.track
            found.add(place, frame_of(row.image_id, place), track, box, row.score, row_class)
    return found


def _box(found: TrackRows, place: str, entry: dict[str, Any]) -> tuple[float, ...] | None:
    if entry.get("bbox") is not None:
        found.measured_in(place, None)
        x, y, width, height = read_box(entry["bbox"], f"{found.source.at(place)}.bbox", "[x, y, width, height]")
        return x, y, x + width, y + height
    if entry.get("segmentation") is None:
        raise ValueError(f"{found.source.at(place)}.bbox is missing; it takes [x, y, width, height]")
    mask = read_run_lengths(entry["segmentation"], f"{found.source.at(place)}.segmentation")
    found.measured_in(place, (mask.size[1], mask.size[0]))
    return mask.box()


def _check_tracks(source: RowSource, rows: list[_Annotation]) -> None:
    """The `id` of an annotation is a number of its own, as COCO's data sets have it, and no track's."""
    own = [row.id for row in rows if row.track_id is None and row.instance_id is None and row.id is not None]
    if len(own) == len(rows) > 1 and len(set(own)) == len(own) and len({row.image_id for row in rows}) > 1:
        raise ValueError(
            f"{source.path}: every id is there once, so ids number annotations and no tracks; {_WITHOUT_IDS}"
        )


def _frames(found: TrackRows, tables: dict[str, Any], image_ids: list[int]) -> Callable[[int, str], int]:
    """What gives the 0-based frame of an image; notes what frames count."""
    if tables.get("images") is None:
        first = 0 if 0 in image_ids else 1
        found.by_position = False
        if image_ids:
            told = f"{found.source.path}: no table of images; image_id is taken as the frame, counted from {first}"
            found.guesses.append(Loss("frame-guessed", told, len(image_ids)))
        return lambda image, _place: image - first
    entries = _list(found.source, tables["images"], "images")
    images = [_record(_Image, found.source, entry, f"images[{index}]") for index, entry in enumerate(entries)]
    videos = {image.video_id for image in images}
    if len(videos) > 1:
        raise ValueError(f"{found.source.path}: images of {len(videos)} videos; give a file of one video")
    frames = dict(zip((image.id for image in images), _frames_of_images(found, images), strict=True))
    if len(frames) < len(images):
        raise ValueError(f"{found.source.path}: two images have the same id; give each its own")

    def frame_of(image: int, place: str) -> int:
        if image not in frames:
            raise ValueError(f"{found.source.at(place)}.image_id is {image}; no image has this id")
        return frames[image]

    return frame_of


def _frames_of_images(found: TrackRows, images: list[_Image]) -> list[int]:
    stated = [image.frame_index for image in images if image.frame_index is not None]
    if len(stated) == len(images):
        return stated
    stated = [image.frame_id for image in images if image.frame_id is not None]
    if len(stated) == len(images):
        first = min(min(stated, default=0), 1)
        return [frame - first for frame in stated]
    names = [frame_index(image.file_name or "") for image in images]
    numbers = [number for number in names if number is not None]
    if len(set(numbers)) < len(images):
        return list(range(len(images)))
    found.by_position = False
    return numbers


def _names(source: RowSource, tables: dict[str, Any]) -> dict[int, str]:
    if tables.get("categories") is None:
        return {}
    entries = _list(source, tables["categories"], "categories")
    found = [_record(_Category, source, entry, f"categories[{index}]") for index, entry in enumerate(entries)]
    return {category.id: category.name.casefold() for category in found}


def _list(source: RowSource, content: Any, place: str) -> list[Any]:
    if not isinstance(content, list):
        raise ValueError(f"{source.path}: {place} is {shown(content)}; it takes a list")
    return content


def _record(kind: type[Record], source: RowSource, entry: Any, place: str) -> Record:
    """A record of the fields that are looked at; COCO's have many others."""
    if not isinstance(entry, dict):
        raise ValueError(f"{source.path}: {place} is {shown(entry)}; give keys and values")
    names = {one.name for one in fields(cast(Any, kind))}
    return record(kind, {key: value for key, value in entry.items() if key in names}, f"{source.path}: {place}")
