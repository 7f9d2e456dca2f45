"""Ground-truth boxes with noise: the output of a mediocre detector, where none is at hand.

Some boxes are missed, the others are moved and resized a little and given a score; false positives are added. All of it follows from
the seed and the sequence's name.
"""

import zlib
from pathlib import Path

import numpy as np

from smot_vlm.data.bensmot import BenSmot, BenSmotSequence
from smot_vlm.data.dataset_writer import rows_of_tracks
from smot_vlm.formats.mot import MotRows, concatenate, format_mot
from smot_vlm.system.files import atomic_folder

MISSED = 0.1
# A low-score box (below 0.5) is less accurate, as the box of a half-hidden person is.
LOW_SCORE = 0.15
# Standard deviations of the centre and of the logarithm of width and height, over the box's size.
CENTRE_NOISE, SIZE_NOISE = 0.03, 0.05
# Mean number of false positives in a frame.
FALSE_POSITIVES = 0.3


def noisy_boxes(sequence: BenSmotSequence, seed: int) -> MotRows:
    """Ground-truth boxes as a noisy detector reports them.

    Args:
        sequence: with the ground truth.
        seed: of the noise, together with the sequence's name.

    Returns:
        Rows whose ids number the boxes of a frame.
    """
    random = np.random.default_rng([seed, zlib.crc32(sequence.name.encode())])
    truth = rows_of_tracks(sequence)
    truth = truth.select(random.random(len(truth)) >= MISSED)
    low = random.random(len(truth)) < LOW_SCORE
    boxes = _moved(truth.boxes, np.where(low, 2.0, 1.0)[:, None], random)
    scores = np.where(low, random.uniform(0.1, 0.5, len(truth)), random.uniform(0.6, 0.98, len(truth)))
    rows = concatenate([MotRows(truth.frames, truth.ids, boxes, scores), _false_positives(sequence, random)])
    order = np.lexsort((-rows.scores, rows.frames))
    first = np.searchsorted(rows.frames[order], rows.frames[order])
    return MotRows(rows.frames[order], 1 + np.arange(len(rows)) - first, rows.boxes[order], rows.scores[order])


def write_noisy_boxes(data: BenSmot, folder: Path, seed: int) -> None:
    """Write `folder`/SCENARIO/SEQUENCE.txt for every sequence with boxes; existing files are kept.

    Args:
        data: with the ground truth.
        folder: where to write.
        seed: of the noise.

    Raises:
        FileNotFoundError, ValueError: a sequence that cannot be read.
    """
    if folder.is_dir() and any(folder.iterdir()):
        return
    with atomic_folder(folder) as temporary:
        for sequence in data:
            path = temporary / f"{sequence.name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(format_mot(noisy_boxes(sequence, seed)), encoding="utf-8")


def _moved(boxes: np.ndarray, factor: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Boxes (n, 4) xyxy with noise of their own size times `factor` (n, 1)."""
    size = boxes[:, 2:] - boxes[:, :2]
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 + random.normal(0, CENTRE_NOISE, size.shape) * size * factor
    half = size / 2 * np.exp(random.normal(0, SIZE_NOISE, size.shape) * factor)
    return np.concatenate([centre - half, centre + half], axis=1)


def _false_positives(sequence: BenSmotSequence, random: np.random.Generator) -> MotRows:
    """Boxes of the size of some person, anywhere in a frame."""
    truth = rows_of_tracks(sequence)
    frames = np.array([frame.index for frame in sequence.frames], dtype=np.int64)
    frames = np.repeat(frames, random.poisson(FALSE_POSITIVES, len(frames)))
    if len(truth) == 0 or sequence.size is None:
        return truth.select(np.zeros(len(truth), dtype=bool))
    size = (truth.boxes[:, 2:] - truth.boxes[:, :2])[random.integers(len(truth), size=len(frames))]
    corner = random.uniform(0, 1, (len(frames), 2)) * np.maximum(np.array(sequence.size) - size, 1)
    scores = random.uniform(0.1, 0.7, len(frames))
    return MotRows(frames, np.zeros(len(frames), np.int64), np.concatenate([corner, corner + size], axis=1), scores)
