"""Read Flickr30k Entities (Plummer et al. 2015), whose pictures are those of Flickr30k or Flickr8k.

    ROOT/Annotations/NAME.xml  ROOT/Sentences/NAME.txt  ROOT/flickr30k-images/NAME.jpg  [ROOT/train.txt ...]

The pictures may be Flickr8k's (`Flicker8k_Dataset`); those without annotations are passed over. `train.txt`, `val.txt` and
`test.txt`, names one a line, are the splits; without them all is `train`. A condensed form is read, too:

    ROOT/train.jsonl  ROOT/val.jsonl  ROOT/images/NAME.jpg

with one JSON object a picture: `file`, `width`, `height`, `captions`, `tagged` (the sentences with marks), `people` (`id`,
`boxes` xyxy in pixels, `phrases`, `wears`) and `things` (`id`, `boxes`, `phrases`, `types`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

from smot_vlm.data.bensmot import SPLITS
from smot_vlm.data.condensed import condensed_splits, file_inside
from smot_vlm.data.stills import Still
from smot_vlm.formats.checked import Range
from smot_vlm.formats.entity_boxes import read_entity_boxes
from smot_vlm.formats.flaws import read_text, split_lines
from smot_vlm.formats.json_lines import read_json_lines
from smot_vlm.formats.losses import Loss

IMAGE_FOLDERS = ("flickr30k-images", "flickr30k_images", "Flicker8k_Dataset", "Flickr8k_Dataset", "images")

Number = Annotated[int, Range(0, 10**9)]
Coordinate = Annotated[float, Range(-(10**6), 10**6)]
BoxEntry = tuple[Coordinate, Coordinate, Coordinate, Coordinate]
StillReaders = list[tuple[str, list[Callable[[], Still]]]]


@dataclass(frozen=True)
class _Person:
    id: Number
    boxes: tuple[BoxEntry, ...]
    phrases: tuple[tuple[int, str], ...]
    wears: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for left, top, right, bottom in self.boxes:
            if right <= left or bottom <= top:
                raise ValueError(f"the box {left},{top},{right},{bottom} has no area; give left, top, right, bottom")


@dataclass(frozen=True)
class _Thing:
    id: Number
    boxes: tuple[BoxEntry, ...]
    phrases: tuple[tuple[int, str], ...]
    types: tuple[str, ...]


@dataclass(frozen=True)
class _Picture:
    file: str
    width: Number
    height: Number
    captions: tuple[str, ...]
    tagged: tuple[str, ...]
    people: tuple[_Person, ...]
    things: tuple[_Thing, ...] = field(default=())


def list_stills(source: Path) -> tuple[StillReaders, tuple[Loss, ...]]:
    """List the stills of each split, in either form.

    Args:
        source: root of the set.

    Returns:
        (split, how to read each still) pairs, and what is not there, of the kind missing-image.

    Raises:
        FileNotFoundError: no such folder, or one of its folders is missing.
        ValueError: a line of the condensed form that is wrong, or a split that names a picture without annotation.
    """
    condensed = condensed_splits(source, "images")
    if condensed:
        return _condensed(condensed, source / "images")
    annotations, sentences = (_find_folder(source, (name,)) for name in ("Annotations", "Sentences"))
    images = _find_folder(source, IMAGE_FOLDERS)
    readers: StillReaders = []
    losses: list[Loss] = []
    for split, names in _splits(source, annotations):
        there = [name for name in names if (images / f"{name}.jpg").is_file()]
        if len(there) < len(names):
            missing = sorted(set(names) - set(there))
            message = (
                f"{images}: {len(missing)} of {len(names)} annotated pictures are not there, the first {missing[0]}.jpg"
            )
            losses.append(Loss("missing-image", message, len(missing)))
        make = partial(_read_original, annotations, sentences, images)
        readers.append((split, [partial(make, name) for name in there]))
    return readers, tuple(losses)


def _condensed(splits: list[tuple[str, Path]], images: Path) -> tuple[StillReaders, tuple[Loss, ...]]:
    readers: StillReaders = []
    losses: list[Loss] = []
    for split, path in splits:
        stills = []
        for picture in read_json_lines(path, _Picture):
            image = file_inside(images, picture.file, path)
            if image.is_file():
                stills.append(partial(_still_of_line, picture, image))
            else:
                losses.append(Loss("missing-image", f"{image}: no such picture; left out"))
        readers.append((split, list(stills)))
    return readers, tuple(losses)


def _still_of_line(picture: _Picture, image: Path) -> Still:
    things: tuple[_Person | _Thing, ...] = (*picture.people, *picture.things)
    return Still(
        image=image,
        sentences=picture.tagged,
        boxes={thing.id: thing.boxes for thing in things if thing.boxes},
        wears={person.id: person.wears for person in picture.people},
        size=(picture.width, picture.height),
    )


def _read_original(annotations: Path, sentences: Path, images: Path, name: str) -> Still:
    lines = split_lines(read_text(sentences / f"{name}.txt"))
    boxes = read_entity_boxes(annotations / f"{name}.xml")
    return Still(images / f"{name}.jpg", tuple(line.strip() for line in lines if line.strip()), boxes)


def _splits(source: Path, annotations: Path) -> list[tuple[str, list[str]]]:
    """Names of the pictures of each split."""
    every = sorted(path.stem for path in annotations.glob("*.xml"))
    files = [
        (split, path) for split in SPLITS for path in (source / f"{split}.txt", annotations.parent / f"{split}.txt")
    ]
    listed = {split: path for split, path in reversed(files) if path.is_file()}
    if not listed:
        return [(SPLITS[0], every)]
    known = set(every)
    splits = []
    for split in SPLITS:
        if split in listed:
            names = [name.strip() for name in split_lines(read_text(listed[split])) if name.strip()]
            unknown = [name for name in names if name not in known]
            if unknown:
                raise ValueError(f"{listed[split]}: no annotation of {unknown[0][:60]!r} in {annotations}")
            splits.append((split, names))
    return splits


def _find_folder(source: Path, names: tuple[str, ...]) -> Path:
    """A folder of one of these names, in the source or one level below."""
    if not source.is_dir():
        raise FileNotFoundError(f"{source}: no such folder; give the root of the set")
    places = [source, *sorted(path for path in source.iterdir() if path.is_dir())]
    for name in names:
        for place in places:
            if (place / name).is_dir():
                return place / name
    raise FileNotFoundError(f"{source}: no folder {' or '.join(names)}; see the layout of Flickr30k Entities")
