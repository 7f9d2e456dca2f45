"""Association for sparse video, a few frames a second, such as BenSMOT's: between two frames people leave their boxes.

BYTE asks that boxes overlap and believes its filter more than the detector; both fit 30 frames a second. Here a track
takes the box that it can have walked to, that has its size and that wears its colours, in BYTE's two rounds: boxes of
high score first, then those of low score for tracks that were seen just before. What comes out are the detector's boxes.
"""

import numpy as np

from smot_vlm.association.assignment import assign
from smot_vlm.association.boxes import checked_boxes
from smot_vlm.association.colours import ClothingColours
from smot_vlm.association.reid import Appearance
from smot_vlm.association.settings import buffer_in_frames, check_fraction, check_order
from smot_vlm.structures import Detections

# Share of the newest look in what a track looks like, and of the newest step in its velocity.
FRESH_LOOK = 0.1
FRESH_VELOCITY = 0.6
# A velocity is believed for so long, in seconds: then people have turned.
BELIEF_SECONDS = 1.0
# What the three differences of a pair weigh; each is 1 at its limit, and a pair with one beyond it is none. In half a
# second people cross, but nobody changes clothes.
MOTION, SIZE, LOOKS = 0.3, 0.1, 0.6
# Boxes of low score are cut and blurred: their colours and sizes say less, so they must lie nearer.
LOW_REACH = 0.5


class Sparse:
    """Links the boxes of each frame into tracks by where people can have gone, their size and their clothes.

    Not to be confused with `smot_vlm.Tracker`, which describes a whole video: this only says which box is whose.

    high_score, low_score, new_track_score: as Byte's. A new track is shown at once.
    reach, speed: how far from its predicted place a track is looked for, in heights of the person: `reach`, and `speed`
    more for each second without it, to `farthest` at most.
    size_ratio: the greatest ratio of two heights in a row. colours: the greatest distance (1 - cosine) of looks; only
    asked where images are given.
    appearance: turns an image and boxes into unit vectors; by default the clothes' colours.
    buffer_seconds, fps: how long a lost track can be found again.

    Raises:
        ValueError: a setting out of its range.
    """

    def __init__(
        self,
        *,
        high_score: float = 0.5,
        low_score: float = 0.1,
        new_track_score: float = 0.6,
        reach: float = 0.5,
        speed: float = 1.2,
        farthest: float = 3.0,
        size_ratio: float = 1.8,
        colours: float = 0.5,
        appearance: Appearance | None = None,
        buffer_seconds: float = 5.0,
        fps: float = 2.0,
    ) -> None:
        check_fraction("new_track_score", new_track_score)
        check_order("low_score", low_score, "high_score", high_score)
        check_fraction("colours", colours)
        for name, value in (("reach", reach), ("speed", speed), ("farthest", farthest)):
            if not value > 0:
                raise ValueError(f"{name} is {value}; give heights of a person, above 0")
        if not size_ratio > 1:
            raise ValueError(f"size_ratio is {size_ratio}; give a number above 1")
        self._high_score, self._low_score, self._new_track_score = (
            np.float32(score) for score in (high_score, low_score, new_track_score)
        )
        self._reach, self._speed, self._farthest = reach, speed, farthest
        self._log_ratio, self._colours = np.log(size_ratio), colours
        self._appearance = ClothingColours() if appearance is None else appearance
        self._fps = fps
        self._buffer_frames = buffer_in_frames(buffer_seconds, fps)
        self.reset()

    def reset(self) -> None:
        """Forget every track; the next frame is the first one, and ids start at 1 again."""
        self._frame = 0
        self._next_id = 1
        self._ids = np.zeros(0, dtype=np.int64)
        self._last_frames = np.zeros(0, dtype=np.int64)
        self._boxes = np.zeros((0, 4))
        self._velocities = np.zeros((0, 2))
        self._looks = np.zeros((0, 0), dtype=np.float32)

    def update(self, detections: Detections, image: np.ndarray | None = None) -> Detections:
        """Take in the boxes of the next frame, also where there are none, and give the tracks seen in it.

        Out come the detector's boxes and scores, ids, and `rows`, the positions of those boxes in `detections`. A box
        of no width or height belongs to no track. image: RGB uint8 (height, width, 3), the frame that the boxes are
        in; without it looks are not compared.

        Raises:
            ValueError: a coordinate or a score is not finite, or a box ends before it begins.
        """
        _, scores = checked_boxes(detections)
        self._frame += 1
        self._forget()
        boxes = detections.boxes
        solid = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        high = solid & (scores > self._high_score)
        low = solid & (scores > self._low_score) & (scores < self._high_score)
        used = high | low
        looks = np.zeros((len(boxes), 0), dtype=np.float32)
        if image is not None and used.any():
            found = self._appearance(image, boxes[used])
            looks = np.zeros((len(boxes), found.shape[1]), dtype=np.float32)
            looks[used] = found

        differences = self._differences(boxes, looks)
        row_of = np.full(len(self._ids), -1)
        _match(_gain(differences, 1.0), np.ones(len(self._ids), dtype=bool), high, row_of)
        if low.any():
            fresh = self._last_frames == self._frame - 1
            _match(_gain(differences, LOW_REACH), fresh & (row_of < 0), low, row_of)
        self._follow(row_of, boxes, looks)
        new = (high & (scores >= self._new_track_score)).nonzero()[0]
        self._open(new, boxes, looks)
        return self._output(np.concatenate((row_of, new)), detections)

    def _forget(self) -> None:
        """Drop tracks that were lost for too long."""
        kept = self._last_frames >= self._frame - 1 - self._buffer_frames
        self._ids, self._last_frames, self._boxes = self._ids[kept], self._last_frames[kept], self._boxes[kept]
        self._velocities, self._looks = self._velocities[kept], self._looks[kept]

    def _differences(self, boxes: np.ndarray, looks: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """How each track and each box differ, (tracks, boxes), 1 at the limit, and what it weighs: motion first."""
        seconds = (self._frame - self._last_frames) / self._fps
        heights, own = boxes[:, 3] - boxes[:, 1], self._boxes[:, 3] - self._boxes[:, 1]
        places = _centers(self._boxes) + self._velocities * np.minimum(seconds, BELIEF_SECONDS)[:, None]
        distance = np.linalg.norm(places[:, None] - _centers(boxes)[None], axis=2)
        size = (own[:, None] + heights[None]) / 2
        limit = np.minimum(self._reach + self._speed * seconds, self._farthest)
        with np.errstate(divide="ignore", invalid="ignore"):
            motion = distance / (size * limit[:, None])
            scale = np.abs(np.log(heights[None] / own[:, None])) / self._log_ratio
        differences = [(MOTION, motion), (SIZE, scale)]
        if looks.shape[1] and self._looks.shape[1]:
            differences.append((LOOKS, (1 - self._looks @ looks.T) / self._colours))
        return differences

    def _follow(self, row_of: np.ndarray, boxes: np.ndarray, looks: np.ndarray) -> None:
        """Take the new boxes into the tracks that were seen."""
        seen = (row_of >= 0).nonzero()[0]
        rows = row_of[seen]
        seconds = (self._frame - self._last_frames[seen]) / self._fps
        moved = (_centers(boxes[rows]) - _centers(self._boxes[seen])) / seconds[:, None]
        self._velocities[seen] += FRESH_VELOCITY * (moved - self._velocities[seen])
        self._boxes[seen] = boxes[rows]
        self._last_frames[seen] = self._frame
        if looks.shape[1] and self._looks.shape[1]:
            mixed = self._looks[seen] + FRESH_LOOK * (looks[rows] - self._looks[seen])
            self._looks[seen] = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12)

    def _open(self, new: np.ndarray, boxes: np.ndarray, looks: np.ndarray) -> None:
        """Start tracks at the boxes `new`."""
        self._ids = np.concatenate((self._ids, np.arange(self._next_id, self._next_id + len(new))))
        self._next_id += len(new)
        self._last_frames = np.concatenate((self._last_frames, np.full(len(new), self._frame)))
        self._boxes = np.concatenate((self._boxes, boxes[new]))
        self._velocities = np.concatenate((self._velocities, np.zeros((len(new), 2))))
        width = max(looks.shape[1], self._looks.shape[1])
        self._looks = np.concatenate((_widened(self._looks, width), _widened(looks[new], width)))

    def _output(self, row_of: np.ndarray, detections: Detections) -> Detections:
        shown = (row_of >= 0).nonzero()[0]
        rows = row_of[shown]
        return Detections(detections.boxes[rows], detections.scores[rows], self._ids[shown], rows)


def _gain(differences: list[tuple[float, np.ndarray]], reach: float) -> np.ndarray:
    """1 minus the weighted differences of each track and each box; -1 where they are no pair. reach: share of the motion
    that is allowed.
    """
    (weight, motion), *others = differences
    bounded = [(weight, motion / reach), *others]
    total = sum(weight for weight, _ in bounded)
    gain = 1 - sum(weight / total * np.nan_to_num(value, nan=np.inf) for weight, value in bounded)
    allowed = np.logical_and.reduce([value < 1 for _, value in bounded])
    return np.where(allowed, gain, -1.0)


def _match(gain: np.ndarray, open_tracks: np.ndarray, free_rows: np.ndarray, row_of: np.ndarray) -> None:
    """One round. Notes in `row_of` the box that a track takes, and in `free_rows` that it is taken."""
    tracks, rows = ((gain > 0) & open_tracks[:, None] & free_rows[None]).nonzero()
    if not len(tracks):
        return
    chosen = assign(tracks, rows, gain[tracks, rows])
    row_of[tracks[chosen]] = rows[chosen]
    free_rows[rows[chosen]] = False


def _centers(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _widened(looks: np.ndarray, width: int) -> np.ndarray:
    """Looks of so many numbers; tracks that were never seen in an image look like nothing."""
    return looks if looks.shape[1] == width else np.zeros((len(looks), width), dtype=np.float32)
