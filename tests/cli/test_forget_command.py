"""`smot-vlm forget`."""

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smot_vlm.output.description_files import write_outputs
from smot_vlm.search.database import open_database
from smot_vlm.search.indexing import update
from smot_vlm.structures import Description, ModelInfo, Trajectory, VideoInfo
from smot_vlm.video.reader import open_video


def film(folder: Path) -> Path:
    """Two people: one plain on the left, one in stripes on the right."""
    folder.mkdir()
    for index in range(4):
        picture = np.full((96, 160, 3), 128, np.uint8)
        picture[20:80, 20:50] = (200, 60, 60)
        picture[20:80, 100:130] = np.where(np.arange(30) % 4 < 2, 255, 0)[None, :, None]
        Image.fromarray(picture).save(folder / f"{index + 1:03d}.png")
    return folder


@pytest.fixture
def described(tmp_path) -> Path:
    source = film(tmp_path / "frames")
    frames, scores = np.arange(4), np.full(4, 0.9)
    tracks = (
        Trajectory(1, frames, np.tile([20.0, 20, 50, 80], (4, 1)), scores, "Somebody in red stands."),
        Trajectory(2, frames, np.tile([100.0, 20, 130, 80], (4, 1)), scores, "Zebrawoman in stripes stands."),
    )
    model = ModelInfo("m", "lora-lm", "byte", True)
    description = Description(
        VideoInfo(str(source), 160, 96, 2.0, 4), tracks, (), "Zebrawoman stands beside somebody.", model
    )
    write_outputs(tmp_path / "out", description, lambda: open_video(source, fps=2.0), 2.0)
    return tmp_path / "out"


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def edges(folder: Path) -> int:
    """Steep edges in a frame of the annotated video: the stripes, and the same words and lines before and after."""
    with open_video(folder / "annotated.mp4") as video:
        picture = next(iter(video)).image.astype(int)
    return int((np.abs(np.diff(picture.sum(axis=2), axis=1)) > 200).sum())


def test_nothing_of_the_person_is_left_in_any_file(run, described):
    assert run("export", described, "--to", "vtt")[0] == run("export", described, "--to", "csv")[0] == 0
    with open_database(described / "search.sqlite") as database:
        update(database, [described], None, "")
    assert b"Zebrawoman" in everything(described)
    shown = edges(described)
    code, out, err = run("forget", described, "--person", 2)
    assert (code, err) == (0, "")
    assert "1 of 2 people are left" in out
    assert b"Zebrawoman" not in everything(described)
    assert edges(described) < shown - 400  # of 60 rows with 14 edges each
    left = Description.from_json(described / "description.json")
    assert [track.id for track in left.tracks] == [1]
    assert {line.split(",")[1] for line in (described / "tracks.txt").read_text().splitlines()} == {"1"}
    with sqlite3.connect(described / "search.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (0,)


def test_the_others_are_blurred_where_asked(run, described, tmp_path):
    """Person 1 is forgotten; the stripes are those of person 2, 60 rows with 14 edges each."""
    hidden = Path(shutil.copytree(described, tmp_path / "hidden"))
    assert (
        run("forget", described, "--person", 1)[0] == run("forget", hidden, "--person", 1, "--blur", "people")[0] == 0
    )
    assert edges(hidden) < edges(described) - 400


def test_who_was_blurred_stays_blurred(run, described):
    """`describe --blur people` marks its description; the stripes are those of person 2."""
    shown = edges(described)
    description = Description.from_json(described / "description.json")
    replace(description, video=replace(description.video, blur="people")).to_json(described / "description.json")
    assert run("forget", described, "--person", 1, "--blur", "faces")[0] == 0
    assert edges(described) < shown - 400
    assert Description.from_json(described / "description.json").video.blur == "people"


def test_a_source_that_is_named_from_the_descriptions_folder_is_found(run, described):
    description = Description.from_json(described / "description.json")
    replace(description, video=replace(description.video, source="../frames")).to_json(described / "description.json")
    assert run("forget", described, "--person", 2)[::2] == (0, "")


def test_without_the_source_there_is_no_picture_any_more(run, described, tmp_path):
    (tmp_path / "frames").rename(tmp_path / "elsewhere")
    code, _, err = run("forget", described, "--person", 2)
    assert code == 0
    assert "not there any more, so there is no picture of it" in err
    assert not (described / "annotated.mp4").exists()
    assert b"Zebrawoman" not in everything(described)


def test_everybody_may_be_forgotten(run, described):
    assert run("forget", described, "--person", 2, "--person", 1)[0] == 0
    assert Description.from_json(described / "description.json").tracks == ()


def test_a_wrong_number_changes_nothing(run, described):
    before = everything(described)
    code, _, err = run("forget", described, "--person", 7)
    assert (code, "no track 7" in err) == (1, True)
    assert everything(described) == before
