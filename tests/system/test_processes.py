"""Work shared by processes: alone, in parts, and by two real processes over one split."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from smot_vlm.system.processes import ALONE, Processes, current_processes

REPO = Path(__file__).parents[2]


def test_a_program_started_alone_is_one_process(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert current_processes() is ALONE
    assert ALONE.is_first
    assert ALONE.share([1, 2, 3]) == [1, 2, 3]
    assert ALONE.gather(["all"]) == ["all"]
    ALONE.wait()


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_parts_are_the_whole(count):
    parts = [Processes(index, count).share(range(5)) for index in range(count)]
    assert sorted(item for part in parts for item in part) == list(range(5))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.subprocess
def test_two_processes_share_a_split(tmp_path):
    """Each describes what the other does not, one of them speaks, and a run that goes on shares what is left."""
    names = [f"park/{letter}" for letter in "abcde"]
    for name in names:
        folder = tmp_path / "data/test" / name
        (folder / "imgs").mkdir(parents=True)
        (folder / "gt").mkdir()
        for number in (1, 2):
            cv2.imwrite(str(folder / f"imgs/{number:03d}.jpg"), np.zeros((32, 32, 3), np.uint8))
        (folder / "gt/gt.txt").write_text("1,1,4,4,8,8,1\n2,1,4,4,8,8,1\n")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command += ["-m", "smot_vlm.cli.main", "predict", "data", "--out", "run", "--model", "tracks-only"]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPO)}
    done = subprocess.run(
        [*command, "--detections", "gt"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["run: 5 of 5 sequences described"], "once, and for both"
    for name in names:
        tracks = json.loads((tmp_path / "run" / name / "description.json").read_text())["tracks"]
        assert [track["frames"] for track in tracks] == [[0, 1]]
