"""Label Studio's JSON export: the video regions, words and relations of each task, as somebody left them.

    [{"data": {"video": ...}, "annotations": [{"result": [...]}], "predictions": [...]}]

Frames of a region's keys are counted from 1, places are per cent of the frame; `enabled` says whether a key's box stays up
to the next key or the end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from smot_vlm.formats.checked import Range, record
from smot_vlm.formats.documents import shown
from smot_vlm.formats.flaws import one_line
from smot_vlm.formats.keyframes import Key, in_order

# As `smot-vlm export --to label-studio` names a person's region (an id follows), and the controls of words.
REGION = "person-"
CAPTION, ATTRIBUTES, SUMMARY = "caption", "attributes", "summary"
WANTED = "what Label Studio exports as JSON"
DIRECTIONS = ("right", "left", "bi")
_Frame = Annotated[int, Range(1, 2**31 - 1)]
_Percent = Annotated[float, Range(-(10**9), 10**9)]
_Seconds = Annotated[float, Range(0, 10**9)]
_Count = Annotated[int, Range(0, 10**7)]


@dataclass(frozen=True)
class Region:
    """One thing over time.

    Attributes:
        id: of the region.
        labels: such as person.
        keys: boxes in per cent of the frame, xyxy; frames are counted from 0.
        frames: of the video; 0 where that is not stated.
        rate: frames a second, by the times of the keys or the length of the video; 0 where nothing states it.
    """

    id: str
    labels: tuple[str, ...]
    keys: tuple[Key, ...]
    frames: int
    rate: float


@dataclass(frozen=True)
class Relation:
    """What stands between two regions.

    Attributes:
        subject: id of a region.
        object: id of another one.
        labels: perhaps none.
    """

    subject: str
    object: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        source: the first text of its data that names the video.
        size: width and height in pixels; None where they are not stated.
        rate: frames a second that its data state; 0 where they do not.
        regions: in the order of the file.
        relations: the same.
        words: (region id, name of the control, text); the id of words about the whole video is no region's.
        corrected: whether somebody annotated it; else a model's prediction is given.
        others: how many further annotations it has.
        other_results: type of a result that has no place here -> how many.
    """

    source: str
    size: tuple[int, int] | None
    rate: float
    regions: tuple[Region, ...]
    relations: tuple[Relation, ...]
    words: tuple[tuple[str, str, str], ...]
    corrected: bool
    others: int
    other_results: dict[str, int]


@dataclass(frozen=True)
class _Key:
    frame: _Frame
    x: _Percent
    y: _Percent
    width: Annotated[float, Range(0, 10**9)]
    height: Annotated[float, Range(0, 10**9)]
    enabled: bool = True
    rotation: _Percent = 0.0
    time: _Seconds | None = None


def parse_tasks(content: Any) -> list[Task]:
    """Read an export.

    Args:
        content: parsed JSON.

    Returns:
        Its tasks.

    Raises:
        ValueError: another form of JSON, or a value of a wrong type; the message names the place.
    """
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list) or not all(isinstance(task, dict) for task in content):
        raise ValueError(f"{shown(content)} in place of a list of tasks; give {WANTED}")
    if not content:
        raise ValueError(f"no task in it; give {WANTED}")
    return [_task(task, f"[{place}]") for place, task in enumerate(content)]


def _task(task: dict[str, Any], place: str) -> Task:
    data = task.get("data")
    if not isinstance(data, dict) or not ("annotations" in task or "predictions" in task):
        raise ValueError(
            f"{place} has no data with annotations or predictions; give {WANTED} (JSON-MIN does not say whose words are whose)"
        )
    done = [one for one in _objects(task, "annotations", place) if not one.get("was_cancelled")]
    # The one that reviewers chose, else the newest.
    done.sort(
        key=lambda one: (bool(one.get("ground_truth")), str(one.get("updated_at") or one.get("created_at") or ""))
    )
    predicted = _objects(task, "predictions", place)
    chosen = done[-1] if done else predicted[0] if predicted else {}
    results = _objects(chosen, "result", place)
    other: dict[str, int] = {}
    regions: list[Region] = []
    relations: list[Relation] = []
    words: list[tuple[str, str, str]] = []
    for row, result in enumerate(results):
        at, kind = f"{place}.result[{row}]", str(result.get("type", "")).lower()
        if kind == "videorectangle":
            regions.append(_region(result, at))
        elif kind == "relation":
            relations += _relations(result, at)
        elif kind == "textarea":
            text = one_line(" ".join(_texts(_value(result, at), "text", at)))
            words.append((str(result.get("id", "")), str(result.get("from_name", "")), text))
        else:
            other[kind] = other.get(kind, 0) + 1
    return Task(
        _source(data),
        _size(data),
        _number(data.get("fps")),
        tuple(_with_labels(regions, results)),
        tuple(relations),
        tuple(words),
        bool(done),
        max(len(done) - 1, 0),
        {kind: count for kind, count in other.items() if kind not in ("labels", "videolabels")},
    )


def _region(result: Mapping[str, Any], place: str) -> Region:
    value = _value(result, place)
    own = set(_Key.__dataclass_fields__)
    entries = [
        record(_Key, {name: key[name] for name in key.keys() & own}, f"{place}.value.sequence[{row}]")
        for row, key in enumerate(_objects(value, "sequence", place))
    ]
    for entry in entries:
        if entry.rotation % 360:
            raise ValueError(
                f"{place}: a box that is turned by {entry.rotation:g} degrees; boxes of people are upright"
            )
    keys = [
        Key(entry.frame - 1, (entry.x, entry.y, entry.x + entry.width, entry.y + entry.height), lasts=entry.enabled)
        for entry in entries
    ]
    frames = record(_Frames, {"framesCount": value["framesCount"]}, place).framesCount if "framesCount" in value else 0
    labels = tuple(_texts(value, "labels", place))
    region = str(result.get("id", ""))
    return Region(region, labels, in_order(keys, f"{place} (frames from 0)"), frames, _rate(entries, frames, value))


@dataclass(frozen=True)
class _Frames:
    framesCount: _Count


def _rate(entries: Sequence[_Key], frames: int, value: Mapping[str, Any]) -> float:
    duration = _number(value.get("duration"))
    if duration > 0 and frames > 0:
        return frames / duration
    timed = sorted((entry.time, entry.frame) for entry in entries if entry.time is not None)
    if len(timed) < 2 or timed[-1][0] <= timed[0][0]:
        return 0.0
    return (timed[-1][1] - timed[0][1]) / (timed[-1][0] - timed[0][0])


def _relations(result: Mapping[str, Any], place: str) -> Iterator[Relation]:
    ends = str(result.get("from_id", "")), str(result.get("to_id", ""))
    direction = result.get("direction") or DIRECTIONS[0]
    if direction not in DIRECTIONS:
        raise ValueError(f"{place}.direction is {shown(direction)}; it takes {', '.join(DIRECTIONS)}")
    labels = tuple(_texts(result, "labels", place))
    if direction in ("right", "bi"):
        yield Relation(*ends, labels)
    if direction in ("left", "bi"):
        yield Relation(ends[1], ends[0], labels)


def _with_labels(regions: Sequence[Region], results: Sequence[Mapping[str, Any]]) -> Iterator[Region]:
    """Labels of a region may stand in a result of their own."""
    told: dict[str, list[str]] = {}
    for row, result in enumerate(results):
        value = result.get("value")
        if str(result.get("type", "")).lower() in ("labels", "videolabels") and isinstance(value, dict):
            told.setdefault(str(result.get("id", "")), []).extend(_texts(value, "labels", f"result[{row}]"))
    for region in regions:
        labels = (*region.labels, *told.get(region.id, ()))
        yield Region(region.id, labels, region.keys, region.frames, region.rate)


def _objects(content: Mapping[str, Any], name: str, place: str) -> list[dict[str, Any]]:
    found = content.get(name) or []
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise ValueError(f"{place}.{name} is {shown(found)}; it takes a list of keys and values")
    return found


def _value(result: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    value = result.get("value")
    if not isinstance(value, dict):
        raise ValueError(f"{place}.value is {shown(value)}; it takes keys and values")
    return value


def _texts(content: Mapping[str, Any], name: str, place: str) -> list[str]:
    found = content.get(name) or []
    texts = [found] if isinstance(found, str) else found
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{place}.{name} is {shown(found)}; it takes a list of texts")
    return [text.encode("utf-8", "replace").decode() for text in texts]


def _source(data: Mapping[str, Any]) -> str:
    texts = [value for name, value in data.items() if isinstance(value, str) and value]
    named = data.get("video")
    return named if isinstance(named, str) and named else texts[0] if texts else ""


def _size(data: Mapping[str, Any]) -> tuple[int, int] | None:
    width, height = (_number(data.get(name)) for name in ("width", "height"))
    return (int(width), int(height)) if 1 <= width <= 10**6 and 1 <= height <= 10**6 else None


def _number(value: Any) -> float:
    """A number above 0 that a file may state; 0 where it is none."""
    try:
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0
    except OverflowError:
        return 0.0
    return number if 0 < number < 1e9 else 0.0
