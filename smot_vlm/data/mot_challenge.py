"""Read MOTChallenge-like sets (MOT17, MOT20, DanceTrack, SportsMOT): tracks of people without captions.

ROOT/SPLIT/SEQUENCE/img1/000001.jpg ...  ROOT/SPLIT/SEQUENCE/gt/gt.txt  ROOT/SPLIT/SEQUENCE/seqinfo.ini

A video file in the sequence's folder takes the place of img1 where that is not there.
"""

import logging
from collections.abc import Collection, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from smot_vlm.data.bensmot import BenSmotSequence, tracks_of_rows
from smot_vlm.data.frames import FrameFile, image_size, list_frames
from smot_vlm.data.video_frames import find_video, list_video_frames
from smot_vlm.formats.box_sense import odd_boxes
from smot_vlm.formats.frame_numbers import place_rows
from smot_vlm.formats.frame_rate import stated_fps
from smot_vlm.formats.labels import PERSON_CLASS, people_of_labels
from smot_vlm.formats.losses import Loss, log_losses
from smot_vlm.formats.mot import MotRows
from smot_vlm.formats.mot_files import read_truth
from smot_vlm.formats.seqinfo import MOT_IMAGES_FOLDER, images_folder
from smot_vlm.formats.sequence_files import BOXES_FILE, INFO_FILE, default_names, find_file
from smot_vlm.video.sources import DEFAULT_FPS

# What a set leaves out by its own marks: other classes, and rows that it does not count.
AS_MARKED = frozenset({"other-class", "ignored-row"})

logger = logging.getLogger(__name__)


class MotChallenge:
    """The sequences of one split that have ground truth. `skipped` names those that have none (test sets).

    Rows of other classes than people, and rows that the set itself marks to be ignored, are left out. The class of people
    is found by name where CVAT's `gt/labels.txt` is there, and is 1 elsewhere.

    Args:
        root: of the data set.
        split: folder below `root`; empty lists `root` itself.
        only: a pattern that names must match, such as `*-FRCNN` (MOT17 holds each video three times).
        scenario: first part of the names, by default the name of `root`.
        amodal: keep boxes whole that reach out of the frame; otherwise they are cut to it, as BenSMOT's are.
        classes: class numbers that count, in place of those of people.
        fps: frames a second, in place of what the set states.

    Raises:
        FileNotFoundError: no such folder or split.
        ValueError: no sequence with ground truth.
    """

    def __init__(
        self,
        root: Path | str,
        split: str,
        only: str = "*",
        scenario: str | None = None,
        amodal: bool = False,
        *,
        classes: Collection[int] | None = None,
        fps: float | None = None,
    ) -> None:
        self.root = Path(root)
        self.split = split
        self.scenario = scenario or self.root.resolve().name or "mot"
        self.amodal = amodal
        self.classes = classes
        self.fps = fps
        folder = self.root / split
        if not folder.is_dir():
            raise FileNotFoundError(
                f"{folder}: no such folder; give the root of a set with SPLIT/SEQUENCE/{BOXES_FILE}"
            )
        found = [path for path in sorted(folder.iterdir()) if _is_sequence(path) and fnmatchcase(path.name, only)]
        self.folders = tuple(path for path in found if (path / BOXES_FILE).is_file())
        self.skipped = tuple(path.name for path in found if path not in self.folders)
        if not self.folders:
            raise ValueError(f"{folder}: no sequence {only!r} with {BOXES_FILE}; {len(found)} sequences without it")

    def __len__(self) -> int:
        return len(self.folders)

    def __getitem__(self, index: int) -> BenSmotSequence:
        """Read one sequence, see `read`; what was left out or guessed is logged."""
        sequence, losses = self.read(index)
        log_losses((loss for loss in losses if loss.kind not in AS_MARKED), logger)
        return sequence

    def read(self, index: int) -> tuple[BenSmotSequence, tuple[Loss, ...]]:
        """Read one sequence, with what was left out of it or guessed.

        Args:
            index: of the sequence.

        Returns:
            The sequence, and the losses, of the kinds of `read_truth` and `place_rows`, odd-boxes, box-outside,
            no-people, guessed-frame-rate.

        Raises:
            FileNotFoundError: no image and no video.
            ValueError: several videos, rows that cannot be boxes, images without numbers, a broken `seqinfo.ini` or `labels.txt`.
        """
        folder = self.folders[index].absolute()
        images = folder / images_folder(folder)
        frames, size, video_fps = _pictures(images, folder)
        rows, losses = self._rows(folder / BOXES_FILE, frames, size)
        tracks = tracks_of_rows(rows)
        fps, guessed = self._rate(folder, images, video_fps)
        sequence = BenSmotSequence(
            name=f"{self.scenario}/{folder.name}",
            folder=folder,
            frames=frames,
            size=size,
            tracks=tracks,
            names=tuple(default_names(len(tracks))),
            interactions=(),
            caption="",
            fps=fps,
        )
        return sequence, (*losses, *guessed)

    def _rows(
        self, path: Path, frames: tuple[FrameFile, ...], size: tuple[int, int]
    ) -> tuple[MotRows, tuple[Loss, ...]]:
        """The boxes of people that have an image, in the images' numbers."""
        people = self.classes or people_of_labels(path.parent) or {PERSON_CLASS}
        file = read_truth(path, people)
        numbers = np.array([frame.index for frame in frames], dtype=np.int64)
        placement = place_rows(file.rows.frames, numbers, str(path))
        losses = [*file.losses, *placement.losses]
        rows = replace(file.rows, frames=numbers[placement.positions]).select(placement.positions >= 0)
        reason = odd_boxes(rows.boxes, *size)
        if reason is not None:
            losses.append(Loss("odd-boxes", f"{path}: {reason}", len(rows)))
        if not self.amodal:
            inside = cut_to_frame(rows, size)
            if len(inside) < len(rows):
                outside = len(rows) - len(inside)
                message = f"{path}: {outside} boxes lie outside the {size[0]} x {size[1]} frame; left out"
                losses.append(Loss("box-outside", message, outside))
            rows = inside
        if not len(rows):
            losses.append(Loss("no-people", f"{path}: no box of a person is left; the sequence has no track"))
        return rows, tuple(losses)

    def _rate(self, folder: Path, images: Path, video_fps: float | None) -> tuple[float, tuple[Loss, ...]]:
        fps = self.fps or stated_fps(folder) or stated_fps(images) or video_fps
        if fps is not None:
            return fps, ()
        message = f"{folder}: no {INFO_FILE} states the frame rate; taken as {DEFAULT_FPS:g} a second (--fps)"
        return DEFAULT_FPS, (Loss("guessed-frame-rate", message),)

    def __iter__(self) -> Iterator[BenSmotSequence]:
        return (self[index] for index in range(len(self)))

    @property
    def names(self) -> tuple[str, ...]:
        """scenario/sequence of every sequence, in order."""
        return tuple(f"{self.scenario}/{folder.name}" for folder in self.folders)


def _pictures(images: Path, folder: Path) -> tuple[tuple[FrameFile, ...], tuple[int, int], float | None]:
    """The frames of a sequence, their (width, height), and how many there are a second where a video says that."""
    frames = list_frames(images)
    if frames:
        return frames, image_size(frames[0].path), None
    video = find_video(folder)
    if video is None:
        raise FileNotFoundError(f"{images}: no image, and no video beside it; a sequence has its frames there")
    frames, fps = list_video_frames(video)
    height, width = frames[0].read().shape[:2]
    return frames, (width, height), fps


def cut_to_frame(rows: MotRows, size: tuple[int, int], least_pixels: float = 1.0) -> MotRows:
    """Cut boxes to the frame.

    Args:
        rows: in any order.
        size: (width, height) of the frame in pixels.
        least_pixels: boxes with less width or height inside are dropped.

    Returns:
        The boxes inside the frame.
    """
    boxes = np.clip(rows.boxes, 0, [*size, *size])
    inside = (boxes[:, 2:] - boxes[:, :2] >= least_pixels).all(axis=1)
    return MotRows(rows.frames, rows.ids, boxes, rows.scores).select(inside)


def _is_sequence(path: Path) -> bool:
    if not path.is_dir() or path.name.startswith("."):
        return False
    return (path / BOXES_FILE).exists() or (path / MOT_IMAGES_FOLDER).exists() or find_file(path, INFO_FILE) is not None
