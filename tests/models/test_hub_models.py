"""`owner/name` as a model: what was pushed comes back with the model it builds on; nothing is fetched that nobody named."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from fake_hub import FakeHub
from tiny import mot_text, moving_squares, tiny_config
from tiny_vision import save_tiny_vision_language

from smot_vlm.config import load_config
from smot_vlm.detection import pretrained
from smot_vlm.models.build import build_model
from smot_vlm.models.checkpoint import save_pretrained
from smot_vlm.models.hub import check_parts, get_model, named_model
from smot_vlm.system.files import shipped_folder
from smot_vlm.system.offline import OfflineError
from smot_vlm.tracker import Tracker


@pytest.fixture(scope="module")
def pushed(tiny_language_model, tmp_path_factory) -> Path:
    """The folder of a tiny model that builds on me/words."""
    config = tiny_config(tiny_language_model)
    model = build_model(config)
    lora_lm = dataclasses.replace(config.decoder.lora_lm, language_model="me/words")
    config = dataclasses.replace(config, decoder=dataclasses.replace(config.decoder, lora_lm=lora_lm))
    folder = tmp_path_factory.mktemp("pushed") / "model"
    save_pretrained(model, config, folder)
    (folder / "modeling_mine.py").write_text("raise SystemExit")
    return folder


@pytest.fixture(scope="module")
def pictured(tmp_path_factory) -> Path:
    return save_tiny_vision_language(tmp_path_factory.mktemp("tiny-vl"), "idefics3")


@pytest.fixture
def hub(monkeypatch, tmp_path, pushed, pictured, tiny_language_model):
    """The current folder is empty, and there is no YOLO on this machine."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("SMOT_VLM_CACHE", str(tmp_path / "smot-cache"))
    monkeypatch.setattr(pretrained, "weights_folder", lambda: tmp_path / "weights")
    hub = FakeHub(monkeypatch, tmp_path / "cache")
    hub.offer("me/model", pushed)
    hub.offer("me/words", tiny_language_model)
    hub.offer("me/pictures", pictured)
    return hub


@pytest.fixture
def said() -> list[str]:
    return []


def test_what_was_pushed_is_loaded_with_its_base_and_the_second_time_nobody_is_asked(hub, tmp_path, monkeypatch):
    (tmp_path / "mot.txt").write_text(mot_text())
    tracker = Tracker.from_pretrained("me/model", device="cpu")
    description = tracker.describe(moving_squares(), trajectories=tmp_path / "mot.txt")
    assert len(description.tracks) == 2
    assert {name for _, name in hub.asked} == {"me/model", "me/words"}
    assert not list(hub.cache.rglob("*.py"))
    hub.asked.clear()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    again = Tracker.from_pretrained("me/model", device="cpu")
    assert hub.asked == []
    assert [track.caption for track in again.describe(moving_squares(), trajectories=tmp_path / "mot.txt").tracks] == [
        track.caption for track in description.tracks
    ]


def test_sizes_and_licences_are_said_of_both(hub, said):
    named_model("me/model", say=said.append)
    assert len(said) == 2
    assert said[0].startswith("fetching me/model: ")
    assert said[1].startswith("fetching me/words: ")
    assert all("MB, licence apache-2.0" in line for line in said)


def test_a_revision_is_another_model(hub, pushed, tmp_path, said):
    shutil.copytree(pushed, tmp_path / "older")
    content = json.loads((pushed / "config.json").read_text())
    (tmp_path / "older/config.json").write_text(json.dumps(content | {"name": "older"}))
    (tmp_path / "older/SHA256SUMS").unlink()
    hub.offer("me/model", tmp_path / "older", revision="v1")
    names = [
        json.loads((named_model(name)[0] / "config.json").read_text())["name"] for name in ("me/model", "me/model@v1")
    ]
    assert names == ["tiny", "older"]


def test_a_fetch_that_was_interrupted_goes_on(hub, said):
    folder, _ = named_model("me/model", say=said.append)
    (folder / "adapter/adapter_model.safetensors").unlink()
    again, _ = named_model("me/model", say=said.append)
    assert (again / "adapter/adapter_model.safetensors").is_file()


def test_a_damaged_folder_is_refused_as_any_other(hub, pushed, tmp_path):
    shutil.copytree(pushed, tmp_path / "damaged")
    weights = tmp_path / "damaged/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    hub.offer("me/damaged", tmp_path / "damaged")
    with pytest.raises(ValueError, match=r"model\.safetensors"):
        Tracker.from_pretrained("me/damaged", device="cpu")


@pytest.mark.parametrize("revision", ["", "@v1"])
def test_a_vision_language_model_is_asked_by_zero_shot(hub, pictured, revision, said):
    hub.offer("me/pictures", pictured, revision="v1")
    name, overrides = named_model(f"me/pictures{revision}", ["interaction.threshold=0.5"], say=said.append)
    config = load_config(shipped_folder("configs") / f"{name}.yaml", overrides)
    assert config.model_type == "zero-shot"
    assert config.interaction.threshold == 0.5
    check_parts(config, "auto")


def test_a_folder_with_a_vision_language_model_needs_no_hub(hub, pictured):
    tracker = Tracker.from_pretrained(pictured, device="cpu")
    assert tracker.config.decoder.vision_language.language_model == str(pictured)
    assert hub.asked == []


def test_another_kind_is_refused_before_its_weights_are_fetched(hub):
    with pytest.raises(ValueError, match="me/words is neither a model of this program nor a vision-language model"):
        named_model("me/words")
    assert not list(hub.cache.rglob("*.safetensors"))


def test_a_missing_detector_is_told_before_weights_are_fetched(hub):
    with pytest.raises(
        FileNotFoundError, match=r"yolo11n.pt was not found .*about 6 MB, AGPL-3.0.*models get yolo11n.pt"
    ):
        Tracker.from_pretrained("me/pictures", detector="model")
    assert not list(hub.cache.rglob("*.safetensors"))
    with pytest.raises(FileNotFoundError, match=r"detector yolo11n.pt was not found"):
        Tracker.from_pretrained("zero-shot", detector="model")


@pytest.mark.parametrize("name", ["me/model", "me/pictures"])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"detector": "onnx:no.onnx"}, "no.onnx: no such file"),
        ({"detector": "best"}, "detector is 'best'"),
        ({"associator": "best"}, "associator is 'best'"),
        ({"associator": "deepsort"}, "no ONNX re-identification model there"),
        ({"associator": "deepsort:no.onnx"}, "no.onnx"),
    ],
)
def test_every_cheap_failure_comes_before_the_hub_is_asked(hub, name, options, words):
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        Tracker.from_pretrained(name, **options)
    assert hub.asked == []


def test_a_base_model_that_nobody_named_is_not_fetched(hub, pushed):
    with pytest.raises(FileNotFoundError, match=r"me/words.*not fetched unasked.*`smot-vlm models get me/words`"):
        Tracker.from_pretrained(pushed, device="cpu")
    with pytest.raises(FileNotFoundError, match=r"about 515 MB, Apache-2.0.*models get HuggingFaceTB/SmolVLM-256M"):
        Tracker.from_pretrained("zero-shot", device="cpu")
    assert hub.asked == []


def test_switched_off_nobody_is_asked(hub, monkeypatch):
    monkeypatch.setenv("SMOT_VLM_OFFLINE", "1")
    for ask in (
        lambda: named_model("me/model"),
        lambda: get_model("me/model", print),
        lambda: get_model("yolo11n.pt", print),
    ):
        with pytest.raises(OfflineError, match="--offline or HF_HUB_OFFLINE forbids to fetch it"):
            ask()
    assert hub.asked == []


def test_a_path_is_not_looked_for_on_the_hub(hub):
    Path("me").mkdir()
    with pytest.raises(FileNotFoundError, match="no model 'me/model'; give a folder"):
        Tracker.from_pretrained("me/model")
    assert hub.asked == []


def test_get_fetches_what_a_shipped_model_builds_on(hub, pictured, said):
    base = load_config(shipped_folder("configs") / "zero-shot.yaml").decoder.base_model
    hub.offer(base, pictured)
    folder = get_model("zero-shot", said.append)
    assert (folder / "model.safetensors").is_file()
    assert said[0] == f"zero-shot builds on {base}"
    with pytest.raises(ValueError, match="tracks-only needs no other model"):
        get_model("tracks-only", said.append)


def test_get_brings_what_is_new(hub, pushed, tmp_path, said):
    shutil.copytree(pushed, tmp_path / "changing")
    hub.offer("me/changing", tmp_path / "changing")
    get_model("me/changing", said.append)
    (tmp_path / "changing/README.md").write_text("newer")
    assert (get_model("me/changing", said.append) / "README.md").read_text() == "newer"


def test_get_downloads_a_checkpoint_where_it_is_searched(hub, monkeypatch, said):
    asked = []

    def download(url, file, dir, **options):
        asked.append(url)
        (dir / file).write_bytes(b"weights")

    monkeypatch.setattr("ultralytics.utils.downloads.safe_download", download)
    assert get_model("yolo11n.pt", said.append).is_file()
    assert pretrained.find_checkpoint("yolo11n.pt").read_bytes() == b"weights"
    assert asked == ["https://github.com/ultralytics/assets/releases/download/v8.3.0/yolo11n.pt"]


def test_a_checkpoint_that_is_not_given_leaves_nothing(hub, monkeypatch, said, tmp_path):
    def download(*_names, **_options):
        raise ConnectionError("no route to\nhost")

    monkeypatch.setattr("ultralytics.utils.downloads.safe_download", download)
    with pytest.raises(ConnectionError, match=r"yolo11n.pt was not given \(no route to host\)"):
        get_model("yolo11n.pt", said.append)
    assert not list((tmp_path / "smot-cache").rglob("*.pt"))
