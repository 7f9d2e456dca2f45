"""Frames, people, what they do to each other, the video and the model: the parts of a description, and clips for training."""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from threading import Lock
from typing import Annotated, Any

import numpy as np

from smot_vlm.formats.checked import Numbers, Range
from smot_vlm.structures.evidence import Attribute, FrameCount, Passage, Segment, Span, check_passages

# What a file may state, as in formats/description-2.schema.json.
Side = Annotated[int, Range(0, 10**6)]
Rate = Annotated[float, Range(0, 10**6)]
Time = Annotated[float, Range(0)]
FrameNumbers = Annotated[np.ndarray, Numbers(int, Range(0, 2**31 - 1))]
Boxes = Annotated[np.ndarray, Numbers(float, Range(-(10**9), 10**9), columns=4)]
Scores = Annotated[np.ndarray, Numbers(float, Range())]


class LazyImage:
    """An image that is made when it is first asked for, once, by any thread; pickled or copied it is its array.

    Args:
        height: pixels.
        width: pixels.
        make: gives RGB uint8 (height, width, 3); let go once it has been called, with all that it holds.
    """

    def __init__(self, height: int, width: int, make: Callable[[], np.ndarray]) -> None:
        self.shape = (height, width, 3)
        self._make: Callable[[], np.ndarray] | None = make
        self._array: np.ndarray | None = None
        self._lock = Lock()

    @property
    def array(self) -> np.ndarray:
        """RGB uint8 (height, width, 3), the same array each time."""
        with self._lock:
            if self._make is not None:
                self._array = self._make()
                self._make = None
            assert self._array is not None
            return self._array

    def __reduce__(self) -> tuple[Callable[..., np.ndarray], tuple[np.ndarray]]:
        return np.array, (self.array,)


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a video.

    Attributes:
        index: 0-based number of the frame in its source, before any stride.
        time_seconds: presentation time, from the container where it has one; 0 for the first frame.
        pixels: RGB uint8 (height, width, 3), or what makes them when `image` is first asked for.
    """

    index: int
    time_seconds: float
    pixels: np.ndarray | LazyImage

    def __post_init__(self) -> None:
        pixels = self.pixels
        if isinstance(pixels, np.ndarray) and (pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8):
            raise ValueError(
                f"image has shape {pixels.shape} and type {pixels.dtype}; give RGB uint8 (height, width, 3)"
            )

    @property
    def image(self) -> np.ndarray:
        """RGB uint8 (height, width, 3)."""
        return self.pixels.array if isinstance(self.pixels, LazyImage) else self.pixels

    @property
    def height(self) -> int:
        """Pixels."""
        result: int = self.pixels.shape[0]
        return result

    @property
    def width(self) -> int:
        """Pixels."""
        result: int = self.pixels.shape[1]
        return result


@dataclass(frozen=True, eq=False)
class Detections:
    """Person boxes of one frame.

    Attributes:
        boxes: float64 (n, 4) xyxy in pixels.
        scores: float64 (n,).
        ids: int64 (n,), once associated.
        rows: int64 (n,), the row of the detector's output behind each box, where an associator made these.
    """

    boxes: np.ndarray
    scores: np.ndarray
    ids: np.ndarray | None = None
    rows: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "boxes", np.asarray(self.boxes, dtype=np.float64).reshape(-1, 4))
        object.__setattr__(self, "scores", np.asarray(self.scores, dtype=np.float64).reshape(-1))
        columns = {"scores": self.scores}
        for name in ("ids", "rows"):
            values = getattr(self, name)
            if values is not None:
                object.__setattr__(self, name, np.asarray(values, dtype=np.int64).reshape(-1))
                columns[name] = getattr(self, name)
        for name, values in columns.items():
            if len(values) != len(self.boxes):
                raise ValueError(f"{len(self.boxes)} boxes but {len(values)} {name}; give one for each box")

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def empty(cls) -> "Detections":
        """Nobody."""
        return cls(np.zeros((0, 4)), np.zeros(0))

    @classmethod
    def linked(cls, boxes: np.ndarray, scores: np.ndarray, ids: np.ndarray, rows: np.ndarray) -> "Detections":
        """What an associator made, without the checks, which cost as much as linking a few boxes.

        Args:
            boxes: float64 (n, 4).
            scores: float64 (n,).
            ids: int64 (n,).
            rows: int64 (n,).
        """
        made = object.__new__(cls)
        made.__dict__.update(boxes=boxes, scores=scores, ids=ids, rows=rows)
        return made

    def select(self, index: np.ndarray) -> "Detections":
        """Some of the detections.

        Args:
            index: a mask or positions.

        Returns:
            These, in that order.
        """
        ids = None if self.ids is None else self.ids[index]
        rows = None if self.rows is None else self.rows[index]
        return Detections(self.boxes[index], self.scores[index], ids, rows)


# What is to be thought of words: the model knows such pictures; it may be wrong; it says nothing, as these are too unlike
# what it learned from.
STATED, DOUBTFUL, WITHHELD = "stated", "doubtful", "withheld"
TRUST_ORDER = (STATED, DOUBTFUL, WITHHELD)


def less_trusted(*words: str) -> str:
    """The one of these that is trusted least.

    Args:
        words: of TRUST_ORDER, at least one.
    """
    return max(words, key=TRUST_ORDER.index)


def check_words(words: str, caption: str) -> None:
    """Make sure that a caption and what is to be thought of it agree.

    Args:
        words: STATED, DOUBTFUL or WITHHELD.
        caption: may be empty.

    Raises:
        ValueError: another word, or a caption where words are withheld.
    """
    if words not in TRUST_ORDER:
        raise ValueError(f"words is {words!r}; it takes {STATED}, {DOUBTFUL} or {WITHHELD}")
    if words == WITHHELD and caption:
        raise ValueError(f"words is {WITHHELD!r} and there is a caption; withheld words are not there")


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One person over time.

    Attributes:
        id: unique in the video.
        frames: int64 (n,), ascending.
        boxes: float64 (n, 4) xyxy in pixels.
        scores: float64 (n,).
        caption: may be empty.
        words: STATED, DOUBTFUL or WITHHELD; of the caption and the person's interactions.
        segments: clauses of the caption with their times, in the caption's order.
        attributes: what the person is, wears and has; likeliest first where a name has several.
        passages: captions of the stretches of a long video that the person stays for, which `caption` sums up; empty
            where it tells of one stretch.
    """

    id: int
    frames: FrameNumbers
    boxes: Boxes
    scores: Scores
    caption: str = ""
    words: str = STATED
    segments: tuple[Segment, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    passages: tuple[Passage, ...] = ()

    def __post_init__(self) -> None:
        check_words(self.words, self.caption)
        object.__setattr__(self, "passages", tuple(self.passages))
        check_passages(self.passages)
        object.__setattr__(self, "segments", tuple(self.segments))
        object.__setattr__(self, "attributes", tuple(self.attributes))
        absent = [segment.text for segment in self.segments if segment.text not in self.caption]
        if absent:
            raise ValueError(f"track {self.id}: segment {absent[0]!r} is no part of the caption {self.caption!r}")
        stated = [(entry.name, entry.value) for entry in self.attributes]
        twice = sorted({pair for pair in stated if stated.count(pair) > 1})
        if twice:
            raise ValueError(f"track {self.id}: attribute {twice[0][0]} is {twice[0][1]!r} twice; give each value once")
        object.__setattr__(self, "frames", np.asarray(self.frames, dtype=np.int64).reshape(-1))
        object.__setattr__(self, "boxes", np.asarray(self.boxes, dtype=np.float64).reshape(-1, 4))
        object.__setattr__(self, "scores", np.asarray(self.scores, dtype=np.float64).reshape(-1))
        if not len(self.frames) == len(self.boxes) == len(self.scores):
            raise ValueError(
                f"track {self.id}: {len(self.frames)} frames, {len(self.boxes)} boxes, {len(self.scores)} scores; "
                "give one box and one score a frame"
            )
        if (np.diff(self.frames) <= 0).any():
            raise ValueError(f"track {self.id}: frames must ascend, each at most once")

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True)
class Interaction:
    """Directed: the person `subject` does `verb` to the person `object`.

    Attributes:
        subject, object: track ids, which differ.
        verb: label of one of the 335 senses, or a phrase of the user's.
        score: probability.
        spans: when it happens, in order of time; empty where that is not known.
    """

    subject: int
    verb: str
    object: int
    score: float = 1.0
    spans: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "spans", tuple(self.spans))
        if any(later.from_seconds < earlier.to_seconds for earlier, later in pairwise(self.spans)):
            raise ValueError(
                f"spans of {self.verb} of track {self.subject} overlap or do not ascend; give them in order"
            )
        if self.subject == self.object:
            raise ValueError(f"track {self.subject} cannot {self.verb} itself; subject and object must differ")


# How people may be hidden in pictures.
BLUR_MODES = ("faces", "people")


@dataclass(frozen=True)
class VideoInfo:
    """What is known of the video that was described.

    Attributes:
        source: file, folder, camera or address (without password).
        width: pixels of the frames as people see them (upright, square pixels).
        height: the same.
        fps: mean frames a second of the source, before any stride.
        frames: number of frames read.
        truncated: the source ends before its stated end; only what precedes that was described.
        stopped: the reading was stopped (Ctrl-C, a callback) before the source's end.
        damage: spans (start, end) in seconds, ascending, in which pictures are damaged or missing.
        times: (frame index, seconds) pairs that give each frame's time by linear interpolation, to 2 ms; empty where
            index / fps gives it.
        cuts: seconds at which another shot begins, ascending.
        blur: how people are hidden in every picture of the description, one of BLUR_MODES; empty where they are not.
    """

    source: str
    width: Side
    height: Side
    fps: Rate
    frames: FrameCount
    truncated: bool = False
    stopped: bool = False
    damage: tuple[tuple[Time, Time], ...] = ()
    times: tuple[tuple[FrameCount, Time], ...] = ()
    cuts: tuple[Time, ...] = ()
    blur: str = ""

    def __post_init__(self) -> None:
        if self.blur not in ("", *BLUR_MODES):
            raise ValueError(f"blur of the video is {self.blur!r}; it takes {', '.join(BLUR_MODES)}, or stays empty")
        object.__setattr__(self, "cuts", tuple(self.cuts))
        if any(later <= earlier for earlier, later in pairwise(self.cuts)):
            raise ValueError("cuts of the video do not ascend; give them in order")
        object.__setattr__(self, "damage", _pairs("damage", self.damage, float))
        object.__setattr__(self, "times", _pairs("times", self.times, int))

    def seconds(self, frame_index: int) -> float | None:
        """The time of a frame.

        Args:
            frame_index: 0-based index in the source, before any stride.

        Returns:
            Seconds from the first frame; None where neither times nor a rate are known.
        """
        if not self.times:
            return frame_index / self.fps if self.fps > 0 else None
        after = bisect_right(self.times, (frame_index, math.inf))
        start, start_seconds = self.times[max(after - 1, 0)]
        if after == len(self.times):
            return start_seconds + ((frame_index - start) / self.fps if self.fps > 0 else 0.0)
        end, end_seconds = self.times[after]
        return start_seconds + (end_seconds - start_seconds) * max(frame_index - start, 0) / max(end - start, 1)

    def to_dict(self) -> dict[str, Any]:
        """The content of `video` in description.json."""
        damage = [[round(start, 4), round(end, 4)] for start, end in self.damage]
        times = [[index, round(seconds, 4)] for index, seconds in self.times]
        cuts = [round(seconds, 4) for seconds in self.cuts]
        return {**asdict(self), "damage": damage, "times": times, "cuts": cuts}


def _pairs(name: str, pairs: Iterable[Sequence[float]], kind: type[int] | type[float]) -> tuple[tuple[Any, float], ...]:
    """Checked pairs of numbers, each first one ascending."""
    try:
        checked = tuple((kind(first), float(second)) for first, second in pairs)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} of the video is {pairs!r}; give pairs of numbers") from None
    if not all(math.isfinite(value) for pair in checked for value in pair):
        raise ValueError(f"{name} of the video holds a number that is not finite; give pairs of finite numbers")
    if any(later[0] <= earlier[0] or later[1] < earlier[1] for earlier, later in pairwise(checked)):
        raise ValueError(f"{name} of the video does not ascend; give its pairs in order")
    return checked


# `ModelInfo.decoder` where nothing wrote words (model "tracks-only").
NO_DECODER = "none"


@dataclass(frozen=True)
class ModelInfo:
    """Who wrote the description.

    Attributes:
        name: of the configuration.
        decoder: its name, or NO_DECODER.
        associator: what linked the boxes.
        trained: false where any part that wrote or scored has random weights.
        detector: what found the people.
        domain: what the words were learned from, such as "drawn figures"; empty where that is not stated.
        version: of the model; empty where it states none.
        training_data: in words; empty where that is not stated.
        calibration: how thresholds of verbs and spans were set; empty where that is not stated.
        prompts: name of each template that was asked -> the first 12 hex digits of its text's SHA-256.
    """

    name: str
    decoder: str
    associator: str
    trained: bool
    detector: str = ""
    domain: str = ""
    version: str = ""
    training_data: str = ""
    calibration: str = ""
    prompts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EventSegment:
    """What one person does from `start` to before `end`; only data sets that say when things happen have these.

    Attributes:
        track_id: whose.
        start: seconds.
        end: seconds.
        appearance: words without grammar, such as "man red blue".
        action: such as "pushes".
        partner: such as "woman green"; blank for what is done alone.
        interactions: what they do to others then.
    """

    track_id: int
    start: float
    end: float
    appearance: str
    action: str
    partner: str = ""
    interactions: tuple[Interaction, ...] = ()

    @property
    def text(self) -> str:
        """All of it."""
        return self.shares(1)[0]

    def shares(self, count: int) -> tuple[str, ...]:
        """Appearance, action and partner in so many parts.

        Args:
            count: at most three; the last part holds what is left.

        Returns:
            The parts.
        """
        parts = (self.appearance, self.action, self.partner)
        return (*parts[: count - 1], " ".join(filter(None, parts[count - 1 :]))) if count < len(parts) else parts


@dataclass(frozen=True, eq=False)
class Clip:
    """A window of an annotated video, for training: sampled frames with their ground truth.

    Attributes:
        name: scenario/sequence.
        fps: frames a second of the sampled frames.
        frames: the sampled frames, ascending.
        tracks: ground truth, `frames` of each a subset of the window's.
        interactions: between ids in `tracks`.
        caption: of the whole video.
        events: of ids in `tracks`, where the data set knows when things happen.
    """

    name: str
    fps: float
    frames: tuple[Frame, ...]
    tracks: tuple[Trajectory, ...]
    interactions: tuple[Interaction, ...]
    caption: str
    events: tuple[EventSegment, ...] = field(default=())
