"""Windows as JSON lines and descriptions of a video without end: right, in bounded memory, whole whatever happens."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime

import numpy as np
import pytest
import torch
from tiny import mot_text, moving_squares, tiny_config

from smot_vlm.models.build import build_model
from smot_vlm.models.rolling import Rolling
from smot_vlm.models.windows import Windows
from smot_vlm.output.rolling_files import RollingFiles, RollingSettings
from smot_vlm.structures import (
    Attribute,
    Description,
    Detections,
    Frame,
    Health,
    Interaction,
    ModelInfo,
    SeenDeed,
    Sight,
    Span,
    Trajectory,
    VideoInfo,
)
from smot_vlm.tracker import Tracker
from smot_vlm.watching import Watch, WatchSettings

INFO = VideoInfo("camera 0", 96, 64, 5.0, 0)
MODEL = ModelInfo("demo", "lora-lm", "byte", True)
IMAGE = np.zeros((64, 96, 3), np.uint8)
BEGAN = datetime.fromisoformat("2026-05-01 21:00:00")


def frame(index: int, fps: float = 5.0) -> Frame:
    return Frame(index, index / fps, IMAGE)


def people(*ids: int) -> Detections:
    boxes = np.array([[4.0 * number, 4, 4 * number + 12, 30] for number in ids]).reshape(-1, 4)
    return Detections(boxes, np.full(len(ids), 0.9), np.array(ids, dtype=np.int64))


def told(caption: str, *captions: str, edges=()) -> Description:
    """Of people 1, 2, ..."""
    tracks = tuple(
        Trajectory(number, [0], [[0.0, 0, 9, 9]], [1.0], text, attributes=(Attribute("kind", "man", 0.9),))
        for number, text in enumerate(captions, start=1)
    )
    return Description(INFO, tracks, tuple(edges), caption, MODEL)


def push(start: float, end: float, score: float = 0.8) -> Interaction:
    return Interaction(1, "push.v.01", 2, score, (Span(start, end, (round(5 * start),), score),))


def test_a_window_has_its_people_with_their_newest_words_and_deeds():
    windows = Windows(10.0, INFO, MODEL)
    for index in range(50):
        description = None
        if index == 20:
            description = told("Two people walk.", "A man.", "A woman.", edges=[push(1.0, 2.0)])
        if index == 40:
            description = told("A push.", "A man in red.", "", edges=[push(2.5, 4.0, 0.9)])
        sight = Sight(8.0, 96, 64, (), (SeenDeed(2, "run", None, (Span(1, 2),)),)) if index == 30 else None
        assert windows.ended(index / 5) is None
        windows.add(frame(index), people(1, 2) if index < 30 else people(1), sight, description)
    window = windows.ended(10.0)
    assert (window.from_seconds, window.to_seconds, window.frames) == (0.0, 10.0, 50)
    first, second = window.description.tracks
    assert (first.caption, second.caption) == ("A man in red.", "A woman.")
    assert first.attributes == (Attribute("kind", "man", 0.9),)
    # Boxes about twice a second: 50 frames at 5 a second are 10 seconds.
    assert 17 <= len(first.frames) <= 21
    assert window.description.caption == "A push."
    (edge,) = window.description.interactions
    assert (edge.subject, edge.verb, edge.object, edge.score) == (1, "push.v.01", 2, 0.9)
    assert [(span.from_seconds, span.to_seconds) for span in edge.spans] == [(1.0, 4.0)]


def test_a_person_who_is_there_for_a_moment_is_kept():
    windows = Windows(10.0, INFO, MODEL)
    for index in range(50):
        windows.add(frame(index), people(1, 2) if index == 13 else people(1), None, None)
    window = windows.close(10.0)
    assert [track.id for track in window.description.tracks] == [1, 2]
    assert window.description.track(2).frames.tolist() == [13]


def test_a_description_is_of_all_windows_since_the_one_before(tmp_path):
    windows = Windows(10.0, INFO, MODEL)
    described = []
    for index in range(300):
        if windows.ended(index / 5) and (index // 50) % 3 == 0:
            described.append(windows.describe())
        description = told(f"Caption {index}.", f"Person at {index}.") if index % 50 == 25 else None
        windows.add(frame(index), people(1 + index // 100), None, description)
    (first,) = described
    assert [track.id for track in first.tracks] == [1, 2]
    assert first.video.frames == 150
    assert first.video.seconds(int(first.tracks[0].frames[-1])) == pytest.approx(19.6, abs=0.4)
    assert [passage.text for passage in first.passages] == ["Caption 25.", "Caption 75.", "Caption 125."]
    assert first.tracks[0].caption == "Person at 125."
    windows.close(60.0)
    second = windows.describe()
    assert [track.id for track in second.tracks] == [2, 3]
    # Words of the period before are not told again.
    assert second.video.times[0][1] >= 30.0
    second.write_json(tmp_path / "a.json")
    assert Description.from_json(tmp_path / "a.json").to_dict() == second.to_dict()


def test_nothing_that_was_told_is_held():
    """An hour of people who come and go: what is held after each description is the same."""
    windows = Windows(10.0, INFO, MODEL)
    sizes = []
    for index in range(18000):
        if windows.ended(index / 5) and index % 3000 == 0:
            windows.describe()
            held = [windows._parts, windows._told, windows._deeds, windows._times, windows._passages, windows._known]
            sizes.append(sum(map(len, held)) + len(windows._boxes.ids))
        description = told("A.", "B.", "C.", edges=[push(index / 5, index / 5 + 0.1)]) if index % 20 == 0 else None
        windows.add(frame(index), people(1, 2, 3 + index // 10), None, description)
    assert sizes == [0] * 5


def test_a_gap_of_hours_is_one_window_and_the_next_holds_the_frame():
    windows = Windows(60.0, INFO, MODEL)
    windows.add(frame(0), people(1), None, None)
    window = windows.ended(7265.0)
    assert (window.from_seconds, window.to_seconds) == (0.0, 60.0)
    windows.add(Frame(1, 7265.0, IMAGE), people(2), None, None)
    assert windows.ended(7300.0 - 41) is None
    window = windows.ended(7320.0)
    assert (window.from_seconds, window.to_seconds, window.frames) == (7260.0, 7320.0, 1)


class TestFiles:
    def written(self, folder, began=BEGAN, periods=4, **options):
        files = RollingFiles(RollingSettings(folder, **options), began)
        for period in range(periods):
            for _ in range(3):
                files.write_window({"caption": "x" * 100}, 3600.0 * period)
            files.write_description(told("A."), 3600.0 * period)
        return sorted(path.name for path in folder.iterdir())

    def test_names_are_of_the_time(self, tmp_path):
        assert self.written(tmp_path, periods=2) == [
            "description-20260501T210000.json",
            "description-20260501T220000.json",
            "windows-20260501T210000.jsonl",
            "windows-20260501T220000.jsonl",
        ]
        assert len((tmp_path / "windows-20260501T220000.jsonl").read_text().splitlines()) == 3

    def test_without_a_date_of_the_seconds(self, tmp_path):
        assert self.written(tmp_path, None, 2)[1] == "description-000003600s.json"

    def test_old_periods_are_removed_by_count(self, tmp_path):
        (tmp_path / "description-mine.json").write_text("{}")
        (tmp_path / "events.jsonl").write_text("{}")
        assert self.written(tmp_path, keep=2) == [
            "description-20260501T230000.json",
            "description-20260502T000000.json",
            "description-mine.json",
            "events.jsonl",
            "windows-20260501T230000.jsonl",
            "windows-20260502T000000.jsonl",
        ]

    def test_old_periods_are_removed_by_size(self, tmp_path):
        whole = tmp_path / "whole"
        self.written(whole)
        size = sum(path.stat().st_size for path in whole.iterdir())
        names = self.written(tmp_path / "some", keep_bytes=size // 2)
        assert names == [
            "description-20260501T230000.json",
            "description-20260502T000000.json",
            "windows-20260501T230000.jsonl",
            "windows-20260502T000000.jsonl",
        ]
        # The newest period stays, whatever its size.
        assert len(self.written(tmp_path / "one", keep_bytes=1)) == 2

    def test_half_a_line_of_a_run_that_was_killed_spoils_no_other(self, tmp_path):
        path = tmp_path / "windows-20260501T210000.jsonl"
        path.write_text('{"whole": 1}\n{"half": ')
        RollingFiles(RollingSettings(tmp_path), BEGAN).write_window({"whole": 2}, 0.0)
        lines = path.read_text().splitlines()
        assert (json.loads(lines[0]), json.loads(lines[2])) == ({"whole": 1}, {"whole": 2})

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"window_seconds": 0.0}, "window_seconds is 0.0; give a number above 0"),
            ({"keep": 0}, "keep is 0"),
            ({"every_seconds": 30.0}, "give shorter windows"),
            ({"every_seconds": float("nan")}, "every_seconds is nan"),
        ],
    )
    def test_numbers_out_of_range(self, tmp_path, options, message):
        with pytest.raises(ValueError, match=message):
            RollingSettings(tmp_path, **options)


@pytest.fixture(scope="module")
def tracker(tiny_language_model) -> Tracker:
    torch.manual_seed(0)
    config = tiny_config(tiny_language_model)
    return Tracker(build_model(config), config)


def lines_of(folder) -> list[dict]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


def test_a_watched_video_is_written(tracker, tmp_path):
    """Sixty frames, one in two seconds: windows of half a minute, a description a minute."""
    boxes = tmp_path / "mot.txt"
    boxes.write_text(mot_text(frames=60))
    rolling = RollingSettings(tmp_path / "out", 30.0, 60.0)
    settings = WatchSettings((), trajectories=boxes, fps=0.5, rolling=rolling, filmed_at=BEGAN)
    said: list[str] = []
    Watch(tracker, settings, print, said.append).run(moving_squares(60))
    lines = lines_of(tmp_path / "out")
    assert [(line["from_seconds"], line["to_seconds"], line["frames"]) for line in lines] == [
        (0.0, 30.0, 15),
        (30.0, 60.0, 15),
        (60.0, 90.0, 15),
        (90.0, 118.0, 15),
    ]
    assert [line["from_time"][11:19] for line in lines] == ["21:00:00", "21:00:30", "21:01:00", "21:01:30"]
    assert all([person["id"] for person in line["people"]] == [1, 2] for line in lines)
    assert all(person["caption"] for line in lines for person in line["people"])
    assert all(line["health"] is None for line in lines)
    assert lines[0]["people"][0]["last_box"] == [16.0, 4.0, 28.0, 16.0]
    descriptions = sorted((tmp_path / "out").glob("description-*.json"))
    assert [path.name for path in descriptions] == [
        "description-20260501T210000.json",
        "description-20260501T210100.json",
    ]
    read = [Description.from_json(path) for path in descriptions]
    assert [len(description.track(1).frames) for description in read] == [30, 30]
    assert all(track.caption for description in read for track in description.tracks)
    assert said == []


def test_windows_end_while_no_frame_comes(tmp_path):
    now = [100.0]
    rolling = Rolling(RollingSettings(tmp_path, 10.0, 20.0), INFO, MODEL, None, print, lambda: now[0])
    rolling.add(frame(0), people(1))
    lost = Health(connected=False, frames=1)
    for _ in range(400):
        now[0] += 0.25
        rolling.wait(lost)
    assert rolling.close() == ""
    lines = lines_of(tmp_path)
    assert [line["from_seconds"] for line in lines] == [10.0 * place for place in range(11)]
    assert [line["frames"] for line in lines] == [1] + [0] * 10
    assert lines[5]["health"]["connected"] is False
    assert len(list(tmp_path.glob("description-*.json"))) == 6


def test_a_disk_that_is_full_is_told_once_and_the_watching_goes_on(tmp_path, monkeypatch):
    def full(*_given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RollingFiles, "write_window", full)
    said: list[str] = []
    rolling = Rolling(RollingSettings(tmp_path, 1.0, 1000.0), INFO, MODEL, None, said.append)
    for index in range(50):
        rolling.add(frame(index), people(1))
    assert rolling.close() == f"windows in {tmp_path}: 10 not written"
    assert len(said) == 1
    assert "No space left" in said[0]


WRITER = """
import sys
from datetime import datetime
from pathlib import Path
from smot_vlm.output.rolling_files import RollingFiles, RollingSettings
from smot_vlm.structures import Description, ModelInfo, VideoInfo
files = RollingFiles(RollingSettings(Path(sys.argv[1]), keep=3), datetime(2026, 5, 1))
caption = "A" * 200_000
told = Description(VideoInfo("a", 9, 9, 5.0, 0), (), (), caption, ModelInfo("a", "b", "c", True))
print("ready", flush=True)
for turn in range(10**9):
    files.write_window({"turn": turn, "caption": caption}, 60.0 * (turn // 10))
    files.write_description(told, 60.0 * (turn // 10))
"""


@pytest.mark.subprocess
def test_a_kill_leaves_whole_files_only(tmp_path):
    for seconds in (0.05, 0.11, 0.17, 0.23):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)],
            stdout=subprocess.PIPE,
            cwd=__file__.rpartition("/")[0],
            env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        ) as process:
            assert process.stdout.readline() == b"ready\n"
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
    written = [path for path in tmp_path.iterdir() if path.is_file()]
    assert sum(path.suffix == ".json" for path in written) >= 1
    for path in written:
        if path.suffix == ".jsonl":
            assert all(len(json.loads(line)["caption"]) == 200_000 for line in path.read_text().splitlines())
        elif path.suffix == ".json":
            assert len(Description.from_json(path).caption) == 200_000


def test_options_of_the_command(tracker, tmp_path, capsys, monkeypatch):
    from smot_vlm.cli import watch as command
    from smot_vlm.cli.main import main
    from smot_vlm.video.writer import VideoWriter

    with VideoWriter(tmp_path / "a.mp4", 5.0, 96, 64) as writer:
        for image in moving_squares(20):
            writer.write(image)
    (tmp_path / "mot.txt").write_text(mot_text(frames=20))
    monkeypatch.setattr(command, "load_tracker", lambda *_given, **_more: tracker)

    def run(*words) -> int:
        with pytest.raises(SystemExit) as end:
            main(["watch", str(tmp_path / "a.mp4"), *map(str, words)])
        return int(end.value.code or 0)

    out = tmp_path / "out"
    words = ("--trajectories", tmp_path / "mot.txt", "--out", out, "--window", 1 / 60, "--every", 3 / 60)
    ended = run(*words, "--keep", 1, "--keep-megabytes", 5)
    assert ended == 0, capsys.readouterr().err
    assert [line["frames"] for line in lines_of(out)] == [5]
    assert [path.name for path in out.glob("description-*")] == ["description-000000003s.json"]
    assert run("--rule", "anyone runs", "--keep", 1) == 2
    assert "go with --out" in " ".join(capsys.readouterr().err.split())
