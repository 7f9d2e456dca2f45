"""Checks of the prompts and the adapter's settings in a model's folder, at loading and not at the first caption."""

import json
from pathlib import Path

from peft import PeftModel

from smot_vlm.semantics.context import SceneContext
from smot_vlm.semantics.prompts import Prompts

ADAPTER_SETTINGS = "adapter_config.json"


def check_prompts(prompts: Prompts) -> None:
    """Render each prompt that a description needs.

    Args:
        prompts: of the folder.

    Raises:
        FileNotFoundError, ValueError: see Prompts.render.
    """
    prompts.render("instance_caption")
    prompts.render("video_caption", context=SceneContext())


def check_adapter_settings(folder: Path, adapter: PeftModel) -> None:
    """The saved adapter must have the settings of the configured one.

    Args:
        folder: of the saved adapter.
        adapter: as built from the model's config.json.

    Raises:
        FileNotFoundError: the settings are missing.
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
    settings = adapter.peft_config["default"].to_dict()
    configured = settings["r"], settings["lora_alpha"]
    if found != configured:
        raise ValueError(
            f"{path}: rank and alpha are {found[0]} and {found[1]}, and {configured[0]} and {configured[1]} in "
            "the model's config.json; copy or download the folder again"
        )
