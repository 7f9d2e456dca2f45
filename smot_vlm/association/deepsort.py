"""DeepSORT (Wojke et al., Simple Online and Realtime Tracking with a Deep Association Metric, ICIP 2017).

Tracks are matched by appearance, within the reach of their motion; those seen last come first.
"""

import numpy as np

from smot_vlm.association.assignment import UNMATCHED, assign
from smot_vlm.association.boxes import checked_boxes, corners_to_xyah, overlapping_pairs, xyah_to_corners
from smot_vlm.association.kalman import VALUE, XYAH_FILTER
from smot_vlm.association.reid import AppearanceEncoder, Gallery, find_reid_model
from smot_vlm.association.settings import (
    DEFAULT_SETTINGS,
    TICKS,
    AssociationSettings,
    check_count,
    check_fraction,
    ticks,
)
from smot_vlm.structures import Detections

# Rows of the track table (int64), one column a track, oldest first. UNSEEN: ticks since the track was last seen.
# HITS: frames in which it was seen. SLOT: its place in the gallery.
ID, UNSEEN, HITS, SLOT = range(4)

# The 0.95 quantile of the chi-square distribution with four degrees of freedom, for x, y, ratio and height (eq. 2).
GATE = 9.4877


class DeepSort:
    """Links the boxes of each frame into tracks by DeepSORT.

    Only detections of high score are used. A confirmed track is kept for the settings' buffer.

    Args:
        settings: What all associators share.
        encoder: Embeds people; the re-identification model in this program's cache by default.
        appearance_distance: The greatest cosine distance between a box and the nearest embedding of a track (eq. 4);
            0.2 as in the released code.
        gallery: How many embeddings a track keeps: L_k of the paper.
        iou_cost: The greatest 1 - IoU in the last round, among tracks not yet confirmed and those seen one frame ago;
            0.7 as in the released code.
        min_hits: Frames in a row from the start after which a track is confirmed and shown; the paper's 3.

    Raises:
        ValueError: A setting is out of its range.
        FileNotFoundError: No encoder is given and the cache has none.
    """

    def __init__(
        self,
        settings: AssociationSettings = DEFAULT_SETTINGS,
        *,
        encoder: AppearanceEncoder | None = None,
        appearance_distance: float = 0.2,
        gallery: int = 100,
        iou_cost: float = 0.7,
        min_hits: int = 3,
    ) -> None:
        check_fraction("appearance_distance", appearance_distance)
        check_fraction("iou_cost", iou_cost)
        check_count("gallery", gallery, 1)
        check_count("min_hits", min_hits, 1)
        self._encoder = find_reid_model() if encoder is None else encoder
        self._settings = settings
        self._least_similarity = 1 - appearance_distance
        self._least_iou = 1 - iou_cost
        self._gallery_size = gallery
        self._min_hits = min_hits
        self.reset()

    def reset(self) -> None:
        """Forget every track; ids start at 1 again."""
        self._next_id = 1
        self._kalman_states = np.zeros((5, 4, 0))
        self._track_table = np.zeros((4, 0), dtype=np.int64)
        self._gallery = Gallery(self._gallery_size)

    def update(self, detections: Detections, image: np.ndarray | None = None, elapsed: float = 1.0) -> Detections:
        """Link the detections of the next frame; boxes come out filtered, `image` is needed where there are any."""
        corners, scores = checked_boxes(detections)
        used = self._settings.is_high(scores).nonzero()[0]
        corners = corners.take(used, axis=1)
        embeddings = self._embed(image, corners)
        measured = corners_to_xyah(corners)
        self._advance(ticks(elapsed))
        self._kalman_states = XYAH_FILTER.predict(self._kalman_states, elapsed)

        # The box that each track takes.
        box_of = UNMATCHED.repeat(self._track_table.shape[1])
        self._match_by_appearance(box_of, embeddings, measured)
        self._match_by_iou(box_of, corners, ticks(elapsed))
        self._update_seen(box_of, embeddings, measured)
        new = np.setdiff1d(np.arange(len(used)), box_of)
        kept = self._drop()
        self._start(new, embeddings, measured)
        return self._output(np.concatenate((box_of[kept], new)), used, detections.scores)

    def _advance(self, elapsed: int) -> None:
        """Go on by some ticks; where frames are missing, the tracks that this makes too old are forgotten."""
        self._track_table[UNSEEN] += elapsed
        if elapsed > TICKS:
            self._keep(self._track_table[UNSEEN] <= self._settings.buffer_ticks)

    def _embed(self, image: np.ndarray | None, corners: np.ndarray) -> np.ndarray:
        if corners.shape[1] == 0:
            return np.zeros((0, 0), dtype=np.float32)
        if image is None:
            raise ValueError("image is None; DeepSORT compares appearance, give the frame that the boxes are in")
        return self._encoder(image, corners.T)

    def _match_by_appearance(self, box_of: np.ndarray, embeddings: np.ndarray, measured: np.ndarray) -> None:
        """The matching cascade (listing 1): confirmed tracks by appearance, those seen last choose first."""
        confirmed = (self._track_table[HITS] >= self._min_hits).nonzero()[0]
        gain = self._gallery.similarity(self._track_table[SLOT, confirmed], embeddings) - self._least_similarity
        gain[self._motion_distance(confirmed, measured) > GATE] = 0
        ages = self._track_table[UNSEEN, confirmed]
        for age in np.unique(ages):
            rows = (ages == age).nonzero()[0]
            tracks, boxes = (gain[rows] > 0).nonzero()
            chosen = assign(tracks, boxes, gain[rows[tracks], boxes])
            box_of[confirmed[rows[tracks[chosen]]]] = boxes[chosen]
            gain[:, boxes[chosen]] = 0

    def _motion_distance(self, tracks: np.ndarray, measured: np.ndarray) -> np.ndarray:
        """The squared Mahalanobis distance (tracks, boxes) between predictions and boxes (eq. 1)."""
        mean, variance = XYAH_FILTER.expect(self._kalman_states.take(tracks, axis=2))
        result: np.ndarray = (np.square(measured[:, None, :] - mean[:, :, None]) / variance[:, :, None]).sum(axis=0)
        return result

    def _match_by_iou(self, box_of: np.ndarray, corners: np.ndarray, elapsed: int) -> None:
        """The last round: tracks not confirmed yet, and confirmed ones seen one frame ago, by overlap."""
        waiting = (self._track_table[HITS] < self._min_hits) | (self._track_table[UNSEEN] == elapsed)
        tracks = (waiting & (box_of == UNMATCHED)).nonzero()[0]
        boxes = np.setdiff1d(np.arange(corners.shape[1]), box_of)
        predicted = xyah_to_corners(self._kalman_states[VALUE].take(tracks, axis=1))
        rows, columns, iou = overlapping_pairs(predicted, corners.take(boxes, axis=1))
        useful = (iou > self._least_iou).nonzero()[0]
        rows, columns = rows[useful], columns[useful]
        chosen = assign(rows, columns, iou[useful] - self._least_iou)
        box_of[tracks[rows[chosen]]] = boxes[columns[chosen]]

    def _update_seen(self, box_of: np.ndarray, embeddings: np.ndarray, measured: np.ndarray) -> None:
        seen = (box_of != UNMATCHED).nonzero()[0]
        boxes = box_of[seen]
        states = self._kalman_states.take(seen, axis=2)
        XYAH_FILTER.correct(states, measured.take(boxes, axis=1))
        self._kalman_states[:, :, seen] = states
        self._track_table[UNSEEN, seen] = 0
        self._track_table[HITS, seen] += 1
        self._gallery.add(self._track_table[SLOT, seen], embeddings[boxes])

    def _drop(self) -> np.ndarray:
        """Drop tracks missed before they were confirmed, or for too long; return a mask of the others."""
        allowed = np.where(self._track_table[HITS] < self._min_hits, 0, self._settings.buffer_ticks)
        kept: np.ndarray = self._track_table[UNSEEN] <= allowed
        self._keep(kept)
        return kept

    def _keep(self, kept: np.ndarray) -> None:
        self._gallery.close(self._track_table[SLOT, ~kept])
        self._kalman_states, self._track_table = self._kalman_states[:, :, kept], self._track_table[:, kept]

    def _start(self, boxes: np.ndarray, embeddings: np.ndarray, measured: np.ndarray) -> None:
        if len(boxes) == 0:
            return
        table = np.zeros((4, len(boxes)), dtype=np.int64)
        table[ID] = np.arange(self._next_id, self._next_id + len(boxes))
        table[HITS] = 1
        table[SLOT] = self._gallery.open(embeddings[boxes])
        self._next_id += len(boxes)
        self._kalman_states = np.concatenate(
            (self._kalman_states, XYAH_FILTER.start(measured.take(boxes, axis=1))), axis=2
        )
        self._track_table = np.concatenate((self._track_table, table), axis=1)

    def _output(self, box_of: np.ndarray, used: np.ndarray, scores: np.ndarray) -> Detections:
        shown = ((box_of != UNMATCHED) & (self._track_table[HITS] >= self._min_hits)).nonzero()[0]
        rows = used[box_of[shown]]
        boxes = xyah_to_corners(self._kalman_states[VALUE].take(shown, axis=1)).T
        return Detections(boxes, scores[rows], self._track_table[ID, shown], rows)
