"""On a machine without a network the default commands end with a result, and none tries a connection."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import moving_squares

from smot_vlm.system.files import cache_folder
from smot_vlm.video.writer import VideoWriter

# Before anything else is imported: whatever is asked beyond this machine is refused, and written down.
PROGRAM = """
import ipaddress, json, socket, sys

tried = []

def refusing(function, address_of):
    def guarded(*given, **options):
        host = address_of(given)
        try:
            allowed = ipaddress.ip_address(host).is_loopback
        except ValueError:
            allowed = host in ("localhost", None, "")
        if not allowed:
            tried.append(str(host))
            raise OSError("no network here")
        return function(*given, **options)
    return guarded

def of_socket(given):
    return given[1][0] if isinstance(given[1], tuple) else None  # a path: another process of this machine

for name in ("connect", "connect_ex"):
    setattr(socket.socket, name, refusing(getattr(socket.socket, name), of_socket))
for name in ("getaddrinfo", "gethostbyname", "create_connection"):
    setattr(socket, name, refusing(
        getattr(socket, name), lambda given: given[0][0] if isinstance(given[0], tuple) else given[0]
    ))

from smot_vlm.cli.main import main

codes = []
for command in json.loads(sys.argv[1]):
    try:
        main(command)
    except SystemExit as end:
        codes.append(end.code)
print(json.dumps({"tried": tried, "codes": codes}))
"""


def run_all(folder: Path, commands: list[list[str]]) -> tuple[dict, str]:
    """(what was tried and how each command ended, standard error) of commands in one process without a network."""
    hidden = {"YOLO_OFFLINE", "HF_HUB_OFFLINE", "SMOT_VLM_OFFLINE", "TRANSFORMERS_OFFLINE"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"PYTHONPATH": str(Path(__file__).parents[2]), "HF_HOME": str(folder / "hf")}
    environment |= {"SMOT_VLM_CACHE": str(cache_folder("x").parent)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(commands)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.fixture
def clip(tmp_path) -> Path:
    video = moving_squares(8)
    with VideoWriter(tmp_path / "clip.mp4", 4.0, video.shape[2], video.shape[1]) as writer:
        for image in video:
            writer.write(image)
    return tmp_path / "clip.mp4"


@pytest.mark.subprocess
@pytest.mark.drawn
def test_commands_without_a_language_model(clip, tmp_path):
    commands = [
        ["models"],
        ["describe", "clip.mp4", "--model", "tracks-only"],
        ["data", "synth", "drawn", "--videos", "1", "--split", "test"],
        ["predict", "drawn", "--model", "tracks-only", "--out", "run"],
        ["evaluate", "--pred", "drawn", "--gt", "drawn"],
        ["describe", "clip.mp4", "--model", "zero-shot", "--out", "zero"],
    ]
    result, err = run_all(tmp_path, commands)
    assert result["tried"] == []
    assert result["codes"] == [0, 0, 0, 0, 0, 1], err
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert "`smot-vlm models get HuggingFaceTB/SmolVLM-256M-Instruct`" in line


@pytest.mark.subprocess
@pytest.mark.shipped
def test_commands_of_the_model_that_ships(clip, tmp_path):
    result, err = run_all(tmp_path, [["describe", "clip.mp4", "--model", "demo"]])
    assert result == {"tried": [], "codes": [0]}, err
