"""Tracks that remember what was really seen of them: the memory behind OC-SORT's three ideas."""

from dataclasses import dataclass

import numpy as np

from smot_vlm.association.boxes import corners_to_xysr
from smot_vlm.association.kalman import XYSR_FILTER, predict_xysr

# Rows of `facts`, one column a track, oldest first. MISSES: frames since the track was last seen. STREAK: frames in a
# row in which it was seen, its first detection not counted.
ID, MISSES, STREAK = range(3)

# Keeps a direction finite where somebody stands still, in pixels.
_STILL = 1e-6


@dataclass(eq=False)
class ObservedTracks:
    """All tracks of a video, the last axis of every array.

    An observation is a detection that continued a track; the one that started it does not count.

    facts: int64 (3, n). beliefs: xysr (5, 4, n). beliefs_at_loss: those predicted for the first frame in which the track
    was missed. last_box: corners (4, n) of the last observation, NaN before the first. recent_centres: (frames, 2, n) of
    the observations in the last frames, oldest first, NaN where there was none. direction: (2, n) unit vectors, zero where
    none is known.
    """

    facts: np.ndarray
    beliefs: np.ndarray
    beliefs_at_loss: np.ndarray
    last_box: np.ndarray
    recent_centres: np.ndarray
    direction: np.ndarray

    def __len__(self) -> int:
        return self.facts.shape[1]

    @classmethod
    def start(cls, corners: np.ndarray, first_id: int, direction_frames: int) -> "ObservedTracks":
        """New tracks, each on one of the boxes `corners` (4, n), numbered from `first_id`."""
        count = corners.shape[1]
        facts = np.zeros((3, count), dtype=np.int64)
        facts[ID] = np.arange(first_id, first_id + count)
        beliefs = XYSR_FILTER.start(corners_to_xysr(corners))
        return cls(
            facts,
            beliefs,
            beliefs,
            np.full((4, count), np.nan),
            np.full((direction_frames, 2, count), np.nan),
            np.zeros((2, count)),
        )

    def joined(self, others: "ObservedTracks") -> "ObservedTracks":
        """These tracks and then `others`."""
        if len(others) == 0:
            return self
        pairs = zip(self._arrays(), others._arrays(), strict=True)
        return ObservedTracks(*(np.concatenate(pair, axis=-1) for pair in pairs))

    def select(self, kept: np.ndarray) -> "ObservedTracks":
        """The tracks at `kept`, a mask."""
        return ObservedTracks(*(array.compress(kept, axis=-1) for array in self._arrays()))

    def predict(self) -> None:
        """Go one frame on."""
        self.facts[STREAK, self.facts[MISSES] > 0] = 0
        self.facts[MISSES] += 1
        self.beliefs = predict_xysr(self.beliefs)

    def direction_consistency(self, box_centres: np.ndarray) -> np.ndarray:
        """How well each track's direction points to each box (2, m): (n, m) from -0.5, away, to 0.5, right at it.

        The paper's equation of OCM, half of one less the angle over pi, for the angle between the track's direction and
        the line from its reference observation to the box.
        """
        known = np.flatnonzero(self.direction.any(axis=0))
        reference = self._reference().take(known, axis=1)
        direction = self.direction.take(known, axis=1)
        across = box_centres[0] - reference[0][:, None]
        down = box_centres[1] - reference[1][:, None]
        cosine = across * direction[0][:, None] + down * direction[1][:, None]
        cosine /= np.sqrt(across * across + down * down) + _STILL
        consistency = np.zeros((len(self), box_centres.shape[1]))
        consistency[known] = np.arcsin(np.clip(cosine, -1, 1)) / np.pi
        return consistency

    def observe(self, seen: np.ndarray, corners: np.ndarray) -> None:
        """The tracks at positions `seen` were seen at `corners` (4, seen), all others were missed."""
        lost_now = self.facts[MISSES] == 1
        lost_now[seen] = False
        if lost_now.any():
            self.beliefs_at_loss = np.where(lost_now, self.beliefs, self.beliefs_at_loss)

        beliefs = self._found_again(seen, corners)
        XYSR_FILTER.correct(beliefs, corners_to_xysr(corners))
        self.beliefs[:, :, seen] = beliefs

        seen_centres = centres(corners)
        motion = seen_centres - self._reference().take(seen, axis=1)
        direction = motion / (np.hypot(motion[0], motion[1]) + _STILL)
        self.direction[:, seen] = np.where(np.isnan(direction), 0, direction)
        current = np.full((1, 2, len(self)), np.nan)
        current[0][:, seen] = seen_centres
        self.recent_centres = np.concatenate((self.recent_centres[1:], current))
        self.last_box[:, seen] = corners
        self.facts[MISSES, seen] = 0
        self.facts[STREAK, seen] += 1

    def _found_again(self, seen: np.ndarray, corners: np.ndarray) -> np.ndarray:
        """Beliefs (5, 4, seen) for this frame; those of tracks that had been lost are made anew (ORU).

        Such a filter goes back to the first frame missed and is fed boxes on a straight line from the last observation
        to the one found now, one for each frame. As in the authors' code the last of these, which is the box found now,
        counts twice: here, and as this frame's detection.
        """
        beliefs = self.beliefs.take(seen, axis=2)
        missed = self.facts[MISSES].take(seen)
        again = ((missed > 1) & np.isfinite(self.last_box[0].take(seen))).nonzero()[0]
        if len(again) == 0:
            return beliefs
        steps = missed[again]
        start = self.last_box.take(seen[again], axis=1)
        way = (corners.take(again, axis=1) - start) / steps
        followed = self.beliefs_at_loss.take(seen[again], axis=2)
        for step in range(1, steps.max() + 1):
            on = (steps >= step).nonzero()[0]
            part = followed.take(on, axis=2)
            if step > 1:
                part = predict_xysr(part)
            XYSR_FILTER.correct(part, corners_to_xysr((start + way * step).take(on, axis=1)))
            followed[:, :, on] = part
        beliefs[:, :, again] = followed
        return beliefs

    def _reference(self) -> np.ndarray:
        """Centres (2, n) of the oldest of the recent observations, of the last one where none is recent, or NaN."""
        reference = centres(self.last_box)
        for recent in self.recent_centres[::-1]:
            reference = np.where(np.isnan(recent), reference, recent)
        return reference

    def _arrays(self) -> tuple[np.ndarray, ...]:
        return (
            self.facts,
            self.beliefs,
            self.beliefs_at_loss,
            self.last_box,
            self.recent_centres,
            self.direction,
        )


def centres(corners: np.ndarray) -> np.ndarray:
    """Centres (2, n) of boxes (4, n)."""
    return 0.5 * (corners[:2] + corners[2:])
