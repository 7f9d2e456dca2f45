"""Perfect predictions reach the maximum of every column, empty ones 0, and each fault moves just the columns it should."""

from functools import cache

import evaluation_cases as cases
import numpy as np
import pytest

from smot_vlm.evaluation.protocol import evaluate
from smot_vlm.evaluation.results import Evaluation

pytestmark = [pytest.mark.usefixtures("recorded_meteor", "word_embeddings"), pytest.mark.subprocess]

DETECTION = {"tracking/HOTA", "tracking/DetA", "tracking/MOTA", "tracking/IDF1", "chota/CHOTA"}
WORDS = {
    f"instance/{name}" for name in ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr", "similarity")
}
VIDEO_WORDS = {name.replace("instance", "video") for name in WORDS}
EXTRA_TRACK = {"tracks/precision", "tracks/F1", "instance/caption precision", "instance/caption F1"}
MISSED_TRACK = {"tracks/recall", "tracks/F1", "instance/caption recall", "instance/caption F1"}
CAPTION_QUALITY = {f"instance/caption {name}" for name in ("precision", "recall", "F1")}
INTERACTIONS = {
    f"interactions/{name}"
    for tier in ("", "macro ", "near ", "coarse ")
    for name in (f"{tier}precision", f"{tier}recall", f"{tier}F1")
} | {"interactions/mAP"}
RECALLS = {key for key in INTERACTIONS if "precision" not in key}

STRICT_FAULTS = {
    "id_switch": {
        "tracking/HOTA", "tracking/AssA", "tracking/MOTA", "tracking/IDF1", "tracking/IDR", "tracking/IDP",
        "tracking/IDs", "chota/CHOTA", *EXTRA_TRACK,
    },
    "lost_track": {*DETECTION, "tracking/IDR", "tracking/FN", *WORDS, *MISSED_TRACK},
    "lost_partner": {*DETECTION, "tracking/IDR", "tracking/FN", *WORDS, *MISSED_TRACK, *RECALLS, "interactions/macro precision"},
    "swapped_captions": {*WORDS, *CAPTION_QUALITY, "chota/CapA", "chota/CHOTA"},
    "reversed_interaction": INTERACTIONS,
    "duplicated_track": {*DETECTION, "tracking/IDP", "tracking/FP", *EXTRA_TRACK},
    "wrong_video_caption": VIDEO_WORDS,
    "moved_boxes": {"tracking/HOTA", "tracking/DetA", "tracking/LocA", "chota/CHOTA"},
}  # fmt: skip


def score(predictions, protocol: str = "strict") -> Evaluation:
    return evaluate(predictions, cases.truths(), protocol)


@cache
def scored(case: str, protocol: str = "strict") -> Evaluation:
    """The evaluation of one of the invented cases."""
    return score(getattr(cases, case)(), protocol)


def without_wordnet(evaluation: Evaluation, key: str) -> bool:
    """Whether this is NLTK's METEOR on a machine without WordNet, where the cell says what to install."""
    cell = evaluation.cell(key)
    return cell.value is None and "no WordNet found" in cell.note


def moved(evaluation: Evaluation, reference: Evaluation, tolerance: float = 1e-9) -> set[str]:
    """Keys of the columns that became worse by more than `tolerance`; none may become better by more."""
    keys = set()
    for column in reference.columns:
        if without_wordnet(reference, column.key):
            continue
        value, best = evaluation.value(column.key), reference.value(column.key)
        assert value is not None
        assert best is not None
        worse = value - best if column.lower_is_better else best - value
        assert worse > -tolerance, f"{column.key} became better by {-worse}"
        if worse > tolerance:
            keys.add(column.key)
    return keys


@pytest.mark.parametrize("protocol", ["strict", "official"])
def test_perfect_predictions_reach_the_maximum(protocol):
    evaluation = scored("perfect", protocol)
    for column in evaluation.columns:
        if without_wordnet(evaluation, column.key):
            continue
        best = 0 if column.count else 10 if column.name == "CIDEr" else 1
        tolerance = 0.001 if (protocol, column.name) == ("official", "METEOR") else 1e-9  # its penalty is never quite 0
        assert evaluation.value(column.key) == pytest.approx(best, abs=tolerance), column.key


@pytest.mark.parametrize("protocol", ["strict", "official"])
def test_empty_predictions_score_zero(protocol):
    evaluation = scored("empty", protocol)
    boxes = sum(len(track) for truth in cases.truths() for track in truth.tracks)
    assert evaluation.value("tracking/FN") == boxes
    for column in evaluation.columns:
        cell = evaluation.cell(column.key)
        if column.name != "FN":
            # Officially, words of tracks that are not there are not measured at all.
            assert cell.value == 0 or (protocol == "official" and cell.value is None and cell.note), column.key


@pytest.mark.parametrize("fault", STRICT_FAULTS)
def test_a_fault_moves_the_columns_that_it_should(fault):
    assert moved(scored(fault), scored("perfect")) == STRICT_FAULTS[fault]


def test_values_of_simple_faults():
    assert scored("id_switch").value("tracking/IDs") == 1
    assert scored("lost_track").value("tracking/FN") == cases.FRAMES
    assert scored("lost_track").value("tracks/recall") == pytest.approx(4 / 5)
    assert scored("duplicated_track").value("tracking/FP") == cases.FRAMES
    assert scored("duplicated_track").value("tracks/precision") == pytest.approx(5 / 6)
    # Its words are right, so only the number of tracks tells: 5 right captions of 6 given.
    assert scored("duplicated_track").value("instance/caption precision") == pytest.approx(5 / 6)
    one_of_four_turned = scored("reversed_interaction")
    assert one_of_four_turned.value("interactions/precision") == pytest.approx(3 / 4)
    assert one_of_four_turned.value("interactions/macro F1") == pytest.approx(2 / 3)
    assert one_of_four_turned.value("interactions/mAP") == pytest.approx(2 / 3)


def test_official_forgives_misses_and_counts_doubles_twice():
    perfect = scored("perfect", "official")
    # NLTK's METEOR of a caption with itself depends a little on its length, so its mean depends on which are scored.
    for harmless in ("lost_track", "duplicated_track"):
        assert not any("tracking" not in key for key in moved(scored(harmless, "official"), perfect, tolerance=1e-4))
    doubled = cases.change(
        "square/one", tracks=(*cases.sequence("square/one").tracks, cases.track(99, 505, "A dog sleeps."))
    )
    words = {key for key in moved(score(doubled, "official"), perfect) if "tracking" not in key}
    names = {f"instance/{name}" for name in ("BLEU", "METEOR", "ROUGE", "CIDEr")}
    assert words == {key for key in names if not without_wordnet(perfect, key)}
    assert {f"interactions/{name}" for name in ("precision", "recall", "F1", "accuracy")} == moved(
        scored("reversed_interaction", "official"), perfect
    )


def test_official_drops_short_tracks_and_doubtful_boxes():
    short = cases.change(
        "square/one", tracks=(*cases.sequence("square/one").tracks, cases.track(99, 900, "", range(4)))
    )
    assert score(short, "official").value("tracking/FP") == 0
    assert score(short, "strict").value("tracking/FP") == 4
    doubtful = cases.track(98, 900)
    doubtful.scores[:] = 0.4
    extra = cases.change("square/one", tracks=(*cases.sequence("square/one").tracks, doubtful))
    assert score(extra, "official").value("tracking/FP") == 0
    assert score(extra, "strict").value("tracking/FP") == cases.FRAMES


def test_a_sequence_alone_scores_as_in_the_set():
    """Each row of a sequence is what that sequence scores on its own; only CIDEr knows the other captions."""
    together = scored("duplicated_track")
    for truth in cases.truths():
        alone = evaluate([one for one in cases.duplicated_track() if one.name == truth.name], [truth])
        for column in together.columns:
            if column.name != "CIDEr":
                assert together.value(column.key, truth.name) == pytest.approx(alone.value(column.key)), column.key


def test_missing_sequences_and_fields_are_listed_and_score_as_empty():
    lone = [one for one in cases.perfect() if one.name == "park/two"]
    evaluation = score(lone)
    assert evaluation.missing == ("square/one: no prediction",)
    assert evaluation.value("tracking/FN") == 3 * cases.FRAMES
    assert evaluation.value("tracks/recall") == pytest.approx(2 / 5)
    part = cases.change("park/two", caption="", missing=("video caption",))
    assert score(part).missing == ("park/two: no video caption",)


def test_intervals_hold_the_value_and_repeat_with_the_seed():
    run = cases.lost_track()
    first, second = (evaluate(run, cases.truths(), bootstrap=40, seed=3) for _ in range(2))
    for column in first.columns:
        cell = first.cell(column.key)
        assert cell == second.cell(column.key)
        assert cell.low <= cell.value + 1e-9
        assert cell.value - 1e-9 <= cell.high
    # Two sequences, one of them perfect: the interval reaches from the worse to the perfect one.
    assert first.cell("tracks/recall").low == pytest.approx(2 / 3)
    assert first.cell("tracks/recall").high == 1
    assert evaluate(run, cases.truths()).cell("tracks/recall").low is None


def test_true_tracks_without_words_are_not_scored_by_words():
    truth = cases.truths()[0]
    silent = [
        cases.SequenceTruth(truth.name, tuple(cases.replace(one, caption="") for one in truth.tracks), (), "", 20)
    ]
    evaluation = evaluate([cases.sequence(truth.name)], silent)
    assert evaluation.value("tracking/HOTA") == 1
    for key in ("instance/METEOR", "video/CIDEr", "chota/CHOTA"):
        assert evaluation.value(key) is None
        assert "no caption in the ground truth" in evaluation.cell(key).note
    assert evaluation.value("interactions/precision") == 0


@pytest.mark.parametrize("protocol", ["strict", "official"])
def test_ids_and_order_do_not_matter(protocol):
    renamed = [
        cases.replace(
            one,
            tracks=tuple(cases.replace(each, id=1000 - each.id) for each in one.tracks),
            interactions=tuple(
                cases.Interaction(1000 - edge.subject, edge.verb, 1000 - edge.object, edge.score)
                for edge in reversed(one.interactions)
            ),
        )
        for one in reversed(cases.id_switch())
    ]
    values = [
        [cell.value if cell.value is not None else np.nan for cell in score(run, protocol).overall.cells]
        for run in (cases.id_switch(), renamed)
    ]
    np.testing.assert_allclose(*values)


@pytest.mark.parametrize(
    ("predictions", "truths", "message"),
    [
        (lambda: [], lambda: [], "no sequence"),
        (lambda: [], lambda: [cases.SequenceTruth("a/b", ())], "no track in any of its 1 sequences"),
        (lambda: [cases.SequencePrediction("x/y")], cases.truths, "unknown sequences, first 'x/y'"),
        (lambda: cases.perfect() + cases.perfect()[:1], cases.truths, "twice in the predictions"),
        (cases.perfect, lambda: cases.truths() + cases.truths()[:1], "twice in the ground truth"),
        (
            lambda: [cases.SequencePrediction("park/two", (cases.track(1, 0, "", range(30)),))],
            cases.truths,
            "frame 30 of 20",
        ),
    ],
)  # fmt: skip
def test_input_that_cannot_be_scored(predictions, truths, message):
    with pytest.raises(ValueError, match=message):
        evaluate(predictions(), truths())


def test_unknown_protocol():
    with pytest.raises(ValueError, match="strict or official"):
        evaluate(cases.perfect(), cases.truths(), "lenient")
