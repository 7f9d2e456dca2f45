"""What a killed run left is removed by the next one, what a living one needs is not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from smot_vlm.system import temporary
from smot_vlm.system.files import atomic_folder, atomic_path, write_text
from smot_vlm.system.temporary import others_at_work, remove_left_behind, temporary_folder, try_lock

REPO = Path(__file__).parents[2]
HOLDER = """
import sys, time
from pathlib import Path
from smot_vlm.system.temporary import temporary_folder
with temporary_folder(Path(sys.argv[1]), "work") as folder:
    (folder / "half.mp4").write_bytes(b"x" * 1000)
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process with a temporary folder in tmp_path."""
    environment = {**os.environ, "PYTHONPATH": str(REPO)}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture(autouse=True)
def a_new_process(monkeypatch):
    """Nothing has been cleaned yet."""
    monkeypatch.setattr(temporary, "_cleaned", set())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.subprocess
def test_a_living_run_keeps_its_folder_and_a_killed_one_does_not(tmp_path, holder, monkeypatch):
    (left,) = tmp_path.iterdir()
    assert others_at_work(tmp_path, "work")
    assert not others_at_work(tmp_path, "other")
    with temporary_folder(tmp_path, "work"):
        assert (left / "half.mp4").exists()
    assert names(tmp_path) == [left.name]
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert not others_at_work(tmp_path, "work")
    monkeypatch.setattr(temporary, "_cleaned", set())
    with temporary_folder(tmp_path, "work") as folder:
        assert names(tmp_path) == [folder.name]
    assert names(tmp_path) == []


def test_what_is_no_leftover_stays(tmp_path):
    """Folders of others, fresh ones without a lock yet, links, and texts that may be in the making."""
    (tmp_path / ".smot-vlm-fresh").mkdir()
    (tmp_path / ".smot-vlm-text.tmp").write_text("half")
    (tmp_path / ".smot-vlm-notes").write_text("mine")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/lock").touch()
    (tmp_path / ".smot-vlm-link").symlink_to(tmp_path / "elsewhere")
    before = names(tmp_path)
    remove_left_behind(tmp_path)
    assert names(tmp_path) == before
    assert (tmp_path / "elsewhere/lock").exists()


def test_old_leftovers_without_a_lock_go_by_their_age(tmp_path):
    (tmp_path / ".smot-vlm-old").mkdir()
    (tmp_path / ".smot-vlm-old.tmp").write_text("half")
    (tmp_path / ".smot-vlm-claim.lock").touch()
    for path in tmp_path.iterdir():
        os.utime(path, (time.time() - 7200,) * 2)
    remove_left_behind(tmp_path)
    assert names(tmp_path) == []


def test_a_lock_is_held_by_one(tmp_path):
    lock = try_lock(tmp_path / "lock")
    assert lock is not None
    assert try_lock(tmp_path / "lock") is None
    lock.release()
    again = try_lock(tmp_path / "lock")
    assert again is not None
    again.release()


@pytest.mark.parametrize("name", ["n" * 251 + ".txt", "é" * 127, os.fsdecode(b"caf\xe9.txt"), "a." + "s" * 253])
def test_names_of_any_bytes_and_length_are_written(tmp_path, name):
    write_text(tmp_path / name, "text")
    with atomic_path(tmp_path / name) as path:
        path.write_text("more")
    assert (tmp_path / name).read_text() == "more"
    (tmp_path / name).unlink()
    for content in ("first", "second"):
        with atomic_folder(tmp_path / name, overwrite=True) as folder:
            (folder / content).touch()
    assert names(tmp_path / name) == ["second"]
    assert names(tmp_path) == [name]


def test_nothing_is_left_of_a_write_that_fails(tmp_path):
    for write in (atomic_path, atomic_folder):
        with pytest.raises(ZeroDivisionError), write(tmp_path / "target"):
            raise ZeroDivisionError
    assert names(tmp_path) == []
