"""The ground truth of a sequence beside what a run predicts for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from smot_vlm.formats.mot import MotRows, concatenate
from smot_vlm.formats.video_cost import VideoCost
from smot_vlm.language.fact_records import SequenceFacts
from smot_vlm.language.people_facts import PersonFacts
from smot_vlm.structures import Interaction, Trajectory

MISSING_FIELDS = ("tracks", "instance captions", "interactions", "video caption")


@dataclass(frozen=True, eq=False)
class SequenceTruth:
    """The ground truth of one sequence.

    Attributes:
        name: scenario/sequence.
        tracks: boxes xyxy pixels, frames from 0; a track with an empty caption is not scored by its words.
        interactions: between ids of tracks.
        caption: of the video; empty means that there is none.
        frames: number of frames of the sequence, 0 where it is not known.
        facts: all that is true of the people and the video, where the data state it.
        size: (width, height) of the frames in pixels, where it is known.
        numbers: int64, of the frames, ascending from 0, where there are images.
        people: what the data say of real people, by track id; what they do not say is unknown.
    """

    name: str
    tracks: tuple[Trajectory, ...]
    interactions: tuple[Interaction, ...] = ()
    caption: str = ""
    frames: int = 0
    facts: SequenceFacts | None = None
    size: tuple[int, int] | None = None
    numbers: np.ndarray | None = None
    people: Mapping[int, PersonFacts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tracks", tuple(self.tracks))
        object.__setattr__(self, "interactions", tuple(self.interactions))
        _check_tracks(self.name, self.tracks)
        if self.frames and end_of(self.tracks) > self.frames:
            raise ValueError(f"{self.name}: a true box in frame {end_of(self.tracks)} of {self.frames} frames")


@dataclass(frozen=True, eq=False)
class SequencePrediction:
    """What a run predicts for one sequence.

    Attributes:
        name: as in `SequenceTruth`; so are tracks, interactions and caption.
        tracks: the trajectories.
        interactions: between ids of tracks.
        caption: of the video.
        missing: those of MISSING_FIELDS that the run did not write; they score as empty.
        rows: the same boxes in the order of the file they came from, where there is one. The assignment of two boxes
            that lie exactly on each other depends on it, in TrackEval too.
        cost: what it cost, where the run wrote it.
    """

    name: str
    tracks: tuple[Trajectory, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    caption: str = ""
    missing: tuple[str, ...] = ()
    rows: MotRows | None = None
    cost: VideoCost | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "tracks", tuple(self.tracks))
        object.__setattr__(self, "interactions", tuple(self.interactions))
        _check_tracks(self.name, self.tracks)
        if self.rows is not None and len(self.rows) != sum(map(len, self.tracks)):
            raise ValueError(f"{self.name}: {len(self.rows)} rows but {sum(map(len, self.tracks))} boxes in its tracks")


@dataclass(frozen=True, eq=False)
class Pair:
    """The truth of a sequence beside its prediction.

    Attributes:
        truth: the ground truth.
        prediction: of a sequence of the same name.
    """

    truth: SequenceTruth
    prediction: SequencePrediction

    def __post_init__(self) -> None:
        if self.truth.name != self.prediction.name:
            raise ValueError(f"prediction of {self.prediction.name} was paired with the truth of {self.truth.name}")
        end = end_of(self.prediction.tracks)
        if self.truth.frames and end > self.truth.frames:
            raise ValueError(f"{self.truth.name}: a predicted box in frame {end} of {self.truth.frames} frames")

    @property
    def frames(self) -> int:
        """Number of frames; up to the last box where the data do not say."""
        return self.truth.frames or max(end_of(self.truth.tracks), end_of(self.prediction.tracks))


def end_of(tracks: Iterable[Trajectory]) -> int:
    """The last frame with a box.

    Args:
        tracks: any number.

    Returns:
        Counted from 1; 0 without a box.
    """
    return max((int(track.frames[-1]) + 1 for track in tracks if len(track)), default=0)


def rows_of(tracks: Iterable[Trajectory]) -> MotRows:
    """The boxes of tracks, one track after another.

    Args:
        tracks: any number.

    Returns:
        MOT rows.
    """
    return concatenate(
        MotRows(track.frames, np.full(len(track), track.id, dtype=np.int64), track.boxes, track.scores)
        for track in tracks
    )


def _check_tracks(name: str, tracks: tuple[Trajectory, ...]) -> None:
    if any(len(track) and track.frames[0] < 0 for track in tracks):
        raise ValueError(f"{name}: a box in a frame below 0; frames count from 0")
    ids = [track.id for track in tracks]
    if len(set(ids)) != len(ids):
        twice = sorted({one for one in ids if ids.count(one) > 1})
        raise ValueError(f"{name}: track ids {twice} occur more than once; give each track its own id")
    for track in tracks:
        if not (np.isfinite(track.boxes).all() and np.isfinite(track.scores).all()):
            frame = int(track.frames[~np.isfinite(track.boxes).all(axis=1) | ~np.isfinite(track.scores)][0])
            raise ValueError(f"{name}: track {track.id} has a box or score in frame {frame + 1} that is no number")
