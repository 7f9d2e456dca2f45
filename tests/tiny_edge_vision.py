"""Vision-language families that differ from the others where it hurts: recurrent layers, cross-attention, prompts that are
read in both directions, processors that refuse arrays. Random weights, built here."""

from collections.abc import Callable

import torch
from tiny_vision import (
    IMAGE_SIZE,
    PATCH,
    QWEN_MARKS,
    QWEN_PICTURE,
    QWEN_POSITIONS,
    QWEN_SIZE,
    QWEN_VISION,
    SIGLIP,
    TEXT,
    chat_template,
    qwen_ids,
    tokenizer_with,
)
from transformers import (
    GemmaConfig,
    Idefics2Config,
    Idefics2ForConditionalGeneration,
    Idefics2ImageProcessor,
    Idefics2Processor,
    Lfm2VlConfig,
    Lfm2VlForConditionalGeneration,
    Lfm2VlImageProcessor,
    Lfm2VlProcessor,
    MllamaConfig,
    MllamaForConditionalGeneration,
    MllamaImageProcessor,
    MllamaProcessor,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PaliGemmaProcessor,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    ProcessorMixin,
    Qwen2VLImageProcessor,
    Qwen3_5Config,
    Qwen3_5ForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
    SiglipImageProcessor,
)

SQUARE = {"height": IMAGE_SIZE, "width": IMAGE_SIZE}


def with_marks(marks: dict[str, str]) -> PreTrainedTokenizerFast:
    """A tokenizer that knows marks of pictures by name, also after it was saved."""
    tokenizer = tokenizer_with(*marks.values())
    for name, mark in marks.items():
        setattr(tokenizer, name, mark)
        setattr(tokenizer, f"{name}_id", tokenizer.convert_tokens_to_ids(mark))
        tokenizer.init_kwargs[name] = mark
    return tokenizer


def tiny_qwen3_5() -> tuple[PreTrainedModel, ProcessorMixin]:
    """Qwen3.5: three of four layers are linear attention."""
    tokenizer = tokenizer_with(*QWEN_MARKS)
    positions = {**QWEN_POSITIONS, "mrope_interleaved": True, "partial_rotary_factor": 1.0}
    linear = {f"linear_{kind}": size for kind, size in (
        ("num_key_heads", 2), ("num_value_heads", 2), ("key_head_dim", 8), ("value_head_dim", 8)
    )}  # fmt: skip
    text = {**TEXT, "num_hidden_layers": 4, "head_dim": 8, "rope_parameters": positions, **linear}
    config = Qwen3_5Config(
        text_config={"vocab_size": len(tokenizer), **text},
        vision_config={**QWEN_VISION, "num_position_embeddings": 16},
        tie_word_embeddings=True,
        **qwen_ids(tokenizer),
    )
    images = Qwen2VLImageProcessor(patch_size=PATCH, size=QWEN_SIZE)
    videos = Qwen3VLVideoProcessor(patch_size=PATCH, size=QWEN_SIZE)
    processor = Qwen3VLProcessor(images, tokenizer, videos, chat_template=chat_template(QWEN_PICTURE))
    return Qwen3_5ForConditionalGeneration(config), processor


def tiny_lfm2() -> tuple[PreTrainedModel, ProcessorMixin]:
    """LFM2-VL: two of three layers are short convolutions."""
    marks = {"image_token": "<image>", "image_start_token": "<|image_start|>", "image_end_token": "<|image_end|>",
             "image_thumbnail": "<|img_thumbnail|>"}  # fmt: skip
    tokenizer = with_marks(marks)
    layers = {"num_hidden_layers": 3, "layer_types": ["conv", "full_attention", "conv"]}
    vision = {name: size for name, size in SIGLIP.items() if name != "image_size"}
    config = Lfm2VlConfig(
        text_config={"model_type": "lfm2", "vocab_size": len(tokenizer), **TEXT, **layers},
        vision_config={"model_type": "siglip2_vision_model", **vision, "num_patches": 16},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        downsample_factor=2,
        projector_hidden_size=32,
        tie_word_embeddings=True,
    )
    images = Lfm2VlImageProcessor(
        encoder_patch_size=PATCH,
        downsample_factor=2,
        min_image_tokens=4,
        max_image_tokens=16,
        max_num_patches=64,
        tile_size=IMAGE_SIZE,
        do_image_splitting=False,
    )
    return Lfm2VlForConditionalGeneration(config), Lfm2VlProcessor(
        images, tokenizer, chat_template=chat_template("<image>")
    )


def tiny_mllama() -> tuple[PreTrainedModel, ProcessorMixin]:
    """Llama 3.2 Vision: the text attends across to the pictures, by a mask of its own."""
    tokenizer = tokenizer_with("<|image|>")
    text = {**TEXT, "num_hidden_layers": 3, "tie_word_embeddings": False, "cross_attention_layers": [1]}
    vision = {
        **{name: SIGLIP[name] for name in ("hidden_size", "intermediate_size", "image_size", "patch_size")},
        "attention_heads": 2,
        "num_hidden_layers": 2,
        "num_global_layers": 1,
        "max_num_tiles": 2,
        "supported_aspect_ratios": [[1, 1], [1, 2], [2, 1]],
        "intermediate_layers_indices": [0],
        "vision_output_dim": 32,
    }
    config = MllamaConfig(
        text_config={"vocab_size": len(tokenizer), **text},
        vision_config=vision,
        image_token_index=tokenizer.convert_tokens_to_ids("<|image|>"),
    )
    images = MllamaImageProcessor(size=SQUARE, max_image_tiles=2)
    processor = MllamaProcessor(images, tokenizer, chat_template=chat_template("<|image|>"))
    model = MllamaForConditionalGeneration(config)
    for name, parameter in model.named_parameters():
        if name.endswith("_gate"):  # closed at the start: pictures would do nothing
            torch.nn.init.constant_(parameter, 0.5)
    return model, processor


def tiny_idefics2() -> tuple[PreTrainedModel, ProcessorMixin]:
    """Idefics2: its processor takes pictures of Pillow's alone."""
    tokenizer = tokenizer_with("<fake_token_around_image>", "<image>", "<end_of_utterance>")
    perceiver = {"resampler_n_latents": 4, "resampler_depth": 1, "resampler_n_heads": 2, "resampler_head_dim": 8}
    config = Idefics2Config(
        text_config={"model_type": "mistral", "vocab_size": len(tokenizer), **TEXT},
        vision_config=dict(SIGLIP),
        perceiver_config={**perceiver, "num_key_value_heads": 1},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        tie_word_embeddings=True,
    )
    size = {"shortest_edge": IMAGE_SIZE // 2, "longest_edge": IMAGE_SIZE}
    images = Idefics2ImageProcessor(size=size, do_image_splitting=False)
    processor = Idefics2Processor(images, tokenizer, image_seq_len=4, chat_template=chat_template("<image>"))
    return Idefics2ForConditionalGeneration(config), processor


def tiny_paligemma() -> tuple[PreTrainedModel, ProcessorMixin]:
    """PaliGemma: no chat; the prompt is read in both directions, and its processor makes labels."""
    tokenizer = tokenizer_with("<image>")
    text = GemmaConfig(vocab_size=len(tokenizer) + 1200, head_dim=8, **TEXT)
    config = PaliGemmaConfig(
        text_config=text.to_dict(),
        vision_config={"model_type": "siglip_vision_model", **SIGLIP, "projection_dim": 32},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        projection_dim=32,
        hidden_size=32,
    )
    images = SiglipImageProcessor(size=SQUARE)
    images.image_seq_length = (IMAGE_SIZE // PATCH) ** 2
    return PaliGemmaForConditionalGeneration(config), PaliGemmaProcessor(images, tokenizer)


EDGES: dict[str, Callable[[], tuple[PreTrainedModel, ProcessorMixin]]] = {
    "qwen3_5": tiny_qwen3_5,
    "lfm2": tiny_lfm2,
    "mllama": tiny_mllama,
    "idefics2": tiny_idefics2,
    "paligemma": tiny_paligemma,
}
