"""Generation with the paper's text decoder: greedy, sampling or beam search.

Greedy and beam search give the released code's tokens: no token follows itself, a finished caption is extended with end
tokens at no cost, and a score is the mean log-probability of the tokens.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from smot_vlm.semantics.generation import GREEDY, Decoding
from smot_vlm.semantics.smoter_transformer import PrefixState, SmoterTransformer

# Replaces a forbidden token's logit before the softmax.
FORBIDDEN_LOGIT = -10000.0
# Continuations of each beam, before the best of all are kept (released: 2).
CONTINUATIONS = 2


@dataclass(frozen=True, eq=False)
class GeneratedText:
    """A batch of captions.

    Attributes:
        tokens: the begin token, the caption, the end token where it was reached, and then end tokens only.
        log_probs: mean log-probability of a row's tokens up to its end token, in nats.
    """

    tokens: Int[Tensor, "batch places"]
    log_probs: Float[Tensor, "batch"]


class NextToken:
    """Log-probabilities of each row's next token.

    Args:
        network: the decoder.
        visual: visual tokens of each row.
        mask: true where a visual token is real.
        no_repeat: never the last token again.
        use_cache: false: compute the whole sequence again for each token, as the released code.
    """

    def __init__(
        self,
        network: SmoterTransformer,
        visual: Float[Tensor, "batch visual_tokens dim"],
        mask: Bool[Tensor, "batch visual_tokens"],
        *,
        no_repeat: bool = True,
        use_cache: bool = True,
    ) -> None:
        self._network, self._visual, self._mask = network, visual, mask
        self._no_repeat = no_repeat
        self._state: PrefixState | None = network.prefill(visual, mask) if use_cache else None

    def __call__(self, tokens: Int[Tensor, "rows places"]) -> Float[Tensor, "rows vocabulary"]:
        """Predict.

        Args:
            tokens: all tokens so far, the begin token first; one more than at the last call.

        Returns:
            Of the next token.
        """
        if self._state is None:
            logits = self._network(self._visual, self._mask, tokens)
        else:
            logits, self._state = self._network.extend(tokens[:, -1:], self._state)
        last: Tensor = logits[:, -1].float()
        if self._no_repeat and tokens.shape[1] > 1:
            last = last.scatter(1, tokens[:, -1:], FORBIDDEN_LOGIT)
        return last.log_softmax(dim=1)

    def select(self, rows: Int[Tensor, "rows"]) -> None:
        """Go on with some rows.

        Args:
            rows: their indices, in order; a row may be repeated.
        """
        self._visual, self._mask = self._visual[rows], self._mask[rows]
        if self._state is not None:
            self._state = self._state.select(rows)


@torch.inference_mode()
def search(
    network: SmoterTransformer,
    visual: Float[Tensor, "batch visual_tokens dim"],
    mask: Bool[Tensor, "batch visual_tokens"],
    *,
    begin: int,
    end: int,
    max_new_tokens: int = 39,
    no_repeat: bool = True,
    use_cache: bool = True,
    decoding: Decoding = GREEDY,
    generator: torch.Generator | None = None,
) -> GeneratedText:
    """Generate until every row has ended or has `max_new_tokens` tokens.

    Args:
        network: the decoder.
        visual: visual tokens of each row.
        mask: true where a visual token is real.
        begin: token before a caption.
        end: token after a caption.
        max_new_tokens: most tokens of a caption, with the end token.
        no_repeat: see `NextToken`.
        use_cache: see `NextToken`.
        decoding: how tokens are chosen.
        generator: of the samples.

    Returns:
        One caption a row.
    """
    next_token = NextToken(network, visual, mask, no_repeat=no_repeat, use_cache=use_cache)
    tokens = torch.full((len(visual), 1), begin, device=visual.device)
    if decoding.num_beams > 1:
        return _beams(next_token, tokens, end, max_new_tokens, decoding.num_beams)
    return _one_path(next_token, tokens, end, max_new_tokens, decoding, generator)


def _one_path(
    next_token: NextToken,
    tokens: Int[Tensor, "batch 1"],
    end: int,
    max_new_tokens: int,
    decoding: Decoding,
    generator: torch.Generator | None,
) -> GeneratedText:
    """Greedy, or sampled."""
    finished = torch.zeros(len(tokens), dtype=torch.bool, device=tokens.device)
    totals = torch.zeros(len(tokens), device=tokens.device)
    for _ in range(max_new_tokens):
        log_probs = next_token(tokens)
        words = log_probs.argmax(dim=1) if decoding.is_greedy else sample(log_probs, decoding, generator)
        totals += log_probs.gather(1, words[:, None])[:, 0].masked_fill(finished, 0.0)
        tokens = torch.cat([tokens, words.masked_fill(finished, end)[:, None]], dim=1)
        finished |= tokens[:, -1] == end
        if finished.all():
            break
    return GeneratedText(tokens, totals / count_tokens(tokens, end))


def _beams(
    next_token: NextToken, tokens: Int[Tensor, "batch 1"], end: int, max_new_tokens: int, beams: int
) -> GeneratedText:
    """The best caption of each row by its tokens' summed log-probabilities, with `beams` candidates at a time."""
    batch = len(tokens)
    totals, words = next_token(tokens).topk(beams, dim=1)
    next_token.select(torch.arange(batch, device=tokens.device).repeat_interleave(beams))
    tokens = torch.cat([tokens.repeat_interleave(beams, dim=0), words.reshape(-1, 1)], dim=1)
    first_of_batch = torch.arange(batch, device=tokens.device)[:, None] * beams
    for _ in range(max_new_tokens - 1):
        ended = tokens[:, -1] == end
        # Sums only fall, so a row whose best caption has ended is finished.
        if ended[first_of_batch[:, 0]].all():
            break
        log_probs = next_token(tokens)
        # A finished caption has one continuation: the end token, at no cost.
        log_probs = log_probs.masked_fill(ended[:, None], -torch.inf)
        log_probs[:, end] = log_probs[:, end].masked_fill(ended, 0.0)
        step, words = log_probs.topk(CONTINUATIONS, dim=1)
        candidates = (totals.reshape(-1, 1) + step).reshape(batch, -1)
        totals, chosen = candidates.topk(beams, dim=1)
        rows = (first_of_batch + chosen // CONTINUATIONS).flatten()
        words = words.reshape(batch, -1).gather(1, chosen).reshape(-1, 1)
        tokens = torch.cat([tokens[rows], words], dim=1)
        next_token.select(rows)
    best = tokens[first_of_batch[:, 0]]
    return GeneratedText(best, totals[:, 0] / count_tokens(best, end))


def sample(
    log_probs: Float[Tensor, "rows vocabulary"], decoding: Decoding, generator: torch.Generator | None
) -> Int[Tensor, "rows"]:
    """Sample a token for each row.

    Args:
        log_probs: of the next token.
        decoding: temperature and top_p.
        generator: of the samples.

    Returns:
        Token ids.
    """
    ordered, words = (log_probs / decoding.temperature).softmax(dim=1).sort(dim=1, descending=True)
    before = ordered.cumsum(dim=1) - ordered
    ordered = ordered.masked_fill(before >= decoding.top_p, 0.0)
    return words.gather(1, torch.multinomial(ordered, 1, generator=generator))[:, 0]


def count_tokens(tokens: Int[Tensor, "rows places"], end: int) -> Int[Tensor, "rows"]:
    """Count the tokens after the begin token, up to and with the first end token.

    Args:
        tokens: the begin token first.
        end: the end token.

    Returns:
        At most the columns after the first.
    """
    is_end = tokens[:, 1:] == end
    return (is_end.cumsum(dim=1) - is_end.int() == 0).sum(dim=1)
