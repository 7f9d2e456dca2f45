"""The network of the paper's text decoder: one transformer over [visual tokens, text tokens] under a prefix mask.

Visual tokens see all visual tokens and no text; a text token sees all visual tokens, itself and the text before it. So
the visual tokens need only be read once: `prefill` turns them into the keys and values of every layer, `extend` adds
text, many tokens at once (training) or one at a time (generation with a key-value cache). Both give what one pass over
the joined sequence gives.

Sizes and details are those of the released SMOTer: 6 layers, 12 heads, width 768, feed-forward 3072, norm after each
sum, exact GELU, learned positions for text only, output weights tied to the word embedding with a bias of their own.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

PROJECTION_EPS = 1e-5
EMBEDDING_EPS = 1e-8
LAYER_EPS = 1e-12
INITIAL_STD = 0.02


@dataclass(frozen=True, eq=False)
class LayerCache:
    """What one layer keeps of the sequence so far.

    Attributes:
        keys, values: of its attention.
    """

    keys: Float[Tensor, "batch heads tokens width"]
    values: Float[Tensor, "batch heads tokens width"]


@dataclass(frozen=True, eq=False)
class PrefixState:
    """The sequence so far.

    Attributes:
        layers: a cache of each.
        visual_mask: true where a visual token is real.
        text_length: text tokens.
    """

    layers: tuple[LayerCache, ...]
    visual_mask: Bool[Tensor, "batch visual_tokens"]
    text_length: int

    def select(self, rows: Int[Tensor, "rows"]) -> "PrefixState":
        """Some rows of the batch.

        Args:
            rows: their indices, in order; a row may be repeated.

        Returns:
            Copies.
        """
        layers = tuple(LayerCache(cache.keys[rows], cache.values[rows]) for cache in self.layers)
        return PrefixState(layers, self.visual_mask[rows], self.text_length)


class PrefixAttention(nn.Module):
    """Multi-head attention of new tokens to cached tokens and to themselves; scores / sqrt(head width).

    Args:
        hidden: width of the tokens, a multiple of heads.
        heads: number of them.
        dropout: of the attention weights.
    """

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.output = nn.Linear(hidden, hidden)

    def forward(
        self,
        tokens: Float[Tensor, "batch tokens hidden"],
        mask: Bool[Tensor, "batch 1 _ _"],
        cache: LayerCache | None,
    ) -> tuple[Float[Tensor, "batch tokens hidden"], LayerCache]:
        """Attend.

        Args:
            tokens: new ones.
            mask: true where a new token may see one of [cached tokens, new tokens].
            cache: of the tokens before; None without any.

        Returns:
            The new tokens, and the cache with them.
        """
        query, keys, values = (self._split(part(tokens)) for part in (self.query, self.key, self.value))
        if cache is not None:
            keys = torch.cat([cache.keys, keys], dim=2)
            values = torch.cat([cache.values, values], dim=2)
        attended = functional.scaled_dot_product_attention(
            query, keys, values, attn_mask=mask, dropout_p=self.dropout if self.training else 0.0
        )
        return self.output(attended.transpose(1, 2).flatten(2)), LayerCache(keys, values)

    def _split(self, tokens: Float[Tensor, "batch tokens hidden"]) -> Float[Tensor, "batch heads tokens width"]:
        batch, length, hidden = tokens.shape
        return tokens.view(batch, length, self.heads, hidden // self.heads).transpose(1, 2)


class PrefixLayer(nn.Module):
    """Attention, add, norm; linear, GELU, linear, add, norm.

    Args:
        hidden, heads: see `PrefixAttention`.
        feedforward: width between the two linear maps.
        dropout: of attention weights and before each sum.
    """

    def __init__(self, hidden: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.attention = PrefixAttention(hidden, heads, dropout)
        self.attention_norm = nn.LayerNorm(hidden, eps=LAYER_EPS)
        self.feedforward = nn.Sequential(nn.Linear(hidden, feedforward), nn.GELU(), nn.Linear(feedforward, hidden))
        self.feedforward_norm = nn.LayerNorm(hidden, eps=LAYER_EPS)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        tokens: Float[Tensor, "batch tokens hidden"],
        mask: Bool[Tensor, "batch 1 _ _"],
        cache: LayerCache | None = None,
    ) -> tuple[Float[Tensor, "batch tokens hidden"], LayerCache]:
        """One layer. `Args:` and `Returns:` as PrefixAttention."""
        attended, cache = self.attention(tokens, mask, cache)
        tokens = self.attention_norm(tokens + self.dropout(attended))
        return self.feedforward_norm(tokens + self.dropout(self.feedforward(tokens))), cache


class SmoterTransformer(nn.Module):
    """The paper's text decoder.

    Args:
        vocabulary: number of token ids.
        dim: width of the visual tokens.
        hidden: width inside, a multiple of heads.
        layers, heads, feedforward: see `PrefixLayer`.
        places: text positions.
        dropout: also of the embeddings.

    Raises:
        ValueError: hidden is no multiple of heads.
    """

    def __init__(
        self,
        vocabulary: int,
        *,
        dim: int = 256,
        hidden: int = 768,
        layers: int = 6,
        heads: int = 12,
        feedforward: int = 3072,
        places: int = 1024,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if hidden % heads:
            raise ValueError(f"hidden is {hidden} and heads is {heads}; hidden must be a multiple of heads")
        self.project = nn.Sequential(nn.Linear(dim, hidden), nn.LayerNorm(hidden, eps=PROJECTION_EPS))
        self.words = nn.Embedding(vocabulary, hidden)
        self.positions = nn.Embedding(places, hidden)
        self.embedding_norm = nn.LayerNorm(hidden, eps=EMBEDDING_EPS)
        self.layers = nn.ModuleList(PrefixLayer(hidden, heads, feedforward, dropout) for _ in range(layers))
        self.output_bias = nn.Parameter(torch.zeros(vocabulary))
        self.dropout = nn.Dropout(dropout)
        self.apply(_initialise)

    def prefill(
        self, visual: Float[Tensor, "batch visual_tokens dim"], mask: Bool[Tensor, "batch visual_tokens"]
    ) -> PrefixState:
        """Compute the visual tokens through all layers.

        Args:
            visual: visual tokens of each row.
            mask: true where a token is real; at least one in each row.

        Returns:
            A state without text.
        """
        tokens, visible = self.project(visual), mask[:, None, None, :]
        caches = []
        for layer in self.layers:
            tokens, cache = layer(tokens, visible)
            caches.append(cache)
        return PrefixState(tuple(caches), mask, 0)

    def extend(
        self, text: Int[Tensor, "batch text_tokens"], state: PrefixState
    ) -> tuple[Float[Tensor, "batch text_tokens vocabulary"], PrefixState]:
        """Append text.

        Args:
            text: token ids.
            state: the sequence before.

        Returns:
            Logits of the token after each of `text`, and the state with `text`.
        """
        length, start = text.shape[1], state.text_length
        places = torch.arange(start, start + length, device=text.device)
        tokens = self.dropout(self.embedding_norm(self.words(text) + self.positions(places)))
        mask = text_mask(state.visual_mask, start, length)
        caches = []
        for layer, cache in zip(self.layers, state.layers, strict=True):
            tokens, cache = layer(tokens, mask, cache)
            caches.append(cache)
        logits = functional.linear(tokens, self.words.weight, self.output_bias)
        return logits, PrefixState(tuple(caches), state.visual_mask, start + length)

    def forward(
        self,
        visual: Float[Tensor, "batch visual_tokens dim"],
        mask: Bool[Tensor, "batch visual_tokens"],
        text: Int[Tensor, "batch text_tokens"],
    ) -> Float[Tensor, "batch text_tokens vocabulary"]:
        """The whole sequence in one pass.

        Args:
            visual: visual tokens of each row.
            mask: true where a token is real.
            text: token ids.

        Returns:
            Logits of the token after each of `text`.
        """
        return self.extend(text, self.prefill(visual, mask))[0]


def text_mask(
    visual_mask: Bool[Tensor, "batch visual_tokens"], start: int, length: int
) -> Bool[Tensor, "batch 1 {length} _"]:
    """What new text tokens may see of [visual tokens, text]: real visual tokens, and no later text.

    Args:
        visual_mask: true where a visual token is real.
        start: position of the first new token.
        length: number of new tokens.

    Returns:
        True where a token is visible.
    """
    seen = torch.arange(start + length, device=visual_mask.device)
    causal = seen <= torch.arange(start, start + length, device=visual_mask.device)[:, None]
    batch = len(visual_mask)
    return torch.cat([visual_mask[:, None].expand(-1, length, -1), causal.expand(batch, -1, -1)], dim=2)[:, None]


def _initialise(module: nn.Module) -> None:
    """Normal weights of deviation 0.02 and zero biases, as BERT."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=INITIAL_STD)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
