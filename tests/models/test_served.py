"""The model whose words come from servers: six verbs, roles, failures at random, resuming, waiting for many at once."""

import json
import logging
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from chat_server import Asked, ChatServer, Refusal, good_answer, listed, number_of, serving
from tiny import mot_text, moving_squares

from smot_vlm.config import Config, PicturesConfig, ServerConfig, config_from_dict, load_config
from smot_vlm.models.build import build_configured_model
from smot_vlm.models.served import ServedModel
from smot_vlm.models.served_build import role_addresses, served_by
from smot_vlm.structures import Detections
from smot_vlm.tracker import Tracker
from smot_vlm.verbs import NUM_VERBS

SHIPPED = load_config(Path(__file__).parents[2] / "configs" / "server.yaml")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    """Short pauses before a request is sent again, answers kept in a folder of the test, nothing of the user's."""
    import openai._base_client as client

    monkeypatch.setattr(client, "INITIAL_RETRY_DELAY", 0.005)
    monkeypatch.setattr(client, "MAX_RETRY_DELAY", 0.01)
    monkeypatch.setenv("SMOT_VLM_CACHE", str(tmp_path / "cache"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def config_for(server: ChatServer, *, max_gap=None, max_pairs=2, **changes) -> Config:
    settings = replace(SHIPPED.decoder.server, address=server.url, timeout_seconds=5.0, **changes)
    return replace(
        SHIPPED,
        decoder=replace(SHIPPED.decoder, server=settings),
        interaction=replace(SHIPPED.interaction, max_pairs=max_pairs, max_gap=max_gap),
        pictures=PicturesConfig(scene_frames=3, track_crops=3, frame_size=96, crop_size=48),
    )


def describe(config: Config, folder: Path, *, people=2, frames=24, **options):
    height = max(64, 20 * people)
    (folder / "mot.txt").write_text(mot_text(frames, height, people))
    video = moving_squares(frames, height=height, people=people)
    model = build_configured_model(config)
    return Tracker(model, config).describe(video, trajectories=folder / "mot.txt", **options)


def test_a_video_is_described(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    with serving(ChatServer(good_answer, [listed()])) as server:
        description = describe(config_for(server), tmp_path)
    assert (description.model.name, description.model.decoder, description.model.trained) == ("server", "server", True)
    assert [track.caption for track in description.tracks] == [
        f"A person with the number {number} walks to the right." for number in (1, 2)
    ]
    edges = [(edge.subject, edge.verb, edge.object, edge.score) for edge in description.interactions]
    assert edges == [(1, "talk.v.01", 2, pytest.approx(0.9)), (2, "talk.v.01", 1, pytest.approx(0.9))]
    assert description.caption == "Two people walk."
    (cost,) = (record.getMessage() for record in caplog.records if record.name == "smot_vlm.cost")
    assert re.fullmatch(r"servers: 7 calls, 700 tokens read, 140 written, \d+\.\d s for this video", cost)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_what_is_asked(tmp_path):
    with serving(ChatServer(good_answer, [listed()])) as server:
        describe(config_for(server), tmp_path)
    assert [len(asked.pictures) for asked in server.people] == [2, 2]
    assert all("20 to 45 words" in asked.text and "in order of time" in asked.text for asked in server.people)
    choices = [asked for asked in server.log if "Choose from these" in asked.text]
    enum = choices[0].body["response_format"]["json_schema"]["schema"]["properties"]["interactions"]["items"]
    labels = enum["properties"]["verb"]["enum"]
    assert labels[0] == "talk.v.01"
    assert labels[-1] == "none"
    assert len(labels) == 17
    assert choices[0].pictures != choices[1].pictures, "the numbers 1 and 2 change places with the direction"
    notes = server.log[-1]
    assert notes.pictures == []
    assert "response_format" not in notes.body
    assert "Person 1: A person with the number 1 walks to the right. (0.0-" in notes.text
    assert "s walks to the right)" in notes.text
    assert "person 1: talk person 2; person 2: talk person 1" in notes.text


def test_examples_are_switched_by_the_configuration(tmp_path):
    for examples in (True, False):
        with serving(ChatServer(good_answer, [listed()])) as server:
            config = config_for(server, cache_megabytes=0)
            describe(replace(config, decoder=replace(config.decoder, examples=examples)), tmp_path)
        assert all(("in this manner" in asked.text) == examples for asked in [*server.people, server.log[-1]])


def test_frames_are_shown_for_the_summary_where_that_is_wanted(tmp_path):
    with serving(ChatServer(good_answer, [listed()])) as server:
        assert describe(config_for(server, summary_pictures=True), tmp_path).caption == "Two people walk."
    last = server.log[-1]
    assert len(last.pictures) == 2
    assert "person 2: A person with the number 2" in last.text


def test_a_shortlist_of_ones_own_is_one_question_a_pair(tmp_path):
    with serving(ChatServer(good_answer, [listed()])) as server:
        description = describe(config_for(server, shortlist=("talk.v.01", "hit.v.03")), tmp_path)
    assert len(description.interactions) == 2
    assert server.count("at most four verbs") == 0
    with pytest.raises(ValueError, match=r"unknown verb 'snore\.v\.09'"):
        build_configured_model(config_for(server, shortlist=("snore.v.09",)))


def test_phrases_of_the_users_own(tmp_path):
    def waving(asked: Asked):
        if "Choose from these" not in asked.text:
            return good_answer(asked)
        verb = {"verb": "wave at", "first_picture": 1, "last_picture": 1, "sureness": "medium"}
        return json.dumps({"interactions": [verb]})

    with serving(ChatServer(waving, [listed()])) as server:
        description = describe(config_for(server), tmp_path, verbs=["wave at", "hand over a ball"])
    assert {(edge.verb, round(edge.score, 2)) for edge in description.interactions} == {("wave at", 0.6)}


def test_a_model_that_sees_nothing_happen(tmp_path):
    def nothing(asked: Asked):
        return "Nothing." if "at most four verbs" in asked.text else good_answer(asked)

    with serving(ChatServer(nothing, [listed()])) as server:
        assert describe(config_for(server), tmp_path).interactions == ()
    assert server.count("Choose from these") == 0


def test_interactions_are_told_in_order_of_time(tmp_path):
    """Person 2 acts first, by the pictures that show it."""

    def ordered(asked: Asked):
        if "Choose from these" not in asked.text:
            return good_answer(asked)
        place = 1 if asked.pictures == second else len(asked.pictures)
        verb = {"verb": "talk.v.01", "first_picture": place, "last_picture": place, "sureness": "high"}
        return json.dumps({"interactions": [verb]})

    second = None
    with serving(ChatServer(good_answer, [listed()])) as server:
        describe(config_for(server, concurrency=1, cache_megabytes=0), tmp_path)
        second = [asked for asked in server.log if "Choose from these" in asked.text][1].pictures
        server.answer = ordered
        describe(config_for(server, concurrency=1, cache_megabytes=0), tmp_path)
    assert "person 2: talk person 1; person 1: talk person 2" in server.log[-1].text


def test_roles_have_models_of_their_own(tmp_path):
    with (
        serving(ChatServer(good_answer, [listed("eyes"), listed("verbs")])) as eyes,
        serving(ChatServer(good_answer, [listed("words")])) as words,
    ):
        config = config_for(eyes, captions="#eyes", verbs="#verbs", summary=words.url)
        description = describe(config, tmp_path)
    assert description.caption == "Two people walk."
    assert {asked.body["model"] for asked in eyes.people} == {"eyes"}
    assert {asked.body["model"] for asked in eyes.log if asked not in eyes.people} == {"verbs"}
    assert [asked.body["model"] for asked in words.log] == ["words"]
    assert not any(asked.pictures for asked in words.log)


def test_the_environment_names_a_server(monkeypatch):
    with pytest.raises(ValueError, match=r"names no server; give openai:http.*or set OPENAI_BASE_URL"):
        build_configured_model(SHIPPED)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8001/v1")
    assert {str(address) for address in role_addresses(SHIPPED.decoder.server)} == {"http://127.0.0.1:8001/v1"}
    named = role_addresses(ServerConfig(address="#m", summary="openai:http://127.0.0.1:8002#n"))
    assert [str(address) for address in named] == [
        "http://127.0.0.1:8001/v1#m",
        "http://127.0.0.1:8001/v1#m",
        "http://127.0.0.1:8002/v1#n",
    ]


def faulty(answer, seed: int, share: float = 0.3):
    """3 of 10 requests fail or never end, at random."""
    generator = random.Random(seed)

    def said(asked: Asked):
        if generator.random() >= share:
            return answer(asked)
        return generator.choice([Refusal(500, {}), Refusal(429, {}), Refusal(0), Refusal(-0.4), "", Refusal(503, "no")])

    return said


@pytest.mark.parametrize("seed", [0, 1])
def test_nobody_is_lost_when_three_of_ten_requests_fail_and_nothing_is_asked_twice(tmp_path, seed):
    with serving(ChatServer(faulty(good_answer, seed), [listed()])) as server:
        config = config_for(server, max_pairs=8)
        config = replace(
            config,
            decoder=replace(config.decoder, server=replace(config.decoder.server, timeout_seconds=0.3, retries=8)),
        )
        description = describe(config, tmp_path, people=6)
        assert [track.id for track in description.tracks] == [1, 2, 3, 4, 5, 6]
        assert all(track.caption for track in description.tracks)
        assert description.caption
        asked = len(server.log)
        assert not all(entry.answered for entry in server.log)
        server.answer = lambda asked: pytest.fail("was asked again")
        again = describe(config, tmp_path, people=6)
        assert len(server.log) == asked
    assert again.to_dict() == description.to_dict()


def test_a_run_that_was_stopped_asks_only_for_what_is_missing(tmp_path, caplog):
    def half(asked: Asked):
        if "Describe person" in asked.text and int(number_of(asked)) > 3:
            return Refusal(401, {"error": {"message": "credit is spent"}})
        return good_answer(asked)

    with serving(ChatServer(half, [listed()])) as server:
        first = describe(config_for(server, concurrency=1), tmp_path, people=6)
        assert [bool(track.caption) for track in first.tracks] == [True] * 3 + [False] * 3
        (told,) = (record.getMessage() for record in caplog.records if record.name == "smot_vlm.models.served")
        assert told.startswith("no answer about person 4, person 5, person 6, the video: http://127.0.0.1")
        assert "credit is spent" in told
        server.answer, before = good_answer, len(server.log)
        second = describe(config_for(server), tmp_path, people=6)
    assert all(track.caption for track in second.tracks)
    assert {number_of(asked) for asked in server.log[before:] if "Describe" in asked.text} == {"4", "5", "6"}


def test_a_server_that_fails_altogether_loses_nobody(tmp_path, caplog):
    with serving(ChatServer(lambda asked: Refusal(500, {"error": "broken"}), [listed()])) as server:
        description = describe(config_for(server, retries=0), tmp_path, people=3)
    assert [(track.id, track.caption) for track in description.tracks] == [(1, ""), (2, ""), (3, "")]
    assert (description.caption, description.interactions) == ("", ())
    assert "no answer about the video: nobody has a caption" in caplog.text
    assert "what person 1 does to person 2" in caplog.text


def test_a_server_that_is_not_there_is_told_before_the_first_frame(tmp_path):
    with serving(ChatServer(good_answer, [listed()])) as server:
        config = config_for(server)
    frames = []
    with pytest.raises(ValueError, match="cannot be reached"):
        describe(config, tmp_path, on_frame=lambda frame, video: frames.append(frame))
    assert frames == []


def test_many_are_asked_at_once(tmp_path):
    """8 at a time, of 10 people of whom nobody is near another: none of the first 8 is answered before all have asked."""
    limit, people = 8, 10
    with serving(ChatServer(good_answer, [listed()], together=limit)) as server:
        description = describe(config_for(server, concurrency=limit, max_gap=0.1), tmp_path, people=people)
    assert all(track.caption for track in description.tracks)
    assert len(server.log) == people + 1
    assert server.most_at_once == limit


def test_a_video_without_people(monkeypatch):
    class Nobody:
        def detect(self, image):
            return Detections.empty()

    with serving(ChatServer(good_answer, [listed()])) as server:
        config = config_for(server)
        model = build_configured_model(config)
        monkeypatch.setattr(model, "_detector", Nobody())
        description = Tracker(model, config).describe(moving_squares())
    assert (description.caption, description.tracks) == ("", ())
    assert server.log == []


def test_streaming_ends_with_the_description(tmp_path):
    with serving(ChatServer(good_answer, [listed()])) as server:
        config = config_for(server)
        whole = describe(config, tmp_path)
        tracker = Tracker(build_configured_model(config), config)
        video, boxes = moving_squares(), tmp_path / "mot.txt"
        *_, last = tracker.stream(video, trajectories=boxes, refresh_seconds=0.5)
    assert last.description.to_dict() == whole.to_dict()


def test_a_template_that_opens_a_thought_regardless(tmp_path):
    """The server's model thinks aloud before every answer, whatever it was asked."""
    thought = "Person 9 seems to fly. </think>\n\n"
    with serving(ChatServer(lambda asked: thought + good_answer(asked), [listed()])) as server:
        description = describe(config_for(server), tmp_path)
    texts = [description.caption, *(track.caption for track in description.tracks)]
    assert texts[0] == "Two people walk."
    assert not any("fly" in text or "think" in text for text in texts)
    assert all(asked.body["chat_template_kwargs"] == {"enable_thinking": False} for asked in server.log)


def test_the_six_verbs_need_no_server_until_a_video_is_opened():
    config = replace(SHIPPED, decoder=replace(SHIPPED.decoder, server=ServerConfig(address="http://127.0.0.1:9/v1")))
    model = build_configured_model(config)
    assert isinstance(model, ServedModel)
    assert model.verb_thresholds.shape == (NUM_VERBS,)
    assert model.trained
    assert str(model.to("cpu").device) == "cpu"


def test_only_models_without_words_of_their_own_take_a_server(tiny_tracker_config):
    for other in (tiny_tracker_config, replace(tiny_tracker_config, model_type="tracks-only")):
        with pytest.raises(ValueError, match="servers go with model_type zero-shot"):
            build_configured_model(replace(other, decoder=replace(other.decoder, name="server")))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"num_beams": 4}, "num_beams is 4; servers take 1"),
        ({"compile": True}, "compile goes with lora-lm; servers take"),
    ],
)
def test_beams_and_compiled_words_are_not_for_servers(option, message):
    decoder = replace(SHIPPED.decoder, generation=replace(SHIPPED.decoder.generation, **option))
    server = replace(decoder.server, address="http://127.0.0.1:9/v1")
    with pytest.raises(ValueError, match=message):
        build_configured_model(replace(SHIPPED, decoder=replace(decoder, server=server)))


@pytest.mark.parametrize("setting", ["concurrency", "timeout_seconds", "retries", "picture_tokens", "cache_megabytes"])
def test_settings_out_of_range(setting):
    with pytest.raises(ValueError, match=rf"decoder\.server\.{setting} is -1"):
        config_from_dict({"decoder": {"server": {setting: -1}}})


def test_an_address_on_the_command_line():
    name, overrides = served_by("openai:http://localhost:8000/v1#m", "demo", ["name=mine"])
    config = load_config(Path(__file__).parents[2] / "configs" / f"{name}.yaml", overrides)
    assert (config.name, config.decoder.server.address) == ("mine", "openai:http://localhost:8000/v1#m")
    assert served_by("openai:", "zero-shot", [])[0] == "zero-shot"
    name, overrides = served_by("openai:", "zero-shot", [])
    assert load_config(Path(__file__).parents[2] / "configs/zero-shot.yaml", overrides).decoder.name == "server"
    with pytest.raises(ValueError, match="decoder is 'smolvlm'; it takes openai:http"):
        served_by("smolvlm", "demo", [])


def test_the_command(tmp_path, capfd, caplog, monkeypatch):
    from smot_vlm.cli.main import main
    from smot_vlm.video.writer import VideoWriter

    video = moving_squares()
    with VideoWriter(tmp_path / "squares.mp4", 10.0, 96, 64) as writer:
        for image in video:
            writer.write(image)
    (tmp_path / "mot.txt").write_text(mot_text())
    monkeypatch.chdir(tmp_path)
    boxes = ["--trajectories", "mot.txt", "--no-video", "--out"]
    with serving(ChatServer(good_answer, [listed()])) as server:
        main_exit(main, ["describe", "squares.mp4", "--decoder", f"openai:{server.url}", *boxes, "out"])
    assert "2 people" in capfd.readouterr().out
    assert "for this video" in caplog.text
    assert json.loads((tmp_path / "out/description.json").read_text())["caption"] == "Two people walk."
    assert main_exit(main, ["describe", "squares.mp4", "--decoder", f"openai:{server.url}", *boxes, "more"]) == 1
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert line.startswith("error: http://127.0.0.1")
    assert "cannot be reached" in line


def main_exit(main, arguments) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)
