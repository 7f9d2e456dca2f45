"""`smot-vlm models`: what is here, what can be had, and fetching; and `--offline` of every command."""

import json
import os
from pathlib import Path

import pytest
from fake_hub import FakeHub, fill_cache
from tiny import mot_text, moving_squares
from tiny_vision import save_tiny_vision_language

import smot_vlm
from smot_vlm.video.writer import VideoWriter

SHIPPED = Path(smot_vlm.__file__).parent / "assets/models"


@pytest.fixture
def hub(monkeypatch, tmp_path):
    monkeypatch.setenv("SMOT_VLM_CACHE", str(tmp_path / "smot-cache"))
    return FakeHub(monkeypatch, tmp_path / "cache")


@pytest.fixture(scope="module")
def pictured(tmp_path_factory):
    folder = save_tiny_vision_language(tmp_path_factory.mktemp("tiny-vl"), "idefics3")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Pictures\n")
    return folder


def listed(run) -> dict[str, dict]:
    code, out, err = run("models", "--json")
    assert (code, err) == (0, "")
    return {model["name"]: model for model in json.loads(out)}


def test_the_list_says_where_how_large_under_which_licence_and_learned_from_what(run, hub):
    code, out, _ = run("models")
    assert code == 0
    here, had = out.split("To be had")
    assert "demo: smot-vlm model, ships, 25 MB, agpl-3.0" in here
    assert "its words are about drawn figures" in here
    card = json.loads((SHIPPED / "demo/config.json").read_text())["card"]
    assert card["scores"]
    assert all(f"{name}: {value:g}" in here for name, value in card["scores"].items())
    assert "yolox-nano: person detector (--detector people), ships, 4 MB, Apache-2.0\n      learned from COCO" in here
    assert "tracks-only" in here
    assert "HuggingFaceTB/SmolVLM-256M-Instruct: vision-language model, can be had, 515 MB, Apache-2.0\n" in had
    assert "can be had, 4.3 GB, Apache-2.0 (size and licence not checked)\n" in had
    assert "smot-vlm models get HuggingFaceTB/SmolVLM-256M-Instruct" in had
    assert hub.asked == []


def test_what_is_in_the_cache_is_listed_with_its_own_licence(run, hub, pictured, tmp_path):
    assert "me/pictures" not in listed(run)
    fill_cache(hub.cache, "me/pictures", pictured, [path.name for path in pictured.iterdir()])
    (tmp_path / "smot-cache/detectors").mkdir(parents=True)
    (tmp_path / "smot-cache/detectors/yolo11n.pt").touch()
    models = listed(run)
    assert (models["me/pictures"]["state"], models["me/pictures"]["licence"]) == ("in the cache", "mit")
    assert models["yolo11n.pt"]["state"] == "in the cache"


def test_every_name_is_listed_once(run, hub):
    code, out, _ = run("models", "--json")
    names = [model["name"] for model in json.loads(out)]
    assert code == 0
    assert len(names) == len(set(names))


def test_a_strange_card_is_listed_harmlessly(run, hub, pictured, tmp_path):
    content = {"architecture": {}, "decoder": {}, "card": {"training_data": "\x1b[31mred", "terms": "a\nb"}}
    (tmp_path / "config.json").write_text(json.dumps(content))
    (tmp_path / "README.md").write_text('---\nlicense: "\\e[31mred"\n---\n')
    (tmp_path / "model.safetensors").touch()
    fill_cache(hub.cache, "me/strange", tmp_path, ["config.json", "README.md", "model.safetensors"])
    (tmp_path / "config.json").write_text(json.dumps(content | {"card": [1]}))
    fill_cache(hub.cache, "me/stranger", tmp_path, ["config.json", "model.safetensors"])
    code, out, err = run("models")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert "learned from \\x1b[31mred" in out
    assert "me/stranger: smot-vlm model, in the cache" in out


def test_get_says_what_it_fetches_and_where_it_is(run, hub, pictured):
    hub.offer("me/pictures", pictured)
    code, out, err = run("models", "get", "me/pictures")
    assert code == 0
    assert out.startswith("me/pictures: ")
    assert str(hub.cache) in out
    assert "licence apache-2.0" in err
    assert listed(run)["me/pictures"]["state"] == "in the cache"


def test_what_cannot_be_got_is_one_line(run, hub):
    for name, words in {
        "nosuch": "'nosuch' is no name of a model",
        "no/such": "no/such: the hub did not give it",
        "\x1b[31m": "is no name of a model",
    }.items():
        code, out, err = run("models", "get", name)
        assert (code, out) == (1, "")
        assert words in err
        assert "\x1b" not in err
        assert err.count("\n") == 1


@pytest.mark.parametrize("place", [0, 2, 3])
def test_offline_may_stand_anywhere_and_asks_nobody(run, hub, monkeypatch, place):
    for variable in ("HF_HUB_OFFLINE", "SMOT_VLM_OFFLINE"):
        monkeypatch.setenv(variable, "0")
    words = ["models", "get", "me/pictures"]
    words.insert(place, "--offline")
    code, _, err = run(*words)
    assert code == 1
    assert "--offline or HF_HUB_OFFLINE forbids to fetch it" in err
    assert hub.asked == []
    assert os.environ["HF_HUB_OFFLINE"] == "1", "libraries and other processes are told too"


def test_offline_refuses_other_machines_and_no_more(run, hub, monkeypatch, tmp_path):
    for variable in ("HF_HUB_OFFLINE", "SMOT_VLM_OFFLINE"):
        monkeypatch.setenv(variable, "0")
    words = ("--offline", "describe", "rtsp://192.0.2.1/live", "--model", "tracks-only", "--out", tmp_path / "out")
    code, _, err = run(*words)
    assert code == 1
    assert err.count("\n") == 1
    assert "rtsp://192.0.2.1/live is on another machine, and --offline forbids to use a network" in err


def test_describe_takes_a_model_of_the_hub(run, hub, pictured, tmp_path):
    """Sizes and licence are said; with boxes no detector is needed."""
    video = moving_squares(4)
    with VideoWriter(tmp_path / "clip.mp4", 4.0, video.shape[2], video.shape[1]) as writer:
        for image in video:
            writer.write(image)
    (tmp_path / "mot.txt").write_text(mot_text(4))
    hub.offer("me/pictures", pictured)
    settings = (
        "decoder.max_new_tokens=4",
        "interaction.max_pairs=0",
        "pictures.frame_size=64",
        "pictures.crop_size=32",
    )
    words = ["describe", tmp_path / "clip.mp4", "--trajectories", tmp_path / "mot.txt", "--model", "me/pictures"]
    words += ["--no-video", "--out", tmp_path / "out", "--device", "cpu"]
    for setting in settings:
        words += ["--set", setting]
    code, _, err = run(*words)
    assert code == 0, err
    assert "fetching me/pictures: " in err
    assert "licence apache-2.0" in err
    assert len(json.loads((tmp_path / "out/description.json").read_text())["tracks"]) == 2
