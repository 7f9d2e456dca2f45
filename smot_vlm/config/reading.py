"""Reading a configuration: YAML over the defaults, then dotted overrides. An unknown key is an error that names the valid ones."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from smot_vlm.config.schema import Config
from smot_vlm.formats.checked import record
from smot_vlm.formats.documents import parse_yaml, read_yaml, shown


def load_config(path: Path | str, overrides: Sequence[str] = ()) -> Config:
    """Read a YAML file over the defaults, then apply overrides such as `decoder.max_new_tokens=60`.

    Args:
        path: of the file.
        overrides: key.subkey=value.

    Returns:
        The configuration.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not YAML, an unknown key, or a value of the wrong kind.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such config; the configs that ship are in configs/")
    content = read_yaml(path)
    try:
        return config_from_dict(apply_overrides({} if content is None else content, overrides))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def config_from_dict(content: dict[str, Any]) -> Config:
    """A Config from nested dicts.

    Args:
        content: of YAML or config.json; what is absent keeps its default.

    Returns:
        The configuration.

    Raises:
        ValueError: an unknown key, or a value of the wrong kind.
    """
    return record(Config, content, whole="the config", text_numbers=True)


def config_to_dict(config: Config) -> dict[str, Any]:
    """The inverse of `config_from_dict`.

    Args:
        config: any.

    Returns:
        Nested dicts.
    """
    return asdict(config)


def apply_overrides(content: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Apply overrides to nested dicts.

    Args:
        content: left unchanged.
        overrides: key.subkey=value; values are read as YAML (2, 0.5, true, null, text).

    Returns:
        A copy.

    Raises:
        ValueError: an override of another form, or below a value.
    """
    if overrides and not isinstance(content, dict):
        raise ValueError(f"the config is {shown(content)}; give keys and values")
    result = dict(content) if overrides else content
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals or not key:
            raise ValueError(f"override {override!r}; write key.subkey=value")
        *parents, last = key.split(".")
        section = result
        for parent in parents:
            below = section.get(parent, {})
            if not isinstance(below, dict):
                raise ValueError(f"override {override!r}: {parent} is a value and has no keys below it")
            section[parent] = dict(below)
            section = section[parent]
        try:
            section[last] = parse_yaml(value)
        except ValueError as error:
            raise ValueError(f"override {shown(override)}: {error}") from None
    return result
