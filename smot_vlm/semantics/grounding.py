"""Help for grounding: the soft tokens, read as words, must name what the caption speaks of.

Each soft token is compared with the language model's own word embeddings; together the tokens of a request predict the
bag of the caption's content words. So the way from features to words is short and is learned long before the language
model has learned to listen to its soft tokens.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedTokenizerBase

from smot_vlm.semantics.decoder import CaptionRequest

# Log-odds that a word is in the bag: SHARPNESS x cosine + OFFSET. Sixteen tokens that point nowhere give -4, one that
# shares its direction with two other words gives about 5.
SHARPNESS = 20.0
OFFSET = -7.0
FUNCTION_WORDS = frozenset(
    """
    a an the and or but of to in on at by for from with without into onto over under up down out off as is are was were
    be been being am do does did has have had he she it they them him her his hers its their who whom whose which that
    this these those there then than first next after afterwards before later finally lastly while until end begins
    starts one another other each both some few several can may will also so not no when where
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, eq=False)
class GroundingLoss:
    """total: as `bag_of_words_loss`; words: content words' tokens that were asked for, to divide by."""

    total: Float[Tensor, ""]
    words: int


@runtime_checkable
class Grounded(Protocol):
    """A decoder whose soft tokens can be read as words."""

    def grounding(self, requests: Sequence[CaptionRequest], captions: Sequence[str]) -> GroundingLoss:
        """See `bag_of_words_loss`; with gradient into the requests' tokens. Captions without a content word count nothing."""
        ...

    def content_tokens(self, caption: str) -> list[int]:
        """The tokens that `grounding` asks for."""
        ...


def content_words(caption: str) -> list[str]:
    """The words of a caption that say something, each once, in order."""
    words = re.findall(r"[a-z][a-z'-]*", caption.lower())
    return [word for word in dict.fromkeys(words) if word not in FUNCTION_WORDS]


def content_tokens(tokenizer: PreTrainedTokenizerBase, caption: str) -> list[int]:
    """The tokens of the content words as they stand within a sentence, each once, ascending."""
    return sorted(
        {id for word in content_words(caption) for id in tokenizer(" " + word, add_special_tokens=False)["input_ids"]}
    )


def bag_of_words_loss(
    soft: Float[Tensor, "requests tokens hidden"],
    words: Float[Tensor, "vocabulary hidden"],
    targets: Sequence[Sequence[int]],
) -> Float[Tensor, ""]:
    """Binary cross-entropy of "is this word in my bag?" over all words of the batch's bags, added over all of them.

    A request's score of a word is the sharp maximum over its soft tokens of their cosine with the word's embedding
    (around the embeddings' mean); so each token may speak for words of its own. The wrong answers are the words of the
    other requests (as in SigLIP, Zhai et al. 2023): telling people apart is what is asked, and a softmax over the whole
    vocabulary learned it more slowly and cost a hundred times as much.
    """
    asked = sorted({word for bag in targets for word in bag})
    if not asked:
        return soft.sum() * 0.0
    candidates = torch.tensor(asked, device=soft.device)
    place = {word: column for column, word in enumerate(asked)}
    labels = torch.zeros(len(targets), len(asked), device=soft.device)
    for row, bag in enumerate(targets):
        labels[row, [place[word] for word in bag]] = 1.0
    directions = functional.normalize(words[candidates].float() - words.float().mean(dim=0), dim=1)
    cosines = functional.normalize(soft.float(), dim=-1) @ directions.T
    scores = (SHARPNESS * cosines).logsumexp(dim=1) + OFFSET
    return functional.binary_cross_entropy_with_logits(scores, labels, reduction="sum")
