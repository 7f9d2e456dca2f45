"""Small data sets of people for the training of the appearance network: coloured figures whose shirts say their colour."""

from pathlib import Path

import numpy as np
from PIL import Image

from smot_vlm.config import PeopleSourceConfig
from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.data.dataset_writer import write_sequence
from smot_vlm.data.frames import FrameFile
from smot_vlm.language.people_facts import PersonFacts
from smot_vlm.language.people_facts_file import PeopleFacts
from smot_vlm.structures import Trajectory
from smot_vlm.training.people.people import LabelledPerson, PeopleSource, read_source

SHIRTS = {"red": (200, 20, 20), "green": (20, 160, 20), "blue": (20, 20, 200)}
SIZE = (384, 256)
BOX, OTHER_BOX = (80.0, 32.0, 176.0, 224.0), (240.0, 32.0, 336.0, 224.0)


def picture(shirt: str) -> np.ndarray:
    """A figure on grey: a shirt above black trousers."""
    image = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    left, top, right, bottom = (int(value) for value in BOX)
    image[top : (top + bottom) // 2, left:right] = SHIRTS[shirt]
    image[(top + bottom) // 2 : bottom, left:right] = 10
    return image


def facts_of(shirt: str) -> PersonFacts:
    return PersonFacts(kinds=("man",), upper=(shirt,), lower=("black",), worn=(shirt, "black"), has=("hat",))


def make_people(root: Path, *, frames: int = 1, splits: tuple[str, ...] = ("train", "val")) -> Path:
    """A data set with one sequence a shirt; each has a second person of whom nothing is said."""
    for split in splits:
        for number, shirt in enumerate(SHIRTS):
            folder = root.parent / f"{root.name}-pictures" / split / shirt
            folder.mkdir(parents=True)
            files = []
            for index in range(frames):
                path = folder / f"{index + 1:03d}.png"
                Image.fromarray(picture(shirt)).save(path)
                files.append(FrameFile(index, path))
            every = np.arange(frames)
            boxes = [np.tile(box, (frames, 1)) for box in (BOX, OTHER_BOX)]
            tracks = tuple(
                Trajectory(i, every, box, np.ones(frames), "A person.") for i, box in enumerate(boxes, start=1)
            )
            sequence = BenSmotSequence(
                name=f"figures/{number}",
                folder=folder,
                frames=tuple(files),
                size=SIZE,
                tracks=tracks,
                names=("man0", "person0"),
                interactions=(),
                caption="Two people.",
                fps=2.0,
                people=PeopleFacts({1: facts_of(shirt), 2: PersonFacts()}),
            )
            write_sequence(sequence, root / split / sequence.name, images="copy")
    return root


def source_of(root: Path, *, split: str = "train", looks: int = 2, **settings: float) -> PeopleSource:
    return read_source(PeopleSourceConfig(str(root), **settings), split, looks)


def repeated(source: PeopleSource, times: int) -> tuple[LabelledPerson, ...]:
    return source.people * times
