"""Videos with true boxes, for judging associators: found in a folder, looked at once by a detector."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smot_vlm.config.schema import AssociationConfig
from smot_vlm.detection.detector import Detector
from smot_vlm.evaluation.frame_boxes import FrameBoxes, frame_boxes
from smot_vlm.formats.mot import MotRows
from smot_vlm.formats.mot_files import read_truth
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


def watch(folders: Sequence[Path | str], detector: Detector) -> Iterator[AnnotatedVideo]:
    """Find the people of every frame of every sequence.

    Args:
        folders: As for `find_sources`.
        detector: Looks at each frame once.

    Raises:
        FileNotFoundError: No sequence.
        ValueError: A gt.txt or a video that cannot be read.
    """
    for name, source, truth in find_sources(folders):
        with open_video(source) as reader:
            fps = reader.fps
            detections = tuple(detector.detect(frame.image) for frame in reader)
        yield AnnotatedVideo(name, source, fps, detections, read_truth(truth).rows)


def link_video(video: AnnotatedVideo, associator: str, config: AssociationConfig, stride: int) -> FrameBoxes:
    """Link a video's boxes and lay them out beside the true ones.

    Args:
        video: The video.
        associator: As for `build_associator`.
        config: Its settings.
        stride: Every stride-th frame is used.
    """
    linker = build_associator(associator, config, video.fps / stride)
    frames, ids, boxes = [], [], []
    with open_video(video.source, stride=stride) as reader:
        for place, frame in enumerate(reader):
            linked = linker.update(video.detections[frame.index], frame.image)
            assert linked.ids is not None
            frames.append(np.full(len(linked), place))
            ids.append(linked.ids)
            boxes.append(linked.boxes)
    rows = MotRows(np.concatenate(frames), np.concatenate(ids), np.concatenate(boxes), np.ones(sum(map(len, ids))))
    used = video.truth.select(video.truth.frames % stride == 0)
    truth = MotRows(used.frames // stride, used.ids, used.boxes, used.scores)
    return frame_boxes(truth, rows, len(frames))
