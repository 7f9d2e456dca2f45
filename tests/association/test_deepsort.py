"""DeepSORT's rules one by one, with painted people: each has a color, which is their appearance."""

import numpy as np
import pytest

from smot_vlm.association.deepsort import GATE, DeepSort
from smot_vlm.association.kalman import XYAH_FILTER
from smot_vlm.association.settings import AssociationSettings
from smot_vlm.structures import Detections

COLORS = np.array([[250, 5, 5], [5, 250, 5], [5, 5, 250]], dtype=np.uint8)


def color(image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """The color at the middle of each box, as a unit vector."""
    middles = ((boxes[:, :2] + boxes[:, 2:]) / 2).astype(int)
    pixels = image[middles[:, 1], middles[:, 0]].astype(np.float32)
    return pixels / np.linalg.norm(pixels, axis=1, keepdims=True)


def scene(*people: tuple[float, int]) -> tuple[Detections, np.ndarray]:
    """People given by the x of their box and by which color they have."""
    image = np.full((200, 800, 3), 60, dtype=np.uint8)
    boxes = [[x, 20.0, x + 40, 140.0] for x, _ in people]
    for x, which in people:
        image[20:140, int(x) : int(x) + 40] = COLORS[which]
    return Detections(np.array(boxes).reshape(-1, 4), np.full(len(boxes), 0.9)), image


def feed(deepsort: DeepSort, *frames: list[tuple[float, int]]) -> list[dict[int, int]]:
    """For each frame, which color each shown track has."""
    shown = []
    for people in frames:
        out = deepsort.update(*scene(*people))
        shown.append(
            {track_id: people[row][1] for track_id, row in zip(out.ids.tolist(), out.rows.tolist(), strict=True)}
        )
    return shown


def test_a_track_is_shown_from_its_third_frame_on():
    assert feed(DeepSort(encoder=color), *[[(100.0, 0)]] * 4) == [{}, {}, {1: 0}, {1: 0}]
    assert feed(DeepSort(encoder=color, min_hits=1), *[[(100.0, 0)]] * 2) == [{1: 0}, {1: 0}]


def test_a_track_that_is_missed_before_it_is_confirmed_is_gone():
    here: list[tuple[float, int]] = [(100.0, 0)]
    assert feed(DeepSort(encoder=color), here, here, [], here, here, here) == [{}, {}, {}, {}, {}, {2: 0}]


@pytest.mark.parametrize(("missed", "track_id"), [(30, 1), (31, 2)])
def test_a_confirmed_track_is_kept_for_its_buffer(missed, track_id):
    here = [(100.0, 0)]
    assert feed(DeepSort(encoder=color), *[here] * 5, *[[]] * missed, *[here] * 3)[-1] == {track_id: 0}


def test_the_buffer_is_seconds():
    here = [(100.0, 0)]
    frames = [*[here] * 5, *[[]] * 4, *[here] * 3]
    assert feed(DeepSort(AssociationSettings(buffer_seconds=2.0, fps=2.0), encoder=color), *frames)[-1] == {1: 0}
    assert feed(DeepSort(AssociationSettings(buffer_seconds=1.5, fps=2.0), encoder=color), *frames)[-1] == {2: 0}


def test_who_hides_another_does_not_take_over_the_id():
    """Two meet, one is hidden for some frames, and they part again where overlap alone would swap them."""
    meeting = [[(300.0 + 4 * step, 0), (400.0 - 4 * step, 1)] for step in range(10)]
    hidden = [[(344.0 - 4 * step, 1)] for step in range(5)]
    parting = [[(320.0 - 4 * step, 1), (360.0 + 4 * step, 0)] for step in range(8)]
    shown = feed(DeepSort(encoder=color), *meeting, *hidden, *parting)
    assert shown[-1] == {1: 0, 2: 1}


def test_appearance_decides_between_two_boxes_that_overlap_alike():
    standing = [[(100.0, 0), (300.0, 1)]] * 5
    shown = feed(DeepSort(encoder=color), *standing, [(304.0, 1), (104.0, 0)], [(104.0, 0), (120.0, 2)])
    assert shown[-2] == {1: 0, 2: 1}
    assert shown[-1] == {1: 0}


def test_the_same_appearance_out_of_reach_is_another_person():
    deepsort = DeepSort(encoder=color)
    assert feed(deepsort, *[[(100.0, 0)]] * 5, [(600.0, 0)])[-1] == {}
    assert feed(deepsort, *[[(600.0, 0)]] * 3)[-1] == {2: 0}


def test_the_gate_is_the_mahalanobis_distance():
    """In the fourth frame a box may lie as far as the gate says and no further, for appearance to count."""
    state = XYAH_FILTER.start(np.array([[120.0], [80.0], [40 / 120], [120.0]]))
    for _ in range(7):
        state = XYAH_FILTER.predict(state)
        XYAH_FILTER.correct(state, np.array([[120.0], [80.0], [40 / 120], [120.0]]))
    for _ in range(3):  # two frames missed, so that the last round, by overlap, does not help
        state = XYAH_FILTER.predict(state)
    _, variance = XYAH_FILTER.expect(state)
    reach = float(np.sqrt(GATE * variance[0, 0]))
    for factor, expected in ((0.95, {1: 0}), (1.05, {})):
        frames = [*[[(100.0, 0)]] * 8, [], [], [(100.0 + factor * reach, 0)]]
        assert feed(DeepSort(encoder=color), *frames)[-1] == expected


def test_tracks_seen_last_choose_first():
    """Two look alike. One is lost, the other stays; a single box within reach of both goes to the one just seen."""
    frames = [
        *[[(100.0, 0), (140.0, 0)]] * 5,
        *[[(140.0, 0)]] * 3,
        [(125.0, 0)],
    ]
    assert list(feed(DeepSort(encoder=color), *frames)[-1]) == [2]


def test_a_person_of_new_appearance_is_still_matched_by_overlap():
    """The light changes at once: appearance matches nobody, the last round by overlap does."""
    assert feed(DeepSort(encoder=color), *[[(100.0, 0)]] * 4, [(102.0, 1)])[-1] == {1: 1}
    assert feed(DeepSort(encoder=color), *[[(100.0, 0)]] * 4, [], [(102.0, 1)])[-1] == {}


def test_a_gallery_keeps_so_many_embeddings():
    """Someone turns round slowly enough to be followed; their first embedding counts as long as the gallery keeps it."""
    turning = [*[[(100.0, 0)]] * 3, *[[(100.0, 1)]] * 5]
    assert feed(DeepSort(encoder=color, gallery=6), *turning, [], [(100.0, 0)])[-1] == {1: 0}
    assert feed(DeepSort(encoder=color, gallery=5), *turning, [], [(100.0, 0)])[-1] == {}


def test_without_boxes_no_image_is_needed_and_with_them_it_is():
    deepsort = DeepSort(encoder=color)
    assert len(deepsort.update(Detections.empty())) == 0
    low = Detections(np.array([[0.0, 0, 9, 9]]), np.array([0.4]))
    assert len(deepsort.update(low)) == 0
    with pytest.raises(ValueError, match="image is None; DeepSORT compares appearance"):
        deepsort.update(scene((100.0, 0))[0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"appearance_distance": 1.5}, "appearance_distance is 1.5"),
        ({"iou_cost": 1.5}, "iou_cost is 1.5"),
        ({"gallery": 0}, "gallery is 0; give a whole number of at least 1"),
        ({"min_hits": 0}, "min_hits is 0; give a whole number of at least 1"),
    ],
)
def test_a_setting_out_of_range_is_an_error(settings, message):
    with pytest.raises(ValueError, match=message):
        DeepSort(encoder=color, **settings)
