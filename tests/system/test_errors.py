"""Errors of other libraries in one line with the file and what to do; our own as they are."""

import errno

import av
import jinja2
import numpy as np
import pytest
import safetensors
import tokenizers
import torch
from onnxruntime import InferenceSession
from PIL import Image

from smot_vlm.system.errors import ForeignError, is_own, naming, one_line
from smot_vlm.video.images import read_image


def session(folder):
    (folder / "model.onnx").write_bytes(b"no model")
    InferenceSession(folder / "model.onnx")


def demux(folder):
    (folder / "clip.mp4").write_bytes(b"no video" * 100)
    av.open(str(folder / "clip.mp4"))


def picture(folder):
    (folder / "1.png").write_bytes(b"no picture")
    Image.open(folder / "1.png")


def template(_):
    jinja2.Environment().from_string("{% if %}")


def weights(folder):
    (folder / "model.safetensors").write_bytes(b"no weights")
    safetensors.safe_open(str(folder / "model.safetensors"), "np")


def tokenizer(_):
    tokenizers.Tokenizer.from_str("{")


def shapes(_):
    torch.zeros(2, 3) @ torch.zeros(2, 3)


def memory(_):
    raise MemoryError


def disk(_):
    raise OSError(errno.ENOSPC, "No space left on device", "out/a.mp4")


def fault(_):
    np.zeros(3)[5]


CASES = [
    (session, "onnxruntime failed"),
    (demux, "Invalid data"),
    (picture, "cannot identify image file"),
    (template, "jinja2 failed"),
    (weights, "safetensors failed"),
    (memory, "not enough memory; close other programs"),
    (disk, "out/a.mp4: No space left on device; make room on the disk"),
    (tokenizer, "EOF while parsing"),
    (shapes, "mat1 and mat2"),
    (fault, "out of bounds"),
]


@pytest.mark.parametrize(("fails", "words"), CASES, ids=[case[0].__name__ for case in CASES])
def test_one_line_names_the_file_and_the_library(tmp_path, fails, words):
    with pytest.raises(ForeignError) as caught, naming("clip.mp4"):
        fails(tmp_path)
    line = str(caught.value)
    assert line.startswith("clip.mp4: ")
    assert words in line
    assert "\n" not in line
    assert len(line) < 600
    assert caught.value.__cause__ is not None
    assert one_line(caught.value) == line, "said once"


def test_our_own_words_pass(tmp_path):
    (tmp_path / "1.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="replace it or take it out") as caught, naming("clip.mp4"):
        read_image(tmp_path / "1.png")
    assert is_own(caught.value)
    assert one_line(caught.value) == str(caught.value)


def test_long_errors_are_cut():
    with pytest.raises(RuntimeError) as caught:
        raise RuntimeError("x" * 10_000)
    assert len(one_line(caught.value)) < 500
