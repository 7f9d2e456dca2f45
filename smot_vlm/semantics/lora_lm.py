"""The default decoder: any causal language model with LoRA, fed soft tokens through `inputs_embeds`.

A row is: the prompt up to the place of the soft tokens, the soft tokens, the rest of the prompt, and (for the loss) the
caption with its end token. Rows are padded on the left, so that every caption starts in the same column.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from smot_vlm.semantics.decoder import CaptionLoss, CaptionRequest, Grounding
from smot_vlm.semantics.generation import GREEDY, Decoding, PromptRow, write
from smot_vlm.semantics.grounding import GroundingHead
from smot_vlm.semantics.language_models import cast_frozen, load_causal_lm
from smot_vlm.semantics.losses import IGNORED
from smot_vlm.semantics.merging import MergedModel, merge
from smot_vlm.semantics.prompts import VISUAL
from smot_vlm.semantics.shared_cache import pad_left, positions, read_once, remembers_every_token
from smot_vlm.semantics.soft_tokens import soft_tokens_into
from smot_vlm.semantics.tokenizers import check_tokenizer, load_tokenizer, save_tokenizer


class LoraLM(nn.Module):
    """A frozen causal LM with LoRA on its attention, and a soft-token resampler for each task.

    dim: width of the visual tokens. soft_tokens: how many carry a person or a scene into the LM; num_segments: see
    `SoftTokens`. lora_targets: names of the linear layers that get LoRA; none: those of the attention. max_batch: most captions generated at once, which
    bounds the key-value cache. decoding: how words are chosen. merge_lora: generate with LoRA folded into a copy of the
    weights that it changes, which is kept until they change; the captions are the same, and sooner there.
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
        adapter = LoraConfig(
            r=lora_rank,
            lora_alpha=lora_alpha,
            lora_dropout=lora_dropout,
            target_modules=list(lora_targets) or attention_projections(language_model),
            task_type="CAUSAL_LM",
        )
        words: Tensor = language_model.get_input_embeddings().weight  # type: ignore[operator,assignment,union-attr]
        self.language_model = get_peft_model(language_model, adapter)
        self.soft_tokens = soft_tokens_into(words, dim, count=soft_tokens, num_segments=num_segments)
        self.grounding: Grounding = GroundingHead(self.soft_tokens, self._words, tokenizer)
        self.max_new_tokens = max_new_tokens
        self.max_batch = max_batch
        self.decoding = decoding
        self.merge_lora = merge_lora
        # No module of its own: neither saved nor moved with this one.
        self._merged: MergedModel | None = None

    @classmethod
    def load(
        cls, name: str, *, quantization: str | None = None, gradient_checkpointing: bool = False, **options: Any
    ) -> "LoraLM":
        """From a path, an installed package's model or a hub name (see `load_causal_lm`); `options` as above."""
        language_model, folder = load_causal_lm(
            name, quantization=quantization, gradient_checkpointing=gradient_checkpointing
        )
        return cls(language_model, load_tokenizer(folder), **options)

    def loss(self, requests: Sequence[CaptionRequest], captions: Sequence[str]) -> CaptionLoss:
        """See CaptionDecoder.loss. Blank captions have no target and are left out."""
        spoken = [
            (request, caption.strip()) for request, caption in zip(requests, captions, strict=True) if caption.strip()
        ]
        if not spoken:
            return CaptionLoss(next(self.soft_tokens.parameters()).sum() * 0.0, 0)
        targets = [[*self._ids(caption), self.tokenizer.eos_token_id] for _, caption in spoken]
        prompts = self.prompt_rows([request for request, _ in spoken])
        shared = self._shared_beginning(prompts)
        rows = [
            torch.cat([self._embed(prompt.before[len(shared) :]), prompt.rest, self._embed(target)])
            for prompt, target in zip(prompts, targets, strict=True)
        ]
        inputs, mask = pad_left(rows)
        device = inputs.device
        # Only the columns that predict a target are turned into logits: the vocabulary is the widest layer.
        columns = max(len(target) for target in targets) + 1
        logits = self._forward(inputs, mask, columns, shared)[:, :-1]
        labels = torch.full(logits.shape[:2], IGNORED, device=device)
        for row, target in enumerate(targets):
            labels[row, -len(target) :] = torch.tensor(target, device=device)
        total = functional.cross_entropy(
            logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum"
        )
        return CaptionLoss(total, sum(len(target) for target in targets))

    def count_targets(self, captions: Sequence[str]) -> int:
        """The captions' tokens and their ends."""
        return sum(len(self._ids(caption.strip())) + 1 for caption in captions if caption.strip())

    def optimize(self, *, compile: bool, dtype: torch.dtype | None) -> None:
        """Frozen weights in `dtype`; then attention on the CPU as products too, which in bf16 beat torch's fused one."""
        body: Any = self.language_model.get_base_model()
        if dtype is not None and body.device.type == "cpu":
            body.set_attn_implementation("eager")
        cast_frozen(self, dtype)
        if compile:
            self.language_model.compile()

    def save_extras(self, folder: Path) -> None:
        """The tokenizer."""
        save_tokenizer(self.tokenizer, folder)

    def check_extras(self, folder: Path) -> None:
        """The saved tokenizer is the language model's."""
        check_tokenizer(self.tokenizer, folder)

    @torch.inference_mode()
    def generate(self, requests: Sequence[CaptionRequest]) -> list[str]:
        """See CaptionDecoder.generate. What prompts share before the soft tokens is read once."""
        if not requests:
            return []
        with self._speaker() as language_model:
            written = write(
                language_model,
                self.prompt_rows(requests),
                self.decoding,
                max_new_tokens=self.max_new_tokens,
                max_batch=self.max_batch,
                end=self.end,
                pad=self.tokenizer.pad_token_id,
            )
        return [" ".join(text.split()) for text in self.tokenizer.batch_decode(written, skip_special_tokens=True)]

    def train(self, mode: bool = True) -> "LoraLM":
        """See nn.Module.train; training frees what generation keeps."""
        if mode:
            self._merged = None
        return super().train(mode)

    @contextmanager
    def _speaker(self) -> Iterator[PreTrainedModel]:
        """The language model for generation: merged where it can be, in evaluation mode."""
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

    def _shared_beginning(self, prompts: Sequence[PromptRow]) -> tuple[int, ...]:
        """The token ids that all prompts begin with, to be read once; none where the model cannot go on from there."""
        first = prompts[0].before
        body: Any = self.language_model.get_base_model()
        checkpointing = body.training and getattr(body, "is_gradient_checkpointing", False)
        if len(prompts) == 1 or checkpointing or not remembers_every_token(body):
            return ()
        return first if all(prompt.before == first for prompt in prompts) else ()

    def _forward(
        self,
        inputs: Float[Tensor, "batch tokens hidden"],
        mask: Bool[Tensor, "batch tokens"],
        columns: int,
        shared: tuple[int, ...],
    ) -> Float[Tensor, "batch columns vocabulary"]:
        """Logits of the last columns of rows that follow `shared`, which is read once for all of them."""
        cache = read_once(self.language_model, self._embed(shared), len(inputs)) if shared else None
        seen = torch.cat([mask.new_ones(len(mask), len(shared)), mask], dim=1)
        # As positions, not as a number: a picked copy lies in one piece, a slice would be multiplied row by row with
        # a copy of the vocabulary for each.
        wanted = torch.arange(inputs.shape[1] - columns, inputs.shape[1], device=inputs.device)
        return self.language_model(
            inputs_embeds=inputs,
            attention_mask=seen.long(),
            position_ids=positions(seen)[:, len(shared) :],
            past_key_values=cache,
            logits_to_keep=wanted,
            use_cache=cache is not None,
        ).logits

    def _prompt_rows(self, requests: Sequence[CaptionRequest]) -> list[Float[Tensor, "_ hidden"]]:
        """Each request's prompt as embeddings, soft tokens in their place."""
        return [torch.cat([self._embed(row.before), row.rest]) for row in self.prompt_rows(requests)]

    def prompt_rows(self, requests: Sequence[CaptionRequest]) -> list[PromptRow]:
        """Each request's prompt: the words before the soft tokens, and the rest as embeddings."""
        parts = {prompt: self._split(prompt) for prompt in {request.prompt for request in requests}}
        rows = []
        for request, soft in zip(requests, self.soft_tokens.rows(requests), strict=True):
            before, after = parts[request.prompt]
            words = self._embed(after)
            rows.append(PromptRow(before, torch.cat([soft.to(words.dtype), words])))
        return rows

    def _split(self, prompt: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The token ids before and after the soft tokens."""
        before, after = (tuple(self._ids(part)) for part in chat_text(self.tokenizer, prompt).split(VISUAL))
        return before, after

    def _words(self) -> Float[Tensor, "vocabulary hidden"]:
        """The language model's word embeddings."""
        return self.language_model.get_input_embeddings().weight  # type: ignore[operator,return-value,union-attr]

    def _embed(self, ids: Sequence[int]) -> Float[Tensor, "_ hidden"]:
        embed: nn.Module = self.language_model.get_input_embeddings()
        return embed(torch.tensor(ids, dtype=torch.long, device=embed.weight.device))  # type: ignore[arg-type]

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]


def chat_text(tokenizer: PreTrainedTokenizerBase, prompt: str) -> str:
    """`prompt` as the user's turn in the tokenizer's chat template, up to the assistant's first word."""
    if not tokenizer.chat_template:
        return prompt + "\n"
    messages = [{"role": "user", "content": prompt}]
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


def attention_projections(language_model: nn.Module) -> list[str]:
    """Names of the linear layers inside the attention blocks, for LoRA: ["k_proj", "o_proj", "q_proj", "v_proj"].

    Raises:
        ValueError: the architecture has none that can be told by name.
    """
    names = {
        path.rsplit(".", 1)[-1]
        for path, module in language_model.named_modules()
        if type(module).__name__ in ("Linear", "Conv1D", "Linear4bit", "Linear8bitLt")
        and "att" in path.rpartition(".")[0]
    }
    if not names:
        raise ValueError(
            f"{type(language_model).__name__} has no attention projection that is known; give LoRA targets"
        )
    return sorted(names)
