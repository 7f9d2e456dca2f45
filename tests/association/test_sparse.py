"""Two frames a second: people who leave their boxes between two frames, cross, hide and come back."""

from dataclasses import replace

import numpy as np
import pytest

from smot_vlm.association.byte import Byte
from smot_vlm.association.settings import AssociationSettings
from smot_vlm.association.sparse import SPARSE_SETTINGS, Sparse
from smot_vlm.structures import Detections
from smot_vlm.synthetic import make_sequence

RED, GREEN = (200, 30, 30), (30, 180, 40)


def scene(*people: tuple[float, tuple[int, int, int]]) -> tuple[Detections, np.ndarray]:
    """People 40 x 100 pixels at places x, in one color each, on grey."""
    image = np.full((200, 800, 3), 120, dtype=np.uint8)
    boxes = []
    for x, color in people:
        left = int(x)
        image[50:150, left : left + 40] = color
        boxes.append([left, 50, left + 40, 150])
    return Detections(np.array(boxes, dtype=float).reshape(-1, 4), np.full(len(boxes), 0.9)), image


def ids(tracker: Sparse, *frames: tuple[Detections, np.ndarray | None]) -> list[list[int]]:
    """The ids of each frame in the order of its detections, without unmatched ones."""
    linked = [tracker.update(detections, image) for detections, image in frames]
    return [out.ids[np.argsort(out.rows)].tolist() for out in linked]


def test_who_walks_out_of_the_box_stays_the_same():
    """60 pixels a frame, 40 wide: boxes never overlap."""
    frames = [scene((20 + 60 * step, RED)) for step in range(8)]
    assert ids(Sparse(), *frames) == [[1]] * 8
    byte = Byte(AssociationSettings(fps=2.0))
    assert {track_id for detections, _ in frames for track_id in byte.update(detections).ids.tolist()} == {1}
    assert len(byte.update(frames[0][0])) == 0


def test_clothes_tell_apart_who_swapped_places():
    before, after = scene((100, RED), (160, GREEN)), scene((100, GREEN), (160, RED))
    assert ids(Sparse(), before, before, after) == [[1, 2], [1, 2], [2, 1]]
    blind = [(detections, None) for detections, _ in (before, before, after)]
    assert ids(Sparse(), *blind) == [[1, 2]] * 3


def test_who_was_hidden_is_found_again_within_the_buffer():
    here, empty = scene((100, RED)), (Detections.empty(), np.zeros((200, 800, 3), dtype=np.uint8))
    settings = replace(SPARSE_SETTINGS, buffer_seconds=2.0)
    assert ids(Sparse(settings), here, here, *[empty] * 4, here)[-1] == [1]
    assert ids(Sparse(settings), here, here, *[empty] * 5, here)[-1] == [2]


def test_someone_else_in_other_clothes_gets_an_id_of_their_own():
    assert ids(Sparse(), scene((100, RED)), scene((110, GREEN))) == [[1], [2]]


def test_what_is_twice_as_tall_is_someone_else():
    near = Detections([[100, 50, 180, 250]], [0.9])
    assert ids(Sparse(), (scene((100, RED))[0], None), (near, None)) == [[1], [2]]


def test_low_scores_continue_a_track_seen_just_before_and_start_none():
    here, image = scene((100, RED))
    faint = (Detections(here.boxes, [0.2]), image)
    empty = (Detections.empty(), image)
    assert ids(Sparse(), (here, image), faint, faint) == [[1], [1], [1]]
    assert ids(Sparse(), (here, image), empty, faint) == [[1], [], []]
    assert ids(Sparse(), faint, faint) == [[], []]


def test_boxes_come_out_as_the_detector_gave_them():
    tracker = Sparse()
    for step in range(4):
        detections, image = scene((20 + 60 * step, RED))
        np.testing.assert_array_equal(tracker.update(detections, image).boxes, detections.boxes)


@pytest.mark.drawn
def test_on_drawn_videos_it_keeps_people_whom_byte_loses():
    """True boxes at 2 frames a second: tracks for each person, over 12 videos."""
    counts = {"sparse": 0, "byte": 0}
    people = 0
    for seed in range(12):
        clip = make_sequence(seed, width=320)
        people += len(clip.tracks)
        for name, tracker in (("sparse", Sparse()), ("byte", Byte(AssociationSettings(fps=2.0)))):
            known = set()
            for frame in range(len(clip)):
                boxes = [track.boxes[track.frames == frame] for track in clip.tracks]
                found = np.concatenate([np.zeros((0, 4)), *boxes])
                known |= set(tracker.update(Detections(found, np.full(len(found), 0.9))).ids.tolist())
            counts[name] += len(known)
    assert people <= counts["sparse"] <= 1.1 * people
    assert counts["byte"] > 1.4 * people


@pytest.mark.parametrize(
    ("option", "value"),
    [("reach", 0.0), ("speed", -1.0), ("farthest", 0.0), ("size_ratio", 1.0), ("appearance_distance", 2.0)],
)
def test_settings_out_of_range(option, value):
    with pytest.raises(ValueError, match=option):
        Sparse(**{option: value})
