"""Cuts each person out of the video in one pass over its frames: the best look, and small ones over time."""

import io
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from smot_vlm.structures import Description, Frame, Trajectory

CROP_HEIGHT, CROP_WIDTH = 320, 320
CROP_MARGIN = 0.06
JPEG_QUALITY = 85
# Small pictures of a person over time: their longer side, how many a person, and how many in all.
MOMENT_SIDE, MOST_MOMENTS, ALL_MOMENTS = 128, 6, 400
# Pictures of a page: hours of video have thousands of people.
MOST_CROPS = 300


@dataclass(frozen=True)
class Moment:
    """A small picture of a person.

    Attributes:
        frame_index: of its frame.
        jpeg: the file.
    """

    frame_index: int
    jpeg: bytes


class CropPicker:
    """Keeps one JPEG a track: from the frame with the largest score x area inside the picture x share inside.

    The best frame is known beforehand from the boxes. Until it comes the person's first frame takes its place, so a second
    pass that ends early still shows everybody who appeared. Of very many people the MOST_CROPS with most boxes get a picture.
    Small pictures show each person over time: the best of each of equal parts of the track, fewer a person where there are
    many people.

    Args:
        description: with the tracks.
    """

    def __init__(self, description: Description) -> None:
        self.jpegs: dict[int, bytes] = {}
        self.moments: dict[int, list[Moment]] = {}
        self._wanted: dict[int, list[tuple[int, np.ndarray]]] = {}
        self._wanted_moments: dict[int, list[tuple[int, np.ndarray]]] = {}
        parts = min(MOST_MOMENTS, ALL_MOMENTS // max(len(description.tracks), 1))
        by_length = sorted(description.tracks, key=len, reverse=True)
        for track in by_length[:MOST_CROPS]:
            quality = crop_quality(track, description.video.width, description.video.height)
            for row in sorted({0, int(np.argmax(quality))} if len(track) else ()):
                self._wanted.setdefault(int(track.frames[row]), []).append((track.id, track.boxes[row]))
            for rows in np.array_split(np.arange(len(track)), max(parts, 1)) if parts else ():
                if len(rows):
                    row = int(rows[np.argmax(quality[rows])])
                    self._wanted_moments.setdefault(int(track.frames[row]), []).append((track.id, track.boxes[row]))

    def add(self, frame: Frame) -> None:
        """Take the next frame; crops are cut only from the frames chosen.

        Args:
            frame: of the described video.
        """
        for track_id, box in self._wanted.get(frame.index, ()):
            crop = cut_crop(frame.image, box)
            if crop is not None:
                self.jpegs[track_id] = encode_jpeg(crop)
        for track_id, box in self._wanted_moments.get(frame.index, ()):
            crop = cut_crop(frame.image, box)
            if crop is not None:
                jpeg = encode_jpeg(shrink(crop, MOMENT_SIDE, MOMENT_SIDE))
                self.moments.setdefault(track_id, []).append(Moment(frame.index, jpeg))


def crop_quality(track: Trajectory, width: int, height: int) -> np.ndarray:
    """Score x area inside the picture x share of the box inside.

    Args:
        track: of one person.
        width: of the picture in pixels.
        height: of the picture in pixels.

    Returns:
        (n), one a box; 0 where the box is outside.
    """
    boxes = np.nan_to_num(track.boxes, posinf=0, neginf=0)
    inside = np.clip(boxes, 0, [width, height, width, height])
    area, inside_area = _areas(boxes), _areas(inside)
    result: np.ndarray = np.maximum(track.scores, 1e-6) * inside_area * inside_area / np.maximum(area, 1e-9)
    return result


def cut_crop(image: np.ndarray, box: np.ndarray) -> np.ndarray | None:
    """Cut out a person with a small margin.

    Args:
        image: RGB uint8.
        box: (4), xyxy pixels of `image`.

    Returns:
        The crop, at most 320 x 320; None where the box is outside.
    """
    if not np.isfinite(box).all():
        return None
    height, width = image.shape[:2]
    margin = CROP_MARGIN * max(box[2] - box[0], box[3] - box[1])
    limits = [width, height, width, height]
    if (np.clip(box, 0, limits)[:2] >= np.clip(box, 0, limits)[2:]).any():
        return None
    grown = np.clip(box + margin * np.array([-1, -1, 1, 1]), 0, limits)
    x1, y1 = np.floor(grown[:2]).astype(int)
    x2, y2 = np.ceil(grown[2:]).astype(int)
    return shrink(image[y1:y2, x1:x2], CROP_WIDTH, CROP_HEIGHT)


def shrink(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Make an image smaller, never larger, keeping its aspect ratio.

    Args:
        image: RGB uint8.
        width: at most, in pixels.
        height: at most, in pixels.

    Returns:
        The image.
    """
    scale = min(1.0, width / image.shape[1], height / image.shape[0])
    if scale == 1.0:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def encode_jpeg(image: np.ndarray) -> bytes:
    """Encode an image.

    Args:
        image: RGB uint8.

    Returns:
        A JPEG file.
    """
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _areas(boxes: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.maximum(boxes[:, 2:] - boxes[:, :2], 0).prod(axis=1)
    return result
