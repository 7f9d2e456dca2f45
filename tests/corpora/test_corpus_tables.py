"""Parquet beside the results: what is there, what a second run adds, and what a killed writer leaves."""

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from corpus_hooks import Hooked

from smot_vlm.corpora import tables
from smot_vlm.corpora.corpus import describe_corpus
from smot_vlm.corpora.jobs import find_jobs
from smot_vlm.corpora.store import Store
from smot_vlm.structures import Attribute, Description, Interaction, ModelInfo, Segment, Span, Trajectory, VideoInfo

pytest.importorskip("pyarrow")
pandas = pytest.importorskip("pandas")


def description(source: str, caption: str = "Two people.") -> Description:
    boxes = [[0, 0, 9, 9], [1, 0, 10, 9]]
    first = Trajectory(
        1,
        [5, 9],
        boxes,
        [0.9, 0.8],
        "A man walks.",
        segments=(Segment("walks", 0.2, 0.4, "walk", "subject", 2),),
        attributes=(Attribute("kind", "man", 0.75), Attribute("has", "bag")),
    )
    edge = Interaction(1, "push.v.01", 2, 0.5, (Span(0.2, 0.3, (5, 6), 0.5), Span(0.35, 0.4)))
    video = VideoInfo(source, 64, 48, 25.0, 10)
    model = ModelInfo("m", "lora-lm", "byte", True)
    return Description(video, (first, Trajectory(2, [0], boxes[:1], [0.5])), (edge,), caption, model)


def store_of(tmp_path: Path, count: int) -> Store:
    store = Store(tmp_path / "store")
    for number in range(count):
        store.write_description(f"{number:016x}", description(f"{number}.mp4"))
    return store


def read(store: Store, kind: str):
    parts = sorted(store.root.glob(f"tables/*/{kind}.parquet"))
    return pandas.concat([pandas.read_parquet(part) for part in parts]).reset_index(drop=True)


def keys(store: Store) -> list[str]:
    return sorted(read(store, "videos").key)


def test_the_four_tables_say_what_the_json_says(tmp_path):
    store = store_of(tmp_path, 1)
    assert tables.update_tables(store) == 1
    (video,) = read(store, "videos").to_dict("records")
    assert (video["source"], video["people"], video["frames"], video["caption"]) == ("0.mp4", 2, 10, "Two people.")
    assert (store.root / video["file"]).stat().st_size == video["file_bytes"]
    people = read(store, "people")
    assert people.id.tolist() == [1, 2]
    assert (people.from_seconds[0], people.to_seconds[0], people.boxes[0]) == (0.2, 0.36, 2)
    assert json.loads(people.attributes[0]) == [
        {"name": "kind", "value": "man", "score": 0.75},
        {"name": "has", "value": "bag", "score": 1.0},
    ]
    edges = read(store, "interactions")
    assert edges[["subject", "verb", "object", "frames"]].values.tolist() == [
        [1, "push.v.01", 2, "5 6"],
        [1, "push.v.01", 2, ""],
    ]
    (segment,) = read(store, "segments").to_dict("records")
    del segment["key"]
    assert segment == {
        "id": 1,
        "text": "walks",
        "from_seconds": 0.2,
        "to_seconds": 0.4,
        "action": "walk",
        "role": "subject",
        "partner": 2,
    }


def test_a_second_run_adds_what_is_new_and_few_files_hold_many(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "VIDEOS_A_PART", 10)
    store = store_of(tmp_path, 23)
    assert tables.update_tables(store) == 23
    assert [path.name for path in sorted(store.root.glob("tables/*"))] == [".writing.lock", "00000", "00001", "00002"]
    before = {path: path.stat().st_mtime_ns for path in store.root.glob("tables/*/*.parquet")}
    assert tables.update_tables(store) == 0
    assert {path: path.stat().st_mtime_ns for path in store.root.glob("tables/*/*.parquet")} == before
    for number in (40, 41):
        store.write_description(f"{number:016x}", description(f"{number}.mp4"))
    # The last part, of three videos, is filled up.
    assert tables.update_tables(store) == 5
    assert len(list(store.root.glob("tables/*/videos.parquet"))) == 3
    assert keys(store) == sorted(f"{number:016x}" for number in [*range(23), 40, 41])
    assert len(read(store, "people")) == 2 * 25


def test_a_result_that_changed_or_is_gone_leaves_the_tables(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "VIDEOS_A_PART", 4)
    store = store_of(tmp_path, 8)
    tables.update_tables(store)
    store.described(f"{1:016x}").unlink()
    store.write_description(f"{2:016x}", description("2.mp4", "Now another."))
    assert tables.update_tables(store) == 3
    videos = read(store, "videos").set_index("key")
    assert sorted(videos.index) == [f"{number:016x}" for number in (0, 2, 3, 4, 5, 6, 7)]
    assert videos.caption[f"{2:016x}"] == "Now another."
    for key in list(store.result_files()):
        store.described(key).unlink()
    assert tables.update_tables(store) == 0
    assert not list(store.root.glob("tables/*/*.parquet"))


@pytest.mark.parametrize("at", range(6))
def test_a_writer_that_fails_anywhere_loses_and_doubles_nothing(tmp_path, monkeypatch, at):
    """Each renaming of a folder in turn is the last thing that the writer does."""
    monkeypatch.setattr(tables, "VIDEOS_A_PART", 3)
    store = store_of(tmp_path, 5)
    tables.update_tables(store)
    for number in range(5, 9):
        store.write_description(f"{number:016x}", description(f"{number}.mp4"))
    replaced = Path.replace
    count = [0]

    def replace(self, target):
        count[0] += 1
        if count[0] > at:
            raise OSError("killed here")
        return replaced(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", replace)
        with suppress(OSError):
            tables.update_tables(store)
    found = keys(store)
    assert len(found) == len(set(found)), "never twice"
    tables.update_tables(store)
    assert keys(store) == [f"{number:016x}" for number in range(9)]


def test_a_part_that_cannot_be_read_is_written_anew(tmp_path):
    store = store_of(tmp_path, 3)
    tables.update_tables(store)
    (store.root / "tables/00000/videos.parquet").write_bytes(b"nonsense")
    assert tables.update_tables(store) == 3
    assert len(keys(store)) == 3


def test_duckdb_and_pandas_join_them(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    folder = tmp_path / "videos"
    folder.mkdir()
    for number in range(7):
        (folder / f"{number}.mp4").write_bytes(b"x" * (number + 1))
    jobs = find_jobs([str(folder)])
    list(describe_corpus(Hooked(), jobs, tmp_path / "store"))
    found = duckdb.sql(
        f"select v.source, v.caption, p.caption from '{tmp_path}/store/tables/*/videos.parquet' v "
        f"join '{tmp_path}/store/tables/*/people.parquet' p using (key) order by v.source"
    ).fetchall()
    assert found == [(os.fspath(folder / f"{n}.mp4"), f"Of {n + 1} bytes.", f"A man of {n + 1}.") for n in range(7)]
