"""The people of a short video: a detector's boxes as tracks."""

import numpy as np

from smot_vlm.association.found_people import PeopleFinder
from smot_vlm.structures import Detections


class TwoWalkers:
    """Sees one person walk to the right and one stand; the frame's grey level says its number."""

    def detect(self, image: np.ndarray) -> Detections:
        step = 3.0 * image[0, 0, 0]
        return Detections(np.array([[10 + step, 10, 30 + step, 60], [120, 10, 140, 60]]), np.array([0.9, 0.8]))


def images(count: int) -> list[np.ndarray]:
    return [np.full((80, 160, 3), number, np.uint8) for number in range(count)]


def test_tracks_at_a_high_and_at_a_low_rate():
    for fps in (25.0, 3.0):
        walker, stander = PeopleFinder(TwoWalkers())(images(6), fps)
        assert walker.frames.tolist() == stander.frames.tolist() == [0, 1, 2, 3, 4, 5]
        # BYTE smooths the boxes.
        np.testing.assert_allclose(walker.boxes[:, 0], 10 + 3 * np.arange(6), atol=0.7)
        np.testing.assert_allclose(stander.boxes[:, 0], 120)


def test_each_video_has_its_own_ids():
    finder = PeopleFinder(TwoWalkers())
    assert [track.id for track in finder(images(3), 3.0)] == [track.id for track in finder(images(3), 3.0)]


class OneIsHidden(TwoWalkers):
    """The one who stands is not seen in frames 4 to 8."""

    def detect(self, image: np.ndarray) -> Detections:
        found = super().detect(image)
        seen = 1 if 4 <= image[0, 0, 0] <= 8 else 2
        return Detections(found.boxes[:seen], found.scores[:seen])


def test_who_is_hidden_for_two_seconds_stays_one_person_without_a_gap():
    walker, stander = PeopleFinder(OneIsHidden())(images(12), 3.0)
    assert walker.frames.tolist() == stander.frames.tolist() == list(range(12))
    np.testing.assert_allclose(stander.boxes, np.tile([120, 10, 140, 60], (12, 1)), atol=0.5)


def test_the_detector_that_ships_finds_nobody_in_an_empty_picture():
    assert PeopleFinder()([np.full((80, 160, 3), 120, np.uint8)] * 2, 3.0) == []
