"""The 335 senses: their order, their glosses, and every spelling found in released annotation files."""

import csv
import hashlib
import re
import subprocess
import sys
import zipfile
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smot_vlm import verbs
from smot_vlm.verbs import NUM_VERBS, VERBS, Verb, find, search, verb

REPOSITORY = Path(__file__).parents[1]
RELEASED = Path(__file__).parent / "golden" / "verbs"
LABELS_SHA256 = "fb9fcea126055ae8ff48b9961eac72563080436f81d1395d2b3b82e7e7d6ad2e"
# The map corrects this label of the list; the class keeps its name.
RENAMED = {"command.v.02": "command.n.02"}

# Every released spelling that is not itself a label in full, and what it means.
SPELLINGS = {
    "accept.v.0": "accept.v.01",
    "accept.v.02 ": "accept.v.02",
    "accompany.v.02 ": "accompany.v.02",
    "arender.v.04": "render.v.04",
    "bruch.v.01": "brush.v.01",
    "ccept.v.02": "accept.v.02",
    "clap.v.04.take.v.04": "clap.v.04|take.v.04",
    "command.v.02": "command.n.02",
    "comply.v.0": "comply.v.01",
    "converse.v.02": "converse.v.01",
    "eep.v.01": "keep.v.01",
    "handshake": "handshake.n.01",
    "handshake.n.01.talk.v.01": "handshake.n.01|talk.v.01",
    "hash_out.v.0": "hash_out.v.01",
    "hold.v.0": "hold.v.02",
    "lift.v.0": "lift.v.02",
    "listen.v.021": "listen.v.02",
    "loo.v.01": "look.v.01",
    "look.v.1": "look.v.01",
    "lsiten.v.01": "listen.v.01",
    "massage.v.0": "massage.v.01",
    "moisture.v.01": "moisten.v.01",
    "order.v.0": "order.v.01",
    "recieve": "receive.v.01",
    "reveive.v.01": "receive.v.01",
    "shake_head.v.01": "headshake",
    "show.v.01s": "show.v.01",
    "simle.v.01": "smile.v.01",
    "smile.0.01": "smile.v.01",
    "smile.01": "smile.v.01",
    "smile.v.01ook.v.01": "smile.v.01|look.v.01",
    "smlie.v.01": "smile.v.01",
    "strife.v.01": "stride.v.01",
    "stride.v.0": "stride.v.01",
    "wipe.v.02": "wipe.v.01",
}
GLUED = [spelling for spelling, meaning in SPELLINGS.items() if "|" in meaning]
CUT_SHORT = ["comply.v.0", "hash_out.v.0", "hold.v.0", "lift.v.0", "look.v.1", "massage.v.0", "order.v.0"]


def released_spellings() -> list[tuple[str, str]]:
    with (RELEASED / "verbs_map.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["dirty"], row["canonical"]) for row in rows]


def meant(name: str) -> str:
    return "|".join(sense.label for sense in find(name))


def test_labels_in_their_order():
    text = "".join(f"{sense.label}\n" for sense in VERBS)
    assert len(VERBS) == NUM_VERBS == 335
    assert [sense.id for sense in VERBS] == list(range(335))
    assert len({sense.label for sense in VERBS}) == 335
    assert hashlib.sha256(text.encode()).hexdigest() == LABELS_SHA256


def test_labels_are_those_of_the_list():
    assert [sense.label for sense in VERBS] == (RELEASED / "verbs_335.txt").read_text(encoding="utf-8").splitlines()


def test_lemma_and_part_of_speech_are_those_of_the_label():
    plain = {}
    for sense in VERBS:
        parts = re.fullmatch(r"(\w+)\.([vn])\.\d+", sense.label)
        if parts is None:
            plain[sense.label] = sense.part_of_speech
            assert sense.lemma == sense.label
        else:
            assert sense.lemma == parts[1].replace("_", " ")
            assert sense.part_of_speech == {"v": "verb", "n": "noun"}[parts[2]]
    assert plain == {
        "collision": "noun",
        "cooperation": "noun",
        "defense": "noun",
        "headshake": "noun",
        "through": "preposition",
        "towards": "preposition",
        "unrobe": "verb",
    }


def test_each_gloss_is_short_and_its_own():
    wrong = {sense.label: sense.gloss for sense in VERBS if not 5 <= len(sense.gloss.split()) <= 15}
    assert not wrong
    assert len({" ".join(re.findall(r"\w+", sense.gloss.casefold())) for sense in VERBS}) == 335
    assert all(sense.gloss == " ".join(sense.gloss.split()) for sense in VERBS)
    assert not [sense.label for sense in VERBS if sense.gloss.endswith(".") or sense.gloss.startswith("to ")]


def test_every_gloss_is_about_people():
    someone = re.compile(
        r"person|someone|people|loved one|partner|opponent|competitor|pursuer|guest|contestant|artist|one another"
        r"|teammate|seller|audience|traveller|helper|pupil|oneself"
    )
    assert not [sense.label for sense in VERBS if not someone.search(sense.gloss)]


@pytest.mark.parametrize(("spelling", "meaning"), SPELLINGS.items())
def test_spellings_are_read(spelling: str, meaning: str):
    assert meant(spelling) == meaning


def test_every_released_spelling_is_read_as_the_map_says():
    spellings = released_spellings()
    assert len(spellings) == 359
    wrong = {dirty: meant(dirty) for dirty, clean in spellings if meant(dirty) != RENAMED.get(clean, clean)}
    assert not wrong
    unlisted = {dirty for dirty, clean in spellings if dirty != clean} - set(SPELLINGS)
    assert not unlisted, "SPELLINGS must name these too"


def test_no_alias_beyond_the_released_spellings():
    released = {dirty.strip() for dirty, _ in released_spellings()}
    assert {alias for sense in VERBS for alias in sense.aliases} <= released


def test_a_label_names_its_own_class():
    assert all(verb(sense.label) is sense and verb(sense.id) is sense for sense in VERBS)
    assert all(find(sense.id) == (sense,) for sense in VERBS)


def test_only_labels_cut_short_are_read_as_another():
    assert [sense.label for sense in VERBS if find(sense.label) != (sense,)] == CUT_SHORT
    assert [verb(label).label for label in CUT_SHORT] == CUT_SHORT


def test_an_alias_names_its_class():
    single = {spelling: meaning for spelling, meaning in SPELLINGS.items() if "|" not in meaning}
    assert {s: verb(s).label for s in single if s not in CUT_SHORT} == {
        s: meaning for s, meaning in single.items() if s not in CUT_SHORT
    }


@pytest.mark.parametrize("glued", GLUED)
def test_a_glued_label_is_two_senses(glued: str):
    assert len(find(glued)) == 2
    first, second = SPELLINGS[glued].split("|")
    with pytest.raises(ValueError, match=rf"{re.escape(first)} and {re.escape(second)}.*call find"):
        verb(glued)


@given(
    st.sampled_from([sense.label for sense in VERBS] + list(SPELLINGS)),
    st.text(" \t\n\r\u00a0.", max_size=4),
    st.text(" \t\n\r\u00a0.", max_size=4),
    st.booleans(),
)
def test_blanks_full_stops_and_case_do_not_matter(name: str, before: str, after: str, upper: bool):
    assert find(before + (name.upper() if upper else name) + after) == find(name)


@pytest.mark.parametrize("name", ["let go of.v.01", "let_go_of.v.01", "Let  Go Of.V.01 "])
def test_blanks_stand_for_underscores(name: str):
    assert verb(name).label == "let_go_of.v.01"


@pytest.mark.parametrize(
    ("name", "near"),
    [("tlak.v.01", "talk.v.01"), ("embrase.v.02", "embrace.v.02"), ("run", "run.v.01"), ("photo.v.01", "photograph")],
)
@pytest.mark.parametrize("look_up", [verb, find])
def test_an_unknown_name_is_told_its_neighbours(look_up, name: str, near: str):
    with pytest.raises(ValueError, match=rf"unknown verb '{re.escape(name)}'; nearest labels: .*{re.escape(near)}"):
        look_up(name)


@pytest.mark.parametrize("name", ["", " . ", "42", "talk.v.01.walk.v.01", "說話"])
def test_an_unknown_name_always_gets_three_labels(name: str):
    with pytest.raises(ValueError, match=r"nearest labels: [\w.]+, [\w.]+, [\w.]+; give one of the 335$"):
        find(name)


@pytest.mark.parametrize("index", [-1, 335, 10**9])
@pytest.mark.parametrize("look_up", [verb, find])
def test_index_out_of_range(look_up, index: int):
    with pytest.raises(ValueError, match=rf"verb index is {index}; give 0 to 334"):
        look_up(index)


def test_index_may_be_any_whole_number():
    assert verb(np.int64(334)).label == "write.v.02"
    with pytest.raises(TypeError):
        verb(1.0)  # type: ignore[arg-type]


def test_search_looks_in_label_lemma_and_gloss():
    assert [sense.label for sense in search("handshake")] == ["handshake.n.01"]
    assert [sense.label for sense in search("let go")] == ["let_go_of.v.01"]
    assert [sense.label for sense in search("Snog.V")] == ["snog.v.01"]
    assert "embrace.v.02" in [sense.label for sense in search(" HUG another ")]
    assert search("no such words") == ()
    assert search("") == VERBS


@given(st.text("abcdehlorst .", min_size=1, max_size=4))
def test_search_agrees_with_a_plain_scan(query: str):
    needle = query.strip()
    hits = [v.id for v in VERBS if needle in f"{v.label}\n{v.lemma}\n{v.gloss}".lower()]
    assert [sense.id for sense in search(query)] == hits


def test_the_two_senses_of_talk_are_told_apart():
    assert "back and forth" in verb("talk.v.01").gloss
    assert "need not reply" in verb("talk.v.02").gloss


def test_a_verb_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        VERBS[0].gloss = "something else"  # type: ignore[misc]
    assert isinstance(VERBS, tuple)
    assert all(isinstance(sense, Verb) for sense in VERBS)
    assert len(set(VERBS)) == 335


def test_verbs_is_the_only_lazy_name():
    assert verbs.VERBS is VERBS
    with pytest.raises(AttributeError, match="VERB"):
        verbs.VERB  # noqa: B018


def run_python(code: str, *path: Path) -> str:
    """Run `code` in a fresh interpreter that finds modules in `path` first."""
    start = f"import sys; sys.path[:0] = {[str(entry) for entry in path]}; "
    command = [sys.executable, "-I", "-c", start + code]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(sys.executable).parent).stdout


@pytest.mark.subprocess
def test_import_is_light():
    """Only verbs.py itself, the package and the standard dataclasses are imported; the table is not read."""
    code = (
        "import smot_vlm.verbs as v; "
        "print(v._load.cache_info().currsize, sorted({'numpy', 'csv', 'difflib', 'importlib.resources'} & {*sys.modules}))"
    )
    assert run_python(code, REPOSITORY).strip() == "0 []"


@pytest.mark.subprocess
def test_the_table_is_read_where_the_package_is_no_folder(tmp_path: Path):
    archive = tmp_path / "package.zip"
    with zipfile.ZipFile(archive, "w") as package:
        for name in ("__init__.py", "verbs.py", "verbs.tsv"):
            package.write(REPOSITORY / "smot_vlm" / name, f"smot_vlm/{name}")
    code = "from smot_vlm import verbs; print(len(verbs.VERBS), verbs.verb(301).label, verbs.__file__)"
    count, label, file = run_python(code, archive).split()
    assert (count, label) == ("335", "talk.v.01")
    assert str(archive) in file
