"""Results of a detector that cannot be right: they are said once, and never taken for an empty street."""

import logging

import numpy as np

from smot_vlm.structures import Detections

logger = logging.getLogger(__name__)

# More people on one frame, after suppression, are a misread layout or scores of another scale.
MOST_PEOPLE = 1000
# Half precision rounds a score of 1 upwards.
HIGHEST_SCORE = 1.01


class ResultCheck:
    """Looks at what a detector gives and says each kind of fault once.

    Args:
        what: The detector, as a message names it: its file, for example.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._pictures = 0
        self._said: set[str] = set()

    def scores(self, scores: np.ndarray) -> np.ndarray:
        """Look at the scores of one picture, before any threshold.

        Args:
            scores: (n).

        Returns:
            The same; 0 where they are not finite.
        """
        self._pictures += 1
        finite = np.isfinite(scores)
        if not finite.all():
            self._say(
                "finite", f"{(~finite).sum()} of {len(scores)} scores are NaN or infinite, and those boxes are left out; "
                "export the model again, in float32"
            )  # fmt: skip
            scores = np.where(finite, scores, 0)
        highest = scores.max(initial=0)
        if highest > HIGHEST_SCORE:
            self._say("scores", f"a score is {highest:.4g}, above 1; export the model with its sigmoid")
        return scores

    def usable(self, boxes: np.ndarray) -> np.ndarray:
        """Look at the boxes above the threshold.

        Args:
            boxes: (n, 4), xyxy.

        Returns:
            (n), true where a box is finite and not inside out.
        """
        finite = np.isfinite(boxes).all(axis=1)
        if not finite.all():
            self._say(
                "boxes", f"{(~finite).sum()} of {len(boxes)} boxes are NaN or infinite and left out; "
                "export the model again, in float32"
            )  # fmt: skip
        upright = (boxes[:, 2:] >= boxes[:, :2]).all(axis=1)
        if not (upright | ~finite).all():
            self._say(
                "order", f"{(finite & ~upright).sum()} of {len(boxes)} boxes end before they begin and are left out; "
                "the export's layout is not what its shape says"
            )  # fmt: skip
        result: np.ndarray = finite & upright
        return result

    def people(self, found: Detections) -> Detections:
        """Look at the people of one picture.

        Args:
            found: After suppression.

        Returns:
            The same.
        """
        if len(found) > MOST_PEOPLE:
            self._say("many", f"{len(found)} people on one picture; the scores are hardly probabilities")
        return found

    def _say(self, kind: str, message: str) -> None:
        if kind not in self._said:
            self._said.add(kind)
            logger.warning("%s: picture %d: %s (said once)", self._what, self._pictures, message)
