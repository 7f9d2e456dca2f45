"""How near two captions are in meaning: the cosine of their sentence embeddings (sentence-transformers)."""

from collections.abc import Sequence

import numpy as np

from smot_vlm.semantics.sentence_embeddings import DEFAULT_ENCODER, embed_sentences


def sentence_similarity(
    references: Sequence[str], predictions: Sequence[str], encoder: str = DEFAULT_ENCODER, device: str = "cpu"
) -> np.ndarray:
    """Cosine of the embeddings of each pair of captions.

    Args:
        references: true captions.
        predictions: as many predicted ones.
        encoder: a folder or a hub name; searched as language models are (folder, installed package, cache).
        device: where it runs.

    Returns:
        (captions,) cut to [0, 1]; 0 where either caption is empty.

    Raises:
        FileNotFoundError: the encoder is found nowhere.
        ImportError: sentence-transformers is not installed.
        ValueError: the folder holds no sentence encoder.
    """
    scores = np.zeros(len(references))
    spoken = [row for row in range(len(references)) if references[row].strip() and predictions[row].strip()]
    if not spoken:
        return scores
    texts = list(dict.fromkeys([*(references[row] for row in spoken), *(predictions[row] for row in spoken)]))
    embeddings = dict(zip(texts, embed_sentences(texts, encoder, device), strict=True))
    for row in spoken:
        scores[row] = embeddings[references[row]] @ embeddings[predictions[row]]
    return np.clip(scores, 0.0, 1.0)
