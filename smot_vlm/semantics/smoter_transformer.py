"""The network of the paper's text decoder: one transformer over [visual tokens, text tokens] under a prefix mask.

Visual tokens see all visual tokens and no text; a text token sees all visual tokens, itself and the text before it. So
the visual tokens need only be read once: `read` turns them into the keys and values of every layer, `write` adds text,
many tokens at once (training) or one at a time (generation with a key-value cache). Both give what one pass over the
joined sequence gives.

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
class LayerMemory:
    """Keys and values that one layer has made so far."""

    keys: Float[Tensor, "batch heads tokens width"]
    values: Float[Tensor, "batch heads tokens width"]


@dataclass(frozen=True, eq=False)
class Context:
    """What was read and written so far. layers: a memory each; visual_mask: true where a visual token is real."""

    layers: tuple[LayerMemory, ...]
    visual_mask: Bool[Tensor, "batch visual_tokens"]
    text_length: int

    def select(self, rows: Int[Tensor, "rows"]) -> "Context":
        """What these rows hold, in this order; a row may be chosen many times."""
        layers = tuple(LayerMemory(memory.keys[rows], memory.values[rows]) for memory in self.layers)
        return Context(layers, self.visual_mask[rows], self.text_length)


class PrefixAttention(nn.Module):
    """Multi-head attention of new tokens to the tokens in memory and to themselves; scores / sqrt(head width)."""

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
        memory: LayerMemory | None,
    ) -> tuple[Float[Tensor, "batch tokens hidden"], LayerMemory]:
        """mask: true where a new token may see one of [memory, new tokens]. Returns the memory with the new tokens."""
        query, keys, values = (self._split(part(tokens)) for part in (self.query, self.key, self.value))
        if memory is not None:
            keys = torch.cat([memory.keys, keys], dim=2)
            values = torch.cat([memory.values, values], dim=2)
        attended = functional.scaled_dot_product_attention(
            query, keys, values, attn_mask=mask, dropout_p=self.dropout if self.training else 0.0
        )
        return self.output(attended.transpose(1, 2).flatten(2)), LayerMemory(keys, values)

    def _split(self, tokens: Float[Tensor, "batch tokens hidden"]) -> Float[Tensor, "batch heads tokens width"]:
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)


class PrefixLayer(nn.Module):
    """Attention, add, norm; linear, GELU, linear, add, norm."""

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
        memory: LayerMemory | None = None,
    ) -> tuple[Float[Tensor, "batch tokens hidden"], LayerMemory]:
        """See PrefixAttention.forward."""
        attended, memory = self.attention(tokens, mask, memory)
        tokens = self.attention_norm(tokens + self.dropout(attended))
        return self.feedforward_norm(tokens + self.dropout(self.feedforward(tokens))), memory


class SmoterTransformer(nn.Module):
    """dim: width of the visual tokens. vocabulary: number of words. places: most text tokens there are positions for."""

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

    def read(
        self, visual: Float[Tensor, "batch visual_tokens dim"], mask: Bool[Tensor, "batch visual_tokens"]
    ) -> Context:
        """The visual tokens through all layers. mask: true where a token is real; at least one in each row."""
        tokens, visible = self.project(visual), mask[:, None, None, :]
        memories = []
        for layer in self.layers:
            tokens, memory = layer(tokens, visible)
            memories.append(memory)
        return Context(tuple(memories), mask, 0)

    def write(
        self, text: Int[Tensor, "batch text_tokens"], context: Context
    ) -> tuple[Float[Tensor, "batch text_tokens vocabulary"], Context]:
        """Logits of the word after each of `text`, which follows what `context` holds; and the context with `text`."""
        length, start = text.shape[1], context.text_length
        places = torch.arange(start, start + length, device=text.device)
        tokens = self.dropout(self.embedding_norm(self.words(text) + self.positions(places)))
        mask = text_mask(context.visual_mask, start, length)
        memories = []
        for layer, memory in zip(self.layers, context.layers, strict=True):
            tokens, memory = layer(tokens, mask, memory)
            memories.append(memory)
        logits = functional.linear(tokens, self.words.weight, self.output_bias)
        return logits, Context(tuple(memories), context.visual_mask, start + length)

    def forward(
        self,
        visual: Float[Tensor, "batch visual_tokens dim"],
        mask: Bool[Tensor, "batch visual_tokens"],
        text: Int[Tensor, "batch text_tokens"],
    ) -> Float[Tensor, "batch text_tokens vocabulary"]:
        """Logits of the word after each of `text`."""
        return self.write(text, self.read(visual, mask))[0]


def text_mask(
    visual_mask: Bool[Tensor, "batch visual_tokens"], start: int, length: int
) -> Bool[Tensor, "batch 1 {length} _"]:
    """What `length` text tokens from place `start` on may see of [visual tokens, text]: real visual ones, no later text."""
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
