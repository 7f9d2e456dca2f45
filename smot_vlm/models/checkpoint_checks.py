"""The files beside the tensors in a model's folder that say how it was spoken to: its prompts, its tokenizer, its adapter's
settings. Read when the model is loaded, so that a missing or damaged file is told before a video is watched.
"""

import json
from pathlib import Path

from smot_vlm.config import DecoderConfig
from smot_vlm.semantics.context import SceneContext
from smot_vlm.semantics.prompts import Prompts

ADAPTER_SETTINGS = "adapter_config.json"


def check_prompts(prompts: Prompts) -> None:
    """Render each prompt that a description needs.

    Raises:
        FileNotFoundError, ValueError: see Prompts.render.
    """
    prompts.render("instance_caption")
    prompts.render("video_caption", context=SceneContext())


def check_adapter_settings(folder: Path, config: DecoderConfig) -> None:
    """The adapter's own settings, which PEFT reads, must be those of the configuration.

    Raises:
        FileNotFoundError: they are missing.
        ValueError: they cannot be read, or differ.
    """
    path = folder / ADAPTER_SETTINGS
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; the folder is incomplete, copy or download it again")
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        found = settings["r"], settings["lora_alpha"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: no settings of an adapter ({error}); copy or download it again") from None
    if found != (config.lora_rank, config.lora_alpha):
        raise ValueError(
            f"{path}: rank and alpha are {found[0]} and {found[1]}, and {config.lora_rank} and {config.lora_alpha} in "
            "the model's config.json; copy or download the folder again"
        )
