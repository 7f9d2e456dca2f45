"""The files beside the tensors in a model's folder that say how it was spoken to: its prompts, its tokenizer, its adapter's
settings. Read when the model is loaded, so that a missing or damaged file is told before a video is watched.
"""

import json
from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase

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


def check_tokenizer(folder: Path, used: PreTrainedTokenizerBase, language_model: str) -> None:
    """The tokenizer that was saved must be the one that the language model brings.

    Raises:
        FileNotFoundError: it is missing.
        ValueError: it cannot be read, or is another one: the language model has changed since.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is missing; the folder is incomplete, copy or download it again")
    try:
        saved = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # the tokenizers library raises bare Exceptions
        told = " ".join(str(error).split())[:120]
        raise ValueError(f"{folder}: no tokenizer that can be read ({told}); copy or download it again") from None
    for what, ours, theirs in (
        ("words", saved.get_vocab(), used.get_vocab()),
        ("chat template", saved.chat_template, used.chat_template),
        ("end token", saved.eos_token, used.eos_token),
    ):
        if ours != theirs:
            raise ValueError(
                f"{folder}: its {what} differ from those of {language_model}; the language model has changed since "
                "this model was saved, or a file of the tokenizer is missing"
            )


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
