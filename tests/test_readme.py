"""The README keeps its word: its Python runs, its tree is true, its commands exist."""

import re
import shutil
import subprocess
import sys
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


@pytest.mark.subprocess
def test_the_tree_is_true():
    script = [sys.executable, str(REPO / "scripts/readme_tree.py"), "--check"]
    assert subprocess.run(script, check=False).returncode == 0, "run: python scripts/readme_tree.py"


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
