"""Auxiliary grounding loss: soft tokens, projected onto the LM's word embeddings, must predict content words.

Together the soft tokens of a request predict the bag of the caption's content words. With CTC they also predict them in
order, from the first soft token to the last: a shirt's colour before a skirt's, who pushes before who is pushed. This
gives features a short path to words, which is learned long before the language model attends to its soft tokens.
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

# Log-odds are SHARPNESS x cosine, beside the word's frequency. Two words that share a token's direction give about 14.
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

    Not a module: the decoder owns the weights.

    Args:
        soft_tokens: the decoder's.
        embeddings: returns the language model's word embeddings (vocabulary, hidden). A bound method or a partial, so
            that a deep copy of the decoder reads its own.
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
        """Segments of a trajectory, and soft tokens of each."""
        return self._soft_tokens.num_segments

    def caption_loss(self, requests: Sequence[CaptionRequest], captions: Sequence[str], *, ctc: bool) -> GroundingLoss:
        """Bag-of-words loss of whole captions, and CTC where asked for."""
        return grounding_loss(self._rows(requests), self._embeddings(), self._tokenizer, captions, ctc=ctc)

    def frame_loss(self, tokens: Float[Tensor, "observations tokens dim"], texts: Sequence[str]) -> GroundingLoss:
        """Bag-of-words loss of single observations: many more targets a step than captions have."""
        soft = self._soft_tokens.project_tokens(tokens)
        return grounding_loss(soft, self._embeddings(), self._tokenizer, texts, ctc=False)

    def segment_loss(
        self, requests: Sequence[CaptionRequest], texts: Sequence[Sequence[Sequence[str]]]
    ) -> GroundingLoss:
        """Bag-of-words loss of each soft token of each segment."""
        return segment_loss(self._rows(requests), self._embeddings(), self._tokenizer, texts)

    def segment_scores(
        self, requests: Sequence[CaptionRequest], texts: Sequence[Sequence[str]]
    ) -> list[Float[Tensor, "segments texts"]]:
        """The best of a segment's tokens for each content word, and the mean over the words."""
        segments = self.num_segments[0]
        if not segments or not requests:
            return [torch.zeros(0, len(told)) for told in texts]
        rows, embeddings = self._rows(requests).unflatten(1, (segments, -1)), self._embeddings()
        return [self._text_scores(row, embeddings, told) for row, told in zip(rows, texts, strict=True)]

    def frame_scores(
        self, tokens: Float[Tensor, "observations tokens dim"], texts: Sequence[str]
    ) -> Float[Tensor, "observations texts"]:
        """The best of an observation's tokens for each content word, and the mean over the words."""
        return self._text_scores(self._soft_tokens.project_tokens(tokens), self._embeddings(), texts)

    def _text_scores(self, soft: Tensor, embeddings: Tensor, texts: Sequence[str]) -> Tensor:
        bags = [self.content_tokens(text) for text in texts]
        candidates = sorted({token for bag in bags for token in bag})
        scores = soft.new_zeros(len(soft), len(texts), dtype=torch.float32)
        if candidates:
            best = SHARPNESS * word_cosines(soft, embeddings, candidates).amax(dim=1)
            for column, bag in enumerate(bags):
                if bag:
                    scores[:, column] = best[:, [candidates.index(token) for token in bag]].mean(dim=1)
        return scores

    def content_tokens(self, caption: str) -> list[int]:
        """The tokens of the content words."""
        return content_tokens(self._tokenizer, caption)

    def _rows(self, requests: Sequence[CaptionRequest]) -> Tensor:
        return torch.stack(self._soft_tokens.rows(requests))


def content_words(caption: str) -> list[str]:
    """The words of a caption that carry meaning.

    Args:
        caption: any text.

    Returns:
        Lower-case words in order, with repetitions.
    """
    return [word for word in re.findall(r"[a-z][a-z'-]*", caption.lower()) if word not in FUNCTION_WORDS]


def content_tokens(tokenizer: PreTrainedTokenizerBase, caption: str) -> list[int]:
    """The tokens of the content words as they appear within a sentence.

    Args:
        tokenizer: of the language model.
        caption: any text.

    Returns:
        Each token once, ascending.
    """
    words = content_words(caption)
    return sorted({token for word in words for token in tokenizer(" " + word, add_special_tokens=False)["input_ids"]})


def ctc_tokens(tokenizer: PreTrainedTokenizerBase, caption: str) -> list[int]:
    """The CTC targets of a caption: one token for each content word, however long the word is.

    Args:
        tokenizer: of the language model.
        caption: any text.

    Returns:
        The first token of each content word, in order.
    """
    return [tokenizer(" " + word, add_special_tokens=False)["input_ids"][0] for word in content_words(caption)]


def grounding_loss(
    soft: Float[Tensor, "requests tokens hidden"],
    embeddings: Float[Tensor, "vocabulary hidden"],
    tokenizer: PreTrainedTokenizerBase,
    captions: Sequence[str],
    *,
    ctc: bool,
) -> GroundingLoss:
    """`bag_of_words_loss` of soft tokens, and `ctc_loss` where asked for.

    Args:
        soft: soft tokens of each request.
        embeddings: the language model's word embeddings.
        tokenizer: of the language model.
        captions: one a request.
        ctc: ask for the order of the words too.

    Returns:
        With gradient into `soft`; 0 without any content word.
    """
    bag_of = {caption: content_tokens(tokenizer, caption) for caption in set(captions)}
    bags = [bag_of[caption] for caption in captions]
    candidates = sorted({token for bag in bags for token in bag})
    if not candidates:
        return GroundingLoss(soft.sum() * 0.0, 0)
    cosines = word_cosines(soft, embeddings, candidates)
    column = {token: index for index, token in enumerate(candidates)}
    total = bag_of_words_loss(cosines, [[column[token] for token in bag] for bag in bags])
    if ctc:
        lines = [ctc_tokens(tokenizer, caption) for caption in captions]
        total = total + ctc_loss(cosines, [[column[token] for token in line] for line in lines])
    return GroundingLoss(total, sum(map(len, bags)))


def segment_loss(
    soft: Float[Tensor, "requests tokens hidden"],
    embeddings: Float[Tensor, "vocabulary hidden"],
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[Sequence[Sequence[str]]],
) -> GroundingLoss:
    """`bag_of_words_loss` of single soft tokens: those at the same place in their segments are compared.

    Args:
        soft: soft tokens of each request, segment after segment.
        embeddings: the language model's word embeddings.
        tokenizer: of the language model.
        texts: of the first tokens of each segment of each request; blank ones count nothing.

    Returns:
        With gradient into `soft`.
    """
    tokens = soft.unflatten(1, (len(texts[0]), -1)).flatten(0, 1)
    segments = [parts for row in texts for parts in row]
    total, count = soft.sum() * 0.0, 0
    for part in range(max(map(len, segments), default=0)):
        known = [row for row, parts in enumerate(segments) if part < len(parts) and parts[part]]
        targets = [segments[row][part] for row in known]
        loss = grounding_loss(tokens[known, part : part + 1], embeddings, tokenizer, targets, ctc=False)
        total, count = total + loss.total, count + loss.words
    return GroundingLoss(total, count)


def word_cosines(
    soft: Float[Tensor, "requests tokens hidden"],
    embeddings: Float[Tensor, "vocabulary hidden"],
    candidates: Sequence[int],
) -> Float[Tensor, "requests tokens candidates"]:
    """Cosine of each soft token with the mean-centred embedding of each candidate word.

    Args:
        soft: soft tokens of each request.
        embeddings: the language model's word embeddings; their mean is over the whole vocabulary.
        candidates: token ids.

    Returns:
        In [-1, 1].
    """
    rows = torch.tensor(candidates, device=soft.device)
    directions = functional.normalize(embeddings[rows].float() - embeddings.mean(dim=0, dtype=torch.float32), dim=1)
    return functional.normalize(soft.float(), dim=-1) @ directions.T


def bag_of_words_loss(
    cosines: Float[Tensor, "requests tokens candidates"], bags: Sequence[Sequence[int]]
) -> Float[Tensor, ""]:
    """Binary cross-entropy of "is this word in the bag?", summed over all requests and candidate words.

    A request's score of a word is the log-mean-exp over its soft tokens, so each token may specialise in words of its
    own. The log-odds of the word among these requests are added (logit adjustment, Menon et al. 2021), so predicting
    frequent words earns nothing and only telling people apart does. Without the adjustment, frequent words were learned
    first and person-specific information collapsed.

    Args:
        cosines: see `word_cosines`.
        bags: columns of `cosines` for each request.

    Returns:
        Nats.
    """
    # Filled on the host and moved once: each write to a GPU's memory would be waited for.
    filled = torch.zeros(len(bags), cosines.shape[2])
    for row, bag in enumerate(bags):
        filled[row, list(bag)] = 1.0
    labels = filled.to(cosines.device)
    least = 0.5 / len(bags)
    prior = labels.mean(dim=0).clamp(least, 1 - least).logit()
    scores = (SHARPNESS * cosines).logsumexp(dim=1) - math.log(cosines.shape[1])
    return functional.binary_cross_entropy_with_logits(scores + prior, labels, reduction="sum")


def ctc_loss(cosines: Float[Tensor, "requests tokens candidates"], lines: Sequence[Sequence[int]]) -> Float[Tensor, ""]:
    """CTC (Graves et al. 2006) of each request's soft tokens, in order, against its line, summed over requests.

    A word's log-odds are adjusted by its frequency, as in `bag_of_words_loss`. A line with more words than there are
    tokens is cut; one that still does not fit, since a repeated word needs a blank between, counts nothing.

    Args:
        cosines: see `word_cosines`.
        lines: columns of `cosines`, in order, for each request.

    Returns:
        Nats.
    """
    tokens = cosines.shape[1]
    targets = [torch.tensor([column + 1 for column in line[:tokens]], dtype=torch.long) for line in lines]
    labels = torch.cat(targets).to(cosines.device)
    counts = torch.bincount(labels, minlength=cosines.shape[2] + 1).float()
    counts[0] = max(tokens * len(lines) - len(labels), 1)
    scores = torch.cat([cosines.new_zeros(*cosines.shape[:2], 1), SHARPNESS * cosines], dim=2)
    log_probs = (scores + counts.clamp(min=0.5).log()).log_softmax(dim=2)
    return functional.ctc_loss(
        log_probs.transpose(0, 1),
        labels,
        torch.full((len(lines),), tokens, dtype=torch.long),
        torch.tensor([len(target) for target in targets], dtype=torch.long),
        reduction="sum",
        zero_infinity=True,
    )
