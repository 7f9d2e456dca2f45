"""Sources and manifests: which videos they stand for."""

import json
import os

import pytest

from smot_vlm.corpora.addresses import fetched
from smot_vlm.corpora.jobs import Job, find_jobs, read_manifest

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def videos(tmp_path):
    for name in ("b.mp4", "a.MKV", "notes.txt", "deep/c.webm", ".hidden/d.mp4"):
        path = tmp_path / "videos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "videos"


def names(jobs, folder):
    return [os.path.relpath(job.path, folder) for job in jobs]


def test_a_folder_is_its_videos_and_each_counts_once(videos):
    assert names(find_jobs([str(videos)]), videos) == ["a.MKV", "b.mp4", "deep/c.webm"]
    assert names(find_jobs([str(videos / "b.mp4"), str(videos)]), videos) == ["b.mp4", "a.MKV", "deep/c.webm"]
    assert names(find_jobs([f"{videos}/*.mp4"]), videos) == ["b.mp4"]
    assert names(find_jobs([f"file://{videos}"]), videos) == ["a.MKV", "b.mp4", "deep/c.webm"]


def test_a_folder_of_images_is_one_video(tmp_path):
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames/001.jpg").write_bytes(b"x")
    assert find_jobs([str(tmp_path / "frames")]) == (Job(str(tmp_path / "frames")),)


def test_addresses_of_memory(tmp_path):
    system = fsspec.filesystem("memory")
    for name in ("one.mp4", "two.mp4", "boxes.txt"):
        system.pipe(f"/corpus-test/{name}", name.encode())
    found = find_jobs(["memory://corpus-test"])
    assert [job.path for job in found] == ["memory:///corpus-test/one.mp4", "memory:///corpus-test/two.mp4"]
    assert find_jobs(["memory://corpus-test/t*.mp4"]) == found[1:]
    with fetched(found[1].path, tmp_path) as copy:
        assert copy.endswith(".mp4")
        with open(copy, "rb") as file:
            assert file.read() == b"two.mp4"
    assert not os.listdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"memory://corpus-test/three\.mp4: nothing is there"):
        find_jobs(["memory://corpus-test/three.mp4"])


@pytest.mark.parametrize("source", ["nowhere", "nowhere/*.mp4", "nonsense://a/b.mp4", "nowhere.csv"])
def test_a_source_that_is_not_there_is_told_by_name(source):
    with pytest.raises((FileNotFoundError, ValueError), match=source.replace("*", r"\*")) as caught:
        find_jobs([source])
    assert "\n" not in str(caught.value)


ROWS = [
    {"path": "b.mp4", "from_seconds": 1.5, "to_seconds": 4.0, "tracks": "notes.txt"},
    {"path": "deep/c.webm"},
    {"path": "s3://bucket/x.mp4", "from_seconds": 2.0},
]


def write_manifest(videos, kind):
    path = videos / f"manifest.{kind}"
    if kind == "csv":
        path.write_text(
            "path,from_seconds,to_seconds,tracks\nb.mp4,1.5,4,notes.txt\ndeep/c.webm,,,\n\ns3://bucket/x.mp4,2,,\n"
        )
    elif kind == "jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n\n" for row in ROWS))
    else:
        pytest.importorskip("pandas").DataFrame(ROWS).astype({"to_seconds": object}).to_parquet(path)
    return path


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_manifests_of_each_kind_say_the_same(videos, kind):
    expected = (
        Job(str(videos / "b.mp4"), 1.5, 4.0, str(videos / "notes.txt")),
        Job(str(videos / "deep/c.webm")),
        Job("s3://bucket/x.mp4", 2.0),
    )
    assert find_jobs([str(write_manifest(videos, kind))]) == expected
    assert [job.name.rpartition("/")[2] for job in expected] == ["b.mp4#t=1.5,4", "c.webm", "x.mp4#t=2"]


def test_bad_rows_are_told_a_line_each(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(
        "path,from_seconds,to_seconds\na.mp4,x,\nb.mp4,5,4\n,1,2\nc.mp4,1\nd.mp4,-1,\ne.mp4,nan,\nf.mp4,0,1\n"
    )
    with pytest.raises(ValueError, match="from_seconds is 'x'") as caught:
        read_manifest(path)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[1] for line in lines[:5]] == ["2", "3", "4", "5", "6"]
    assert "the span is 5.0 to 4.0 seconds" in lines[1]
    assert "path is missing" in lines[2]
    assert "2 cells, and the header has 3" in lines[3]
    assert lines[5] == "and 1 more rows like these"


def test_an_unknown_column_is_told(tmp_path):
    (tmp_path / "m.jsonl").write_text('{"path": "a.mp4", "start": 3}\n')
    with pytest.raises(ValueError, match=r"m\.jsonl:1: unknown key start; valid keys: path, from_seconds"):
        read_manifest(tmp_path / "m.jsonl")


@pytest.mark.parametrize("name", ["m.csv", "m.jsonl", "m.parquet"])
def test_a_manifest_of_noise_is_one_line(tmp_path, name):
    (tmp_path / name).write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match=name) as caught:
        read_manifest(tmp_path / name)
    assert "\n" not in str(caught.value)
