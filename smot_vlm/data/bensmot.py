"""Read the BenSMOT folder layout: ROOT/SPLIT/SCENARIO/SEQUENCE with boxes, images, captions and interactions.

Frames are listed, never decoded: `BenSmotSequence.read_frame` decodes one when it is asked for.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from smot_vlm.data.annotation_matching import TextAnnotations, match_annotations
from smot_vlm.data.frames import FrameFile, image_size, list_frames, read_fps
from smot_vlm.formats.captions import CaptionFile, parse_instance_captions, parse_video_caption
from smot_vlm.formats.flaws import Flaw, read_text
from smot_vlm.formats.graphml import Graph, read_graphml
from smot_vlm.formats.losses import log_losses
from smot_vlm.formats.mot import MotRows
from smot_vlm.formats.mot_files import read_truth
from smot_vlm.formats.sequence_files import (
    BOXES_FILE,
    CAPTIONS_FILE,
    IMAGES_FOLDER,
    INTERACTIONS_FILE,
    VIDEO_CAPTION_FILE,
)
from smot_vlm.language.people_facts_file import PeopleFacts, read_people_facts
from smot_vlm.structures import EventSegment, Frame, Interaction, Trajectory
from smot_vlm.structures.open_annotations import INTERACTIONS

SPLITS = ("train", "val", "test")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class BenSmotSequence:
    """One annotated video.

    Attributes:
        name: scenario/sequence.
        folder: where it was read.
        frames: its images by frame number (0-based; numbers may have gaps).
        size: (width, height) of the images in pixels, None where there is no image.
        tracks: ascending ids, each with its caption (empty where there is none).
        names: the key of each track in the annotation files (`man0`).
        interactions: verbs are canonical labels.
        caption: of the whole video.
        fps: frame numbers a second.
        people: what its source says of each person, of ids in `tracks`; None where it has no `people_facts.json`.
        unknown: of `structures.open_annotations.UNKNOWN`; interactions where it has no file of them, or `people_facts.json` says that there
            may be more.
    """

    name: str
    folder: Path
    frames: tuple[FrameFile, ...]
    size: tuple[int, int] | None
    tracks: tuple[Trajectory, ...]
    names: tuple[str, ...]
    interactions: tuple[Interaction, ...]
    caption: str
    fps: float
    people: PeopleFacts | None = None
    unknown: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        ids = [track.id for track in self.tracks]
        if ids != sorted(set(ids)) or len(self.names) != len(ids):
            raise ValueError(f"{self.name}: tracks {ids} with {len(self.names)} names; give ascending ids, a name each")
        strangers = sorted(set(self.people.people) - set(ids)) if self.people is not None else []
        if strangers:
            raise ValueError(f"{self.name}: people_facts.json speaks of the tracks {strangers}; tracks are {ids}")

    def __len__(self) -> int:
        """Number of images."""
        return len(self.frames)

    @property
    def frame_numbers(self) -> np.ndarray:
        """The number of each image, 0-based."""
        return np.array([frame.index for frame in self.frames], dtype=np.int64)

    @property
    def facts(self) -> None:
        """None: facts are read from files beside the sequence."""
        return

    @property
    def events(self) -> tuple[EventSegment, ...]:
        """None: BenSMOT does not say when things happen."""
        return ()

    @property
    def scenario(self) -> str:
        """The part of the name before the last slash."""
        return self.name.rpartition("/")[0]

    @property
    def length_seconds(self) -> float:
        """Images over rate, as the paper counts (Table 1: 151K frames are 75,499 seconds)."""
        return len(self.frames) / self.fps

    def read_frame(self, position: int) -> Frame:
        """Decode one image.

        Args:
            position: in `frames` (not the frame number).

        Returns:
            The frame.

        Raises:
            FileNotFoundError: the image no longer exists.
            ValueError: not an image.
        """
        file = self.frames[position]
        return Frame(file.index, file.index / self.fps, file.read())

    def read_reduced(self, position: int, at_least: int) -> tuple[Frame, np.ndarray]:
        """Decode one image smaller, see `AnnotatedSequence.read_reduced`."""
        file = self.frames[position]
        pixels, scale = file.read_reduced(at_least)
        return Frame(file.index, file.index / self.fps, pixels), scale


class BenSmot:
    """The sequences of one split, listed at once and read one by one.

    A sequence without annotation files has empty captions and no interactions. Flaws within such a file are logged and
    skipped. `smot-vlm data validate` lists all of them, and `--fix` repairs them.

    Args:
        root: of the data set.
        split: train, val or test.
        strict: raise at the first flaw or missing file.

    Raises:
        FileNotFoundError: no such folder or split.
        ValueError: a split without a sequence.
    """

    def __init__(self, root: Path | str, split: str, strict: bool = False) -> None:
        self.root = Path(root)
        self.split = split
        self.strict = strict
        self.folders = find_sequences(self.root, split)

    def __len__(self) -> int:
        return len(self.folders)

    def __getitem__(self, index: int) -> BenSmotSequence:
        """Read one sequence, see `read_sequence`."""
        return read_sequence(self.folders[index], self.strict)

    def __iter__(self) -> Iterator[BenSmotSequence]:
        return (read_sequence(folder, self.strict) for folder in self.folders)

    @property
    def names(self) -> tuple[str, ...]:
        """scenario/sequence of every sequence, in order."""
        return tuple(sequence_name(folder) for folder in self.folders)


def find_sequences(root: Path, split: str) -> tuple[Path, ...]:
    """List the folders ROOT/SPLIT/SCENARIO/SEQUENCE.

    Args:
        root: of the data set.
        split: train, val or test.

    Returns:
        The folders by name.

    Raises:
        FileNotFoundError: no such folder or split.
        ValueError: a split without a sequence.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; give the root of a data set, with train/ and test/ in it")
    folder = root / split
    if not folder.is_dir():
        there = [path.name for path in _folders(root)]
        raise FileNotFoundError(f"{root}: no split {split!r}; folders there are {there or 'none'}")
    found = tuple(sequence for scenario in _folders(folder) for sequence in _folders(scenario))
    if not found:
        raise ValueError(f"{folder}: no sequence; the layout is SPLIT/SCENARIO/SEQUENCE/{BOXES_FILE}")
    return found


def sequence_name(folder: Path) -> str:
    """Name of a sequence.

    Args:
        folder: of the sequence.

    Returns:
        scenario/sequence.
    """
    return f"{folder.parent.name}/{folder.name}"


def read_sequence(folder: Path | str, strict: bool = False, words: bool = True) -> BenSmotSequence:
    """Read one sequence without decoding its frames.

    Args:
        folder: of the sequence.
        strict: every file must exist and nothing in it may be wrong.
        words: false does not read captions and interactions.

    Returns:
        The sequence.

    Raises:
        FileNotFoundError: no `gt/gt.txt`; with `strict`, no image or no annotation file.
        ValueError: boxes that cannot be read, image names without numbers, facts of people that are none; with
            `strict`, any flaw of the annotations.
    """
    folder = Path(folder).absolute()
    frames = list_frames(folder / IMAGES_FOLDER)
    if strict and not frames:
        raise FileNotFoundError(f"{folder / IMAGES_FOLDER}: no image; name images 001.jpg, 002.jpg ...")
    rows = read_boxes(folder / BOXES_FILE)
    tracks = tracks_of_rows(rows)
    if strict or words:
        _check_frames(folder, tracks, frames, strict)
    ids = [track.id for track in tracks]
    found, caption = _read_words(folder, ids, strict) if words else (match_annotations(ids, None, None), "")
    people = read_people_facts(folder) if words else None
    all_told = (folder / INTERACTIONS_FILE).is_file() if people is None else people.all_interactions
    return BenSmotSequence(
        name=sequence_name(folder),
        folder=folder,
        frames=frames,
        size=_images_size(frames, strict) if frames else None,
        tracks=tuple(replace(track, caption=text) for track, text in zip(tracks, found.captions, strict=True)),
        names=found.names,
        interactions=found.interactions,
        caption=caption,
        fps=read_fps(folder),
        people=people,
        unknown=frozenset() if all_told else frozenset({INTERACTIONS}),
    )


def _images_size(frames: Sequence[FrameFile], strict: bool) -> tuple[int, int]:
    """The size of the first image; unless strict, of the first that can be read."""
    for frame in frames[:-1]:
        try:
            return image_size(frame.path)
        except ValueError:
            if strict:
                raise
    return image_size(frames[-1].path)


def read_boxes(path: Path) -> MotRows:
    """Read `gt/gt.txt`; an empty file is a video without people. Rows of other classes than people are told.

    Args:
        path: of the file.

    Returns:
        Its rows.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a row that cannot be a box, with file and line.
    """
    try:
        file = read_truth(path)
    except ValueError as error:
        raise ValueError(f"{error}; `smot-vlm data validate DIR --fix NEW` writes a repaired copy") from None
    log_losses((loss for loss in file.losses if loss.kind != "ignored-row"), logger)
    return file.rows


def tracks_of_rows(rows: MotRows) -> tuple[Trajectory, ...]:
    """Group rows by id.

    Args:
        rows: in any order.

    Returns:
        One trajectory an id, ids ascending, without captions.
    """
    order = np.lexsort((rows.frames, rows.ids))
    ids, starts = np.unique(rows.ids[order], return_index=True)
    groups = np.split(order, starts[1:]) if len(ids) else []
    return tuple(
        Trajectory(int(track_id), rows.frames[group], rows.boxes[group], rows.scores[group])
        for track_id, group in zip(ids, groups, strict=True)
    )


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir() and not path.name.startswith("."))


def _check_frames(folder: Path, tracks: tuple[Trajectory, ...], frames: tuple[FrameFile, ...], strict: bool) -> None:
    """Raise where a box has no image, or warn of it where there are images."""
    there = {frame.index for frame in frames}
    missing = sorted(index for track in tracks for index in track.frames.tolist() if index not in there)
    if not missing:
        return
    path = folder / BOXES_FILE
    if strict:
        raise ValueError(f"{path}: frame {missing[0] + 1} has boxes but no image in {IMAGES_FOLDER}/")
    if frames:
        logger.warning(
            "%s: %d rows are of frames without an image in %s/, the first of frame %d",
            path,
            len(missing),
            IMAGES_FOLDER,
            missing[0] + 1,
        )


def _read_words(folder: Path, ids: list[int], strict: bool) -> tuple[TextAnnotations, str]:
    """Read the captions and interactions of the tracks `ids`, and the caption of the video."""
    captions: CaptionFile | None = None
    graph: Graph | None = None
    caption = ""
    if _is_there(folder / CAPTIONS_FILE, strict):
        captions = parse_instance_captions(read_text(folder / CAPTIONS_FILE))
    if _is_there(folder / INTERACTIONS_FILE, strict):
        graph = read_graphml(folder / INTERACTIONS_FILE)
    if _is_there(folder / VIDEO_CAPTION_FILE, strict):
        caption = parse_video_caption(read_text(folder / VIDEO_CAPTION_FILE))
    words = match_annotations(ids, captions, graph)
    _report(folder / CAPTIONS_FILE, words.caption_flaws, strict)
    _report(folder / INTERACTIONS_FILE, words.graph_flaws, strict)
    return words, caption


def _is_there(path: Path, strict: bool) -> bool:
    if strict and not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; read without `strict` where a data set has no words")
    return path.is_file()


def _report(path: Path, flaws: tuple[Flaw, ...], strict: bool) -> None:
    """Raise the first flaw, or log them all."""
    if strict and flaws:
        raise ValueError(flaws[0].at(path))
    for flaw in flaws:
        logger.warning("%s", flaw.at(path))
