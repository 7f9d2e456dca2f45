"""Measures what a model learned from: statistics of its features on training sequences, see `Domain`."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch

from smot_vlm.data.sequences import AnnotatedSequence
from smot_vlm.models.domain import DIRECTIONS, Domain, FeatureDomain
from smot_vlm.models.smot import SmotModel
from smot_vlm.structures import Detections

FRAMES_OF_A_SEQUENCE = 6
# One sequence of so many is kept apart, for the limits.
HELD_OUT_EVERY = 4


@torch.inference_mode()
def measure_domain(model: SmotModel, sequences: Iterable[AnnotatedSequence]) -> Domain | None:
    """The domain of a trained model.

    Args:
        model: in evaluation mode.
        sequences: of its training, with true boxes; some 200 suffice.

    Returns:
        The domain; None where there are too few sequences or people to tell.
    """
    frames: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    people: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for index, sequence in enumerate(sequences):
        held_out = index % HELD_OUT_EVERY == 0
        statistics, tokens = _features(model, sequence)
        frames[held_out].append(statistics)
        people[held_out].extend(tokens)
    of_people, of_frames = (domain_of(*features) for features in (people, frames))
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


def _features(model: SmotModel, sequence: AnnotatedSequence) -> tuple[np.ndarray, list[np.ndarray]]:
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
    return np.stack(statistics), [person.float().cpu().numpy() for person in tokens]


def _people(sequence: AnnotatedSequence, positions: np.ndarray) -> Iterator[tuple[int, Detections]]:
    """True boxes at each position."""
    for position in positions.tolist():
        number = sequence.frame_numbers[position]
        rows = [(track, int(np.searchsorted(track.frames, number))) for track in sequence.tracks]
        there = [(track, row) for track, row in rows if row < len(track) and track.frames[row] == number]
        boxes = np.array([track.boxes[row] for track, row in there]).reshape(-1, 4)
        yield position, Detections(boxes, np.ones(len(there)), np.array([track.id for track, _ in there], dtype=int))
