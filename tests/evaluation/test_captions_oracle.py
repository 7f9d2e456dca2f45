"""Against recorded pycocoevalcap numbers of caption pairs, empty and odd ones among them."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smot_vlm.evaluation import caption_measures
from smot_vlm.evaluation.tokens import treebank_tokens

pytest.importorskip("pycocoevalcap")
needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="no Java, which the PTB tokenizer and METEOR need")


@pytest.fixture(scope="module")
def recorded(golden):
    return json.loads((golden / "captions/scores.json").read_text())


@pytest.fixture(scope="module")
def texts(golden):
    pairs = json.loads((golden / "captions/pairs.json").read_text())
    return pairs["gts"], pairs["preds"]


@pytest.fixture(scope="module")
def tokens(recorded):
    return recorded["ptb_tokens"]["gts"], recorded["ptb_tokens"]["preds"]


@needs_java
@pytest.mark.subprocess
def test_ptb_tokens(texts, tokens):
    for given_texts, expected in zip(texts, tokens, strict=True):
        result = caption_measures.tokenize(given_texts)
        assert result.note == ""
        assert list(result.lines) == expected


@needs_java
@pytest.mark.subprocess
def test_ptb_tokens_of_odd_texts():
    """One line out for each caption in, whatever stands in it."""
    odd = ["", "  ", "A man.\n\nHe sits.", "a\u2028b c\x85d", "caf\u00e9 |||  x", "...", "It's a t-shirt (red)."]
    lines = caption_measures.tokenize(odd).lines
    assert lines == ("", "", "a man he sits", "a b c d", "caf\u00e9 x", "", "it 's a t-shirt -lrb- red -rrb-")


@pytest.mark.usefixtures("no_java")
def test_rules_in_place_of_java(texts, tokens):
    """The stand-in gives the same tokens on all of these captions."""
    for given_texts, expected in zip(texts, tokens, strict=True):
        result = caption_measures.tokenize(given_texts)
        assert "no Java" in result.note
        assert list(result.lines) == expected


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("It\u2019s John's; they don't, can't and won't.", "it 's john 's they do n't ca n't and wo n't"),
        ("A 4-year-old paid $3.50!", "a 4-year-old paid $ 3.50"),
        ('He said: "stop" -- twice...', "he said stop twice"),
        ("", ""),
    ],
)
def test_rules(text, tokens):
    assert treebank_tokens(text) == tokens


def test_bleu(tokens, recorded):
    terms = caption_measures.bleu_statistics(*tokens)
    names = [f"Bleu_{order}" for order in range(1, 5)]
    np.testing.assert_allclose(
        caption_measures.bleu(terms.sum(axis=0)),
        [recorded["standard_pycocoevalcap"][name] for name in names],
        atol=1e-6,
    )
    single = np.stack([caption_measures.bleu(row) for row in terms])
    np.testing.assert_allclose(single, np.transpose([recorded["standard_per_pair"][name] for name in names]), atol=1e-6)


@needs_java
@pytest.mark.subprocess
def test_meteor(tokens, recorded, meteor_table):
    """Every pair, and all of them together, which is no mean."""
    terms = np.stack([meteor_table[pair] for pair in zip(*tokens, strict=True)])
    np.testing.assert_allclose(caption_measures.meteor(terms), recorded["standard_per_pair"]["METEOR"], atol=1e-6)
    assert caption_measures.meteor(terms.sum(axis=0)) == pytest.approx(
        recorded["standard_pycocoevalcap"]["METEOR"], abs=1e-6
    )
    assert caption_measures.meteor(terms).mean() != pytest.approx(
        recorded["standard_pycocoevalcap"]["METEOR"], abs=1e-3
    )


def test_meteor_asks_once_for_equal_pairs(monkeypatch):
    asked = []

    def answer(_arguments, text):
        asked.extend(text.splitlines())
        return [" ".join(["1.0"] * caption_measures.METEOR_TERMS)] * len(text.splitlines())

    monkeypatch.setattr(caption_measures, "run_java", answer)
    rows = caption_measures.meteor_statistics(["a man", "a man", "a ||| b"], ["a boy", "a boy", ""])
    assert rows.shape == (3, caption_measures.METEOR_TERMS)
    assert asked == ["SCORE ||| a man ||| a boy", "SCORE ||| a b ||| "]
    assert caption_measures.meteor_statistics([], []).shape == (0, caption_measures.METEOR_TERMS)


def test_rouge_l(tokens, recorded):
    scores = caption_measures.rouge_l(*tokens)
    np.testing.assert_allclose(scores, recorded["standard_per_pair"]["ROUGE_L"], atol=1e-6)
    assert scores.mean() == pytest.approx(recorded["standard_pycocoevalcap"]["ROUGE_L"], abs=1e-6)


def test_cider(tokens, recorded):
    scores = caption_measures.cider(*tokens)
    np.testing.assert_allclose(scores, recorded["standard_per_pair"]["CIDEr"], atol=1e-6)
    assert scores.mean() == pytest.approx(recorded["standard_pycocoevalcap"]["CIDEr"], abs=1e-6)
    assert caption_measures.cider([], []).shape == (0,)
    np.testing.assert_array_equal(caption_measures.cider(["", ""], ["a man", ""]), [0, 0])


@given(st.lists(st.tuples(st.text("ab .", max_size=12), st.text("ab .", max_size=12)), max_size=5))
def test_measures_are_bounded_and_0_for_nothing_said(pairs):
    references, predictions = [a for a, _ in pairs], [b for _, b in pairs]
    scores = caption_measures.rouge_l(references, predictions)
    assert ((scores >= 0) & (scores <= 1 + 1e-9)).all()
    assert not scores[[not text for text in predictions]].any()
    bleu = caption_measures.bleu(caption_measures.bleu_statistics(references, predictions).sum(axis=0))
    assert ((bleu >= 0) & (bleu <= 1)).all()
