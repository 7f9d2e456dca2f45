"""`smot-vlm describe`: four valid files, and for each kind of bad input one clear line and nothing lost."""

import json
import signal
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from tiny import mot_text, moving_squares, tiny_config

from smot_vlm.cli.spool import Spool
from smot_vlm.config import apply_overrides, config_from_dict, config_to_dict
from smot_vlm.formats.mot_files import read_results
from smot_vlm.formats.schema import validate_description
from smot_vlm.models.build import build_model
from smot_vlm.output.claimed_folder import OUTPUTS
from smot_vlm.structures import Description
from smot_vlm.tracker import Tracker
from smot_vlm.video.writer import VideoWriter


@pytest.fixture(scope="module")
def model(tiny_language_model):
    torch.manual_seed(0)
    config = tiny_config(tiny_language_model)
    return build_model(config), config


@pytest.fixture(autouse=True)
def small_models(model, monkeypatch):
    """`demo` is a tiny model here."""
    monkeypatch.setattr(
        Tracker,
        "from_pretrained",
        classmethod(
            lambda cls, name, *, detector, associator, device, overrides, dtype, batch: cls(
                model[0],
                config_from_dict(apply_overrides(config_to_dict(model[1]), overrides)),
                detector=detector,
                associator=associator,
                dtype=dtype,
                batch=batch,
            )
        ),
    )


@pytest.fixture
def clip(tmp_path) -> Path:
    write_clip(tmp_path / "clip.mp4", moving_squares())
    return tmp_path / "clip.mp4"


@pytest.fixture
def boxes(tmp_path) -> Path:
    (tmp_path / "mot.txt").write_text(mot_text())
    return tmp_path / "mot.txt"


def write_clip(path: Path, video: np.ndarray) -> None:
    with VideoWriter(path, 25.0, video.shape[2], video.shape[1]) as writer:
        for image in video:
            writer.write(image)


def frames_of(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_four_valid_files(run, clip, boxes, tmp_path):
    code, out, err = run("describe", clip, "--trajectories", boxes, "--out", tmp_path / "out")
    assert code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(OUTPUTS)
    assert all(str(tmp_path / "out" / name) in out for name in OUTPUTS)
    content = json.loads((tmp_path / "out/description.json").read_text())
    assert validate_description(content) == []
    assert len(read_results(tmp_path / "out/tracks.txt").rows) == 48
    assert frames_of(tmp_path / "out/annotated.mp4") == 24
    assert "<html" in (tmp_path / "out/report.html").read_text()
    assert err.count("Untrained") == 1


@pytest.mark.parametrize(("words", "people"), [((), 1), (("--classes", 2), 1), (("--classes", 0, "--classes", 2), 2)])
def test_classes_of_a_trackers_file(run, clip, tmp_path, caplog, words, people):
    text = mot_text().replace("1,-1,-1,-1", "1,0,-1")
    rows = [row.replace(",0,-1", ",2,-1") if row.split(",")[1] == "2" else row for row in text.splitlines()]
    (tmp_path / "tracker.txt").write_text("\n".join(rows))
    for number, given in enumerate(("--trajectories", "--detections")):
        out = tmp_path / f"out{number}"
        assert run("describe", clip, given, tmp_path / "tracker.txt", "--no-video", "--out", out, *words)[0] == 0
        assert len(read_results(out / "tracks.txt").rows) == 24 * people
    assert caplog.text.count("24 of 48 rows are of other classes than") == 2 * (2 - people)
    assert run("describe", clip, "--classes", 0, "--out", tmp_path / "none")[0] == 2


def test_stride_max_frames_and_no_video(run, clip, boxes, tmp_path):
    words = ("--stride", 2, "--max-frames", 5, "--no-video", "--out", tmp_path / "out")
    assert run("describe", clip, "--trajectories", boxes, *words)[0] == 0
    content = json.loads((tmp_path / "out/description.json").read_text())
    assert content["tracks"][0]["frames"] == [0, 2, 4, 6, 8]
    assert not (tmp_path / "out/annotated.mp4").exists()


def test_a_folder_of_images(run, boxes, tmp_path):
    (tmp_path / "images").mkdir()
    for index, image in enumerate(moving_squares(frames=6)):
        cv2.imwrite(str(tmp_path / f"images/{index + 1:03d}.png"), image)
    assert run("describe", tmp_path / "images", "--trajectories", boxes, "--out", tmp_path / "out")[0] == 0
    assert json.loads((tmp_path / "out/description.json").read_text())["video"]["frames"] == 6


@pytest.mark.parametrize("channels", [0, 4])
def test_grey_and_rgba_images(run, boxes, tmp_path, channels):
    (tmp_path / "images").mkdir()
    shape = (64, 96, channels) if channels else (64, 96)
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"images/{index}.png"), np.full(shape, 120, np.uint8))
    assert run("describe", tmp_path / "images", "--trajectories", boxes, "--out", tmp_path / "out")[0] == 0


def test_frames_of_one_pixel(run, tmp_path):
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images/1.png"), np.zeros((1, 1, 3), np.uint8))
    (tmp_path / "mot.txt").write_text("1,1,0,0,1,1\n")
    code, _, _ = run("describe", tmp_path / "images", "--trajectories", tmp_path / "mot.txt", "--out", tmp_path / "out")
    assert code == 0
    assert frames_of(tmp_path / "out/annotated.mp4") == 1


@pytest.mark.parametrize("people", [1, 300])
def test_one_person_and_a_crowd(run, clip, tmp_path, people):
    rows = [
        f"{frame},{person + 1},{person % 20 * 4},{person // 20 * 4},12,12,1"
        for frame in (1, 2)
        for person in range(people)
    ]
    (tmp_path / "mot.txt").write_text("\n".join(rows))
    words = ("--trajectories", tmp_path / "mot.txt", "--max-frames", 2, "--out", tmp_path / "out")
    assert run("describe", clip, *words)[0] == 0
    content = json.loads((tmp_path / "out/description.json").read_text())
    assert len(content["tracks"]) == people
    assert people > 1 or content["interactions"] == []


def test_a_damaged_file_is_described_up_to_the_damage(run, boxes, tmp_path):
    write_clip(tmp_path / "clip.mp4", np.random.default_rng(0).integers(0, 255, (48, 64, 96, 3), dtype=np.uint8))
    content = (tmp_path / "clip.mp4").read_bytes()
    (tmp_path / "clip.mp4").write_bytes(content[: len(content) * 2 // 3])
    code, _, err = run("describe", tmp_path / "clip.mp4", "--trajectories", boxes, "--out", tmp_path / "out")
    assert code == 0
    assert "damaged" in err
    assert json.loads((tmp_path / "out/description.json").read_text())["video"]["truncated"] is True


def seconds_of(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def test_damage_in_the_middle_is_passed_over_and_reported_once(run, boxes, tmp_path):
    with av.open(str(tmp_path / "clip.ts"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"g": "8"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for image in (*np.random.default_rng(0).integers(0, 255, (48, 64, 96, 3), dtype=np.uint8), None):
            container.mux(stream.encode(image if image is None else av.VideoFrame.from_ndarray(image)))
    content = bytearray((tmp_path / "clip.ts").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3000] = bytes(3000)
    (tmp_path / "clip.ts").write_bytes(content)
    words = ("describe", tmp_path / "clip.ts", "--trajectories", boxes, "--out")
    code, _, err = run(*words, tmp_path / "out")
    assert code == 0
    assert err.count("damaged") == 1
    video = json.loads((tmp_path / "out/description.json").read_text())["video"]
    assert validate_description(json.loads((tmp_path / "out/description.json").read_text())) == []
    assert 40 <= video["frames"] <= 48
    ((start, end),) = video["damage"]
    assert 0.5 < start < end < 1.5
    assert not video["truncated"]
    assert len(seconds_of(tmp_path / "out/annotated.mp4")) == video["frames"]
    code, _, err = run(*words, tmp_path / "stopped", "--stop-at-damage")
    assert code == 0
    assert err.count("damaged") == 1
    video = json.loads((tmp_path / "stopped/description.json").read_text())["video"]
    assert video["truncated"]
    assert 10 <= video["frames"] <= 26
    assert len(seconds_of(tmp_path / "stopped/annotated.mp4")) == video["frames"]


def test_what_was_not_watched_is_not_drawn(run, clip, boxes, tmp_path, monkeypatch):
    """Ctrl-C after three frames."""
    add = Spool.add

    def add_and_interrupt(self, frame, video) -> None:
        add(self, frame, video)
        if frame.index == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Spool, "add", add_and_interrupt)
    code, _, err = run("describe", clip, "--trajectories", boxes, "--out", tmp_path / "out")
    assert code == 0
    assert "stopped after 3 frames" in err
    video = json.loads((tmp_path / "out/description.json").read_text())["video"]
    assert (video["frames"], video["stopped"], video["truncated"]) == (3, True, False)
    assert len(seconds_of(tmp_path / "out/annotated.mp4")) == 3


def test_a_file_that_grows_meanwhile_is_drawn_as_far_as_it_was_described(run, boxes, tmp_path, monkeypatch):
    def write(path: Path, count: int) -> Path:
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
            for image in (*np.zeros((count, 64, 96, 3), np.uint8), None):
                container.mux(stream.encode(image if image is None else av.VideoFrame.from_ndarray(image)))
        return path

    clip, more = write(tmp_path / "clip.ts", 6).read_bytes(), write(tmp_path / "more.ts", 20).read_bytes()
    reopen = Spool.open

    def grow_and_open(self, frames):
        (tmp_path / "clip.ts").write_bytes(clip + more)
        return reopen(self, frames)

    monkeypatch.setattr(Spool, "open", grow_and_open)
    assert run("describe", tmp_path / "clip.ts", "--trajectories", boxes, "--out", tmp_path / "out")[0] == 0
    assert json.loads((tmp_path / "out/description.json").read_text())["video"]["frames"] == 6
    assert len(seconds_of(tmp_path / "out/annotated.mp4")) == 6


def test_times_of_a_variable_rate_reach_every_output(run, tmp_path):
    """A second at 30 frames a second, two seconds at 2, a person in the last frames alone."""
    stamps = [index / 30 for index in range(30)] + [1.5, 2.0, 2.5, 3.0] + [3 + index / 30 for index in range(1, 31)]
    with VideoWriter(tmp_path / "clip.mp4", 20, 96, 64, true_times=True) as writer:
        for second in stamps:
            writer.write(np.full((64, 96, 3), 80, np.uint8), second)
    rows = "".join(f"{frame},1,20,10,30,40,1,-1,-1,-1\n" for frame in range(40, 65))
    (tmp_path / "mot.txt").write_text(rows)
    words = ("--trajectories", tmp_path / "mot.txt", "--out", tmp_path / "out")
    assert run("describe", tmp_path / "clip.mp4", *words)[0] == 0
    assert seconds_of(tmp_path / "out/annotated.mp4") == pytest.approx(stamps, abs=1e-3)
    description = Description.from_json(tmp_path / "out/description.json")
    assert [description.video.seconds(index) for index in range(64)] == pytest.approx(stamps, abs=0.0025)
    assert "3.2 s" in (tmp_path / "out/report.html").read_text()


def bad_inputs(folder: Path) -> dict[str, tuple[list[object], str]]:
    """Name -> (words of the command, what the line must say)."""
    clip, boxes = folder / "clip.mp4", folder / "mot.txt"
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("hello, I am a text\n" * 100)
    (folder / "headless.mp4").write_bytes(clip.read_bytes()[:400])
    (folder / "no-images").mkdir()
    (folder / "zero").mkdir()
    (folder / "zero/1.png").write_bytes(b"")
    (folder / "bad-rows.txt").write_text("1,1,0,0,10,10,1\n2,1,0,0,ten,10,1\n")
    (folder / "wrong.onnx").write_text("hello")
    (folder / "full").mkdir()
    (folder / "full/description.json").write_text("{}")
    given = ["--trajectories", boxes]
    return {
        "no such file": ([folder / "nothing.mp4", *given], "nothing.mp4: no such file"),
        "empty file": ([folder / "empty.mp4", *given], "empty.mp4"),
        "text renamed": ([folder / "text.mp4", *given], "text.mp4"),
        "no index": ([folder / "headless.mp4", *given], "headless.mp4"),
        "no images": ([folder / "no-images", *given], "no-images"),
        "zero-size image": ([folder / "zero", *given], "1.png"),
        "bad MOT rows": ([clip, "--trajectories", folder / "bad-rows.txt"], "bad-rows.txt:2:"),
        "no MOT file": ([clip, "--trajectories", folder / "none.txt"], "none.txt: no such file; give MOT text"),
        "ONNX of the wrong kind": (
            [clip, "--detector", f"onnx:{folder / 'wrong.onnx'}"],
            "wrong.onnx: onnxruntime cannot read it",
        ),
        "unknown detector": ([clip, "--detector", "magic"], "takes auto, model, people, onnx:FILE or yolo:FILE"),
        "unknown associator": ([clip, *given, "--associator", "magic"], "it takes byte"),
        "untrained detector": ([clip, "--detector", "model"], "--detector onnx:FILE"),
        "stride": ([clip, *given, "--stride", 0], "stride is 0"),
        "output exists": ([clip, *given, "--out", folder / "full"], "--overwrite"),
        "output is a file": ([clip, *given, "--out", boxes], "is a file"),
    }


NAMES = [
    "no such file", "empty file", "text renamed", "no index", "no images", "zero-size image", "bad MOT rows",
    "no MOT file", "ONNX of the wrong kind", "unknown detector", "unknown associator", "untrained detector", "stride",
    "output exists", "output is a file",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_bad_input_ends_in_one_clear_line(run, clip, boxes, tmp_path, name):
    words, told = bad_inputs(tmp_path)[name]
    out = [] if "--out" in words else ["--out", tmp_path / "out"]
    before = sorted(tmp_path.rglob("*"))
    code, said, err = run("describe", *words, *out)
    assert code == 1
    assert told in err
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "Traceback" not in err
    assert said == ""
    assert sorted(tmp_path.rglob("*")) == before, "nothing was written"


def test_the_table_is_whole(clip, boxes, tmp_path):
    assert list(bad_inputs(tmp_path)) == NAMES


def test_an_output_folder_that_cannot_be_written(run, clip, boxes, tmp_path, monkeypatch):
    import os

    (tmp_path / "locked").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode & os.W_OK and Path(path) == tmp_path / "locked"))
    code, _, err = run("describe", clip, "--trajectories", boxes, "--out", tmp_path / "locked")
    assert code == 1
    assert "no permission to write" in err


def test_overwrite_replaces_and_keeps_what_is_not_ours(run, clip, boxes, tmp_path):
    out = tmp_path / "out"
    assert run("describe", clip, "--trajectories", boxes, "--out", out)[0] == 0
    (out / "notes.txt").write_text("mine")
    assert run("describe", clip, "--trajectories", boxes, "--out", out)[0] == 1
    assert run("describe", clip, "--trajectories", boxes, "--out", out, "--overwrite", "--max-frames", 3)[0] == 0
    assert (out / "notes.txt").read_text() == "mine"
    assert json.loads((out / "description.json").read_text())["video"]["frames"] == 3


@pytest.mark.parametrize("place", [0, 1, 2, 4])
def test_debug_shows_the_traceback_wherever_it_stands(run, tmp_path, place):
    words = ["describe", tmp_path / "nothing.mp4", "--out", tmp_path / "out"]
    words.insert(place, "--debug")
    code, _, err = run(*words)
    assert code == 1
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("error: ")


def test_wrong_usage_is_exit_code_two(run, clip):
    assert run("describe", clip, "--stride", "often")[0] == 2
    assert run("describe", clip, "--no-such-option")[0] == 2
    assert run("fly")[0] == 2


def test_a_source_that_cannot_be_read_twice_is_kept_for_the_second_pass(run, boxes, tmp_path, monkeypatch):
    """As a camera: an odd size, every second frame, read once."""
    from smot_vlm.video import reader

    original = reader.open_video

    def open_camera(source, **options):
        if source == "0":
            return original(iter(moving_squares(width=95, height=63)), **options)
        return original(source, **options)

    monkeypatch.setattr(reader, "open_video", open_camera)
    monkeypatch.setattr("smot_vlm.tracker.open_video", open_camera)
    code, _, _ = run("describe", "0", "--trajectories", boxes, "--stride", 2, "--out", tmp_path / "out")
    assert code == 0
    content = json.loads((tmp_path / "out/description.json").read_text())
    assert (content["video"]["width"], content["video"]["height"], content["video"]["frames"]) == (95, 63, 12)
    assert frames_of(tmp_path / "out/annotated.mp4") == 12


@pytest.mark.subprocess
def test_help_is_quick_because_nothing_heavy_is_imported():
    import subprocess
    import sys

    script = (
        "import sys, smot_vlm.cli.main\n"
        "heavy = {'torch', 'transformers', 'ultralytics', 'supervision', 'cv2', 'matplotlib', 'onnxruntime'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_boxes_without_ids_are_linked_by_the_associator(run, clip, tmp_path):
    rows = [f"{frame + 1},-1,{2 + frame},4,12,12,0.9" for frame in range(24)]
    (tmp_path / "det.txt").write_text("\n".join(rows), encoding="utf-8")
    code, _, error = run(
        "describe", clip, "--detections", tmp_path / "det.txt", "--out", tmp_path / "out", "--no-video"
    )
    assert code == 0, error
    content = json.loads((tmp_path / "out/description.json").read_text(encoding="utf-8"))
    assert [len(track["frames"]) for track in content["tracks"]] == [24]
    assert content["model"]["associator"] == "byte"


def test_settings_and_a_rate_reach_the_model(run, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index, image in enumerate(moving_squares(6)):
        cv2.imwrite(str(folder / f"{index}.png"), image)
    (tmp_path / "mot.txt").write_text(mot_text(6), encoding="utf-8")
    words = ["--fps", "3", "--set", "name=renamed"]
    code, _, error = run(
        "describe", folder, "--trajectories", tmp_path / "mot.txt", "--out", tmp_path / "out", "--no-video", *words
    )
    assert code == 0, error
    content = json.loads((tmp_path / "out/description.json").read_text(encoding="utf-8"))
    assert content["video"]["fps"] == 3.0
    assert content["model"]["name"] == "renamed"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--trajectories", "mot.txt", "--detections", "mot.txt"], 2, "give one of them"),
        (["--fps", "0"], 2, "--fps"),
        (["--fps", "fast"], 2, "--fps"),
        (["--trajectories", "mot.txt", "--set", "interaction.nothing=1"], 1, "unknown key interaction.nothing"),
        (["--trajectories", "mot.txt", "--set", "interaction.threshold"], 1, "write key.subkey=value"),
        (["--trajectories", "mot.txt", "--set", "interaction.threshold=low"], 1, "interaction.threshold is 'low'"),
        (["--trajectories", "mot.txt", "--verbs", " "], 1, "give at least one phrase"),
        (["--trajectories", "mot.txt", "--verbs", "hand over a ball"], 1, "only the 335 verbs can be scored"),
        (["--detections", "none.txt"], 1, "none.txt: no such file"),
    ],
)
def test_wrong_options(run, clip, tmp_path, monkeypatch, words, code, message):
    monkeypatch.chdir(tmp_path)
    Path("mot.txt").write_text(mot_text(24), encoding="utf-8")
    found, _, error = run("describe", clip, "--out", tmp_path / "out", *words)
    assert found == code, error
    assert message in " ".join(error.replace("\u2502", " ").split())
    assert not (tmp_path / "out").exists()
