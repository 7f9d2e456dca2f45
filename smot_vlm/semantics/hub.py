"""Models of the Hugging Face hub: their names, what the cache holds of them, and fetching them: data alone, never code.

Looking into the cache takes no network. `fetch` and `ask` do; models/hub.py calls them for what the user named.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from huggingface_hub import constants

from smot_vlm.formats.documents import read_json, reason, shown
from smot_vlm.system.known_models import size_words
from smot_vlm.system.offline import check_may_fetch

TIMEOUT_SECONDS = 5.0
# No Python, no pickles. SHA256SUMS is the list of a folder's checksums, *.model the vocabulary of SentencePiece.
WANTED_FILES = ["*.json", "*.safetensors", "*.jinja", "*.md", "*.txt", "SHA256SUMS", "*.model"]
# What tells of which kind a model is.
SMALL_FILES = ["*.json", "*.jinja"]
# The same weights once more, in forms that are not read.
LEFT_OUT = ["onnx/*", "openvino/*", "original/*", "consolidated*"]
CONFIG, WEIGHTS = "config.json", "model.safetensors"

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", flags=re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][\w./-]*", flags=re.ASCII)
_FILES = frozenset({".yaml", ".yml", ".pt", ".onnx", ".gguf"})


@dataclass(frozen=True)
class HubModel:
    """A model on the hub.

    Attributes:
        repository: owner/name.
        revision: a branch, a tag or a commit; None: the newest.
    """

    repository: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.repository}@{self.revision}" if self.revision else self.repository


@dataclass(frozen=True)
class Offer:
    """What the hub says of a model.

    Attributes:
        model: with the commit as its revision.
        bytes: of the files that would be fetched.
        licence: as its card states.
    """

    model: HubModel
    bytes: int
    licence: str

    def __str__(self) -> str:
        return f"{size_words(self.bytes / 1e6)}, licence {self.licence}"


def read_hub_name(text: str) -> HubModel | None:
    """Read owner/name, with @revision or without.

    Args:
        text: from the user, a configuration or a folder of a stranger.

    Returns:
        The model; None where the text has another form, such as a path.
    """
    name, at, revision = text.partition("@")
    if not _NAME.fullmatch(name) or Path(name).suffix in _FILES or ".." in text or "--" in name:
        return None
    if at and not _REVISION.fullmatch(revision):
        return None
    return HubModel(name, revision or None)


def cached_folder(model: HubModel) -> Path | None:
    """The folder of a model in the cache, if all of it is there.

    Args:
        model: of the hub.

    Returns:
        The folder; None where the model is not there, or a part of its weights is missing.
    """
    from huggingface_hub import try_to_load_from_cache

    try:
        path = try_to_load_from_cache(
            model.repository, CONFIG, cache_dir=constants.HF_HUB_CACHE, revision=model.revision
        )
    except (ValueError, OSError):
        return None
    folder = Path(path).parent if isinstance(path, str) else None
    return folder if folder is not None and weight_files(folder) else None


def weight_files(folder: Path) -> list[Path]:
    """The files with the weights of a model.

    Args:
        folder: with config.json.

    Returns:
        Every one; none where there are none, or one of them is missing.
    """
    whole = folder / WEIGHTS
    if whole.is_file():
        return [whole]
    try:
        index = read_json(folder / f"{WEIGHTS}.index.json")
        names = set(index["weight_map"].values())
        files = [folder / name for name in sorted(names) if Path(name).name == name]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []
    return files if len(files) == len(names) and all(file.is_file() for file in files) else []


def ask(model: HubModel) -> Offer:
    """What fetching a model would bring.

    Args:
        model: of the hub.

    Returns:
        Its size and licence.

    Raises:
        OfflineError: the network is switched off.
        ConnectionError: the hub cannot be reached, or refuses.
        FileNotFoundError: no such model, or it has no safetensors.
    """
    from huggingface_hub import HfApi

    check_may_fetch(str(model))
    with _answering(model):
        info = HfApi().model_info(
            model.repository, revision=model.revision, files_metadata=True, timeout=TIMEOUT_SECONDS
        )
    files = {file.rfilename: file.size or 0 for file in info.siblings or ()}
    wanted = [name for name in files if _matches(name, WANTED_FILES) and not _matches(name, LEFT_OUT)]
    if CONFIG not in wanted or not any(name.endswith(".safetensors") for name in wanted):
        raise FileNotFoundError(f"{model}: there is no {CONFIG} with safetensors on the hub; nothing else is loaded")
    licence = getattr(info.card_data, "license", None)
    return Offer(model, sum(files[name] for name in wanted), shown(licence)[1:-1] if licence else "not stated")


def fetch(model: HubModel, *, small: bool = False, patterns: list[str] | None = None) -> Path:
    """Fetch a model into the cache, or what is new of it.

    Args:
        model: of the hub.
        small: only its settings, without weights.
        patterns: of other files to fetch in place of the model's.

    Returns:
        The folder.

    Raises:
        OfflineError: the network is switched off.
        ConnectionError: the hub cannot be reached, or refuses.
        FileNotFoundError: no such model.
    """
    from huggingface_hub import snapshot_download

    check_may_fetch(str(model))
    with _answering(model), _bars_on_terminals():
        folder = snapshot_download(
            model.repository,
            revision=model.revision,
            cache_dir=constants.HF_HUB_CACHE,
            allow_patterns=patterns or (SMALL_FILES if small else WANTED_FILES),
            ignore_patterns=LEFT_OUT,
            etag_timeout=TIMEOUT_SECONDS,
        )
    return Path(folder)


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


@contextmanager
def _answering(model: HubModel) -> Iterator[None]:
    """Turn what the hub's library raises into one line."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        yield
    except GatedRepoError:
        raise ConnectionError(
            f"{model}: its owner lets only some people have it; ask on https://huggingface.co/{model.repository}, "
            "then run `hf auth login`"
        ) from None
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        missing = "revision" if isinstance(error, RevisionNotFoundError) else "model"
        raise FileNotFoundError(
            f"{model}: no such {missing} on the hub, or a private one (`hf auth login`); a folder of yours is given as "
            f"./{model.repository}"
        ) from None
    except Exception as error:  # connections fail in ways of httpx, requests and the system
        raise ConnectionError(
            f"{model}: the hub did not give it ({type(error).__name__}: {reason(error, 120)}); check the network, or copy "
            "the model's folder here and give that"
        ) from error


@contextmanager
def _bars_on_terminals() -> Iterator[None]:
    """Progress is for people: nothing is drawn into a file."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    stream: Any = sys.stderr
    hides = not stream.isatty() and not are_progress_bars_disabled()
    if hides:
        disable_progress_bars()
    try:
        yield
    finally:
        if hides:
            enable_progress_bars()
