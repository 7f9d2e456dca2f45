"""Without Java, a sentence encoder or WordNet the cells that need them say so, and the rest is there."""

import evaluation_cases as cases
import numpy as np
import pytest

from smot_vlm.evaluation import caption_statistics, wordnet
from smot_vlm.evaluation.java import JavaError, run_java
from smot_vlm.evaluation.protocol import evaluate


@pytest.fixture
def equal_sentences(monkeypatch):
    monkeypatch.setattr("smot_vlm.evaluation.strict.sentence_similarity", lambda *given: np.ones(len(given[0])))


@pytest.mark.usefixtures("no_java", "equal_sentences")
def test_without_java():
    evaluation = evaluate(cases.perfect(), cases.truths())
    for key in ("instance/METEOR", "video/METEOR", "chota/CapA", "chota/CHOTA", "instance/caption F1"):
        assert evaluation.value(key) is None
        assert "no Java found; install" in evaluation.cell(key).note
    for key in ("instance/BLEU-4", "instance/ROUGE-L", "video/CIDEr", "tracking/HOTA", "interactions/F1"):
        assert evaluation.value(key) == pytest.approx(10 if "CIDEr" in key else 1)
    assert any("rule-based Treebank tokenizer" in note for note in evaluation.notes)


def test_java_that_fails(monkeypatch, tmp_path):
    broken = tmp_path / "java"
    broken.write_text("#!/bin/sh\necho 'no room' >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr("smot_vlm.evaluation.java.shutil.which", lambda _: str(broken))
    with pytest.raises(JavaError, match=r"ended with code 3 \(no room\)"):
        run_java(["-version"], "")


@pytest.mark.usefixtures("no_java")
def test_without_a_sentence_encoder(monkeypatch):
    def missing(*_):
        raise FileNotFoundError("language model 'x' was not found; run `hf download x`")

    monkeypatch.setattr("smot_vlm.evaluation.strict.sentence_similarity", missing)
    evaluation = evaluate(cases.perfect(), cases.truths())
    for group in ("instance", "video"):
        assert evaluation.value(f"{group}/similarity") is None
        assert "hf download" in evaluation.cell(f"{group}/similarity").note
    assert evaluation.value("instance/ROUGE-L") == 1


def test_without_wordnet(monkeypatch):
    pytest.importorskip("nltk")
    monkeypatch.setattr(wordnet, "_SYSTEM_FOLDERS", ())
    monkeypatch.setattr("nltk.data.path", [])
    monkeypatch.delenv("WNSEARCHDIR", raising=False)
    monkeypatch.delenv("WNHOME", raising=False)
    wordnet.load_wordnet.cache_clear()
    try:
        evaluation = evaluate(cases.perfect(), cases.truths(), "official")
    finally:
        wordnet.load_wordnet.cache_clear()
    assert evaluation.value("instance/METEOR") is None
    assert "nltk.downloader wordnet" in evaluation.cell("video/METEOR").note
    assert evaluation.value("instance/BLEU") == pytest.approx(1)


def test_a_meteor_that_answers_nonsense(monkeypatch):
    monkeypatch.setattr("smot_vlm.evaluation.caption_measures.run_java", lambda *_: ["Error: heap"])
    with pytest.raises(JavaError, match="in place of 23 numbers"):
        caption_statistics.caption_measures.meteor_statistics(["a man"], ["a boy"])
    monkeypatch.setattr("smot_vlm.evaluation.caption_measures.run_java", lambda *_: [])
    with pytest.raises(JavaError, match="answered 0 of 1"):
        caption_statistics.caption_measures.meteor_statistics(["a man"], ["a boy"])
