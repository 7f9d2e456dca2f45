"""From the configuration to a caption decoder. A new one is a file in semantics/ and a line here."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from smot_vlm.config import DecoderConfig
from smot_vlm.semantics.decoder import CaptionDecoder
from smot_vlm.semantics.generation import Decoding
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.smoter_decoder import SmoterDecoder
from smot_vlm.semantics.vision_language import VisionLanguage

NO_SERVER = (
    "decoder.name is 'server', and this model has words of its own or none; servers go with model_type zero-shot, as in "
    "configs/server.yaml"
)


def build_lora_lm(config: DecoderConfig, dim: int) -> LoraLM:
    """Decoder "lora-lm".

    Args:
        config: its section and what all kinds share.
        dim: width of the visual tokens.

    Returns:
        The decoder.
    """
    return LoraLM.load(**asdict(config.lora_lm), **_common(config), dim=dim)


def build_vision_language(config: DecoderConfig, dim: int) -> VisionLanguage:
    """Decoder "vision-language".

    Args:
        config: its section and what all kinds share.
        dim: width of the visual tokens.

    Returns:
        The decoder.

    Raises:
        ValueError: connectives or compiled words, which only decoder "lora-lm" has.
    """
    _refuse_ways_of_lora_lm(config)
    return VisionLanguage.load(**asdict(config.vision_language), **_common(config), dim=dim)


def build_smoter(config: DecoderConfig, dim: int) -> SmoterDecoder:
    """Decoder "smoter".

    Args:
        config: its section and what all kinds share.
        dim: width of the visual tokens.

    Returns:
        The decoder.

    Raises:
        ValueError: connectives or compiled words, which only decoder "lora-lm" has.
    """
    _refuse_ways_of_lora_lm(config)
    return SmoterDecoder.load(**asdict(config.smoter), **_common(config), dim=dim)


# Name in the configuration -> builder.
DECODERS: dict[str, Callable[[DecoderConfig, int], CaptionDecoder]] = {
    "lora-lm": build_lora_lm,
    "vision-language": build_vision_language,
    "smoter": build_smoter,
}


def build_decoder(config: DecoderConfig, dim: int, *, ordered: bool = True) -> CaptionDecoder:
    """The configured decoder.

    Args:
        config: the section of its name is read, and what all kinds share.
        dim: width of the visual tokens.
        ordered: whether a person's tokens are in order of time; only then they have segments.

    Returns:
        A torch module with random weights of its own; a language model has its pretrained ones.

    Raises:
        ValueError: an unknown name, or a setting that the decoder does not take.
        FileNotFoundError: the language model is found nowhere.
    """
    if config.name == "server":
        raise ValueError(NO_SERVER)
    if config.name not in DECODERS:
        raise ValueError(f"decoder.name is {config.name!r}; it takes {', '.join(DECODERS)}")
    if not ordered:
        config = replace(
            config,
            lora_lm=replace(config.lora_lm, num_segments=0),
            vision_language=replace(config.vision_language, num_segments=0),
        )
    return DECODERS[config.name](config, dim)


def _refuse_ways_of_lora_lm(config: DecoderConfig) -> None:
    if config.generation.connectives:
        raise ValueError(
            f"decoder.generation.connectives go with lora-lm; decoder.name is {config.name!r}, which takes none"
        )
    if config.generation.compile:
        raise ValueError(
            f"decoder.generation.compile goes with lora-lm; decoder.name is {config.name!r}, which takes false"
        )


def _common(config: DecoderConfig) -> dict[str, Any]:
    """Settings of every kind, as keywords."""
    return {
        "max_new_tokens": config.max_new_tokens,
        "max_batch": config.max_batch,
        "decoding": Decoding(**asdict(config.generation)),
    }
