"""Writing with the paper's text decoder: word after word, by the likeliest, by draws, or along several beams.

Greedy and beam search are the released code's, to the token: the word just written may not be written again, a caption
that has ended goes on with end tokens at no cost, and a score is the mean log-probability of the words.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from smot_vlm.semantics.generation import GREEDY, Decoding
from smot_vlm.semantics.smoter_transformer import Context, SmoterTransformer

# Takes the place of a forbidden word's logit before the softmax.
FORBIDDEN_LOGIT = -10000.0
# How many words each beam may go on with, before the best of all are kept (released: 2).
WORDS_A_BEAM = 2


@dataclass(frozen=True, eq=False)
class GeneratedText:
    """tokens: the begin token, the words, the end token where it was reached, and then end tokens only.

    log_probs: mean log-probability of the words a row wrote, its end token counted, in nats.
    """

    tokens: Int[Tensor, "batch places"]
    log_probs: Float[Tensor, "batch"]


class NextWord:
    """The log-probabilities of each row's next word.

    mask: true where a visual token is real. no_repeat: never the word just written. use_cache: false reads and writes the
    whole sequence again for each word, as the released code; the words are the same.
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
        self._context: Context | None = network.read(visual, mask) if use_cache else None

    def __call__(self, tokens: Int[Tensor, "rows places"]) -> Float[Tensor, "rows vocabulary"]:
        """tokens: all that was written, the begin token first; one word more than at the last call."""
        if self._context is None:
            logits = self._network(self._visual, self._mask, tokens)
        else:
            logits, self._context = self._network.write(tokens[:, -1:], self._context)
        logits = logits[:, -1].float()
        if self._no_repeat and tokens.shape[1] > 1:
            logits = logits.scatter(1, tokens[:, -1:], FORBIDDEN_LOGIT)
        return logits.log_softmax(dim=1)

    def keep(self, rows: Int[Tensor, "rows"]) -> None:
        """Go on with these rows, in this order; a row may stand there many times."""
        self._visual, self._mask = self._visual[rows], self._mask[rows]
        if self._context is not None:
            self._context = self._context.select(rows)


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
    """Write until every row has ended or `max_new_tokens` words stand.

    mask, no_repeat, use_cache: see NextWord. decoding: how words are chosen; generator: where draws come from.
    """
    next_word = NextWord(network, visual, mask, no_repeat=no_repeat, use_cache=use_cache)
    tokens = torch.full((len(visual), 1), begin, device=visual.device)
    if decoding.num_beams > 1:
        return _beams(next_word, tokens, end, max_new_tokens, decoding.num_beams)
    return _one_path(next_word, tokens, end, max_new_tokens, decoding, generator)


def _one_path(
    next_word: NextWord,
    tokens: Int[Tensor, "batch 1"],
    end: int,
    max_new_tokens: int,
    decoding: Decoding,
    generator: torch.Generator | None,
) -> GeneratedText:
    """Greedy, or words drawn one after another."""
    finished = torch.zeros(len(tokens), dtype=torch.bool, device=tokens.device)
    totals = torch.zeros(len(tokens), device=tokens.device)
    for _ in range(max_new_tokens):
        log_probs = next_word(tokens)
        words = log_probs.argmax(dim=1) if decoding.is_greedy else draw(log_probs, decoding, generator)
        totals += log_probs.gather(1, words[:, None])[:, 0].masked_fill(finished, 0.0)
        tokens = torch.cat([tokens, words.masked_fill(finished, end)[:, None]], dim=1)
        finished |= tokens[:, -1] == end
        if finished.all():
            break
    return GeneratedText(tokens, totals / words_written(tokens, end))


def _beams(
    next_word: NextWord, tokens: Int[Tensor, "batch 1"], end: int, max_new_tokens: int, beams: int
) -> GeneratedText:
    """The best caption of each row, by the sum of its words' log-probabilities, that `beams` of them at a time lead to."""
    batch = len(tokens)
    totals, words = next_word(tokens).topk(beams, dim=1)
    next_word.keep(torch.arange(batch, device=tokens.device).repeat_interleave(beams))
    tokens = torch.cat([tokens.repeat_interleave(beams, dim=0), words.reshape(-1, 1)], dim=1)
    first_of_batch = torch.arange(batch, device=tokens.device)[:, None] * beams
    for _ in range(max_new_tokens - 1):
        ended = tokens[:, -1] == end
        # Sums only fall, so a row whose best caption has ended is done.
        if ended[first_of_batch[:, 0]].all():
            break
        log_probs = next_word(tokens)
        # Who has ended has one way to go on: the end token, which costs nothing.
        log_probs[ended] = -torch.inf
        log_probs[ended, end] = 0.0
        step, words = log_probs.topk(WORDS_A_BEAM, dim=1)
        candidates = (totals.reshape(-1, 1) + step).reshape(batch, -1)
        totals, chosen = candidates.topk(beams, dim=1)
        rows = (first_of_batch + chosen // WORDS_A_BEAM).flatten()
        words = words.reshape(batch, -1).gather(1, chosen).reshape(-1, 1)
        tokens = torch.cat([tokens[rows], words], dim=1)
        next_word.keep(rows)
    best = tokens[first_of_batch[:, 0]]
    return GeneratedText(best, totals[:, 0] / words_written(best, end))


def draw(
    log_probs: Float[Tensor, "rows vocabulary"], decoding: Decoding, generator: torch.Generator | None
) -> Int[Tensor, "rows"]:
    """A word for each row, from the likeliest that together have the probability `top_p`."""
    ordered, words = (log_probs / decoding.temperature).softmax(dim=1).sort(dim=1, descending=True)
    before = ordered.cumsum(dim=1) - ordered
    ordered = ordered.masked_fill(before >= decoding.top_p, 0.0)
    return words.gather(1, torch.multinomial(ordered, 1, generator=generator))[:, 0]


def words_written(tokens: Int[Tensor, "rows places"], end: int) -> Int[Tensor, "rows"]:
    """Words after the begin token, up to and with the first end token."""
    is_end = tokens[:, 1:] == end
    return (is_end.cumsum(dim=1) - is_end.int() == 0).sum(dim=1)
