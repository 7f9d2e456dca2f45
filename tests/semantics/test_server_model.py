"""One model on a server: quirks of four kinds of servers, every way to fail, what is kept and what it costs."""

import logging
import os
import re
import socket
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from chat_server import Asked, ChatServer, Refusal, listed, serving

from smot_vlm.semantics import server_model
from smot_vlm.semantics.answer_cache import AnswerCache, content_key
from smot_vlm.semantics.generation import GREEDY, Decoding
from smot_vlm.semantics.server_address import read_address
from smot_vlm.semantics.server_answers import person_schema, read_caption, read_person
from smot_vlm.semantics.server_connection import ListedModel, ServerConnection, ServerError
from smot_vlm.semantics.server_cost import Watch, describe_failures
from smot_vlm.semantics.server_model import ServerModel
from smot_vlm.semantics.server_questions import ServerQuestion, encode_pictures, spread

PERSON = '{"appearance": "red", "actions": [], "caption": "A man walks."}'


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Pauses before a request is sent again are the package's own; here they are short."""
    import openai._base_client as client

    monkeypatch.setattr(client, "INITIAL_RETRY_DELAY", 0.005)
    monkeypatch.setattr(client, "MAX_RETRY_DELAY", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def cache(tmp_path):
    return AnswerCache(tmp_path / "answers", 2**20)


def model_of(url: str, cache: AnswerCache, *, timeout=5.0, retries=2, decoding=GREEDY, **options) -> ServerModel:
    connection = ServerConnection(read_address(url), timeout=timeout, retries=retries)
    return ServerModel(connection, cache, decoding=decoding, **options)


def question(pictures=3, *, schema=True, about="person 1", prompt="Describe person 1", tokens=50) -> ServerQuestion:
    images = np.random.default_rng(0).integers(0, 255, (pictures, 16, 24, 3), dtype=np.uint8)
    return ServerQuestion(about, prompt, encode_pictures(list(images)), tokens, person_schema() if schema else None)


def ask(answer, cache, *, models=None, asked=None, **options):
    """The answer to one question, and the server's log."""
    models = [listed()] if models is None else models
    with serving(ChatServer(answer, models)) as server:
        return model_of(server.url, cache, **options).ask(asked or question(), read_person), server.log


# What each kind of server does its own way: (listing, what it answers).


def vllm(asked: Asked):
    """Takes every field; null thoughts; a context that is told."""
    assert asked.body["response_format"]["json_schema"]["strict"] is True
    assert asked.body["chat_template_kwargs"] == {"enable_thinking": False}
    return {"content": PERSON, "reasoning_content": None}


def llama_cpp(asked: Asked):
    """No grammar for this form, and a template that opens a thought regardless."""
    if "response_format" in asked.body:
        return Refusal(400, {"error": {"code": 400, "message": "failed to parse grammar", "type": "invalid_request"}})
    return {"content": "The man seems to walk. I should answer in JSON.</think>\n```json\n" + PERSON + "\n```"}


def ollama(asked: Asked):
    """Forms are ignored, thoughts told apart in a field of its own, the answer among words."""
    return {"content": "Here it is: " + PERSON, "reasoning": "The user wants a caption."}


def cloud(asked: Asked):
    """Wants a key, and refuses fields that it does not know, one at a time."""
    if asked.key != "Bearer sk-test":
        return Refusal(401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}})
    if "chat_template_kwargs" in asked.body:
        return Refusal(400, {"error": {"message": "Unrecognized request argument supplied: chat_template_kwargs"}})
    if "max_tokens" in asked.body:
        words = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
        return Refusal(400, {"error": {"message": words}})
    if "temperature" in asked.body:
        return Refusal(400, {"error": {"message": "Unsupported value: 'temperature' does not support 0"}})
    assert asked.body["max_completion_tokens"] == 50
    assert "response_format" in asked.body
    return PERSON


def lm_studio(asked: Asked):
    """Says nothing of what it refuses, in an error that is a text."""
    if "chat_template_kwargs" in asked.body:
        return Refusal(422, {"error": "Bad request"})
    return PERSON


@pytest.mark.parametrize(
    ("kind", "models", "requests"),
    [
        (vllm, [listed(max_model_len=8192)], 1),
        (llama_cpp, [listed(meta={"n_ctx_train": 8192})], 2),
        (ollama, [listed()], 1),
        (cloud, [listed()], 4),
        (lm_studio, [listed()], 2),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_quirks(kind, models, requests, cache, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    answer, log = ask(kind, cache, models=models)
    assert answer.value is not None, answer.failure
    assert answer.value.caption == "A man walks."
    assert answer.shown == 3
    assert len(log) == requests


@pytest.mark.parametrize("kind", [llama_cpp, cloud, lm_studio], ids=lambda kind: kind.__name__)
def test_what_a_server_refused_is_not_sent_to_it_again(kind, cache, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with serving(ChatServer(kind, [listed()])) as server:
        model = model_of(server.url, cache)
        model.ask(question(), read_person)
        before = len(server.log)
        answer = model.ask(question(prompt="Describe person 2"), read_person)
    assert answer.value is not None
    assert len(server.log) == before + 1


def test_forms_stay_with_a_server_that_only_refuses_another_field(cache):
    _, log = ask(lm_studio, cache)
    assert "response_format" in log[-1].body
    assert "temperature" in log[-1].body


def test_pictures_are_jpegs_in_front_of_the_words(cache):
    _, log = ask(vllm, cache)
    assert [part["type"] for part in log[0].parts] == ["image_url"] * 3 + ["text"]
    assert all(part["image_url"]["url"].startswith("data:image/jpeg;base64,/9j/") for part in log[0].pictures)


def test_a_small_context_gets_fewer_pictures_the_first_and_the_last_among_them(cache):
    whole = question(5)
    answer, log = ask(vllm, cache, models=[listed(max_model_len=2000)], asked=whole, picture_tokens=600)
    assert answer.shown == 3
    sent = [part["image_url"]["url"] for part in log[0].pictures]
    assert sent == [whole.pictures[place].uri for place in (0, 2, 4)]
    answer, _ = ask(vllm, cache, models=[listed(max_model_len=300)], asked=question(5, prompt="other"))
    assert answer.shown == 1, "never none"


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens",
        "At most 2 image(s) may be provided in one prompt.",
        "the request exceeds the available context size",
    ],
)
def test_a_server_that_takes_fewer_pictures_gets_fewer(words, cache):
    def few(asked):
        return PERSON if len(asked.pictures) <= 2 else Refusal(400, {"error": {"message": words}})

    with serving(ChatServer(few, [listed()])) as server:
        model = model_of(server.url, cache)
        assert model.ask(question(5), read_person).shown == 2
        model.ask(question(5, prompt="Describe person 2"), read_person)
    assert [len(asked.pictures) for asked in server.log] == [5, 2, 2]
    assert "response_format" in server.log[-1].body


def test_a_model_that_sees_nothing_is_told(cache):
    def blind(asked):
        return Refusal(400, {"error": {"message": "image input is not supported - hint: you may need the mmproj"}})

    answer, _ = ask(blind, cache)
    assert answer.value is None
    assert "image input is not supported" in answer.failure


def test_spread_positions():
    assert spread(5, 3) == [0, 2, 4]
    assert spread(5, 9) == [0, 1, 2, 3, 4]
    assert spread(4, 1) == [0]
    assert spread(0, 3) == []


def fails(answer, cache, **options) -> str:
    failed, _ = ask(answer, cache, **options)
    assert failed.value is None
    assert "\n" not in failed.failure
    return failed.failure


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Refusal(404, {"error": {"message": 'model "vl" not found, try pulling it first'}}), "try pulling it first"),
        (Refusal(401, {"error": {"message": "Incorrect API key"}}), "401 .*set OPENAI_API_KEY"),
        (Refusal(403, {"error": "forbidden"}), "403 .*set OPENAI_API_KEY"),
        (Refusal(429, {"error": {"message": "Rate limit"}}), r"429 \(Rate limit\); it has too much to do"),
        (Refusal(500, {"error": {"message": "CUDA out of memory"}}), r"500 \(CUDA out of memory\); see the server's"),
        (Refusal(503, "<html>busy</html>"), "503"),
        (Refusal(400, {"error": {"message": "\x1b[31mno\x1b[0m\nway"}}), r"400 \(\[31mno \[0m way\)"),
        (Refusal(0), "cannot be reached"),
        (Refusal(-1), "no answer in 0.2 seconds; raise decoder.server.timeout_seconds"),
        (Refusal(200, "<html>It works!</html>"), "no chat completion .*address up to /v1"),
        (Refusal(200, {"choices": []}), "no chat completion"),
        (Refusal(200, {"choices": None}), "no chat completion"),
        (Refusal(200, {"error": "no"}), "no chat completion"),
        (Refusal(200, [1, 2]), "no chat completion"),
        ("", "gave an empty answer"),
        ({"content": None}, "gave an empty answer"),
        ({"content": '{"caption": "A man', "finish_reason": "length"}, "cut at .* raise decoder.max_new_tokens"),
        ({"content": "", "reasoning_content": "Hm", "finish_reason": "length"}, "spent all tokens on thinking"),
        ("<think>Hm. Well. ", "gave an empty answer"),
        ('{"words": "A man"}', "in another form than asked for"),
    ],
)
def test_every_failure_is_one_line(said, words, cache):
    told = fails(lambda asked: dict(said) if isinstance(said, dict) else said, cache, timeout=0.2, retries=1)
    assert re.search(words, told), told


def test_bytes_that_claim_to_be_json(cache):
    broken = Refusal(200, "{broken", {"Content-Type": "application/json"})
    assert "no chat completion" in fails(lambda asked: broken, cache)


def test_nobody_listens(cache):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    start = time.monotonic()
    with pytest.raises(ServerError, match=r"cannot be reached .*start the server or give another address"):
        model_of(url, cache, retries=4).open()
    assert time.monotonic() - start < 2


def test_the_key_is_in_no_message_and_no_file(cache, monkeypatch, caplog, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    caplog.set_level(logging.DEBUG, logger="smot_vlm")
    told = fails(lambda asked: Refusal(401, {"error": {"message": "no"}}), cache)
    answer, log = ask(vllm, cache)
    assert answer.value is not None
    assert log[0].key == "Bearer sk-very-secret"
    written = "".join(path.read_text() for path in tmp_path.rglob("*.json"))
    assert "secret" not in told + written + caplog.text


def test_several_models_have_to_be_named(cache):
    with serving(ChatServer(vllm, [listed("a"), listed("b")])) as server:
        with pytest.raises(ServerError, match=r"name a model, as in http.*#MODEL \(it lists a, b\)"):
            model_of(server.url, cache).open()
        model = model_of(server.url + "#b", cache)
        model.open()
        model.ask(question(), read_person)
    assert [asked.body["model"] for asked in server.log] == ["b"]


def test_a_model_that_is_not_listed_is_tried_before_the_video_is_watched(cache):
    def known(asked):
        return PERSON if asked.body["model"] == "hidden" else Refusal(404, {"error": {"message": "no such model"}})

    for models in ([listed("a")], Refusal(404, {"detail": "Not Found"})):
        with serving(ChatServer(known, models)) as server:
            model_of(server.url + "#hidden", cache).open()
            with pytest.raises(ServerError, match=r"404 \(no such model\); name one of its models"):
                model_of(server.url + "#none", cache).open()


def test_pictures_are_not_sent_on_to_another_place(cache):
    with serving(ChatServer(vllm, [listed()])) as other:
        away = Refusal(307, {}, {"Location": f"{other.url}/chat/completions"})
        answer, _ = ask(lambda asked: away, cache)
    assert "307" in answer.failure
    assert "it sends on to another address" in answer.failure
    assert other.log == []


def test_what_may_pass_is_asked_again(cache):
    said = iter([Refusal(503, {}), Refusal(429, {}, {"Retry-After": "0.01"}), Refusal(0), PERSON])
    answer, log = ask(lambda asked: next(said), cache, retries=4)
    assert answer.value is not None
    assert len(log) == 4


def test_a_cut_answer_is_given_more_room(cache):
    def short(asked):
        cut = {"content": '{"caption": "A man', "finish_reason": "length"}
        return cut if asked.body["max_tokens"] < 100 else PERSON

    answer, log = ask(short, cache)
    assert answer.value is not None
    assert [asked.body["max_tokens"] for asked in log] == [50, 100]


def test_a_model_that_thinks_regardless_is_given_room_for_it(cache):
    def thinker(asked):
        if asked.body["max_tokens"] < 1000:
            return {"content": "", "reasoning_content": "Let me see", "finish_reason": "length"}
        return {"content": "<think>Let me see</think>" + PERSON, "reasoning_content": "Let me see"}

    with serving(ChatServer(thinker, [listed()])) as server:
        model = model_of(server.url, cache)
        assert model.ask(question(), read_person).value.caption == "A man walks."
        model.ask(question(prompt="Describe person 2"), read_person)
    assert len(server.log) == 3, "the second question has room at once"


def test_a_plain_answer_that_is_cut_ends_with_a_sentence(cache):
    with serving(ChatServer(lambda _: {"content": "He sits. Then", "finish_reason": "length"}, [listed()])) as server:
        answer = model_of(server.url, cache).ask(question(schema=False), lambda text, _: read_caption(text))
    assert answer.value == "He sits."


def test_a_server_that_is_gone_is_not_waited_for(cache):
    with serving(ChatServer(lambda asked: Refusal(0), [listed()])) as server:
        model = model_of(server.url, cache, retries=0)
        failures = [model.ask(question(prompt=str(row)), read_person).failure for row in range(10)]
    assert all(failures)
    assert len(server.log) == server_model.GIVE_UP_AFTER


def test_a_wrong_key_is_tried_once(cache):
    with serving(ChatServer(lambda asked: Refusal(401, {}), [listed()])) as server:
        model = model_of(server.url, cache)
        failures = {model.ask(question(prompt=str(row)), read_person).failure for row in range(5)}
    assert len(failures) == 1
    assert len(server.log) == 1


def test_answers_are_kept_by_the_content_of_the_question(cache, tmp_path):
    with serving(ChatServer(lambda asked: PERSON, [listed()])) as server:
        first = model_of(server.url, cache)
        assert first.ask(question(), read_person).value == first.ask(question(), read_person).value
        again = model_of(server.url, AnswerCache(tmp_path / "answers", 2**20))
        kept = again.ask(question(), read_person)
        assert (kept.value.caption, kept.shown) == ("A man walks.", 3)
        assert len(server.log) == 1
        assert (again.cost.calls, again.cost.kept) == (0, 1)
        for other in (question(2), question(prompt="other"), question(tokens=60), question(schema=False)):
            again.ask(other, read_person)
        model_of(server.url, cache, decoding=Decoding(temperature=0.5)).ask(question(), read_person)
        assert len(server.log) == 6


def test_a_failure_is_not_kept(cache):
    said = iter([Refusal(400, {"error": "no"})] * 5 + [PERSON])
    with serving(ChatServer(lambda asked: next(said), [listed()])) as server:
        model = model_of(server.url, cache)
        assert model.ask(question(1, schema=False), read_person).value is None
        assert model.ask(question(1, schema=False), read_person).value is not None


@pytest.mark.parametrize("damage", ["", "{", '{"text": 3}', '{"text": "{}", "shown": 3}', "[]", "\0"])
def test_a_damaged_answer_is_asked_for_again(damage, cache, tmp_path):
    ask(vllm, cache)
    (path,) = tmp_path.rglob("*.json")
    path.write_text(damage)
    answer, log = ask(vllm, cache)
    assert answer.value is not None
    assert len(log) == 1


def test_the_oldest_answers_go_first(tmp_path):
    cache = AnswerCache(tmp_path, 220)
    keys = [content_key({"row": row}) for row in range(8)]
    for row, key in enumerate(keys):
        cache.put(key, {"text": "x" * 40, "shown": 1})
        os.utime(tmp_path / key[:2] / f"{key}.json", (row, row))
    assert cache.get(keys[0])
    cache.prune()
    left = {path.stem for path in tmp_path.rglob("*.json")}
    assert left == {keys[0], keys[6], keys[7]}, "the one just used, and the newest"


def test_nothing_is_kept_where_nothing_may_be(tmp_path):
    cache = AnswerCache(tmp_path / "answers", 0)
    ask(vllm, cache)
    assert not (tmp_path / "answers").exists()


def test_a_full_disk_costs_no_answer(cache, monkeypatch, caplog):
    def full(target, text, overwrite=True):
        raise OSError("no space left on device")

    monkeypatch.setattr("smot_vlm.semantics.answer_cache.write_text", full)
    answer, _ = ask(vllm, cache)
    assert answer.value is not None
    assert "no space left" in caplog.text


def test_pictures_are_sent_once_where_the_server_keeps_them(cache):
    with serving(ChatServer(vllm, [listed()])) as server:
        model = model_of(server.url, cache, reuse_pictures=True)
        model.ask(question(2), read_person)
        model.ask(question(2, prompt="more"), read_person)
    first, second = (asked.pictures for asked in server.log)
    assert all(part["image_url"]["url"] for part in first)
    assert [part["image_url"] for part in second] == [{}, {}]
    assert [part["uuid"] for part in first] == [part["uuid"] for part in second]
    assert len({part["uuid"] for part in first}) == 2


def test_pictures_that_the_server_has_forgotten_are_sent_again(cache):
    def forgetful(asked):
        if not all(part["image_url"] for part in asked.pictures):
            return Refusal(400, {"error": {"message": "missing multi-modal data"}})
        return PERSON

    with serving(ChatServer(forgetful, [listed()])) as server:
        model = model_of(server.url, cache, reuse_pictures=True)
        model.ask(question(2), read_person)
        assert model.ask(question(2, prompt="more"), read_person).shown == 2


def test_samples_have_a_seed(cache):
    _, log = ask(vllm, cache, decoding=Decoding(temperature=0.7, top_p=0.9, seed=3))
    assert (log[0].body["temperature"], log[0].body["top_p"], log[0].body["seed"]) == (0.7, 0.9, 3)


def test_what_it_cost(cache):
    with serving(ChatServer(vllm, [listed()])) as server:
        model = model_of(server.url, cache)
        model.ask(question(), read_person)
        watch = Watch([model.cost])
        for prompt in ("a", "b", "Describe person 1"):
            model.ask(question(prompt=prompt), read_person)
    assert watch.told().startswith("servers: 2 calls, 1 answer from the cache, 200 tokens read, 40 written, 0.")


def test_failures_are_told_by_reason():
    told = describe_failures([("person 1", "gone"), ("the video", "odd"), ("person 2", "gone")])
    assert told == ["no answer about person 1, person 2: gone", "no answer about the video: odd"]


def test_a_host_that_is_not_this_machine_is_named_once(cache, caplog, monkeypatch):
    monkeypatch.setattr(server_model, "_warned", set())
    monkeypatch.setattr(ServerConnection, "models", lambda _: [ListedModel("vl", None)])  # nothing is sent
    for url in ("http://gpu.example.org/v1", "http://gpu.example.org/v1", "https://cloud.example.org/v1"):
        model_of(url, cache).open()
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "pictures of people leave this machine: they are sent to gpu.example.org, unencrypted",
        "pictures of people leave this machine: they are sent to cloud.example.org",
    ]


def test_this_machine_is_asked_past_a_proxy(cache, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    answer, _ = ask(vllm, cache)
    assert answer.value is not None, answer.failure


def test_the_package_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ImportError, match=r"openai is not installed; pip install 'smot-vlm\[server\]'"):
        ServerConnection(read_address("http://localhost:1/v1"), timeout=1.0, retries=0)


def test_one_file_imports_the_package():
    package = Path(server_model.__file__).parents[1]
    texts = {path.name: path.read_text() for path in package.rglob("*.py")}
    found = [name for name, text in texts.items() if "import openai" in text or "from openai" in text]
    assert found == ["server_connection.py"]
