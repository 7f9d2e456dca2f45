"""Describe every sequence of a data set's split; a stopped run continues where it stopped.

    OUT/run.json  OUT/SCENARIO/SEQUENCE/description.json  and the four files of BenSMOT's layout next to it, and what it cost (cost.json)

run.json holds the settings, so that two runs never mix in one folder, see output/run_settings.py.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from smot_vlm.data.bensmot import BenSmot, BenSmotSequence, tracks_of_rows
from smot_vlm.data.sequences import AnnotatedSequence
from smot_vlm.formats.frame_numbers import place_rows
from smot_vlm.formats.losses import log_losses
from smot_vlm.formats.mot import MotRows
from smot_vlm.formats.mot_files import read_truth
from smot_vlm.formats.sequence_files import BOXES_FILE
from smot_vlm.formats.track_files import SUFFIXES
from smot_vlm.formats.video_cost import VideoCost, write_cost
from smot_vlm.output.run_settings import DESCRIPTION_FILE, RunSettings, run_at_work
from smot_vlm.structures import Description, Detections, Frame, Trajectory
from smot_vlm.system.errors import naming, one_line
from smot_vlm.system.processes import ALONE, Processes
from smot_vlm.system.shared_work import SharedWork
from smot_vlm.tracker import Tracker
from smot_vlm.video.reader import VideoReader
from smot_vlm.video.sources import BrokenPictureError

GROUND_TRUTH = "gt"
# Where MOTChallenge puts the boxes of its public detector.
DETECTIONS_FILE = "det/det.txt"

logger = logging.getLogger(__name__)

OnFrame = Callable[[Frame, VideoReader], bool | None]


@dataclass(frozen=True)
class Outcome:
    """What became of one sequence.

    Attributes:
        name: of the sequence.
        kept: it was described by an earlier call, or by another one at the same time.
        error: why it could not be described.
        left_out: why each image that could not be used was left out.
    """

    name: str
    kept: bool = False
    error: str = ""
    left_out: tuple[str, ...] = ()


def predict_split(
    tracker: Tracker,
    dataset: BenSmot,
    out: Path | str,
    settings: RunSettings,
    *,
    overwrite: bool = False,
    on_frame: OnFrame | None = None,
    processes: Processes = ALONE,
) -> Iterator[Outcome]:
    """Describe the sequences of `dataset` that `out` does not hold yet, one a step, in the order of their names.

    A sequence that cannot be described (no image, no boxes, a server that is gone) gives an outcome with an error and the
    next one is taken; the next call tries it again. Other calls may work on the same folder at the same time: each sequence is described by
    one of them, and those that another one has in hand come last.

    Args:
        tracker: the model.
        dataset: a split.
        out: the folder of the run.
        settings: what the descriptions depend on.
        overwrite: describe all of them again, also under other settings; those of other settings are removed.
        on_frame: called after each frame, for progress.
        processes: they share the sequences; each yields its own outcomes.

    Yields:
        One outcome a sequence.

    Raises:
        ValueError: `out` holds a run with other settings and `overwrite` is false, or that run is at work.
        FileNotFoundError: a folder of trajectories that does not exist.
        OSError: `out` is a file, or cannot be written.
    """
    out = Path(out)
    find_trajectories = _file_finder(settings.trajectories, dataset.names)
    find_detections = _file_finder(settings.detections, dataset.names)
    truth = GROUND_TRUTH in (settings.trajectories, settings.detections)
    paths = [out / name / DESCRIPTION_FILE for name in dataset.names]

    def describe(index: int) -> Outcome:
        name, path = dataset.names[index], paths[index]
        before, start = tracker.cost, time.monotonic()
        try:
            with naming(name):
                sequence = dataset[index]
                images = _Images(sequence)
                trajectories, detections = find_trajectories(sequence), find_detections(sequence)
                description = _describe(
                    tracker, sequence, images, trajectories, on_frame, detections, truth=truth, classes=settings.classes
                )
        except Exception as error:
            # One sequence, whatever is wrong with it, does not take the others along.
            logger.debug("%s", name, exc_info=True)
            return Outcome(name, error=one_line(error).removeprefix(f"{name}: "))
        if tracker.model.unanswered:
            # Written, it would count as done, and its words would be missing for good.
            return Outcome(name, error=tracker.model.unanswered[0])
        spent, seconds = tracker.cost.since(before), time.monotonic() - start
        path.parent.mkdir(parents=True, exist_ok=True)
        description.to_bensmot(path.parent)
        write_cost(path.parent, VideoCost(seconds, spent.calls, spent.tokens_read, spent.tokens_written))
        # Last, since a sequence that has it is done.
        description.to_json(path)
        return Outcome(name, left_out=images.left_out)

    with run_at_work(out, settings, dataset.names, overwrite):
        work = SharedWork(out, paths, _is_described, anew=overwrite)
        # Whoever writes first must not change what the others find.
        processes.wait()
        mine = sorted([*processes.share(work.kept), *processes.share(work.wanted)])
        for index, held in work.take(mine):
            yield describe(index) if held else Outcome(dataset.names[index], kept=True)


def describe_sequence(
    tracker: Tracker,
    sequence: AnnotatedSequence,
    trajectories: Path | None = None,
    on_frame: OnFrame | None = None,
    *,
    detections: Path | None = None,
    truth: bool = False,
    classes: Collection[int] = (),
) -> Description:
    """Describe one sequence from its frames alone, at its own rate; frames keep the numbers that the sequence gives them.

    Args:
        tracker: the model.
        sequence: its annotations are not looked at.
        trajectories: a file with boxes and ids in place of a detector; MOT text has the sequence's frame numbers.
        on_frame: called after each frame, for progress.
        detections: a file with boxes that the associator links.
        truth: the file is ground truth, whose rows with flag 0 are to be ignored.
        classes: class numbers that count in the file; none: people, see `formats.mot_files`.

    Returns:
        The description.

    Raises:
        FileNotFoundError: no image, or no such file.
        ValueError: an image or box file that cannot be read, no box in the sequence's frames.
    """
    return _describe(
        tracker, sequence, _Images(sequence), trajectories, on_frame, detections, truth=truth, classes=classes
    )


class _Images:
    """The images of a sequence in the order of their frames, each decoded when it is needed.

    One that cannot be read is left out, and those behind it keep their positions.
    """

    def __init__(self, sequence: AnnotatedSequence) -> None:
        self._sequence = sequence
        self.left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self._sequence)

    def __iter__(self) -> Iterator[np.ndarray]:
        return map(self._read, range(len(self)))

    def _read(self, position: int) -> np.ndarray:
        try:
            return self._sequence.read_frame(position).image
        except (ValueError, OSError) as error:
            self.left_out += (one_line(error),)
            raise BrokenPictureError(str(error)) from None


def _describe(
    tracker: Tracker,
    sequence: AnnotatedSequence,
    images: _Images,
    trajectories: Path | None,
    on_frame: OnFrame | None,
    detections: Path | None,
    *,
    truth: bool,
    classes: Collection[int],
) -> Description:
    numbers = sequence.frame_numbers
    if not len(numbers):
        raise FileNotFoundError(f"{sequence.name}: no image; a sequence is described from its images")
    counted = classes or None
    description = tracker.describe(
        images,
        trajectories=tracks_of_rows(_true_rows(trajectories, numbers, counted))
        if truth and trajectories
        else trajectories,
        detections=_boxes_by_frame(_true_rows(detections, numbers, counted)) if truth and detections else detections,
        fps=sequence.fps,
        frame_numbers=numbers,
        classes=counted,
        on_frame=on_frame,
    )
    video = replace(description.video, source=sequence.name)
    return replace(description, video=video, tracks=tuple(_numbered(track, numbers) for track in description.tracks))


def _is_described(path: Path) -> bool:
    """Whether the file is a complete description."""
    try:
        Description.from_json(path)
    except (FileNotFoundError, ValueError):
        return False
    return True


def _file_finder(where: str, names: Iterable[str]) -> Callable[[BenSmotSequence], Path | None]:
    """Which file of boxes belongs to a sequence: none, its ground truth, or a file of a folder.

    A folder may be laid out as this program writes it, or flat as trackers do (SEQUENCE.txt, .json, .csv, .npz), if no two
    scenarios share the name of a sequence.
    """
    if not where:
        return lambda _sequence: None
    if where == GROUND_TRUTH:
        return lambda sequence: sequence.folder / BOXES_FILE
    folder = Path(where)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder}: no such folder; give gt, or a folder with SCENARIO/SEQUENCE.txt, SEQUENCE.txt (or "
            f"{', '.join(SUFFIXES[1:])}) or SCENARIO/SEQUENCE/{BOXES_FILE}"
        )
    short = Counter(name.rpartition("/")[2] for name in names)

    def find(sequence: BenSmotSequence) -> Path:
        last = sequence.name.rpartition("/")[2]
        stems = [sequence.name, *([last] if short[last] == 1 else [])]
        groups = [[f"{sequence.name}/{BOXES_FILE}"], [f"{sequence.name}/{DETECTIONS_FILE}"]]
        groups += [[f"{stem}{suffix}" for suffix in SUFFIXES] for stem in stems]
        for places in groups:
            there = [folder / place for place in places if (folder / place).is_file()]
            if len(there) > 1:
                raise ValueError(f"{there[0]}: {there[1].name} is there too, for the same sequence; keep one of them")
            if there:
                return there[0]
        return folder / f"{sequence.name}.txt"

    return find


def _true_rows(path: Path, numbers: np.ndarray, classes: Collection[int] | None) -> MotRows:
    """The rows of ground truth whose frames are there, with positions for numbers; what was left out is told."""
    file = read_truth(path, classes)
    placement = place_rows(file.rows.frames, numbers, str(path))
    log_losses((*file.losses, *placement.losses), logger)
    placed = replace(file.rows, frames=placement.positions).select(placement.positions >= 0)
    if len(file.rows) and not len(placed):
        raise ValueError(f"{path}: none of its boxes lies in the frames of the sequence")
    return placed


def _boxes_by_frame(rows: MotRows) -> dict[int, Detections]:
    order = np.argsort(rows.frames, kind="stable")
    positions, starts = np.unique(rows.frames[order], return_index=True)
    groups = np.split(order, starts[1:])
    return {
        int(position): Detections(rows.boxes[group], rows.scores[group])
        for position, group in zip(positions, groups, strict=False)
    }


def _numbered(track: Trajectory, numbers: np.ndarray) -> Trajectory:
    """The track with the data set's frame numbers in place of positions."""
    return replace(track, frames=numbers[track.frames])
