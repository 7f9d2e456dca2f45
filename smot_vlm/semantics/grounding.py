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

# Of the cosine between a soft token and a word: with it a softmax over a whole vocabulary can be sure of a few words.
SHARPNESS = 30.0
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
    """total: negative log-likelihood in nats, added over `words` content words' tokens."""

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
    """-log of the mean probability that the tokens of a request give to a word, added over the words of its bag.

    Each soft token has a softmax over the vocabulary of its cosine with the words' embeddings (around their mean). The
    mean over the tokens lets each of them speak for other words.
    """
    centered = words.float() - words.float().mean(dim=0)
    directions = functional.normalize(centered, dim=1)
    log_probabilities = (SHARPNESS * functional.normalize(soft.float(), dim=-1) @ directions.T).log_softmax(dim=-1)
    rows = torch.tensor([row for row, bag in enumerate(targets) for _ in bag], device=soft.device, dtype=torch.long)
    columns = torch.tensor([word for bag in targets for word in bag], device=soft.device, dtype=torch.long)
    chosen = log_probabilities[rows, :, columns]
    return -(chosen.logsumexp(dim=-1) - torch.log(torch.tensor(float(soft.shape[1])))).sum()
