"""Videos with true boxes, for judging associators: found in a folder, looked at once by a detector."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from smot_vlm.association.associators import WITHOUT_IMAGES, name_at_rate
from smot_vlm.config.schema import AssociationConfig
from smot_vlm.detection.detector import Detector
from smot_vlm.evaluation.frame_boxes import FrameBoxes, frame_boxes
from smot_vlm.formats.mot import MotRows
from smot_vlm.formats.mot_files import read_truth
from smot_vlm.models.base import SmotModelBase
from smot_vlm.models.build import build_associator
from smot_vlm.structures import Detections
from smot_vlm.video.reader import open_video

# Folders of a sequence's pictures, in MOTChallenge's layout and in BenSMOT's.
IMAGE_FOLDERS = ("img1", "imgs")
VIDEO_ENDINGS = (".mp4", ".webm", ".avi", ".mkv", ".mov")


@dataclass(frozen=True)
class AnnotatedVideo:
    """A video, what was found in it, and what there is.

    Attributes:
        name: Of its folder.
        source: A video file or a folder of pictures.
        fps: Frames a second.
        detections: Of each frame.
        truth: Boxes and ids of the people.
    """

    name: str
    source: Path
    fps: float
    detections: tuple[Detections, ...]
    truth: MotRows

    def stride_for(self, rate: float) -> int | None:
        """Every how many frames come nearest to a rate.

        Args:
            rate: Frames a second.

        Returns:
            At least 1, or None where the video has fewer frames a second than asked for.
        """
        return None if rate > 1.1 * self.fps else max(1, round(self.fps / rate))


def find_sources(folders: Sequence[Path | str]) -> list[tuple[str, Path, Path]]:
    """Every sequence at or below some folders: one with gt/gt.txt and, beside it, pictures or a video.

    Args:
        folders: Of MOTChallenge's layout or BenSMOT's.

    Returns:
        Name, source and gt.txt of each.

    Raises:
        FileNotFoundError: There is none.
    """
    found = []
    for folder in folders:
        for truth in sorted(Path(folder).glob("**/gt/gt.txt")):
            home = truth.parent.parent
            sources = [home / name for name in IMAGE_FOLDERS if (home / name).is_dir()]
            sources += [path for path in sorted(home.iterdir()) if path.suffix.lower() in VIDEO_ENDINGS]
            if sources:
                found.append((home.name, sources[0], truth))
    if not found:
        raise FileNotFoundError(
            f"{', '.join(map(str, folders))}: no sequence there; one has gt/gt.txt and, beside it, a folder "
            f"{' or '.join(IMAGE_FOLDERS)} or a video"
        )
    return found


class OwnDetector:
    """The detector of a model, for what it learned from.

    Args:
        model: In evaluation mode.
    """

    def __init__(self, model: SmotModelBase) -> None:
        model.check_detector()
        self._model = model

    def detect(self, image: np.ndarray) -> Detections:
        """The people of a picture.

        Args:
            image: RGB uint8 (height, width, 3).
        """
        with torch.inference_mode():
            encoded: Any = self._model.encode_frame(image)
            return self._model.detect(encoded)


@dataclass(frozen=True)
class Seen:
    """What a detector found in a video.

    Attributes:
        fps: Frames a second.
        detections: Of each frame; of one that cannot be read, none.
    """

    fps: float
    detections: tuple[Detections, ...]


def look(source: Path, detector: Detector) -> Seen:
    """Find the people of every frame of a video.

    Args:
        source: A video file or a folder of pictures.
        detector: Looks at each frame once.

    Raises:
        ValueError: A video that cannot be read.
    """
    with open_video(source) as reader:
        found = {frame.index: detector.detect(frame.image) for frame in reader}
        nothing = Detections(np.zeros((0, 4)), np.zeros(0))
        return Seen(reader.fps, tuple(found.get(index, nothing) for index in range(max(found) + 1)))


def watch(folders: Sequence[Path | str], look: Callable[[Path], Seen]) -> Iterator[AnnotatedVideo]:
    """Find the people of every frame of every sequence.

    Args:
        folders: As for `find_sources`.
        look: What is found in a source.

    Raises:
        FileNotFoundError: No sequence.
        ValueError: A gt.txt or a video that cannot be read.
    """
    for name, source, truth in find_sources(folders):
        seen = look(source)
        yield AnnotatedVideo(name, source, seen.fps, seen.detections, read_truth(truth).rows)


def link_video(
    video: AnnotatedVideo, associator: str, config: AssociationConfig, stride: int, seconds: list[float] | None = None
) -> FrameBoxes:
    """Link a video's boxes and lay them out beside the true ones.

    Args:
        video: The video.
        associator: As for `build_associator`.
        config: Its settings.
        stride: Every stride-th frame is used.
        seconds: Gets the processor's time of each frame, the decoding of its picture left out.
    """
    linker = build_associator(associator, config, video.fps / stride)
    looks = name_at_rate(associator, video.fps / stride) not in WITHOUT_IMAGES
    frames, ids, boxes = [], [], []
    for index, image in _frames(video, stride, looks):
        start = time.process_time()
        linked = linker.update(video.detections[index], image)
        if seconds is not None:
            seconds.append(time.process_time() - start)
        assert linked.ids is not None
        frames.append(np.full(len(linked), index // stride))
        ids.append(linked.ids)
        boxes.append(linked.boxes)
    rows = MotRows(np.concatenate(frames), np.concatenate(ids), np.concatenate(boxes), np.ones(sum(map(len, ids))))
    used = video.truth.select(video.truth.frames % stride == 0)
    truth = MotRows(used.frames // stride, used.ids, used.boxes, used.scores)
    return frame_boxes(truth, rows, -(-len(video.detections) // stride))


def _frames(video: AnnotatedVideo, stride: int, looks: bool) -> Iterable[tuple[int, np.ndarray | None]]:
    """Index and picture of every stride-th frame; nothing is decoded for who does not look."""
    if not looks:
        yield from ((index, None) for index in range(0, len(video.detections), stride))
        return
    with open_video(video.source, stride=stride) as reader:
        yield from ((frame.index, frame.image) for frame in reader)
