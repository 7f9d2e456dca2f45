"""Boxes in few characters, for descriptions of hours: runs of frames, steps of boxes in tenths of a pixel, scores in hundredths.

A box takes about 14 characters in place of 65. Boxes come back to within half a unit (0.05 pixel), scores to within 0.005, and
what came back is written the same again.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from smot_vlm.formats.checked import Numbers, Range, record

BOX_UNIT, SCORE_UNIT = 0.1, 0.01
_FIELDS = ("frames", "boxes", "scores")
# A score beyond, which no detector gives, is kept as it is.
_MOST_SCORE = 2.0**40

Unit = Annotated[float, Range(0, 1, above=True)]
Frame = Annotated[int, Range(0, 2**31 - 1)]
Runs = Annotated[np.ndarray, Numbers(int, Range(1, 2**31 - 1), columns=2)]
Steps = Annotated[np.ndarray, Numbers(int, Range(-(10**11), 10**11))]
Whole = Annotated[np.ndarray, Numbers(int, Range(-(2**53), 2**53))]


@dataclass(frozen=True, eq=False)
class FrameRuns:
    """Frame numbers.

    Attributes:
        first: the first one.
        runs: (n, 2) rows of step and count.
    """

    first: Frame
    runs: Runs


@dataclass(frozen=True, eq=False)
class BoxSteps:
    """Boxes.

    Attributes:
        unit: pixels.
        steps: (4 n,) the first box and the change to each next one, in units.
    """

    unit: Unit
    steps: Steps


@dataclass(frozen=True, eq=False)
class WholeScores:
    """Scores.

    Attributes:
        unit: of a score.
        values: (n,) in units.
    """

    unit: Unit
    values: Whole


def compact(frames: np.ndarray, boxes: np.ndarray, scores: np.ndarray) -> dict[str, Any] | None:
    """The boxes of one track in few characters.

    Args:
        frames: int64 (n,), ascending.
        boxes: (n, 4) xyxy in pixels.
        scores: (n,).

    Returns:
        The three fields of a track; None where there is no box, or a score that is beyond all measure.
    """
    if not len(frames) or np.abs(scores).max() > _MOST_SCORE:
        return None
    steps = np.diff(frames)
    borders = np.flatnonzero(np.diff(steps)) + 1
    parts = np.split(steps, borders) if len(steps) else []
    whole = np.rint(boxes / BOX_UNIT).astype(np.int64)
    return {
        "frames": {"first": int(frames[0]), "runs": [[int(part[0]), len(part)] for part in parts]},
        "boxes": {"unit": BOX_UNIT, "steps": np.diff(whole, axis=0, prepend=0).ravel().tolist()},
        "scores": {"unit": SCORE_UNIT, "values": np.rint(scores / SCORE_UNIT).astype(np.int64).tolist()},
    }


def expanded(track: Any, place: str) -> Any:
    """The inverse of `compact`.

    Args:
        track: the object of a track in a description; one without compact fields, or no object, is left as it is.
        place: of the track in its document, for messages.

    Returns:
        The same with arrays in place of compact fields.

    Raises:
        ValueError: a field that is missing or wrong, or counts that differ.
    """
    if not isinstance(track, dict) or not any(isinstance(track.get(name), dict) for name in _FIELDS):
        return track
    plain = [name for name in _FIELDS if not isinstance(track.get(name), dict)]
    if plain:
        raise ValueError(
            f"{place}.{plain[0]} is no object and another of {', '.join(_FIELDS)} is; give all three or none"
        )
    runs = record(FrameRuns, track["frames"], f"{place}.frames")
    boxes = record(BoxSteps, track["boxes"], f"{place}.boxes")
    scores = record(WholeScores, track["scores"], f"{place}.scores")
    frames = 1 + sum(runs.runs[:, 1].tolist())
    counts = {"frames": frames, "boxes": len(boxes.steps) / 4, "scores": len(scores.values)}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count:.15g} {name}" for name, count in counts.items())
        raise ValueError(f"{place}: {told}; give one box (four steps) and one score a frame")
    last = runs.first + sum(step * count for step, count in runs.runs.tolist())
    if last > 2**31 - 1:
        raise ValueError(f"{place}.frames goes on to {last}; frame numbers are below 2**31")
    steps = np.repeat(runs.runs[:, 0], runs.runs[:, 1])
    corners = np.cumsum(boxes.steps.reshape(-1, 4), axis=0)
    return {
        **track,
        "frames": runs.first + np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(steps)]),
        "boxes": _in_units(corners, boxes.unit),
        "scores": _in_units(scores.values, scores.unit),
    }


def _in_units(values: np.ndarray, unit: float) -> np.ndarray:
    """Values times a unit, such as 0.3 rather than 0.30000000000000004."""
    per_one = round(1 / unit)
    result: np.ndarray = values / per_one if per_one * unit == 1 else values * unit
    return result
