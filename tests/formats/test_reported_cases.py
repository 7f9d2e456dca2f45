"""Conditions that other tools' users reported, made anew as small files: what is right for each, by the real readers."""

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from smot_vlm.cli.main import main
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.output.run_settings import RunSettings, open_run
from smot_vlm.predict import predict_split
from smot_vlm.structures import Description
from smot_vlm.tracker import Tracker

WIDTH, HEIGHT = 160, 120


def write_images(folder: Path, numbers: range) -> Path:
    folder.mkdir(parents=True)
    for number in numbers:
        Image.new("RGB", (WIDTH, HEIGHT), (number % 256,) * 3).save(folder / f"{number:06d}.png")
    return folder


def mot_rows(frames: range, ids: tuple[int, ...] = (1, 2), end: str = "1,-1,-1,-1") -> str:
    """Boxes of 20 x 50 pixels; the left side tells the frame number, the top the id."""
    return "".join(f"{frame},{one},{frame},{10 * one},20,50,{end}\n" for frame in frames for one in ids)


def write_bensmot(root: Path, names: tuple[str, ...], frames: int = 4) -> Path:
    """Sequences of two people without words, in the split `test`."""
    for name in names:
        folder = root / "test" / name
        write_images(folder / "imgs", range(1, frames + 1))
        (folder / "gt").mkdir()
        (folder / "gt/gt.txt").write_text(mot_rows(range(1, frames + 1)))
    return root


def write_mot_set(root: Path, text: str, frames: range = range(1, 5)) -> Path:
    """One sequence in MOTChallenge's layout, without seqinfo.ini."""
    write_images(root / "train/cam1/img1", frames)
    (root / "train/cam1/gt").mkdir()
    (root / "train/cam1/gt/gt.txt").write_text(text)
    return root


@pytest.fixture(scope="module")
def tracker() -> Tracker:
    return Tracker.from_pretrained("tracks-only")


@pytest.fixture
def run(capsys):
    """Runs the command; gives its exit code and what it said."""

    def runner(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            main([str(word) for word in words])
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return runner


def boxes_of(description) -> list[tuple[int, int, float]]:
    """(id, frame from 0, left side) of every box."""
    return [
        (track.id, int(frame), float(box[0]))
        for track in description.tracks
        for frame, box in zip(track.frames, track.boxes, strict=True)
    ]


@pytest.mark.parametrize("given", ["trajectories", "detections"])
def test_confidence_0_of_a_tracker_is_no_mark(tracker, tmp_path, given):
    images = write_images(tmp_path / "img1", range(1, 5))
    (tmp_path / "tracker.txt").write_text(mot_rows(range(1, 5), end="0,0,-1").replace(",", " "))
    description = tracker.describe(images, **{given: tmp_path / "tracker.txt"})
    assert len(description.tracks) == 2
    assert len(boxes_of(description)) == 8


def test_confidence_0_scores_as_any_other(run, tmp_path):
    write_bensmot(tmp_path / "data", ("street/one",))
    (tmp_path / "run/street/one/gt").mkdir(parents=True)
    (tmp_path / "run/street/one/gt/gt.txt").write_text(mot_rows(range(1, 5), end="0,0,-1"))
    words = ("--gt", tmp_path / "data", "--tracks-only", "--json", tmp_path / "e.json")
    assert run("evaluate", "--pred", tmp_path / "run", *words)[0] == 0
    assert hota(tmp_path / "e.json") == {"street/one": 1}


def test_half_of_a_sequence_has_the_rows_of_its_images(tracker, tmp_path, caplog):
    images = write_images(tmp_path / "img1", range(31, 35))
    (tmp_path / "tracker.txt").write_text(mot_rows(range(1, 35), ids=(1,)))
    description = tracker.describe(images, trajectories=tmp_path / "tracker.txt")
    assert boxes_of(description) == [(1, place, 31.0 + place) for place in range(4)]
    assert (
        "30 of 34 rows are of frames without an image (frames 1 to 30; the images are numbered 31 to 34)" in caplog.text
    )


def test_half_of_a_sequence_whose_rows_were_numbered_anew(tracker, tmp_path, caplog):
    images = write_images(tmp_path / "img1", range(31, 35))
    (tmp_path / "tracker.txt").write_text(mot_rows(range(1, 5), ids=(1,)))
    description = tracker.describe(images, trajectories=tmp_path / "tracker.txt")
    assert boxes_of(description) == [(1, place, 1.0 + place) for place in range(4)]
    assert "the images are numbered 31 to 34; frame 1 is taken as the first image" in caplog.text


def test_half_of_a_set_is_converted_with_the_rows_of_its_images(run, tmp_path):
    write_mot_set(tmp_path / "set", mot_rows(range(1, 35), ids=(1,)), range(31, 35))
    code, out, err = run("data", "convert", tmp_path / "set", tmp_path / "out", "--from", "mot", "--fps", 30)
    assert (code, out) == (0, f"{tmp_path / 'out'}: 1 sequences, 1 tracks, 4 boxes\n")
    assert "30 of 34 rows are of frames without an image" in err
    (track,) = BenSmot(tmp_path / "out", "train", strict=False)[0].tracks
    assert (track.frames.tolist(), track.boxes[0, 0]) == ([30, 31, 32, 33], 31)


def test_nobody_found_is_described_with_nobody(tracker, tmp_path):
    images = write_images(tmp_path / "img1", range(1, 5))
    (tmp_path / "nobody.txt").write_text("")
    for given in ("trajectories", "detections"):
        description = tracker.describe(images, **{given: tmp_path / "nobody.txt"})
        assert (description.tracks, description.video.frames) == ((), 4)


def test_nobody_found_is_scored_as_missed(run, tracker, tmp_path):
    names = ("hall/two", "street/one")
    write_bensmot(tmp_path / "data", names)
    folder = tmp_path / "tracker"
    folder.mkdir()
    (folder / "one.txt").write_text("")
    (folder / "two.txt").write_text(mot_rows(range(1, 5)))
    settings = RunSettings("data", "test", "tracks-only", "model", "byte", trajectories=str(folder))
    outcomes = list(predict_split(tracker, BenSmot(tmp_path / "data", "test"), tmp_path / "run", settings))
    assert [outcome.error for outcome in outcomes] == ["", ""]
    for predictions in (tmp_path / "run", folder):
        words = ("--gt", tmp_path / "data", "--tracks-only", "--json", tmp_path / "e.json", "--overwrite")
        code, _, err = run("evaluate", "--pred", predictions, *words)
        assert (code, err) == (0, "")
        assert hota(tmp_path / "e.json") == {"hall/two": 1, "street/one": 0}


def hota(path: Path) -> dict[str, float]:
    (evaluation,) = json.loads(path.read_text())["evaluations"]
    return {name: row["tracking/HOTA"] for name, row in evaluation["sequences"].items()}


# CVAT's nine columns: flag, class, visibility.
CVAT = mot_rows(range(1, 5), ids=(1,), end="1,2,1.0") + mot_rows(range(1, 5), ids=(2,), end="1,1,1.0")


@pytest.mark.parametrize(
    ("labels", "options", "kept"),
    [
        ("car\nperson\n", (), 1),
        ("Pedestrian\ncar\n", (), 2),
        ("car\nbus\n", ("--classes", 2), 1),
        (None, (), 2),
        (None, ("--classes", 2), 1),
    ],
)
def test_people_are_found_by_name_in_labels_txt(run, tmp_path, labels, options, kept):
    folder = write_mot_set(tmp_path / "set", CVAT) / "train/cam1"
    if labels is not None:
        (folder / "gt/labels.txt").write_text(labels)
    code, _, err = run("data", "convert", tmp_path / "set", tmp_path / "out", "--from", "mot", *options)
    assert code == 0
    assert [track.id for track in BenSmot(tmp_path / "out", "train")[0].tracks] == [kept]
    assert "4 of 8 rows are of other classes than" in err


def test_labels_without_people_are_refused_by_name(run, tmp_path):
    folder = write_mot_set(tmp_path / "set", CVAT) / "train/cam1"
    (folder / "gt/labels.txt").write_text("car\nbus\n")
    code, _, err = run("data", "convert", tmp_path / "set", tmp_path / "out", "--from", "mot")
    assert code == 1
    assert "labels.txt: labels are 'car', 'bus'; none is person or pedestrian" in " ".join(err.split())
    assert err.count("\n") == 1


def test_a_rate_that_no_file_states_is_said(run, tmp_path):
    write_mot_set(tmp_path / "set", mot_rows(range(1, 5)))
    words = ("data", "convert", tmp_path / "set")
    code, _, err = run(*words, tmp_path / "out", "--from", "mot")
    assert code == 0
    assert "no seqinfo.ini states the frame rate" in err
    assert "1 guessed-frame-rate; --strict makes this an error" in err
    code, _, err = run(*words, tmp_path / "strict", "--from", "mot", "--strict")
    assert (code, (tmp_path / "strict").exists()) == (1, False)
    assert "because of --strict: 1 guessed-frame-rate" in err
    assert run(*words, tmp_path / "strict", "--from", "mot", "--strict", "--fps", 14)[::2] == (0, "")
    assert BenSmot(tmp_path / "strict", "train")[0].fps == 14


@pytest.mark.parametrize("name", ["seqinfo.ini", "SeqInfo.ini", "SEQINFO.INI"])
def test_seqinfo_in_any_case(run, tmp_path, name):
    folder = write_mot_set(tmp_path / "set", mot_rows(range(1, 5))) / "train/cam1"
    (folder / "img1").rename(folder / "frames")
    (folder / name).write_text("[SEQUENCE]\nIMDIR=frames\nframerate=14\n")
    assert run("data", "convert", tmp_path / "set", tmp_path / "out", "--from", "mot", "--strict")[::2] == (0, "")
    sequence = BenSmot(tmp_path / "out", "train")[0]
    assert (sequence.fps, len(sequence)) == (14, 4)


def test_combined_json_with_gaps(run, tmp_path):
    write_bensmot(tmp_path / "data", ("hall/two", "street/one", "street/three"))
    captions = {"hall/two": {"1": "A man."}, "street/one": {"1": "A man.", "2": "A woman."}, "street/not_there": {}}
    summaries = {"hall/two": "Two people.", "street/one": "Two people."}
    for name, content in (("instance_caption", captions), ("video_summary", summaries), ("relation", {"hall/two": {}})):
        (tmp_path / f"data/{name}.json").write_text(json.dumps(content))
    words = ("data", "convert", tmp_path / "data", tmp_path / "out", "--from", "bensmot-json", "--fps", 2)
    code, _, err = run(*words, "--strict")
    assert (code, (tmp_path / "out").exists()) == (1, False)
    assert "1 entry-without-video, 1 person-without-caption, 1 video-without-words" in err
    code, out, err = run(*words)
    assert (code, out) == (0, f"{tmp_path / 'out'}: 3 sequences, 6 tracks, 24 boxes\n")
    for line in (
        "entry 'street/not_there' of instance_caption.json belongs to no sequence",
        "hall/two: instance_caption.json has no caption of 1 of 2 people (2)",
        "street/three: no entry in instance_caption.json, video_summary.json, relation.json",
        "left out or guessed: 1 entry-without-video, 1 person-without-caption, 1 video-without-words",
    ):
        assert line in err


def test_a_source_whose_name_is_no_utf8_is_read_back(tmp_path, tracker):
    name = os.fsdecode(b"\xe9t\xe9")
    description = tracker.describe(write_images(tmp_path / name, range(1, 3)), trajectories=[])
    description.to_json(tmp_path / "description.json")
    assert Description.from_json(tmp_path / "description.json").video.source == str(tmp_path / name)
    settings = RunSettings(str(tmp_path / name), "test", "tracks-only", "model", "byte")
    for _ in range(2):
        open_run(tmp_path / "run", settings)
