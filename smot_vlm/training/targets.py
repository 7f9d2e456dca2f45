"""Assigns predicted trajectories to ground-truth people by spatio-temporal IoU.

Association is discrete: no gradient passes through this module.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from smot_vlm.association.associators import Associator
from smot_vlm.association.trajectories import TrajectoryBuilder
from smot_vlm.detection.letterbox import Letterbox
from smot_vlm.evaluation.matching import match_one_to_one
from smot_vlm.models.smot import SmotModel
from smot_vlm.structures import Trajectory
from smot_vlm.training.examples import Example
from smot_vlm.verbs import verb

# Frames in one forward pass of the detector without gradient.
CHUNK_FRAMES = 16


@torch.no_grad()
def run_tracker(model: SmotModel, example: Example, open_associator: Callable[[float], Associator]) -> list[Trajectory]:
    """Detect and associate people in all frames of an example, with the detector in evaluation mode.

    Args:
        model: Its detector is used.
        example: To track people in.
        open_associator: Makes an associator for a frame rate.

    Returns:
        Trajectories, boxes in pixels of the original frames.
    """
    associator = open_associator(example.fps)
    # The images are the canvases, so boxes are associated in canvas pixels.
    height, width = example.canvases.shape[1:3]
    canvas = Letterbox((1.0, 1.0), (0.0, 0.0), width, height)
    builder = TrajectoryBuilder()
    training = model.detector.training
    model.detector.eval()
    for start in range(0, len(example.frames), CHUNK_FRAMES):
        canvases = example.canvases[start : start + CHUNK_FRAMES]
        images = to_images(canvases, model.device)
        found = model.detector.boxes(model.detector(images), [canvas] * len(canvases))
        numbers = example.frames[start : start + CHUNK_FRAMES].tolist()
        for frame, people, image in zip(numbers, found, canvases, strict=True):
            builder.add(frame, associator.update(people, image))
    model.detector.train(training)
    return [replace(track, boxes=example.placement.to_frame(track.boxes)) for track in builder.build()]


def assign_targets(
    truth: Sequence[Trajectory], found: Sequence[Trajectory], frames: np.ndarray, iou: float = 0.5
) -> list[Trajectory]:
    """Choose for each annotated person the trajectory whose features are trained on.

    This is the predicted trajectory, assigned one to one, if there is one with a box in `frames`; else the annotated
    one. So every annotated person is a target exactly once.

    Args:
        truth: Annotated trajectories.
        found: Predicted trajectories.
        frames: Numbers of the keyframes, ascending.
        iou: Lowest spatio-temporal IoU of an assignment.

    Returns:
        One trajectory per row of `truth`, with its id and caption; `frames` are positions among the keyframes.
    """
    by_id = {track.id: track for track in found}
    assigned = {true: by_id[own] for own, true in match_one_to_one(truth, found, iou).items()} if found else {}
    targets = []
    for track in truth:
        own = cut_to(assigned[track.id], frames) if track.id in assigned else None
        own = cut_to(track, frames) if own is None or not len(own.frames) else own
        targets.append(replace(own, id=track.id, caption=track.caption))
    return targets


def cut_to(track: Trajectory, frames: np.ndarray) -> Trajectory:
    """Restrict a track to some frames.

    Args:
        track: Its `frames` are frame numbers.
        frames: Frame numbers, ascending.

    Returns:
        The track, possibly empty, whose `frames` are positions in `frames`.
    """
    inside = np.isin(track.frames, frames)
    positions = np.searchsorted(frames, track.frames[inside])
    return replace(track, frames=positions, boxes=track.boxes[inside], scores=track.scores[inside])


def pair_labels(example: Example, verbs: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Multi-hot verb labels of all ordered pairs of people.

    Args:
        example: Its tracks and interactions are read.
        verbs: Number of classes.

    Returns:
        Pairs of positions in `example.tracks` (pairs, 2), and labels (pairs, verbs).
    """
    count = len(example.tracks)
    pairs = torch.tensor([(a, b) for a in range(count) for b in range(count) if a != b], dtype=torch.int64)
    pairs = pairs.reshape(-1, 2)
    labels = torch.zeros(count, count, verbs)
    place = {track.id: row for row, track in enumerate(example.tracks)}
    for edge in example.interactions:
        labels[place[edge.subject], place[edge.object], verb(edge.verb).id] = 1.0
    return pairs, labels[pairs[:, 0], pairs[:, 1]]


def to_images(canvases: np.ndarray, device: torch.device) -> torch.Tensor:
    """Convert canvases to the model's input.

    Args:
        canvases: uint8 RGB (frames, height, width, 3).
        device: To put them on.

    Returns:
        Float RGB in [0, 1] (frames, 3, height, width), channels last in memory.
    """
    return to_device(torch.from_numpy(canvases), device).permute(0, 3, 1, 2).float() / 255.0


def to_device(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Copy values of the host to a device; to a GPU from pinned memory, so that the host need not wait.

    Args:
        values: On the host.
        device: To put them on.

    Returns:
        The copy.
    """
    return values.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else values.to(device)
