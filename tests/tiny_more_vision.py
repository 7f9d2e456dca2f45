"""The other vision-language families, near relatives of those in tiny_vision.py and tiny_edge_vision.py, and all of them by
name. Random weights, built here."""

from collections.abc import Callable
from pathlib import Path

from tiny_edge_vision import EDGES, SQUARE, with_marks
from tiny_vision import (
    FAMILIES,
    IMAGE_SIZE,
    PATCH,
    QWEN_MARKS,
    QWEN_PICTURE,
    QWEN_POSITIONS,
    QWEN_SIZE,
    QWEN_VISION,
    SIGLIP,
    TEXT,
    built,
    chat_template,
    qwen_ids,
    tokenizer_with,
)
from transformers import (
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3ImageProcessor,
    Gemma3Processor,
    GotOcr2ImageProcessor,
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLProcessor,
    InternVLVideoProcessor,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessor,
    LlavaNextProcessor,
    LlavaProcessor,
    Mistral3Config,
    Mistral3ForConditionalGeneration,
    PixtralImageProcessor,
    PixtralProcessor,
    PreTrainedModel,
    ProcessorMixin,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
    SiglipImageProcessor,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessor,
    SmolVLMProcessor,
    SmolVLMVideoProcessor,
)

CELLS = (IMAGE_SIZE // PATCH) ** 2
PROJECTED = {"model_type": "siglip_vision_model", **SIGLIP, "num_hidden_layers": 2}


def tiny_smolvlm() -> tuple[PreTrainedModel, ProcessorMixin]:
    """SmolVLM2: Idefics3 with videos."""
    tokenizer = tokenizer_with("<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>")
    config = SmolVLMConfig(
        text_config={"model_type": "llama", "vocab_size": len(tokenizer), **TEXT},
        vision_config=SIGLIP,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=0,
        tie_word_embeddings=True,
    )
    longest = {"max_image_size": {"longest_edge": IMAGE_SIZE}}
    processor = SmolVLMProcessor(
        SmolVLMImageProcessor(size={"longest_edge": 2 * IMAGE_SIZE}, do_image_splitting=True, **longest),
        tokenizer,
        SmolVLMVideoProcessor(size={"longest_edge": IMAGE_SIZE}, **longest),
        image_seq_len=CELLS // 4,
        chat_template=chat_template("<image>"),
    )
    return SmolVLMForConditionalGeneration(config), processor


def tiny_qwen2() -> tuple[PreTrainedModel, ProcessorMixin]:
    """Qwen2-VL: its vision part names its sizes otherwise than its successors."""
    tokenizer = tokenizer_with(*QWEN_MARKS)
    vision = {name: size for name, size in QWEN_VISION.items() if name not in ("intermediate_size", "out_hidden_size")}
    config = Qwen2VLConfig(
        text_config={"vocab_size": len(tokenizer), **TEXT, "rope_parameters": QWEN_POSITIONS},
        vision_config={**vision, "embed_dim": 16, "hidden_size": TEXT["hidden_size"], "mlp_ratio": 2},
        tie_word_embeddings=True,
        **qwen_ids(tokenizer),
    )
    images = Qwen2VLImageProcessor(patch_size=PATCH, size=QWEN_SIZE)
    videos = Qwen2VLVideoProcessor(patch_size=PATCH, size=QWEN_SIZE)
    return Qwen2VLForConditionalGeneration(config), Qwen2VLProcessor(
        images, tokenizer, videos, chat_template=chat_template(QWEN_PICTURE)
    )


def tiny_internvl() -> tuple[PreTrainedModel, ProcessorMixin]:
    """InternVL: pictures pass through a layer that is counted from the last."""
    marks = {"start_image_token": "<img>", "end_image_token": "</img>", "context_image_token": "<IMG_CONTEXT>",
             "video_token": "<video>"}  # fmt: skip
    tokenizer = with_marks(marks)
    vision = {name: size for name, size in SIGLIP.items() if name not in ("image_size", "patch_size")}
    config = InternVLConfig(
        text_config={"model_type": "qwen2", "vocab_size": len(tokenizer), **TEXT},
        vision_config={**vision, "image_size": [IMAGE_SIZE] * 2, "patch_size": [PATCH] * 2},
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=CELLS // 4,
        downsample_ratio=0.5,
        vision_feature_layer=-1,
        tie_word_embeddings=True,
    )
    processor = InternVLProcessor(
        GotOcr2ImageProcessor(size=SQUARE, crop_to_patches=False),
        tokenizer,
        InternVLVideoProcessor(size=SQUARE),
        image_seq_length=CELLS // 4,
        chat_template=chat_template("<IMG_CONTEXT>\n"),
    )
    return InternVLForConditionalGeneration(config), processor


def tiny_gemma3() -> tuple[PreTrainedModel, ProcessorMixin]:
    """Gemma 3: sliding windows in two of three layers; pictures are read in both directions."""
    marks = {"image_token": "<image_soft_token>", "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"}
    tokenizer = with_marks(marks)
    layers = {
        "num_hidden_layers": 3,
        "sliding_window": 16,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    }
    names = ("image_token_index", "boi_token_index", "eoi_token_index")
    config = Gemma3Config(
        text_config={"vocab_size": len(tokenizer), **TEXT, "head_dim": 8, **layers},
        vision_config=dict(SIGLIP),
        mm_tokens_per_image=CELLS // 4,
        tie_word_embeddings=True,
        initializer_range=TEXT["initializer_range"],
        **dict(zip(names, tokenizer.convert_tokens_to_ids(list(marks.values())), strict=True)),
    )
    processor = Gemma3Processor(
        Gemma3ImageProcessor(size=SQUARE),
        tokenizer,
        image_seq_length=CELLS // 4,
        chat_template=chat_template("<start_of_image>"),
    )
    return Gemma3ForConditionalGeneration(config), processor


def tiny_llava_1_5() -> tuple[PreTrainedModel, ProcessorMixin]:
    """LLaVA 1.5: one size of picture, a layer that is counted from the last."""
    tokenizer = tokenizer_with("<image>")
    config = LlavaConfig(
        text_config={"model_type": "llama", "vocab_size": len(tokenizer), **TEXT},
        vision_config=PROJECTED,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-2,
        vision_feature_select_strategy="full",
        image_seq_length=CELLS,
        tie_word_embeddings=True,
    )
    processor = LlavaProcessor(
        SiglipImageProcessor(size=SQUARE),
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="full",
        num_additional_image_tokens=0,
        chat_template=chat_template("<image>"),
    )
    return LlavaForConditionalGeneration(config), processor


def tiny_llava_next() -> tuple[PreTrainedModel, ProcessorMixin]:
    """LLaVA-NeXT: pictures in tiles by their shape."""
    tokenizer = tokenizer_with("<image>")
    pinpoints = [[IMAGE_SIZE, 2 * IMAGE_SIZE], [2 * IMAGE_SIZE, IMAGE_SIZE]]
    config = LlavaNextConfig(
        text_config={"model_type": "llama", "vocab_size": len(tokenizer), **TEXT},
        vision_config=PROJECTED,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=pinpoints,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        tie_word_embeddings=True,
    )
    images = LlavaNextImageProcessor(
        size={"shortest_edge": IMAGE_SIZE}, crop_size=SQUARE, image_grid_pinpoints=pinpoints
    )
    processor = LlavaNextProcessor(
        images,
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="full",
        chat_template=chat_template("<image>"),
    )
    return LlavaNextForConditionalGeneration(config), processor


def tiny_mistral3() -> tuple[PreTrainedModel, ProcessorMixin]:
    """Mistral 3: Pixtral's pictures of any size, a mark at the end of each of their rows."""
    tokenizer = tokenizer_with("[IMG]", "[IMG_BREAK]", "[IMG_END]")
    config = Mistral3Config(
        text_config={"model_type": "mistral", "vocab_size": len(tokenizer), **TEXT, "head_dim": 8},
        vision_config={"model_type": "pixtral", **SIGLIP, "head_dim": 8},
        image_token_index=tokenizer.convert_tokens_to_ids("[IMG]"),
        spatial_merge_size=2,
        vision_feature_layer=-1,
    )
    images = PixtralImageProcessor(size={"longest_edge": IMAGE_SIZE}, patch_size={"height": PATCH, "width": PATCH})
    processor = PixtralProcessor(
        images, tokenizer, patch_size=PATCH, spatial_merge_size=2, chat_template=chat_template("[IMG]")
    )
    return Mistral3ForConditionalGeneration(config), processor


MORE: dict[str, Callable[[], tuple[PreTrainedModel, ProcessorMixin]]] = {
    "smolvlm": tiny_smolvlm,
    "qwen2": tiny_qwen2,
    "internvl": tiny_internvl,
    "gemma3": tiny_gemma3,
    "llava_1_5": tiny_llava_1_5,
    "llava_next": tiny_llava_next,
    "mistral3": tiny_mistral3,
}
ALL = {**FAMILIES, **EDGES, **MORE}


def save_tiny_family(folder: Path, family: str) -> Path:
    model, processor = built(ALL[family])
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
