"""Models of the Hugging Face cache that this program can use. No network, and no weights are read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import constants

from smot_vlm.config import load_config
from smot_vlm.formats.documents import read_json
from smot_vlm.semantics.hub import CONFIG, HubModel, cached_folder, read_hub_name, weight_files
from smot_vlm.system.files import shipped_folder
from smot_vlm.system.known_models import KNOWN_MODELS, VISION_LANGUAGE

OWN = "smot-vlm model"
# Any of these makes the pictures' processor; any of those writes the turns of a chat.
_PROCESSORS = ("preprocessor_config.json", "processor_config.json")
_CHAT_TEMPLATES = ("chat_template.jinja", "chat_template.json")


@dataclass(frozen=True)
class LocalModel:
    """A whole model in the cache.

    Attributes:
        name: owner/name.
        kind: OWN or one of those in system/known_models.py.
        folder: of its files.
        bytes: of its weights.
    """

    name: str
    kind: str
    folder: Path
    bytes: int


def find_local_vision_language_model() -> str | None:
    """A vision-language model that is whole on this machine, for `--model` and `decoder.vision_language.language_model`.

    Returns:
        owner/name: the one that configs/zero-shot.yaml names if it is there, else the smallest; None where there is none.
    """
    found = [model for model in cached_models() if model.kind == VISION_LANGUAGE]
    preferred = zero_shot_model()
    return min(found, key=lambda model: (model.name != preferred, model.bytes, model.name)).name if found else None


def zero_shot_model() -> str:
    """The vision-language model that configs/zero-shot.yaml names.

    Returns:
        Its name.
    """
    return load_config(shipped_folder("configs") / "zero-shot.yaml").decoder.vision_language.language_model


def cached_models() -> list[LocalModel]:
    """The models in the cache that are whole and of a kind that this program can use.

    Returns:
        By name.
    """
    return sorted(_cached(), key=lambda model: model.name)


def kind_of(folder: Path) -> str | None:
    """What a folder holds, told by its small files.

    Args:
        folder: with config.json.

    Returns:
        OWN or VISION_LANGUAGE; None for a model of another kind.

    Raises:
        FileNotFoundError, ValueError: no config.json, or not one that can be read.
    """
    content = read_json(folder / CONFIG)
    if not isinstance(content, dict):
        return None
    if "architecture" in content and "decoder" in content:
        return OWN
    return VISION_LANGUAGE if _has_chat(folder) and _is_vision_language(content) else None


def _cached() -> Iterator[LocalModel]:
    for place in Path(constants.HF_HUB_CACHE).glob("models--*--*"):
        name = place.name.removeprefix("models--").replace("--", "/", 1)
        if read_hub_name(name) is None:
            continue
        folder = cached_folder(HubModel(name))
        kind = _kind_or_none(folder, name) if folder is not None else None
        if folder is not None and kind is not None:
            yield LocalModel(name, kind, folder, sum(file.stat().st_size for file in weight_files(folder)))


def _kind_or_none(folder: Path, name: str) -> str | None:
    known = KNOWN_MODELS.get(name)
    if known is not None:
        return known.kind
    try:
        return kind_of(folder)
    except (OSError, ValueError):
        return None


def _is_vision_language(content: dict[str, Any]) -> bool:
    # Takes seconds where torch is not loaded yet.
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    kind = content.get("model_type")
    return isinstance(kind, str) and kind in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES


def _has_chat(folder: Path) -> bool:
    """Whether pictures and a chat can be turned into its input."""
    if not any((folder / name).is_file() for name in _PROCESSORS):
        return False
    if any((folder / name).is_file() for name in _CHAT_TEMPLATES):
        return True
    for name in ("tokenizer_config.json", "processor_config.json"):
        try:
            content = read_json(folder / name)
        except (OSError, ValueError):
            continue
        if isinstance(content, dict) and content.get("chat_template"):
            return True
    return False
