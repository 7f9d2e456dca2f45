"""What could not be written is refused before the work, in one line, and nothing is left behind."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from smot_vlm.system.targets import check_file, check_folder, fitting_name


def test_files_that_can_be_written(tmp_path):
    (tmp_path / "there.json").touch()
    check_file(None, False)
    check_file(tmp_path / "there.json", True)
    check_file(tmp_path / "new/deep/file.json", False)
    check_file(tmp_path / os.fsdecode(b"caf\xe9[1]%d.json"), False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there.json"]


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("there.json", FileExistsError, "--overwrite"),
        ("there.json/below.json", NotADirectoryError, "is a file; choose another name"),
        ("folder", IsADirectoryError, "is a folder"),
        ("n" * 256, OSError, "a name of 256 bytes, and at most 255"),
        ("é" * 128, OSError, "a name of 256 bytes, and at most 255"),
        ("d" * 300 + "/file", OSError, "a name of 300 bytes, and at most 255"),
    ],
)
def test_files_that_cannot(tmp_path, name, kind, words):
    (tmp_path / "there.json").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(kind, match=words) as caught:
        check_file(tmp_path / name, False)
    assert "\n" not in str(caught.value)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_place_without_permission(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match="no permission to write here; do this"):
        check_folder(tmp_path / "new", "do this")


def test_a_disk_without_room(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=50 * 2**20))
    check_folder(tmp_path, "do this", needed_bytes=40 * 2**20)
    with pytest.raises(OSError, match=r"about 60 MB are needed here and 50 MB are free; make room or do this"):
        check_folder(tmp_path, "do this", needed_bytes=60 * 2**20)


@pytest.mark.parametrize("stem", ["short", "n" * 255, "é" * 127, os.fsdecode(b"\xe9" * 255), "人" * 85])
def test_names_that_fit(stem):
    name = fitting_name(stem, "-described")
    assert name.endswith("-described")
    assert len(os.fsencode(name)) <= 255
    assert stem.startswith(name.removesuffix("-described"))
    assert len(os.fsencode(name)) > 251 or name == f"{stem}-described"
    assert Path(name).name == name
