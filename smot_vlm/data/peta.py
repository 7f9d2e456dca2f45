"""Read PETA (Deng et al. 2014): crops of pedestrians with labels, as clips of one frame.

    ROOT/[PETA dataset/]SOURCE/archive/Label.txt  ROOT/[PETA dataset/]SOURCE/archive/0001_1.bmp ...

A line of `Label.txt` is a key and labels. The key is a picture's name, or what stands before the first `_` in the names of
a person's pictures. A condensed form is read, too:

    ROOT/train.jsonl  ROOT/val.jsonl  ROOT/images/NAME.jpg

with one JSON object a picture: `file`, `source`, `person` and `labels`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smot_vlm.data.bensmot import SPLITS, BenSmotSequence
from smot_vlm.data.condensed import condensed_splits, file_inside
from smot_vlm.data.frames import DEFAULT_FPS, FrameFile, image_size
from smot_vlm.formats.flaws import read_text, split_lines
from smot_vlm.formats.json_lines import read_json_lines
from smot_vlm.formats.losses import Loss
from smot_vlm.formats.sequence_files import IMAGE_SUFFIXES
from smot_vlm.language.pedestrian_labels import caption_of_facts, facts_of_labels
from smot_vlm.language.people_facts_file import PeopleFacts
from smot_vlm.structures import Trajectory

SCENARIO = "peta"
LABELS_FILE = "archive/Label.txt"
# Of PETA's cameras the one whose people all walk: a pedestrian street.
WALKING_SOURCES = frozenset({"TownCentre"})


@dataclass(frozen=True)
class Crop:
    """One picture of one person.

    Attributes:
        name: of the sequence, without scenario.
        image: its file.
        source: PETA's name of the camera set.
        labels: of the person.
    """

    name: str
    image: Path
    source: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class _Line:
    file: str
    source: str
    person: str
    labels: tuple[str, ...]


class CropClips:
    """The crops as clips of one frame whose box is the whole picture.

    Args:
        crops: of one split.
    """

    def __init__(self, crops: Sequence[Crop]) -> None:
        self._crops = crops

    def __len__(self) -> int:
        return len(self._crops)

    def read(self, index: int) -> tuple[BenSmotSequence, tuple[Loss, ...]]:
        """Read one crop.

        Args:
            index: of the crop.

        Returns:
            The clip; nothing is lost.

        Raises:
            ValueError: not an image.
        """
        crop = self._crops[index]
        width, height = size = image_size(crop.image)
        facts = facts_of_labels(crop.labels, crop.source in WALKING_SOURCES)
        caption = caption_of_facts(facts)
        track = Trajectory(1, np.zeros(1), np.array([[0, 0, width, height]]), np.ones(1), caption)
        sequence = BenSmotSequence(
            name=f"{SCENARIO}/{crop.name}",
            folder=crop.image.parent,
            frames=(FrameFile(0, crop.image),),
            size=size,
            tracks=(track,),
            names=(f"{facts.kinds[0] if len(facts.kinds) == 1 else 'person'}0",),
            interactions=(),
            caption=caption,
            fps=DEFAULT_FPS,
            people=PeopleFacts({1: facts}, all_interactions=True),
        )
        return sequence, ()


def list_crops(source: Path) -> tuple[list[tuple[str, list[Crop]]], tuple[Loss, ...]]:
    """List the crops of each split, in either form; the original has one, `train`.

    Args:
        source: root of the set.

    Returns:
        (split, crops) pairs, and what was left out, of the kinds missing-image, no-label, label-twice.

    Raises:
        FileNotFoundError: no such folder, or no Label.txt.
        ValueError: a file that cannot be read, or a line of the condensed form that is wrong.
    """
    losses: list[Loss] = []
    condensed = condensed_splits(source, "images")
    if condensed:
        return [(split, _condensed(path, source / "images", losses)) for split, path in condensed], tuple(losses)
    if not source.is_dir():
        raise FileNotFoundError(f"{source}: no such folder; give the root of the set")
    files = sorted(source.glob(f"*/{LABELS_FILE}")) or sorted(source.glob(f"*/*/{LABELS_FILE}"))
    if not files:
        raise FileNotFoundError(f"{source}: no SOURCE/{LABELS_FILE}; see the layout of PETA")
    return [(SPLITS[0], [crop for path in files for crop in _original(path, losses)])], tuple(losses)


def _condensed(path: Path, images: Path, losses: list[Loss]) -> list[Crop]:
    crops = []
    for line in read_json_lines(path, _Line):
        image = file_inside(images, line.file, path)
        if image.is_file():
            crops.append(Crop(image.stem, image, line.source, line.labels))
        else:
            losses.append(Loss("missing-image", f"{image}: no such picture; left out"))
    return crops


def _original(path: Path, losses: list[Loss]) -> list[Crop]:
    labels = _read_labels(path, losses)
    source = path.parent.parent.name
    images = sorted(image for image in path.parent.iterdir() if image.suffix.lower() in IMAGE_SUFFIXES)
    crops, used, unlabelled = [], set(), []
    for image in images:
        key = next((key for key in (image.name, image.stem, image.stem.split("_")[0]) if key in labels), None)
        if key is None:
            unlabelled.append(image.name)
            continue
        used.add(key)
        crops.append(Crop(f"{source}_{image.stem}", image, source, labels[key]))
    if unlabelled:
        message = f"{path}: no labels of {len(unlabelled)} pictures, the first {unlabelled[0]}; left out"
        losses.append(Loss("no-label", message, len(unlabelled)))
    unseen = [key for key in labels if key not in used]
    if unseen:
        message = f"{path}: no picture of {len(unseen)} labelled people, the first {unseen[0][:60]!r}; left out"
        losses.append(Loss("missing-image", message, len(unseen)))
    return crops


def _read_labels(path: Path, losses: list[Loss]) -> dict[str, tuple[str, ...]]:
    labels: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(split_lines(read_text(path)), start=1):
        key, *words = line.split() or [""]
        if not key:
            continue
        if key in labels:
            losses.append(Loss("label-twice", f"{path}:{number}: {key[:60]!r} is there twice; the first counts"))
        labels.setdefault(key, tuple(words))
    return labels
