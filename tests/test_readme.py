"""Documents keep their word: they are short, their Python runs, and every command, file, link and key in them exists."""

import dataclasses
import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from smot_vlm.config import Config, load_config
from smot_vlm.training.terms import TERMS

REPO = Path(__file__).parent.parent
README = (REPO / "README.md").read_text(encoding="utf-8")
CARD = REPO / "smot_vlm/assets/models/demo/README.md"
DOCUMENTS = {
    path: path.read_text(encoding="utf-8")
    for path in (
        REPO / "README.md",
        REPO / ".github/CONTRIBUTING.md",
        REPO / "smot_vlm/bench/README.md",
        REPO / "smot_vlm/reproduction/README.md",
        CARD,
    )
}
PYTHON = re.compile(r"```python\n(.*?)```", flags=re.DOTALL)
CODE = re.compile(r"```[a-z]*\n(.*?)```|`([^`\n]+(?:\n[^`\n]+)?)`", flags=re.DOTALL)


def code(text: str) -> list[str]:
    """Each line of code blocks, and each piece of code in a sentence."""
    found = []
    for block, inline in CODE.findall(text):
        found += block.splitlines() if block else [" ".join(inline.split())]
    return [line.strip() for line in found]


EVERY_LINE = sorted({line for text in DOCUMENTS.values() for line in code(text)})
# Whole commands: those with a choice (a|b), an optional part or dots are descriptions of commands.
COMMANDS = [line for line in EVERY_LINE if re.match(r"smot-vlm [a-z]+ [^|\[]+$", line) and "..." not in line]
TRAININGS = [line for line in EVERY_LINE if "scripts/train.py --config" in line]
SCRIPTS = [line for line in EVERY_LINE if "scripts/" in line and " " in line]


def test_there_is_something_to_check():
    assert len(PYTHON.findall(README)) >= 2
    assert len(COMMANDS) >= 15
    assert len(TRAININGS) >= 3
    assert len(SCRIPTS) >= 6


def test_the_readme_has_at_most_250_lines():
    assert len(README.splitlines()) <= 250


@pytest.mark.shipped
@pytest.mark.parametrize("snippet", PYTHON.findall(README), ids=range(len(PYTHON.findall(README))))
def test_snippets_run(snippet, tmp_path, monkeypatch):
    """In a folder where match.mp4 and mot.txt are the bundled clip and its boxes."""
    shutil.copy(REPO / "smot_vlm/assets/demo.mp4", tmp_path / "match.mp4")
    shutil.copy(REPO / "smot_vlm/assets/demo_tracks.txt", tmp_path / "mot.txt")
    monkeypatch.chdir(tmp_path)
    exec(compile(snippet, "README.md", "exec"), {"__name__": "readme"})


@pytest.mark.shipped
def test_the_snippet_of_the_model_card_runs(tmp_path, monkeypatch):
    """On the first frames of the bundled clip."""
    from smot_vlm.video.reader import open_video
    from smot_vlm.video.writer import VideoWriter

    with open_video(REPO / "smot_vlm/assets/demo.mp4", max_frames=8) as video:
        frames = list(video)
    with VideoWriter(tmp_path / "video.mp4", 2.0, frames[0].width, frames[0].height) as writer:
        for frame in frames:
            writer.write(frame.image)
    (snippet,) = PYTHON.findall(DOCUMENTS[CARD])
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "card"}
    exec(compile(snippet.replace("PATH OF THIS FOLDER", str(CARD.parent)), "card", "exec"), names)
    assert names["description"].video.frames == 8
    assert names["description"].caption


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_valid_usage(command):
    """Parsed by the real command: an option that is not there, or a missing argument, is wrong usage.

    The name of a command alone, or with --help, may stand for it.
    """
    from typer.main import get_command

    from smot_vlm.cli.main import app

    words = shlex.split(command, comments=True)[1:]
    group = get_command(app)
    while hasattr(group, "commands"):
        assert words[0] in group.commands, words[0]
        group, words = group.commands[words[0]], words[1:]
    if words not in ([], ["--help"]):
        group.make_context(group.name, words)


def test_every_option_named_alone_belongs_to_a_command_or_a_script():
    sources = [*(REPO / "scripts").glob("*.py"), *(REPO / "smot_vlm/cli").glob("*.py")]
    texts = [source.read_text(encoding="utf-8") for source in sources]
    named = {line.split()[0] for line in EVERY_LINE if line.startswith("--")}
    assert len(named) >= 8
    for option in named:
        parameter = rf"^    {option[2:].replace('-', '_')}: "
        assert any(f'"{option}"' in text or re.search(parameter, text, flags=re.MULTILINE) for text in texts), option


@pytest.mark.parametrize("command", TRAININGS)
def test_every_training_has_a_config_and_valid_overrides(command):
    words = shlex.split(command)
    load_config(REPO / words[words.index("--config") + 1], [word for word in words if re.match(r"[a-z]+\.\w+=", word)])


@pytest.mark.parametrize("command", SCRIPTS)
def test_every_script_and_its_options_are_there(command):
    """Options are those of the script's own parser, in its source."""
    words = shlex.split(command, comments=True)
    (place,) = (index for index, word in enumerate(words) if word.startswith("scripts/"))
    source = (REPO / words[place]).read_text(encoding="utf-8")
    for option in (word for word in words[place:] if word.startswith("--")):
        assert f'"{option}"' in source, option


def test_every_make_target_and_extra_is_there():
    targets = re.findall(r"^(\w+):", (REPO / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = {match for line in EVERY_LINE for match in re.findall(r"^make (\w+)", line)}
    assert {"demo", "test", "quick", "docs", "lint"} <= named
    assert named <= set(targets), named - set(targets)
    project = (REPO / "pyproject.toml").read_text(encoding="utf-8")
    extras = re.findall(
        r"^(\w+) = \[", project.split("[project.optional-dependencies]")[1].split("\n[")[0], re.MULTILINE
    )
    wanted = {name for line in EVERY_LINE for match in re.findall(r"\.\[([\w,]+)\]", line) for name in match.split(",")}
    assert wanted
    assert wanted <= set(extras), wanted - set(extras)


@pytest.mark.slow
def test_the_api_reference_has_a_page_for_every_module(tmp_path):
    script = [sys.executable, str(REPO / "scripts/api_reference.py"), str(tmp_path)]
    subprocess.run(script, check=True, env={**os.environ, "PYTHONPATH": str(REPO)})
    modules = [path.relative_to(REPO).with_suffix("") for path in (REPO / "smot_vlm").rglob("*.py")]
    pages = {(path.parent if path.name == "__init__" else path).with_suffix(".html") for path in modules}
    assert pages <= {path.relative_to(tmp_path) for path in tmp_path.rglob("*.html")}
    assert "from_pretrained" in (tmp_path / "smot_vlm.html").read_text(encoding="utf-8")


def keys(record: object, prefix: str = "") -> set[str]:
    """Every key of a configuration, with its sections' names before it."""
    found = set()
    for entry in dataclasses.fields(record):
        value = getattr(record, entry.name)
        found |= {prefix + entry.name}
        found |= keys(value, f"{prefix}{entry.name}.") if dataclasses.is_dataclass(value) else set()
    return found


def test_every_key_of_the_configuration_is_there():
    valid = keys(Config()) | {f"training.weights.{name}" for name in (*TERMS, "NAME")}
    sections = {entry.name for entry in dataclasses.fields(Config)}
    named = {
        word
        for line in EVERY_LINE
        for word in re.findall(r"(?<![\w./])([a-z]+\.[a-z_]+(?:\.\w+)?)(?![\w./(])", line)
        if word.split(".")[0] in sections and word.split(".")[1] not in ("py", "md", "yaml", "png")
    }
    assert "training.weights.frame_grounding" in named
    assert named <= valid, named - valid


def test_links_and_pictures_are_there():
    links = 0
    for document, text in DOCUMENTS.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" not in target:
                path, _, heading = target.partition("#")
                assert (document.parent / path).exists(), f"{document}: {target}"
                headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
                assert not heading or heading in [title.lower().replace(" ", "-") for title in headings], target
                links += 1
    assert links >= 10


def test_files_and_folders_named_in_code_are_there():
    """Paths are written from the repository's root or from the package's."""
    named = {word for line in EVERY_LINE for word in re.findall(r"^(?:[\w.]+/)+[\w.]*$", line)}
    elsewhere = ("build/", "runs/", "demo-output/", "owner/")
    missing = [
        path
        for path in named
        if not path.startswith(elsewhere) and not any((root / path).exists() for root in (REPO, REPO / "smot_vlm"))
    ]
    assert len(named) > 20
    assert not missing


def test_tables_to_extend_are_where_the_documents_say():
    found = 0
    for text in DOCUMENTS.values():
        for name, path in re.findall(r"`([A-Z_]+)` (?:in |\()`([\w/]+\.py)`", text):
            file = next(root / path for root in (REPO, REPO / "smot_vlm") if (root / path).is_file())
            assert re.search(rf"^{name}\b.* = ", file.read_text(encoding="utf-8"), flags=re.MULTILINE), (name, path)
            found += 1
    assert found >= 10


def readers_path() -> list[Path]:
    listed = README.split("<!-- path: start -->")[1].split("<!-- path: end -->")[0]
    numbered = re.findall(r"^(\d+)\. `([^`]+)`", listed, flags=re.MULTILINE)
    assert [int(number) for number, _ in numbered] == list(range(1, len(numbered) + 1))
    return [REPO / path for _, path in numbered]


def test_the_readers_path_is_at_most_1500_lines():
    files = readers_path()
    assert len(files) == len(set(files)) >= 6
    lengths = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert sum(lengths.values()) <= 1500, lengths


def test_every_package_is_in_the_table_of_folders():
    rows = re.findall(r"^\| (`smot_vlm/[^|]+) \|", README, flags=re.MULTILINE)
    named = [path for row in rows for path in re.findall(r"`(smot_vlm/[^`]+)`", row)]
    packages = {path.parent.name for path in (REPO / "smot_vlm").glob("*/__init__.py")}
    assert {Path(path).name for path in named if not path.endswith(".py")} == packages


def test_continuous_integration_runs_every_version_that_the_package_names():
    workflow = yaml.safe_load((REPO / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    versions = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    project = (REPO / "pyproject.toml").read_text(encoding="utf-8")
    assert versions == re.findall(r"Python :: (3\.\d+)", project)
    assert f'requires-python = ">={versions[0]}"' in project
    assert all(int(later.split(".")[1]) == int(earlier.split(".")[1]) + 1 for earlier, later in pairwise(versions))


def test_the_changelog_names_keys_and_classes_that_are_there():
    """The right column of its table of new names."""
    changelog = (REPO / ".github/CHANGELOG.md").read_text(encoding="utf-8")
    after = " ".join(re.findall(r"^\| .* \| (.*) \|$", changelog, flags=re.MULTILINE))
    valid = keys(Config()) | {f"training.weights.{name}" for name in TERMS}
    named = [word for word in re.findall(r"`([\w.]+)`", after) if word.split(".")[0] in ("training", "decoder")]
    assert len(named) >= 8
    assert set(named) <= valid, set(named) - valid
