"""How near two captions are in meaning: the cosine of their sentence embeddings (sentence-transformers)."""

import logging
from collections.abc import Sequence

import numpy as np

from smot_vlm.semantics.language_models import find_language_model

DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
BATCH_SIZE = 64

logger = logging.getLogger(__name__)


def sentence_similarity(
    references: Sequence[str], predictions: Sequence[str], encoder: str = DEFAULT_ENCODER, device: str = "cpu"
) -> np.ndarray:
    """Cosine (captions,) of the two embeddings, cut to [0, 1]; 0 where either caption is empty.

    encoder: a folder or a hub name; searched as language models are (folder, installed package, cache, hub).

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
    embeddings = dict(zip(texts, _embed(texts, encoder, device), strict=True))
    for row in spoken:
        scores[row] = embeddings[references[row]] @ embeddings[predictions[row]]
    return np.clip(scores, 0.0, 1.0)


def _embed(texts: list[str], encoder: str, device: str) -> np.ndarray:
    """Unit vectors, float64 (texts, dim)."""
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar
    except ImportError:
        raise ImportError("sentence-transformers is not installed; pip install 'smot-vlm[eval]'") from None
    folder = find_language_model(encoder)
    logger.info("sentence encoder: %s", folder)
    disable_progress_bar()
    try:
        model = SentenceTransformer(str(folder), device=device)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"{folder}: no sentence encoder ({str(error).splitlines()[0]})") from None
    vectors = model.encode(texts, batch_size=BATCH_SIZE, show_progress_bar=False, convert_to_numpy=True)
    vectors = np.asarray(vectors, dtype=np.float64)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
