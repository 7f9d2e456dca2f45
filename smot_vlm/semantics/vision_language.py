"""`vision-language`: any image-text-to-text model of transformers as a caption decoder.

It sees pictures with boxes drawn in (see marks.py) and, where it was trained with them, soft tokens; without soft
tokens it works untrained. A row is the pictures, the prompt with the soft tokens in place of VISUAL, and (for the loss)
the caption with its end token.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
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

from smot_vlm.semantics.adapters import add_lora, language_projections
from smot_vlm.semantics.converted_models import reading_model
from smot_vlm.semantics.cost import Cost
from smot_vlm.semantics.decoder import CaptionLoss, CaptionRequest, Grounding, rows_by_task
from smot_vlm.semantics.generation import GREEDY, Decoding, sampling_options, seeded
from smot_vlm.semantics.grounding import GroundingHead
from smot_vlm.semantics.language_models import cast_frozen, check_model_config, find_language_model, load_model
from smot_vlm.semantics.losses import IGNORED
from smot_vlm.semantics.picture_inputs import PictureInputs, PictureProcessor, insert_soft_tokens
from smot_vlm.semantics.soft_tokens import SoftTokens, soft_tokens_into
from smot_vlm.semantics.thinking import decode_answers
from smot_vlm.semantics.tokenizers import check_tokenizer, save_tokenizer
from smot_vlm.semantics.word_progress import WordSteps


class VisionLanguage(nn.Module):
    """A frozen vision-language model, with LoRA on the attention of its language part and soft tokens if asked for.

    Args:
        language_model: changed in place.
        processor: the model's.
        dim: width of the visual tokens.
        soft_tokens: how many carry a person or a scene beside the pictures; 0: pictures alone.
        num_segments: see `SoftTokens`.
        lora_rank: 0 for no adapter.
        lora_alpha: see `add_lora`.
        lora_targets: see `language_projections`.
        max_new_tokens: most tokens of a caption.
        max_batch: most captions generated at once, which bounds the key-value cache.
        decoding: how tokens are chosen.
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
            targets = language_projections(language_model, lora_targets)
            self.language_model = add_lora(language_model, targets, rank=lora_rank, alpha=lora_alpha)
        self.soft_tokens: SoftTokens | None = None
        self.grounding: Grounding | None = None
        if soft_tokens:
            self.soft_tokens = soft_tokens_into(self._embeddings(), dim, count=soft_tokens, num_segments=num_segments)
            self.grounding = GroundingHead(self.soft_tokens, self._embeddings, self.tokenizer)
        self.max_new_tokens = max_new_tokens
        self.max_batch = max_batch
        self.decoding = decoding
        self.cost = Cost()

    @classmethod
    def load(
        cls,
        language_model: str,
        *,
        dtype: str = "float32",
        quantization: str | None = None,
        gradient_checkpointing: bool = False,
        **options: Any,
    ) -> "VisionLanguage":
        """A decoder on a pretrained model.

        Args:
            language_model: a folder, or a name in the Hugging Face cache or on the hub, see `find_language_model`.
            dtype: see `load_model`.
            quantization: see `load_model`.
            gradient_checkpointing: see `load_model`.
            **options: keywords of the class.

        Returns:
            With a random adapter and random soft tokens, if any.

        Raises:
            FileNotFoundError: the model is found nowhere.
            ImportError, ValueError: see `load_model`; or it is no image-text-to-text model.
        """
        folder = find_language_model(language_model)
        check_model_config(folder)
        with reading_model(folder, "the configuration of a model"):
            kind = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        if type(kind) not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
            raise ValueError(
                f"{language_model}: {type(kind).__name__} is no image-text-to-text model; "
                "the vision-language decoder takes SmolVLM, Qwen-VL, LLaVA and the like"
            )
        model = load_model(
            AutoModelForImageTextToText,
            folder,
            dtype=dtype,
            quantization=quantization,
            gradient_checkpointing=gradient_checkpointing,
        )
        with reading_model(folder, "a processor of pictures"):
            processor = AutoProcessor.from_pretrained(folder, trust_remote_code=False)
        return cls(model, processor, **options)

    @property
    def device(self) -> torch.device:
        """Where the word embeddings are, and so the inputs."""
        return self._embeddings().device

    def loss(self, requests: Sequence[CaptionRequest], captions: Sequence[str]) -> CaptionLoss:
        """Negative log-likelihood; of each task the requests with pictures and those without in turn."""
        targets = [self._target(caption) for caption in captions]
        totals, tokens = {}, 0
        for task, of_task in rows_by_task(requests):
            totals[task] = self._zero()
            for rows in self._alike(requests, [row for row in of_task if targets[row]]):
                loss = self._batch_loss([requests[row] for row in rows], [targets[row] for row in rows])
                totals[task] = totals[task] + loss
                tokens += sum(len(targets[row]) for row in rows)
        return CaptionLoss(totals or {"instance": self._zero()}, tokens)

    def count_targets(self, captions: Sequence[str]) -> int:
        """The captions' tokens and their end tokens."""
        return sum(len(self._target(caption)) for caption in captions)

    def optimize(self, *, compile: bool, dtype: torch.dtype | None) -> None:
        """Of the whole model, vision part included."""
        cast_frozen(self, dtype)
        if compile:
            self.language_model.compile()

    def save_extras(self, folder: Path) -> None:
        """Write the tokenizer."""
        save_tokenizer(self.tokenizer, folder)

    def check_extras(self, folder: Path) -> None:
        """The saved tokenizer must be the model's."""
        check_tokenizer(self.tokenizer, folder)

    @torch.inference_mode()
    def generate(self, requests: Sequence[CaptionRequest]) -> list[str]:
        """Batches of `max_batch`, of requests with pictures and of those without in turn."""
        captions = [""] * len(requests)
        steps = WordSteps(1, len(requests))
        with seeded(self.decoding):
            for alike in self._alike(requests, range(len(requests))):
                for start in range(0, len(alike), self.max_batch):
                    rows = alike[start : start + self.max_batch]
                    for row, caption in zip(rows, self._generate_batch([requests[row] for row in rows]), strict=True):
                        captions[row] = caption
                    steps.step(len(rows))
        return captions

    def inputs(self, requests: Sequence[CaptionRequest]) -> PictureInputs:
        """What the model reads.

        Args:
            requests: all with pictures, or all without.

        Returns:
            A batch on the model's device.
        """
        prompts, images = [request.prompt for request in requests], [request.images for request in requests]
        return self.processor(prompts, images, self.device, self.language_model.dtype)

    def _batch_loss(self, requests: Sequence[CaptionRequest], targets: Sequence[list[int]]) -> Tensor:
        columns = [torch.tensor(target, device=self.device) for target in targets]
        labels = nn.utils.rnn.pad_sequence(columns, batch_first=True, padding_value=IGNORED)
        real = labels != IGNORED
        inputs = self.inputs(requests).followed_by(labels.where(real, self.tokenizer.pad_token_id), real)
        with self._soft_tokens_inserted(inputs, requests):
            # Only the columns that predict a target are turned into logits: the vocabulary is the widest layer.
            logits = self.language_model(**inputs.tensors, logits_to_keep=labels.shape[1] + 1, use_cache=False).logits
        return functional.cross_entropy(
            logits[:, :-1].flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum"
        )

    def _generate_batch(self, requests: Sequence[CaptionRequest]) -> list[str]:
        inputs = self.inputs(requests)
        with self._soft_tokens_inserted(inputs, requests):
            ids = self.language_model.generate(
                **inputs.tensors,
                max_new_tokens=self.max_new_tokens,
                **sampling_options(self.decoding),
                pad_token_id=self.tokenizer.pad_token_id,
                eos_token_id=self._end_tokens(),
            )
        rows = ids[:, inputs.length :].tolist()
        self.cost.count(inputs.real_tokens, sum(map(self._written, rows)), len(rows))
        return decode_answers(self.tokenizer, rows)

    def _written(self, ids: Sequence[int]) -> int:
        """How many tokens come before the first that ends a turn."""
        ends = {*self._end_tokens()}
        return next((place for place, token in enumerate(ids) if token in ends), len(ids))

    def _soft_tokens_inserted(
        self, inputs: PictureInputs, requests: Sequence[CaptionRequest]
    ) -> AbstractContextManager[None]:
        soft = [] if self.soft_tokens is None else self.soft_tokens.rows(requests)
        return insert_soft_tokens(self.language_model.get_input_embeddings(), inputs.soft_places, soft)

    def _alike(self, requests: Sequence[CaptionRequest], rows: Sequence[int]) -> Iterator[list[int]]:
        return self.processor.alike([request.images for request in requests], rows)

    def _target(self, caption: str) -> list[int]:
        """The caption and its end token; nothing for a blank one."""
        return [*self.processor.ids(caption.strip()), self.tokenizer.eos_token_id] if caption.strip() else []

    def _end_tokens(self) -> list[int]:
        """Every token that ends a turn: the tokenizer's, and those of the model's generation config."""
        named = self.language_model.generation_config.eos_token_id
        others = named if isinstance(named, list) else [named]
        return sorted({self.tokenizer.eos_token_id, *(token for token in others if token is not None)})

    def _embeddings(self) -> Float[Tensor, "vocabulary hidden"]:
        """The language model's word embeddings."""
        weight: Tensor = self.language_model.get_input_embeddings().weight
        return weight

    def _zero(self) -> Tensor:
        """0, with a gradient of 0 into what is trained, for a batch of blank captions."""
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        return trained[0].sum() * 0.0 if trained else torch.zeros((), device=self.device)
