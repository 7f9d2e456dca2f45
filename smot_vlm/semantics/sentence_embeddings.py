"""Sentence embeddings (sentence-transformers), for glosses of verbs and for comparing captions."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from smot_vlm.formats.documents import read_json, reason, shown
from smot_vlm.semantics.converted_models import reading_model
from smot_vlm.semantics.language_models import find_language_model

DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
BATCH_SIZE = 64

logger = logging.getLogger(__name__)


class SentenceEncoder:
    """A sentence encoder that stays in memory.

    Args:
        encoder: a folder or a hub name, see `find_language_model`.
        device: where it runs.

    Raises:
        FileNotFoundError: the encoder is found nowhere.
        ImportError: sentence-transformers is not installed.
        ValueError: the folder holds no sentence encoder.
    """

    def __init__(self, encoder: str = DEFAULT_ENCODER, device: str = "cpu") -> None:
        try:
            from sentence_transformers import SentenceTransformer
            from transformers.utils.logging import disable_progress_bar
        except ImportError:
            raise ImportError("sentence-transformers is not installed; pip install 'smot-vlm[eval]'") from None
        folder = find_language_model(encoder)
        logger.info("sentence encoder: %s", folder)
        disable_progress_bar()
        _check_modules(folder)
        with reading_model(folder, "a sentence encoder"):
            self._model = SentenceTransformer(str(folder), device=device, trust_remote_code=False)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts.

        Args:
            texts: sentences.

        Returns:
            Unit vectors, float64 (texts, dim).
        """
        vectors = self._model.encode(list(texts), batch_size=BATCH_SIZE, show_progress_bar=False, convert_to_numpy=True)
        vectors = np.asarray(vectors, dtype=np.float64)
        result: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return result


def embed_sentences(texts: Sequence[str], encoder: str = DEFAULT_ENCODER, device: str = "cpu") -> np.ndarray:
    """Embed texts once; see `SentenceEncoder`.

    Args:
        texts: sentences.
        encoder: a folder or a hub name.
        device: where the encoder runs.

    Returns:
        Unit vectors, float64 (texts, dim).
    """
    return SentenceEncoder(encoder, device).embed(texts)


def _check_modules(folder: Path) -> None:
    """The parts of an encoder are named as classes to import: only those of sentence-transformers are."""
    path = folder / "modules.json"
    if not path.is_file():
        return
    try:
        kinds = [module["type"] for module in read_json(path)]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"{path}: no list of an encoder's parts ({reason(error)}); copy or download it again"
        ) from None
    for kind in kinds:
        if not isinstance(kind, str) or not kind.startswith("sentence_transformers."):
            raise ValueError(f"{path}: a part is {shown(kind)}; only parts of sentence_transformers are loaded")
