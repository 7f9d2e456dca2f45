"""Vision-language models in a made-up cache: only whole ones of the right kind are found, quickly and without a network."""

import json
import time
from pathlib import Path

import pytest
from fake_hub import fill_cache

from smot_vlm.models.local_models import cached_models, find_local_vision_language_model, zero_shot_model
from smot_vlm.system.known_models import VISION_LANGUAGE

FILES = {
    "config.json": json.dumps({"model_type": "idefics3"}),
    "preprocessor_config.json": "{}",
    "chat_template.json": "{}",
    "model.safetensors": "weights",
}


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    def refuse(*_names, **_options):
        raise AssertionError("a connection")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def put(cache: Path, name: str, files: dict[str, str]) -> None:
    folder = cache.parent / name.replace("/", "-")
    folder.mkdir()
    for file, content in files.items():
        (folder / file).write_text(content)
    fill_cache(cache, name, folder, list(files))


def test_no_cache(cache):
    assert find_local_vision_language_model() is None


def test_a_whole_model_is_found(cache):
    put(cache, "me/vlm", FILES)
    assert find_local_vision_language_model() == "me/vlm"
    assert [(model.kind, model.bytes) for model in cached_models()] == [(VISION_LANGUAGE, len("weights"))]


def test_that_of_the_configuration_comes_first_then_the_smallest(cache):
    put(cache, "me/large", FILES | {"model.safetensors": "weights and weights"})
    put(cache, "me/small", FILES)
    assert find_local_vision_language_model() == "me/small"
    put(cache, zero_shot_model(), FILES | {"model.safetensors": "weights, weights and weights"})
    assert find_local_vision_language_model() == zero_shot_model()


def test_a_chat_template_may_stand_in_the_tokenizers_settings(cache):
    files = {name: content for name, content in FILES.items() if name != "chat_template.json"}
    put(cache, "me/without", files | {"tokenizer_config.json": "{}"})
    assert find_local_vision_language_model() is None
    put(cache, "me/with", files | {"tokenizer_config.json": json.dumps({"chat_template": "{{ messages }}"})})
    assert find_local_vision_language_model() == "me/with"


@pytest.mark.parametrize("missing", FILES)
def test_without_a_part_it_is_not_found(cache, missing):
    put(cache, "me/vlm", {name: content for name, content in FILES.items() if name != missing})
    assert find_local_vision_language_model() is None


@pytest.mark.parametrize(
    "config", ["[]", "not JSON", "{}", '{"model_type": []}', '{"model_type": "bert"}', "[" * 100_000]
)
def test_other_models_and_broken_ones_are_passed_over(cache, config):
    put(cache, "me/other", FILES | {"config.json": config})
    assert find_local_vision_language_model() is None


def test_a_dangling_link_is_no_weights(cache):
    put(cache, "me/vlm", FILES)
    for blob in cache.glob("models--me--vlm/blobs/*"):
        if blob.read_text() == "weights":
            blob.unlink()
    assert find_local_vision_language_model() is None


def test_a_crowded_cache_takes_no_time(cache):
    for index in range(30):
        put(cache, f"me/vlm-{index}", FILES)
    find_local_vision_language_model()
    start = time.process_time()
    find_local_vision_language_model()
    assert time.process_time() - start < 0.3
