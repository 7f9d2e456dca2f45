"""Write sequences in the BenSMOT folder layout; images are linked or copied, never changed."""

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from smot_vlm.data.bensmot import SPLITS, BenSmotSequence
from smot_vlm.data.frames import FrameFile, MadeFrame
from smot_vlm.formats import mot
from smot_vlm.formats.sequence_files import (
    BOXES_FILE,
    IMAGES_FOLDER,
    INFO_FILE,
    default_names,
    format_annotations,
    format_boxes,
    format_info,
    image_name,
    write_files,
)
from smot_vlm.language.people_facts_file import PEOPLE_FACTS_FILE, format_people_facts
from smot_vlm.system.files import atomic_folder

# Of frames that are made; others stay as they are.
JPEG_QUALITY = 90

Images = Literal["link", "copy", "none"]


def write_dataset(
    root: Path,
    sequences: Iterable[tuple[str, BenSmotSequence]],
    images: Images = "link",
    overwrite: bool = False,
    progress: Callable[[str], None] | None = None,
) -> int:
    """Write sequences: all of them, or none where something fails.

    Args:
        root: folder to write.
        sequences: (split, sequence) pairs.
        images: "link" makes symbolic links to the originals, "copy" copies them, "none" writes no images. Frames that
            are made are written as JPEG either way.
        overwrite: replace `root`.
        progress: called with each sequence's name once it is written.

    Returns:
        How many were written.

    Raises:
        FileExistsError: `root` exists, is not empty and `overwrite` is false.
        ValueError: an unknown split, two sequences of one name, or as `write_sequence`.
    """
    written: set[Path] = set()
    with atomic_folder(Path(root), overwrite) as temporary:
        for split, sequence in sequences:
            if split not in SPLITS:
                raise ValueError(f"split {split!r} of {sequence.name}; splits are {', '.join(SPLITS)}")
            place = Path(split, sequence.name)
            if place in written:
                raise ValueError(f"{place} is there twice; give each sequence of a split its own name")
            written.add(place)
            write_sequence(sequence, temporary / place, images)
            if progress is not None:
                progress(sequence.name)
    return len(written)


def check_apart(source: Path, out: Path) -> None:
    """Refuse to write a data set into the one it is made from.

    Args:
        source: folder to read.
        out: folder to write.

    Raises:
        ValueError: one of the two folders is inside the other.
    """
    inner, outer = out.resolve(), source.resolve()
    if inner == outer or outer in inner.parents or inner in outer.parents:
        raise ValueError(f"{out} and {source} lie in one another; give the new data set a folder of its own")


def write_sequence(sequence: BenSmotSequence, folder: Path, images: Images = "link") -> None:
    """Write one sequence. Without any captions or interactions (tracks alone) no annotation file is written.

    Args:
        sequence: to write.
        folder: where to write it.
        images: see `write_dataset`.

    Raises:
        FileNotFoundError: an image no longer exists.
        ValueError: names that cannot be written as keys (`formats.captions.check_key`), a track without boxes.
    """
    empty = [track.id for track in sequence.tracks if not len(track)]
    if empty:
        raise ValueError(f"{sequence.name}: tracks {empty} have no boxes; the layout cannot hold them")
    texts = {BOXES_FILE: format_boxes(rows_of_tracks(sequence))}
    if _has_words(sequence):
        texts |= format_annotations(
            [track.id for track in sequence.tracks],
            sequence.names,
            [track.caption for track in sequence.tracks],
            [(edge.subject, edge.verb, edge.object) for edge in sequence.interactions],
            sequence.caption,
        )
    if sequence.people is not None:
        texts[PEOPLE_FACTS_FILE] = format_people_facts(sequence.people)
    texts[INFO_FILE] = _info(sequence)
    write_files(folder, texts)
    if images != "none":
        _place_images(sequence, folder / IMAGES_FOLDER, images)


def rows_of_tracks(sequence: BenSmotSequence) -> mot.MotRows:
    """Convert tracks to MOT rows.

    Args:
        sequence: with the tracks.

    Returns:
        All boxes, track by track.
    """
    return mot.concatenate(
        mot.MotRows(track.frames, np.full(len(track), track.id, np.int64), track.boxes, track.scores)
        for track in sequence.tracks
    )


def _has_words(sequence: BenSmotSequence) -> bool:
    named = list(sequence.names) != default_names(len(sequence.names))
    captioned = bool(sequence.caption) or any(track.caption for track in sequence.tracks)
    return named or captioned or bool(sequence.interactions)


def _info(sequence: BenSmotSequence) -> str:
    last = max([0, *(frame.index + 1 for frame in sequence.frames), *(int(t.frames[-1]) + 1 for t in sequence.tracks)])
    width, height = sequence.size or (0, 0)
    suffix = _suffix(sequence.frames[0]) if sequence.frames else ".jpg"
    return format_info(sequence.name.rpartition("/")[2], sequence.fps, last, width, height, suffix)


def _place_images(sequence: BenSmotSequence, folder: Path, images: Images) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for frame in sequence.frames:
        target = folder / image_name(frame.index, _suffix(frame))
        if not frame.path.is_file():
            raise FileNotFoundError(f"{frame.path}: no such image; it was there when {sequence.name} was listed")
        if isinstance(frame, MadeFrame):
            Image.fromarray(frame.read()).save(target, quality=JPEG_QUALITY)
        elif images == "copy":
            shutil.copyfile(frame.path, target)
        else:
            _link(frame.path.resolve(), target)


def _suffix(frame: FrameFile) -> str:
    return ".jpg" if isinstance(frame, MadeFrame) else frame.path.suffix.lower()


def _link(source: Path, target: Path) -> None:
    try:
        os.symlink(source, target)
    except (OSError, NotImplementedError) as error:
        raise OSError(f"{target}: cannot link to {source} ({error}); pass --copy to copy the images") from None
