"""SHA256SUMS of a model's folder: weights that changed are refused, what people edit is told, and nothing else is opened."""

import logging
import subprocess
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import tiny_config

from smot_vlm.models.build import build_model
from smot_vlm.models.checkpoint import load_pretrained, save_pretrained
from smot_vlm.system.checksums import SUMS, folder_sums, read_sums, write_sums
from smot_vlm.system.files import shipped_folder


@pytest.fixture
def folder(tiny_language_model, tmp_path) -> Path:
    config = tiny_config(tiny_language_model)
    save_pretrained(build_model(config), config, tmp_path / "model")
    return tmp_path / "model"


def damage(path: Path) -> None:
    """A weight of another value; the file is still one of safetensors with all its tensors."""
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def sums_but_of_the_card(folder: Path) -> dict[str, str]:
    return {name: digest for name, digest in folder_sums(folder).items() if name != "README.md"}


def test_the_list_holds_every_file_but_the_card(folder):
    assert read_sums(folder) == sums_but_of_the_card(folder)
    assert {"config.json", "model.safetensors", "adapter/adapter_model.safetensors"} <= set(read_sums(folder))


@pytest.mark.subprocess
def test_sha256sum_agrees(folder):
    done = subprocess.run(
        ["sha256sum", "--check", "--quiet", SUMS], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["model.safetensors", "adapter/adapter_model.safetensors"])
def test_changed_weights_are_refused_by_name(folder, name):
    damage(folder / name)
    with pytest.raises(ValueError, match=f"{folder / name}: damaged, its checksum is not the saved one"):
        load_pretrained(folder)
    (folder / SUMS).unlink()
    load_pretrained(folder)


def test_an_edited_prompt_is_told_and_an_edited_card_is_not(folder, caplog):
    with (folder / "README.md").open("a") as file:
        file.write("\nMine.\n")
    with caplog.at_level(logging.WARNING, logger="smot_vlm"):
        load_pretrained(folder)
    assert "checksum" not in caplog.text
    path = folder / "prompts/instance_caption.jinja"
    path.write_text("Who is this? {{ visual }}", encoding="utf-8")
    with caplog.at_level(logging.WARNING, logger="smot_vlm"):
        load_pretrained(folder)
    assert f"{path}: not as it was saved" in caplog.text


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "prompts/../../secret"])
def test_the_list_names_files_of_the_folder_alone(folder, name):
    (folder.parent / "secret").write_text("secret")
    write_sums(folder, {**folder_sums(folder), name: "0" * 64})
    with pytest.raises(ValueError, match="which is not in it"):
        load_pretrained(folder)


def test_the_shipped_model_has_a_list_that_holds():
    for config in (shipped_folder("assets") / "models").glob("*/config.json"):
        assert read_sums(config.parent) == sums_but_of_the_card(config.parent)


def edit(folder: Path, change) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


BIAS = "interaction_head.bias"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.update({BIAS: t[BIAS].int()}), f"of another type: {BIAS} torch.int32 in the file, torch.float32"),
        (lambda t: t.update({BIAS: t[BIAS].bool()}), f"of another type: {BIAS} torch.bool in the file"),
        (lambda t: t.update({BIAS: t[BIAS].to(torch.complex64)}), f"of another type: {BIAS} torch.complex64"),
        (lambda t: t.update({BIAS: t[BIAS].to(torch.float8_e4m3fn)}), f"of another type: {BIAS} torch.float8"),
        (lambda t: t.update({BIAS: t[BIAS] * float("nan")}), f"not a number: {BIAS}"),
        (lambda t: t.update({"\x1b[31m": torch.zeros(1)}), r"extra: '\x1b[31m'"),
    ],
)
def test_other_weights_are_told_in_one_line(folder, change, words):
    edit(folder, change)
    with pytest.raises(ValueError, match=r"model\.safetensors: its tensors are not those") as caught:
        load_pretrained(folder)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_floats_of_any_width_are_taken(folder):
    (folder / SUMS).unlink()
    edit(folder, lambda t: t.update({BIAS: t[BIAS].bfloat16()}))
    load_pretrained(folder)


def test_a_pointer_of_git_lfs_says_what_to_run(folder):
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(ValueError, match="run `git lfs pull`"):
        load_pretrained(folder)


def test_the_folder_of_another_tool_is_told(folder):
    (folder / "config.json").write_text('{"model_type": "llama", "hidden_size": 32}')
    with pytest.raises(ValueError, match=r"config\.json: no key architecture; this is another tool's model"):
        load_pretrained(folder)
