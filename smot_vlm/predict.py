"""Describe every sequence of a data set's split, one description.json each; a stopped run goes on where it stopped.

    OUT/run.json  OUT/SCENARIO/SEQUENCE/description.json

run.json holds the settings, so that two runs never mix in one folder.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from smot_vlm.data.bensmot import BenSmot, Sequence
from smot_vlm.files import write_text
from smot_vlm.formats.bensmot import BOXES_FILE, IMAGES_FOLDER
from smot_vlm.formats.mot import MotRows, format_mot, read_mot
from smot_vlm.structures import Description, Frame, Trajectory
from smot_vlm.tracker import Tracker
from smot_vlm.video.reader import VideoReader

DESCRIPTION_FILE = "description.json"
RUN_FILE = "run.json"
GROUND_TRUTH = "gt"

OnFrame = Callable[[Frame, VideoReader], bool | None]


@dataclass(frozen=True)
class RunSettings:
    """What a run's descriptions depend on, as written to run.json. trajectories: "", "gt" or a folder of MOT files."""

    dataset: str
    split: str
    model: str
    detector: str
    associator: str
    trajectories: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one sequence. kept: it was described by an earlier call. error: why it could not be described."""

    name: str
    kept: bool = False
    error: str = ""


def predict_split(
    tracker: Tracker,
    dataset: BenSmot,
    out: Path | str,
    settings: RunSettings,
    *,
    overwrite: bool = False,
    on_frame: OnFrame | None = None,
) -> Iterator[Outcome]:
    """Describe the sequences of `dataset` that `out` does not hold yet, one a step, in the order of their names.

    A sequence that cannot be described (a broken image, no boxes) gives an outcome with an error and the next one is
    taken; the next call tries it again. overwrite: describe all of them anew, also under other settings.
    on_frame: called after each frame, for progress.

    Raises:
        ValueError: `out` holds a run with other settings and `overwrite` is false.
        FileNotFoundError: a folder of trajectories that is not there.
        NotADirectoryError: `out` is a file.
    """
    out = Path(out)
    find_trajectories = _trajectory_finder(settings.trajectories)
    open_run(out, settings, overwrite)
    for index, name in enumerate(dataset.names):
        path = out / name / DESCRIPTION_FILE
        if not overwrite and _is_described(path):
            yield Outcome(name, kept=True)
            continue
        try:
            sequence = dataset[index]
            description = describe_sequence(tracker, sequence, find_trajectories(sequence), on_frame)
        except (ValueError, OSError, ImportError) as error:
            # An image that PIL does not know can end in a missing plug-in, hence the third.
            yield Outcome(name, error=" ".join(str(error).split()))
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        description.to_json(path)
        yield Outcome(name)


def describe_sequence(
    tracker: Tracker, sequence: Sequence, trajectories: Path | None = None, on_frame: OnFrame | None = None
) -> Description:
    """Describe one sequence from its images, at its own rate; frames keep the numbers that the data set gives them.

    trajectories: a MOT file with boxes and ids to use in place of a detector, in the data set's frame numbers.

    Raises:
        FileNotFoundError: no image, or no such MOT file.
        ValueError: an image or box file that cannot be read, no box in the sequence's frames.
    """
    if not sequence.frames:
        raise FileNotFoundError(f"{sequence.folder / IMAGES_FOLDER}: no image; a sequence is described from its images")
    numbers = np.array([frame.index for frame in sequence.frames])
    with _by_position(trajectories, numbers) as boxes:
        description = tracker.describe(_Images(sequence), trajectories=boxes, fps=sequence.fps, on_frame=on_frame)
    video = replace(description.video, source=sequence.name)
    return replace(description, video=video, tracks=tuple(_numbered(track, numbers) for track in description.tracks))


def open_run(out: Path, settings: RunSettings, overwrite: bool = False) -> None:
    """Write `out`/run.json, or check that it holds these settings.

    Raises:
        ValueError: it holds others and `overwrite` is false, or it cannot be read.
        NotADirectoryError: `out` is a file.
    """
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(f"{out} is a file; give the name of a folder")
    path = out / RUN_FILE
    wanted = asdict(settings)
    if path.is_file() and not overwrite:
        there = _read_settings(path)
        other = sorted(key for key in wanted if there.get(key) != wanted[key])
        if other:
            told = ", ".join(f"{key} {there.get(key)!r} (now {wanted[key]!r})" for key in other)
            raise ValueError(f"{out} holds a run with {told}; choose another folder or pass --overwrite")
        return
    out.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(wanted, indent=1) + "\n")


class _Images:
    """The images of a sequence in the order of their frames, each decoded when its turn comes."""

    def __init__(self, sequence: Sequence) -> None:
        self._sequence = sequence

    def __len__(self) -> int:
        return len(self._sequence)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self._sequence.read_frame(position).image for position in range(len(self)))


def _read_settings(path: Path) -> Mapping[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON ({error}); choose another folder or pass --overwrite") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path}: no settings of a run; choose another folder or pass --overwrite")
    return content


def _is_described(path: Path) -> bool:
    """Whether a whole description stands there."""
    try:
        Description.from_json(path)
    except (FileNotFoundError, ValueError):
        return False
    return True


def _trajectory_finder(where: str) -> Callable[[Sequence], Path | None]:
    """Which MOT file belongs to a sequence: none, its ground truth, or a file of a folder."""
    if not where:
        return lambda sequence: None
    if where == GROUND_TRUTH:
        return lambda sequence: sequence.folder / BOXES_FILE
    folder = Path(where)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder}: no such folder; give gt, or a folder with SCENARIO/SEQUENCE.txt or SCENARIO/SEQUENCE/{BOXES_FILE}"
        )

    def find(sequence: Sequence) -> Path:
        inside = folder / sequence.name / BOXES_FILE
        return inside if inside.is_file() else folder / f"{sequence.name}.txt"

    return find


@contextmanager
def _by_position(trajectories: Path | None, numbers: np.ndarray) -> Iterator[Path | None]:
    """The MOT file with frames counted as the images lie one after another, where their numbers have gaps."""
    if trajectories is None or np.array_equal(numbers, np.arange(len(numbers))):
        yield trajectories
        return
    rows = read_mot(trajectories)
    kept = np.isin(rows.frames, numbers)
    positions = np.searchsorted(numbers, rows.frames[kept])
    moved = MotRows(positions, rows.ids[kept], rows.boxes[kept], rows.scores[kept])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / trajectories.name
        path.write_text(format_mot(moved), encoding="utf-8")
        yield path


def _numbered(track: Trajectory, numbers: np.ndarray) -> Trajectory:
    """The track with the data set's frame numbers in place of positions."""
    return replace(track, frames=numbers[track.frames])
