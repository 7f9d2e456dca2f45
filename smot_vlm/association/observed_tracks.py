"""Tracks that keep their observations: the state behind OC-SORT's three ideas."""

from dataclasses import dataclass, field

import numpy as np

from smot_vlm.association.boxes import corners_to_xysr
from smot_vlm.association.kalman import XYSR_FILTER, predict_xysr
from smot_vlm.association.settings import ticks

# Rows of `track_table`, one column a track, oldest first. MISSES: frames since the track was last seen. STREAK: frames
# in a row in which it was seen, its first detection not counted. UNSEEN: ticks since it was last seen.
ID, MISSES, STREAK, UNSEEN = range(4)

# Keeps a direction finite where a person stands still, in pixels.
STILL = 1e-6


@dataclass(eq=False)
class ObservedTracks:
    """All tracks of a video, the last axis of every array.

    An observation is a detection that continued a track; the one that started it does not count.

    Attributes:
        track_table: int64 (4, n).
        kalman_states: xysr (5, 4, n).
        states_at_loss: Those predicted for the first frame in which the track was missed.
        last_box: Corners (4, n) of the last observation, NaN before the first.
        recent_centers: (frames, 2, n) of the observations in the last frames, oldest first, NaN where there was none.
        direction: (2, n) unit vectors, zero where none is known.
        steps: (frames) how much time passed before each of the last updates, in frames at the settings' rate, oldest
            first: as many as any track has missed. The same for all tracks.
    """

    track_table: np.ndarray
    kalman_states: np.ndarray
    states_at_loss: np.ndarray
    last_box: np.ndarray
    recent_centers: np.ndarray
    direction: np.ndarray
    steps: np.ndarray = field(default_factory=lambda: np.zeros(0), kw_only=True)

    def __len__(self) -> int:
        result: int = self.track_table.shape[1]
        return result

    @classmethod
    def start(cls, corners: np.ndarray, first_id: int, direction_frames: int) -> "ObservedTracks":
        """New tracks, one on each box.

        Args:
            corners: Boxes (4, n).
            first_id: Ids count from here.
            direction_frames: Over how many frames a direction is measured.
        """
        count = corners.shape[1]
        table = np.zeros((4, count), dtype=np.int64)
        table[ID] = np.arange(first_id, first_id + count)
        states = XYSR_FILTER.start(corners_to_xysr(corners))
        return cls(
            table,
            states,
            states,
            np.full((4, count), np.nan),
            np.full((direction_frames, 2, count), np.nan),
            np.zeros((2, count)),
        )

    def joined(self, others: "ObservedTracks") -> "ObservedTracks":
        """These tracks and then others.

        Args:
            others: Tracks with the same `direction_frames`.
        """
        if len(others) == 0:
            return self
        pairs = zip(self._arrays(), others._arrays(), strict=True)
        return ObservedTracks(*(np.concatenate(pair, axis=-1) for pair in pairs), steps=self.steps)

    def select(self, kept: np.ndarray) -> "ObservedTracks":
        """Some of the tracks.

        Args:
            kept: Mask (n).
        """
        return ObservedTracks(*(array.compress(kept, axis=-1) for array in self._arrays()), steps=self.steps)

    def predict(self, elapsed: float = 1.0) -> None:
        """Predict all tracks for the next frame.

        Args:
            elapsed: Frames at the settings' rate since the last one.
        """
        self.track_table[STREAK, self.track_table[MISSES] > 0] = 0
        self.track_table[MISSES] += 1
        self.track_table[UNSEEN] += ticks(elapsed)
        missed = self.track_table[MISSES].max(initial=1)
        self.steps = np.append(self.steps, elapsed)[-missed:]
        self.kalman_states = predict_xysr(self.kalman_states, elapsed)

    def direction_consistency(self, box_centers: np.ndarray) -> np.ndarray:
        """How well each track's direction points to each box, by the paper's equation of OCM.

        That is one half less the angle over pi, for the angle between the track's direction and the line from its
        reference observation to the box.

        Args:
            box_centers: (2, m).

        Returns:
            (n, m) from -0.5, away from the box, to 0.5, right at it.
        """
        known = np.flatnonzero(self.direction.any(axis=0))
        reference = self._reference().take(known, axis=1)
        direction = self.direction.take(known, axis=1)
        across = box_centers[0] - reference[0][:, None]
        down = box_centers[1] - reference[1][:, None]
        cosine = across * direction[0][:, None] + down * direction[1][:, None]
        cosine /= np.sqrt(across * across + down * down) + STILL
        consistency = np.zeros((len(self), box_centers.shape[1]))
        consistency[known] = np.arcsin(np.clip(cosine, -1, 1)) / np.pi
        return consistency

    def observe(self, seen: np.ndarray, corners: np.ndarray) -> None:
        """Update all tracks by this frame's observations; tracks without one were missed.

        Args:
            seen: Positions of the observed tracks.
            corners: Their boxes (4, seen).
        """
        lost_now = self.track_table[MISSES] == 1
        lost_now[seen] = False
        if lost_now.any():
            self.states_at_loss = np.where(lost_now, self.kalman_states, self.states_at_loss)

        states = self._found_again(seen, corners)
        XYSR_FILTER.correct(states, corners_to_xysr(corners))
        self.kalman_states[:, :, seen] = states

        seen_centers = centers(corners)
        motion = seen_centers - self._reference().take(seen, axis=1)
        direction = motion / (np.sqrt(motion[0] * motion[0] + motion[1] * motion[1]) + STILL)
        self.direction[:, seen] = np.where(np.isnan(direction), 0, direction)
        current = np.full((1, 2, len(self)), np.nan)
        current[0][:, seen] = seen_centers
        self.recent_centers = np.concatenate((self.recent_centers[1:], current))
        self.last_box[:, seen] = corners
        self.track_table[[[MISSES], [UNSEEN]], seen] = 0
        self.track_table[STREAK, seen] += 1

    def _found_again(self, seen: np.ndarray, corners: np.ndarray) -> np.ndarray:
        """States (5, 4, seen) for this frame; those of tracks that had been lost are recomputed (ORU).

        Such a filter goes back to the first frame missed and is fed boxes on a straight line from the last observation
        to the present one, one for each frame, at its time. As in the authors' code the last of these, which is the
        present box, counts twice: here, and as this frame's detection.
        """
        states = self.kalman_states.take(seen, axis=2)
        missed = self.track_table[MISSES].take(seen)
        again = ((missed > 1) & np.isfinite(self.last_box[0].take(seen))).nonzero()[0]
        if len(again) == 0:
            return states
        for count in np.unique(missed[again]).tolist():
            rows = again[missed[again] == count]
            steps = self.steps[-count:]
            start = self.last_box.take(seen[rows], axis=1)
            velocity = (corners.take(rows, axis=1) - start) / steps.cumsum()[-1]
            followed = self.states_at_loss.take(seen[rows], axis=2)
            for index, (step, passed) in enumerate(zip(steps.tolist(), steps.cumsum().tolist(), strict=True)):
                if index:
                    followed = predict_xysr(followed, step)
                XYSR_FILTER.correct(followed, corners_to_xysr(start + velocity * passed))
            states[:, :, rows] = followed
        return states

    def _reference(self) -> np.ndarray:
        """Centers (2, n) of the oldest of the recent observations, of the last one where none is recent, or NaN."""
        reference = centers(self.last_box)
        for recent in self.recent_centers[::-1]:
            reference = np.where(np.isnan(recent), reference, recent)
        return reference

    def _arrays(self) -> tuple[np.ndarray, ...]:
        return (
            self.track_table,
            self.kalman_states,
            self.states_at_loss,
            self.last_box,
            self.recent_centers,
            self.direction,
        )


def centers(corners: np.ndarray) -> np.ndarray:
    """Centers (2, n) of boxes.

    Args:
        corners: (4, n).
    """
    result: np.ndarray = 0.5 * (corners[:2] + corners[2:])
    return result
