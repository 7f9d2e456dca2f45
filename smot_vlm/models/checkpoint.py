"""A trained model as a folder: our weights as safetensors, the adapter in PEFT's own format, the base model by name.

    config.json         the configuration, the detector's architecture, and what the model says of itself
    model.safetensors   every weight but the base model's and its adapter's
    adapter/            LoRA, where the decoder has one (adapter_config.json, adapter_model.safetensors)
    tokenizer/          and whatever else the decoder saves, see CaptionDecoder.save_extras
    prompts/            the templates of its training
    README.md           the model card
    domain.safetensors  what the model learned from, where that was measured, see `Domain`
    place.safetensors   where videos take place, by their frames, where captions told that, see `PlaceReader`
    SHA256SUMS          the checksums of all that but the card, for `sha256sum --check` and for loading; may be missing

Nothing is unpickled. The folder has the layout of the Hugging Face hub.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import save_file
from torch import Tensor
from transformers import PreTrainedModel

from smot_vlm.config import Config, apply_overrides, config_from_dict, config_to_dict
from smot_vlm.formats.checked import record
from smot_vlm.formats.documents import read_json, reason, shown
from smot_vlm.models.build import build_model
from smot_vlm.models.card import ModelCard, model_card
from smot_vlm.models.checkpoint_checks import check_adapter_settings, check_prompts, check_sums
from smot_vlm.models.domain import DOMAIN_FILE, Domain
from smot_vlm.models.place import PLACE_FILE, PlaceReader
from smot_vlm.models.smot import SmotModel
from smot_vlm.models.tensor_files import check_tensors, read_tensors, to_disk
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.system.checksums import folder_sums, write_sums
from smot_vlm.system.files import atomic_folder, shipped_folder

CONFIG, WEIGHTS, ADAPTER, PROMPTS, CARD = (
    "config.json",
    "model.safetensors",
    "adapter",
    "prompts",
    "README.md",
)
ADAPTER_WEIGHTS = "adapter_model.safetensors"


def save_pretrained(
    model: SmotModel,
    config: Config,
    folder: Path | str,
    *,
    card: ModelCard | None = None,
    domain: Domain | None = None,
    places: PlaceReader | None = None,
    half: bool = False,
    overwrite: bool = False,
) -> None:
    """Write the model's folder.

    Args:
        model: what is saved.
        config: that it was built from.
        folder: to write.
        card: what the folder says of itself; None: what the model says.
        domain: what the model learned from; None: what it says.
        places: reads the place from its frames; None: the model's own reader, if it has one.
        half: floats as float16, for shipping; without it a round trip is exact to the bit.
        overwrite: replace an existing folder.

    Raises:
        FileExistsError: the folder exists, is not empty and `overwrite` is false.
    """
    with atomic_folder(Path(folder), overwrite) as temporary:
        card, domain, places = card or model.card, domain or model.domain, places or model.places
        content = {**config_to_dict(config), "architecture": model.detector.architecture, "card": asdict(card)}
        (temporary / CONFIG).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        save_file(to_disk(own_state(model), half), temporary / WEIGHTS, metadata={"format": "pt"})
        for adapter in _adapters(model).values():
            _save_adapter(adapter, config.decoder.base_model, temporary / ADAPTER, half)
        model.decoder.save_extras(temporary)
        shutil.copytree(model.prompts.folder or shipped_folder("prompts"), temporary / PROMPTS)
        if domain is not None:
            domain.save(temporary)
        if places is not None:
            places.save(temporary)
        write_sums(temporary, folder_sums(temporary))
        (temporary / CARD).write_text(model_card(config, card), encoding="utf-8")


def load_pretrained(folder: Path | str, overrides: Sequence[str] = ()) -> tuple[SmotModel, Config]:
    """Load a model's folder.

    Args:
        folder: written by `save_pretrained`.
        overrides: of the configuration, such as "decoder.lora_lm.quantization=null" to use an adapter that was trained
            on a 4-bit base with the full one.

    Returns:
        The model on the CPU in evaluation mode, and its configuration.

    Raises:
        FileNotFoundError: the folder or one of its files is missing.
        ValueError: a file cannot be read, or its tensors are not the model's; the message names them.
    """
    folder = Path(folder)
    config, architecture, card = _read_config(folder, overrides)
    model = _build(folder, config, architecture)
    check_prompts(model.prompts)
    load_own_state(model, read_tensors(folder / WEIGHTS), str(folder / WEIGHTS))
    for adapter in _adapters(model).values():
        check_adapter_settings(folder / ADAPTER, adapter)
        path = folder / ADAPTER / ADAPTER_WEIGHTS
        _load_adapter(adapter, read_tensors(path), str(path))
    model.decoder.check_extras(folder)
    check_sums(folder)
    model.card, model.domain, model.places = card, Domain.load(folder), PlaceReader.load(folder)
    _check_statistics(model, folder)
    model.trained = True
    return model.eval(), config


def read_weights(folder: Path, model: SmotModel) -> dict[str, Tensor]:
    """Read the weights of a model's folder for another model to start from.

    Args:
        folder: written by `save_pretrained`.
        model: whose adapter's names the folder's adapter gets.

    Returns:
        Tensors by their names in the state_dict of a model of the folder's configuration, in whatever type they are stored.

    Raises:
        FileNotFoundError: one of its files is missing.
        ValueError: a file cannot be read, or is damaged.
    """
    weights = read_tensors(folder / WEIGHTS)
    for name, adapter in _adapters(model).items():
        if (folder / ADAPTER).is_dir():
            saved = {key.replace(f".{adapter.active_adapter}", ""): key for key in adapter.state_dict()}
            found = read_tensors(folder / ADAPTER / ADAPTER_WEIGHTS)
            weights |= {f"{name}.{saved.get(key, key)}": tensor for key, tensor in found.items()}
    check_sums(folder)
    return weights


def _check_statistics(model: SmotModel, folder: Path) -> None:
    """Raise where what judges or reads frames was fitted to another model's statistics."""
    expected = 2 * sum(model.detector.channels)  # mean and deviation of each channel
    frames = None if model.domain is None else model.domain.frames
    for name, fitted in ((DOMAIN_FILE, frames), (PLACE_FILE, model.places)):
        if fitted is not None and fitted.mean.size != expected:
            raise ValueError(
                f"{folder / name}: fitted to {fitted.mean.size} features of a frame, the model has {expected}; "
                "copy or download the folder again"
            )


def own_state(model: SmotModel) -> dict[str, Tensor]:
    """Every tensor of the model but the base language model's and its adapter's.

    Args:
        model: any.

    Returns:
        By name in the model's state_dict.
    """
    foreign = tuple(
        f"{name}." for name, module in model.named_modules() if isinstance(module, (PeftModel, PreTrainedModel))
    )
    return {name: tensor for name, tensor in model.state_dict().items() if not name.startswith(foreign)}


def load_own_state(model: SmotModel, tensors: dict[str, Tensor], source: str) -> None:
    """Put tensors into the model.

    Args:
        model: changed in place.
        tensors: exactly those of `own_state`, in any float type.
        source: named in errors.

    Raises:
        ValueError: tensors are missing, extra or of another shape; the message names them.
    """
    check_tensors(own_state(model), tensors, source)
    model.load_state_dict(tensors, strict=False)


def _read_config(folder: Path, overrides: Sequence[str] = ()) -> tuple[Config, dict[str, Any], ModelCard]:
    path = folder / CONFIG
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; a model's folder has {CONFIG}, {WEIGHTS} and {PROMPTS}/")
    try:
        content = read_json(path)
        if not isinstance(content, dict):
            raise ValueError(f"it is {shown(content)}; it takes keys and values")
        settings = {key: value for key, value in content.items() if key not in ("architecture", "card")}
        if "architecture" in content:
            config = config_from_dict(apply_overrides(settings, overrides))
            return config, content["architecture"], record(ModelCard, content.get("card", {}), whole="card")
    except ValueError as error:
        raise ValueError(f"{path}: not a model's configuration ({str(error).removeprefix(f'{path}: ')})") from None
    raise ValueError(f"{path}: no key architecture; this is another tool's model, or save it anew with save_pretrained")


def _build(folder: Path, config: Config, architecture: dict[str, Any]) -> SmotModel:
    try:
        return build_model(config, architecture=architecture, prompts=Prompts(folder / PROMPTS), name_verbs=False)
    except (ValueError, OSError, ImportError):
        raise
    except Exception as error:  # layers that do not fit each other fail in torch's and ultralytics' many ways
        raise ValueError(
            f"{folder / CONFIG}: no model can be built from it ({type(error).__name__}: {reason(error)}); "
            "copy or download it again"
        ) from error


def _save_adapter(adapter: PeftModel, base: str | None, folder: Path, half: bool) -> None:
    folder.mkdir()
    adapter.peft_config["default"].base_model_name_or_path = base
    adapter.peft_config["default"].save_pretrained(str(folder))
    state = get_peft_model_state_dict(adapter, save_embedding_layers=False)
    save_file(to_disk(state, half), folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})


def _load_adapter(adapter: PeftModel, tensors: dict[str, Tensor], source: str) -> None:
    check_tensors(get_peft_model_state_dict(adapter, save_embedding_layers=False), tensors, source)
    set_peft_model_state_dict(adapter, tensors)


def _adapters(model: SmotModel) -> dict[str, PeftModel]:
    """Language models with an adapter, by their name in the model."""
    return {name: module for name, module in model.named_modules() if isinstance(module, PeftModel)}
