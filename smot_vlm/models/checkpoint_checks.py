"""Checks of a model's folder at loading, not at the first caption: prompts, the adapter's settings, checksums."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from peft import PeftModel

from smot_vlm.formats.checked import Range, record
from smot_vlm.formats.documents import read_json
from smot_vlm.semantics.context import SceneContext
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.system.checksums import checksum, read_sums

ADAPTER_SETTINGS = "adapter_config.json"
READ_SETTINGS = ("r", "lora_alpha")
# A weight is never edited by hand; a prompt or a threshold may be.
NEVER_EDITED = ".safetensors"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AdapterSettings:
    """What is read of PEFT's adapter_config.json.

    Attributes:
        r: the rank.
        lora_alpha: the adapter's output is scaled by lora_alpha / r.
    """

    r: Annotated[int, Range(0, 2**16)]
    lora_alpha: Annotated[float, Range(0)]


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
        content = read_json(path)
        known = {key: content[key] for key in READ_SETTINGS if key in content} if isinstance(content, dict) else content
        settings = record(AdapterSettings, known)
    except ValueError as error:
        reason = str(error).removeprefix(f"{path}: ")
        raise ValueError(f"{path}: no settings of an adapter ({reason}); copy or download it again") from None
    expected = adapter.peft_config["default"].to_dict()
    found, configured = (settings.r, settings.lora_alpha), (expected["r"], expected["lora_alpha"])
    if found != configured:
        raise ValueError(
            f"{path}: rank and alpha are {found[0]:g} and {found[1]:g}, and {configured[0]} and {configured[1]} in "
            "the model's config.json; copy or download the folder again"
        )


def check_sums(folder: Path) -> None:
    """Hold the files of a model's folder against its SHA256SUMS, if it has one.

    Files that people edit (prompts, the configuration) are told, weights are refused.

    Args:
        folder: of the model.

    Raises:
        ValueError: weights that are not those that were saved, or the list of checksums is damaged.
    """
    for name, digest in read_sums(folder).items():
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ValueError(f"{folder}: its list of checksums names {name!r}, which is not in it")
        if path.is_file() and checksum(path) == digest:
            continue
        if path.suffix == NEVER_EDITED:
            raise ValueError(f"{path}: damaged, its checksum is not the saved one; copy or download it again")
        log.warning("%s: not as it was saved with the model (its checksum differs)", path)
