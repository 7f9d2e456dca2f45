"""The container's files name commands, options, extras and files that are there. Docker itself is not run."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".github" / "docker"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())


def commands() -> list[list[str]]:
    """What is run of smot-vlm: by default, and by each service."""
    (default,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.M)
    own = [service["command"] for service in COMPOSE["services"].values() if "build" in service]
    return [yaml.safe_load(default), *own]


@pytest.mark.parametrize("command", commands(), ids=lambda command: command[0])
def test_every_command_and_option_is_there(command):
    from typer.main import get_command

    from smot_vlm.cli.main import app

    known = get_command(app).commands[command[0]]
    options = {name for parameter in known.params for name in (*parameter.opts, *parameter.secondary_opts)}
    asked = {word for word in command if word.startswith("--")}
    assert asked
    assert asked <= options


def test_the_image_is_of_files_and_extras_that_are_there():
    copied = re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.M)
    assert copied
    assert all((ROOT / name).exists() for line in copied for name in line.split())
    (extras,) = re.findall(r'pip install "\.\[(.*)\]"', DOCKERFILE)
    stated = (ROOT / "pyproject.toml").read_text().partition("[project.optional-dependencies]")[2]
    assert all(re.search(rf"^{extra} = \[", stated, re.M) for extra in extras.split(","))


def test_it_does_not_run_as_root_and_is_asked_how_it_is():
    lines = DOCKERFILE.splitlines()
    user = next(row for row, line in enumerate(lines) if line.startswith("USER "))
    assert lines[user] != "USER root"
    assert not any(line.startswith(("RUN", "COPY", "ADD")) for line in lines[user:])
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    assert "/health" in DOCKERFILE


def test_ports_fit_each_other():
    watch = COMPOSE["services"]["watch"]
    port = watch["command"][watch["command"].index("--metrics-port") + 1]
    scraped = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())["scrape_configs"][0]["static_configs"]
    assert scraped == [{"targets": [f"watch:{port}"]}]
    assert watch["environment"]["HEALTH_PORT"] == port
