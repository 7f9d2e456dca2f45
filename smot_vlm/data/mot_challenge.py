"""Read MOTChallenge-like sets (MOT17, MOT20, DanceTrack, SportsMOT): tracks of people without captions.

ROOT/SPLIT/SEQUENCE/img1/000001.jpg ...  ROOT/SPLIT/SEQUENCE/gt/gt.txt  ROOT/SPLIT/SEQUENCE/seqinfo.ini
"""

import configparser
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from smot_vlm.data.bensmot import BenSmotSequence, tracks_of_rows
from smot_vlm.data.frames import image_size, list_frames, read_fps
from smot_vlm.formats.flaws import one_line, read_text
from smot_vlm.formats.mot import MotRows, read_mot
from smot_vlm.formats.sequence_files import BOXES_FILE, INFO_FILE, default_names

# Class 1 is "pedestrian"; the others are vehicles, reflections, occluders and people on posters or bicycles.
PERSON_CLASSES = frozenset({1})
_IMAGES_FOLDER = "img1"


class MotChallenge:
    """The sequences of one split that have ground truth. `skipped` names those that have none (test sets).

    Rows of other classes than people, and rows that the set itself marks to be ignored, are skipped.

    Args:
        root: of the data set.
        split: folder below `root`; empty lists `root` itself.
        only: a pattern that names must match, such as `*-FRCNN` (MOT17 holds each video three times).
        scenario: first part of the names, by default the name of `root`.
        amodal: keep boxes whole that reach out of the frame; otherwise they are cut to it, as BenSMOT's are.

    Raises:
        FileNotFoundError: no such folder or split.
        ValueError: no sequence with ground truth.
    """

    def __init__(
        self, root: Path | str, split: str, only: str = "*", scenario: str | None = None, amodal: bool = False
    ) -> None:
        self.root = Path(root)
        self.split = split
        self.scenario = scenario or self.root.resolve().name or "mot"
        self.amodal = amodal
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
        """Read one sequence.

        Raises:
            FileNotFoundError: no image.
            ValueError: rows that cannot be boxes, images without numbers, a broken `seqinfo.ini`.
        """
        folder = self.folders[index].absolute()
        images = folder / _image_folder(folder)
        frames = list_frames(images)
        if not frames:
            raise FileNotFoundError(f"{images}: no image; a sequence has its frames there")
        size = image_size(frames[0].path)
        rows = read_mot(folder / BOXES_FILE, PERSON_CLASSES)
        tracks = tracks_of_rows(rows if self.amodal else cut_to_frame(rows, size))
        return BenSmotSequence(
            name=f"{self.scenario}/{folder.name}",
            folder=folder,
            frames=frames,
            size=size,
            tracks=tracks,
            names=tuple(default_names(len(tracks))),
            interactions=(),
            caption="",
            fps=read_fps(folder),
        )

    def __iter__(self) -> Iterator[BenSmotSequence]:
        return (self[index] for index in range(len(self)))

    @property
    def names(self) -> tuple[str, ...]:
        """scenario/sequence of every sequence, in order."""
        return tuple(f"{self.scenario}/{folder.name}" for folder in self.folders)


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
    return path.is_dir() and any((path / name).exists() for name in (BOXES_FILE, INFO_FILE, _IMAGES_FOLDER))


def _image_folder(folder: Path) -> str:
    """`imDir` of `seqinfo.ini`, else img1."""
    path = folder / INFO_FILE
    if not path.is_file():
        return _IMAGES_FOLDER
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(read_text(path))
    except configparser.Error as error:
        raise ValueError(f"{path}: not readable ({one_line(str(error))}); give a MOTChallenge seqinfo.ini") from None
    return parser.get("Sequence", "imDir", fallback=_IMAGES_FOLDER)
