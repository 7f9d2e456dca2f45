"""The people of a short video: boxes of a detector, linked into tracks."""

from collections.abc import Sequence

import numpy as np

from smot_vlm.association.associators import by_frame_rate
from smot_vlm.association.interpolation import fill_gaps
from smot_vlm.association.settings import AssociationSettings
from smot_vlm.association.trajectories import TrajectoryBuilder
from smot_vlm.detection.detector import Detector
from smot_vlm.detection.people_detector import open_people_detector
from smot_vlm.structures import Trajectory

# Who is lost in somebody's arms is the same person afterwards; as long as the models that ship remember.
BUFFER_SECONDS = 8.0


class PeopleFinder:
    """Finds and tracks the people of videos; where one hides another for a while, boxes are interpolated.

    Args:
        detector: finds them in a picture; None: the one that ships.
    """

    def __init__(self, detector: Detector | None = None) -> None:
        self._detector = detector or open_people_detector(min_score=0.1, overlap=0.65)

    def __call__(self, images: Sequence[np.ndarray], fps: float) -> list[Trajectory]:
        """Find the people of one video.

        Args:
            images: RGB uint8 (height, width, 3), in order.
            fps: how many come a second.

        Returns:
            Their tracks by ascending id, frames counted from 0.
        """
        associator = by_frame_rate(AssociationSettings(fps=fps, buffer_seconds=BUFFER_SECONDS))
        builder = TrajectoryBuilder()
        for index, image in enumerate(images):
            builder.add(index, associator.update(self._detector.detect(image), image))
        return fill_gaps(builder.build(), np.arange(len(images)))
