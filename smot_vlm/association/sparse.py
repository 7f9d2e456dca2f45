"""Association for sparse video, a few frames a second, such as BenSMOT's: between two frames people leave their boxes.

BYTE needs boxes that overlap and trusts its filter more than the detector; both suit 30 frames a second. Here a track
takes the box that the person can have walked to, of the same size and the same clothes, in BYTE's two rounds: boxes of
high score first, then those of low score for tracks that were seen in the frame before. Boxes come out as detected.
"""

import numpy as np

from smot_vlm.association.assignment import UNMATCHED, assign
from smot_vlm.association.boxes import checked_boxes
from smot_vlm.association.color_histogram import ColorHistogram
from smot_vlm.association.reid import AppearanceEncoder
from smot_vlm.association.settings import TICKS, AssociationSettings, check_fraction, ticks
from smot_vlm.structures import Detections

SPARSE_SETTINGS = AssociationSettings(buffer_seconds=5.0, fps=2.0)
# Share of the newest embedding in a track's own, and of the newest step in its velocity.
EMBEDDING_UPDATE = 0.1
VELOCITY_UPDATE = 0.6
# A velocity is extrapolated for so many seconds at most: by then people have turned.
EXTRAPOLATION_SECONDS = 1.0
# Weights of the three differences of a pair; each is 1 at its limit, and a pair with one beyond its limit is excluded.
# In half a second people cross, but nobody changes clothes.
MOTION, SIZE, APPEARANCE = 0.3, 0.1, 0.6
# Boxes of low score are cut and blurred: their colors and sizes say less, so they must be nearer.
LOW_REACH = 0.5


class Sparse:
    """Links the boxes of each frame into tracks by people's reach, size and clothes. A new track is shown at once.

    The defaults were chosen on 133 synthetic validation videos at 2 frames a second.

    Args:
        settings: What all associators share.
        reach: How far from its predicted place a track is searched for, in heights of the person.
        speed: How much further for each second in which it was not seen.
        farthest: The limit of both together.
        size_ratio: The greatest ratio of two heights in a row.
        appearance_distance: The greatest distance, 1 - cosine, of embeddings; only tested where images are given.
        encoder: Embeds people; by default by the colors of their clothes.

    Raises:
        ValueError: A setting is out of its range.
    """

    def __init__(
        self,
        settings: AssociationSettings = SPARSE_SETTINGS,
        *,
        reach: float = 0.5,
        speed: float = 1.2,
        farthest: float = 3.0,
        size_ratio: float = 1.8,
        appearance_distance: float = 0.5,
        encoder: AppearanceEncoder | None = None,
    ) -> None:
        check_fraction("appearance_distance", appearance_distance)
        for name, value in (("reach", reach), ("speed", speed), ("farthest", farthest)):
            if not value > 0:
                raise ValueError(f"{name} is {value}; give heights of a person, above 0")
        if not size_ratio > 1:
            raise ValueError(f"size_ratio is {size_ratio}; give a number above 1")
        self._settings = settings
        self._reach, self._speed, self._farthest = reach, speed, farthest
        self._log_ratio, self._appearance_distance = np.log(size_ratio), appearance_distance
        self._encoder = ColorHistogram() if encoder is None else encoder
        self.reset()

    def reset(self) -> None:
        """Forget every track; ids start at 1 again."""
        self._now = 0
        self._next_id = 1
        self._ids = np.zeros(0, dtype=np.int64)
        self._last_seen = np.zeros(0, dtype=np.int64)  # in ticks, as `_now`
        self._boxes = np.zeros((0, 4))
        self._velocities = np.zeros((0, 2))
        self._embeddings = np.zeros((0, 0), dtype=np.float32)

    def update(self, detections: Detections, image: np.ndarray | None = None, elapsed: float = 1.0) -> Detections:
        """Link the detections of the next frame; appearance is only compared where `image` is given."""
        _, scores = checked_boxes(detections)
        before = self._now
        self._now += ticks(elapsed)
        self._drop_lost(before)
        boxes = detections.boxes
        solid = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        high, low = solid & self._settings.is_high(scores), solid & self._settings.is_low(scores)
        embeddings = self._embed(image, boxes, high | low)

        differences = self._differences(boxes, embeddings)
        row_of = UNMATCHED.repeat(len(self._ids))
        _match(_gain(differences, 1.0), np.ones(len(self._ids), dtype=bool), high, row_of)
        if low.any():
            recent = self._last_seen == before
            _match(_gain(differences, LOW_REACH), recent & (row_of == UNMATCHED), low, row_of)
        self._update_seen(row_of, boxes, embeddings)
        new = (high & self._settings.starts_track(scores)).nonzero()[0]
        self._start(new, boxes, embeddings)
        return self._output(np.concatenate((row_of, new)), detections)

    def _embed(self, image: np.ndarray | None, boxes: np.ndarray, used: np.ndarray) -> np.ndarray:
        """Embeddings (boxes, dim), zero where not `used`; of no dimension where no image is given."""
        if image is None or not used.any():
            return np.zeros((len(boxes), 0), dtype=np.float32)
        found = self._encoder(image, boxes[used])
        embeddings = np.zeros((len(boxes), found.shape[1]), dtype=np.float32)
        embeddings[used] = found
        return embeddings

    def _drop_lost(self, before: int) -> None:
        """Drop tracks that were lost for too long `before` this frame; a longer step than one frame counts as well."""
        oldest = max(before, self._now - TICKS) - self._settings.buffer_ticks
        kept = self._last_seen >= oldest
        self._ids, self._last_seen, self._boxes = self._ids[kept], self._last_seen[kept], self._boxes[kept]
        self._velocities, self._embeddings = self._velocities[kept], self._embeddings[kept]

    def _differences(self, boxes: np.ndarray, embeddings: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """Weight of each difference and its values (tracks, boxes), 1 at the limit; motion first."""
        seconds = (self._now - self._last_seen) / (TICKS * self._settings.fps)
        heights, own = boxes[:, 3] - boxes[:, 1], self._boxes[:, 3] - self._boxes[:, 1]
        places = _centers(self._boxes) + self._velocities * np.minimum(seconds, EXTRAPOLATION_SECONDS)[:, None]
        distance = np.linalg.norm(places[:, None] - _centers(boxes)[None], axis=2)
        size = (own[:, None] + heights[None]) / 2
        limit = np.minimum(self._reach + self._speed * seconds, self._farthest)
        with np.errstate(divide="ignore", invalid="ignore"):
            motion = distance / (size * limit[:, None])
            scale = np.abs(np.log(heights[None] / own[:, None])) / self._log_ratio
        differences = [(MOTION, motion), (SIZE, scale)]
        if embeddings.shape[1] and self._embeddings.shape[1]:
            differences.append((APPEARANCE, (1 - self._embeddings @ embeddings.T) / self._appearance_distance))
        return differences

    def _update_seen(self, row_of: np.ndarray, boxes: np.ndarray, embeddings: np.ndarray) -> None:
        """Update the tracks that were seen."""
        seen = (row_of != UNMATCHED).nonzero()[0]
        rows = row_of[seen]
        seconds = (self._now - self._last_seen[seen]) / (TICKS * self._settings.fps)
        moved = (_centers(boxes[rows]) - _centers(self._boxes[seen])) / seconds[:, None]
        self._velocities[seen] += VELOCITY_UPDATE * (moved - self._velocities[seen])
        self._boxes[seen] = boxes[rows]
        self._last_seen[seen] = self._now
        if embeddings.shape[1] and self._embeddings.shape[1]:
            mixed = self._embeddings[seen] + EMBEDDING_UPDATE * (embeddings[rows] - self._embeddings[seen])
            self._embeddings[seen] = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12)

    def _start(self, new: np.ndarray, boxes: np.ndarray, embeddings: np.ndarray) -> None:
        """Start tracks at the boxes `new`."""
        self._ids = np.concatenate((self._ids, np.arange(self._next_id, self._next_id + len(new))))
        self._next_id += len(new)
        self._last_seen = np.concatenate((self._last_seen, np.full(len(new), self._now)))
        self._boxes = np.concatenate((self._boxes, boxes[new]))
        self._velocities = np.concatenate((self._velocities, np.zeros((len(new), 2))))
        dim = max(embeddings.shape[1], self._embeddings.shape[1])
        self._embeddings = np.concatenate((_of_dim(self._embeddings, dim), _of_dim(embeddings[new], dim)))

    def _output(self, row_of: np.ndarray, detections: Detections) -> Detections:
        shown = (row_of != UNMATCHED).nonzero()[0]
        rows = row_of[shown]
        return Detections(detections.boxes[rows], detections.scores[rows], self._ids[shown], rows)


def _gain(differences: list[tuple[float, np.ndarray]], reach: float) -> np.ndarray:
    """1 minus the weighted differences (tracks, boxes), -1 for excluded pairs; `reach` scales the motion allowed."""
    (weight, motion), *others = differences
    bounded = [(weight, motion / reach), *others]
    total = sum(weight for weight, _ in bounded)
    gain = 1 - sum(weight / total * np.nan_to_num(value, nan=np.inf) for weight, value in bounded)
    allowed = np.logical_and.reduce([value < 1 for _, value in bounded])
    return np.where(allowed, gain, -1.0)


def _match(gain: np.ndarray, open_tracks: np.ndarray, free_rows: np.ndarray, row_of: np.ndarray) -> None:
    """One round: writes the box of each matched track to `row_of` and clears it in `free_rows`."""
    tracks, rows = ((gain > 0) & open_tracks[:, None] & free_rows[None]).nonzero()
    if not len(tracks):
        return
    chosen = assign(tracks, rows, gain[tracks, rows])
    row_of[tracks[chosen]] = rows[chosen]
    free_rows[rows[chosen]] = False


def _centers(boxes: np.ndarray) -> np.ndarray:
    result: np.ndarray = (boxes[:, :2] + boxes[:, 2:]) / 2
    return result


def _of_dim(embeddings: np.ndarray, dim: int) -> np.ndarray:
    """Embeddings of `dim` numbers; those of tracks never seen in an image are zero."""
    return embeddings if embeddings.shape[1] == dim else np.zeros((len(embeddings), dim), dtype=np.float32)
