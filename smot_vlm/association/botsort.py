"""BoT-SORT (Aharon et al., Robust Associations Multi-Pedestrian Tracking, 2022): BYTE with eyes.

Three things are added to BYTE: predictions follow the camera's motion, the filter's state is width and height, and boxes
that overlap well are also judged by appearance, whichever of the two speaks more for the pair.
"""

import numpy as np

from smot_vlm.association.boxes import checked_boxes, corners_to_xywh, xywh_to_corners
from smot_vlm.association.byte import ID, Byte
from smot_vlm.association.camera_motion import STILL, CameraMotion
from smot_vlm.association.color_histogram import ColorHistogram
from smot_vlm.association.kalman import COVARIANCE, VALUE, VALUE_VARIANCE, VELOCITY, VELOCITY_VARIANCE, XYWH_FILTER
from smot_vlm.association.reid import AppearanceEncoder
from smot_vlm.association.settings import DEFAULT_SETTINGS, AssociationSettings, check_fraction, ticks
from smot_vlm.structures import Detections

# Share of the newest embedding in a track's own: 1 - alpha of the paper.
EMBEDDING_UPDATE = 0.1


class BotSort(Byte):
    """Links the boxes of each frame into tracks by BoT-SORT. Without images it is BYTE with another filter.

    Args:
        settings: What all associators share.
        encoder: Embeds people; by default by the colors of their clothes, `botsort:FILE` takes a re-identification model.
        appearance_distance: The greatest cosine distance at which appearance counts; 0.25 as in the paper.
        proximity: The least IoU at which it counts; 0.5 as in the paper.
        match_cost: Limit of the first round; the paper's 0.8.
        low_match_cost: Limit of the second round, for low scores.
        unconfirmed_match_cost: Limit of the last round, for tracks seen once.
        gate: As of `Byte`.
        camera: Whether the camera's motion is followed; a camera that stands needs it not.

    Raises:
        ValueError: A setting is out of its range.
    """

    _filter = XYWH_FILTER
    _kept_sides = (2, 3)

    def __init__(
        self,
        settings: AssociationSettings = DEFAULT_SETTINGS,
        *,
        encoder: AppearanceEncoder | None = None,
        appearance_distance: float = 0.25,
        proximity: float = 0.5,
        match_cost: float = 0.8,
        low_match_cost: float = 0.5,
        unconfirmed_match_cost: float = 0.7,
        gate: float | None = None,
        camera: bool = True,
    ) -> None:
        check_fraction("appearance_distance", appearance_distance)
        check_fraction("proximity", proximity)
        self._encoder = ColorHistogram() if encoder is None else encoder
        self._appearance_distance, self._proximity = appearance_distance, proximity
        self._follows_camera = camera
        super().__init__(
            settings,
            match_cost=match_cost,
            low_match_cost=low_match_cost,
            unconfirmed_match_cost=unconfirmed_match_cost,
            gate=gate,
            compiled=False,
        )

    def reset(self) -> None:
        """Forget every track; ids start at 1 again."""
        super().reset()
        self._camera = CameraMotion()
        self._motion = STILL
        self._embedding_of: dict[int, np.ndarray] = {}
        self._found: dict[int, np.ndarray] = {}

    def update(self, detections: Detections, image: np.ndarray | None = None, elapsed: float = 1.0) -> Detections:
        """Link the detections of the next frame; the camera and appearance only count where `image` is given."""
        _, scores = checked_boxes(detections)
        ticks(elapsed)
        self._motion, self._found = STILL, {}
        if image is not None:
            high = self._settings.is_high(scores).nonzero()[0]
            if self._follows_camera:
                self._motion = self._camera.follow(image, detections.boxes[high])
            if len(high):
                embeddings = self._encoder(image, detections.boxes[high])
                self._found = dict(zip(high.tolist(), embeddings, strict=True))
        return self._link(detections, elapsed)

    @staticmethod
    def _to_state(corners: np.ndarray) -> np.ndarray:
        return corners_to_xywh(corners)

    @staticmethod
    def _to_corners(state: np.ndarray) -> np.ndarray:
        return xywh_to_corners(state)

    def _predict(self, pool: slice | np.ndarray, elapsed: float) -> None:
        super()._predict(pool, elapsed)
        if self._motion is not STILL:
            self._kalman_states = moved_by_camera(self._kalman_states, self._motion)

    def _similarity(self, tracks: np.ndarray, rows: np.ndarray, iou: np.ndarray, scores: np.ndarray) -> np.ndarray:
        similarity = super()._similarity(tracks, rows, iou, scores)
        ids = self._track_table[ID]
        for pair in (iou > self._proximity).nonzero()[0].tolist():
            known = self._embedding_of.get(int(ids[tracks[pair]]))
            found = self._found.get(int(rows[pair]))
            if known is not None and found is not None:
                distance = 1.0 - float(known @ found)
                if distance < self._appearance_distance:
                    similarity[pair] = max(similarity[pair], 1.0 - 0.5 * distance)
        return similarity

    def _arrange(self, row_of: np.ndarray, new_rows: np.ndarray, corners: np.ndarray) -> np.ndarray:
        rows = super()._arrange(row_of, new_rows, corners)
        ids = self._track_table[ID].tolist()
        known = {track_id: self._embedding_of[track_id] for track_id in ids if track_id in self._embedding_of}
        for track_id, row in zip(ids, rows.tolist(), strict=False):
            found = self._found.get(row)
            if found is not None:
                known[track_id] = _mixed(known.get(track_id), found)
        self._embedding_of = known
        return rows


def _mixed(known: np.ndarray | None, found: np.ndarray) -> np.ndarray:
    """A track's embedding once another was seen."""
    if known is None or known.shape != found.shape:
        return found
    mixed = known + EMBEDDING_UPDATE * (found - known)
    result: np.ndarray = mixed / max(float(np.linalg.norm(mixed)), 1e-12)
    return result


def moved_by_camera(states: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """States in xywh as the camera's motion shows them in this frame.

    Places and velocities turn, sides grow with the zoom. The filter's coordinates are independent, so of turned variances
    the part that would couple x and y is left out.

    Args:
        states: (5, 4, n).
        motion: (2, 3) affine matrix of a shift, a turn and a zoom.

    Returns:
        (5, 4, n).
    """
    turn, zoom = motion[:, :2], float(np.sqrt(abs(np.linalg.det(motion[:, :2]))))
    moved = states.copy()
    moved[VALUE, :2] = turn @ states[VALUE, :2] + motion[:, 2:]
    moved[VELOCITY, :2] = turn @ states[VELOCITY, :2]
    moved[:2, 2:] *= zoom
    for row in (VALUE_VARIANCE, COVARIANCE, VELOCITY_VARIANCE):
        moved[row, :2] = np.square(turn) @ states[row, :2]
        moved[row, 2:] *= zoom * zoom
    return moved
