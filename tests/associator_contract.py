"""What every associator promises, whichever algorithm it follows. A class of tests inherits it and gives `make`."""

from collections.abc import Callable

import numpy as np
import pytest

from smot_vlm.association.associators import Associator
from smot_vlm.bench.association_videos import synthetic_detections
from smot_vlm.structures import Detections

Make = Callable[[], Associator]
IMAGE = np.zeros((1080, 1920, 3), dtype=np.uint8)
EMPTY = Detections.empty()


def embed_shape(image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """An appearance encoder that needs no model: a unit vector from the box's width and height."""
    angle = np.arctan2(boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]) * 2
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def link(associator: Associator, video: list[Detections]) -> list[Detections]:
    return [associator.update(detections, IMAGE) for detections in video]


def assert_same(first: list[Detections], second: list[Detections], shift: float = 0.0) -> None:
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.rows, other.rows)
        np.testing.assert_allclose(one.boxes + shift, other.boxes, rtol=0, atol=1e-6 if shift else 0)


class AssociatorContract:
    """Tests of an associator at the default settings; `make` gives a fresh one."""

    @pytest.fixture(scope="class")
    def crowd(self) -> list[Detections]:
        """Twenty people in 40 frames."""
        return synthetic_detections(20, frames=40, seed=1)

    def test_it_has_the_two_methods(self, make):
        assert isinstance(make(), Associator)

    def test_every_output_is_tied_to_its_detection(self, make, crowd):
        shown = 0
        for detections, out in zip(crowd, link(make(), crowd), strict=True):
            assert out.ids is not None
            assert out.rows is not None
            assert len(set(out.ids.tolist())) == len(out) == len(set(out.rows.tolist()))
            assert (out.ids >= 1).all()
            np.testing.assert_array_equal(out.scores, detections.scores[out.rows])
            behind = detections.boxes[out.rows]
            overlap = np.minimum(out.boxes[:, 2:], behind[:, 2:]) - np.maximum(out.boxes[:, :2], behind[:, :2])
            assert (overlap > 0).all()
            shown += len(out)
        assert shown > 0.25 * sum(len(detections) for detections in crowd)

    def test_people_keep_their_ids(self, make):
        """Ten who walk in step, never missed: ten tracks, each on one row to the end."""
        corners = [(x * 150.0, y * 300.0, 60 + 7 * x) for y in range(2) for x in range(5)]
        grid = np.array([[left, top, left + width, top + 180] for left, top, width in corners])
        associator, owner = make(), {}
        for step in range(40):
            out = associator.update(Detections(grid + 3.0 * step, np.full(10, 0.9)), IMAGE)
            for track_id, row in zip(out.ids.tolist(), out.rows.tolist(), strict=True):
                assert owner.setdefault(track_id, row) == row
        assert sorted(owner.values()) == list(range(10))

    def test_the_same_video_gives_the_same_tracks(self, make, crowd):
        assert_same(link(make(), crowd), link(make(), crowd))

    def test_a_reset_starts_again_from_nothing(self, make, crowd):
        associator = make()
        first = link(associator, crowd)
        associator.reset()
        assert_same(first, link(associator, crowd))

    def test_two_instances_do_not_share_ids(self, make, crowd):
        alone = link(make(), crowd)
        first, second = make(), make()
        both = [(first.update(detections, IMAGE), second.update(detections, IMAGE)) for detections in crowd]
        assert_same(alone, [one for one, _ in both])
        assert_same(alone, [other for _, other in both])

    def test_a_shifted_world_gives_shifted_tracks(self, make, crowd):
        shifted = [Detections(detections.boxes + 64.0, detections.scores) for detections in crowd]
        assert_same(link(make(), crowd), link(make(), shifted), shift=64.0)

    def test_the_order_of_rows_does_not_matter(self, make, crowd):
        random = np.random.default_rng(0)
        first, second, renamed = make(), make(), {}
        for detections in crowd:
            order = random.permutation(len(detections))
            one = first.update(detections, IMAGE)
            other = second.update(detections.select(order), IMAGE)
            mine = dict(zip(one.rows.tolist(), one.ids.tolist(), strict=True))
            theirs = dict(zip(order[other.rows].tolist(), other.ids.tolist(), strict=True))
            assert set(mine) == set(theirs)
            for row, track_id in mine.items():
                assert renamed.setdefault(track_id, theirs[row]) == theirs[row]
        assert len(set(renamed.values())) == len(renamed)

    def test_empty_frames_are_frames(self, make, crowd):
        associator = make()
        for _ in range(3):
            out = associator.update(EMPTY)
            assert (len(out), out.ids.tolist(), out.rows.tolist()) == (0, [], [])
        out = link(associator, crowd)
        assert sum(len(detections) for detections in out) > 0
        for _ in range(40):
            assert len(associator.update(EMPTY)) == 0
        assert max(ids.max(initial=0) for ids in (detections.ids for detections in out)) < min(
            ids.min() for ids in (detections.ids for detections in link(associator, crowd)[5:]) if len(ids)
        )

    def test_uneven_times_do_not_lose_a_walker(self, make):
        """12 pixels in each frame of time; steps of a half, one, two and three frames."""
        associator, place, found = make(), 0.0, []
        for elapsed in [1.0] * 12 + [0.5, 3.0, 0.5, 1.0, 3.0, 3.0, 0.5, 0.5, 2.0] * 4:
            place += 12 * elapsed
            out = associator.update(
                Detections(np.array([[place, 0, place + 60, 160]]), np.array([0.9])), IMAGE, elapsed
            )
            found.append(out.ids.tolist())
        assert found[4:] == [[1]] * (len(found) - 4)

    def test_nobody_is_found_again_behind_a_gap_longer_than_the_buffer(self, make):
        one = Detections(np.array([[100.0, 100, 160, 260]]), np.array([0.9]))
        associator = make()
        before = [associator.update(one, IMAGE) for _ in range(6)]
        after = [associator.update(one, IMAGE, 32.0), *(associator.update(one, IMAGE) for _ in range(6))]
        assert before[-1].ids.tolist() == [1]
        assert after[-1].ids.tolist() == [2]
        assert 1 not in [track_id for out in after for track_id in out.ids.tolist()]

    @pytest.mark.parametrize("elapsed", [0.0, -1.0, np.nan, np.inf])
    def test_time_goes_on(self, make, elapsed):
        with pytest.raises(ValueError, match="elapsed is"):
            make().update(EMPTY, IMAGE, elapsed)

    def test_low_scores_alone_start_no_track(self, make):
        low = Detections(np.array([[0.0, 0, 50, 100]]), np.array([0.3]))
        associator = make()
        assert [len(associator.update(low, IMAGE)) for _ in range(6)] == [0] * 6

    def test_a_lone_person(self, make):
        one = Detections(np.array([[100.0, 100, 160, 260]]), np.array([0.9]))
        associator = make()
        out = [associator.update(one, IMAGE) for _ in range(6)]
        assert out[-1].ids.tolist() == [1]
        np.testing.assert_allclose(out[-1].boxes, one.boxes, atol=1e-6)

    def test_three_hundred_people(self, make):
        grid = np.array([[x * 60.0, y * 130.0, x * 60 + 50, y * 130 + 120] for y in range(15) for x in range(20)])
        associator = make()
        for shift in range(5):
            out = associator.update(Detections(grid + shift, np.full(300, 0.9)), IMAGE)
        assert len(out) == 300
        np.testing.assert_array_equal(out.ids, out.rows + 1)

    def test_inputs_are_not_changed(self, make, crowd):
        before = [(detections.boxes.copy(), detections.scores.copy()) for detections in crowd]
        link(make(), crowd)
        for detections, (boxes, scores) in zip(crowd, before, strict=True):
            np.testing.assert_array_equal(detections.boxes, boxes)
            np.testing.assert_array_equal(detections.scores, scores)

    @pytest.mark.parametrize("broken", [[0, 0, np.nan, 9], [0, 0, 9, np.inf], [9, 0, 5, 9]])
    def test_a_broken_box_is_refused_and_the_frame_never_was(self, make, crowd, broken):
        associator = make()
        first = link(associator, crowd[:20])
        for _ in range(3):
            with pytest.raises(ValueError, match="detection 1 has box") as error:
                associator.update(Detections(np.array([[0, 0, 9, 9], broken]), np.array([0.9, 0.9])), IMAGE)
            assert "\n" not in str(error.value)
        assert_same(link(make(), crowd), first + link(associator, crowd[20:]))

    @pytest.mark.filterwarnings("error")
    def test_a_box_without_area_starts_no_track(self, make):
        boxes = Detections(np.array([[0.0, 0, 50, 100], [300, 10, 300, 90], [500, 10, 560, 10]]), np.full(3, 0.9))
        associator = make()
        out = [associator.update(boxes, IMAGE) for _ in range(6)]
        assert all(set(detections.rows.tolist()) <= {0} for detections in out)
        assert out[-1].rows.tolist() == [0]
