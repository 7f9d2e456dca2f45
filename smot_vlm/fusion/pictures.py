"""Pictures kept of a video, for models that look at some: whole frames, crops of people over time, crops of close pairs.

All are small copies with the boxes beside them, unmarked: what is drawn depends on what is asked later.
"""

from copy import copy
from dataclasses import dataclass

import cv2
import numpy as np

from smot_vlm.association.proximity import center_distances
from smot_vlm.fusion.even_memory import EvenMemory
from smot_vlm.structures import Detections, Frame

# Share of a box's size that is shown around it on each side: what a person holds and whom they face.
MARGIN = 0.25
# Pieces smaller than this many pixels on a side show nothing.
SMALLEST_SIDE = 4


@dataclass(frozen=True, eq=False)
class Shot:
    """A frame or a crop of one.

    Attributes:
        image: RGB uint8 (height, width, 3), scaled down where it was large.
        ids: of the people in it (n,).
        boxes: theirs (n, 4), xyxy in pixels of `image`.
        seconds: since the video began.
    """

    image: np.ndarray
    ids: np.ndarray
    boxes: np.ndarray
    seconds: float = 0.0

    def box(self, track_id: int) -> np.ndarray:
        """The box of one person.

        Args:
            track_id: somebody in it.

        Returns:
            (4,) xyxy in pixels of `image`.
        """
        result: np.ndarray = self.boxes[self.ids == track_id][0]
        return result


class PictureMemory:
    """The pictures of one video, a bounded number of each kind.

    A track takes at most track_crops x crop_size^2 x 3 bytes.

    Args:
        scene_frames: whole frames, spread evenly over the video.
        track_crops: crops of each person, spread evenly over the trajectory.
        pairs: pairs of people whose closest crop is kept; where there are more, the pairs that come closest.
        frame_size: longest side of frames in pixels.
        crop_size: longest side of crops in pixels.
    """

    def __init__(
        self,
        *,
        scene_frames: int = 4,
        track_crops: int = 4,
        pairs: int = 0,
        frame_size: int = 512,
        crop_size: int = 384,
    ) -> None:
        self.scene: EvenMemory[Shot] = EvenMemory(scene_frames)
        self.tracks: dict[int, EvenMemory[Shot]] = {}
        self.pairs = ClosestCrops(pairs, crop_size)
        self._track_crops = track_crops
        self._frame_size = frame_size
        self._crop_size = crop_size

    def observe(self, frame: Frame, people: Detections, keyframe: bool) -> None:
        """Keep crops of people.

        Args:
            frame: the frame.
            people: whom to keep, with ids.
            keyframe: `people` is everybody; the frame and the pairs are kept too.
        """
        assert people.ids is not None, "people are observed by their ids"
        for track_id, box in zip(people.ids.tolist(), people.boxes, strict=True):
            shot = cut(frame.image, people, box, self._crop_size, seconds=frame.time_seconds)
            if shot is not None:
                self.tracks.setdefault(track_id, EvenMemory(self._track_crops)).add(shot)
        if keyframe:
            region, seconds = np.array([0, 0, frame.width, frame.height]), frame.time_seconds
            whole = cut(frame.image, people, region, self._frame_size, margin=0.0, seconds=seconds)
            if whole is not None:
                self.scene.add(whole)
            self.pairs.observe(frame, people)

    def snapshot(self) -> "PictureMemory":
        """The same pictures, whatever this one takes in later."""
        twin = copy(self)
        twin.scene = self.scene.snapshot()
        twin.tracks = {track_id: shots.snapshot() for track_id, shots in self.tracks.items()}
        twin.pairs = self.pairs.snapshot()
        return twin

    def person(self, track_id: int) -> list[Shot]:
        """Crops of one person.

        Args:
            track_id: whose.

        Returns:
            In order of time; none where they were never inside the picture.
        """
        return self.tracks[track_id].items if track_id in self.tracks else []

    def pair(self, first: int, second: int) -> list[Shot]:
        """The crop around two people when they were closest.

        Args:
            first: a track id.
            second: another one.

        Returns:
            Where that was not kept, the newest crop of each; nothing where one has none.
        """
        crop = self.pairs.closest_crop(first, second)
        if crop is not None:
            return [crop]
        pieces = [self.person(track_id)[-1:] for track_id in (first, second)]
        return [shot for piece in pieces for shot in piece] if all(pieces) else []


class ClosestCrops:
    """Of each pair the crop when they were closest, for the pairs that come closest of all.

    Args:
        capacity: pairs.
        size: longest side in pixels.
    """

    def __init__(self, capacity: int, size: int) -> None:
        self._capacity = capacity
        self._size = size
        self._gaps: dict[tuple[int, int], float] = {}
        self._crops: dict[tuple[int, int], Shot] = {}

    def observe(self, frame: Frame, people: Detections) -> None:
        """Keep the pairs that are closer than before.

        Args:
            frame: the frame.
            people: everybody in it, with ids.
        """
        if not self._capacity or len(people) < 2:
            return
        assert people.ids is not None, "people are observed by their ids"
        gaps = center_distances(people.boxes)
        first, second = np.triu_indices(len(people), k=1)
        for row in np.argsort(gaps[first, second], kind="stable")[: self._capacity]:
            one, other = first[row], second[row]
            pair = _key(int(people.ids[one]), int(people.ids[other]))
            gap = float(gaps[one, other])
            if self._has_room(pair, gap):
                self._keep(pair, gap, frame, people, people.boxes[[one, other]])

    def snapshot(self) -> "ClosestCrops":
        """The same crops, whatever this one takes in later."""
        twin = copy(self)
        twin._gaps, twin._crops = dict(self._gaps), dict(self._crops)
        return twin

    def closest_crop(self, first: int, second: int) -> Shot | None:
        """The part of the frame around both when they were closest.

        Args:
            first: a track id.
            second: another one.

        Returns:
            None where this pair was not kept.
        """
        return self._crops.get(_key(first, second))

    def _has_room(self, pair: tuple[int, int], gap: float) -> bool:
        """Whether `pair` is closer than it was, or than another pair that can be dropped for it."""
        if pair in self._gaps:
            return gap < self._gaps[pair]
        return len(self._gaps) < self._capacity or gap < max(self._gaps.values())

    def _keep(self, pair: tuple[int, int], gap: float, frame: Frame, people: Detections, boxes: np.ndarray) -> None:
        around = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
        shot = cut(frame.image, people, around, self._size, seconds=frame.time_seconds)
        if shot is None:
            return
        if pair not in self._gaps and len(self._gaps) == self._capacity:
            farthest = max(self._gaps, key=self._gaps.__getitem__)
            del self._gaps[farthest], self._crops[farthest]
        self._gaps[pair] = gap
        self._crops[pair] = shot


def cut(
    image: np.ndarray,
    people: Detections,
    region: np.ndarray,
    longest_side: int,
    margin: float = MARGIN,
    *,
    seconds: float = 0.0,
) -> Shot | None:
    """Crop a region with a margin.

    Args:
        image: RGB uint8 (height, width, 3).
        people: boxes in the image; those that reach into the crop come along.
        region: xyxy in pixels.
        longest_side: of the crop in pixels; larger ones are scaled down.
        margin: share of the region's width and height that is added on each side.
        seconds: of the frame, since the video began.

    Returns:
        A copy; None where too little of the region lies inside the image.
    """
    limits = np.array([image.shape[1], image.shape[0]] * 2)
    inside = np.clip(region, 0, limits)
    if not np.isfinite(region).all() or (inside[2:] - inside[:2] < SMALLEST_SIDE).any():
        return None
    space = margin * np.tile(region[2:] - region[:2], 2) * [-1, -1, 1, 1]
    x1, y1, x2, y2 = np.clip(np.round(region + space), 0, limits).astype(int)
    piece = image[y1:y2, x1:x2]
    scale = min(1.0, longest_side / max(piece.shape[:2]))
    size = (max(1, round(piece.shape[1] * scale)), max(1, round(piece.shape[0] * scale)))
    small = cv2.resize(piece, size, interpolation=cv2.INTER_AREA) if scale < 1 else piece.copy()
    shown = ((people.boxes[:, 2:] > [x1, y1]) & (people.boxes[:, :2] < [x2, y2])).all(axis=1)
    factors = np.tile([size[0] / (x2 - x1), size[1] / (y2 - y1)], 2)
    ids = people.ids if people.ids is not None else np.arange(len(people))
    return Shot(small, ids[shown], (people.boxes[shown] - [x1, y1, x1, y1]) * factors, seconds)


def _key(first: int, second: int) -> tuple[int, int]:
    return (min(first, second), max(first, second))
