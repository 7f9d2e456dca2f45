"""The default decoder: any causal language model with LoRA, fed soft tokens through `inputs_embeds`.

A sequence is the prompt up to the soft tokens, the soft tokens, the rest of the prompt, and (for the loss) the caption
with its end token. For the loss several sequences stand in one row (see semantics/packing.py).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from smot_vlm.semantics.adapters import add_lora, attention_projections
from smot_vlm.semantics.connectives import Connectives
from smot_vlm.semantics.cost import Cost
from smot_vlm.semantics.decoder import CaptionLoss, CaptionRequest, Grounding, rows_by_task
from smot_vlm.semantics.generation import GREEDY, Decoding, generate_ids
from smot_vlm.semantics.greedy import PromptRow
from smot_vlm.semantics.grounding import GroundingHead
from smot_vlm.semantics.language_models import cast_frozen, load_causal_lm
from smot_vlm.semantics.merging import MergedModel, merge
from smot_vlm.semantics.packing import Segment, WordList, packed_logits, reads_packed_rows
from smot_vlm.semantics.prefix_cache import pad_left, position_ids
from smot_vlm.semantics.prompts import VISUAL
from smot_vlm.semantics.soft_tokens import soft_tokens_into
from smot_vlm.semantics.static_generation import KeptSteps
from smot_vlm.semantics.thinking import decode_answers
from smot_vlm.semantics.tokenizers import chat_text, check_tokenizer, load_tokenizer, save_tokenizer


class LoraLM(nn.Module):
    """A frozen causal LM with LoRA on its attention, and a soft-token resampler for each task.

    Args:
        language_model: changed in place.
        tokenizer: of the language model, with a padding token.
        dim: width of the visual tokens.
        soft_tokens: how many carry a person or a scene into the LM.
        num_segments: see `SoftTokens`.
        lora_rank, lora_alpha, lora_dropout: see `add_lora`.
        lora_targets: names of the linear layers that get LoRA; none: those of the attention.
        max_new_tokens: most tokens of a caption.
        max_batch: most captions generated at once, which bounds the key-value cache.
        decoding: how tokens are chosen.
        merge_lora: generate with LoRA folded into a copy of the weights that it changes, kept until they change. It is
            faster, and the captions are the same.
        int8: generate with that copy in 8 bits on a CPU, see `merge`.

    Raises:
        ValueError: connectives that the tokenizer cannot take, or a model that cannot be compiled where it is wanted.
    """

    wants_pictures = False

    def __init__(
        self,
        language_model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        dim: int = 256,
        soft_tokens: int = 16,
        num_segments: int = 0,
        lora_rank: int = 16,
        lora_alpha: int = 32,
        lora_dropout: float = 0.0,
        lora_targets: Sequence[str] = (),
        max_new_tokens: int = 80,
        max_batch: int = 32,
        decoding: Decoding = GREEDY,
        merge_lora: bool = True,
        int8: bool = False,
    ) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.end: int = tokenizer.eos_token_id
        targets = list(lora_targets) or attention_projections(language_model)
        self.language_model: Any = add_lora(
            language_model, targets, rank=lora_rank, alpha=lora_alpha, dropout=lora_dropout
        )
        self.soft_tokens = soft_tokens_into(self._embeddings(), dim, count=soft_tokens, num_segments=num_segments)
        self.grounding: Grounding | None = GroundingHead(self.soft_tokens, self._embeddings, tokenizer)
        self.max_new_tokens = max_new_tokens
        self.max_batch = max_batch
        self.decoding = decoding
        Connectives.of_words(decoding.connectives, tokenizer)  # words that it cannot take are told at once
        self.cost = Cost()
        self.merge_lora, self.int8 = merge_lora, int8
        self._compiled = False
        # Not a submodule: neither saved nor moved with this one.
        self._merged: MergedModel | None = None
        self._steps = KeptSteps(decoding.compile, language_model)

    @classmethod
    def load(
        cls,
        language_model: str,
        *,
        quantization: str | None = None,
        gradient_checkpointing: bool = False,
        **options: Any,
    ) -> "LoraLM":
        """A decoder on a pretrained language model.

        Args:
            language_model: a path, an installed package's model or a hub name, see `find_language_model`.
            quantization: "int8": in float32, but for generation on a CPU, see `merge`; else see `load_model`.
            gradient_checkpointing: see `load_model`.
            **options: keywords of the class.

        Returns:
            With a random adapter and random soft tokens.

        Raises:
            FileNotFoundError: the language model is found nowhere.
            ImportError, ValueError: see `load_model`.
        """
        int8 = quantization == "int8"
        model, folder = load_causal_lm(
            language_model, quantization=None if int8 else quantization, gradient_checkpointing=gradient_checkpointing
        )
        return cls(model, load_tokenizer(folder), int8=int8, **options)

    def loss(self, requests: Sequence[CaptionRequest], captions: Sequence[str]) -> CaptionLoss:
        """Negative log-likelihood, by one pass through the language model."""
        asked = [(request, self._target(caption)) for request, caption in zip(requests, captions, strict=True)]
        asked = [(request, target) for request, target in asked if target]
        if not asked:
            return CaptionLoss({"instance": next(self.soft_tokens.parameters()).sum() * 0.0}, 0)
        by_task = [
            (task, [asked[row] for row in rows]) for task, rows in rows_by_task([request for request, _ in asked])
        ]
        targets = [target for _, part in by_task for _, target in part]
        if not self._compiled and reads_packed_rows(self.language_model.get_base_model()):
            logits = self._packed_logits([pair for _, part in by_task for pair in part])
        else:  # each task by itself, since prompts of videos are much longer
            logits = torch.cat([self._padded_logits(part) for _, part in by_task])
        labels = torch.tensor([token for target in targets for token in target], device=logits.device)
        losses = functional.cross_entropy(logits.float(), labels, reduction="none")
        counts = [sum(len(target) for _, target in part) for _, part in by_task]
        totals = {task: part.sum() for (task, _), part in zip(by_task, losses.split(counts), strict=True)}
        return CaptionLoss(totals, sum(counts))

    def count_targets(self, captions: Sequence[str]) -> int:
        """The captions' tokens and their end tokens."""
        return sum(len(self._target(caption)) for caption in captions)

    def optimize(self, *, compile: bool, dtype: torch.dtype | None) -> None:
        """In a lower dtype the CPU uses eager attention, whose backward pass is faster there than the fused one's."""
        body = self.language_model.get_base_model()
        if dtype is not None and body.device.type == "cpu":
            body.set_attn_implementation("eager")
        cast_frozen(self, dtype)
        if compile:
            self.language_model.compile()
            self._compiled = True  # packing needs a hook on the output layer, which a compiled model would not see

    def save_extras(self, folder: Path) -> None:
        """Write the tokenizer."""
        save_tokenizer(self.tokenizer, folder)

    def check_extras(self, folder: Path) -> None:
        """The saved tokenizer must be the language model's."""
        check_tokenizer(self.tokenizer, folder)

    @torch.inference_mode()
    def generate(self, requests: Sequence[CaptionRequest]) -> list[str]:
        """Batches of `max_batch`; prompt prefixes are read once."""
        if not requests:
            return []
        rows = self.prompt_rows(requests)
        with self._generation_model() as language_model:
            ids = generate_ids(
                language_model,
                rows,
                self.decoding,
                max_new_tokens=self.max_new_tokens,
                max_batch=self.max_batch,
                end=self.end,
                pad=self.tokenizer.pad_token_id,
                connectives=Connectives.of_words(self.decoding.connectives, self.tokenizer),
                static=self._steps.of(language_model, wanted=self.decoding.compile),
            )
        self.cost.count(sum(len(row.prefix) + len(row.rest) for row in rows), sum(map(len, ids)), len(rows))
        return decode_answers(self.tokenizer, ids)

    def train(self, mode: bool = True) -> "LoraLM":
        """Training mode frees the merged copy, and what was compiled."""
        if mode:
            self._merged = None
            self._steps.forget()
        return super().train(mode)

    def prompt_rows(self, requests: Sequence[CaptionRequest]) -> list[PromptRow]:
        """Embed the prompts, with soft tokens in their place.

        Args:
            requests: what is asked.

        Returns:
            One row a request.
        """
        parts = {prompt: self._split(prompt) for prompt in {request.prompt for request in requests}}
        words = dict(zip(parts, self._embed_each([after for _, after in parts.values()]), strict=True))
        rows = []
        for request, soft in zip(requests, self.soft_tokens.rows(requests), strict=True):
            prefix, after = parts[request.prompt][0], words[request.prompt]
            rows.append(PromptRow(prefix, torch.cat([soft.to(after.dtype), after])))
        return rows

    @contextmanager
    def _generation_model(self) -> Iterator[PreTrainedModel]:
        """The language model in evaluation mode, with LoRA merged where it can be."""
        original: Any = self.language_model.get_base_model()
        # Under autocast merged weights would be rounded, LoRA's small part with them.
        if self.merge_lora and not torch.is_autocast_enabled(original.device.type):
            if self._merged is None or not self._merged.is_current(original):
                self._merged = merge(original, int8=self.int8)
            if self._merged is not None:
                yield self._merged.model
                return
        training = original.training
        try:
            yield original.eval()
        finally:
            original.train(training)

    def _packed_logits(self, asked: Sequence[tuple[CaptionRequest, list[int]]]) -> Float[Tensor, "targets vocabulary"]:
        """What predicts each target token, from rows of several captions each."""
        soft = self.soft_tokens.rows([request for request, _ in asked])
        count = len(soft[0])
        words = WordList(first=count * len(soft))
        parts = {prompt: self._split(prompt) for prompt in {request.prompt for request, _ in asked}}
        segments = []
        for row, (request, target) in enumerate(asked):
            prefix, after = (words.once(part) for part in parts[request.prompt])
            segments.append(Segment(prefix, [*range(row * count, (row + 1) * count), *after, *words.add(target)]))
        embedded = self._embed(words.ids)
        tokens = torch.cat([torch.cat(soft).to(embedded.dtype), embedded])
        return packed_logits(self.language_model, tokens, segments, [len(target) for _, target in asked])

    def _padded_logits(self, asked: Sequence[tuple[CaptionRequest, list[int]]]) -> Float[Tensor, "targets vocabulary"]:
        """The same from a row for each caption, for models that cannot read packed rows."""
        prompts, targets = self.prompt_rows([request for request, _ in asked]), [target for _, target in asked]
        befores, afters = self._embed_each([prompt.prefix for prompt in prompts]), self._embed_each(targets)
        rests = [prompt.rest for prompt in prompts]
        inputs, mask = pad_left([torch.cat(parts) for parts in zip(befores, rests, afters, strict=True)])
        # Only the columns that predict a target are turned into logits: the vocabulary is the widest layer.
        # As positions, not as a number: indexing copies into contiguous memory; a slice would be multiplied row by row,
        # each time with a copy of the vocabulary.
        columns = max(map(len, targets)) + 1
        output = self.language_model(
            inputs_embeds=inputs,
            attention_mask=mask.long(),
            position_ids=position_ids(mask),
            logits_to_keep=torch.arange(inputs.shape[1] - columns, inputs.shape[1], device=inputs.device),
            use_cache=False,
        )
        # A target's last token is predicted by the last column but one.
        ends = [(row + 1) * columns - 1 for row in range(len(targets))]
        places = [place for end, target in zip(ends, targets, strict=True) for place in range(end - len(target), end)]
        chosen = torch.tensor(places, device=inputs.device)
        logits: Tensor = output.logits.flatten(0, 1).index_select(0, chosen)
        return logits

    def _split(self, prompt: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The token ids before and after the soft tokens."""
        before, after = (tuple(self._ids(part)) for part in chat_text(self.tokenizer, prompt).split(VISUAL))
        return before, after

    def _target(self, caption: str) -> list[int]:
        """The caption's tokens and its end token; nothing for a blank one."""
        return [*self._ids(caption.strip()), self.tokenizer.eos_token_id] if caption.strip() else []

    def _embeddings(self) -> Float[Tensor, "vocabulary hidden"]:
        """The language model's word embeddings."""
        weight: Tensor = self.language_model.get_input_embeddings().weight
        return weight

    def _embed_each(self, rows: Sequence[Sequence[int]]) -> list[Float[Tensor, "_ hidden"]]:
        """The embeddings of several rows, whose ids go to the device together."""
        return list(self._embed([token for row in rows for token in row]).split([len(row) for row in rows]))

    def _embed(self, ids: Sequence[int]) -> Float[Tensor, "_ hidden"]:
        embed = self.language_model.get_input_embeddings()
        embedded: Tensor = embed(torch.tensor(ids, dtype=torch.long, device=embed.weight.device))
        return embedded

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
