"""From prompts and pictures to a vision-language model's inputs, by its own processor and chat template."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from transformers import MllamaProcessor, PaliGemmaProcessor, ProcessorMixin

from smot_vlm.semantics.prompts import VISUAL
from smot_vlm.semantics.tokenizers import user_turn


@dataclass(frozen=True, eq=False)
class PictureInputs:
    """A batch of prompts, padded on the left.

    Attributes:
        tensors: the model's keyword arguments as its processor makes them (input_ids, attention_mask, pixel_values
            ...).
        soft_places: true where a soft token goes in `input_ids`.
        answer_type: of tokens of text after the prompt, in `token_type_ids`.
    """

    tensors: dict[str, Tensor]
    soft_places: Bool[Tensor, "batch tokens"]
    answer_type: int = 0

    @property
    def real_tokens(self) -> int:
        """How many tokens of all rows are no padding."""
        return int(self.tensors["attention_mask"].sum())

    @property
    def length(self) -> int:
        """Tokens of each row, with padding."""
        return self.soft_places.shape[1]

    def followed_by(self, text: Int[Tensor, "batch more"], mask: Bool[Tensor, "batch more"]) -> "PictureInputs":
        """The same prompts with text after them.

        Args:
            text: token ids, padded on the right.
            mask: true where a token of `text` is real.

        Returns:
            Longer rows.
        """
        more = text.shape[1]
        shape = self.tensors["input_ids"].shape
        fills = {"token_type_ids": self.answer_type}
        tensors = {name: _lengthened(value, shape, more, fills.get(name, 0)) for name, value in self.tensors.items()}
        tensors["input_ids"] = torch.cat([self.tensors["input_ids"], text], dim=1)
        tensors["attention_mask"] = torch.cat([self.tensors["attention_mask"], mask.long()], dim=1)
        return replace(self, tensors=tensors, soft_places=functional.pad(self.soft_places, (0, more)))

    @property
    def last_sees(self) -> dict[str, Tensor]:
        """Which pictures the last token of each prompt sees, where a family says that of every token (Mllama)."""
        shape = self.tensors["input_ids"].shape
        return {name: value[:, -1:] for name, value in self.tensors.items() if _tells_pictures(value, shape)}


def _tells_pictures(value: Tensor, shape: torch.Size) -> bool:
    return value.ndim > 2 and value.shape[:2] == shape and not value.is_floating_point()


def _lengthened(value: Tensor, shape: torch.Size, more: int, fill: int) -> Tensor:
    """What a processor states of the tokens of a batch of `shape`, for `more` tokens of text after them."""
    if value.shape == shape:
        # Of each token, such as its modality.
        return functional.pad(value, (0, more), value=fill)
    if _tells_pictures(value, shape):
        # Those that the last one sees.
        return torch.cat([value, value[:, -1:].expand(-1, more, *value.shape[2:])], dim=1)
    return value


class PictureProcessor:
    """A transformers processor of any family: pictures first, then the prompt, as the user's turn.

    Pictures are not split into tiles where the family does that (Idefics3): they are small already, and tiles would
    cost up to 17 times as much.

    Args:
        processor: changed in place.
        soft_tokens: how many take the place of VISUAL; with 0 it is removed.

    Raises:
        ValueError: the processor has no tokenizer or takes no pictures.
    """

    def __init__(self, processor: ProcessorMixin, *, soft_tokens: int = 0) -> None:
        self._processor = processor
        self._soft_tokens = soft_tokens
        if getattr(processor, "tokenizer", None) is None or getattr(processor, "image_processor", None) is None:
            raise ValueError(
                f"{type(processor).__name__} has no tokenizer or no image processor; give an image-text-to-text model"
            )
        self.tokenizer = processor.tokenizer
        self.tokenizer.padding_side = "left"
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        if soft_tokens:
            self.tokenizer.add_tokens([VISUAL], special_tokens=True)
        if hasattr(processor.image_processor, "do_image_splitting"):
            processor.image_processor.do_image_splitting = False
        # A prompt of PaliGemma's is read in both directions, the answer in one; without pictures it takes no prompt.
        self._is_paligemma = isinstance(processor, PaliGemmaProcessor)
        self._answer_type = int(self._is_paligemma)
        # Words before the first picture see all places for pictures alike, those that a batch fills up among them.
        self._counts_places = isinstance(processor, MllamaProcessor)

    def __call__(
        self, prompts: Sequence[str], images: Sequence[Sequence[np.ndarray]], device: torch.device, dtype: torch.dtype
    ) -> PictureInputs:
        """Make a batch.

        Args:
            prompts: one a row.
            images: of each prompt, RGB uint8 (height, width, 3); either every prompt has some or none has.
            device: of the result.
            dtype: of the result's floats.

        Returns:
            The model's inputs.
        """
        made = self._made(
            [self._chat(prompt, len(shown)) for prompt, shown in zip(prompts, images, strict=True)], images
        )
        tensors = {
            name: value.to(device, dtype if value.is_floating_point() else None)
            for name, value in made.items()
            if name != "labels"  # PaliGemma's, of the prompt
        }
        if not self._soft_tokens:
            nowhere = torch.zeros_like(tensors["input_ids"], dtype=torch.bool)
            return PictureInputs(tensors, nowhere, self._answer_type)
        places = tensors["input_ids"] == self.tokenizer.convert_tokens_to_ids(VISUAL)
        # VISUAL has no embedding in the model: any token will do until a soft token takes its place.
        tensors["input_ids"] = tensors["input_ids"].masked_fill(places, self.tokenizer.pad_token_id)
        return PictureInputs(tensors, places, self._answer_type)

    def alike(self, images: Sequence[Sequence[np.ndarray]], rows: Sequence[int]) -> Iterator[list[int]]:
        """Which prompts may be in one batch: processors take prompts with pictures or without, some so many of them.

        Args:
            images: of each prompt.
            rows: of the prompts.

        Yields:
            Groups of `rows`, those with pictures first.
        """
        kinds = {row: len(images[row]) if self._counts_places else min(len(images[row]), 1) for row in rows}
        for kind in sorted(set(kinds.values()), reverse=True):
            yield [row for row in rows if kinds[row] == kind]

    def ids(self, text: str) -> list[int]:
        """Tokenize a piece of text.

        Args:
            text: any.

        Returns:
            Token ids, without special tokens.
        """
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _made(self, texts: Sequence[str], images: Sequence[Sequence[np.ndarray]]) -> Mapping[str, Tensor]:
        """What the family's own processor makes of prompts."""
        # The chat template writes the begin token itself.
        options = {"add_special_tokens": not self._has_template, "padding": True, "return_tensors": "pt"}
        if any(images):
            # As Pillow's, which every family's processor takes; some refuse arrays.
            shown = [[Image.fromarray(image) for image in row] for row in images]
            pictured: Mapping[str, Tensor] = self._processor(text=texts, images=shown, **options)
            return pictured
        if self._is_paligemma:
            words = self.tokenizer(texts, **options)
            return {**words, "token_type_ids": torch.zeros_like(words["input_ids"])}
        made: Mapping[str, Tensor] = self._processor(text=texts, images=None, **options)
        return made

    @property
    def _has_template(self) -> bool:
        return bool(self._processor.chat_template)

    def _chat(self, prompt: str, images: int) -> str:
        """The user's turn up to where the answer starts, with the family's own placeholders for pictures."""
        text = " ".join(prompt.replace(VISUAL, VISUAL * self._soft_tokens).split())
        if not self._has_template:
            return getattr(self._processor, "image_token", "") * images + text + "\n"
        templates = self._processor.chat_template
        template = templates.get("default", "") if isinstance(templates, dict) else str(templates)
        content = [*({"type": "image"} for _ in range(images)), {"type": "text", "text": text}]
        return user_turn(self.tokenizer, template, content)


@contextmanager
def insert_soft_tokens(
    embeddings: nn.Module, places: Bool[Tensor, "batch tokens"], soft: Sequence[Float[Tensor, "count hidden"]]
) -> Iterator[None]:
    """Inside the block, the embeddings of a batch's prompts hold soft tokens, with gradient.

    The model still gets token ids, so it places pictures and counts positions in its own way. A beam search reads each
    row once a beam. Later steps of a generation, which read one new token, are left as they are.

    Args:
        embeddings: the model's input embeddings.
        places: true where a soft token goes.
        soft: soft tokens of each row.

    Yields:
        Nothing.
    """
    if not places.any():
        yield
        return
    used = False

    def put(_module: nn.Module, _arguments: tuple[Tensor, ...], words: Tensor) -> Tensor | None:
        nonlocal used
        if words.shape[1] != places.shape[1]:
            return None
        used = True
        beams = len(words) // len(places)
        rows = torch.cat([row for row in soft for _ in range(beams)])
        return words.masked_scatter(places.repeat_interleave(beams, dim=0)[..., None], rows.to(words.dtype))

    handle = embeddings.register_forward_hook(put)
    try:
        yield
    finally:
        handle.remove()
    assert used, "the model embeds the whole prompt at once"
