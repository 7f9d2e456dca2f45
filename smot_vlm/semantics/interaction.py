"""The interaction head (paper section 4): for each ordered pair, MLP(CA(T_j, T_k)) -> a logit for each verb sense.

Every token of the subject is scored by itself after cross-attending to the object, and a pair's logit is a smooth
maximum over them: two people do one thing after another, and the mean of both is neither. So events can supervise
single tokens too. A verb is a vector, initialised from the sentence embedding of its gloss; its logit is the scaled
cosine with the pair's vector. So verbs that were never trained can be scored too, by the embedding of a phrase for
them.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from smot_vlm.fusion.attention import CrossAttention
from smot_vlm.semantics.sentence_embeddings import embed_sentences

# Probability of any verb before training, as in the focal loss paper.
PRIOR = 0.01
EMBEDDING_DIM = 384
# Fewest positive pairs for a verb's own threshold: with fewer the best threshold is mostly noise.
FEWEST_EXAMPLES = 5
FIRST_SCALE = 8.0
# Sharpness of the smooth maximum: log-mean-exp of so many times the logits.
PEAK = 4.0
# Unit of the biases, so that an optimiser with equal steps in all parameters (Adam) soon fits them to each verb's
# frequency; otherwise features fit it first, and person-specific information collapses.
BIAS_UNIT = 20.0


class InteractionHead(nn.Module):
    """Directed: the logits of (j, k) are for "j acts on k". The subject's tokens attend to the object's.

    Verb vectors are random at first; `name_verbs` initialises them from text.

    Args:
        dim: width of the tokens.
        heads, feedforward: of the cross-attention.
        verbs: number of senses.
        threshold: probability above which a verb is reported; each verb's own is stored with the weights, see
            `calibrate`.
        encoder: the sentence encoder of verbs; None: verbs have no text.
        chunk: pairs in one pass, which bounds the memory.
    """

    text_center: Tensor
    thresholds: Tensor

    def __init__(
        self,
        dim: int = 256,
        heads: int = 8,
        feedforward: int = 1024,
        *,
        verbs: int = 335,
        threshold: float = 0.4,
        encoder: str | None = None,
        chunk: int = 64,
    ) -> None:
        super().__init__()
        self.pair = CrossAttention(dim, heads, feedforward)
        self.mlp = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.LayerNorm(dim), nn.Linear(dim, EMBEDDING_DIM))
        self.verbs = nn.Parameter(torch.randn(verbs, EMBEDDING_DIM) * EMBEDDING_DIM**-0.5)
        self.log_scale = nn.Parameter(torch.tensor(math.log(FIRST_SCALE)))
        self.bias = nn.Parameter(torch.full((verbs,), -math.log((1 - PRIOR) / PRIOR) / BIAS_UNIT))
        # The mean of the glosses' embeddings, removed because all verbs share it.
        self.register_buffer("text_center", torch.zeros(EMBEDDING_DIM))
        self.register_buffer("thresholds", torch.full((verbs,), threshold))
        self.encoder = encoder
        self.chunk = chunk

    def forward(
        self,
        tracks: Float[Tensor, "tracks tokens dim"],
        mask: Bool[Tensor, "tracks tokens"],
        pairs: Int[Tensor, "pairs 2"],
    ) -> Float[Tensor, "pairs verbs"]:
        """Score pairs.

        Args:
            tracks: T_j of each person, padded.
            mask: true where a token is real.
            pairs: rows (subject, object) of `tracks`.

        Returns:
            Logits.
        """
        return self._peaks(tracks, mask, pairs, self.verbs, self.bias)

    def token_logits(
        self,
        tracks: Float[Tensor, "tracks tokens dim"],
        mask: Bool[Tensor, "tracks tokens"],
        pairs: Int[Tensor, "pairs 2"],
        phrases: Float[Tensor, "verbs embedding"] | None = None,
    ) -> Float[Tensor, "pairs tokens verbs"]:
        """Score each token of the subject by itself; `highest` gives the pair's logits.

        Args:
            tracks: T_j of each person, padded.
            mask: true where a token is real.
            pairs: rows (subject, object) of `tracks`.
            phrases: of `embed_phrases`, in place of the trained verbs.

        Returns:
            Logits.
        """
        if phrases is not None:
            return self._token_logits(tracks, mask, pairs, phrases, self.bias.mean())
        return self._token_logits(tracks, mask, pairs, self.verbs, self.bias)

    def score_phrases(
        self,
        tracks: Float[Tensor, "tracks tokens dim"],
        mask: Bool[Tensor, "tracks tokens"],
        pairs: Int[Tensor, "pairs 2"],
        phrases: Float[Tensor, "phrases embedding"],
    ) -> Float[Tensor, "pairs phrases"]:
        """Score verbs that were never trained. A phrase's bias is the mean of the trained ones.

        Args:
            tracks: T_j of each person, padded.
            mask: true where a token is real.
            pairs: rows (subject, object) of `tracks`.
            phrases: of `embed_phrases`.

        Returns:
            Logits.
        """
        return self._peaks(tracks, mask, pairs, phrases, self.bias.mean())

    def name_verbs(self, glosses: Sequence[str]) -> None:
        """Initialise the verbs' vectors from the sentence embeddings of their glosses.

        Args:
            glosses: one a verb, in order.

        Raises:
            ValueError: another number of glosses than verbs, or no encoder.
            FileNotFoundError, ImportError: the sentence encoder is missing.
        """
        if len(glosses) != len(self.verbs):
            raise ValueError(f"{len(glosses)} glosses for {len(self.verbs)} verbs; give one for each")
        embeddings = self._embed_text(glosses)
        with torch.no_grad():
            self.text_center.copy_(embeddings.mean(dim=0))
            self.verbs.copy_(functional.normalize(embeddings - self.text_center.cpu(), dim=1))

    def embed_phrases(self, phrases: Sequence[str]) -> Float[Tensor, "phrases embedding"]:
        """Embed phrases in the space of the verbs.

        Args:
            phrases: such as "hand over an object".

        Returns:
            Unit vectors.

        Raises:
            ValueError: no encoder.
            FileNotFoundError, ImportError: the sentence encoder is missing.
        """
        embeddings = self._embed_text(phrases).to(self.verbs.device)
        return functional.normalize(embeddings - self.text_center, dim=1)

    def calibrate(self, scores: Float[np.ndarray, "pairs verbs"], labels: Bool[np.ndarray, "pairs verbs"]) -> None:
        """Set each verb's threshold to the best by F1 on validation pairs.

        A verb with fewer than FEWEST_EXAMPLES pairs gets the threshold that is best for all verbs together.

        Args:
            scores: probabilities of ordered pairs.
            labels: whether the pair does the verb; without any, nothing changes.
        """
        if not labels.any():
            return
        self.thresholds.fill_(best_threshold(scores.ravel(), labels.ravel()))
        for verb in np.flatnonzero(labels.sum(axis=0) >= FEWEST_EXAMPLES):
            self.thresholds[verb] = best_threshold(scores[:, verb], labels[:, verb])

    def _embed_text(self, texts: Sequence[str]) -> Tensor:
        if self.encoder is None:
            raise ValueError(
                "this model's verbs have no text (interaction.verb_encoder is null); only the 335 verbs can be scored"
            )
        return torch.from_numpy(embed_sentences(texts, self.encoder)).float()

    def _peaks(self, tracks: Tensor, mask: Tensor, pairs: Tensor, verbs: Tensor, bias: Tensor) -> Tensor:
        parts = pairs.split(self.chunk)
        return torch.cat(
            [highest(self._token_logits(tracks, mask, part, verbs, bias), mask[part[:, 0]]) for part in parts]
        )

    def _token_logits(self, tracks: Tensor, mask: Tensor, pairs: Tensor, verbs: Tensor, bias: Tensor) -> Tensor:
        subject, target = pairs.unbind(dim=1)
        shown = self.mlp(self.pair(tracks[subject], tracks[target], mask[target]))
        cosine = functional.normalize(shown.float(), dim=-1) @ functional.normalize(verbs, dim=-1).T
        return self.log_scale.exp() * cosine.float() + BIAS_UNIT * bias


def highest(
    logits: Float[Tensor, "pairs tokens verbs"], mask: Bool[Tensor, "pairs tokens"]
) -> Float[Tensor, "pairs verbs"]:
    """A smooth maximum over the real tokens, independent of their number where all agree.

    Args:
        logits: of each token.
        mask: true where a token is real.

    Returns:
        Logits of each pair.
    """
    real = mask[..., None] | ~mask.any(dim=1)[:, None, None]
    counts = real.sum(dim=1)
    return ((PEAK * logits).masked_fill(~real, -torch.inf).logsumexp(dim=1) - counts.log()) / PEAK


def best_threshold(scores: Float[np.ndarray, "pairs"], labels: Bool[np.ndarray, "pairs"]) -> float:
    """The threshold with the best F1 (predicted where score > threshold).

    Args:
        scores: probabilities.
        labels: the truth.

    Returns:
        Half-way to the next lower score.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(labels[order])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + labels.sum())
    # Equal scores are on one side together.
    f1[:-1][ranked[:-1] == ranked[1:]] = -1.0
    best = int(f1.argmax())
    lower = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + lower) / 2)


def choose_pairs(
    labels: Float[Tensor, "pairs verbs"], negatives_per_positive: float, generator: torch.Generator
) -> Int[Tensor, "chosen"]:
    """Choose pairs to train on: every pair with a verb, and some without one at random.

    Args:
        labels: 1 where a pair does a verb.
        negatives_per_positive: pairs without a verb for each pair with one; where no pair has one, for one pair.
        generator: of the random choice.

    Returns:
        Rows of `labels`, ascending.
    """
    has_verb = labels.any(dim=1)
    positives, negatives = has_verb.nonzero()[:, 0], (~has_verb).nonzero()[:, 0]
    count = min(len(negatives), round(negatives_per_positive * max(len(positives), 1)))
    drawn = negatives[torch.randperm(len(negatives), generator=generator)[:count].to(negatives.device)]
    return torch.cat([positives, drawn]).sort().values
