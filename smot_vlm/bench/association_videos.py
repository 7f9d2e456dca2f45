"""Videos of detections for the benchmark of association: recorded ones and drawn crowds, with who is who where known."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smot_vlm.formats.mot import MotRows
from smot_vlm.formats.mot_files import read_truth
from smot_vlm.structures import Detections

WIDTH, HEIGHT = 1920, 1080
# Frames of a drawn video: fewer of a great crowd, whose judging takes long.
FRAMES, FRAMES_OF_A_CROWD, CROWD = 150, 30, 500


@dataclass(frozen=True)
class DetectedVideo:
    """What a detector found, and what there was.

    Attributes:
        detections: Of each frame.
        truth: The people's boxes; None where nobody wrote them down.
    """

    detections: list[Detections]
    truth: MotRows | None = None


def recorded_detections(folder: Path) -> dict[str, DetectedVideo]:
    """Read the detections of every video in a folder, with the true boxes of a gt.txt beside them.

    The arrays are `frame` (n), counted from 1, `xyxy` (n, 4), `score` (n) and `num_frames`; files of several scenes are
    skipped.

    Args:
        folder: Holds a NAME/det.npz for each video.

    Returns:
        Videos by name, fewest boxes first.

    Raises:
        FileNotFoundError: No such file in `folder`.
        ValueError: A gt.txt with a row that cannot be a box.
    """
    videos = {}
    for path in sorted(Path(folder).glob("*/det.npz")):
        with np.load(path) as table:
            if "num_frames" not in table:
                continue
            frame, boxes, scores = table["frame"], table["xyxy"], table["score"]
            rows = [np.flatnonzero(frame == number) for number in range(1, int(table["num_frames"]) + 1)]
        truth = path.with_name("gt.txt")
        detections = [Detections(boxes[index], scores[index]) for index in rows]
        videos[path.parent.name] = DetectedVideo(detections, read_truth(truth).rows if truth.exists() else None)
    if not videos:
        raise FileNotFoundError(
            f"{folder}: no NAME/det.npz with recorded detections; leave the folder out to make some"
        )
    return dict(sorted(videos.items(), key=lambda item: boxes_a_frame(item[1].detections)))


def boxes_a_frame(detections: list[Detections]) -> float:
    """Their mean number.

    Args:
        detections: Of each frame.
    """
    return sum(map(len, detections)) / max(1, len(detections))


def synthetic_detections(people: int, *, frames: int = FRAMES, seed: int = 0) -> list[Detections]:
    """The detections of `synthetic_video`.

    Args:
        people: Their number in each frame.
        frames: Of the video.
        seed: The same seed gives the same video.
    """
    return synthetic_video(people, frames=frames, seed=seed).detections


def synthetic_video(people: int, *, frames: int | None = None, seed: int = 0) -> DetectedVideo:
    """Generate the detections of a crowd in 1920 x 1080 pixels: people enter, walk and leave.

    One detection in ten is missed, one in four has a score under 0.5, one in twenty is false. Rows are shuffled.

    Args:
        people: Their number in each frame.
        frames: Of the video; by default FRAMES, or FRAMES_OF_A_CROWD.
        seed: The same seed gives the same video.
    """
    if frames is None:
        frames = FRAMES if people < CROWD else FRAMES_OF_A_CROWD
    random = np.random.default_rng(seed)
    centers = random.uniform((0, 0), (WIDTH, HEIGHT), (people, 2))
    speeds = random.normal(0, 3, (people, 2))
    sizes = random.uniform((25, 60), (70, 200), (people, 2))
    ids, next_id = np.arange(1, people + 1), people + 1
    video, present, places = [], [], []
    for _ in range(frames):
        replaced = (random.random(people) < 0.01) | (np.abs(centers / (WIDTH, HEIGHT) - 0.5) > 0.55).any(axis=1)
        count = int(replaced.sum())
        centers[replaced] = random.uniform((0, 0), (WIDTH, HEIGHT), (count, 2))
        ids[replaced] = np.arange(next_id, next_id + count)
        next_id += count
        centers += speeds
        speeds += random.normal(0, 0.3, speeds.shape)
        present.append(ids.copy())
        places.append(np.concatenate([centers - sizes / 2, centers + sizes / 2], axis=1))
        video.append(_detected(random, centers, sizes))
    return DetectedVideo(video, tracks_as_rows(places, present))


def _detected(random: np.random.Generator, centers: np.ndarray, sizes: np.ndarray) -> Detections:
    """What a detector finds of people at their places."""
    seen = random.random(len(centers)) > 0.1
    false_boxes = random.uniform((0, 0), (WIDTH, HEIGHT), (random.binomial(len(centers), 0.05), 2))
    middle = np.concatenate([centers[seen] + random.normal(0, 1, (int(seen.sum()), 2)), false_boxes])
    extent = np.concatenate([sizes[seen], random.uniform((25, 60), (70, 200), (len(false_boxes), 2))])
    is_low = random.random(len(middle)) < 0.25
    scores = np.where(is_low, random.uniform(0.1, 0.5, len(middle)), random.uniform(0.6, 0.98, len(middle)))
    order = random.permutation(len(middle))
    boxes = np.concatenate([middle - extent / 2, middle + extent / 2], axis=1)
    return Detections(boxes[order], scores[order])


def tracks_as_rows(boxes: list[np.ndarray], ids: list[np.ndarray]) -> MotRows:
    """The tracks of a video as rows.

    Args:
        boxes: (n, 4) xyxy of each frame.
        ids: (n) of each frame.
    """
    counts = [len(entry) for entry in ids]
    frames = np.repeat(np.arange(len(ids)), counts)
    joined = np.concatenate(ids).astype(np.int64)
    return MotRows(frames, joined, np.concatenate(boxes).astype(np.float64).reshape(-1, 4), np.ones(len(frames)))
