"""The README keeps its word: it is short, its Python runs, its commands and files exist, its reader's path is short too."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

REPO = Path(__file__).parent.parent
README = (REPO / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_there_are_snippets():
    assert SNIPPETS


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_snippets_run(snippet, tmp_path, monkeypatch):
    """In a folder where match.mp4 and mot.txt are the bundled clip and its boxes."""
    shutil.copy(REPO / "smot_vlm/assets/demo.mp4", tmp_path / "match.mp4")
    shutil.copy(REPO / "smot_vlm/assets/demo_tracks.txt", tmp_path / "mot.txt")
    monkeypatch.chdir(tmp_path)
    exec(compile(snippet, "README.md", "exec"), {"__name__": "readme"})


def test_every_command_of_the_readme_exists():
    from typer.main import get_command

    from smot_vlm.cli.main import app

    commands = get_command(app).commands
    for words in re.findall(r"^\s*smot-vlm ([a-z]+)(?: ([a-z]+))?", README, flags=re.MULTILINE):
        assert words[0] in commands, words
        inner = getattr(commands[words[0]], "commands", None)
        if inner is not None and words[1]:
            assert words[1] in inner, words


def test_pictures_of_the_readme_are_there():
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (REPO / path).is_file(), path


def test_it_is_at_most_250_lines():
    assert len(README.splitlines()) <= 250


def readers_path() -> list[Path]:
    listed = README.split("<!-- path: start -->")[1].split("<!-- path: end -->")[0]
    return [REPO / path for path in re.findall(r"^\d+\. `([^`]+)`", listed, flags=re.MULTILINE)]


def test_the_readers_path_is_at_most_1500_lines():
    files = readers_path()
    assert len(files) >= 6
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files) <= 1500


def test_links_and_folders_of_the_readme_are_there():
    links = [path for path in re.findall(r"\]\(([^)]+)\)", README) if "://" not in path and not path.startswith("#")]
    rows = re.findall(r"^\| (`smot_vlm/[^|]+) \|", README, flags=re.MULTILINE)
    first = [re.findall(r"`(smot_vlm/[^`]+)`", row)[0] for row in rows]
    assert links
    assert rows
    for path in [*links, *first]:
        assert (REPO / path).exists(), path


def commands() -> list[str]:
    return re.findall(r"^smot-vlm .*$", README, flags=re.MULTILINE)


@pytest.mark.parametrize("command", commands())
def test_every_line_of_the_command_is_valid_usage(command):
    """Parsed by the real command: an option that is not there, or a missing argument, is wrong usage."""
    import click
    from typer.main import get_command

    from smot_vlm.cli.main import app

    words = shlex.split(command)[1:]
    group, context = get_command(app), None
    while isinstance(group, click.Group):
        context = click.Context(group, parent=context, info_name=words[0])
        group, words = group.commands[words[0]], words[1:]
    group.make_context(group.name, words, parent=context, resilient_parsing=False)


def test_every_config_of_the_readme_is_there():
    names = re.findall(r"--config (\S+)", README)
    assert names
    assert all((REPO / name).is_file() for name in names)
