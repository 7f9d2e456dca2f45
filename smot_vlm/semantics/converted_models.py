"""GGUF language models as safetensors: converted once and kept in the cache, one entry for each content.

An entry is named by the checksum of its GGUF file, so that every environment with the same file shares it. Its time of
modification is its last use; entries that nothing uses are removed.
"""

import json
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PretrainedConfig

from smot_vlm.formats.documents import read_json, reason
from smot_vlm.semantics.gguf_header import check_gguf
from smot_vlm.semantics.model_numbers import check_numbers
from smot_vlm.system.checksums import checksum
from smot_vlm.system.files import cache_folder, write_text

logger = logging.getLogger(__name__)

CACHE = "language-models"
# Checksums of GGUF files by path, with the size and time for which they hold.
INDEX = "index.json"
DAY = 86_400.0
UNUSED_DAYS = 30
LARGEST_CACHE = 8 * 2**30

# Entries by content, those of earlier versions (size and time), and what a killed conversion left. Nothing else is removed.
_ENTRY = re.compile(r"[^.].*-(?:[0-9a-f]{16}|\d+-\d+)|\.converting-.+|\.removed-.+")


def converted_model(gguf: Path) -> Path:
    """The folder in the cache that holds a GGUF file as float32 safetensors; made at its first use.

    Args:
        gguf: the file.

    Returns:
        The folder.

    Raises:
        OSError: the cache cannot be written, or has no room; the message names the variable that moves it.
        ValueError: the file holds no model that can be read.
    """
    cache = cache_folder(CACHE)
    key = _content_key(gguf, cache)
    folder = next((path for path in cache.glob(f"*-{key}") if (path / "config.json").is_file()), None)
    if folder is None:
        check_gguf(gguf)
        folder = cache / f"{gguf.stem}-{key}"
        weights = _weights_in(gguf)
        _check_place(cache, 4 * weights)
        logger.warning("converting %s to safetensors once, into %s", gguf.name, folder)
        _convert(gguf, folder, weights)
    with suppress(OSError):  # a cache that others fill may be read-only
        os.utime(folder)
    remove_unused(cache, folder)
    return folder


def remove_unused(cache: Path, used: Path) -> None:
    """Remove entries not used for UNUSED_DAYS, and beyond LARGEST_CACHE bytes the oldest not used for a day.

    Args:
        cache: the folder of the entries.
        used: an entry to keep.
    """
    with suppress(OSError):
        entries = [path for path in cache.iterdir() if path.is_dir() and _ENTRY.fullmatch(path.name) and path != used]
        entries.sort(key=lambda path: path.stat().st_mtime)
        total = sum(map(_size, [*entries, used]))
        for path in entries:
            days = (time.time() - path.stat().st_mtime) / DAY
            # A process that has just found an entry is about to read it.
            if days > UNUSED_DAYS or (days > 1 and (total > LARGEST_CACHE or path.name.startswith("."))):
                total -= _size(path)
                logger.info("removing %s, not used for %.0f days", path, days)
                # Renamed first: nobody takes what is half removed.
                gone = path if path.name.startswith(".") else path.rename(cache / f".removed-{path.name}")
                shutil.rmtree(gone, ignore_errors=True)


@contextmanager
def reading_model(place: Path, what: str) -> Iterator[None]:
    """Turn what libraries raise on a model that cannot be read into one line.

    Args:
        place: its file or folder.
        what: is being read, such as "a tokenizer".

    Yields:
        Nothing.

    Raises:
        ValueError: the block failed.
        ImportError: a library is not installed.
    """
    try:
        yield
    except ImportError:
        raise
    except Exception as error:  # transformers and tokenizers raise every kind, bare Exceptions too
        raise ValueError(
            f"{place}: {what} cannot be read from it ({reason(error)}); copy or download it again"
        ) from error


def _content_key(gguf: Path, cache: Path) -> str:
    """The beginning of the file's checksum, from the index where size and time are the known ones."""
    stamp, name = gguf.stat(), str(gguf.resolve())
    index = _read_index(cache)
    known = index.get(name)
    if known is None or known[:2] != [stamp.st_size, stamp.st_mtime_ns]:
        known = index[name] = [stamp.st_size, stamp.st_mtime_ns, checksum(gguf)]
        there = {path: entry for path, entry in index.items() if Path(path).is_file()}
        with suppress(OSError):
            write_text(cache / INDEX, json.dumps(there, indent=1) + "\n")
    return str(known[2])[:16]


def _read_index(cache: Path) -> dict[str, list[Any]]:
    """What a damaged index says is forgotten: it only saves time."""
    try:
        content = read_json(cache / INDEX)
    except (OSError, ValueError):
        return {}
    entries = content.items() if isinstance(content, dict) else ()
    return {
        path: entry
        for path, entry in entries
        if isinstance(entry, list) and len(entry) == 3 and re.fullmatch(r"[0-9a-f]{64}", str(entry[2]))
    }


def _check_place(cache: Path, needed: int) -> None:
    """Before seconds of converting: whether the result can be kept."""
    advice = "set SMOT_VLM_CACHE to a folder that can be written"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryDirectory(prefix=".converting-", dir=cache).cleanup()
    except OSError as error:
        raise type(error)(
            f"{cache}: the converted language model cannot be kept here ({error.strerror}); {advice}"
        ) from None
    free = shutil.disk_usage(cache).free
    if free < needed:
        raise OSError(
            f"{cache}: the converted language model takes {needed / 2**20:.0f} MB and {free / 2**20:.0f} are free; "
            f"make room, or {advice} and has it"
        )


def _weights_in(gguf: Path) -> int:
    from gguf import GGUFReader

    with reading_model(gguf, "a GGUF model"):
        return sum(int(tensor.n_elements) for tensor in GGUFReader(gguf).tensors)


def _check_config(config: PretrainedConfig, gguf: Path, weights: int) -> None:
    """The file's settings must not make another model than its weights: its missing weights would be random ones."""
    check_numbers(config.to_dict(), gguf)
    with reading_model(gguf, "a GGUF model"), torch.device("meta"):
        wanted = sum(weight.numel() for weight in AutoModelForCausalLM.from_config(config).parameters())
    if wanted > 1.01 * weights:
        raise ValueError(f"{gguf}: {weights} weights, and its settings ask for {wanted}; copy or download it again")


def _convert(gguf: Path, folder: Path, weights: int) -> None:
    source: dict[str, Any] = {
        "pretrained_model_name_or_path": str(gguf.parent),
        "gguf_file": gguf.name,
        "trust_remote_code": False,
    }
    with reading_model(gguf, "a GGUF model"):
        config = AutoConfig.from_pretrained(**source)
    _check_config(config, gguf, weights)
    with reading_model(gguf, "a GGUF model"):
        loaded = AutoModelForCausalLM.from_pretrained(**source)
        # The dequantised weights are plain ones; a model built anew has no trace of the quantised file.
        for entry in (config, loaded.config):
            if hasattr(entry, "quantization_config"):
                del entry.quantization_config
        model = AutoModelForCausalLM.from_config(config)
        model.load_state_dict(loaded.state_dict())
        model.generation_config = loaded.generation_config
        tokenizer = AutoTokenizer.from_pretrained(**source)
    with tempfile.TemporaryDirectory(prefix=".converting-", dir=folder.parent, ignore_cleanup_errors=True) as place:
        made = Path(place) / folder.name
        model.save_pretrained(made)
        tokenizer.save_pretrained(made)
        try:
            made.rename(folder)
        except OSError:
            # Another process was faster; what it made is the same.
            if not (folder / "config.json").is_file():
                raise


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
