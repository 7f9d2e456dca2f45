"""Java's METEOR starts slowly, so it runs once for all tests; sentence embeddings are bags of words."""

import itertools
import json
import shutil
import zlib

import numpy as np
import pytest
from evaluation_cases import CAPTIONS, VIDEO_CAPTIONS
from recordings import RECORDINGS

from smot_vlm.evaluation import caption_measures, similarity


@pytest.fixture(scope="session")
def meteor_table() -> dict[tuple[str, str], np.ndarray]:
    """METEOR's counts for every two captions of the invented truth, and for the recorded pairs, by their tokens."""
    if shutil.which("java") is None:
        pytest.skip("no Java, which METEOR needs")
    texts = ["", "A dog sleeps.", *CAPTIONS.values(), *VIDEO_CAPTIONS.values()]
    lines = caption_measures.tokenize(texts).lines
    pairs = list(itertools.product(lines, lines))
    for folder in RECORDINGS:
        tokens = json.loads((folder / "captions/scores.json").read_text())["ptb_tokens"]
        pairs += zip(tokens["gts"], tokens["preds"], strict=True)
    counts = caption_measures.meteor_statistics([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    return dict(zip(pairs, counts, strict=True))


@pytest.fixture
def recorded_meteor(monkeypatch: pytest.MonkeyPatch, meteor_table: dict[tuple[str, str], np.ndarray]) -> None:
    """METEOR answers from `meteor_table`."""

    def look_up(references, predictions):
        rows = [meteor_table[pair] for pair in zip(references, predictions, strict=True)]
        return np.reshape(rows, (len(references), caption_measures.METEOR_TERMS))

    monkeypatch.setattr(caption_measures, "meteor_statistics", look_up)


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Java."""
    monkeypatch.setattr("smot_vlm.evaluation.java.shutil.which", lambda _: None)


@pytest.fixture
def word_embeddings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text's embedding counts its words, in place of a sentence encoder."""

    def embed(texts, _encoder, _device):
        vectors = np.zeros((len(texts), 512))
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, zlib.crc32(word.encode()) % 512] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    monkeypatch.setattr(similarity, "embed_sentences", embed)
