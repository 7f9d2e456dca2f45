"""Small stand-ins, built from configs: a language model, a configuration, a moving picture."""

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from smot_vlm.config import (
    Config,
    DecoderConfig,
    DetectorConfig,
    FeaturesConfig,
    FusionConfig,
    InteractionConfig,
    LoraLMConfig,
)

CHAT_TEMPLATE = (
    "{% for message in messages %}<start>{{ message['role'] }}\n{{ message['content'] }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}<start>assistant\n{% endif %}"
)


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """One token a byte, and three special ones."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {"<pad>": 0, "<start>": 1, "<end>": 2} | {letter: index + 3 for index, letter in enumerate(alphabet)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<start>", eos_token="<end>"
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def tiny_llama(vocabulary: int, hidden: int = 32, layers: int = 2) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        tie_word_embeddings=True,
        initializer_range=0.3,
    )
    return LlamaForCausalLM(config).eval()


def save_tiny_language_model(folder: Path, hidden: int = 32, layers: int = 2) -> Path:
    tokenizer = tiny_tokenizer()
    tiny_llama(len(tokenizer), hidden, layers).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_config(language_model: Path) -> Config:
    return Config(
        name="tiny",
        detector=DetectorConfig(image_size=96),
        features=FeaturesConfig(dim=32, frame_grid=4, track_frames=6),
        fusion=FusionConfig(heads=4, feedforward=64),
        decoder=DecoderConfig(
            max_new_tokens=12,
            lora_lm=LoraLMConfig(language_model=str(language_model), soft_tokens=4, lora_rank=2, lora_alpha=4),
        ),
        interaction=InteractionConfig(verb_encoder=None),
    )


def moving_squares(frames: int = 24, width: int = 96, height: int = 64, people: int = 2) -> np.ndarray:
    """(frames, height, width, 3): squares that move to the right on grey, one below the other."""
    video = np.full((frames, height, width, 3), 90, dtype=np.uint8)
    for index in range(frames):
        for person in range(people):
            top = 4 + person * (height - 8) // max(people, 1)
            video[index, top : top + 12, 2 + index : 14 + index] = (220, 60 + 40 * (person % 4), 30)
    return video


def mot_text(frames: int = 24, height: int = 64, people: int = 2) -> str:
    """The boxes of `moving_squares` as MOT rows."""
    rows = []
    for index in range(frames):
        for person in range(people):
            top = 4 + person * (height - 8) // max(people, 1)
            rows.append(f"{index + 1},{person + 1},{2 + index},{top},12,12,1,-1,-1,-1")
    return "\n".join(rows) + "\n"
