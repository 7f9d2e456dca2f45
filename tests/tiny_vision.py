"""Vision-language models of four families with random weights, and processors for them, all built here."""

from collections.abc import Callable
from pathlib import Path

import torch
from tiny import tiny_tokenizer
from transformers import (
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessor,
    Idefics3Processor,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionImageProcessor,
    LlavaOnevisionProcessor,
    LlavaOnevisionVideoProcessor,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    ProcessorMixin,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

IMAGE_SIZE, PATCH = 32, 8
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "initializer_range": 0.3,
    "tie_word_embeddings": True,
}
SIGLIP = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": IMAGE_SIZE,
    "patch_size": PATCH,
    "initializer_range": 0.5,
}


def chat_template(image: str) -> str:
    """A turn of pictures and text, each picture marked by `image`."""
    return (
        "{% for message in messages %}<start>{{ message['role'] }}\n"
        "{% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}" + image + "{% else %}{{ part['text'] }}{% endif %}"
        "{% endfor %}<end>\n{% endfor %}{% if add_generation_prompt %}<start>assistant\n{% endif %}"
    )


def tokenizer_with(*words: str) -> PreTrainedTokenizerFast:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = None
    tokenizer.add_tokens(list(words), special_tokens=True)
    return tokenizer


def tiny_idefics3() -> tuple[PreTrainedModel, ProcessorMixin]:
    """The family of SmolVLM: SigLIP and Llama, pictures as tiles with row and column marks."""
    tokenizer = tokenizer_with("<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>")
    config = Idefics3Config(
        text_config={"model_type": "llama", "vocab_size": len(tokenizer), **TEXT},
        vision_config=SIGLIP,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=0,
        tie_word_embeddings=True,
    )
    images = Idefics3ImageProcessor(
        size={"longest_edge": 2 * IMAGE_SIZE}, max_image_size={"longest_edge": IMAGE_SIZE}, do_image_splitting=True
    )
    processor = Idefics3Processor(
        images, tokenizer, image_seq_len=(IMAGE_SIZE // PATCH // 2) ** 2, chat_template=chat_template("<image>")
    )
    return Idefics3ForConditionalGeneration(config), processor


QWEN_MARKS = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
QWEN_PICTURE = "<|vision_start|><|image_pad|><|vision_end|>"
QWEN_SIZE = {"shortest_edge": 16 * 16, "longest_edge": 64 * 64}
QWEN_VISION = {
    "depth": 2,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_heads": 2,
    "out_hidden_size": TEXT["hidden_size"],
    "patch_size": PATCH,
    "initializer_range": 0.5,
}
QWEN_POSITIONS = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]}


def qwen_ids(tokenizer: PreTrainedTokenizerFast) -> dict[str, int]:
    names = ("vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id")
    return dict(zip(names, tokenizer.convert_tokens_to_ids(list(QWEN_MARKS)), strict=True))


def tiny_qwen2_5() -> tuple[PreTrainedModel, ProcessorMixin]:
    """Qwen2.5-VL: pictures of any size, positions in three dimensions."""
    tokenizer = tokenizer_with(*QWEN_MARKS)
    config = Qwen2_5_VLConfig(
        text_config={"vocab_size": len(tokenizer), **TEXT, "rope_parameters": QWEN_POSITIONS},
        vision_config={**QWEN_VISION, "window_size": 32, "fullatt_block_indexes": [1]},
        tie_word_embeddings=True,
        **qwen_ids(tokenizer),
    )
    images = Qwen2VLImageProcessor(patch_size=PATCH, size=QWEN_SIZE)
    videos = Qwen2VLVideoProcessor(patch_size=PATCH, size=QWEN_SIZE)
    processor = Qwen2_5_VLProcessor(images, tokenizer, videos, chat_template=chat_template(QWEN_PICTURE))
    return Qwen2_5_VLForConditionalGeneration(config), processor


def tiny_qwen3() -> tuple[PreTrainedModel, ProcessorMixin]:
    """Qwen3-VL: as Qwen2.5-VL, and pictures enter at several layers."""
    tokenizer = tokenizer_with(*QWEN_MARKS)
    positions = {**QWEN_POSITIONS, "mrope_interleaved": True}
    config = Qwen3VLConfig(
        text_config={"vocab_size": len(tokenizer), **TEXT, "head_dim": 8, "rope_parameters": positions},
        vision_config={**QWEN_VISION, "deepstack_visual_indexes": [0], "num_position_embeddings": 16},
        tie_word_embeddings=True,
        **qwen_ids(tokenizer),
    )
    images = Qwen2VLImageProcessor(patch_size=PATCH, size=QWEN_SIZE)
    videos = Qwen3VLVideoProcessor(patch_size=PATCH, size=QWEN_SIZE)
    processor = Qwen3VLProcessor(images, tokenizer, videos, chat_template=chat_template(QWEN_PICTURE))
    return Qwen3VLForConditionalGeneration(config), processor


def tiny_llava() -> tuple[PreTrainedModel, ProcessorMixin]:
    """LLaVA-OneVision: SigLIP and Qwen2, one picture in tiles, several whole."""
    tokenizer = tokenizer_with("<image>", "<video>")
    pinpoints = [[IMAGE_SIZE, IMAGE_SIZE], [IMAGE_SIZE, 2 * IMAGE_SIZE], [2 * IMAGE_SIZE, IMAGE_SIZE]]
    config = LlavaOnevisionConfig(
        text_config={"model_type": "qwen2", "vocab_size": len(tokenizer), **TEXT},
        vision_config={"model_type": "siglip_vision_model", **SIGLIP, "num_hidden_layers": 2},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_id=tokenizer.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=pinpoints,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        tie_word_embeddings=True,
    )
    size = {"height": IMAGE_SIZE, "width": IMAGE_SIZE}
    processor = LlavaOnevisionProcessor(
        LlavaOnevisionImageProcessor(size=size, image_grid_pinpoints=pinpoints),
        tokenizer,
        LlavaOnevisionVideoProcessor(size=size),
        num_image_tokens=(IMAGE_SIZE // PATCH) ** 2,
        vision_feature_select_strategy="full",
        chat_template=chat_template("<image>"),
    )
    return LlavaOnevisionForConditionalGeneration(config), processor


FAMILIES: dict[str, Callable[[], tuple[PreTrainedModel, ProcessorMixin]]] = {
    "idefics3": tiny_idefics3,
    "qwen2_5": tiny_qwen2_5,
    "qwen3": tiny_qwen3,
    "llava": tiny_llava,
}


def built(
    make: Callable[[], tuple[PreTrainedModel, ProcessorMixin]],
) -> tuple[PreTrainedModel, ProcessorMixin]:
    torch.manual_seed(0)
    model, processor = make()
    return model.eval(), processor


def tiny_vision_language(family: str) -> tuple[PreTrainedModel, ProcessorMixin]:
    return built(FAMILIES[family])


def save_tiny_vision_language(folder: Path, family: str = "idefics3") -> Path:
    model, processor = tiny_vision_language(family)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
