"""CaptionFormer's way of scoring: every oddity against a cell computed by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from evaluation_cases import FRAMES, track

from smot_vlm.evaluation import official_caption_measures as measures
from smot_vlm.evaluation.matching import match_many_to_one, match_to_nearest
from smot_vlm.evaluation.official_caption_measures import nltk_meteor, whole_caption
from smot_vlm.evaluation.protocol import evaluate
from smot_vlm.evaluation.sequence_pairs import SequencePrediction, SequenceTruth
from smot_vlm.structures import Interaction

pytest.importorskip("nltk")
pytest.importorskip("motrics")


@pytest.fixture(autouse=True)
def no_synonyms(monkeypatch):
    """A dictionary without synonyms, which plays no part in these cells."""
    monkeypatch.setattr(measures, "load_wordnet", lambda: SimpleNamespace(synsets=lambda word: []))


def truth(name: str = "a/b", captions: tuple[str, ...] = ("abcd", "wxyz"), video: str = "they meet") -> SequenceTruth:
    """People at x = 100, 300 ..."""
    tracks = tuple(track(place + 1, 100 + 200 * place, caption) for place, caption in enumerate(captions))
    return SequenceTruth(name, tracks, (Interaction(1, "talk.v.01", 2),), video, FRAMES)


def test_a_track_goes_to_the_true_track_of_highest_overlap_however_low():
    """39 of 40 pixels to the side: IoU 1/79, far below the official 0.2."""
    people = truth().tracks
    assert match_to_nearest(people, [track(7, 339)]) == {7: 2}
    assert match_many_to_one(people, [track(7, 339)]) == {}


def test_a_track_that_overlaps_nobody_goes_to_the_first_and_ties_go_to_the_first():
    people = truth().tracks
    assert match_to_nearest(people, [track(7, 900)]) == {7: 1}
    # No frame in common.
    assert match_to_nearest([track(1, 100, frames=range(5)), track(2, 300)], [track(7, 100, frames=range(5, 9))]) == {
        7: 1
    }
    # Half way between two people, 20 pixels from each: the official rule takes the later.
    pair = [track(1, 100), track(2, 140)]
    assert match_to_nearest(pair, [track(7, 120)]) == {7: 1}
    assert match_many_to_one(pair, [track(7, 120)]) == {7: 2}
    assert match_to_nearest([], [track(7, 120)]) == {}


def test_overlap_counts_no_pixel_more():
    """Boxes that touch at one edge share nothing; the official rule counts a column of pixels."""
    first, second = track(1, 100), track(2, 180)
    beside = [track(7, 140)]  # touches both
    assert match_to_nearest([second, first], beside) == {7: 2}  # 0 everywhere: the first in the list


def test_meteor_sees_one_word():
    """Equal captions: precision and recall 1, one chunk of one match, 1 - 0.5 * (1 / 1)^3 = 0.5. Others have nothing."""
    said = ["a man walks, slowly.", "A man walks slowly", "a man walks quickly", ""]
    np.testing.assert_allclose(
        nltk_meteor(["a man walks slowly"] * 4, said, whole_caption), [0.5, 0.5, 0.0, 0.0], atol=1e-12
    )
    assert nltk_meteor(["a man walks slowly"], ["a man walks quickly"])[0] > 0.5


def test_cells_of_a_small_run():
    """Person 1 is found twice: once with its caption, once far away and with another; person 2 is missed."""
    tracks = (track(11, 100, "abcd"), track(12, 900, "abce"))
    run = [SequencePrediction("a/b", tracks, (), "they meet")]
    result = evaluate(run, [truth()], "captionformer")
    # Two rows, both against "abcd". Characters: 7 of 8 unigrams, 5 of 6 bigrams, 3 of 4 trigrams, 1 of 2 4-grams.
    bleu = (7 / 8 * 5 / 6 * 3 / 4 * 1 / 2) ** 0.25
    assert result.value("instance/BLEU") == pytest.approx(bleu, abs=1e-12)
    assert result.value("instance/METEOR") == pytest.approx((0.5 + 0.0) / 2, abs=1e-12)
    # One token each: equal 1, other 0.
    assert result.value("instance/ROUGE") == pytest.approx(0.5, abs=1e-12)
    assert result.protocol == "captionformer"
    # Two words in one chunk: 1 - 0.5 * (1 / 2)^3; videos keep the released words.
    assert result.value("video/METEOR") == pytest.approx(1 - 0.5 / 8, abs=1e-12)


def test_missed_people_and_missing_videos_are_free_and_people_without_a_caption_left_out():
    first, second = truth("a/b"), truth("a/c", ("abcd", ""), "all leave")
    run = [
        SequencePrediction("a/b", (track(11, 100, "abcd"),), (), "they meet"),
        SequencePrediction("a/c", (track(12, 300, "nothing"),), (), "all leave"),
    ]
    both = evaluate(run, [first, second], "captionformer")
    assert both.value("instance/METEOR") == pytest.approx(0.5)  # the row of a/c has no true caption
    assert both.value("instance/METEOR", "a/c") is None
    alone = evaluate(run[:1], [first, second], "captionformer")
    assert alone.value("video/METEOR") == pytest.approx(1 - 0.5 / 8)
    assert evaluate(run[:1], [first, second], "official").value("video/METEOR") == pytest.approx((1 - 0.5 / 8) / 2)


def test_interactions_keep_the_released_rules():
    """The far track stands for person 1 too, so its pair with person 2 is asked as well and missed."""
    tracks = (track(11, 100, "abcd"), track(12, 300, "wxyz"), track(13, 900, "abcd"))
    run = [
        SequencePrediction("a/b", tracks, (Interaction(11, "talk.v.01", 12, 0.41), Interaction(12, "talk.v.01", 11)))
    ]
    result = evaluate(run, [truth()], "captionformer")
    assert result.value("interactions/precision") == 1
    assert result.value("interactions/recall") == 0.5
    weak = [replace(run[0], interactions=(Interaction(11, "talk.v.01", 12, 0.4),))]
    assert evaluate(weak, [truth()], "captionformer").value("interactions/recall") == 0
