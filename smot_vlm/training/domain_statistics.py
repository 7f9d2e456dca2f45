"""Measures what a model learned from: statistics of its features on training sequences, see `Domain`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from smot_vlm.data.sequences import AnnotatedSequence
from smot_vlm.language.fact_reader import read_facts
from smot_vlm.models.domain import DIRECTIONS, Domain, FeatureDomain
from smot_vlm.models.smot import SmotModel
from smot_vlm.structures import Detections

FRAMES_OF_A_SEQUENCE = 6
# One sequence of so many is kept apart, for the limits.
HELD_OUT_EVERY = 4


@dataclass(frozen=True, eq=False)
class SequenceLooks:
    """What a model sees in a few frames of one training sequence.

    Attributes:
        statistics: of each frame, (frames, features).
        people: tokens of each person, (frames, values) each.
        place: where it takes place, a key of SCENES; empty where its caption does not tell.
    """

    statistics: np.ndarray
    people: tuple[np.ndarray, ...]
    place: str


@torch.inference_mode()
def look_at(model: SmotModel, sequences: Iterable[AnnotatedSequence]) -> list[SequenceLooks]:
    """Look at training sequences with a trained model.

    Args:
        model: in evaluation mode.
        sequences: of its training, with true boxes; some 200 suffice.

    Returns:
        What was seen of each.
    """
    return [SequenceLooks(*_features(model, one), read_facts(one.caption).scene) for one in sequences]


def held_apart(looks: Sequence[SequenceLooks]) -> tuple[list[SequenceLooks], list[SequenceLooks]]:
    """Those to fit to, and those to calibrate on.

    Args:
        looks: of sequences, in any order.

    Returns:
        Both, a fourth of them in the second.
    """
    kept = [look for index, look in enumerate(looks) if index % HELD_OUT_EVERY]
    return kept, list(looks[::HELD_OUT_EVERY])


def measure_domain(looks: Sequence[SequenceLooks]) -> Domain | None:
    """The domain of a trained model.

    Args:
        looks: of `look_at`.

    Returns:
        The domain; None where there are too few sequences or people to tell.
    """
    known, held_out = held_apart(looks)
    of_frames = domain_of(*([look.statistics for look in part] for part in (known, held_out)))
    of_people = domain_of(*([one for look in part for one in look.people] for part in (known, held_out)))
    return None if of_people is None or of_frames is None else Domain(of_people, of_frames)


def domain_of(known: list[np.ndarray], held_out: list[np.ndarray]) -> FeatureDomain | None:
    """The domain of some features.

    Args:
        known: features of training videos or people, (looks, features) each.
        held_out: the same of others, for the limits.

    Returns:
        The domain; None where there are too few to tell.
    """
    if not held_out or sum(map(len, known)) <= 2 * DIRECTIONS:
        return None
    fitted = FeatureDomain.fit(np.concatenate(known))
    return fitted.calibrated([float(np.median(fitted.distances(one))) for one in held_out])


def _features(model: SmotModel, sequence: AnnotatedSequence) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Statistics of a few frames (frames, features), and tokens of each person in them, (frames, features) each."""
    positions = np.unique(np.linspace(0, len(sequence) - 1, FRAMES_OF_A_SEQUENCE).round().astype(int))
    memory = model.open_memory(per_second=1000.0, capacity=len(positions) + 1)
    statistics = []
    for position, people in _people(sequence, positions):
        frame = sequence.read_frame(position)
        encoded = model.encode_frame(frame.image)
        statistics.append(model.frame_statistics(encoded))
        model.observe(memory, frame, encoded, people, keyframe=True)
    tokens = [torch.stack([seen.tokens.flatten() for seen in kept.items]) for kept in memory.tracks.values()]
    return np.stack(statistics), tuple(person.float().cpu().numpy() for person in tokens)


def _people(sequence: AnnotatedSequence, positions: np.ndarray) -> Iterator[tuple[int, Detections]]:
    """True boxes at each position."""
    for position in positions.tolist():
        number = sequence.frame_numbers[position]
        rows = [(track, int(np.searchsorted(track.frames, number))) for track in sequence.tracks]
        there = [(track, row) for track, row in rows if row < len(track) and track.frames[row] == number]
        boxes = np.array([track.boxes[row] for track, row in there]).reshape(-1, 4)
        yield position, Detections(boxes, np.ones(len(there)), np.array([track.id for track, _ in there], dtype=int))
