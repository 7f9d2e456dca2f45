"""Reading a configuration: YAML over the defaults, then dotted overrides. An unknown key is an error that names the valid ones."""

import types
import typing
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, Union

import yaml

from smot_vlm.config.schema import Config

Section = TypeVar("Section")


def load_config(path: Path | str, overrides: typing.Sequence[str] = ()) -> Config:
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
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    try:
        return config_from_dict(apply_overrides(content, overrides))
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
    return _section(Config, content, "")


def config_to_dict(config: Config) -> dict[str, Any]:
    """The inverse of `config_from_dict`.

    Args:
        config: any.

    Returns:
        Nested dicts.
    """
    return asdict(config)


def apply_overrides(content: dict[str, Any], overrides: typing.Sequence[str]) -> dict[str, Any]:
    """Apply overrides to nested dicts.

    Args:
        content: left unchanged.
        overrides: key.subkey=value; values are read as YAML (2, 0.5, true, null, text).

    Returns:
        A copy.

    Raises:
        ValueError: an override of another form, or below a value.
    """
    result: dict[str, Any] = _copy(content)
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals or not key:
            raise ValueError(f"override {override!r}; write key.subkey=value")
        *parents, last = key.split(".")
        section = result
        for parent in parents:
            section = section.setdefault(parent, {})
            if not isinstance(section, dict):
                raise ValueError(f"override {override!r}: {parent} is a value and has no keys below it")
        section[last] = yaml.safe_load(value)
    return result


def _section(kind: type[Section], content: Any, prefix: str) -> Section:
    if not isinstance(content, dict):
        raise ValueError(f"{prefix.rstrip('.') or 'the config'} is {content!r}; give keys and values")
    hints = typing.get_type_hints(kind)
    valid = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]
    for key in content:
        if key not in valid:
            raise ValueError(f"unknown key {prefix}{key}; valid keys: {', '.join(prefix + name for name in valid)}")
    values = {key: _value(hints[key], value, prefix + key) for key, value in content.items()}
    return kind(**values)


def _value(kind: Any, value: Any, key: str) -> Any:
    if is_dataclass(kind):
        return _section(kind, value, key + ".")  # type: ignore[arg-type]
    if typing.get_origin(kind) is tuple and isinstance(value, list | tuple):
        return tuple(_value(typing.get_args(kind)[0], entry, key) for entry in value)
    if typing.get_origin(kind) is dict and isinstance(value, dict):
        entry_kind = typing.get_args(kind)[1]
        return {str(name): _value(entry_kind, entry, f"{key}.{name}") for name, entry in value.items()}
    allowed = typing.get_args(kind) if typing.get_origin(kind) in (Union, types.UnionType) else (kind,)
    if float in allowed and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # YAML 1.1 reads 5e-4 as text.
    if float in allowed and str not in allowed and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            pass
    if not any(isinstance(value, entry) and (entry is bool or not isinstance(value, bool)) for entry in allowed):
        names = " or ".join(getattr(entry, "__name__", str(entry)) for entry in allowed)
        raise ValueError(f"{key} is {value!r}; it takes {names}")
    return value


def _copy(content: Any) -> Any:
    return {key: _copy(value) for key, value in content.items()} if isinstance(content, dict) else content
