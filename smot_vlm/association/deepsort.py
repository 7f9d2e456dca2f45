"""DeepSORT (Wojke et al., Simple Online and Realtime Tracking with a Deep Association Metric, ICIP 2017).

Tracks are known by what they look like, as long as their motion allows the place; those seen last come first.
"""

import numpy as np

from smot_vlm.association.assignment import assign
from smot_vlm.association.boxes import checked_boxes, corners_to_xyah, meeting_pairs, xyah_to_corners
from smot_vlm.association.kalman import VALUE, XYAH_FILTER
from smot_vlm.association.reid import Appearance, Gallery
from smot_vlm.association.settings import buffer_in_frames, check_count, check_fraction
from smot_vlm.structures import Detections

# Rows of the table of whole numbers, one column a track, oldest first. MISSES: frames since the track was last seen.
# HITS: frames in which it was seen. SLOT: its place in the gallery.
ID, MISSES, HITS, SLOT = range(4)

# The 0.95 quantile of the chi-square distribution with four degrees of freedom, for x, y, ratio and height (eq. 2).
GATE = 9.4877

NOBODY = np.array(-1)


class DeepSort:
    """Links the boxes of each frame into tracks by DeepSORT.

    Not to be confused with `smot_vlm.Tracker`, which describes a whole video: this only says which box is whose.

    appearance: turns an image and boxes into unit vectors, for example OnnxAppearance(FILE).
    high_score: boxes above it are used, others are not.
    appearance_distance: the greatest cosine distance between a box and the nearest look of a track (eq. 4).
    gallery: how many looks a track keeps; the paper's 100.
    iou_cost: the greatest 1 - IoU in the last round, among tracks not yet confirmed and those seen one frame ago.
    min_hits: frames in a row from the start after which a track is confirmed and shown; the paper's 3.
    buffer_seconds, fps: how long a confirmed track is kept without being seen; one second is the paper's 30 frames.

    Raises:
        ValueError: a setting out of its range.
    """

    def __init__(
        self,
        appearance: Appearance,
        *,
        high_score: float = 0.5,
        appearance_distance: float = 0.2,
        gallery: int = 100,
        iou_cost: float = 0.7,
        min_hits: int = 3,
        buffer_seconds: float = 1.0,
        fps: float = 30.0,
    ) -> None:
        check_fraction("high_score", high_score)
        check_fraction("appearance_distance", appearance_distance)
        check_fraction("iou_cost", iou_cost)
        check_count("gallery", gallery, 1)
        check_count("min_hits", min_hits, 1)
        self._appearance = appearance
        self._high_score = np.array(high_score, dtype=np.float32)
        self._least_similarity = 1 - appearance_distance
        self._least_iou = 1 - iou_cost
        self._gallery_size = gallery
        self._min_hits = min_hits
        self._buffer_frames = buffer_in_frames(buffer_seconds, fps)
        self.reset()

    def reset(self) -> None:
        """Forget every track; the next frame is the first one, and ids start at 1 again."""
        self._next_id = 1
        self._beliefs = np.zeros((5, 4, 0))
        self._facts = np.zeros((4, 0), dtype=np.int64)
        self._gallery = Gallery(self._gallery_size)

    def update(self, detections: Detections, image: np.ndarray | None = None) -> Detections:
        """Take in the boxes of the next frame, also where there are none, and give the confirmed tracks seen in it.

        image: RGB uint8 (height, width, 3), the frame that the boxes are in.
        Out come filtered boxes, the scores of the boxes behind them, ids, and `rows`, the positions of those boxes in
        `detections`. A box of no width or height belongs to no track.

        Raises:
            ValueError: no image though there are boxes; a coordinate or a score is not finite, or a box ends before it
                begins.
        """
        corners, scores = checked_boxes(detections)
        fed = (scores > self._high_score).nonzero()[0]
        corners = corners.take(fed, axis=1)
        looks = self._looks(image, corners)
        measured = corners_to_xyah(corners)
        self._facts[MISSES] += 1
        self._beliefs = XYAH_FILTER.predict(self._beliefs)

        # The box that each track takes.
        box_of = NOBODY.repeat(self._facts.shape[1])
        self._match_by_looks(box_of, looks, measured)
        self._match_by_iou(box_of, corners)
        self._update_seen(box_of, looks, measured)
        new = np.setdiff1d(np.arange(len(fed)), box_of)
        kept = self._drop()
        self._start(new, looks, measured)
        return self._output(np.concatenate((box_of[kept], new)), fed, detections.scores)

    def _looks(self, image: np.ndarray | None, corners: np.ndarray) -> np.ndarray:
        if corners.shape[1] == 0:
            return np.zeros((0, 0), dtype=np.float32)
        if image is None:
            raise ValueError(
                "image is None; DeepSORT knows people by their looks, give the frame that the boxes are in"
            )
        return self._appearance(image, corners.T)

    def _match_by_looks(self, box_of: np.ndarray, looks: np.ndarray, measured: np.ndarray) -> None:
        """The matching cascade (listing 1): confirmed tracks by looks, those seen last choose first."""
        confirmed = (self._facts[HITS] >= self._min_hits).nonzero()[0]
        gain = self._gallery.similarity(self._facts[SLOT, confirmed], looks) - self._least_similarity
        gain[self._motion_distance(confirmed, measured) > GATE] = 0
        ages = self._facts[MISSES, confirmed]
        for age in np.unique(ages):
            rows = (ages == age).nonzero()[0]
            tracks, boxes = (gain[rows] > 0).nonzero()
            chosen = assign(tracks, boxes, gain[rows[tracks], boxes])
            box_of[confirmed[rows[tracks[chosen]]]] = boxes[chosen]
            gain[:, boxes[chosen]] = 0

    def _motion_distance(self, tracks: np.ndarray, measured: np.ndarray) -> np.ndarray:
        """The squared Mahalanobis distance (tracks, boxes) between predictions and boxes (eq. 1)."""
        mean, variance = XYAH_FILTER.expect(self._beliefs.take(tracks, axis=2))
        return (np.square(measured[:, None, :] - mean[:, :, None]) / variance[:, :, None]).sum(axis=0)

    def _match_by_iou(self, box_of: np.ndarray, corners: np.ndarray) -> None:
        """The last round: tracks not confirmed yet, and confirmed ones seen one frame ago, by overlap."""
        waiting = (self._facts[HITS] < self._min_hits) | (self._facts[MISSES] == 1)
        tracks = (waiting & (box_of == NOBODY)).nonzero()[0]
        boxes = np.setdiff1d(np.arange(corners.shape[1]), box_of)
        predicted = xyah_to_corners(self._beliefs[VALUE].take(tracks, axis=1))
        rows, columns, iou = meeting_pairs(predicted, corners.take(boxes, axis=1))
        useful = (iou > self._least_iou).nonzero()[0]
        rows, columns = rows[useful], columns[useful]
        chosen = assign(rows, columns, iou[useful] - self._least_iou)
        box_of[tracks[rows[chosen]]] = boxes[columns[chosen]]

    def _update_seen(self, box_of: np.ndarray, looks: np.ndarray, measured: np.ndarray) -> None:
        seen = (box_of != NOBODY).nonzero()[0]
        boxes = box_of[seen]
        beliefs = self._beliefs.take(seen, axis=2)
        XYAH_FILTER.correct(beliefs, measured.take(boxes, axis=1))
        self._beliefs[:, :, seen] = beliefs
        self._facts[MISSES, seen] = 0
        self._facts[HITS, seen] += 1
        self._gallery.add(self._facts[SLOT, seen], looks[boxes])

    def _drop(self) -> np.ndarray:
        """Let go of tracks missed before they were confirmed, or for too long; give a mask of the others."""
        patience = np.where(self._facts[HITS] < self._min_hits, 0, self._buffer_frames)
        kept = self._facts[MISSES] <= patience
        self._gallery.close(self._facts[SLOT, ~kept])
        self._beliefs, self._facts = self._beliefs[:, :, kept], self._facts[:, kept]
        return kept

    def _start(self, boxes: np.ndarray, looks: np.ndarray, measured: np.ndarray) -> None:
        if len(boxes) == 0:
            return
        facts = np.zeros((4, len(boxes)), dtype=np.int64)
        facts[ID] = np.arange(self._next_id, self._next_id + len(boxes))
        facts[HITS] = 1
        facts[SLOT] = self._gallery.open(looks[boxes])
        self._next_id += len(boxes)
        self._beliefs = np.concatenate((self._beliefs, XYAH_FILTER.start(measured.take(boxes, axis=1))), axis=2)
        self._facts = np.concatenate((self._facts, facts), axis=1)

    def _output(self, box_of: np.ndarray, fed: np.ndarray, scores: np.ndarray) -> Detections:
        shown = ((box_of != NOBODY) & (self._facts[HITS] >= self._min_hits)).nonzero()[0]
        rows = fed[box_of[shown]]
        boxes = xyah_to_corners(self._beliefs[VALUE].take(shown, axis=1)).T
        return Detections(boxes, scores[rows], self._facts[ID, shown], rows)
