"""A run over a data set whose server dies: what has no words for that reason is not done, and is described by the next call."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from chat_server import Asked, ChatServer, Refusal, good_answer, listed, number_of, serving
from tiny import moving_squares

from smot_vlm.config import Config, PicturesConfig, load_config
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.models.build import build_configured_model
from smot_vlm.predict import Outcome, RunSettings, predict_split
from smot_vlm.structures import Description
from smot_vlm.tracker import Tracker

SHIPPED = load_config(Path(__file__).parents[2] / "configs" / "server.yaml")
NAMES = ("park/one", "park/two", "street/three")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    import openai._base_client as client

    monkeypatch.setattr(client, "INITIAL_RETRY_DELAY", 0.005)
    monkeypatch.setattr(client, "MAX_RETRY_DELAY", 0.01)
    monkeypatch.setenv("SMOT_VLM_CACHE", str(tmp_path / "cache"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def data(tmp_path: Path) -> BenSmot:
    """Two squares that move; each sequence has colours of its own, so that no answer is another one's."""
    for row, name in enumerate(NAMES):
        folder = tmp_path / "data/test" / name
        (folder / "imgs").mkdir(parents=True)
        (folder / "gt").mkdir()
        for number, image in enumerate(moving_squares(6), start=1):
            cv2.imwrite(str(folder / f"imgs/{number:03d}.png"), 255 - image if row == 1 else image // (row + 1))
        rows = [f"{number},{id},{1 + number},{4 + 28 * (id - 1)},12,12,1" for number in range(1, 7) for id in (1, 2)]
        (folder / "gt/gt.txt").write_text("\n".join(rows) + "\n")
    return BenSmot(tmp_path / "data", "test")


def config_for(server: ChatServer) -> Config:
    settings = replace(SHIPPED.decoder.server, address=server.url, timeout_seconds=5.0, retries=0, concurrency=1)
    return replace(
        SHIPPED,
        decoder=replace(SHIPPED.decoder, server=settings),
        interaction=replace(SHIPPED.interaction, max_pairs=2, max_gap=None),
        pictures=PicturesConfig(scene_frames=2, track_crops=2, frame_size=96, crop_size=48),
    )


def run(server: ChatServer, data: BenSmot, out: Path, tracker: Tracker | None = None, **options) -> list[Outcome]:
    settings = RunSettings(str(data.root), "test", "server", "auto", "byte", "gt")
    tracker = tracker or Tracker(build_configured_model(config_for(server)), config_for(server))
    return list(predict_split(tracker, data, out, settings, **options))


def dies_in(sequence: int, failure: Refusal):
    """Answers what is asked about the sequences before this one, and nothing more."""
    seen = 0

    def answer(asked: Asked):
        nonlocal seen
        seen += "Describe person" in asked.text and number_of(asked) == "1"
        return failure if seen > sequence else good_answer(asked)

    return answer


@pytest.mark.parametrize("status", [0, 500, 429, 401], ids=["dropped", "broken", "busy", "key refused"])
def test_what_a_dead_server_left_without_words_is_described_by_the_next_call(data, tmp_path, status):
    out = tmp_path / "out"
    with serving(ChatServer(dies_in(1, Refusal(status, {})), [listed()])) as server:
        first = run(server, data, out)
        assert [bool(outcome.error) for outcome in first] == [False, True, True]
        assert "no answer about" in first[1].error
        assert server.url in first[1].error
        assert [(out / name / "description.json").is_file() for name in NAMES] == [True, False, False]
        server.answer = good_answer
        second = run(server, data, out)
    assert [(outcome.kept, outcome.error) for outcome in second] == [(True, ""), (False, ""), (False, "")]
    for name in NAMES:
        description = Description.from_json(out / name / "description.json")
        assert all(track.caption for track in description.tracks)
        assert description.caption


def test_no_frame_is_watched_for_a_server_that_is_gone_and_one_that_is_back_is_found(data, tmp_path):
    out, watched = tmp_path / "out", []

    def gone(asked: Asked):
        server.models = Refusal(0)
        return Refusal(0)

    with serving(ChatServer(gone, [listed()])) as server:
        tracker = Tracker(build_configured_model(config_for(server)), config_for(server))
        outcomes = run(server, data, out, tracker, on_frame=lambda frame, video: watched.append(frame.index))
        assert all(outcome.error for outcome in outcomes)
        assert ["cannot be reached" in outcome.error for outcome in outcomes] == [True, True, True]
        assert watched == list(range(6)), "of the first sequence alone"
        server.answer, server.models = good_answer, [listed()]
        assert not any(outcome.error for outcome in run(server, data, out, tracker))


def test_an_answer_in_no_form_is_the_models_last_word(data, tmp_path):
    """Asked again it would say the same: the sequence is done, without that caption."""

    def stubborn(asked: Asked):
        if "Describe person" in asked.text and number_of(asked) == "2":
            return json.dumps({"caption": ""})
        return good_answer(asked)

    with serving(ChatServer(stubborn, [listed()])) as server:
        outcomes = run(server, data, tmp_path / "out")
        assert not any(outcome.error for outcome in outcomes)
        assert all(outcome.kept for outcome in run(server, data, tmp_path / "out"))
    description = Description.from_json(tmp_path / "out" / NAMES[0] / "description.json")
    assert [bool(track.caption) for track in description.tracks] == [True, False]
