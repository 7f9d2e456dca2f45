"""The cache of converted language models: one entry for each content, told where it cannot be kept, cleaned of what nothing uses."""

import logging
import os
import struct
import time
from pathlib import Path

import pytest

from smot_vlm.semantics import converted_models
from smot_vlm.semantics.converted_models import DAY, converted_model, remove_unused
from smot_vlm.semantics.gguf_header import check_gguf

EMPTY = b"GGUF" + struct.pack("<IQQ", 3, 0, 0)


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("SMOT_VLM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "language-models"


@pytest.fixture
def conversions(monkeypatch) -> list[Path]:
    """Converting is replaced by writing a configuration; the files that were converted."""
    done = []

    def convert(gguf, folder, weights):
        done.append(gguf)
        folder.mkdir()
        (folder / "config.json").write_text("{}")

    monkeypatch.setattr(converted_models, "_convert", convert)
    return done


def gguf(path: Path, content: bytes = EMPTY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_two_environments_share_one_entry(cache, conversions, tmp_path):
    first, second = gguf(tmp_path / "one/site-packages/m.gguf"), gguf(tmp_path / "two/site-packages/renamed.gguf")
    os.utime(second, (1, 1))
    assert converted_model(first) == converted_model(second)
    assert conversions == [first]


def test_another_content_is_another_entry_also_with_the_same_size_and_second(cache, conversions, tmp_path):
    path = gguf(tmp_path / "m.gguf", EMPTY + b"a")
    before = converted_model(path)
    stamp = path.stat()
    path.write_bytes(EMPTY + b"b")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1))
    assert converted_model(path) != before
    assert len(conversions) == 2


def test_a_known_file_is_not_read_again(cache, conversions, tmp_path, monkeypatch):
    path = gguf(tmp_path / "m.gguf")
    folder = converted_model(path)
    monkeypatch.setattr(converted_models, "checksum", lambda path: pytest.fail("read again"))
    assert converted_model(path) == folder


@pytest.mark.parametrize("content", ["", "null", "[]", '{"a": 3}', "[" * 100_000, '{"a": [1, 2, "x"]}'])
def test_a_damaged_index_is_forgotten(cache, conversions, tmp_path, content):
    path = gguf(tmp_path / "m.gguf")
    folder = converted_model(path)
    (cache / "index.json").write_text(content)
    assert converted_model(path) == folder
    assert len(conversions) == 1


def test_a_cache_that_cannot_be_written_names_the_variable_before_converting(tmp_path, conversions, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SMOT_VLM_CACHE", str(tmp_path / "file"))
    with pytest.raises(OSError, match=r"cannot be kept here .*set SMOT_VLM_CACHE to a folder") as caught:
        converted_model(gguf(tmp_path / "m.gguf"))
    assert "\n" not in str(caught.value)
    assert not conversions


def test_a_full_disk_is_told_before_converting(cache, conversions, tmp_path, monkeypatch):
    monkeypatch.setattr(converted_models, "_weights_in", lambda path: 2**60)
    with pytest.raises(OSError, match=r"MB and .* are free; make room, or set SMOT_VLM_CACHE"):
        converted_model(gguf(tmp_path / "m.gguf"))
    assert not conversions


def test_an_entry_of_a_cache_that_cannot_be_written_is_used(cache, conversions, tmp_path, monkeypatch):
    path = gguf(tmp_path / "m.gguf")
    folder = converted_model(path)

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    (cache / "index.json").unlink()
    monkeypatch.setattr(converted_models, "write_text", refuse)
    monkeypatch.setattr(converted_models.os, "utime", refuse)
    assert converted_model(path) == folder


def entry(cache: Path, name: str, days: float, size: int = 10) -> Path:
    folder = cache / name
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"0" * size)
    then = time.time() - days * DAY
    os.utime(folder, (then, then))
    return folder


def test_what_nothing_uses_is_removed(cache, caplog):
    used = entry(cache, "m-" + "0" * 16, 99)
    old, recent = entry(cache, "m-" + "1" * 16, 31), entry(cache, "m-" + "2" * 16, 29)
    earlier_version = entry(cache, "SmolLM2-135M-98362432-1795759803", 40)
    killed, running = entry(cache, ".converting-abc", 2), entry(cache, ".converting-def", 0.5)
    foreign = entry(cache, "my-models", 400)
    with caplog.at_level(logging.INFO):
        remove_unused(cache, used)
    assert all(path.is_dir() for path in (used, recent, running, foreign))
    assert not any(path.exists() for path in (old, earlier_version, killed))
    assert "not used for 31 days" in caplog.text
    assert sorted(path.name for path in cache.iterdir() if path.name.startswith(".")) == [".converting-def"]


def test_beyond_the_bound_the_oldest_go_but_none_of_today(cache, monkeypatch):
    monkeypatch.setattr(converted_models, "LARGEST_CACHE", 25)
    used, today = entry(cache, "m-" + "0" * 16, 0), entry(cache, "m-" + "1" * 16, 0.1)
    older, oldest = entry(cache, "m-" + "2" * 16, 3), entry(cache, "m-" + "3" * 16, 5)
    remove_unused(cache, used)
    assert not oldest.exists()
    assert not older.exists()
    assert today.is_dir()


def test_a_use_is_noted(cache, conversions, tmp_path):
    path = gguf(tmp_path / "m.gguf")
    folder = converted_model(path)
    os.utime(folder, (1, 1))
    converted_model(path)
    assert time.time() - folder.stat().st_mtime < 60


DAMAGED = {
    "empty": b"",
    "text": b"hello" * 100,
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\n",
    "another version": b"GGUF" + struct.pack("<IQQ", 9, 0, 0),
    "tensors without end": b"GGUF" + struct.pack("<IQQ", 3, 2**63, 0),
    "settings without end": b"GGUF" + struct.pack("<IQQ", 3, 0, 2**63),
    "a name without end": b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**62),
    "a list without end": b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text(b"a") + struct.pack("<IIQ", 9, 0, 2**62),
    "texts without end": b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text(b"a") + struct.pack("<IIQ", 9, 8, 2**62),
    "lists in lists": b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text(b"a") + struct.pack("<IIQ", 9, 9, 1) * 1000,
    "a type that is none": b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text(b"a") + struct.pack("<I", 77),
    "cut": EMPTY[:12],
}


@pytest.mark.parametrize("name", list(DAMAGED))
def test_a_damaged_file_is_one_line_soon(tmp_path, name):
    path, start = gguf(tmp_path / "m.gguf", DAMAGED[name]), time.monotonic()
    with pytest.raises(ValueError, match=r"m\.gguf: not a GGUF model, or damaged") as caught:
        check_gguf(path)
    assert "\n" not in str(caught.value)
    assert time.monotonic() - start < 5


def test_a_sound_header_passes(tmp_path):
    settings = (
        text(b"name") + struct.pack("<I", 8) + text(b"x") + text(b"list") + struct.pack("<IIQ", 9, 5, 2) + b"0" * 8
    )
    check_gguf(gguf(tmp_path / "m.gguf", b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + settings))


def test_settings_without_weights_make_no_model_of_random_ones(cache, tmp_path):
    """By default the library would build a model of seven billion weights."""
    settings = text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama")
    path = gguf(tmp_path / "m.gguf", b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + settings)
    with pytest.raises(ValueError, match="0 weights, and its settings ask for"):
        converted_model(path)
    assert [entry.name for entry in cache.iterdir()] == ["index.json"]
