"""Read UT-Interaction (Ryoo and Aggarwal 2010): short clips in which one person does something to another.

    ROOT/segmented_set1/NUMBER_SEQUENCE_LABEL.avi  ROOT/segmented_set2/...

with the labels 0 handshake, 1 hug, 2 kick, 3 point, 4 punch, 5 push; the folders may lie one level deeper. A condensed form
is read, too:

    ROOT/train.jsonl  ROOT/val.jsonl  ROOT/clips/NAME/001.jpg ...

with one JSON object a clip: `clip`, `set`, `sequence`, `action` (one of those, or none; who points is cut out of the scene alone), `frames` (the numbers of the images
in the video), `fps` (of the video), `scale`, and `actor` (left or right), who kicks, punches or pushes. Nobody else states
who acts. Boxes come from a detector.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Annotated

import numpy as np

from smot_vlm.data.bensmot import SPLITS, BenSmotSequence
from smot_vlm.data.condensed import condensed_splits, file_inside
from smot_vlm.data.frames import FrameFile, MadeFrame, list_frames
from smot_vlm.data.mot_challenge import cut_to_frame
from smot_vlm.data.told_pairs import ACTIONS, DIRECTED, SOLO, UNDONE, tell_pair
from smot_vlm.formats.checked import Range
from smot_vlm.formats.json_lines import read_json_lines
from smot_vlm.formats.losses import Loss
from smot_vlm.formats.mot import MotRows
from smot_vlm.formats.sequence_files import default_names
from smot_vlm.structures import Trajectory
from smot_vlm.video.reader import open_video

SCENARIO = "ut-interaction"
FOLDERS = ("segmented_set1", "segmented_set2")
SIDES = ("left", "right")
# A track that is seen in less of the frames may be anything.
LEAST_SEEN = 0.25
# Two who do something to each other stand at nearly one distance from the camera: their heights differ at most by this factor.
ALIKE = 1.5

FindPeople = Callable[[Sequence[np.ndarray], float], Sequence[Trajectory]]
Count = Annotated[int, Range(0, 10**9)]


@dataclass(frozen=True)
class PairClip:
    """One clip.

    Attributes:
        name: of the sequence, without scenario.
        path: of the video, or of the folder of images.
        action: one of ACTIONS.
        actor: of SIDES; empty where that is not stated.
        fps: images a second; None: the video states it.
        cut_out: whether it shows one person only, where the action is of one.
    """

    name: str
    path: Path
    action: str
    actor: str = ""
    fps: float | None = None
    cut_out: bool = False

    @property
    def people(self) -> int:
        """How many people are to be found: at most."""
        return 1 if self.cut_out and self.action in SOLO else 2


@dataclass(frozen=True)
class _Line:
    clip: str
    set: Count
    sequence: Count
    action: str
    frames: tuple[Count, ...]
    fps: Annotated[float, Range(0, 1000, above=True)]
    scale: Annotated[float, Range(0, 1000, above=True)] = 1.0
    actor: str = ""

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"action is {self.action[:60]!r}; it takes {', '.join(ACTIONS)}")
        if self.actor not in ("", *SIDES):
            raise ValueError(f"actor is {self.actor[:60]!r}; it takes {', '.join(SIDES)}")
        if len(self.frames) < 2 or list(self.frames) != sorted(set(self.frames)):
            raise ValueError(f"frames are {list(self.frames)[:8]}; give at least two numbers that ascend")


class PairClips:
    """The clips as sequences of one or two people.

    Args:
        clips: of one split.
        find_people: tracks of the people in some images (RGB uint8) at a frame rate.
    """

    def __init__(self, clips: Sequence[PairClip], find_people: FindPeople) -> None:
        self._clips = clips
        self._find_people = find_people

    def __len__(self) -> int:
        return len(self._clips)

    def read(self, index: int) -> tuple[BenSmotSequence | None, tuple[Loss, ...]]:
        """Read one clip.

        Args:
            index: of the clip.

        Returns:
            The sequence with the tracks of those whom it is about (None where there are too few), and what was left out, of the
            kinds two-not-found, nobody-found, direction-unknown, actor-unknown.

        Raises:
            FileNotFoundError, ValueError: a clip that is not there or cannot be read.
        """
        clip = self._clips[index]
        name = f"{SCENARIO}/{clip.name}"
        frames, fps = _frames(clip)
        images = [frame.read() for frame in frames]
        height, width = images[0].shape[:2]
        people = [_cut(track, (width, height)) for track in self._find_people(images, fps)]
        found = _doers(people, len(images), clip.people)
        if clip.action not in (*SOLO, *UNDONE) and len(found) < 2:
            message = f"{name}: a {clip.action} of two people, of whom the detector finds {len(found)}; left out"
            return None, (Loss("two-not-found", message),)
        if not found:
            return None, (Loss("nobody-found", f"{name}: the detector finds nobody; left out"),)
        told = tell_pair(clip.action, _places(found), clip.actor)
        tracks = [
            Trajectory(place, track.frames, track.boxes, track.scores, caption)
            for place, (track, caption) in enumerate(zip(found, told.captions, strict=True), start=1)
        ]
        sequence = BenSmotSequence(
            name=name,
            folder=clip.path.parent,
            frames=frames,
            size=(width, height),
            tracks=tuple(tracks),
            names=tuple(default_names(len(tracks))),
            interactions=told.interactions,
            caption=told.caption,
            fps=fps,
            people=told.facts,
        )
        return sequence, _unknown(clip, name, len(found))


def list_pairs(source: Path) -> list[tuple[str, list[PairClip]]]:
    """List the clips of each split, in either form; the original has one, `train`.

    Args:
        source: root of the set.

    Returns:
        (split, clips) pairs.

    Raises:
        FileNotFoundError: no such folder, no clip, or a clip that a listing names is not there.
        ValueError: a line of the condensed form that is wrong.
    """
    condensed = condensed_splits(source, "clips")
    if condensed:
        return [
            (split, [_condensed(line, source, path) for line in read_json_lines(path, _Line)])
            for split, path in condensed
        ]
    if not source.is_dir():
        raise FileNotFoundError(f"{source}: no such folder; give the root of the set")
    folders = [path for name in FOLDERS for path in (source / name, *sorted(source.glob(f"*/{name}"))) if path.is_dir()]
    clips = [clip for folder in folders for path in sorted(folder.iterdir()) for clip in _original(folder, path)]
    if not clips:
        raise FileNotFoundError(f"{source}: no {' or '.join(FOLDERS)} with clips such as 0_1_4.avi")
    return [(SPLITS[0], clips)]


def _condensed(line: _Line, source: Path, listing: Path) -> PairClip:
    folder = file_inside(source / "clips", line.clip, listing)
    if not folder.is_dir():
        raise FileNotFoundError(f"{listing}: no folder {folder}; give all clips that it names")
    rate = line.fps * (len(line.frames) - 1) / (line.frames[-1] - line.frames[0])
    return PairClip(line.clip, folder, line.action, line.actor, rate, cut_out=True)


def _original(folder: Path, path: Path) -> list[PairClip]:
    found = re.fullmatch(r"\d+_\d+_([0-5])\.avi", path.name.lower())
    if found is None:
        return []
    return [PairClip(f"{folder.name.removeprefix('segmented_')}_{path.stem}", path, ACTIONS[int(found[1])])]


def _frames(clip: PairClip) -> tuple[tuple[FrameFile, ...], float]:
    """The clip's frames, and how many come a second."""
    if clip.fps is not None:
        frames = list_frames(clip.path)
        if not frames:
            raise FileNotFoundError(f"{clip.path}: no image; a clip has its frames there")
        return frames, clip.fps
    with open_video(clip.path) as video:
        pictures = [frame.image for frame in video]
        return tuple(
            MadeFrame(index, clip.path, partial(_held, image)) for index, image in enumerate(pictures)
        ), video.fps


def _held(image: np.ndarray) -> np.ndarray:
    return image


def _cut(track: Trajectory, size: tuple[int, int]) -> Trajectory:
    """The track inside the frame of a size (width, height) in pixels."""
    ids = np.full(len(track), track.id, np.int64)
    rows = cut_to_frame(MotRows(track.frames, ids, track.boxes, track.scores), size)
    return Trajectory(track.id, rows.frames, rows.boxes, rows.scores)


def _doers(tracks: Sequence[Trajectory], frames: int, most: int) -> list[Trajectory]:
    """Those whom the clip is about, among the tracks that are seen long enough: people of a size, of most boxes.

    Who is cut off by the frame's edge or walks far behind is seen as long as they are, but not as tall.
    """
    lasting = sorted((t for t in tracks if len(t) >= LEAST_SEEN * frames), key=lambda t: (-len(t), -_height(t)))
    alike = [group for group in combinations(lasting, most) if _spread(group) <= ALIKE]
    return list(max(alike, key=lambda group: sum(map(len, group)), default=lasting[:most]))


def _height(track: Trajectory) -> float:
    """In pixels, the median over the frames."""
    return float(np.median(track.boxes[:, 3] - track.boxes[:, 1]))


def _spread(tracks: Sequence[Trajectory]) -> float:
    """The tallest one's height, in heights of the smallest one."""
    heights = [_height(track) for track in tracks]
    return max(heights) / max(min(heights), 1.0)


def _places(tracks: Sequence[Trajectory]) -> list[float]:
    """Where each person stands: the middle of its boxes in the frames that show all, from the left in pixels."""
    common = set.intersection(*(set(track.frames.tolist()) for track in tracks))
    places = []
    for track in tracks:
        shown = np.isin(track.frames, list(common)) if common else np.ones(len(track), bool)
        places.append(float(np.median(track.boxes[shown][:, [0, 2]].mean(axis=1))))
    return places


def _unknown(clip: PairClip, name: str, people: int) -> tuple[Loss, ...]:
    if clip.action in DIRECTED and not clip.actor:
        return (Loss("direction-unknown", f"{name}: nothing states who of the two acts; no interaction is written"),)
    if clip.action in SOLO and people > 1:
        return (Loss("actor-unknown", f"{name}: nothing states who of the {people} people points"),)
    return ()
