"""Bring other layouts into the BenSMOT folder layout: read with one reader, write with the one writer.

Whatever is left out or guessed on the way is counted and named.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from smot_vlm.data.bensmot import SPLITS, BenSmotSequence
from smot_vlm.data.bensmot_json import BenSmotJson
from smot_vlm.data.conversion import Conversion, ConversionWriter
from smot_vlm.data.dataset_writer import Images, check_apart
from smot_vlm.data.mot_challenge import MotChallenge
from smot_vlm.formats.combined_json import COMBINED_FILES
from smot_vlm.formats.frame_rate import stated_fps
from smot_vlm.formats.losses import Loss


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
    classes: Collection[int] | None = None,
    fps: float | None = None,
    strict: bool = False,
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
        classes: see `MotChallenge`.
        fps: see `MotChallenge`.
        strict: raise where anything is left out or guessed, and write nothing.

    Returns:
        What was written.

    Raises:
        FileNotFoundError: no such folder, or a sequence without images.
        FileExistsError: `out` exists, is not empty and `overwrite` is false.
        ValueError: no sequence with ground truth, rows that cannot be boxes, `every` below one, or a loss with `strict`.
    """
    check_apart(source, out)

    def open_split(split: str) -> MotChallenge:
        return MotChallenge(source, split, only, scenario, amodal, classes=classes, fps=fps)

    readers: list[tuple[str, MotChallenge]] = []
    problems: list[str] = []
    splits = _splits(source)
    for split in splits or [""]:
        try:
            readers.append((split or SPLITS[0], open_split(split)))
        except ValueError as error:
            problems.append(str(error))
    if not readers:
        raise ValueError(problems[0])
    skipped = tuple(name for _, reader in readers for name in reader.skipped)
    writer = ConversionWriter(out, images, overwrite, progress, every, strict)
    return replace(writer.write(readers), skipped=(*skipped, *problems))


def convert_bensmot_json(
    source: Path,
    out: Path,
    images: Images = "link",
    overwrite: bool = False,
    progress: Callable[[str], None] | None = None,
    *,
    fps: float | None = None,
    strict: bool = False,
) -> Conversion:
    """Convert BenSMOT's frames and boxes with the combined JSON files to folders with their own annotation files.

    Args:
        source: root of the data set to read.
        out: folder to write.
        images: see `write_dataset`.
        overwrite: replace `out`.
        progress: called with each sequence's name once it is written.
        fps: frames a second, in place of what the set states; BenSMOT itself states none and has 2.
        strict: raise where anything is left out or guessed, and write nothing.

    Returns:
        What was written.

    Raises:
        FileNotFoundError: no such folder, no split in it, or none of the three JSON files.
        FileExistsError: `out` exists, is not empty and `overwrite` is false.
        ValueError: a file whose content is wrong, or a loss with `strict`.
    """
    check_apart(source, out)
    splits = _splits(source)
    if not splits:
        raise FileNotFoundError(f"{source}: no folder {', '.join(SPLITS)}; the layout is SPLIT/SCENARIO/SEQUENCE/imgs")
    readers = [(split, BenSmotJson(source, split)) for split in splits]
    writer = ConversionWriter(out, images, overwrite, progress, 1, strict, fps)
    return writer.write([(split, _Rated(reader, fps)) for split, reader in readers], _unmatched(source, readers))


@dataclass(frozen=True)
class _Rated:
    """Sequences of BenSMOT's combined files; says where the frame rate is taken for granted."""

    reader: BenSmotJson
    fps: float | None

    def __len__(self) -> int:
        return len(self.reader)

    def read(self, index: int) -> tuple[BenSmotSequence, tuple[Loss, ...]]:
        sequence, losses = self.reader.read(index)
        if self.fps is None and stated_fps(sequence.folder) is None:
            message = (
                f"{sequence.name}: no file states the frame rate; taken as BenSMOT's {sequence.fps:g} a second (--fps)"
            )
            losses = (*losses, Loss("guessed-frame-rate", message))
        return sequence, losses


def _unmatched(source: Path, readers: list[tuple[str, BenSmotJson]]) -> tuple[Loss, ...]:
    """What the combined files hold for no video, and which of them is not there."""
    words = readers[0][1].words
    keys = [key for _, reader in readers for key in reader.keys]
    flaws = (*words.flaws, *words.left_over(keys))
    losses = [Loss(flaw.kind, f"{source}: {flaw.message}") for flaw in flaws]
    absent = [file for file in COMBINED_FILES if file not in words.tables]
    return (
        *losses,
        *(Loss("missing-words", f"{source / file}: no such file; nothing of it is written") for file in absent),
    )


def _splits(source: Path) -> list[str]:
    if not source.is_dir():
        raise FileNotFoundError(f"{source}: no such folder; give the root of a data set")
    return [split for split in SPLITS if (source / split).is_dir()]
