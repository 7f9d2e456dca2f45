"""`smot-vlm search`."""

import json
import sys
from pathlib import Path

import pytest

from smot_vlm.semantics import sentence_embeddings

sys.path.insert(0, str(Path(__file__).parent.parent / "search"))
from described import bag_of_words, pool, street, write


class WordEncoder:
    """In place of the sentence encoder."""

    embed = staticmethod(bag_of_words)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sentence_embeddings, "SentenceEncoder", WordEncoder)
    return write(tmp_path / "all", street=street(), pool=pool())


def test_hits_are_printed_with_video_person_and_times(run, folder):
    code, out, err = run("search", "a woman hands over a parcel", folder, "--limit", 1)
    assert (code, err) == (0, "")
    first, second = out.splitlines()
    assert first.split(maxsplit=1)[1] == "street.mp4 person 1, 2 1.0-2.0 s"
    assert second.strip() == "A woman in a red coat hands over a parcel"


def test_json_holds_every_field_and_filters_narrow(run, folder):
    code, out, _ = run("search", "", folder, "--verb", "give", "--kind", "interaction", "--json", "--sure")
    (hit,) = json.loads(out)
    assert code == 0
    assert (hit["people"], hit["action"], hit["from_seconds"], hit["frame"]) == ([1, 2], "give.v.03", 1.0, 6)
    assert Path(hit["description"]) == folder / "street" / "description.json"
    assert hit["picture"] is None


def test_nothing_found_is_said(run, folder):
    assert run("search", "", folder, "--verb", "embrace")[:2] == (0, "Nothing was found.\n")
    assert json.loads(run("search", "", folder, "--verb", "embrace", "--json")[1]) == []


def test_without_an_encoder_words_are_searched_and_it_is_said(run, folder, monkeypatch):
    def missing() -> None:
        raise ImportError("sentence-transformers is not installed; pip install 'smot-vlm[eval]'")

    monkeypatch.setattr(sentence_embeddings, "SentenceEncoder", missing)
    code, out, err = run("search", "parcel", folder)
    assert code == 0
    assert "parcel" in out
    assert "by words alone" in err


def test_dangerous_text_is_text(run, folder):
    evil = street("\x1b[31m<script>.mp4")
    write(folder, evil=evil)
    _, out, _ = run("search", "parcel", folder)
    assert "\x1b" not in out
    assert "<script>" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["search", "", "{folder}"], "nothing is asked"),
        (["search", "x", "{folder}/absent"], "no such folder"),
        (["search", "", "{folder}", "--like", "street"], "--like is 'street'; give the folder"),
        (["search", "x", "{folder}", "--index", "{folder}"], "cannot be opened"),
        (["search", "x", "{folder}", "--from", "3", "--to", "1"], "give the earlier first"),
    ],
)
def test_wrong_questions_are_one_line(run, folder, words, message):
    code, _, err = run(*(word.format(folder=folder) for word in words))
    assert code == 1
    assert len(err.strip().splitlines()) == 1
    assert message in err


def test_pictures_are_written(run, folder, tmp_path):
    code, out, err = run("search", "parcel", folder, "--pictures", tmp_path / "pictures", "--json")
    assert code == 0
    assert "not there any more" in err
    assert all(hit["picture"] is None for hit in json.loads(out))
