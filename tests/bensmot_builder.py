"""Small data sets for tests: sequences in memory and on disk, with tiny pictures."""

from pathlib import Path

import numpy as np
from PIL import Image

from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.data.dataset_writer import write_sequence
from smot_vlm.data.frames import FrameFile
from smot_vlm.formats.sequence_files import image_name
from smot_vlm.structures import Interaction, Trajectory

WIDTH, HEIGHT = 64, 48


def make_images(folder: Path, indices: list[int], size: tuple[int, int] = (WIDTH, HEIGHT)) -> tuple[FrameFile, ...]:
    """JPEGs whose brightness tells the frame number: grey value 4 x index."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = []
    for index in indices:
        path = folder / image_name(index)
        Image.new("RGB", size, (4 * index % 256,) * 3).save(path)
        frames.append(FrameFile(index, path))
    return tuple(frames)


def make_track(id: int, frames: list[int], caption: str = "", x: float = 4.0) -> Trajectory:
    """A box of 10 x 20 pixels that moves one pixel to the right a frame."""
    boxes = np.array([[x + index, 8.0, x + index + 10, 28.0] for index in frames])
    return Trajectory(id, np.array(frames), boxes, np.ones(len(frames)), caption)


def make_sequence(folder: Path, name: str = "walking/seq1", frames: int = 5) -> BenSmotSequence:
    """Two people and an interaction; images lie in `folder`."""
    every = list(range(frames))
    tracks = (
        make_track(1, every, "A man in a red coat walks to the right."),
        make_track(2, every[1:], "A woman in a green dress waves.", x=30.0),
    )
    return BenSmotSequence(
        name,
        folder,
        make_images(folder, every),
        (WIDTH, HEIGHT),
        tracks,
        ("man0", "woman0"),
        (Interaction(2, "smile.v.01", 1), Interaction(1, "look.v.01", 2)),
        "A woman waves at a man.",
        2.0,
    )


def make_dataset(root: Path, split: str = "test", sequences: int = 1) -> Path:
    """A valid data set on disk; returns the folder of its first sequence."""
    for number in range(1, sequences + 1):
        sequence = make_sequence(root.parent / f"{root.name}-pictures" / str(number), f"walking/seq{number}")
        write_sequence(sequence, root / split / sequence.name, images="copy")
    return root / split / "walking" / "seq1"


def assert_same(first: BenSmotSequence, second: BenSmotSequence) -> None:
    """Equal in everything but the place on disk."""
    assert first.name == second.name
    assert [frame.index for frame in first.frames] == [frame.index for frame in second.frames]
    assert first.size == second.size
    assert first.names == second.names
    assert first.interactions == second.interactions
    assert first.caption == second.caption
    assert first.fps == second.fps
    assert [track.id for track in first.tracks] == [track.id for track in second.tracks]
    for one, other in zip(first.tracks, second.tracks, strict=True):
        assert one.caption == other.caption
        np.testing.assert_array_equal(one.frames, other.frames)
        np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-6)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-6)
