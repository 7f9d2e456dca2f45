"""Bring public sets of real people into the BenSMOT folder layout, with what they say of each in `people_facts.json`."""

from collections.abc import Sequence
from pathlib import Path

from smot_vlm.data.conversion import Conversion, ConversionWriter, Reader
from smot_vlm.data.dataset_writer import check_apart
from smot_vlm.data.flickr30k_entities import list_stills
from smot_vlm.data.peta import CropClips, list_crops
from smot_vlm.data.stills import DEFAULT_FRAMES, StillClips
from smot_vlm.data.ut_interaction import FindPeople, PairClips, list_pairs
from smot_vlm.formats.losses import Loss


def convert_flickr30k_entities(
    source: Path, writer: ConversionWriter, *, frames: int = DEFAULT_FRAMES, seed: int = 0
) -> Conversion:
    """Convert Flickr30k Entities: each still becomes a clip, see `StillClips`.

    Args:
        source: root of the set, see `flickr30k_entities`.
        writer: where and how to write.
        frames: of each clip.
        seed: of the camera's paths.

    Returns:
        What was written.

    Raises:
        FileNotFoundError: no such folder, or a file is not there.
        FileExistsError: the target exists, is not empty and is not to be replaced.
        ValueError: a file that cannot be read, nothing to write, or a loss in a strict conversion.
    """
    check_apart(source, writer.out)
    splits, losses = list_stills(source)
    return _write(writer, [(split, StillClips(stills, frames, seed)) for split, stills in splits], losses)


def convert_peta(source: Path, writer: ConversionWriter) -> Conversion:
    """Convert PETA: each crop becomes a clip of one frame, see `CropClips`.

    Args:
        source: root of the set, see `peta`.
        writer: where and how to write.

    Returns:
        What was written.

    Raises:
        FileNotFoundError: no such folder, or a file is not there.
        FileExistsError: the target exists, is not empty and is not to be replaced.
        ValueError: a file that cannot be read, nothing to write, or a loss in a strict conversion.
    """
    check_apart(source, writer.out)
    splits, losses = list_crops(source)
    return _write(writer, [(split, CropClips(crops)) for split, crops in splits], losses)


def convert_ut_interaction(source: Path, writer: ConversionWriter, find_people: FindPeople) -> Conversion:
    """Convert UT-Interaction: each clip becomes a sequence of the people that a detector finds, see `PairClips`.

    Args:
        source: root of the set, see `ut_interaction`.
        writer: where and how to write.
        find_people: tracks of the people in some images (RGB uint8) at a frame rate.

    Returns:
        What was written.

    Raises:
        FileNotFoundError: no such folder, or a file is not there.
        FileExistsError: the target exists, is not empty and is not to be replaced.
        ValueError: a file that cannot be read, nothing to write, or a loss in a strict conversion.
    """
    check_apart(source, writer.out)
    return _write(writer, [(split, PairClips(clips, find_people)) for split, clips in list_pairs(source)], ())


def _write(writer: ConversionWriter, readers: Sequence[tuple[str, Reader]], losses: tuple[Loss, ...]) -> Conversion:
    return writer.write([(split, reader) for split, reader in readers if len(reader)], losses)
