"""Against numbers that the released SMOTer evaluation wrote."""

import json
from pathlib import Path

import numpy as np
import pytest
from recordings import larger_alone

from smot_vlm.evaluation import caption_measures
from smot_vlm.evaluation import official_caption_measures as measures
from smot_vlm.evaluation.matching import match_many_to_one
from smot_vlm.evaluation.official_interactions import count_relations, relation_scores
from smot_vlm.evaluation.wordnet import load_wordnet
from smot_vlm.structures import Trajectory

pytest.importorskip("nltk")


@pytest.fixture(scope="module")
def captions(golden):
    """Name of the set -> (true captions, predicted captions, recorded values)."""
    recorded = json.loads((golden / "captions/scores.json").read_text())
    pairs = json.loads((golden / "captions/pairs.json").read_text())
    longer = recorded["summary_style"]
    singles = recorded["official_per_pair"]
    return {
        "pairs": (pairs["gts"], pairs["preds"], recorded["official_eval_vu"] | singles),
        "longer": (longer["gts"], longer["preds"], longer["official_eval_vu"]),
    }


@pytest.mark.parametrize("name", ["pairs", "longer"])
def test_bleu_counts_characters(captions, name):
    references, predictions, expected = captions[name]
    sums = measures.character_bleu_statistics(references, predictions).sum(axis=0)
    assert measures.character_bleu(sums) == pytest.approx(expected["BLEU"], abs=1e-6)


def test_character_bleu_of_nothing():
    assert measures.character_bleu(measures.character_bleu_statistics(["a man"], [""]).sum(axis=0)) == 0
    assert measures.character_bleu(np.zeros(measures.BLEU_TERMS)) == 0


@pytest.mark.parametrize("name", ["pairs", "longer"])
def test_meteor_of_nltk(captions, name):
    references, predictions, expected = captions[name]
    try:
        load_wordnet()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    scores = measures.nltk_meteor(references, predictions)
    assert scores.mean() == pytest.approx(expected["METEOR"], abs=1e-6)
    if name == "pairs":
        np.testing.assert_allclose(scores, expected["nltk_meteor"], atol=1e-6)


@pytest.mark.parametrize("name", ["pairs", "longer"])
def test_rouge_and_cider_see_raw_text(captions, name):
    references, predictions, expected = captions[name]
    rouge, cider = caption_measures.rouge_l(references, predictions), caption_measures.cider(references, predictions)
    assert rouge.mean() == pytest.approx(expected["ROUGE"], abs=1e-6)
    assert cider.mean() == pytest.approx(expected["CIDEr"], abs=1e-6)
    if name == "pairs":
        np.testing.assert_allclose(rouge, expected["rouge_l_raw"], atol=1e-6)
        np.testing.assert_allclose(cider, expected["cider_raw"], atol=1e-6)


@pytest.mark.parametrize("name", ["small", "none_predicted"])
def test_relations(golden, name):
    check_relations(golden / "captions", name)


@larger_alone
@pytest.mark.parametrize("name", ["medium", "large"])
def test_relations_of_many_pairs(golden, name):
    check_relations(golden / "captions", name)


def check_relations(folder: Path, name: str) -> None:
    """float32(0.4), planted five times in each case, is above 0.4 and counts as predicted."""
    table = np.load(folder / f"relation_{name}.npz")
    expected = json.loads((folder / "relation_scores.json").read_text())[name]
    counts = count_relations(table["scores"], table["labels"])
    if "tp" in expected:
        assert (counts.true_positives, counts.false_positives, counts.misses, counts.pairs) == tuple(
            expected[key] for key in ("tp", "fp", "fn", "rows")
        )
    fields = (counts.true_positives, counts.false_positives, counts.misses, counts.right_pairs, counts.pairs)
    np.testing.assert_allclose(
        relation_scores(fields), [expected[key] for key in ("Precision", "Recall", "F1 Score", "Accuracy")], atol=1e-6
    )


def tracks_of(table: dict) -> list[Trajectory]:
    return [
        Trajectory(int(track_id), [int(frame) for frame in boxes], list(boxes.values()), np.ones(len(boxes)))
        for track_id, boxes in table.items()
    ]


@pytest.mark.parametrize("case", range(6))
def test_matching_of_tracks(golden, case):
    recorded = json.loads((golden / "modules/track_to_gt_match.json").read_text())[case]
    matches = match_many_to_one(tracks_of(recorded["gt_tracks"]), tracks_of(recorded["pred_tracks"]))
    assert list(matches.items()) == [
        (int(predicted), int(true))
        for predicted, true in zip(recorded["kept_pred_ids"], recorded["gt_ids"], strict=True)
    ]
