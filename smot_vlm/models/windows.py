"""What a video without end told, window by window, and of several windows together: kept for so long, then let go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from smot_vlm.association.trajectories import TrajectoryBuilder
from smot_vlm.models.joining import boxes_of
from smot_vlm.models.summary import summary
from smot_vlm.structures import (
    STATED,
    Attribute,
    Description,
    Detections,
    Frame,
    Interaction,
    ModelInfo,
    Passage,
    Sight,
    Span,
    Trajectory,
    VideoInfo,
)

# Boxes that are kept, and the first one of whoever is new.
BOXES_PER_SECOND = 2.0
# Spans of the same deed with a gap of at most so many seconds are one.
_BRIDGE_SECONDS = 1.0
_MOST_EVIDENCE = 4
_Key = tuple[int, str, int]


class _Told(NamedTuple):
    """What was said of a person last."""

    caption: str
    words: str
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True)
class Window:
    """One window.

    Attributes:
        from_seconds: since the video began.
        to_seconds: where the next one begins.
        frames: that came in it.
        description: of its people, their boxes about twice a second.
    """

    from_seconds: float
    to_seconds: float
    frames: int
    description: Description


class Windows:
    """The window in progress, and what was told since the last `describe`.

    Args:
        seconds: of a window.
        video: its name, size and rate.
        model: who describes, until a description says it.
    """

    def __init__(self, seconds: float, video: VideoInfo, model: ModelInfo) -> None:
        self._seconds = seconds
        self._video = video
        self._model = model
        self._from = 0.0
        self._now = 0.0
        self._open_window()
        self._open_period()

    def _open_window(self) -> None:
        self._boxes = TrajectoryBuilder()
        self._known: set[int] = set()
        self._frames = 0
        self._next_box = self._from
        self._caption = ("", STATED)

    def _open_period(self) -> None:
        self._parts: dict[int, list[Trajectory]] = {}
        self._told: dict[int, _Told] = {}
        self._deeds: dict[_Key, list[Span]] = {}
        self._times: list[tuple[int, float]] = []
        self._passages: list[Passage] = []
        self._period_from = self._from
        self._period_frames = 0

    @property
    def period_from(self) -> float:
        """Seconds from which `describe` tells."""
        return self._period_from

    def ended(self, seconds: float) -> Window | None:
        """The window in progress, where it has ended; the next one holds `seconds`, however long nothing came.

        Args:
            seconds: since the video began, never before those of an earlier call.
        """
        return self.close(seconds) if seconds >= self._from + self._seconds else None

    def close(self, seconds: float) -> Window:
        """The window in progress, which ends here or, where it is longer over, where it had to.

        Args:
            seconds: as for `ended`.
        """
        end = min(max(seconds, self._now), self._from + self._seconds)
        tracks = self._boxes.build()
        for track in tracks:
            self._parts.setdefault(track.id, []).append(track)
        text, words = self._caption
        if text.strip():
            self._passages.append(Passage(text, self._from, end, words))
        self._period_frames += self._frames
        window = Window(self._from, end, self._frames, self._description(tracks, text, words, self._from, end))
        self._from += self._seconds * max((seconds - self._from) // self._seconds, 1)
        self._open_window()
        return window

    def describe(self) -> Description:
        """Everything that was told in the windows since this was called last; they are let go."""
        tracks = [boxes_of(parts) for _, parts in sorted(self._parts.items())]
        caption, words = summary(self._passages)
        description = self._description(tracks, caption, words if caption else STATED, self._period_from, self._from)
        several = tuple(self._passages) if len(self._passages) > 1 else ()
        self._open_period()
        return replace(description, passages=several)

    def add(self, frame: Frame, people: Detections, sight: Sight | None, description: Description | None) -> None:
        """Take in a frame of the window in progress.

        Args:
            frame: later than those before.
            people: in it, with ids.
            sight: that came with it; None: none did.
            description: that came with it; None: none did.
        """
        assert people.ids is not None, "people of a frame have ids"
        self._frames += 1
        self._now = frame.time_seconds
        if frame.time_seconds >= self._next_box:
            self._next_box = max(self._next_box, frame.time_seconds - 1 / BOXES_PER_SECOND) + 1 / BOXES_PER_SECOND
            kept = people
        else:
            kept = people.select(np.flatnonzero(~np.isin(people.ids, list(self._known))))
        assert kept.ids is not None, "the same people"
        self._known |= set(kept.ids.tolist())
        if len(kept):
            self._boxes.add(frame.index, kept)
            self._times.append((frame.index, frame.time_seconds))
        for deed in () if sight is None else sight.deeds:
            if deed.object is not None and deed.sure:
                self._do((deed.subject, deed.label, deed.object), deed.spans)
        if description is not None:
            self._tell(description)

    def _tell(self, description: Description) -> None:
        self._model = description.model
        for track in description.tracks:
            before = self._told.get(track.id, _Told("", track.words, ()))
            said = track if track.caption.strip() else before
            if said.caption or track.attributes:
                self._told[track.id] = _Told(said.caption, said.words, track.attributes or before.attributes)
        for edge in description.interactions:
            self._do((edge.subject, edge.verb, edge.object), edge.spans)
        if description.caption.strip():
            self._caption = description.caption, description.words

    def _do(self, key: _Key, spans: Iterable[Span]) -> None:
        for span in spans:
            kept = self._deeds.setdefault(key, [])
            near = [one for one in kept if _near(one, span)]
            for one in near:
                kept.remove(one)
                span = _united(one, span)
            kept.append(span)

    def _description(
        self, tracks: Sequence[Trajectory], caption: str, words: str, start: float, end: float
    ) -> Description:
        told = [self._worded(track) for track in tracks]
        there = {track.id for track in tracks}
        edges = []
        for (subject, verb, target), spans in sorted(self._deeds.items()):
            inside = sorted(
                (span for span in spans if span.from_seconds <= end and span.to_seconds >= start),
                key=lambda span: span.from_seconds,
            )
            if inside and subject in there and target in there:
                score = max(span.score for span in inside)
                edges.append(Interaction(subject, verb, target, score, tuple(inside)))
        video = replace(self._video, frames=self._period_frames, times=tuple(self._times))
        return Description(video, tuple(told), tuple(edges), caption, self._model, words=words)

    def _worded(self, track: Trajectory) -> Trajectory:
        """With what was said of the person last; when parts of it were done is of the newest seconds alone."""
        told = self._told.get(track.id)
        if told is None:
            return track
        return replace(track, **told._asdict())


def _near(one: Span, other: Span) -> bool:
    return (
        one.from_seconds <= other.to_seconds + _BRIDGE_SECONDS
        and other.from_seconds <= one.to_seconds + _BRIDGE_SECONDS
    )


def _united(one: Span, other: Span) -> Span:
    frames = sorted({*one.frames, *other.frames})[:_MOST_EVIDENCE]
    start, end = min(one.from_seconds, other.from_seconds), max(one.to_seconds, other.to_seconds)
    return Span(start, end, tuple(frames), max(one.score, other.score))
