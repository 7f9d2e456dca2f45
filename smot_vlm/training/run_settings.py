"""What a run was started with, and whether another start of it means the same training."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from smot_vlm.config import Config, config_from_dict, config_to_dict
from smot_vlm.formats.documents import read_json
from smot_vlm.system.files import write_text

SETTINGS_FILE = "config.json"
# A run may go on with another value of these: they change its length, its speed, what is told of it, and how the model is
# used afterwards, but not what its weights are.
MAY_CHANGE = frozenset(
    {
        "training.steps",
        "training.workers",
        "training.prefetch_mb",
        "training.logger",
        "training.log_every",
        "training.checkpoint_every",
        "training.keep",
        "training.validate_every",
        "training.domain_sequences",
        "training.domain",
        "training.compile",
        "training.skip_limit",
        "training.patience",
        "training.project",
        "training.log_clips",
        "training.hub",
        "training.hub_private",
        "decoder.max_batch",
        "decoder.compose_video_caption",
        "decoder.add_deeds_from",
        "decoder.add_seen_deeds",
    }
)
MAY_CHANGE_SECTIONS = ("decoder.generation.", "decoder.server.")


def write_settings(config: Config, folder: Path) -> None:
    """Write SETTINGS_FILE.

    Args:
        config: Of the training.
        folder: Of the run.
    """
    write_text(folder / SETTINGS_FILE, json.dumps(config_to_dict(config), indent=2) + "\n")


def check_settings(config: Config, folder: Path) -> None:
    """Make sure that a run goes on with the settings that it began with.

    Args:
        config: Given now.
        folder: Of the run; one without SETTINGS_FILE is taken as it is.

    Raises:
        ValueError: A setting differs that may not, or SETTINGS_FILE cannot be read.
    """
    path = folder / SETTINGS_FILE
    if not path.is_file():
        return
    try:
        content = read_json(path)
        before = config_from_dict(content)
    except ValueError as error:
        reason = str(error).removeprefix(f"{path}: ")
        raise ValueError(f"{path}: {reason}; `--resume force` goes on without it") from None
    different = differences(config_to_dict(before), config_to_dict(config))
    if different:
        told = "; ".join(f"{key} was {was!r} and is {now!r}" for key, (was, now) in different.items())
        raise ValueError(
            f"{folder} is a training with other settings: {told}; give these back, or another --out, or `--resume force` to "
            "go on with the new ones"
        )


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs and may not.

    Args:
        before: Nested settings.
        now: Others.

    Returns:
        Both values by dotted key.
    """
    old, new = flat_settings(before), flat_settings(now)
    return {
        key: (old.get(key), new.get(key))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key) and not may_change(key)
    }


def may_change(key: str) -> bool:
    """Whether a run may go on with another value.

    Args:
        key: Dotted.

    Returns:
        True for what changes no weight.
    """
    return key in MAY_CHANGE or key.startswith(MAY_CHANGE_SECTIONS)


def flat_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings by dotted key.

    Args:
        settings: Nested.

    Returns:
        Lists as tuples.
    """
    return dict(_flatten(settings, ""))


def _flatten(content: Mapping[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{place}{key}.")
        else:
            yield place + key, tuple(value) if isinstance(value, list) else value
