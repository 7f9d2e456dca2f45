"""Bring other layouts into the BenSMOT folder layout: read with one reader, write with the one writer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from smot_vlm.data.bensmot import SPLITS, BenSmotSequence
from smot_vlm.data.bensmot_json import BenSmotJson
from smot_vlm.data.dataset_writer import Images, check_apart, write_dataset
from smot_vlm.data.mot_challenge import MotChallenge
from smot_vlm.data.subsample import subsample


@dataclass(frozen=True)
class Conversion:
    """What was written.

    Attributes:
        sequences: how many.
        tracks: how many in all.
        boxes: how many in all.
        skipped: names of sequences without ground truth.
    """

    sequences: int
    tracks: int
    boxes: int
    skipped: tuple[str, ...] = ()


def convert_mot(
    source: Path,
    out: Path,
    images: Images = "link",
    overwrite: bool = False,
    only: str = "*",
    scenario: str | None = None,
    amodal: bool = False,
    progress: Callable[[str], None] | None = None,
    *,
    every: int = 1,
) -> Conversion:
    """Convert MOT17, MOT20, DanceTrack, SportsMOT ... to OUT/SPLIT/SCENARIO/SEQUENCE, tracks without captions.

    Converts every split of `source` (train, val, test) that has ground truth; without split folders its sequences become
    `train`.

    Args:
        source: root of the data set to read.
        out: folder to write.
        images: see `write_dataset`.
        overwrite: replace `out`.
        only: see `MotChallenge`.
        scenario: see `MotChallenge`.
        amodal: see `MotChallenge`.
        progress: called with each sequence's name once it is written.
        every: keep every N-th frame, see `subsample`.

    Returns:
        What was written.

    Raises:
        FileNotFoundError: no such folder, or a sequence without images.
        FileExistsError: `out` exists, is not empty and `overwrite` is false.
        ValueError: no sequence with ground truth, rows that cannot be boxes, or `every` below one.
    """
    check_apart(source, out)
    splits = _splits(source)
    if not splits:
        reader = MotChallenge(source, "", only, scenario, amodal)
        return _write([("train", reader)], out, images, overwrite, progress, reader.skipped, every)
    readers: list[tuple[str, MotChallenge]] = []
    problems: list[str] = []
    for split in splits:
        try:
            readers.append((split, MotChallenge(source, split, only, scenario, amodal)))
        except ValueError as error:
            problems.append(str(error))
    if not readers:
        raise ValueError(problems[0])
    skipped = tuple(name for _, reader in readers for name in reader.skipped)
    return _write(readers, out, images, overwrite, progress, (*skipped, *problems), every)


def convert_bensmot_json(
    source: Path,
    out: Path,
    images: Images = "link",
    overwrite: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Conversion:
    """Convert BenSMOT's frames and boxes with the combined JSON files to folders with their own annotation files.

    Args:
        source: root of the data set to read.
        out: folder to write.
        images: see `write_dataset`.
        overwrite: replace `out`.
        progress: called with each sequence's name once it is written.

    Returns:
        What was written.

    Raises:
        FileNotFoundError: no such folder, no split in it, or none of the three JSON files.
        FileExistsError: `out` exists, is not empty and `overwrite` is false.
        ValueError: a file whose content is wrong.
    """
    check_apart(source, out)
    splits = _splits(source)
    if not splits:
        raise FileNotFoundError(f"{source}: no folder {', '.join(SPLITS)}; the layout is SPLIT/SCENARIO/SEQUENCE/imgs")
    readers = [(split, BenSmotJson(source, split)) for split in splits]
    return _write(readers, out, images, overwrite, progress, ())


def _write(
    readers: list[tuple[str, MotChallenge]] | list[tuple[str, BenSmotJson]],
    out: Path,
    images: Images,
    overwrite: bool,
    progress: Callable[[str], None] | None,
    skipped: tuple[str, ...],
    every: int = 1,
) -> Conversion:
    tracks = boxes = 0

    def sequences() -> Iterator[tuple[str, BenSmotSequence]]:
        nonlocal tracks, boxes
        for split, reader in readers:
            for whole in reader:
                sequence = subsample(whole, every)
                tracks += len(sequence.tracks)
                boxes += sum(map(len, sequence.tracks))
                yield split, sequence

    written = write_dataset(out, sequences(), images, overwrite, progress)
    return Conversion(written, tracks, boxes, skipped)


def _splits(source: Path) -> list[str]:
    if not source.is_dir():
        raise FileNotFoundError(f"{source}: no such folder; give the root of a data set")
    return [split for split in SPLITS if (source / split).is_dir()]
