"""Caption measures as the released SMOTer code computes them, oddities kept: to compare with the paper's tables.

BLEU is NLTK's corpus BLEU-4 on strings, so its n-grams are runs of characters. METEOR is NLTK's, after ',' and '.' are
removed and the rest split at single blanks. Its ROUGE-L and CIDEr are those of `caption_measures` on the raw texts.
"""

from collections.abc import Callable, Sequence

import numpy as np

from smot_vlm.evaluation.wordnet import load_wordnet

BLEU_TERMS = 10
# What NLTK puts in place of a precision of 0 before it takes the logarithm.
_SMALLEST = np.finfo(float).tiny


def character_bleu_statistics(references: Sequence[str], predictions: Sequence[str]) -> np.ndarray:
    """Counts behind BLEU on characters, which add up over captions.

    Args:
        references: true captions.
        predictions: as many predicted ones.

    Returns:
        (captions, 10): matched and predicted character n-grams for n = 1..4, reference and predicted characters.

    Raises:
        ImportError: NLTK is not installed.
    """
    try:
        from nltk.translate.bleu_score import modified_precision
    except ImportError:
        raise ImportError("NLTK is not installed; pip install 'smot-vlm[eval]'") from None
    terms = np.zeros((len(references), BLEU_TERMS))
    for row, (reference, prediction) in enumerate(zip(references, predictions, strict=True)):
        fractions = [modified_precision([reference], prediction, order) for order in range(1, 5)]
        terms[row, :4] = [fraction.numerator for fraction in fractions]
        terms[row, 4:8] = [fraction.denominator for fraction in fractions]
        terms[row, 8:] = len(reference), len(prediction)
    return terms


def character_bleu(sums: np.ndarray) -> float:
    """NLTK's corpus BLEU-4 with equal weights.

    Args:
        sums: (10,) summed `character_bleu_statistics`.

    Returns:
        In [0, 1].
    """
    matched, guessed, (reference_length, length) = sums[:4], sums[4:8], sums[8:]
    if not matched[0]:
        return 0.0
    precision = np.maximum(matched / guessed, _SMALLEST)
    penalty = 1.0 if length > reference_length else np.exp(1 - reference_length / length)
    return float(penalty * np.exp(np.log(precision).mean()))


def released_words(caption: str) -> list[str]:
    """What METEOR gets as words in the released code: the text without ',' and '.', split at single blanks.

    Args:
        caption: any text.

    Returns:
        Its words.
    """
    return caption.replace(",", "").replace(".", "").split(" ")


def whole_caption(caption: str) -> list[str]:
    """What METEOR gets in CaptionFormer's evaluation: the text without ',' and '.' as a single word.

    Args:
        caption: any text.

    Returns:
        One word.
    """
    return [caption.replace(",", "").replace(".", "")]


def nltk_meteor(
    references: Sequence[str], predictions: Sequence[str], words: Callable[[str], list[str]] = released_words
) -> np.ndarray:
    """NLTK's METEOR with its default parameters and WordNet's synonyms.

    Args:
        references: true captions.
        predictions: as many predicted ones.
        words: cuts a caption into words.

    Returns:
        (captions,).

    Raises:
        FileNotFoundError: no WordNet on this machine.
    """
    wordnet = load_wordnet()
    from nltk.translate.meteor_score import meteor_score

    pairs = list(zip(references, predictions, strict=True))
    scores = {
        (reference, prediction): meteor_score([words(reference)], words(prediction), wordnet=wordnet)
        for reference, prediction in dict.fromkeys(pairs)
    }
    return np.array([scores[pair] for pair in pairs], dtype=np.float64)
