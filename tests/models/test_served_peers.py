"""The served model against a real server, transformers' own, started here on loopback: a vision-language model of random
weights for people and pairs, and SmolLM2 for the video's caption."""

import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from chat_server import Asked, ChatServer, Refusal, serving
from recordings import SHARED
from tiny import mot_text, moving_squares
from tiny_vision import save_tiny_vision_language

from smot_vlm.config import Config, PicturesConfig, load_config
from smot_vlm.models.build import build_configured_model
from smot_vlm.semantics.language_models import find_language_model
from smot_vlm.structures import Description
from smot_vlm.tracker import Tracker

pytestmark = pytest.mark.subprocess
CAMPUS = SHARED / "data/mot15/TUD-Campus"
PATIENCE = 120.0


@contextmanager
def transformers_server(folder: Path, log: Path) -> Iterator[str]:
    """`transformers serve` with one model; gives its address when it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "from transformers.cli.transformers import main; main()"
    options = ["serve", str(folder), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "NO_PROXY": "127.0.0.1"}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *options], stdout=output, stderr=output, env=environment
        )
    try:
        url, end = f"http://127.0.0.1:{port}/v1", time.monotonic() + PATIENCE
        while not answers(f"{url}/models"):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < end, log.read_text()[-2000:]
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def forwarding(url: str, seed: int | None = None):
    """Gives a real server's answers; with a seed 3 of 10 requests fail on the way."""
    generator = random.Random(seed)

    def answer(asked: Asked):
        if seed is not None and generator.random() < 0.3:
            return generator.choice([Refusal(500, {}), Refusal(0), Refusal(429, {}), ""])
        data = json.dumps(asked.body).encode()
        request = urllib.request.Request(f"{url}/chat/completions", data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                (choice,) = json.loads(response.read())["choices"]
        except urllib.error.HTTPError as error:
            return Refusal(error.code, error.read().decode())
        return {**choice["message"], "finish_reason": choice["finish_reason"]}

    return answer


def listing(url: str) -> list[dict]:
    with urllib.request.urlopen(f"{url}/models", timeout=5) as response:
        return list(json.loads(response.read())["data"])


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    import openai._base_client as client

    monkeypatch.setattr(client, "INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr(client, "MAX_RETRY_DELAY", 0.05)
    monkeypatch.setenv("SMOT_VLM_CACHE", str(tmp_path / "cache"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def eyes(tmp_path_factory) -> Iterator[str]:
    """A vision-language model of random weights."""
    folder = tmp_path_factory.mktemp("eyes")
    with transformers_server(save_tiny_vision_language(folder / "vl", "qwen2_5"), folder / "log.txt") as url:
        yield url


def config_for(url: str, *, max_pairs: int = 2, tokens: int = 16, **changes) -> Config:
    shipped = load_config(Path(__file__).parents[2] / "configs/server.yaml")
    settings = replace(shipped.decoder.server, address=url, timeout_seconds=PATIENCE, retries=8, **changes)
    return replace(
        shipped,
        decoder=replace(shipped.decoder, server=settings, max_new_tokens=tokens),
        interaction=replace(shipped.interaction, max_pairs=max_pairs, max_gap=None),
        pictures=PicturesConfig(scene_frames=2, track_crops=2, frame_size=64, crop_size=48),
    )


def described(config: Config, source, boxes: Path, **options) -> Description:
    tracker = Tracker(build_configured_model(config), config)
    return tracker.describe(source, trajectories=boxes, **options)


def test_a_real_server_describes_people(eyes, tmp_path):
    (tmp_path / "mot.txt").write_text(mot_text())
    description = described(config_for(eyes), moving_squares(), tmp_path / "mot.txt")
    assert [track.id for track in description.tracks] == [1, 2]
    assert all(track.caption for track in description.tracks)
    assert description.caption
    Description.from_dict(description.to_dict())


@pytest.mark.slow
@pytest.mark.skipif(not CAMPUS.is_dir(), reason="../shared (real clips) is not here")
def test_campus_against_a_real_server_that_fails_three_times_in_ten(eyes, tmp_path):
    boxes = CAMPUS / "gt/gt.txt"
    with serving(ChatServer(forwarding(eyes, seed=0), listing(eyes))) as server:
        config = config_for(server.url, max_pairs=8)
        description = described(config, CAMPUS / "TUD-Campus.mp4", boxes)
        asked = len(server.log)
        assert not all(entry.answered for entry in server.log)
        assert sorted(track.id for track in description.tracks) == list(range(1, 9))
        assert all(track.caption for track in description.tracks)
        server.answer = forwarding(eyes)
        again = described(config, CAMPUS / "TUD-Campus.mp4", boxes)
    assert [track.caption for track in again.tracks] == [track.caption for track in description.tracks]
    assert not any("Describe person" in entry.text for entry in server.log[asked:])
    assert len(server.log) - asked < asked / 2, "only what had no answer that can be used"
    Description.from_dict(description.to_dict())


@pytest.mark.slow
def test_a_small_text_model_writes_the_videos_caption(eyes, tmp_path, monkeypatch):
    monkeypatch.delenv("SMOT_VLM_CACHE")
    folder = find_language_model("HuggingFaceTB/SmolLM2-135M-Instruct")
    monkeypatch.setenv("SMOT_VLM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "mot.txt").write_text(mot_text())
    with transformers_server(folder, tmp_path / "log.txt") as words:
        config = config_for(eyes, summary=words, tokens=48)
        description = described(config, moving_squares(), tmp_path / "mot.txt")
    letters = [letter for letter in description.caption if letter.isalpha()]
    assert len(letters) > 20, "words, unlike what the random model says"
    assert all(letter.isascii() for letter in letters)
