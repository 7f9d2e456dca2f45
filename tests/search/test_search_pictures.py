"""Pictures of hits, and who looks like whom."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from described import bag_of_words, street, write
from PIL import Image

from smot_vlm.search import likeness
from smot_vlm.search.database import SearchDatabase, VideoRow, open_database
from smot_vlm.search.entries import VIDEO, entries_of
from smot_vlm.search.indexing import update
from smot_vlm.search.pictures import picture_of
from smot_vlm.search.query import Filters

RED, BLUE, GREY = (200, 30, 30), (30, 30, 200), (120, 120, 120)


def film(folder: Path, first: tuple[int, int, int], second: tuple[int, int, int]) -> Path:
    """Ten pictures with two people of one colour each, where `street` has its boxes."""
    folder.mkdir(parents=True)
    for index in range(10):
        picture = np.full((50, 100, 3), GREY, np.uint8)
        picture[5:30, 10:18], picture[5:30, 20:28] = first, second
        Image.fromarray(picture).save(folder / f"{index:03d}.png")
    return folder


@pytest.fixture
def database(tmp_path) -> Iterator[SearchDatabase]:
    """Three videos: red and blue, blue and red, red and grey."""
    for name, colours in {"a": (RED, BLUE), "b": (BLUE, RED), "c": (RED, GREY)}.items():
        film(tmp_path / "films" / name, *colours)
        write(tmp_path / "all", **{name: street(str(tmp_path / "films" / name))})
    with open_database(tmp_path / "search.sqlite") as opened:
        update(opened, [tmp_path / "all"], bag_of_words, "words")
        yield opened


def mean_colours(image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    return np.array([image[int(y1) : int(y2), int(x1) : int(x2)].mean(axis=(0, 1)) for x1, y1, x2, y2 in boxes])


def test_people_of_the_same_look_are_found_in_other_videos(database, tmp_path, monkeypatch):
    monkeypatch.setattr(likeness, "_open_network", lambda: mean_colours)
    assert likeness.add_looks(database) == []
    description = tmp_path / "all" / "a" / "description.json"
    hits = likeness.who_looks_like(database, description, 1)
    assert [(Path(hit.video.path).parent.name, hit.entry.people) for hit in hits[:2]] == [("b", (2,)), ("c", (1,))]
    assert hits[0].score > hits[2].score + 0.1
    assert all((hit.video.path, hit.entry.people) != (str(description), (1,)) for hit in hits)
    only = likeness.who_looks_like(database, description, 1, Filters(attributes=("man",)))
    assert {hit.entry.people for hit in only} == {(2,)}
    # Nobody is looked at twice.
    monkeypatch.setattr(likeness, "_open_network", lambda: pytest.fail("looked again"))
    assert likeness.add_looks(database) == []


def test_a_video_that_is_gone_is_told_and_the_others_are_looked_at(database, tmp_path, monkeypatch):
    monkeypatch.setattr(likeness, "_open_network", lambda: mean_colours)
    (tmp_path / "films" / "b").rename(tmp_path / "films" / "elsewhere")
    flaws = likeness.add_looks(database)
    assert len(flaws) == 1
    assert "not there any more" in flaws[0]
    assert {path for (path, _) in database.looks()[0]} == {
        str(tmp_path / "all" / name / "description.json") for name in "ac"
    }
    with pytest.raises(ValueError, match="no look at person 1"):
        likeness.who_looks_like(database, tmp_path / "all" / "b" / "description.json", 1)


def test_the_picture_of_a_hit_shows_its_people(database, tmp_path):
    video = database.videos()[str(tmp_path / "all" / "a" / "description.json")]
    person, *_, edge, whole = entries_of(street())
    shown = picture_of(video, person)
    assert shown is not None
    assert np.abs(shown.astype(int) - RED).sum(axis=2).min() < 10
    assert np.abs(shown.astype(int) - BLUE).sum(axis=2).min() > 100
    both = picture_of(video, edge)
    assert both is not None
    assert np.abs(both.astype(int) - BLUE).sum(axis=2).min() < 10
    assert whole.kind == VIDEO
    assert picture_of(video, replace(whole, frame=None)) is None


@pytest.mark.parametrize("blur", [None, "people"])
def test_the_picture_of_a_hit_shows_people_blurred_where_asked(database, tmp_path, blur):
    """A person in stripes of one pixel."""
    video = database.videos()[str(tmp_path / "all" / "a" / "description.json")]
    for path in (tmp_path / "films" / "a").iterdir():
        picture = np.array(Image.open(path))
        picture[5:30:2, 10:18] = 255
        Image.fromarray(picture).save(path)
    shown = picture_of(video, entries_of(street())[0], blur)
    assert shown is not None
    steps = np.abs(np.diff(shown.astype(float), axis=0)).mean(axis=(1, 2))
    assert (np.median(steps) < 10) == (blur is not None)


@pytest.mark.parametrize("source", ["rtsp://127.0.0.1:9/camera", "0", "http://127.0.0.1:9/a.mp4"])
def test_a_description_cannot_open_cameras_and_addresses(tmp_path, source):
    write(tmp_path, one=street(source))
    row = VideoRow(str(tmp_path / "one" / "description.json"), "", source)
    with pytest.raises(FileNotFoundError, match="not there any more"):
        picture_of(row, entries_of(street())[0])
