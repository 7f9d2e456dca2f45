"""Write synthetic sequences in the BenSMOT folder layout, with the facts of each beside it."""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2

from smot_vlm.evaluation.sequence_pairs import rows_of
from smot_vlm.formats.sequence_files import (
    BOXES_FILE,
    IMAGES_FOLDER,
    INFO_FILE,
    format_annotations,
    format_boxes,
    format_info,
    image_name,
    write_files,
)
from smot_vlm.language.fact_records import FACTS_FILE
from smot_vlm.synthetic.sequence import SyntheticSequence, make_sequence
from smot_vlm.system.files import atomic_folder

JPEG_QUALITY = 90


@dataclass(frozen=True)
class _Job:
    """One sequence to write: its seed and where, and the options of `make_sequence`."""

    folder: Path
    seed: int
    split: str
    fps: float
    width: int | None


def write_dataset(
    folder: Path,
    videos: int,
    seed: int,
    split: str,
    fps: float = 2.0,
    overwrite: bool = False,
    progress: Callable[[str], None] | None = None,
    processes: int = 1,
    width: int | None = None,
) -> None:
    """Write sequences to FOLDER/SPLIT/SCENARIO/SEQUENCE.

    The whole dataset appears at once, or not at all; another split of the same folder is kept. The same arguments
    give the same bytes with the same versions of numpy and OpenCV, whatever `processes` is.

    Args:
        folder: of the dataset.
        videos: how many.
        seed: sequence i has the seed `seed` + i.
        split: train, val or test.
        fps: frames a second.
        overwrite: whether an existing split may be replaced.
        progress: called with each sequence's name.
        processes: how many draw at once.
        width: of the frames in pixels; None: as drawn.

    Raises:
        FileExistsError: the split is there already and `overwrite` is false.
        ValueError: an argument outside its range (see `make_sequence`).
    """
    if videos < 1 or processes < 1:
        raise ValueError(f"{videos} videos, {processes} processes; give at least one of each")
    with atomic_folder(Path(folder) / split, overwrite) as temporary:
        jobs = [_Job(temporary, seed + index, split, fps, width) for index in range(videos)]
        if processes == 1:
            names = map(_write, jobs)
            _report(names, progress)
            return
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            _report(pool.map(_write, jobs), progress)


def write_sequence(sequence: SyntheticSequence, folder: Path) -> None:
    """Write one sequence's images, boxes, words, graph and facts.

    Args:
        sequence: drawn as it is written.
        folder: the sequence's own.

    Raises:
        OSError: an image could not be written.
    """
    images = folder / IMAGES_FOLDER
    images.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(sequence.frames()):
        path = images / image_name(index)
        if not cv2.imwrite(str(path), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
            raise OSError(f"{path}: the image could not be written; check the disk's space and rights")
    texts = {BOXES_FILE: format_boxes(rows_of(sequence.tracks))}
    texts |= format_annotations(
        [track.id for track in sequence.tracks],
        sequence.keys,
        [track.caption for track in sequence.tracks],
        [(edge.subject, edge.verb, edge.object) for edge in sequence.interactions],
        sequence.caption,
    )
    name = sequence.name.rpartition("/")[2]
    texts[INFO_FILE] = format_info(name, sequence.fps, len(sequence), sequence.width, sequence.height, ".jpg")
    texts[FACTS_FILE] = json.dumps(sequence.facts.to_dict(), indent=1) + "\n"
    write_files(folder, texts)


def _write(job: _Job) -> str:
    sequence = make_sequence(job.seed, job.split, job.fps, width=job.width)
    write_sequence(sequence, job.folder / sequence.name)
    return sequence.name


def _report(names: Iterable[str], progress: Callable[[str], None] | None) -> None:
    for name in names:
        if progress is not None:
            progress(name)
