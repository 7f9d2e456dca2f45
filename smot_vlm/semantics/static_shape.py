"""One step of greedy decoding of fixed shape, compiled, and the memory that it works on.

A step is everything between two words: reading the last, choosing the next, moving on. It reads and writes tensors that stay
where they are, and returns nothing, so that CUDA can record it as a graph.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._dynamo import mark_static_address
from transformers import PreTrainedModel

from smot_vlm.semantics.connectives import Connectives
from smot_vlm.semantics.greedy import ReadPrompts, chosen
from smot_vlm.semantics.prefix_cache import given_cache, step_mask
from smot_vlm.semantics.static_cache import memory_of, placed_cache

# Before, CUDA graphs could be recorded in the main thread alone.
GRAPHS_IN_THREADS = "2.14"


class StaticShape:
    """A compiled step, and the memory that it works on.

    Args:
        language_model: in evaluation mode.
        prompts: some, for the types of the cache.
        rows: of the batch.
        capacity: tokens of a prompt and its words.
        connectives: words that count as one.
        backend: of torch.compile.
    """

    def __init__(
        self,
        language_model: PreTrainedModel,
        prompts: ReadPrompts,
        rows: int,
        capacity: int,
        connectives: Connectives,
        backend: str | Callable[..., Any],
    ) -> None:
        device = prompts.mask.device
        layers: list[Any] = prompts.cache.layers
        # Written to in place in whatever mode the next call is.
        with torch.inference_mode(mode=False):
            self.tokens = torch.zeros(rows, 1, dtype=torch.long, device=device)
            self.positions = torch.zeros_like(self.tokens)
            self.mask = torch.zeros(rows, capacity, dtype=torch.bool, device=device)
            self.written = torch.zeros(rows, capacity, dtype=torch.long, device=device)
            self.place = torch.zeros(1, dtype=torch.long, device=device)
            self.cache = placed_cache([(layer.keys, layer.values) for layer in layers], rows, capacity, self.place)
        for memory in (self.tokens, self.positions, self.mask, self.written, self.place, *memory_of(self.cache)):
            mark_static_address(memory)
        graphs = device.type == "cuda" and backend == "inductor" and torch.__version__ >= GRAPHS_IN_THREADS
        self._step = torch.compile(
            _step_of(language_model, self, connectives),
            backend=backend,
            mode="reduce-overhead" if graphs else None,
            fullgraph=True,
            dynamic=False,
        )
        self.step()

    def begin(self, prompts: ReadPrompts, first: Tensor) -> None:
        """Take a batch.

        Args:
            prompts: of as many rows as there are, or fewer.
            first: the first word of each.
        """
        count, columns = prompts.mask.shape
        for ours, theirs in zip(self.cache.layers, prompts.cache.layers, strict=True):
            ours.fill(theirs.keys, theirs.values)  # type: ignore[union-attr]
        # Rows without a caption see their own words only.
        for memory in (self.mask, self.tokens, self.positions):
            memory.zero_()
        self.mask[:count, :columns] = prompts.mask
        self.positions[:count] = prompts.mask.sum(dim=1, keepdim=True)
        self.tokens[:count] = first.clamp(min=0)[:, None]
        self.place.fill_(columns)

    def step(self) -> None:
        """Write a word in each row, at the place, and move on."""
        self._step()


def _step_of(language_model: PreTrainedModel, shape: StaticShape, connectives: Connectives) -> Callable[[], None]:
    """What is compiled: all that happens between two words."""
    tokens, positions, mask, written, place = shape.tokens, shape.positions, shape.mask, shape.written, shape.place
    cache = given_cache(language_model, shape.cache)
    likeliest = connectives.on(place.device)
    ready = step_mask(language_model, mask, padded=True)
    four_dimensional = ready is not None and ready.ndim == 4

    def step() -> None:
        mask.index_fill_(1, place, True)
        output = language_model(
            input_ids=tokens,
            attention_mask=mask[:, None, None] if four_dimensional else mask.long(),
            position_ids=positions,
            use_cache=True,
            **cache,
        )
        words = chosen(likeliest, output.logits[:, -1])[:, None]
        written.index_copy_(1, place, words)
        tokens.copy_(words.clamp(min=0))
        positions.add_(1)
        place.add_(1)

    return step
