"""Watching: what a stream tells of its newest seconds in bounded memory, and the loop from frames to events."""

import json
from datetime import datetime

import numpy as np
import pytest
import torch
from rule_cases import VOCABULARY
from tiny import mot_text, moving_squares, tiny_config

from smot_vlm.models.build import build_model
from smot_vlm.rules.events import Event
from smot_vlm.rules.parts import Zone
from smot_vlm.rules.sentence import read_sentence
from smot_vlm.rules.vocabulary import check_rules
from smot_vlm.session import Session
from smot_vlm.structures import (
    DOUBTFUL,
    Attribute,
    Description,
    Interaction,
    ModelInfo,
    Segment,
    Span,
    Trajectory,
    VideoInfo,
)
from smot_vlm.tracker import Tracker
from smot_vlm.watching import Watch, WatchSettings, find_in_description

LEFT = Zone("left", ((0, 0), (0.25, 0), (0.25, 1), (0, 1)))


@pytest.fixture(scope="module")
def tracker(tiny_language_model) -> Tracker:
    torch.manual_seed(0)
    config = tiny_config(tiny_language_model)
    return Tracker(build_model(config), config)


@pytest.fixture(scope="module")
def boxes(tmp_path_factory):
    path = tmp_path_factory.mktemp("mot") / "mot.txt"
    path.write_text(mot_text(frames=60))
    return path


def settings(*sentences: str, zones=(LEFT,), **options) -> WatchSettings:
    rules = check_rules([read_sentence(text) for text in sentences], zones, VOCABULARY)
    return WatchSettings(tuple(rules), **options)


def test_a_stream_says_twice_a_second_what_is_seen(tracker, boxes):
    updates = list(
        tracker.stream(moving_squares(60), fps=10.0, trajectories=boxes, refresh_seconds=None, recent_seconds=2.0)
    )
    assert [update.frame.index for update in updates if update.sight] == [*range(0, 60, 5), 59]
    assert all(update.description is None for update in updates)
    sight = updates[-1].sight
    assert (sight.seconds, sight.width, sight.height) == (5.9, 96, 64)
    assert [person.id for person in sight.people] == [1, 2]
    assert sight.people[0].frames.tolist() == list(range(39, 60))
    assert sight.people[0].times.tolist() == pytest.approx(np.arange(39, 60) / 10)
    assert sight.people[0].boxes[-1].tolist() == [61, 4, 73, 16]


def test_without_recent_seconds_nothing_changes(tracker, boxes):
    updates = list(tracker.stream(moving_squares(24), trajectories=boxes, max_frames=24))
    assert all(update.sight is None for update in updates)
    whole = tracker.describe(moving_squares(24), trajectories=boxes)
    assert updates[-1].description.to_dict() == whole.to_dict()


def test_what_a_stream_keeps_does_not_grow(tracker, monkeypatch):
    """A new person every second, for a minute."""
    rows = [f"{frame},{1 + (frame - 1) // 10},{2 + frame % 40},4,12,12,1,-1,-1,-1" for frame in range(1, 601)]
    held, sessions = [], []
    observe = Session.observe

    def noted(self, frame, is_cut=False):
        sessions[:] = [self]
        people = observe(self, frame, is_cut)
        held.append((len(self._voice.memory.tracks), len(self._trajectories._frames), len(self._newest.times)))
        return people

    monkeypatch.setattr(Session, "observe", noted)
    path_rows = "\n".join(rows) + "\n"
    frames = (moving_squares(1, people=1)[0] for _ in range(600))
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        mot = Path(folder) / "mot.txt"
        mot.write_text(path_rows)
        for _ in tracker.stream(frames, fps=10.0, trajectories=mot, refresh_seconds=None, recent_seconds=2.0):
            pass
    assert len(held) == 600
    assert max(tracks for tracks, _, _ in held) <= 4
    assert max(rows for _, rows, _ in held) <= 22
    assert max(times for _, _, times in held) <= 22


@pytest.mark.parametrize(
    "options", [{"recent_seconds": 0.0}, {"refresh_seconds": -1.0}, {"recent_seconds": float("nan")}]
)
def test_seconds_are_above_0(tracker, options):
    with pytest.raises(ValueError, match="it takes a number above 0"):
        next(tracker.stream(moving_squares(), **options))


def test_an_event_is_told_once_with_its_clip(tracker, boxes, tmp_path):
    """Both squares begin in the left quarter and leave it after a second: their middles pass x = 24 of 96."""
    told: list[Event] = []
    said: list[str] = []
    filmed = datetime.fromisoformat("2026-05-01 21:59:59")
    options = settings(
        "anyone in zone left for 0.5s",
        "anyone outside zone left for 3s",
        "anyone in zone left for 3s",
        "anyone in zone left for 0.5s between 21:00 and 22:00",
        "anyone outside zone left between 10:00 and 11:00",
        trajectories=boxes,
        fps=10.0,
        clips=tmp_path / "clips",
        filmed_at=filmed,
    )
    watch = Watch(tracker, options, told.append, said.append)
    watch.run(moving_squares(60))
    assert [(event.rule, event.people) for event in told] == [
        ("anyone in zone left for 0.5s", (1,)),
        ("anyone in zone left for 0.5s", (2,)),
        ("anyone in zone left for 0.5s between 21:00 and 22:00", (1,)),
        ("anyone in zone left for 0.5s between 21:00 and 22:00", (2,)),
        ("anyone outside zone left for 3s", (1,)),
        ("anyone outside zone left for 3s", (2,)),
    ]
    assert (told[0].from_seconds, told[0].to_seconds) == (0.0, 0.5)
    assert told[0].time == "2026-05-01T21:59:59.000"
    assert told[-1].from_seconds == pytest.approx(1.7)
    assert (watch.events, watch.frames, watch.seconds) == (6, 60, 5.9)
    assert sorted(str(path) for path in (tmp_path / "clips").iterdir()) == sorted(event.clip for event in told)
    assert said == []


def test_on_frame_may_end_the_watching(tracker, boxes):
    options = settings("anyone in zone left", trajectories=boxes, fps=10.0)
    watch = Watch(tracker, options, lambda _: None, print, lambda frame, _: frame.index < 7)
    watch.run(moving_squares(60))
    assert watch.frames == 8


def test_a_zone_outside_of_the_frame_is_told_before_anything_is_watched(tracker):
    zone = Zone("far", ((0, 0), (500, 0), (500, 30)), pixels=True)
    watch = Watch(tracker, settings("anyone in zone far", zones=[zone]), print, print)
    with pytest.raises(ValueError, match="zone far: point 500,0 is outside of the frame of 96x64"):
        watch.run(moving_squares())
    assert watch.frames == 0


def described(domain: str = "", **changes) -> Description:
    """A man in red pushes a woman from second 1 to 3, and runs."""
    frames = np.arange(50)
    man = {
        "caption": "A man in a red shirt pushes the woman in a blue t-shirt, then runs to the left.",
        "segments": (
            Segment("pushes the woman in a blue t-shirt", 0.0, 3.0, "push.v.01", "subject", 2),
            Segment("runs to the left", 3.0, 4.9, "run_left"),
        ),
        **changes,
    }
    box = np.tile([10.0, 10, 30, 90], (50, 1))
    people = (Trajectory(1, frames, box, np.ones(50), **man), Trajectory(2, frames, box + 40, np.ones(50), "A woman."))
    edge = Interaction(1, "push.v.01", 2, 0.8, (Span(1.0, 3.0, (10, 20), 0.8),))
    model = ModelInfo("demo", "lora-lm", "byte", True, domain=domain)
    return Description(VideoInfo("a.mp4", 200, 100, 10.0, 50), people, (edge,), "", model)


@pytest.mark.parametrize(
    ("rule", "people", "seconds"),
    [
        ("anyone pushes anyone for 2s", (1, 2), (1.0, 3.0)),
        ("man in red shirt pushes woman", (1, 2), (1.0, 3.0)),
        ("anyone runs for 1s", (1,), (3.0, 4.9)),
        ("man in zone left for 4s", (1,), (0.0, 4.9)),
    ],
)
def test_the_same_rules_find_events_in_a_description(rule, people, seconds):
    (event,) = find_in_description(described("drawn figures"), settings(rule))
    assert (event.people, (event.from_seconds, event.to_seconds)) == (people, seconds)


@pytest.mark.parametrize(
    "rule", ["anyone pushes anyone for 3s", "woman pushes anyone", "man in blue", "anyone in zone left"]
)
def test_what_a_description_does_not_say_is_no_event(rule):
    description = described("drawn figures")
    if "zone" in rule:
        description = Description(description.video, description.tracks[1:], (), "", description.model)
    assert find_in_description(description, settings(rule)) == []


def test_of_real_people_attributes_and_sentences_count():
    """Deeds that are done alone stand in the sentence; what follows "on" or "a" is a thing."""
    told = described(
        "photographs of people",
        caption="A woman in a green jacket skis on a slide with a drink.",
        segments=(),
        attributes=(Attribute("kind", "woman", 0.9), Attribute("upper_colour", "green", 0.6)),
        words=DOUBTFUL,
    )
    assert [event.people for event in find_in_description(told, settings("woman"))] == [(1,)]
    assert find_in_description(told, settings("anyone in green")) == []
    (unsure,) = find_in_description(told, settings("anyone in green", unsure=True))
    assert (unsure.sure, unsure.score) == (False, 0.6)
    assert find_in_description(told, settings("anyone skis")) == []
    assert len(find_in_description(told, settings("anyone skis", unsure=True))) == 1
    assert find_in_description(told, settings("anyone slides", "anyone drinks", unsure=True)) == []


def test_doubt_that_no_answer_explains_is_of_the_whole_person():
    sure = (Attribute("kind", "woman", 0.9),)
    told = described("photographs of people", segments=(), attributes=sure, words=DOUBTFUL)
    assert find_in_description(told, settings("woman")) == []
    assert len(find_in_description(told, settings("woman", unsure=True))) == 1


def test_hours_in_a_description_need_its_date():
    rule = "anyone pushes anyone between 22:00 and 06:00"
    with pytest.raises(ValueError, match="--filmed-at"):
        find_in_description(described(), settings(rule))
    night = settings(rule, filmed_at=datetime(2026, 5, 1, 23, 0))
    assert [event.time for event in find_in_description(described(), night)] == ["2026-05-01T23:00:01.000"]
    assert find_in_description(described(), settings(rule, filmed_at=datetime(2026, 5, 1, 12, 0))) == []


class TestCommand:
    @pytest.fixture
    def folder(self, tmp_path):
        described("drawn figures").to_json(tmp_path / "description.json")
        return tmp_path

    @pytest.fixture
    def run(self, capsys):
        from smot_vlm.cli.main import main

        def runner(*words):
            with pytest.raises(SystemExit) as end:
                main(["watch", *map(str, words)])
            said = capsys.readouterr()
            return int(end.value.code or 0), said.out, said.err

        return runner

    def test_events_of_a_description_are_printed(self, folder, run):
        code, out, err = run(folder, "--rule", "anyone shoves anyone", "--rule", "man runs")
        assert code == 0
        assert [json.loads(line)["rule"] for line in out.splitlines()] == ["anyone shoves anyone", "man runs"]
        assert "2 events" in err

    def test_or_appended_to_a_file(self, folder, run):
        log = folder / "events.jsonl"
        for _ in range(2):
            code, out, _ = run(folder / "description.json", "--rule", "anyone pushes anyone", "--events", log)
            assert (code, out) == (0, "")
        assert len(log.read_text().splitlines()) == 2

    def test_rules_of_a_file(self, folder, run):
        (folder / "rules.yaml").write_text("rules: [{name: shove, does: pushes, whom: anyone, seconds: 1}]")
        code, out, _ = run(folder, "--rules", folder / "rules.yaml")
        assert (code, json.loads(out)["rule"]) == (0, "shove")

    @pytest.mark.parametrize(
        ("words", "code", "told"),
        [
            ([], 2, "no rule is given"),
            (["--rule", "anyone pushs anyone"], 1, "nearest: pushes"),
            (["--rule", "anyone bandages anyone"], 1, "this model did not learn it"),
            (["--rule", "anyone in zone x"], 1, "no zone is given"),
            (["--rule", "anyone runs", "--webhook", "ftp://x"], 1, "give an address such as"),
            (["--rule", "anyone runs", "--filmed-at", "yesterday"], 2, "give a date and time"),
            (["--rule", "anyone runs", "--save-clips", "clips"], 2, "give the video itself"),
            (["--rules", "nowhere.yaml"], 1, "no such file"),
        ],
    )
    def test_wrong_use_is_told(self, folder, run, words, code, told):
        ended, out, err = run(folder, *words)
        assert (ended, out) == (code, "")
        assert told in " ".join(err.replace("│", " ").split())
