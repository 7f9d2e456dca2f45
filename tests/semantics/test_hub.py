"""Names of the hub's models, what the cache has of them, and that only data is fetched."""

import json
from pathlib import Path

import huggingface_hub
import pytest
from fake_hub import FakeHub, fill_cache

from smot_vlm.semantics.hub import HubModel, ask, cached_folder, fetch, read_hub_name
from smot_vlm.system.offline import OfflineError, check_address

MODEL = HubModel("me/model")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    return FakeHub(monkeypatch, tmp_path / "cache")


@pytest.fixture
def pushed(tmp_path) -> Path:
    """A repository with code and pickles among its data."""
    folder = tmp_path / "pushed"
    for name in (
        "config.json",
        "model.safetensors",
        "README.md",
        "SHA256SUMS",
        "prompts/a.jinja",
        "adapter/adapter_model.safetensors",
        "modeling_mine.py",
        "pytorch_model.bin",
        "detector.pt",
        "onnx/model.safetensors",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
    return folder


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("owner/name", HubModel("owner/name")),
        ("Qwen/Qwen2.5-VL-3B-Instruct", HubModel("Qwen/Qwen2.5-VL-3B-Instruct")),
        ("owner/name@v1.0", HubModel("owner/name", "v1.0")),
        ("owner/name@refs/pr/1", HubModel("owner/name", "refs/pr/1")),
    ],
)
def test_a_name(text, name):
    assert read_hub_name(text) == name
    assert str(name) == text


@pytest.mark.parametrize(
    "text",
    ["demo", "./a/b", "../a", "/a/b", "a/b/c", "a/b.yaml", "a/net.onnx", "~/a", "a/b@", "a/b@-x", "a /b", "a/b\n", "a/..",
     "a--b/c", "a/$(x)"],
)  # fmt: skip
def test_no_name(text):
    assert read_hub_name(text) is None


def test_only_data_is_fetched_and_its_size_is_that_of_the_offer(hub, pushed):
    hub.offer("me/model", pushed)
    offer = ask(MODEL)
    folder = fetch(MODEL)
    fetched = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert fetched == {
        "config.json",
        "model.safetensors",
        "README.md",
        "SHA256SUMS",
        "prompts/a.jinja",
        "adapter/adapter_model.safetensors",
    }
    assert offer.bytes == 2 * len(fetched)
    assert str(offer) == "1 MB, licence apache-2.0"
    assert cached_folder(MODEL) == folder


def test_settings_alone_are_not_a_whole_model(hub, pushed):
    hub.offer("me/model", pushed)
    fetch(MODEL, small=True)
    assert cached_folder(MODEL) is None


def test_a_model_in_parts_is_whole_when_every_part_is_there(hub, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    parts = {"a": "model-1.safetensors", "b": "model-2.safetensors"}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}))
    for name in parts.values():
        (tmp_path / name).write_text("")
    files = ["config.json", "model.safetensors.index.json", "model-1.safetensors"]
    fill_cache(hub.cache, "me/model", tmp_path, files)
    assert cached_folder(MODEL) is None
    fill_cache(hub.cache, "me/model", tmp_path, [*files, "model-2.safetensors"])
    assert cached_folder(MODEL) is not None


@pytest.mark.parametrize(
    "index", ["[]", '{"weight_map": {}}', '{"weight_map": {"a": "../../x"}}', "no", '{"weight_map": [1]}']
)
def test_a_strange_index_is_no_whole_model(hub, tmp_path, index):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors.index.json").write_text(index)
    fill_cache(hub.cache, "me/model", tmp_path, ["config.json", "model.safetensors.index.json"])
    assert cached_folder(MODEL) is None


def test_a_model_without_safetensors_is_refused_before_it_is_fetched(hub, tmp_path):
    (tmp_path / "pickled").mkdir()
    for name in ("config.json", "pytorch_model.bin"):
        (tmp_path / "pickled" / name).write_text("{}")
    hub.offer("me/model", tmp_path / "pickled")
    with pytest.raises(FileNotFoundError, match=r"no config.json with safetensors"):
        ask(MODEL)


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "SMOT_VLM_OFFLINE"])
def test_switched_off_nobody_is_asked(hub, pushed, monkeypatch, variable):
    hub.offer("me/model", pushed)
    monkeypatch.setenv(variable, "1")
    for function in (ask, fetch):
        with pytest.raises(OfflineError, match="me/model is not on this machine, and --offline or HF_HUB_OFFLINE"):
            function(MODEL)
    assert hub.asked == []


def test_offline_leaves_this_machine_alone(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    check_address("the server", "example.org")
    monkeypatch.setenv("SMOT_VLM_OFFLINE", "1")
    for host in ("localhost", "127.0.0.1", "::1"):
        check_address("the server", host)
    with pytest.raises(OfflineError, match="the server is on another machine"):
        check_address("the server", "example.org")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("GatedRepoError", r"ask on https://huggingface.co/me/model"),
        ("RepositoryNotFoundError", "no such model on the hub, or a private one"),
        ("RevisionNotFoundError", "no such revision on the hub"),
    ],
)
def test_what_the_hub_refuses_is_one_line(hub, monkeypatch, kind, words):
    error = type(kind, (getattr(huggingface_hub.errors, kind),), {"__init__": lambda self: None})

    def refuse(*_names, **_options):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(OSError, match=words) as caught:
        fetch(MODEL)
    assert "\n" not in str(caught.value)


def test_no_answer_is_one_line(hub):
    with pytest.raises(ConnectionError, match=r"me/model: the hub did not give it .* check the network"):
        fetch(MODEL)
