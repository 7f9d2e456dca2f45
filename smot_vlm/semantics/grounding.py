"""Help for grounding: the soft tokens, read as words, must name what the caption speaks of, in its order.

Each soft token is compared with the language model's own word embeddings. Together the tokens of a request predict the
bag of the caption's content words, and from the first to the last they spell these words: a shirt's colour and a
skirt's, who pushes and who is pushed, first and then. So the way from features to words is short and is learned long
before the language model has learned to listen to its soft tokens; and what it then hears is close to words.
"""

import math
import re
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedTokenizerBase

from smot_vlm.semantics.decoder import CaptionRequest, GroundingLoss
from smot_vlm.semantics.soft_tokens import SoftTokens

# Log-odds are SHARPNESS x cosine, beside what is usual. Two words that share a token's direction give about 14.
SHARPNESS = 20.0
FUNCTION_WORDS = frozenset(
    """
    a an the and or but of to in on at by for from with without into onto over under up down out off as is are was were
    be been being am do does did has have had he she it they them him her his hers its their who whom whose which that
    this these those there then than first next after afterwards before later finally lastly while until end begins
    starts one another other each both some few several can may will also so not no when where
    """.split()  # noqa: SIM905
)


class GroundingHead:
    """The soft tokens of a language decoder, read through its word embeddings.

    No module of its own: the decoder owns the weights.

    Args:
        soft_tokens: the decoder's.
        embeddings: gives the language model's word embeddings.
        tokenizer: the language model's.
    """

    def __init__(
        self, soft_tokens: SoftTokens, embeddings: Callable[[], Tensor], tokenizer: PreTrainedTokenizerBase
    ) -> None:
        self._soft_tokens = soft_tokens
        self._embeddings = embeddings
        self._tokenizer = tokenizer

    @property
    def num_segments(self) -> tuple[int, int]:
        """Segments of a trajectory and soft tokens of each."""
        return self._soft_tokens.num_segments

    def caption_loss(self, requests: Sequence[CaptionRequest], captions: Sequence[str], *, ctc: bool) -> GroundingLoss:
        """Bag-of-words loss of whole captions, and CTC where asked for."""
        return grounding_loss(self._rows(requests), self._embeddings(), self._tokenizer, captions, ctc=ctc)

    def frame_loss(self, tokens: Float[Tensor, "observations tokens dim"], texts: Sequence[str]) -> GroundingLoss:
        """Bag-of-words loss of single observations: many more answers a step than captions have."""
        soft = self._soft_tokens.project_tokens(tokens)
        return grounding_loss(soft, self._embeddings(), self._tokenizer, texts, ctc=False)

    def segment_loss(
        self, requests: Sequence[CaptionRequest], texts: Sequence[Sequence[Sequence[str]]]
    ) -> GroundingLoss:
        """Bag-of-words loss of each soft token of each segment."""
        return segments_loss(self._rows(requests), self._embeddings(), self._tokenizer, texts)

    def content_tokens(self, caption: str) -> list[int]:
        """The tokens of the content words."""
        return content_tokens(self._tokenizer, caption)

    def _rows(self, requests: Sequence[CaptionRequest]) -> Tensor:
        return torch.stack(self._soft_tokens.rows(requests))


def content_words(caption: str) -> list[str]:
    """The words of a caption that say something, in order, repetitions too."""
    return [word for word in re.findall(r"[a-z][a-z'-]*", caption.lower()) if word not in FUNCTION_WORDS]


def content_tokens(tokenizer: PreTrainedTokenizerBase, caption: str) -> list[int]:
    """The tokens of the content words as they stand within a sentence, each once, ascending."""
    return sorted(
        {id for word in content_words(caption) for id in tokenizer(" " + word, add_special_tokens=False)["input_ids"]}
    )


def ctc_tokens(tokenizer: PreTrainedTokenizerBase, caption: str) -> list[int]:
    """The first token of each content word, in order: a word takes one place, however long it is."""
    return [tokenizer(" " + word, add_special_tokens=False)["input_ids"][0] for word in content_words(caption)]


def grounding_loss(
    soft: Float[Tensor, "requests tokens hidden"],
    words: Float[Tensor, "vocabulary hidden"],
    tokenizer: PreTrainedTokenizerBase,
    captions: Sequence[str],
    *,
    ctc: bool,
) -> GroundingLoss:
    """Both losses of the `soft` tokens of one request a caption. words: the language model's word embeddings."""
    bag_of = {caption: content_tokens(tokenizer, caption) for caption in set(captions)}
    bags = [bag_of[caption] for caption in captions]
    asked = sorted({word for bag in bags for word in bag})
    if not asked:
        return GroundingLoss(soft.sum() * 0.0, 0)
    cosines = word_cosines(soft, words, asked)
    place = {word: column for column, word in enumerate(asked)}
    total = bag_of_words_loss(cosines, [[place[word] for word in bag] for bag in bags])
    if ctc:
        lines = [ctc_tokens(tokenizer, caption) for caption in captions]
        total = total + ctc_loss(cosines, [[place[word] for word in line] for line in lines])
    return GroundingLoss(total, sum(map(len, bags)))


def segments_loss(
    soft: Float[Tensor, "requests tokens hidden"],
    words: Float[Tensor, "vocabulary hidden"],
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[Sequence[Sequence[str]]],
) -> GroundingLoss:
    """`bag_of_words_loss` of single soft tokens, those that have the same part in their stretches against each other.

    texts: of the first tokens of each stretch of each request; blank ones count nothing.
    """
    tokens = soft.unflatten(1, (len(texts[0]), -1)).flatten(0, 1)
    told = [parts for row in texts for parts in row]
    total, count = soft.sum() * 0.0, 0
    for part in range(max(map(len, told), default=0)):
        known = [segment for segment, parts in enumerate(told) if part < len(parts) and parts[part]]
        asked = [told[segment][part] for segment in known]
        loss = grounding_loss(tokens[known, part : part + 1], words, tokenizer, asked, ctc=False)
        total, count = total + loss.total, count + loss.words
    return GroundingLoss(total, count)


def word_cosines(
    soft: Float[Tensor, "requests tokens hidden"], words: Float[Tensor, "vocabulary hidden"], asked: Sequence[int]
) -> Float[Tensor, "requests tokens asked"]:
    """Cosine of each soft token with the embedding of each `asked` word, around the mean of all embeddings."""
    candidates = torch.tensor(asked, device=soft.device)
    directions = functional.normalize(words[candidates].float() - words.mean(dim=0, dtype=torch.float32), dim=1)
    return functional.normalize(soft.float(), dim=-1) @ directions.T


def bag_of_words_loss(
    cosines: Float[Tensor, "requests tokens asked"], bags: Sequence[Sequence[int]]
) -> Float[Tensor, ""]:
    """Binary cross-entropy of "is this word in my bag?" over all asked words, added over all of them.

    bags: columns of `cosines`. A request's score of a word is the sharp mean over its soft tokens of their cosine with
    it, so each token may speak for words of its own; it is added to the log-odds of the word among these requests
    (logit adjustment, Menon et al. 2021). So soft tokens that say what is usual gain nothing: telling people apart is
    all that is asked. Without the adjustment they first learned what is usual, and lost sight of the person over it.
    """
    labels = torch.zeros(len(bags), cosines.shape[2], device=cosines.device)
    for row, bag in enumerate(bags):
        labels[row, list(bag)] = 1.0
    least = 0.5 / len(bags)
    usual = labels.mean(dim=0).clamp(least, 1 - least).logit()
    scores = (SHARPNESS * cosines).logsumexp(dim=1) - math.log(cosines.shape[1])
    return functional.binary_cross_entropy_with_logits(scores + usual, labels, reduction="sum")


def ctc_loss(cosines: Float[Tensor, "requests tokens asked"], lines: Sequence[Sequence[int]]) -> Float[Tensor, ""]:
    """Negative log-likelihood that a request's soft tokens, read in order, spell its line, added over all requests.

    lines: columns of `cosines` in order. Each token spells a word or nothing, and all ways to the line count (CTC,
    Graves et al. 2006); a word's log-odds are adjusted by how usual it is, as in `bag_of_words_loss`. A line with more
    words than there are tokens is cut; one that then still does not fit, since the same word twice in a row needs a
    silent token between, counts nothing.
    """
    tokens = cosines.shape[1]
    targets = [torch.tensor([column + 1 for column in line[:tokens]], dtype=torch.long) for line in lines]
    spelled = torch.cat(targets).to(cosines.device)
    counts = torch.bincount(spelled, minlength=cosines.shape[2] + 1).float()
    counts[0] = max(tokens * len(lines) - len(spelled), 1)
    scores = torch.cat([cosines.new_zeros(*cosines.shape[:2], 1), SHARPNESS * cosines], dim=2)
    chances = (scores + counts.clamp(min=0.5).log()).log_softmax(dim=2)
    return functional.ctc_loss(
        chances.transpose(0, 1),
        spelled,
        torch.full((len(lines),), tokens, dtype=torch.long),
        torch.tensor([len(target) for target in targets], dtype=torch.long),
        reduction="sum",
        zero_infinity=True,
    )
