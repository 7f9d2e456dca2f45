"""Against numbers that TrackEval wrote from files, TrackEval's own way of joining sequences, and motrics against TrackEval."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import larger_alone

from smot_vlm.evaluation import chota, motrics_engine, trackeval_engine
from smot_vlm.evaluation.assignment_ties import is_unique
from smot_vlm.evaluation.frame_boxes import FrameBoxes, box_iou, frame_boxes
from smot_vlm.evaluation.trackeval_engine import COMBINED, evaluate_tracking
from smot_vlm.evaluation.tracking import ENGINES, tracking_part
from smot_vlm.formats.mot import MotRows
from smot_vlm.formats.mot_files import read_results, read_truth

pytest.importorskip("trackeval")
pytest.importorskip("motrics")
TRACKERS = ("byte", "byte_rawind")
OTHERS = ("byte_detbox", "byte_testpipe", "ocsort_byte")


@pytest.fixture(scope="module")
def recorded(golden):
    return json.loads((golden / "track_metrics/trackeval.json").read_text())["results"]


def layouts_of(golden, recorded, tracker) -> dict[str, FrameBoxes]:
    folder = golden / "sequences"
    return {
        name: frame_boxes(
            read_truth(folder / name / "gt.txt").rows,
            read_results(folder / name / f"{tracker}.txt").rows,
            result["Count"]["Frames"],
        )
        for name, result in recorded[tracker].items()
        if name != COMBINED
    }


@pytest.mark.parametrize("tracker", TRACKERS)
def test_equal_to_recorded_trackeval(golden, recorded, tracker):
    check_trackeval(golden, recorded, tracker)


@larger_alone
@pytest.mark.parametrize(
    "tracker", ["sort", "ocsort", *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]
)
def test_equal_to_recorded_trackeval_of_other_trackers(golden, recorded, tracker):
    check_trackeval(golden, recorded, tracker)


def check_trackeval(golden, recorded, tracker) -> None:
    """Every field of every sequence and of all together; counts exactly (byte_rawind has boxes on top of each other)."""
    layouts = layouts_of(golden, recorded, tracker)
    results = evaluate_tracking(layouts)
    for sequence, families in recorded[tracker].items():
        for family, fields in families.items():
            for name, value in fields.items():
                got = results[sequence][family][name]
                if isinstance(value, int):
                    assert got == value, (sequence, name)
                else:
                    np.testing.assert_allclose(got, value, rtol=0, atol=1e-6, err_msg=f"{sequence} {name}")

    for engine in ENGINES:
        check_columns(tracking_part(list(layouts.values()), engine), len(layouts), recorded[tracker][COMBINED])


def check_columns(columns, sequences: int, whole: dict) -> None:
    values = dict(zip((column.name for column in columns.columns), columns.score(np.ones(sequences)), strict=True))
    for name in ("HOTA", "DetA", "AssA", "LocA"):
        assert values[name] == pytest.approx(np.mean(whole["HOTA"][name]), abs=1e-6)
    assert values["MOTA"] == pytest.approx(whole["CLEAR"]["MOTA"], abs=1e-6)
    for name in ("IDF1", "IDR", "IDP"):
        assert values[name] == pytest.approx(whole["Identity"][name], abs=1e-6)
    assert [values[name] for name in ("FP", "FN", "IDs")] == [
        whole["CLEAR"][key] for key in ("CLR_FP", "CLR_FN", "IDSW")
    ]


@pytest.mark.parametrize("tracker", TRACKERS)
def test_chota_with_perfect_captions_rests_on_trackevals_counts(golden, recorded, tracker):
    layouts = layouts_of(golden, recorded, tracker)
    boxes = [chota.matched_boxes(layout) for layout in layouts.values()]
    for name, counts in zip(layouts, boxes, strict=True):
        np.testing.assert_array_equal(counts.sum(axis=(1, 2)), recorded[tracker][name]["HOTA"]["HOTA_TP"])
    part = chota.chota_part(list(layouts.values()), boxes, [np.ones(counts.shape[1:]) for counts in boxes])
    whole = recorded[tracker][COMBINED]["HOTA"]
    product = np.array(whole["DetA"]) * np.array(whole["AssA"])
    np.testing.assert_allclose(part.score(np.ones(len(layouts))), [1, np.cbrt(product).mean()], atol=1e-9)
    # Half as good captions: CapA is a half, CHOTA smaller by the cube root of a half.
    half = chota.chota_part(list(layouts.values()), boxes, [np.full(counts.shape[1:], 0.5) for counts in boxes])
    np.testing.assert_allclose(
        half.score(np.ones(len(layouts))), [0.5, np.cbrt(0.5) * np.cbrt(product).mean()], atol=1e-9
    )


def test_chota_weighs_captions_by_boxes_and_skips_tracks_without_one():
    """Ten boxes of a track with quality 1, twenty of one with 0.25, ten of one whose truth has no caption."""
    lengths, quality = (10, 20, 10), np.full((3, 3), np.nan)
    quality[0, 0], quality[1, 1] = 1.0, 0.25
    rows = MotRows(
        np.concatenate([np.arange(length) for length in lengths]),
        np.repeat([1, 2, 3], lengths),
        np.array([[100.0 * track, 0, 100 * track + 50, 80] for track in np.repeat([1, 2, 3], lengths)]),
        np.ones(sum(lengths)),
    )
    layout = frame_boxes(rows, rows, 20)
    part = chota.chota_part([layout], [chota.matched_boxes(layout)], [quality])
    capa = (10 * 1 + 20 * 0.25) / 30
    np.testing.assert_allclose(part.score(np.ones(1)), [capa, np.cbrt(capa)])


def random_rows(generator: np.random.Generator, frames: int, people: int) -> MotRows:
    table = [
        (frame, person, *(corner := generator.uniform(0, 60, 2)), *(corner + generator.uniform(10, 60, 2)))
        for frame in range(frames)
        for person in range(people)
        if generator.random() < 0.8
    ]
    columns = np.array(table, dtype=np.float64).reshape(-1, 6)
    return MotRows(
        columns[:, 0].astype(np.int64), columns[:, 1].astype(np.int64), columns[:, 2:], np.ones(len(columns))
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 3), st.integers(0, 4))
def test_sums_join_sequences_as_trackeval_does(seed, people, predicted):
    """Also where a sequence has no box at all on one side, and where sequences count more than once."""
    generator = np.random.default_rng(seed)
    layouts = [
        frame_boxes(random_rows(generator, 6, people + index), random_rows(generator, 6, predicted), 6)
        for index in range(3)
    ]
    weights = generator.integers(0, 3, 3)
    if not weights.any():
        weights[0] = 1
    repeated = [layout for layout, count in zip(layouts, weights, strict=True) for _ in range(count)]
    whole = evaluate_tracking({str(index): layout for index, layout in enumerate(repeated)})[COMBINED]
    values = tracking_part(layouts).score(weights.astype(np.float64))
    hota = [np.mean(whole["HOTA"][name]) for name in ("HOTA", "DetA", "AssA", "LocA")]
    if not np.any(whole["HOTA"]["HOTA_TP"]):
        hota[3] = 0  # TrackEval calls the location of nothing perfect
    identity = [whole["Identity"][name] for name in ("IDF1", "IDR", "IDP")]
    counts = [whole["CLEAR"][name] for name in ("CLR_FP", "CLR_FN", "IDSW")]
    np.testing.assert_allclose(values, [*hota, whole["CLEAR"]["MOTA"], *identity, *counts], atol=1e-9)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 4), st.integers(0, 5), st.booleans())
def test_engines_are_equal(seed, people, predicted, coarse):
    """Also with no person on a side, in empty frames, and where many boxes have the very same overlap."""
    generator = np.random.default_rng(seed)
    rows = [random_rows(generator, 8, count) for count in (people, predicted)]
    if coarse:
        rows = [MotRows(one.frames, one.ids, np.round(one.boxes / 30) * 30, one.scores) for one in rows]
    layout = frame_boxes(*rows, 9)
    ours, theirs = (ENGINES[name](layout) for name in ("motrics", "trackeval"))
    assert ours.shape == theirs.shape == (102,)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_trackeval_is_asked_only_where_tracks_tie(monkeypatch):
    """One track twice leaves HOTA a choice, a shifted twin does not."""
    asked = []
    monkeypatch.setattr(trackeval_engine, "tracking_terms", lambda layout: asked.append(layout) or np.zeros(102))
    rows = random_rows(np.random.default_rng(0), 6, 2)
    for shift, expected in ((1.0, 0), (0.0, 1)):
        twins = MotRows(
            *(np.concatenate([column, column]) for column in (rows.frames, rows.ids, rows.boxes, rows.scores))
        )
        twins.ids[len(rows) :] += 10
        twins.boxes[len(rows) :] += shift
        motrics_engine.tracking_terms(frame_boxes(rows, twins, 6))
        assert len(asked) == expected


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([[0.9, 0.1], [0.2, 0.8]], False),
        ([[0.9, 0.9]], True),  # one person, two boxes alike
        ([[0.9], [0.9]], True),
        ([[0.75, 0.5], [0.5, 0.25]], True),  # exchanged: 0.75 + 0.25 = 0.5 + 0.5
        ([[0.75, 0.5], [0.5, 0.375]], False),
        ([[0.5, 0.0], [1.0, 0.5]], True),  # two pairs of 0.5 or one of 1
        ([[0.75, 0.0], [0.5, 0.75], [0.0, 1.0]], False),  # 0.75 + 1 beats 0.75 + 0.75
        ([[0.75, 0.0], [0.5, 0.75], [0.0, 0.5]], False),
        ([[0.5, 0.0], [0.75, 0.5], [0.0, 0.75]], False),
        ([[0.75, 0.5], [0.0, 0.25], [0.5, 0.0]], True),  # 0.75 + 0.25 = 0.5 + 0.5
        ([[1.0, 0.0], [0.0, 1.0]], False),
    ],
)
def test_ties(weights, expected):
    assert is_unique(np.array(weights), np.array(weights) > 0) != expected


def test_a_tie_of_pairs_that_do_not_count_is_none():
    assert is_unique(np.array([[0.9, 0.9]]), np.zeros((1, 2), dtype=bool))


def test_ground_truth_rows_with_score_0_are_left_out_and_predicted_ones_kept():
    rows = MotRows(np.array([0, 1]), np.array([1, 1]), np.array([[0.0, 0, 10, 10]] * 2), np.array([1.0, 0.0]))
    layout = frame_boxes(rows, rows, 2)
    assert [len(ids) for ids in layout.truth] == [1, 0]
    assert [len(ids) for ids in layout.predicted] == [1, 1]


def test_box_iou():
    boxes = np.array([[0.0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [3, 3, 3, 9]])
    expected = np.eye(4)
    expected[0, 1] = expected[1, 0] = 1 / 3
    expected[3, 3] = 0  # a box without width overlaps nothing, not even itself
    np.testing.assert_allclose(box_iou(boxes, boxes), expected)
    assert box_iou(boxes, np.zeros((0, 4))).shape == (4, 0)


def test_nothing_is_printed(capfd):
    rows = MotRows(np.array([0]), np.array([1]), np.array([[0.0, 0, 10, 10]]), np.ones(1))
    evaluate_tracking({"a": frame_boxes(rows, rows, 1)})
    assert capfd.readouterr() == ("", "")
