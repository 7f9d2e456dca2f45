"""The default decoder: any causal language model with LoRA, fed soft tokens through `inputs_embeds`.

A row is: the prompt up to the place of the soft tokens, the soft tokens, the rest of the prompt, and (for the loss) the
caption with its end token. Rows are padded on the left, so that every caption starts in the same column.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from smot_vlm.semantics.decoder import CaptionLoss, CaptionRequest
from smot_vlm.semantics.language_models import load_causal_lm
from smot_vlm.semantics.prompts import VISUAL
from smot_vlm.semantics.soft_tokens import soft_rows, soft_tokens_of_each_task

IGNORED = -100


class LoraLM(nn.Module):
    """A frozen causal LM with LoRA on its attention, and a soft-token resampler for each task.

    dim: width of the visual tokens. soft_tokens: how many carry a person or a scene into the LM. lora_targets: names of
    the linear layers that get LoRA; none: those of the attention. max_batch: most captions generated at once, which
    bounds the key-value cache.
    """

    wants_pictures = False

    def __init__(
        self,
        language_model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        dim: int = 256,
        soft_tokens: int = 16,
        lora_rank: int = 16,
        lora_alpha: int = 32,
        lora_dropout: float = 0.0,
        lora_targets: Sequence[str] = (),
        max_new_tokens: int = 80,
        max_batch: int = 32,
    ) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        adapter = LoraConfig(
            r=lora_rank,
            lora_alpha=lora_alpha,
            lora_dropout=lora_dropout,
            target_modules=list(lora_targets) or attention_projections(language_model),
            task_type="CAUSAL_LM",
        )
        words: Tensor = language_model.get_input_embeddings().weight  # type: ignore[operator,assignment,union-attr]
        self.language_model = get_peft_model(language_model, adapter)
        self.soft_tokens = soft_tokens_of_each_task(dim, words, count=soft_tokens)
        self.max_new_tokens = max_new_tokens
        self.max_batch = max_batch

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
        rows = self._prompt_rows([request for request, _ in spoken])
        embed = self.language_model.get_input_embeddings()
        device = rows[0].device
        rows = [
            torch.cat([row, embed(torch.tensor(target, device=device))])
            for row, target in zip(rows, targets, strict=True)
        ]
        inputs, mask = pad_left(rows)
        # Only the columns that predict a target are turned into logits: the vocabulary is the widest layer.
        columns = max(len(target) for target in targets) + 1
        logits = self._forward(inputs, mask, columns)[:, :-1]
        labels = torch.full(logits.shape[:2], IGNORED, device=device)
        for row, target in enumerate(targets):
            labels[row, -len(target) :] = torch.tensor(target, device=device)
        total = functional.cross_entropy(
            logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum"
        )
        return CaptionLoss(total, sum(len(target) for target in targets))

    @torch.inference_mode()
    def generate(self, requests: Sequence[CaptionRequest]) -> list[str]:
        """See CaptionDecoder.generate. Greedy."""
        captions: list[str] = []
        for start in range(0, len(requests), self.max_batch):
            captions += self._generate_batch(requests[start : start + self.max_batch])
        return captions

    def _generate_batch(self, requests: Sequence[CaptionRequest]) -> list[str]:
        inputs, mask = pad_left(self._prompt_rows(requests))
        ids = self.language_model.generate(
            inputs_embeds=inputs,
            attention_mask=mask.long(),
            max_new_tokens=self.max_new_tokens,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            pad_token_id=self.tokenizer.pad_token_id,
            eos_token_id=self.tokenizer.eos_token_id,
        )
        return [" ".join(text.split()) for text in self.tokenizer.batch_decode(ids, skip_special_tokens=True)]

    def _forward(
        self, inputs: Float[Tensor, "batch tokens hidden"], mask: Bool[Tensor, "batch tokens"], columns: int
    ) -> Float[Tensor, "batch columns vocabulary"]:
        positions = (mask.long().cumsum(dim=1) - 1).clamp(min=0)
        return self.language_model(
            inputs_embeds=inputs,
            attention_mask=mask.long(),
            position_ids=positions,
            logits_to_keep=columns,
            use_cache=False,
        ).logits

    def _prompt_rows(self, requests: Sequence[CaptionRequest]) -> list[Float[Tensor, "_ hidden"]]:
        """Each request's prompt as embeddings, soft tokens in their place."""
        embed = self.language_model.get_input_embeddings()
        rows = []
        for request, soft in zip(requests, soft_rows(self.soft_tokens, requests), strict=True):
            before, after = (
                embed(torch.tensor(self._ids(part), dtype=torch.long, device=soft.device))
                for part in chat_text(self.tokenizer, request.prompt).split(VISUAL)
            )
            rows.append(torch.cat([before, soft.to(before.dtype), after]))
        return rows

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a model's folder, with a padding token (its end token where it has none of its own)."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def chat_text(tokenizer: PreTrainedTokenizerBase, prompt: str) -> str:
    """`prompt` as the user's turn in the tokenizer's chat template, up to the assistant's first word."""
    if not tokenizer.chat_template:
        return prompt + "\n"
    messages = [{"role": "user", "content": prompt}]
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


def pad_left(
    rows: Sequence[Float[Tensor, "_ hidden"]],
) -> tuple[Float[Tensor, "batch tokens hidden"], Bool[Tensor, "batch tokens"]]:
    """Rows of different length as one left-padded batch, and its mask (true where a token is real)."""
    length = max(len(row) for row in rows)
    padded = torch.stack([functional.pad(row, (0, 0, length - len(row), 0)) for row in rows])
    lengths = torch.tensor([len(row) for row in rows], device=padded.device)
    return padded, torch.arange(length, device=padded.device) >= length - lengths[:, None]


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
