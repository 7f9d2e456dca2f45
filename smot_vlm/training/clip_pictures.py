"""Described clips as pictures for experiment loggers: one frame with boxes and interactions, the captions beside it."""

from collections.abc import Sequence

import numpy as np
from accelerate import Accelerator

from smot_vlm.data.sequences import AnnotatedSequence
from smot_vlm.output.annotate import FramePainter
from smot_vlm.structures import Description


def clip_picture(sequence: AnnotatedSequence, said: Description) -> np.ndarray:
    """The frame with most people found, the middle one of several, painted.

    Args:
        sequence: That was described.
        said: Of it.

    Returns:
        RGB uint8 (height, width, 3).

    Raises:
        FileNotFoundError, ValueError: The frame cannot be read.
    """
    numbers = sequence.frame_numbers
    found = np.sum([np.isin(numbers, track.frames) for track in said.tracks], axis=0) * np.ones(len(numbers))
    fullest = np.flatnonzero(found == found.max())
    frame = sequence.read_frame(int(fullest[len(fullest) // 2]))
    return FramePainter(said, frame.width, frame.height).paint(frame.image, frame.index)


def log_pictures(accelerator: Accelerator, pictures: Sequence[tuple[str, np.ndarray]], step: int) -> None:
    """Give pictures to every experiment logger that runs.

    Args:
        accelerator: With its loggers.
        pictures: By name of the clip.
        step: Optimiser steps done.
    """
    for tracker in accelerator.trackers:
        options = {"dataformats": "NHWC"} if tracker.name == "tensorboard" else {}
        for name, picture in pictures:
            tracker.log_images({f"clips/{name}": picture[None]}, step=step, **options)
