"""The help of every command: nothing of a text is taken for markup, and what associators there are is said."""

from collections.abc import Iterator

import click
import pytest
import typer
from typer import rich_utils
from typer.testing import CliRunner

from smot_vlm.association.associators import ASSOCIATORS
from smot_vlm.cli.main import app


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


def squeezed(text: str) -> str:
    return "".join(text.replace("│", "").split())


@pytest.fixture
def help_of(monkeypatch):
    monkeypatch.setattr(rich_utils, "MAX_WIDTH", 4000)

    def shown(*path: str) -> str:
        return CliRunner().invoke(app, [*path, "--help"]).output

    return shown


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_text_loses_brackets(help_of, path):
    shown = squeezed(help_of(*path))
    for parameter in COMMANDS[path].params:
        text = getattr(parameter, "help", None)
        assert not text or squeezed(text.replace("\\[", "[")) in shown, text


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_default_is_shown(help_of, path):
    shown = squeezed(help_of(*path))
    for parameter in COMMANDS[path].params:
        default = parameter.default
        if isinstance(default, str | int | float) and not isinstance(default, bool) and default != "":
            assert f"[default:{squeezed(str(getattr(default, 'value', default)))}]" in shown, parameter.name


@pytest.mark.parametrize("command", ["describe", "predict", "watch"])
def test_every_associator_is_listed(help_of, command):
    (text,) = (each.help for each in COMMANDS[(command,)].params if each.name == "associator")
    listed = {word.strip("(,):") for part in text.split() for word in part.split(":")}
    assert set(ASSOCIATORS) <= listed
