"""People to learn from: crops of each, and what is said of them, read from data sets in BenSMOT's layout.

Crops are kept as JPEG: 20,000 people take 0.3 GB of memory, and decoding one takes half a millisecond.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from smot_vlm.appearance.crops import CONTEXT, crop_people
from smot_vlm.appearance.network import CROP_SIZE
from smot_vlm.config.people import PeopleSourceConfig
from smot_vlm.data.bensmot import BenSmot, BenSmotSequence
from smot_vlm.language.people_facts import PersonFacts

# Kept crops are larger than the network's by this factor on both sides: room for augmentation.
ROOM = 1.25
KEPT_SIZE = (round(CROP_SIZE[0] * ROOM), round(CROP_SIZE[1] * ROOM))
_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 95]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class LabelledPerson:
    """One person.

    Attributes:
        looks: JPEG of crops of KEPT_SIZE, at least one.
        facts: what is said of them.
    """

    looks: tuple[bytes, ...]
    facts: PersonFacts

    def crop(self, look: int) -> np.ndarray:
        """Decode a crop.

        Args:
            look: of `looks`.

        Returns:
            RGB uint8 (*KEPT_SIZE, 3).
        """
        decoded = cv2.imdecode(np.frombuffer(self.looks[look], np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None, "it was encoded here"
        return np.ascontiguousarray(decoded[:, :, ::-1])


@dataclass(frozen=True, eq=False)
class PeopleSource:
    """The people of one split of a data set.

    Attributes:
        name: of the source.
        weight: relative to other sources.
        people: in the order of the sequences and of their tracks.
        scenarios: of the sequences, which name the set that they come from.
    """

    name: str
    weight: float
    people: tuple[LabelledPerson, ...]
    scenarios: tuple[str, ...]


def read_source(settings: PeopleSourceConfig, split: str, looks: int, most: int | None = None) -> PeopleSource:
    """Read one split of a data set.

    Args:
        settings: of the source.
        split: of the data set.
        looks: most crops of a person.
        most: sequences to read, spread evenly over the split; None: all.

    Returns:
        Its people, those of whom nothing is said left out.

    Raises:
        FileNotFoundError: no such data set or split.
        ValueError: it holds nobody of whom something is said.
    """
    people: list[LabelledPerson] = []
    scenarios: dict[str, None] = {}
    sequences = BenSmot(settings.dataset, split)
    count = len(sequences) if most is None else min(most, len(sequences))
    for index in np.linspace(0, len(sequences) - 1, count).round().astype(int).tolist():
        sequence = sequences[index]
        found = list(_people(sequence, looks, settings.margin))
        people += found
        scenarios |= {sequence.scenario: None} if found else {}
    name = settings.name or Path(settings.dataset).name
    if not people:
        raise ValueError(
            f"{settings.dataset}: split {split!r} has no person with facts; give a set with people_facts.json, "
            "as `smot-vlm data convert --from flickr30k-entities` writes"
        )
    logger.info("%s %s: %d people", name, split, len(people))
    return PeopleSource(name, settings.weight, tuple(people), tuple(scenarios))


def some_people(people: Sequence[LabelledPerson], most: int, random: np.random.Generator) -> list[LabelledPerson]:
    """Some people at random.

    Args:
        people: of a source.
        most: how many, at most.
        random: chooses.

    Returns:
        In their order.
    """
    rows = random.choice(len(people), min(most, len(people)), replace=False)
    return [people[row] for row in sorted(rows.tolist())]


def center(crop: np.ndarray) -> np.ndarray:
    """What the network sees of a crop without augmentation, as `crop_people` gives it.

    Args:
        crop: (*KEPT_SIZE, 3).

    Returns:
        The middle, (*CROP_SIZE, 3).
    """
    top, left = ((kept - seen) // 2 for kept, seen in zip(KEPT_SIZE, CROP_SIZE, strict=True))
    return crop[top : top + CROP_SIZE[0], left : left + CROP_SIZE[1]]


def _people(sequence: BenSmotSequence, looks: int, margin: float) -> Iterator[LabelledPerson]:
    known = {} if sequence.people is None else sequence.people.people
    chosen: dict[int, list[tuple[int, np.ndarray]]] = {}
    rows = {number: position for position, number in enumerate(sequence.frame_numbers.tolist())}
    for track in sequence.tracks:
        seen = [row for row, frame in enumerate(track.frames.tolist()) if frame in rows]
        if known.get(track.id, PersonFacts()) == PersonFacts() or not seen:
            continue
        for row in dict.fromkeys(np.linspace(0, len(seen) - 1, min(looks, len(seen))).round().astype(int).tolist()):
            place = rows[int(track.frames[seen[row]])]
            chosen.setdefault(place, []).append((track.id, _inside(track.boxes[seen[row]], margin)))
    crops: dict[int, list[bytes]] = {}
    for position, wanted in sorted(chosen.items()):
        image = sequence.read_frame(position).image
        boxes = np.stack([box for _, box in wanted])
        for (track_id, _), crop in zip(wanted, _encoded(image, boxes), strict=True):
            crops.setdefault(track_id, []).append(crop)
    yield from (LabelledPerson(tuple(crops[track_id]), known[track_id]) for track_id in sorted(crops))


def _inside(box: np.ndarray, margin: float) -> np.ndarray:
    """A box without its margin."""
    shift = (box[2:] - box[:2]) * margin
    return np.concatenate([box[:2] + shift, box[2:] - shift])


def _encoded(image: np.ndarray, boxes: np.ndarray) -> Sequence[bytes]:
    crops = crop_people(image, boxes, size=KEPT_SIZE, context=CONTEXT * ROOM)
    return [cv2.imencode(".jpg", crop[:, :, ::-1], _QUALITY)[1].tobytes() for crop in crops]
