"""The compiled road and the numpy road: the same ids, rows, scores and boxes, to the last bit."""

import builtins
from functools import partial

import numpy as np
import pytest
from associator_contract import AssociatorContract, Make
from golden_tracks import check_replay, golden_files, videos
from hypothesis import given, settings
from hypothesis import strategies as st

from smot_vlm.association import roads
from smot_vlm.association.assignment import assign, assign_all
from smot_vlm.association.byte import Byte
from smot_vlm.association.ocsort import OCSort
from smot_vlm.association.roads import Loading
from smot_vlm.association.settings import AssociationSettings
from smot_vlm.association.sort import Sort
from smot_vlm.bench.association_videos import synthetic_detections
from smot_vlm.structures import Detections

pytest.importorskip("numba", reason="the compiled road needs numba")

TWO_ROADS = {
    "sort": Sort,
    "byte": Byte,
    "byte, gated": partial(Byte, gate=9.4877),
    "ocsort": OCSort,
    "ocsort-byte": partial(OCSort, low_score_round=True),
}
associators = pytest.mark.parametrize("make", TWO_ROADS.values(), ids=TWO_ROADS)


def assert_same(one: Detections, other: Detections) -> None:
    for name in ("ids", "rows", "scores", "boxes"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
        assert getattr(one, name).dtype == getattr(other, name).dtype


def compare(make, frames: list[tuple[Detections, float]]) -> None:
    numpy, compiled = make(compiled=False), make(compiled=True)
    for detections, elapsed in frames:
        assert_same(numpy.update(detections, None, elapsed), compiled.update(detections, None, elapsed))


@pytest.mark.parametrize("make", TWO_ROADS.values(), ids=TWO_ROADS, scope="class")
class TestCompiledAssociators(AssociatorContract):
    @pytest.fixture
    def make(self, request) -> Make:
        return lambda: request.param(AssociationSettings(), compiled=True)


@pytest.mark.parametrize(
    ("name", "make", "options"),
    [
        ("byte.npz", Byte, {"same_ids": True}),
        ("byte_testpipe.npz", Byte, {"above": 0.55, "least_rows": 5}),
        ("sort.npz", Sort, {"above": 0.5, "same_order": False}),
        ("ocsort.npz", OCSort, {"same_order": False}),
        ("ocsort_byte.npz", TWO_ROADS["ocsort-byte"], {"same_order": False}),
    ],
)
def test_recorded_tracks_are_replayed(name, make, options):
    files = golden_files(name)
    if not files:
        pytest.skip("no recordings here")
    for file in files:
        check_replay(*file.values, lambda: make(compiled=True), **options)


@associators
def test_recorded_detections_give_the_same_bits(make):
    files = golden_files("det.npz")
    if not files:
        pytest.skip("no recordings here")
    for file in files:
        table = np.load(file.values[0])
        for _, frames in videos(file.values[0].parent):
            compare(make, [(Detections(table["xyxy"][rows], table["score"][rows]), 1.0) for rows in frames])


@associators
@pytest.mark.parametrize(("people", "frames"), [(3, 120), (40, 80), (300, 12)])
def test_crowds_give_the_same_bits(make, people, frames):
    """The steps are even at first, then not: a half, a third and several frames."""
    video = synthetic_detections(people, frames=frames, seed=people)
    steps = [1.0] * (frames // 2) + [1.0, 0.5, 1 / 3, 3.0, 1.0, 1.7] * frames
    compare(make, list(zip(video, steps, strict=False)))


# On a coarse grid boxes coincide, touch and tie; sizes of 0 are boxes without area.
BOX = st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(0, 4), st.integers(0, 4), st.integers(0, 10))
FRAME = st.tuples(st.lists(BOX, max_size=7), st.sampled_from([1.0, 1.0, 1.0, 0.5, 2.0, 40.0]))


def detections_of(boxes: list[tuple[int, ...]]) -> Detections:
    table = np.array(boxes, dtype=np.float64).reshape(-1, 5)
    corners = np.concatenate([table[:, :2], table[:, :2] + table[:, 2:4]], axis=1)
    return Detections(corners * 20, table[:, 4] / 10)


@associators
@settings(deadline=None, max_examples=60)
@given(st.lists(FRAME, max_size=14))
def test_any_boxes_give_the_same_bits(make, frames):
    compare(make, [(detections_of(boxes), elapsed) for boxes, elapsed in frames])


GAINS = st.lists(st.lists(st.integers(-3, 8), min_size=5, max_size=5), min_size=1, max_size=7)


@settings(deadline=None, max_examples=80)
@given(GAINS)
def test_both_solvers_choose_the_same_pairs_where_many_choices_are_equal(gains):
    from smot_vlm.association.compiled import assignment as compiled

    gain = np.array(gains, dtype=np.float64) / 8
    rows, columns = (gain > 0).nonzero()
    mine = np.full(gain.shape[0], -1)
    chosen = assign(rows, columns, gain[rows, columns])
    mine[rows[chosen]] = columns[chosen]
    starts = np.searchsorted(rows, np.arange(len(gain) + 1))
    other = np.empty(len(gain), dtype=np.int64)
    compiled.assign(starts, columns, gain[rows, columns], gain.shape[1], other)
    np.testing.assert_array_equal(mine, other)

    mine = np.full(gain.shape[0], -1)
    rows, columns = assign_all(gain)
    mine[rows] = columns
    compiled.assign_all(gain.copy(), other)
    np.testing.assert_array_equal(mine, other)


@associators
def test_a_video_changes_roads_on_its_way_and_nobody_notices(make, monkeypatch):
    """Not before numpy has worked for its time; then from one frame to the next, with every track as it was."""
    loading = Loading(patience=1e9)
    monkeypatch.setattr(roads, "LOADING", loading)
    numpy, changing = make(compiled=False), make()
    for index, detections in enumerate(synthetic_detections(30, frames=60, seed=5)):
        if index == 30:
            assert changing._core is None
            loading.worked(1e9)
            loading.wait()
            assert loading.is_done
        assert_same(numpy.update(detections), changing.update(detections))
    assert changing._core is not None
    assert numpy._core is None
    changing.reset()
    assert changing.update(detections).ids.tolist() == make(compiled=False).update(detections).ids.tolist()


def test_where_numba_is_not_installed_numpy_goes_on(monkeypatch):
    def without(name, *args, **options):
        if name.startswith("smot_vlm.association.compiled"):
            raise ImportError("No module named 'numba'")
        return imported(name, *args, **options)

    imported = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", without)
    loading = Loading(patience=0.0)
    monkeypatch.setattr(roads, "LOADING", loading)
    byte = Byte()
    for detections in synthetic_detections(5, frames=4):
        byte.update(detections)
        loading.wait()
    assert not loading.is_done
    assert byte._core is None
    with pytest.raises(ImportError, match="pip install numba"):
        Byte(compiled=True)
