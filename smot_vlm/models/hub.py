"""Models by name from the Hugging Face hub: what `push_to_hub` pushed with its base model, or any vision-language model.

One rule for every part: what is missing is fetched only where the user named it (`--model owner/name` names that model
and the one it builds on; `smot-vlm models get NAME` any other). What costs least is checked first.
"""

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from smot_vlm.config import AssociationConfig, Config, config_from_dict, load_config
from smot_vlm.detection.pretrained import download_checkpoint, find_checkpoint
from smot_vlm.formats.documents import read_json
from smot_vlm.models.build import build_associator
from smot_vlm.models.detector_choice import check_choice
from smot_vlm.models.local_models import OWN, kind_of
from smot_vlm.semantics.hub import CONFIG, HubModel, ask, cached_folder, fetch, read_hub_name, weight_files
from smot_vlm.semantics.language_models import find_language_model
from smot_vlm.system.checksums import read_sums
from smot_vlm.system.files import shipped_folder
from smot_vlm.system.known_models import DETECTOR, KNOWN_MODELS, VISION_LANGUAGE

Say = Callable[[str], None]
ZERO_SHOT = "zero-shot"

logger = logging.getLogger(__name__)


def named_model(
    name: Path | str,
    overrides: Sequence[str] = (),
    *,
    detector: str = "auto",
    associator: str | None = None,
    say: Say = logger.warning,
) -> tuple[Path | str, list[str]]:
    """What `--model owner/name` stands for; a model that is whole in the cache is taken from there without a network.

    Args:
        name: owner/name[@revision] of the hub, or any other name of a model, which stays as it is.
        overrides: of the configuration.
        detector: as `Tracker` takes it; one that is missing is told before anything is fetched.
        associator: the same.
        say: told what is fetched, how large it is, and its licence.

    Returns:
        A folder, or for a vision-language model the configuration that asks it; with the overrides.

    Raises:
        OfflineError: it is not here, and the network is switched off.
        ConnectionError: the hub cannot be reached, or refuses.
        FileNotFoundError: no such model, detector or re-identification model.
        ValueError: a model of a kind that this program cannot use, an unknown detector or associator.
    """
    model = hub_model(name)
    if model is None:
        return _named_folder(name, overrides)
    check_choice(detector)
    if associator is not None:
        build_associator(associator, AssociationConfig(), fps=30.0)
    here = cached_folder(model)
    folder = here or fetch(model, small=True)
    kind = kind_of(folder)
    if kind == OWN:
        return _own_folder(model, folder, say), list(overrides)
    if kind is None:
        raise ValueError(
            f"{model} is neither a model of this program nor a vision-language model with a chat template; --model takes "
            "what `push_to_hub` pushed, SmolVLM, Qwen-VL, LLaVA and the like"
        )
    if detector == "model":
        find_checkpoint(load_config(shipped_folder("configs") / f"{ZERO_SHOT}.yaml", overrides).detector.weights)
    if here is None:
        folder = _fetch_whole(model, say)
    return _asked_by_zero_shot(str(folder) if model.revision else model.repository, overrides)


def hub_model(name: Path | str) -> HubModel | None:
    """The model of the hub that a user names.

    Args:
        name: of a model.

    Returns:
        None for a folder that is there, or would be in one that is there: `runs/mine` is no model of the hub then.
    """
    model = read_hub_name(name) if isinstance(name, str) else None
    return None if model is None or Path(model.repository).parent.exists() else model


def check_parts(config: Config, detector: str) -> None:
    """Make sure that the model which a configuration builds on is here; where it is not, a missing detector comes first.

    Args:
        config: of a model.
        detector: as `Tracker` takes it.

    Raises:
        FileNotFoundError: a part is missing; the message says how to get it.
    """
    if config.decoder.base_model is None:
        return
    try:
        find_language_model(config.decoder.base_model)
    except FileNotFoundError:
        if detector == "model" and config.model_type == ZERO_SHOT:
            find_checkpoint(config.detector.weights)
        raise


def get_model(name: str, say: Say) -> Path:
    """Fetch what is named, or what is new of it.

    Args:
        name: owner/name[@revision], a checkpoint that this program knows, or a model that ships: what that builds on.
        say: told what is fetched, how large it is, and its licence.

    Returns:
        The folder or file.

    Raises:
        OfflineError: the network is switched off.
        ConnectionError: it cannot be reached.
        FileNotFoundError: no such model.
    """
    known = KNOWN_MODELS.get(name)
    if known is not None and known.kind == DETECTOR:
        say(f"{name}: {known.kind}, about {known.megabytes} MB, licence {known.licence}")
        return download_checkpoint(name)
    config = shipped_folder("configs") / f"{name}.yaml"
    if Path(name).name == name and config.is_file():
        base = load_config(config).decoder.base_model
        if base is None:
            raise ValueError(f"{name} needs no other model; give it to --model as it is")
        say(f"{name} builds on {base}")
        return _get_base(base, say)
    model = read_hub_name(name)
    if model is None:
        raise ValueError(
            f"{name!r} is no name of a model; give owner/name of the hub or one that `smot-vlm models` lists"
        )
    offer = ask(model)
    say(f"{model}: {offer}")
    folder = fetch(model)
    return _own_folder(model, folder, say) if kind_of(folder) == OWN else folder


def _own_folder(model: HubModel, folder: Path, say: Say) -> Path:
    """The whole folder of a model of ours, with the model that it builds on: small files first."""
    if not _is_whole(folder):
        folder = _fetch_whole(model, say)
    settings = {key: value for key, value in read_json(folder / CONFIG).items() if key not in ("architecture", "card")}
    try:
        base = config_from_dict(settings).decoder.base_model
    except ValueError as error:
        raise ValueError(f"{folder / CONFIG}: not a model's configuration ({error})") from None
    if base is not None:
        _get_base(base, say)
    return folder


def _is_whole(folder: Path) -> bool:
    """Whether the weights are there, and every file that the folder's own list names."""
    return bool(weight_files(folder)) and all((folder / name).is_file() for name in read_sums(folder))


def _get_base(name: str, say: Say) -> Path:
    try:
        return find_language_model(name)
    except FileNotFoundError:
        model = read_hub_name(name)
        if model is None:
            raise
    return _fetch_whole(model, say)


def _fetch_whole(model: HubModel, say: Say) -> Path:
    say(f"fetching {model}: {ask(model)}")
    return fetch(model)


def _named_folder(name: Path | str, overrides: Sequence[str]) -> tuple[Path | str, list[str]]:
    """A path of the user's own may lead to a vision-language model too. Names without a slash are those that ship."""
    folder = Path(name)
    is_path = isinstance(name, Path) or folder.name != name
    try:
        if is_path and folder.is_dir() and kind_of(folder) == VISION_LANGUAGE:
            return _asked_by_zero_shot(str(folder), overrides)
    except (OSError, ValueError):
        logger.debug("%s has no configuration that can be read; loading it says why", folder)
    return name, list(overrides)


def _asked_by_zero_shot(language_model: str, overrides: Sequence[str]) -> tuple[str, list[str]]:
    return ZERO_SHOT, [f"decoder.vision_language.language_model={json.dumps(language_model)}", *overrides]
