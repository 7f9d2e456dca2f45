"""What is left of events on disk: lines at the end of a file, and clips of the pictures around them."""

import json

import numpy as np
import pytest
from rule_cases import event

from smot_vlm.rules.clips import BEFORE_SECONDS, ClipSaver
from smot_vlm.rules.event_log import EventLog, event_line
from smot_vlm.structures import Detections, Frame
from smot_vlm.video.reader import open_video


def test_events_are_appended_a_line_each(tmp_path):
    path = tmp_path / "new" / "events.jsonl"
    for row in range(2):
        with EventLog(path) as log:
            log.write(event(f"rule {row}"))
            assert len(path.read_text().splitlines()) == row + 1  # at once, for whoever reads along
    assert [json.loads(line)["rule"] for line in path.read_text().splitlines()] == ["rule 0", "rule 1"]


def test_half_a_line_of_a_run_that_was_killed_spoils_none_of_the_next(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"schema": "smot-vl')
    with EventLog(path) as log:
        log.write(event())
    assert json.loads(path.read_text().splitlines()[1]) == event().to_dict()


def test_a_name_of_a_rule_cannot_break_a_line():
    assert event_line(event("a\nb\u2028")).isascii()
    assert "\n" not in event_line(event("a\nb"))


def frames(seconds: float, fps: float = 10.0, side: int = 64):
    """Frames whose brightness tells their time."""
    for index in range(round(seconds * fps)):
        yield Frame(index, index / fps, np.full((side, side, 3), min(index, 255), np.uint8))


def run(saver: ClipSaver, told, seconds: float = 20.0) -> list[str]:
    """Watch so many seconds; `told`: (event, when it is told)."""
    paths = []
    for frame in frames(seconds):
        saver.add(frame, Detections.empty())
        paths += [saver.save(each, frame.time_seconds) for each, at in told if at == frame.time_seconds]
    return paths


def test_a_clip_shows_what_was_before_and_after(tmp_path):
    said: list[str] = []
    saver = ClipSaver(tmp_path / "clips", 10.0, said.append)
    (path,) = run(saver, [(event(start=8.0, end=9.0), 9.0)])
    assert saver.close() == ""
    with open_video(path) as video:
        seen = [float(frame.image.mean()) for frame in video]
    assert len(seen) == 10 * (BEFORE_SECONDS + 1 + 3) + 1
    assert seen[0] == pytest.approx(30, abs=4)
    assert seen[-1] == pytest.approx(120, abs=4)
    assert said == []


@pytest.mark.parametrize("blur", [None, "people"])
def test_people_of_a_clip_are_blurred_where_asked_also_shortly_before_and_after(tmp_path, blur):
    """Somebody is found from second 1.0 to 2.0; half a second more is blurred at either side."""
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3)).astype(np.uint8)
    someone = Detections(np.array([[40.0, 20, 80, 100]]), np.ones(1), np.array([7]))
    saver = ClipSaver(tmp_path, 10.0, print, blur=blur)
    for index in range(40):
        saver.add(Frame(index, index / 10, noise), someone if 10 <= index <= 20 else Detections.empty())
        if index == 20:
            path = saver.save(event(start=1.0, end=2.0), 2.0)
    assert saver.close() == ""
    with open_video(path) as video:
        inside = [float(np.abs(np.diff(frame.image[30:90, 45:75].astype(float), axis=1)).mean()) for frame in video]
    assert len(inside) == 40
    hidden = [index for index, detail in enumerate(inside) if detail < inside[0] / 2]
    assert hidden == ([] if blur is None else list(range(5, 26)))


def test_a_clip_at_the_end_has_the_pictures_that_there_are(tmp_path):
    saver = ClipSaver(tmp_path, 10.0, print)
    (path,) = run(saver, [(event(start=1.0, end=2.0), 2.0)], seconds=3.0)
    saver.close()
    with open_video(path) as video:
        assert len(list(video)) == 30


def test_clips_of_earlier_runs_are_not_replaced(tmp_path):
    names = set()
    for _ in range(3):
        saver = ClipSaver(tmp_path, 10.0, print)
        names |= set(run(saver, [(event("../../etc: passwd", 1.0, 1.0), 1.0)], seconds=2.0))
        assert saver.close() == ""
    assert len(names) == 3
    assert sorted(str(path) for path in tmp_path.iterdir()) == sorted(names)


def test_pictures_in_memory_are_bounded_by_time_and_by_bytes(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    saver = ClipSaver(tmp_path, 10.0, print)
    held = []
    for index in range(1000):
        saver.add(Frame(index, index / 10, noise), Detections.empty())
        held.append(saver.held_bytes)
    assert max(held) == max(held[:500])
    small = ClipSaver(tmp_path, 10.0, print, largest_bytes=held[0] * 5)
    for index in range(100):
        small.add(Frame(index, index / 10, noise), Detections.empty())
    assert small.held_bytes == held[0] * 5


def test_a_clip_that_cannot_be_written_is_told(tmp_path):
    said: list[str] = []
    saver = ClipSaver(tmp_path / "clips", 10.0, said.append)
    run(saver, [(event(start=1.0, end=1.0), 1.0)], seconds=2.0)
    (tmp_path / "clips").rmdir()
    (tmp_path / "clips").write_text("a file in the folder's place")
    assert saver.close().endswith("1 not written")
    assert len(said) == 1
