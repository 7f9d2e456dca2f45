"""Names are bytes: whatever a file is called, it is described, its name is printed whole and harmless, and JSON keeps it."""

import json
import os
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny import mot_text, moving_squares

from smot_vlm.config import load_config
from smot_vlm.models.build import build_configured_model
from smot_vlm.output.claimed_folder import OUTPUTS
from smot_vlm.structures import Description
from smot_vlm.system.printing import printable
from smot_vlm.tracker import Tracker
from smot_vlm.video.writer import VideoWriter

FRAMES = 4
# What a file may be called -> how the name is printed.
NAMES = {
    "brackets": ("Big Buck [2024] [1080p].mp4", "Big Buck [2024] [1080p].mp4"),
    "markup": ("[bold red]a[bold].mp4", "[bold red]a[bold].mp4"),
    "emoji code": (":smile: [link=x].mp4", ":smile: [link=x].mp4"),
    "Latin-1": (os.fsdecode(b"caf\xe9.mp4"), "caf\\xe9.mp4"),
    "percent": ("100%d %s %(x)s%.mp4", "100%d %s %(x)s%.mp4"),
    "255 bytes": ("n" * 251 + ".mp4", "n" * 251 + ".mp4"),
    "255 bytes of two each": ("é" * 125 + "x.mp4", "é" * 125 + "x.mp4"),
    "right to left": ("a\u202e4pm.mp4", "a\\u202e4pm.mp4"),
    "mark of direction": ("a\u200fb.mp4", "a\\u200fb.mp4"),
    "ESC": ("\x1b]0;title\x07\x1b[31mred.mp4", "\\x1b]0;title\\x07\\x1b[31mred.mp4"),
    "C1 control": ("a\x9b31m.mp4", "a\\x9b31m.mp4"),
    "newline": ("a\nerror: b.mp4", "a\\nerror: b.mp4"),
    "colon": ("http:a.mp4", "http:a.mp4"),
    "star": ("a*b?.mp4", "a*b?.mp4"),
    "quotes": ("a'b\"<script>&amp;.mp4", "a'b\"<script>&amp;.mp4"),
    "other scripts": ("видео 人 می‌خواهم.mp4", "видео 人 می‌خواهم.mp4"),
}


@pytest.fixture(scope="module")
def tracker():
    config = load_config("tracks-only" if Path("tracks-only").is_file() else _config("tracks-only"))
    return Tracker(build_configured_model(config), config)


def _config(name: str) -> Path:
    from smot_vlm.system.files import shipped_folder

    return shipped_folder("configs") / f"{name}.yaml"


@pytest.fixture
def here(tmp_path, monkeypatch, tracker):
    """The current folder, with a MOT file; every model is one without words."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Tracker, "from_pretrained", classmethod(lambda cls, name, **_: tracker))
    (tmp_path / "mot.txt").write_text(mot_text(FRAMES))
    return tmp_path


def write_clip(path: str) -> None:
    """Under a plain name first: the writer is not what is tried here."""
    video = moving_squares(FRAMES)
    with VideoWriter("plain.mp4", 25.0, video.shape[2], video.shape[1]) as writer:
        for image in video:
            writer.write(image)
    os.replace("plain.mp4", path)


@pytest.mark.parametrize(("name", "shown"), NAMES.values(), ids=NAMES)
def test_every_name_is_described(run, here, name, shown):
    write_clip(name)
    code, out, err = run("describe", name, "--trajectories", "mot.txt")
    assert code == 0, err
    assert out.startswith(f"{shown}: 4 frames, 2 people, ")
    assert "\x1b" not in out + err
    (folder,) = (path for path in here.iterdir() if path.is_dir())
    assert len(os.fsencode(folder.name)) <= 255
    assert {path.name for path in folder.iterdir()} == set(OUTPUTS)
    text = (folder / "description.json").read_bytes().decode("utf-8")
    assert json.loads(text)["video"]["source"] == name
    assert Description.from_json(folder / "description.json").video.source == name
    report = (folder / "report.html").read_bytes().decode("utf-8")
    assert report.count("<script>") == 1  # the page's own
    assert "\x1b" not in report
    assert "\u202e" not in report


@pytest.mark.parametrize(("name", "shown"), NAMES.values(), ids=NAMES)
def test_every_name_of_a_file_that_is_missing_is_said(run, here, name, shown):
    code, out, err = run("describe", name)
    assert (code, out) == (1, "")
    lines = err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"error: {shown}: no ".replace("\\n", " "))
    assert "*" in name or "no such file" in lines[0]
    assert "pattern" not in lines[0] or "*" in name
    assert sorted(path.name for path in here.iterdir()) == ["mot.txt"]


@pytest.mark.parametrize("name", ["[2024] a", "100%d", os.fsdecode(b"\xe9t\xe9"), "q?", "n" * 255, "\x1b[31m"])
@pytest.mark.parametrize("pattern", ["", "/*.png", "/0[0-2]%.png"])
def test_folders_and_patterns_of_images(run, here, name, pattern):
    Path(name).mkdir()
    for index, image in enumerate(moving_squares(FRAMES)):
        cv2.imwrite("plain.png", image)
        os.replace("plain.png", f"{name}/0{index}%.png")
    code, out, err = run("describe", name + pattern, "--trajectories", "mot.txt", "--out", "out", "--no-video")
    assert code == 0, err
    assert out.startswith(f"{printable(name + pattern)}: {3 if '0-2' in pattern else 4} frames")


def test_an_output_folder_of_any_bytes(run, here):
    write_clip("a.mp4")
    name = os.fsdecode(b"\xe9[1]\x1b")
    code, out, _ = run("describe", "a.mp4", "--trajectories", "mot.txt", "--out", name)
    assert code == 0
    assert "  \\xe9[1]\\x1b/tracks.txt" in out.splitlines()
    assert len(list(Path(name).iterdir())) == 4


@pytest.mark.parametrize(("name", "words"), [("n" * 256, "a name of 256 bytes"), ("a.mp4", "a.mp4 is a file")])
def test_an_output_folder_that_cannot_be_made_is_said_before_the_work(run, here, name, words, monkeypatch):
    monkeypatch.setattr(Tracker, "from_pretrained", classmethod(lambda *_, **__: pytest.fail("the work was begun")))
    write_clip("a.mp4")
    code, _, err = run("describe", "a.mp4", "--trajectories", "mot.txt", "--out", name)
    assert code == 1
    assert words in err
    assert err.count("\n") == 1


def test_too_little_room_is_said_before_the_work(run, here, monkeypatch):
    from types import SimpleNamespace

    write_clip("a.mp4")
    monkeypatch.setattr(Tracker, "from_pretrained", classmethod(lambda *_, **__: pytest.fail("the work was begun")))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    code, _, err = run("describe", "a.mp4", "--trajectories", "mot.txt")
    assert code == 1
    assert "MB are needed here and 0 MB are free" in err
    assert not Path("a-described").exists()


def test_one_person_is_one(run, here):
    write_clip("a.mp4")
    Path("mot.txt").write_text("1,1,2,2,20,20,1\n")
    code, out, _ = run("describe", "a.mp4", "--trajectories", "mot.txt", "--max-frames", 1)
    assert code == 0
    assert out.startswith("a.mp4: 1 frame, 1 person, 0 interactions\n")


def test_a_broken_image_is_left_out_and_told_once(run, here):
    Path("images").mkdir()
    for index, image in enumerate(moving_squares(FRAMES)):
        cv2.imwrite(f"images/{index}.png", image)
    Path("images/1.png").write_bytes(b"")
    Path("images/2.png").write_bytes(b"no picture")
    code, out, err = run("describe", "images", "--trajectories", "mot.txt")
    assert code == 0
    assert "2 frames" in out
    assert err.count("2 pictures left out, the first: images/1.png: an image file of zero bytes") == 1
    assert err.count("damaged") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_watching_describes_what_was_seen(run, here, number, monkeypatch):
    from smot_vlm.cli.spool import Spool

    add = Spool.add

    def add_and_stop(self, frame, video) -> None:
        add(self, frame, video)
        if frame.index == 1:
            signal.raise_signal(number)

    monkeypatch.setattr(Spool, "add", add_and_stop)
    write_clip("a.mp4")
    code, out, err = run("describe", "a.mp4", "--trajectories", "mot.txt")
    assert code == 0
    assert out.startswith("a.mp4: 2 frames")
    assert "stopped after 2 frames" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_while_drawing_ends_it(run, here, number, monkeypatch):
    from smot_vlm.output.annotate import VideoAnnotator

    drawn: list[int] = []

    def draw_and_stop(self, frame) -> None:
        drawn.append(frame.index)
        signal.raise_signal(number)

    monkeypatch.setattr(VideoAnnotator, "add", draw_and_stop)
    write_clip("a.mp4")
    code, out, err = run("describe", "a.mp4", "--trajectories", "mot.txt")
    assert (code, out, drawn) == (128 + number, "", [0])
    assert err.splitlines()[-1] == f"error: stopped by {signal.Signals(number).name}"
    assert not Path("a-described").exists()


def test_of_two_runs_into_one_folder_one_writes(run, here, tracker, monkeypatch):
    """The second begins and ends while the first is at work."""
    write_clip("a.mp4")
    words = ("describe", "a.mp4", "--trajectories", "mot.txt", "--out", "out")
    inner: list[tuple[int, str, str]] = []
    describe = Tracker.describe

    def describe_twice(self, *arguments, **options):
        if not inner:
            inner.append((0, "", ""))
            inner[0] = run(*words)
        return describe(self, *arguments, **options)

    monkeypatch.setattr(Tracker, "describe", describe_twice)
    code, out, err = run(*words)
    assert code == 0, err
    assert "out/description.json" in out
    assert inner[0][0] == 1
    assert "another run is writing here" in inner[0][2]
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(OUTPUTS)


def test_an_engine_that_fails_is_one_line_with_the_file(run, here, monkeypatch):
    def fail(self, *_, **__):
        raise RuntimeError("shapes\n  do not\n fit")

    monkeypatch.setattr(Tracker, "describe", fail)
    write_clip("a.mp4")
    code, out, err = run("describe", "a.mp4", "--trajectories", "mot.txt")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("error: a.mp4: ")
    assert "shapes do not fit" in err.splitlines()[-1]
    code, _, err = run("describe", "a.mp4", "--trajectories", "mot.txt", "--debug")
    assert code == 1
    assert "Traceback" in err


def test_when_the_drawing_fails_in_any_way_the_description_is_kept(run, here, monkeypatch):
    from smot_vlm.output.annotate import VideoAnnotator

    def fail(self, frame) -> None:
        raise MemoryError

    monkeypatch.setattr(VideoAnnotator, "add", fail)
    write_clip("a.mp4")
    code, _, err = run("describe", "a.mp4", "--trajectories", "mot.txt")
    assert code == 1
    assert "not enough memory" in err
    assert (here / "a-described/description.json").is_file()


@pytest.mark.parametrize("model", ["nosuch", "nosuch/dir/deep", "/nosuch/dir", "[red]x"])
def test_a_model_that_is_not_there_is_answered_with_those_that_are(run, here, model, monkeypatch):
    monkeypatch.undo()
    monkeypatch.chdir(here)
    write_clip("a.mp4")
    code, _, err = run("describe", "a.mp4", "--model", model)
    assert code == 1
    assert f"no model '{model}'" in err
    assert "demo, people, people_joint, server, tracks-only, zero-shot" in err


def test_pictures_of_text_show_what_has_no_glyph():
    from smot_vlm.output.text import render_tag, visible

    assert np.array_equal(render_tag("a\x1b", 14, (0, 0, 0), (1, 1, 1)), render_tag("a\\x1b", 14, (0, 0, 0), (1, 1, 1)))
    assert visible("a\n b\u202e\udce9") == "a b\\u202e\\xe9"
