"""Questions and filters."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from described import bag_of_words, pool, street, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smot_vlm.search.database import open_database
from smot_vlm.search.indexing import update
from smot_vlm.search.query import Filters, labels_of
from smot_vlm.search.searcher import Searcher
from smot_vlm.search.words import content_words


@pytest.fixture(scope="module")
def searcher(tmp_path_factory) -> Iterator[Searcher]:
    folder = write(Path(tmp_path_factory.mktemp("search")), street=street(), pool=pool())
    with open_database(folder / "search.sqlite") as database:
        update(database, [folder], bag_of_words, "words")
        yield Searcher(database, bag_of_words)


def kinds(searcher: Searcher, question: str, **filters) -> list[tuple[str, tuple[int, ...]]]:
    return [(hit.entry.kind, hit.entry.people) for hit in searcher.ask(question, Filters(**filters))]


def test_the_best_hit_says_what_was_asked(searcher):
    best = searcher.ask("a woman hands over a parcel")[0]
    assert (best.video.source, best.entry.people[0]) == ("street.mp4", 1)
    assert searcher.ask("a boy swims")[0].video.source == "pool.mp4"


def test_a_person_is_told_of_once(searcher):
    hits = searcher.ask("woman red coat parcel", Filters(kinds=("person", "segment")))
    assert [hit.entry.people[0] for hit in hits].count(1) == 1


def test_words_next_to_each_other_count_more(searcher):
    assert searcher.ask("blue jacket")[0].entry.people == (2,)
    assert searcher.ask("red coat")[0].entry.people[0] == 1


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"kinds": ("video",)}, {("street.mp4", "video"), ("pool.mp4", "video")}),
        ({"verbs": ("give.v.03",)}, {("street.mp4", "segment"), ("street.mp4", "interaction")}),
        ({"verbs": ("give", "wave")}, {("street.mp4", "segment"), ("street.mp4", "interaction")}),
        ({"attributes": ("boy",)}, {("pool.mp4", "person")}),
        ({"attributes": ("upper_colour=blue",), "kinds": ("person",)}, {("street.mp4", "person")}),
        ({"attributes": ("kind=blue",)}, set()),
        ({"attributes": ("red", "blue")}, {("street.mp4", "interaction")}),
        ({"source": "pool", "sure": True}, {("pool.mp4", "video")}),
        ({"from_seconds": 1.9, "kinds": ("segment",)}, {("street.mp4", "segment")}),
        ({"from_seconds": 2.5}, set()),
        ({"to_seconds": 0.5, "kinds": ("segment",)}, {("street.mp4", "segment")}),
    ],
)
def test_filters(searcher, filters, expected):
    hits = searcher.ask("", Filters(**filters))
    assert {(hit.video.source, hit.entry.kind) for hit in hits} == expected


def test_folders_are_whole_names(searcher, tmp_path):
    assert searcher.ask("boy", Filters(folders=(str(tmp_path),))) == []


@pytest.mark.parametrize(
    "wrong", [{"kinds": ("people",)}, {"from_seconds": 3.0, "to_seconds": 1.0}]
)  # fmt: skip
def test_wrong_filters_are_told(wrong):
    with pytest.raises(ValueError, match=r"takes person|earlier first"):
        Filters(**wrong)


def test_nothing_asked_is_told(searcher):
    with pytest.raises(ValueError, match="nothing is asked"):
        searcher.ask("  ")


def test_a_word_that_everything_holds_is_still_found(tmp_path):
    folder = write(tmp_path, pool=pool())
    with open_database(folder / "search.sqlite") as database:
        update(database, [folder], None, "")
        assert len(Searcher(database, None).ask("boy")) == 2


def test_a_verb_stands_for_its_senses():
    assert {"push.v.01", "push"} <= set(labels_of("push"))
    assert labels_of("push.v.01") == ("push.v.01",)
    assert labels_of("moonwalk") == ("moonwalk",)


def test_words_that_say_nothing_are_left_out():
    assert content_words('Someone "hands over" a BALL, to the man!') == ["hands", "over", "ball", "man"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=40))
def test_any_text_may_be_asked(searcher, text):
    """No text is syntax of the index."""
    if text.strip():
        assert isinstance(searcher.ask(text), list)
        searcher.ask(text, Filters(verbs=(text,), attributes=(text,), source=text))
