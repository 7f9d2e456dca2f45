"""`smot-vlm describe`: several videos in one call, blurred people, the JSON line, what to open."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smot_vlm.cli import loading
from smot_vlm.cli.several import folders_of, videos_of
from smot_vlm.config import load_config
from smot_vlm.models.build import build_configured_model
from smot_vlm.output.claimed_folder import OUTPUTS
from smot_vlm.system.files import shipped_folder
from smot_vlm.tracker import Tracker
from smot_vlm.video.writer import VideoWriter

FRAMES = 4


class GivenTracker(Tracker):
    """Takes its boxes from a file, whatever the video."""

    def describe(self, source, **options):
        return super().describe(source, **{**options, "trajectories": Path("mot.txt")})


@pytest.fixture
def loaded(tmp_path, monkeypatch) -> list[str]:
    """The current folder has a MOT file; the names of models that were loaded, each a tracker without words."""
    monkeypatch.chdir(tmp_path)
    Path("mot.txt").write_text("".join(f"{frame},1,40,20,40,80,1,-1,-1,-1\n" for frame in range(1, FRAMES + 1)))
    config = load_config(shipped_folder("configs") / "tracks-only.yaml")
    names: list[str] = []

    def load(cls, name, **_):
        names.append(name)
        return GivenTracker(build_configured_model(config), config)

    monkeypatch.setattr(Tracker, "from_pretrained", classmethod(load))
    return names


def write_clip(path: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    with VideoWriter(Path(path), 25.0, 160, 120) as writer:
        for _ in range(FRAMES):
            writer.write(noise)


def test_several_videos_each_into_a_folder_of_its_own_with_one_model(run, loaded):
    for name in ("a.mp4", "b.mp4"):
        write_clip(name)
    code, out, err = run("describe", "a.mp4", "b.mp4", "--model", "tracks-only", "--no-video")
    assert code == 0, err
    assert loaded == ["tracks-only"]
    assert out.endswith("2 of 2 videos described\n")
    for name in ("a", "b"):
        assert json.loads(Path(f"{name}-described/description.json").read_text())["video"]["source"] == f"{name}.mp4"


def test_one_that_fails_is_named_and_the_others_are_described(run, loaded):
    Path("films").mkdir()
    for name in ("film10.mp4", "film2.mp4"):
        write_clip(f"films/{name}")
    Path("films/film3.mp4").write_text("no video")
    Path("films/notes.txt").write_text("mine")
    words = ("describe", "films", "--model", "tracks-only", "--no-video", "--out", "all")
    code, out, err = run(*words)
    assert code == 1
    assert [line for line in err.splitlines() if line.startswith("error: ")] == [
        line for line in err.splitlines() if "film3.mp4" in line
    ]
    assert err.count("error: ") == 1
    assert [line for line in out.splitlines() if ": 4 frames, 1 person" in line] == [
        f"films/film{number}.mp4: 4 frames, 1 person, 0 interactions" for number in (2, 10)
    ]
    assert out.endswith("2 of 3 videos described\n")
    assert sorted(path.name for path in Path("all").iterdir()) == ["film10-described", "film2-described"]
    # Again: what is there is not replaced, and each is told.
    code, _, err = run(*words)
    assert (code, err.count("error: ")) == (1, 3)
    assert err.count("--overwrite") == 2


def test_a_model_that_is_not_there_is_told_once(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp4", "b.mp4"):
        write_clip(name)
    code, _, err = run("describe", "a.mp4", "b.mp4", "--model", "nothing")
    assert (code, err.count("error: ")) == (1, 1)
    assert not list(tmp_path.glob("*-described"))


@pytest.mark.parametrize("option", ["--trajectories", "--detections"])
def test_boxes_of_one_video_do_not_go_with_several(run, tmp_path, option):
    code, _, err = run("describe", "a.mp4", "b.mp4", option, "mot.txt")
    assert code == 2
    assert "one video" in err


def test_which_folder_each_video_gets():
    assert folders_of(["x/a.mp4", "y/b.c.avi"], Path("out")) == [Path("out/a-described"), Path("out/b.c-described")]
    same = folders_of(["x/a.mp4", "x/a.avi", "b.mp4"], Path())
    assert same == [Path("a-mp4-described"), Path("a-avi-described"), Path("b-described")]
    with pytest.raises(ValueError, match=r"x/a.mp4 and y/a.mp4 would both be described into a-mp4-described"):
        folders_of(["x/a.mp4", "y/a.mp4"], Path())


def test_a_folder_of_images_is_one_video(tmp_path):
    for name in ("1.mp4", "2.txt", ".3.mp4"):
        (tmp_path / name).touch()
    assert videos_of(str(tmp_path)) == [str(tmp_path / "1.mp4")]
    (tmp_path / "1.png").touch()
    assert videos_of(str(tmp_path)) == []
    assert videos_of("n" * 300) == []


def test_the_last_line_says_what_to_open(run, loaded):
    write_clip("a.mp4")
    code, out, err = run("describe", "a.mp4", "--no-video")
    assert code == 0, err
    assert out.splitlines()[-1] == f"Open {Path('a-described/report.html')} in a browser."


def test_a_line_of_json_for_each_video(run, loaded):
    write_clip("a.mp4")
    Path("b.mp4").write_text("no video")
    code, out, _ = run("describe", "b.mp4", "a.mp4", "--json")
    assert code == 1
    failed, told = map(json.loads, out.splitlines())
    assert failed["source"] == "b.mp4"
    assert "b.mp4" in failed["error"]
    assert told["files"] == {name: str(Path("a-described") / name) for name in OUTPUTS}
    assert (told["source"], told["frames"], told["people"], told["interactions"]) == ("a.mp4", 4, 1, 0)
    assert (told["truncated"], told["stopped"]) == (False, False)


def pictures(report: str) -> list[np.ndarray]:
    found = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", report)
    return [np.array(Image.open(io.BytesIO(base64.b64decode(text)))) for text in dict.fromkeys(found)]


def body(report: str) -> str:
    return report.partition("</style>")[2].partition("<script")[0]


def detail(image: np.ndarray) -> float:
    return float(np.abs(np.diff(image.astype(float), axis=1)).mean())


def of_people(report: str) -> list[float]:
    """The detail of every picture of a person: all but the key frame, which is the largest."""
    *people, _ = sorted(pictures(report), key=lambda picture: picture.size)
    assert people
    return [detail(picture) for picture in people]


def test_blurred_people_are_seen_nowhere(run, loaded):
    write_clip("a.mp4")
    assert run("describe", "a.mp4", "--out", "clear")[0] == 0
    assert run("describe", "a.mp4", "--out", "hidden", "--blur", "people")[0] == 0
    clear, hidden = (Path(f"{name}/report.html").read_text() for name in ("clear", "hidden"))
    assert "data:video/mp4" in body(clear)
    assert "data:video/mp4" not in body(hidden)
    assert 'href="../a.mp4"' not in hidden
    assert 'src="../a.mp4"' not in hidden
    assert max(of_people(hidden)) < min(of_people(clear)) / 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("describe", "a.mp4", "--blur", "hands"), "faces"),
        (("search", "x", ".", "--blur", "faces"), "--blur goes with --pictures"),
        (("watch", "a.mp4", "--rule", "anyone pushes anyone", "--blur", "faces"), "--blur goes with --save-clips"),
    ],
)
def test_blur_is_asked_where_pictures_are_written(run, words, message):
    code, _, err = run(*words)
    assert code == 2
    assert message in err


def test_modes_of_the_command_are_those_of_the_drawing():
    from smot_vlm.output.blur import MODES

    assert tuple(mode.value for mode in loading.BlurMode) == MODES
