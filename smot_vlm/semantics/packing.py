"""Token sequences side by side in a few long rows, so that one forward pass reads all of them with little padding.

A token attends to the earlier tokens of its own sequence alone. What sequences begin with in common stands once in a row
and is read once for all of them there.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from peft import PeftModel
from torch import Tensor, nn
from transformers import PreTrainedModel

from smot_vlm.semantics.prefix_cache import caches_every_token

# Rows hold so many tokens where no sequence is longer: more are shared in longer rows, and attention costs more there.
LEAST_TOKENS = 512
# Attention kernels like row lengths that are multiples of it.
STEP = 8
PADDING = -1


class Segment(NamedTuple):
    """One sequence, as positions in a common list of tokens.

    Attributes:
        prefix: what it begins with; segments with equal ranges share it.
        rest: what follows.
    """

    prefix: range
    rest: Sequence[int]


class WordList:
    """Token ids that are embedded together.

    Args:
        first: the position of the first in the common list.
    """

    def __init__(self, first: int) -> None:
        self.ids: list[int] = []
        self._first = first
        self._found: dict[tuple[int, ...], range] = {}

    def add(self, ids: Sequence[int]) -> range:
        """Append tokens.

        Args:
            ids: of the tokens.

        Returns:
            Their positions.
        """
        start = self._first + len(self.ids)
        self.ids += ids
        return range(start, start + len(ids))

    def once(self, ids: tuple[int, ...]) -> range:
        """Append tokens that are not there yet as one.

        Args:
            ids: of the tokens.

        Returns:
            Their positions, the same for the same tokens.
        """
        if ids not in self._found:
            self._found[ids] = self.add(ids)
        return self._found[ids]


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the tokens of some segments stand.

    Attributes:
        sources: the token at each place, as a position in the common list; 0 for padding.
        positions: of each token in its sequence, from 0.
        owners: a number for each prefix in a row and for each rest; PADDING elsewhere.
        prefixes: the owner of the prefix that belongs to each token.
        starts: where the rest of each segment starts in the flattened rows.
    """

    sources: Int[np.ndarray, "rows tokens"]
    positions: Int[np.ndarray, "rows tokens"]
    owners: Int[np.ndarray, "rows tokens"]
    prefixes: Int[np.ndarray, "rows tokens"]
    starts: list[int]


@dataclass
class _Row:
    """A row that is being filled: a column of `table` is (source, position, owner, prefix) of a token."""

    table: list[Int[np.ndarray, "4 _"]] = field(default_factory=list)
    owner_of: dict[range, int] = field(default_factory=dict)
    used: int = 0

    def needs(self, segment: Segment) -> int:
        """How many more tokens it would hold."""
        return len(segment.rest) + (0 if segment.prefix in self.owner_of else len(segment.prefix))

    def put(self, tokens: Sequence[int], position: int, owner: int, prefix: int) -> int:
        """Append tokens; returns where they start."""
        start, count = self.used, len(tokens)
        places = np.arange(position, position + count)
        self.table.append(np.stack([np.asarray(tokens), places, np.full(count, owner), np.full(count, prefix)]))
        self.used += count
        return start


def pack(segments: Sequence[Segment], least_tokens: int = LEAST_TOKENS) -> Layout:
    """Lay segments into as few rows as the first that fits gives, long segments first.

    Args:
        segments: at least one; none is empty.
        least_tokens: rows may be so long even where no segment is.

    Returns:
        Rows of equal length.
    """
    most = max(least_tokens, *(len(prefix) + len(rest) for prefix, rest in segments))
    rows: list[_Row] = []
    found: dict[int, tuple[int, int]] = {}
    owners = iter(range(2 * len(segments)))
    for number in sorted(range(len(segments)), key=lambda number: -len(segments[number].rest)):
        segment = segments[number]
        place = next((place for place, row in enumerate(rows) if row.used + row.needs(segment) <= most), len(rows))
        if place == len(rows):
            rows.append(_Row())
        row = rows[place]
        if segment.prefix not in row.owner_of:
            owner = row.owner_of[segment.prefix] = next(owners)
            row.put(segment.prefix, 0, owner, owner)
        start = row.put(segment.rest, len(segment.prefix), next(owners), row.owner_of[segment.prefix])
        found[number] = place, start
    length = -(-max(row.used for row in rows) // STEP) * STEP
    table = np.zeros((4, len(rows), length), dtype=np.int64)
    table[2:] = PADDING
    for place, row in enumerate(rows):
        table[:, place, : row.used] = np.concatenate(row.table, axis=1)
    starts = [found[number][0] * length + found[number][1] for number in range(len(segments))]
    return Layout(table[0], table[1], table[2], table[3], starts)


def packed_mask(
    owners: Int[Tensor, "rows tokens"], prefixes: Int[Tensor, "rows tokens"]
) -> Bool[Tensor, "rows 1 tokens tokens"]:
    """Which token sees which.

    Args:
        owners: of a layout.
        prefixes: of a layout.

    Returns:
        True where the token of the third axis attends to that of the fourth; padding sees padding, so that nobody sees
        nothing.
    """
    own = owners[:, :, None] == owners[:, None]
    begun = prefixes[:, :, None] == owners[:, None]
    return (own | begun).tril()[:, None]


def reads_packed_rows(language_model: PreTrainedModel) -> bool:
    """Whether the model takes a mask of its caller's and attends to every token that it shows.

    Sliding windows and recurrent states go by places in a row, whatever a mask says.

    Args:
        language_model: a causal one.

    Returns:
        True where `pack` can be used.
    """
    return (
        language_model.config._attn_implementation in ("sdpa", "eager")
        and bool(language_model._supports_attention_backend)
        and language_model.get_output_embeddings() is not None
        and caches_every_token(language_model)
    )


def packed_logits(
    language_model: Any,
    tokens: Float[Tensor, "tokens hidden"],
    segments: Sequence[Segment],
    targets: Sequence[int],
) -> Float[Tensor, "targets vocabulary"]:
    """Read segments in one forward pass.

    Args:
        language_model: a causal one that `reads_packed_rows`, with or without an adapter.
        tokens: embeddings that the segments choose from.
        segments: at least one.
        targets: how many tokens at the end of each segment are predicted; fewer than its rest has.

    Returns:
        Logits of these tokens, segment after segment.
    """
    body: Any = language_model.get_base_model() if isinstance(language_model, PeftModel) else language_model
    layout = pack(segments)
    table = torch.from_numpy(np.stack([layout.sources, layout.positions, layout.owners, layout.prefixes]))
    sources, positions, owners, prefixes = table.to(tokens.device).unbind()
    ends = [start + len(segment.rest) for start, segment in zip(layout.starts, segments, strict=True)]
    places = [place - 1 for end, count in zip(ends, targets, strict=True) for place in range(end - count, end)]
    inputs = tokens.index_select(0, sources.flatten()).unflatten(0, sources.shape)
    with _logits_only_at(body.get_output_embeddings(), torch.tensor(places, device=tokens.device)):
        output = language_model(
            inputs_embeds=inputs,
            attention_mask=_mask_for(body, packed_mask(owners, prefixes), inputs.dtype),
            position_ids=positions,
            use_cache=False,
        )
    logits: Tensor = output.logits[0]
    return logits


def _mask_for(language_model: PreTrainedModel, mask: Bool[Tensor, "*shape"], dtype: torch.dtype) -> Tensor:
    """As the model's attention takes it: the mask itself, or numbers to add to the scores."""
    if language_model.config._attn_implementation == "sdpa":
        return mask
    return torch.zeros_like(mask, dtype=dtype).masked_fill(~mask, torch.finfo(dtype).min)


@contextmanager
def _logits_only_at(head: nn.Module, places: Int[Tensor, "tokens"]) -> Iterator[None]:
    """Inside the block an output layer sees these tokens of the flattened rows alone: the vocabulary is the widest layer."""

    def choose(_head: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        return given[0].flatten(0, 1).index_select(0, places)[None], *given[1:]

    hook = head.register_forward_pre_hook(choose)
    try:
        yield
    finally:
        hook.remove()
