"""A short clip of a still: a camera pans and zooms slowly over it and shakes a little."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np

from smot_vlm.data.frames import FrameFile, MadeFrame
from smot_vlm.data.mot_challenge import cut_to_frame
from smot_vlm.formats.mot import MotRows
from smot_vlm.structures import Trajectory
from smot_vlm.video.images import read_image

# Share of the picture's sides that is seen at the two ends of the zoom; which comes first is drawn.
_WIDE = (0.95, 1.0)
_NARROW = (0.75, 0.9)
# Standard deviation of the shake, as a share of the picture's sides.
_SHAKE = 0.004
# A person of whom less is seen has no box in that frame.
LEAST_SEEN = 0.5


@dataclass(frozen=True)
class View:
    """The part of a picture that a frame shows, enlarged to the picture's size.

    Attributes:
        left: of the part, in pixels of the picture.
        top: the same.
        share: of the picture's sides.
    """

    left: float
    top: float
    share: float

    def picture(self, path: Path) -> np.ndarray:
        """Cut the part out of a picture.

        Args:
            path: of the picture.

        Returns:
            RGB uint8 of the picture's size.
        """
        image = read_image(path)
        height, width = image.shape[:2]
        # From the centres of the frame's pixels to those of the picture.
        shift = (self.share - 1) / 2
        matrix = np.array([[self.share, 0, self.left + shift], [0, self.share, self.top + shift]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen: np.ndarray = cv2.warpAffine(image, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return seen

    def move(self, boxes: np.ndarray) -> np.ndarray:
        """Move boxes from the picture into the frame.

        Args:
            boxes: float64 (n, 4) xyxy in pixels of the picture.

        Returns:
            The same in pixels of the frame; they may reach out of it.
        """
        moved: np.ndarray = (boxes - np.array([self.left, self.top] * 2)) / self.share
        return moved


def camera_path(name: str, size: tuple[int, int], frames: int, seed: int = 0) -> tuple[View, ...]:
    """The views of a clip. The same name and seed give the same.

    Args:
        name: of the picture.
        size: its (width, height) in pixels.
        frames: of the clip.
        seed: any from 0.

    Returns:
        One view a frame, all inside the picture.

    Raises:
        ValueError: less than one frame, or a negative seed.
    """
    if frames < 1 or seed < 0:
        raise ValueError(f"{frames} frames, seed {seed}; give at least one frame and a seed from 0")
    random = np.random.default_rng([seed, crc32(name.encode())])
    ends = [random.uniform(*_WIDE), random.uniform(*_NARROW)]
    if random.random() < 0.5:
        ends.reverse()
    progress = np.linspace(0, 1, frames)[:, None] if frames > 1 else np.zeros((1, 1))
    shares = ends[0] + (ends[1] - ends[0]) * progress
    # Where the view stands in the room that the zoom leaves it: 0 left or top, 1 right or bottom.
    start, end = random.uniform(0, 1, (2, 2))
    places = start + (end - start) * progress
    corners = places * (1 - shares) + random.normal(0, _SHAKE, (frames, 2))
    corners = np.clip(corners, 0, 1 - shares) * np.array(size)
    return tuple(View(float(x), float(y), float(share)) for (x, y), share in zip(corners, shares[:, 0], strict=True))


def filmed(path: Path, views: tuple[View, ...]) -> tuple[FrameFile, ...]:
    """The frames of a clip.

    Args:
        path: of the picture.
        views: one a frame.

    Returns:
        The frames, each made when it is read.
    """
    return tuple(MadeFrame(index, path, partial(view.picture, path)) for index, view in enumerate(views))


def follow(
    track_id: int, box: tuple[float, float, float, float], size: tuple[int, int], views: tuple[View, ...]
) -> Trajectory:
    """The track of a box under the camera.

    Args:
        track_id: of the track.
        box: xyxy in pixels of the picture.
        size: (width, height) of the picture in pixels.
        views: one a frame.

    Returns:
        The boxes, cut to the frame, where at least LEAST_SEEN of the area is seen; perhaps none.
    """
    boxes = np.concatenate([view.move(np.array([box])) for view in views])
    numbers = np.arange(len(views))
    rows = cut_to_frame(MotRows(numbers, np.full(len(views), track_id), boxes, np.ones(len(views))), size)
    seen = _areas(rows.boxes) >= LEAST_SEEN * _areas(boxes[rows.frames])
    return Trajectory(track_id, rows.frames[seen], rows.boxes[seen], rows.scores[seen])


def _areas(boxes: np.ndarray) -> np.ndarray:
    areas: np.ndarray = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return areas
