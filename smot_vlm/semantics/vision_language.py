"""`vision-language`: any image-text-to-text model of transformers as a caption decoder.

It is shown pictures with boxes drawn in (see marks.py) and, where it was trained to, soft tokens; without soft tokens it
works untrained. A row is: the pictures, the prompt with the soft tokens in place of VISUAL, and (for the loss) the
caption with its end token.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
    AutoConfig,
    AutoModelForImageTextToText,
    AutoProcessor,
    PreTrainedModel,
    ProcessorMixin,
)

from smot_vlm.semantics.decoder import CaptionLoss, CaptionRequest, Grounding
from smot_vlm.semantics.generation import GREEDY, Decoding, choosing, own_draws
from smot_vlm.semantics.grounding import GroundingHead
from smot_vlm.semantics.language_models import cast_frozen, find_language_model, load_model
from smot_vlm.semantics.lora_lm import attention_projections
from smot_vlm.semantics.losses import IGNORED
from smot_vlm.semantics.picture_inputs import PictureInputs, PictureProcessor, soft_tokens_in_place
from smot_vlm.semantics.soft_tokens import SoftTokens, soft_tokens_into
from smot_vlm.semantics.tokenizers import check_tokenizer, save_tokenizer


class VisionLanguage(nn.Module):
    """A frozen vision-language model, with LoRA on the attention of its language part and soft tokens if asked for.

    dim: width of the visual tokens. soft_tokens: how many carry a person or a scene beside the pictures; 0: pictures
    alone; num_segments: see `SoftTokens`. lora_rank: 0 for no adapter. lora_targets: names of the linear layers of the language part that get LoRA; none:
    those of its attention. max_batch: most captions generated at once, which bounds the key-value cache. decoding: how
    words are chosen.
    """

    wants_pictures = True

    def __init__(
        self,
        language_model: PreTrainedModel,
        processor: ProcessorMixin,
        *,
        dim: int = 256,
        soft_tokens: int = 0,
        num_segments: int = 0,
        lora_rank: int = 0,
        lora_alpha: int = 32,
        lora_dropout: float = 0.0,
        lora_targets: Sequence[str] = (),
        max_new_tokens: int = 80,
        max_batch: int = 8,
        decoding: Decoding = GREEDY,
    ) -> None:
        super().__init__()
        self.processor = PictureProcessor(processor, soft_tokens=soft_tokens)
        self.tokenizer = self.processor.tokenizer
        self.language_model: Any = language_model.requires_grad_(False)
        if lora_rank:
            adapter = LoraConfig(
                r=lora_rank,
                lora_alpha=lora_alpha,
                lora_dropout=lora_dropout,
                target_modules=language_projections(language_model, lora_targets),
                task_type="CAUSAL_LM",
            )
            self.language_model = get_peft_model(language_model, adapter)
        self.soft_tokens: SoftTokens | None = None
        if soft_tokens:
            self.soft_tokens = soft_tokens_into(self._words.weight, dim, count=soft_tokens, num_segments=num_segments)
        self.grounding: Grounding | None = None
        if self.soft_tokens is not None:
            self.grounding = GroundingHead(self.soft_tokens, lambda: self._words.weight, self.tokenizer)
        self.max_new_tokens = max_new_tokens
        self.max_batch = max_batch
        self.decoding = decoding

    @classmethod
    def load(
        cls,
        name: str,
        *,
        dtype: torch.dtype = torch.float32,
        quantization: str | None = None,
        gradient_checkpointing: bool = False,
        **options: Any,
    ) -> "VisionLanguage":
        """From a folder, the Hugging Face cache or the hub (see `find_language_model`, `load_model`); `options` as above."""
        folder = find_language_model(name)
        kind = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        if type(kind) not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
            raise ValueError(
                f"{name}: {type(kind).__name__} is no image-text-to-text model; "
                "the vision-language decoder takes SmolVLM, Qwen-VL, LLaVA and the like"
            )
        language_model = load_model(
            AutoModelForImageTextToText,
            folder,
            dtype=dtype,
            quantization=quantization,
            gradient_checkpointing=gradient_checkpointing,
        )
        return cls(language_model, AutoProcessor.from_pretrained(folder, trust_remote_code=False), **options)

    @property
    def device(self) -> torch.device:
        """Where the word embeddings lie, and so what is read."""
        return self._words.weight.device

    def loss(self, requests: Sequence[CaptionRequest], captions: Sequence[str]) -> CaptionLoss:
        """See CaptionDecoder.loss. Blank captions have no target and are left out."""
        targets = [self._target(caption) for caption in captions]
        total, tokens = self._zero(), 0
        for rows in _rows_alike(requests, [row for row, target in enumerate(targets) if target]):
            total = total + self._loss_of([requests[row] for row in rows], [targets[row] for row in rows])
            tokens += sum(len(targets[row]) for row in rows)
        return CaptionLoss(total, tokens)

    def count_targets(self, captions: Sequence[str]) -> int:
        """The captions' tokens and their ends."""
        return sum(len(self._target(caption)) for caption in captions)

    def optimize(self, *, compile: bool, dtype: torch.dtype | None) -> None:
        """Frozen weights in `dtype`."""
        cast_frozen(self, dtype)
        if compile:
            self.language_model.compile()

    def save_extras(self, folder: Path) -> None:
        """The tokenizer."""
        save_tokenizer(self.tokenizer, folder)

    def check_extras(self, folder: Path) -> None:
        """The saved tokenizer is the model's."""
        check_tokenizer(self.tokenizer, folder)

    @torch.inference_mode()
    def generate(self, requests: Sequence[CaptionRequest]) -> list[str]:
        """See CaptionDecoder.generate."""
        captions = [""] * len(requests)
        with own_draws(self.decoding):
            for alike in _rows_alike(requests, range(len(requests))):
                for start in range(0, len(alike), self.max_batch):
                    rows = alike[start : start + self.max_batch]
                    for row, caption in zip(rows, self._generate_batch([requests[row] for row in rows]), strict=True):
                        captions[row] = caption
        return captions

    def inputs(self, requests: Sequence[CaptionRequest]) -> PictureInputs:
        """What the model reads for requests that all have pictures, or all none."""
        prompts, images = [request.prompt for request in requests], [request.images for request in requests]
        return self.processor(prompts, images, self.device, self.language_model.dtype)

    def _loss_of(self, requests: Sequence[CaptionRequest], targets: Sequence[list[int]]) -> Tensor:
        columns = [torch.tensor(target, device=self.device) for target in targets]
        labels = nn.utils.rnn.pad_sequence(columns, batch_first=True, padding_value=IGNORED)
        real = labels != IGNORED
        inputs = self.inputs(requests).followed_by(labels.where(real, self.tokenizer.pad_token_id), real)
        with soft_tokens_in_place(self._words, inputs.soft_places, self._soft_rows(requests)):
            # Only the columns that predict a target are turned into logits: the vocabulary is the widest layer.
            logits = self.language_model(**inputs.tensors, logits_to_keep=labels.shape[1] + 1, use_cache=False).logits
        return functional.cross_entropy(
            logits[:, :-1].flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum"
        )

    def _generate_batch(self, requests: Sequence[CaptionRequest]) -> list[str]:
        inputs = self.inputs(requests)
        with soft_tokens_in_place(self._words, inputs.soft_places, self._soft_rows(requests)):
            ids = self.language_model.generate(
                **inputs.tensors,
                max_new_tokens=self.max_new_tokens,
                **choosing(self.decoding),
                pad_token_id=self.tokenizer.pad_token_id,
                eos_token_id=self._end_tokens(),
            )
        texts = self.tokenizer.batch_decode(ids[:, inputs.length :], skip_special_tokens=True)
        return [" ".join(text.split()) for text in texts]

    def _soft_rows(self, requests: Sequence[CaptionRequest]) -> list[Tensor]:
        return [] if self.soft_tokens is None else self.soft_tokens.rows(requests)

    def _target(self, caption: str) -> list[int]:
        """The caption and its end token; nothing for a blank one."""
        return [*self.processor.ids(caption.strip()), self.tokenizer.eos_token_id] if caption.strip() else []

    def _end_tokens(self) -> list[int]:
        """Every token that ends a turn: the tokenizer's, and those that the model's makers name."""
        named = self.language_model.generation_config.eos_token_id
        others = named if isinstance(named, list) else [named]
        return sorted({self.tokenizer.eos_token_id, *(token for token in others if token is not None)})

    @property
    def _words(self) -> nn.Embedding:
        return self.language_model.get_input_embeddings()

    def _zero(self) -> Tensor:
        """0, with a gradient of 0 into what is trained, so that a batch of blanks can be stepped on."""
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        return trained[0].sum() * 0.0 if trained else torch.zeros((), device=self.device)


def language_projections(model: PreTrainedModel, targets: Sequence[str] = ()) -> list[str]:
    """Whole names of the linear layers of the language part that get LoRA: none of the vision part's.

    targets: last parts of their names ("q_proj", "up_proj"); none: the layers in the attention.

    Raises:
        ValueError: the language part has none of them.
    """
    language = model.get_decoder()
    inside = {id(module) for module in language.modules()}
    kinds = set(targets) or set(attention_projections(language))
    names = [
        name
        for name, module in model.named_modules()
        if id(module) in inside and name.rsplit(".", 1)[-1] in kinds and (targets or "att" in name.rpartition(".")[0])
    ]
    if not names:
        raise ValueError(f"{type(model).__name__} has no layer called {', '.join(targets)} in its language part")
    return names


def _rows_alike(requests: Sequence[CaptionRequest], rows: Sequence[int]) -> Iterator[list[int]]:
    """`rows` in two groups, with pictures and without: processors take a batch of one kind."""
    for pictured in (True, False):
        group = [row for row in rows if bool(requests[row].images) == pictured]
        if group:
            yield group
