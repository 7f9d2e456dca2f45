"""What every associator promises, whichever algorithm it follows."""

from collections.abc import Callable

import numpy as np
import pytest

from smot_vlm.association.associators import ASSOCIATORS, Associator
from smot_vlm.association.byte import Byte
from smot_vlm.association.deepsort import DeepSort
from smot_vlm.association.ocsort import OCSort
from smot_vlm.association.sort import Sort
from smot_vlm.association.sparse import Sparse
from smot_vlm.bench.association import synthetic_detections
from smot_vlm.structures import Detections


def looks_by_shape(image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """People who are told apart by their shape: a unit vector from the box's width and height."""
    angle = np.arctan2(boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]) * 2
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


MAKERS: dict[str, Callable[[], Associator]] = {
    "byte": Byte,
    "sort": Sort,
    "ocsort": OCSort,
    "ocsort-byte": lambda: OCSort(low_score_round=True),
    "deepsort": lambda: DeepSort(looks_by_shape),
    "sparse": lambda: Sparse(buffer_seconds=1.0, fps=30.0),
    "auto": Byte,
}
IMAGE = np.zeros((1080, 1920, 3), dtype=np.uint8)
NOBODY = Detections.empty()


@pytest.fixture(params=MAKERS)
def make(request) -> Callable[[], Associator]:
    return MAKERS[request.param]


@pytest.fixture(scope="module")
def crowd() -> list[Detections]:
    return synthetic_detections(20, frames=40, seed=1)


def link(associator: Associator, video: list[Detections]) -> list[Detections]:
    return [associator.update(detections, IMAGE) for detections in video]


def assert_same(first: list[Detections], second: list[Detections], shift: float = 0.0) -> None:
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.rows, other.rows)
        np.testing.assert_allclose(one.boxes + shift, other.boxes, rtol=0, atol=1e-6 if shift else 0)


def test_the_table_holds_the_contract_for_every_name():
    assert set(ASSOCIATORS) == set(MAKERS)


def test_each_has_the_two_calls(make):
    assert isinstance(make(), Associator)


def test_every_output_is_tied_to_its_detection(make, crowd):
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


def test_people_keep_their_ids(make):
    """Ten who walk in step, never missed: ten tracks, each on one row for ever."""
    grid = np.array([[x * 150.0, y * 300.0, x * 150 + 60 + 7 * x, y * 300 + 180] for y in range(2) for x in range(5)])
    associator, owner = make(), {}
    for step in range(40):
        out = associator.update(Detections(grid + 3.0 * step, np.full(10, 0.9)), IMAGE)
        for id, row in zip(out.ids.tolist(), out.rows.tolist(), strict=True):
            assert owner.setdefault(id, row) == row
    assert sorted(owner.values()) == list(range(10))


def test_the_same_video_gives_the_same_tracks(make, crowd):
    assert_same(link(make(), crowd), link(make(), crowd))


def test_a_reset_starts_again_from_nothing(make, crowd):
    associator = make()
    first = link(associator, crowd)
    associator.reset()
    assert_same(first, link(associator, crowd))


def test_two_instances_do_not_share_ids(make, crowd):
    alone = link(make(), crowd)
    first, second = make(), make()
    both = [(first.update(detections, IMAGE), second.update(detections, IMAGE)) for detections in crowd]
    assert_same(alone, [one for one, _ in both])
    assert_same(alone, [other for _, other in both])


def test_a_shifted_world_gives_shifted_tracks(make, crowd):
    shifted = [Detections(detections.boxes + 64.0, detections.scores) for detections in crowd]
    assert_same(link(make(), crowd), link(make(), shifted), shift=64.0)


def test_the_order_of_rows_does_not_matter(make, crowd):
    random = np.random.default_rng(0)
    first, second, renamed = make(), make(), {}
    for detections in crowd:
        order = random.permutation(len(detections))
        one = first.update(detections, IMAGE)
        other = second.update(detections.select(order), IMAGE)
        mine = dict(zip(one.rows.tolist(), one.ids.tolist(), strict=True))
        theirs = dict(zip(order[other.rows].tolist(), other.ids.tolist(), strict=True))
        assert set(mine) == set(theirs)
        for row, id in mine.items():
            assert renamed.setdefault(id, theirs[row]) == theirs[row]
    assert len(set(renamed.values())) == len(renamed)


def test_empty_frames_are_frames(make, crowd):
    associator = make()
    for _ in range(3):
        out = associator.update(NOBODY)
        assert (len(out), out.ids.tolist(), out.rows.tolist()) == (0, [], [])
    out = link(associator, crowd)
    assert sum(len(detections) for detections in out) > 0
    for _ in range(40):
        assert len(associator.update(NOBODY)) == 0
    assert max(ids.max(initial=0) for ids in (detections.ids for detections in out)) < min(
        ids.min() for ids in (detections.ids for detections in link(associator, crowd)[5:]) if len(ids)
    )


def test_low_scores_alone_are_nobody(make):
    low = Detections(np.array([[0.0, 0, 50, 100]]), np.array([0.3]))
    associator = make()
    assert [len(associator.update(low, IMAGE)) for _ in range(6)] == [0] * 6


def test_a_lone_person(make):
    one = Detections(np.array([[100.0, 100, 160, 260]]), np.array([0.9]))
    associator = make()
    out = [associator.update(one, IMAGE) for _ in range(6)]
    assert out[-1].ids.tolist() == [1]
    np.testing.assert_allclose(out[-1].boxes, one.boxes, atol=1e-6)


def test_three_hundred_people(make):
    grid = np.array([[x * 60.0, y * 130.0, x * 60 + 50, y * 130 + 120] for y in range(15) for x in range(20)])
    associator = make()
    for shift in range(5):
        out = associator.update(Detections(grid + shift, np.full(300, 0.9)), IMAGE)
    assert len(out) == 300
    np.testing.assert_array_equal(out.ids, out.rows + 1)


def test_inputs_are_left_alone(make, crowd):
    before = [(detections.boxes.copy(), detections.scores.copy()) for detections in crowd]
    link(make(), crowd)
    for detections, (boxes, scores) in zip(crowd, before, strict=True):
        np.testing.assert_array_equal(detections.boxes, boxes)
        np.testing.assert_array_equal(detections.scores, scores)


@pytest.mark.parametrize("broken", [[0, 0, np.nan, 9], [0, 0, 9, np.inf], [9, 0, 5, 9]])
def test_a_broken_box_is_refused_and_the_frame_never_was(make, crowd, broken):
    associator = make()
    first = link(associator, crowd[:20])
    for _ in range(3):
        with pytest.raises(ValueError, match="detection 1 has box") as error:
            associator.update(Detections(np.array([[0, 0, 9, 9], broken]), np.array([0.9, 0.9])), IMAGE)
        assert "\n" not in str(error.value)
    assert_same(link(make(), crowd), first + link(associator, crowd[20:]))


@pytest.mark.filterwarnings("error")
def test_a_box_without_area_is_nobody(make):
    boxes = Detections(np.array([[0.0, 0, 50, 100], [300, 10, 300, 90], [500, 10, 560, 10]]), np.full(3, 0.9))
    associator = make()
    out = [associator.update(boxes, IMAGE) for _ in range(6)]
    assert all(set(detections.rows.tolist()) <= {0} for detections in out)
    assert out[-1].rows.tolist() == [0]


@pytest.mark.parametrize("name", [name for name in ASSOCIATORS if name != "deepsort"])
def test_the_table_makes_them_from_a_configuration(name, crowd):
    associator = ASSOCIATORS[name](high_score=0.5, low_score=0.1, new_track_score=0.6, buffer_seconds=1.0, fps=30.0)
    assert_same(link(associator, crowd), link(MAKERS[name](), crowd))


@pytest.mark.parametrize(("fps", "kind"), [(1.0, Sparse), (2.0, Sparse), (5.0, Byte), (25.0, Byte)])
def test_auto_goes_by_the_frame_rate(fps, kind):
    options = {"high_score": 0.5, "low_score": 0.1, "new_track_score": 0.6, "buffer_seconds": 1.0}
    assert type(ASSOCIATORS["auto"](fps=fps, **options)) is kind


def test_sort_keeps_a_track_for_one_frame_at_any_rate():
    for fps in (2.0, 30.0, 120.0):
        sort = ASSOCIATORS["sort"](high_score=0.5, low_score=0.1, new_track_score=0.6, buffer_seconds=9.0, fps=fps)
        one = Detections(np.array([[0.0, 0, 50, 100]]), np.array([0.9]))
        for detections in (one, one, one, one, NOBODY, NOBODY):
            sort.update(detections)
        assert [sort.update(one).ids.tolist() for _ in range(4)][-1] == [2]
