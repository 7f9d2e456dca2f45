"""The default decoder: any causal language model with LoRA, fed soft tokens through `inputs_embeds`.

A row is the prompt up to the soft tokens, the soft tokens, the rest of the prompt, and (for the loss) the caption with
its end token. Rows are padded on the left, so that every caption starts in the same column.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from smot_vlm.semantics.adapters import add_lora, attention_projections
from smot_vlm.semantics.connectives import Connectives
from smot_vlm.semantics.decoder import CaptionLoss, CaptionRequest, Grounding
from smot_vlm.semantics.generation import GREEDY, Decoding, PromptRow, generate_ids
from smot_vlm.semantics.grounding import GroundingHead
from smot_vlm.semantics.language_models import cast_frozen, load_causal_lm, recomputes_activations
from smot_vlm.semantics.losses import IGNORED
from smot_vlm.semantics.merging import MergedModel, merge
from smot_vlm.semantics.prefix_cache import caches_every_token, given_cache, pad_left, position_ids, prefill_shared
from smot_vlm.semantics.prompts import VISUAL
from smot_vlm.semantics.soft_tokens import soft_tokens_into
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
        self.merge_lora = merge_lora
        # Not a submodule: neither saved nor moved with this one.
        self._merged: MergedModel | None = None

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
            quantization: see `load_model`.
            gradient_checkpointing: see `load_model`.
            **options: keywords of the class.

        Returns:
            With a random adapter and random soft tokens.

        Raises:
            FileNotFoundError: the language model is found nowhere.
            ImportError, ValueError: see `load_model`.
        """
        model, folder = load_causal_lm(
            language_model, quantization=quantization, gradient_checkpointing=gradient_checkpointing
        )
        return cls(model, load_tokenizer(folder), **options)

    def loss(self, requests: Sequence[CaptionRequest], captions: Sequence[str]) -> CaptionLoss:
        """Negative log-likelihood; the prompt prefix that all rows share is read once."""
        asked = [(request, self._target(caption)) for request, caption in zip(requests, captions, strict=True)]
        asked = [(request, target) for request, target in asked if target]
        if not asked:
            return CaptionLoss(next(self.soft_tokens.parameters()).sum() * 0.0, 0)
        targets = [target for _, target in asked]
        prompts = self.prompt_rows([request for request, _ in asked])
        shared = self._shared_prefix(prompts)
        befores = self._embed_each([prompt.prefix[len(shared) :] for prompt in prompts])
        rests, afters = [prompt.rest for prompt in prompts], self._embed_each(targets)
        rows = [torch.cat(parts) for parts in zip(befores, rests, afters, strict=True)]
        inputs, mask = pad_left(rows)
        # Only the columns that predict a target are turned into logits: the vocabulary is the widest layer.
        columns = max(map(len, targets)) + 1
        logits = self._forward(inputs, mask, columns, shared)[:, :-1]
        padded = [[IGNORED] * (columns - 1 - len(target)) + target for target in targets]
        labels = torch.tensor(padded, device=inputs.device)
        total = functional.cross_entropy(
            logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum"
        )
        return CaptionLoss(total, sum(map(len, targets)))

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
        with self._generation_model() as language_model:
            ids = generate_ids(
                language_model,
                self.prompt_rows(requests),
                self.decoding,
                max_new_tokens=self.max_new_tokens,
                max_batch=self.max_batch,
                end=self.end,
                pad=self.tokenizer.pad_token_id,
                connectives=Connectives.of_words(self.decoding.connectives, self.tokenizer),
            )
        return decode_answers(self.tokenizer, ids)

    def train(self, mode: bool = True) -> "LoraLM":
        """Training mode frees the merged copy."""
        if mode:
            self._merged = None
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
                self._merged = merge(original)
            if self._merged is not None:
                yield self._merged.model
                return
        training = original.training
        try:
            yield original.eval()
        finally:
            original.train(training)

    def _shared_prefix(self, prompts: Sequence[PromptRow]) -> tuple[int, ...]:
        """The token ids of a prefix that all prompts have; none where the model cannot go on from a cache."""
        first = prompts[0].prefix
        body = self.language_model.get_base_model()
        checkpointing = body.training and recomputes_activations(body)
        if len(prompts) == 1 or checkpointing or not caches_every_token(body):
            return ()
        return first if all(prompt.prefix == first for prompt in prompts) else ()

    def _forward(
        self,
        inputs: Float[Tensor, "batch tokens hidden"],
        mask: Bool[Tensor, "batch tokens"],
        columns: int,
        shared: tuple[int, ...],
    ) -> Float[Tensor, "batch columns vocabulary"]:
        """Logits of the last columns of rows that follow the `shared` prefix."""
        cache = prefill_shared(self.language_model, self._embed(shared), len(inputs)) if shared else None
        seen = torch.cat([mask.new_ones(len(mask), len(shared)), mask], dim=1)
        # As positions, not as a number: indexing copies into contiguous memory; a slice would be multiplied row by row,
        # each time with a copy of the vocabulary.
        wanted = torch.arange(inputs.shape[1] - columns, inputs.shape[1], device=inputs.device)
        output = self.language_model(
            inputs_embeds=inputs,
            attention_mask=seen.long(),
            position_ids=position_ids(seen)[:, len(shared) :],
            logits_to_keep=wanted,
            use_cache=cache is not None,
            **(given_cache(self.language_model, cache) if cache is not None else {}),
        )
        logits: Tensor = output.logits
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
