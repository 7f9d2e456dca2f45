"""Caption measures of the COCO evaluation (pycocoevalcap): PTB tokens, BLEU-1..4, METEOR 1.5, ROUGE-L, CIDEr.

Each measure is given for single captions, and BLEU and METEOR also as sums that add up over captions, since their value
for a set is no mean. The values equal pycocoevalcap's; the tokenizer and METEOR each run as one Java process for all
captions instead of one line at a time.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smot_vlm.evaluation.java import JavaError, run_java
from smot_vlm.evaluation.results import divide
from smot_vlm.evaluation.tokens import treebank_tokens

BLEU_TERMS = 10
METEOR_TERMS = 23
# METEOR 1.5 for English, tuned for ranking (Denkowski and Lavie 2014): the jar's own defaults for `-l en`.
METEOR_ALPHA, METEOR_BETA, METEOR_GAMMA, METEOR_DELTA = 0.85, 0.2, 0.6, 0.75
METEOR_WEIGHTS = np.array([1.0, 0.6, 0.8, 0.6])  # exact, stem, synonym, paraphrase


@dataclass(frozen=True)
class Tokens:
    """Captions as lower-case tokens joined by blanks, punctuation removed.

    Attributes:
        lines: one a caption.
        note: not empty without the PTB tokenizer.
    """

    lines: tuple[str, ...]
    note: str = ""


def tokenize(captions: Sequence[str]) -> Tokens:
    """Stanford's PTB tokenizer as pycocoevalcap calls it, in one Java process.

    Args:
        captions: any texts.

    Returns:
        Their tokens; without Java those of a rule-based Treebank tokenizer, with a note that says so.
    """
    if not any(caption.strip() for caption in captions):
        return Tokens(("",) * len(captions))
    try:
        return Tokens(tuple(_ptb_tokens(captions)))
    except JavaError as error:
        return Tokens(
            tuple(treebank_tokens(caption) for caption in captions),
            f"tokens by a rule-based Treebank tokenizer in place of Stanford's ({error})",
        )


def bleu_statistics(references: Sequence[str], predictions: Sequence[str]) -> np.ndarray:
    """Counts behind BLEU, which add up over captions.

    Args:
        references: true captions, token lines.
        predictions: as many predicted ones.

    Returns:
        (captions, 10): matched n-grams and predicted n-grams for n = 1..4, reference and predicted length in tokens.
    """
    with _pycocoevalcap():
        from pycocoevalcap.bleu.bleu_scorer import cook_refs, cook_test
    terms = np.zeros((len(references), BLEU_TERMS))
    for row, (reference, prediction) in enumerate(zip(references, predictions, strict=True)):
        cooked = cook_test(prediction, cook_refs([reference]))
        terms[row] = [*cooked["correct"], *cooked["guess"], cooked["reflen"][0], cooked["testlen"]]
    return terms


def bleu(sums: np.ndarray) -> np.ndarray:
    """BLEU-1..4 of a set of captions.

    Args:
        sums: (10,) summed `bleu_statistics`.

    Returns:
        (4,); 0 where nothing was predicted.
    """
    matched, guessed, (reference_length, length) = sums[:4], sums[4:8], sums[8:]
    if not length:
        return np.zeros(4)
    # The tiny constants are pycocoevalcap's; they keep a missing n-gram from ending the product in 0 / 0.
    precision: np.ndarray = np.cumprod((matched + 1e-15) / (guessed + 1e-9)) ** (1 / np.arange(1, 5))
    ratio = (length + 1e-15) / (reference_length + 1e-9)
    return precision * min(1.0, float(np.exp(1 - 1 / ratio)))


def meteor_statistics(references: Sequence[str], predictions: Sequence[str]) -> np.ndarray:
    """What METEOR 1.5 counts for each pair of captions; a word-for-word match counts no chunk, as in the jar's own sums.

    Args:
        references: true captions, token lines.
        predictions: as many predicted ones.

    Returns:
        (captions, 23) in the jar's order.

    Raises:
        JavaError: no Java, or METEOR failed.
    """
    with _pycocoevalcap():
        from pycocoevalcap.meteor import meteor
    pairs = [(_one_line(a), _one_line(b)) for a, b in zip(references, predictions, strict=True)]
    if not pairs:
        return np.zeros((0, METEOR_TERMS))
    unique = list(dict.fromkeys(pairs))
    jar = str(Path(meteor.__file__).with_name(meteor.METEOR_JAR))
    questions = "".join(f"SCORE ||| {reference} ||| {prediction}\n" for reference, prediction in unique)
    answers = run_java(["-Xmx2G", "-jar", jar, "-", "-", "-stdio", "-l", "en", "-norm"], questions)
    if len(answers) != len(unique):
        raise JavaError(f"METEOR answered {len(answers)} of {len(unique)} captions")
    counts = {pair: _meteor_row(answer) for pair, answer in zip(unique, answers, strict=True)}
    return np.stack([counts[pair] for pair in pairs])


def meteor(sums: np.ndarray) -> np.ndarray:
    """METEOR from its counts (Denkowski and Lavie 2014, section 3).

    A weighted mean of precision and recall, with content and function words apart, times a penalty for broken order.

    Args:
        sums: (..., 23) `meteor_statistics` of single captions or summed.

    Returns:
        (...) in [0, 1].
    """
    length, reference_length, function, reference_function = np.moveaxis(sums[..., :4], -1, 0)
    # Four stages of matching, each: content words (predicted, reference), function words (predicted, reference).
    stages = sums[..., 4:20].reshape(*sums.shape[:-1], 4, 4)
    chunks, words, reference_words = np.moveaxis(sums[..., 20:], -1, 0)

    def share(content: np.ndarray, functional: np.ndarray, total: np.ndarray, total_function: np.ndarray) -> np.ndarray:
        matched = ((METEOR_DELTA * content + (1 - METEOR_DELTA) * functional) * METEOR_WEIGHTS).sum(axis=-1)
        return divide(matched, METEOR_DELTA * (total - total_function) + (1 - METEOR_DELTA) * total_function)

    precision = share(stages[..., 0], stages[..., 2], length, function)
    recall = share(stages[..., 1], stages[..., 3], reference_length, reference_function)
    mean = divide(precision * recall, METEOR_ALPHA * precision + (1 - METEOR_ALPHA) * recall)
    fragmentation = divide(chunks, (words + reference_words) / 2)
    return mean * (1 - METEOR_GAMMA * fragmentation**METEOR_BETA)


def rouge_l(references: Sequence[str], predictions: Sequence[str]) -> np.ndarray:
    """ROUGE-L of lines split at single blanks, beta = 1.2.

    Args:
        references: true captions.
        predictions: as many predicted ones.

    Returns:
        (captions,); 0 for an empty prediction.
    """
    with _pycocoevalcap():
        from pycocoevalcap.rouge.rouge import Rouge
    scorer = Rouge()
    pairs = list(zip(references, predictions, strict=True))
    scores = {
        (reference, prediction): scorer.calc_score([prediction], [reference]) if prediction else 0.0
        for reference, prediction in dict.fromkeys(pairs)
    }
    return np.array([scores[pair] for pair in pairs], dtype=np.float64)


def cider(references: Sequence[str], predictions: Sequence[str]) -> np.ndarray:
    """CIDEr-D of lines split at blanks: tf-idf over these references, n = 1..4.

    Args:
        references: true captions.
        predictions: as many predicted ones.

    Returns:
        (captions,) at most 10. With one reference alone every word is in every document, and the value is 0.
    """
    if not references:
        return np.zeros(0)
    if not any(reference.split() for reference in references):
        return np.zeros(len(references))
    with _pycocoevalcap():
        from pycocoevalcap.cider.cider import Cider
    truth = {str(row): [reference] for row, reference in enumerate(references)}
    predicted = {str(row): [prediction] for row, prediction in enumerate(predictions)}
    return np.asarray(Cider().compute_score(truth, predicted)[1], dtype=np.float64)


@contextmanager
def _pycocoevalcap() -> Iterator[None]:
    try:
        yield
    except ImportError:
        raise ImportError("pycocoevalcap is not installed; pip install 'smot-vlm[eval]'") from None


def _ptb_tokens(captions: Sequence[str]) -> list[str]:
    with _pycocoevalcap():
        from pycocoevalcap.tokenizer import ptbtokenizer
    jar = str(Path(ptbtokenizer.__file__).with_name(ptbtokenizer.STANFORD_CORENLP_3_4_1_JAR))
    arguments = ["-cp", jar, "edu.stanford.nlp.process.PTBTokenizer", "-preserveLines", "-lowerCase"]
    lines = run_java(arguments, "".join(_one_line(caption) + "\n" for caption in captions))
    if len(lines) != len(captions):
        raise JavaError(f"the PTB tokenizer answered {len(lines)} of {len(captions)} captions")
    removed = set(ptbtokenizer.PUNCTUATIONS)
    return [" ".join(token for token in line.split() if token not in removed) for line in lines]


def _one_line(text: str) -> str:
    """The text on one line, without METEOR's field mark."""
    return " ".join(text.replace("|||", " ").split())


def _meteor_row(answer: str) -> np.ndarray:
    try:
        row = np.array([float(cell) for cell in answer.split()])
    except ValueError:
        row = np.zeros(0)
    if row.shape != (METEOR_TERMS,):
        raise JavaError(f"METEOR answered {answer[:60]!r} in place of {METEOR_TERMS} numbers")
    length, reference_length, chunks, words, reference_words = row[[0, 1, 20, 21, 22]]
    if chunks == 1 and words == length and reference_words == reference_length:
        row[20] = 0
    return row
