"""Tuning: what a trial sees, what a stopped run leaves, what comes out, and what is refused."""

import json
import subprocess
import sys
from dataclasses import replace
from inspect import signature
from pathlib import Path

import cv2
import numpy as np
import pytest

from smot_vlm.association.associators import ASSOCIATORS
from smot_vlm.bench import tuning
from smot_vlm.bench.annotated_videos import Seen, look
from smot_vlm.bench.detection_cache import DetectionCache
from smot_vlm.bench.trials import open_trials
from smot_vlm.bench.tuning import BOXES_FOLDER, REPORT_FILE, SETTINGS_FILE, TRIALS_FILE, shares, tune
from smot_vlm.bench.tuning_knobs import KNOBS, Knob, knobs_of, values_of, with_values
from smot_vlm.config import AssociationConfig, load_config
from smot_vlm.models.build import build_associator
from smot_vlm.structures import Detections

FRAMES = 12
REPO = Path(__file__).parent.parent.parent


def write_sequence(home: Path, shift: int) -> None:
    """Somebody who walks, at 5 frames a second; the picture's grey says the frame."""
    (home / "img1").mkdir(parents=True)
    (home / "gt").mkdir()
    (home / "seqinfo.ini").write_text(f"[Sequence]\nname={home.name}\nframeRate=5\n")
    rows = []
    for frame in range(FRAMES):
        cv2.imwrite(str(home / "img1" / f"{frame + 1:06d}.png"), np.full((120, 400, 3), 10 * frame, dtype=np.uint8))
        rows.append(f"{frame + 1},1,{10 + shift * frame},20,20,60,1")
    (home / "gt" / "gt.txt").write_text("\n".join(rows) + "\n")


@pytest.fixture
def folder(tmp_path):
    """Three sequences: steps of 1, 2 and 3 pixels, with boxes 20 pixels wide."""
    for place, name in enumerate(("a", "b", "c")):
        write_sequence(tmp_path / "set" / name, 1 + place)
    return tmp_path / "set"


class Seer:
    """Finds the person, whose score is too low to start a track where nothing is tuned."""

    def __init__(self) -> None:
        self.seen = 0

    def detect(self, image: np.ndarray) -> Detections:
        frame, shift = int(image[0, 0, 0]) // 10, 1 + self.seen // FRAMES
        self.seen += 1
        return Detections(np.array([[10 + shift * frame, 20, 30 + shift * frame, 80]]), np.array([0.59]))


@pytest.fixture
def seer(monkeypatch):
    one = Seer()
    monkeypatch.setattr(tuning, "open_detector", lambda name, config: one)
    return one


def history(out: Path) -> list[tuple[int, dict[str, object], float]]:
    """The finished trials of a folder in order."""
    import optuna

    study = optuna.load_study(study_name=None, storage=f"sqlite:///{out / TRIALS_FILE}")
    finished = [trial for trial in study.get_trials() if trial.state.name == "COMPLETE"]
    return [(place, trial.params, trial.value) for place, trial in enumerate(finished)]


def test_the_best_settings_find_who_was_lost(folder, seer, tmp_path):
    result = tune([folder], tmp_path / "out", trials=12, held_out=0.34)
    tuned_on, kept = result.scores
    assert (tuned_on.share, kept.share) == ("tuned on", "held out")
    assert (len(tuned_on.sequences), len(kept.sequences)) == (2, 1)
    assert not set(tuned_on.sequences) & set(kept.sequences)
    # No box may start a track before: score 0.59, limit 0.6.
    assert tuned_on.before == kept.before == 0
    assert tuned_on.after > 0.5
    assert kept.after > 0.5
    assert tuned_on.interval is not None
    assert kept.interval is None
    assert result.best["new_track_score"] <= 0.59
    assert json.loads((tmp_path / "out" / REPORT_FILE).read_text())["trials"] == 12


def test_what_comes_out_is_a_configuration_and_options(folder, seer, tmp_path):
    result = tune([folder], tmp_path / "out", trials=12)
    config = load_config(tmp_path / "out" / SETTINGS_FILE)
    assert (config.model_type, config.association.name) == ("tracks-only", "byte")
    assert values_of(config.association, knobs_of("byte")) == result.best
    overridden = load_config(REPO / "configs/tracks-only.yaml", result.overrides)
    assert overridden.association == config.association
    assert f"held out (1): 0.0 -> {100 * result.scores[1].after:.1f}" in (tmp_path / "out" / SETTINGS_FILE).read_text()


def test_a_stopped_run_goes_on_to_the_trials_of_an_unbroken_one(folder, seer, tmp_path, monkeypatch):
    tune([folder], tmp_path / "whole", trials=14)
    looked = seer.seen
    seer.seen = 0
    linked, calls = tuning.link_video, [0]

    def link(*args):
        calls[0] += 1
        if calls[0] in (1, 12):
            raise KeyboardInterrupt
        return linked(*args)

    monkeypatch.setattr(tuning, "link_video", link)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            tune([folder], tmp_path / "broken", trials=14)
    assert 0 < len(history(tmp_path / "broken")) < 14
    tune([folder], tmp_path / "broken", trials=14)
    assert history(tmp_path / "broken") == history(tmp_path / "whole")
    assert seer.seen == looked == 3 * FRAMES
    # Nothing is left to do, and more trials may be asked for.
    tune([folder], tmp_path / "broken", trials=14)
    tune([folder], tmp_path / "broken", trials=16)
    assert history(tmp_path / "broken")[:14] == history(tmp_path / "whole")
    assert len(history(tmp_path / "broken")) == 16


KILLED = """
import os, signal, sys
from pathlib import Path
from smot_vlm.bench.trials import open_trials
from smot_vlm.bench.tuning_knobs import Knob
calls = []
def judge(values):
    calls.append(values)
    if len(calls) == 4:
        signal.raise_signal(signal.SIGKILL)
    return -abs(values["high_score"] - 0.3)
open_trials(Path(sys.argv[1]), {}, [Knob("high_score", 0.2, 0.8)], 5).run(9, {"high_score": 0.5}, judge)
"""


@pytest.mark.subprocess
def test_no_trial_of_a_killed_process_is_lost_or_doubled(tmp_path):
    file = tmp_path / "killed" / "trials.sqlite"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(file)], check=False)
    assert ended.returncode == -9
    knob = [Knob("high_score", 0.2, 0.8)]

    def judge(values):
        return -abs(values["high_score"] - 0.3)

    going_on = open_trials(file, {}, knob, 5)
    assert going_on.finished == 3
    going_on.run(9, {"high_score": 0.5}, judge)
    unbroken = open_trials(tmp_path / "unbroken.sqlite", {}, knob, 5)
    unbroken.run(9, {"high_score": 0.5}, judge)
    assert going_on.finished == unbroken.finished == 9
    assert history(file.parent) == [
        (place, trial.params, trial.value) for place, trial in enumerate(unbroken.study.get_trials())
    ]
    assert going_on.best() == unbroken.best()


def test_videos_held_out_are_never_in_the_objective(folder, seer, tmp_path, monkeypatch):
    linked, judged = tuning.link_video, []

    def link(video, *args):
        judged.append(str(video.source.parent))
        return linked(video, *args)

    monkeypatch.setattr(tuning, "link_video", link)
    result = tune([folder], tmp_path / "out", trials=5)
    (kept,) = result.scores[1].sequences
    # Twice at the end: before and after.
    assert judged.count(kept) == 2
    assert judged[-2:] == [kept, kept]
    assert len(judged) == 5 * 2 + 2 * 3


def test_the_seed_chooses_the_shares_and_every_sequence_is_in_one():
    names = [f"s{number}" for number in range(10)]
    tuned_on, kept = shares(names, 0.3, 1)
    assert (len(tuned_on), len(kept)) == (7, 3)
    assert sorted(tuned_on + kept) == names
    assert shares(names[::-1], 0.3, 1) == (tuned_on, kept)
    assert any(shares(names, 0.3, seed) != (tuned_on, kept) for seed in range(2, 6))
    assert shares(names[:2], 0.9, 0)[0]
    assert shares(names, 0, 0) == (names, [])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"associator": "auto"}, "associator is 'auto'; those that can be tuned are byte, "),
        ({"objective": "speed"}, "objective is 'speed'; it takes HOTA, "),
        ({"held_out": 1.0}, "held_out is 1.0; give a share"),
        ({"rate": 25.0}, "has 5 frames a second; give a --rate of at most that"),
    ],
)
def test_what_cannot_be_tuned_is_an_error(folder, seer, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        tune([folder], tmp_path / "out", trials=1, **options)


def test_one_video_alone_and_a_video_twice_are_errors(folder, seer, tmp_path):
    with pytest.raises(ValueError, match="a is the only sequence; give more, or --held-out 0"):
        tune([folder / "a"], tmp_path / "out", trials=1)
    with pytest.raises(ValueError, match="a is given twice"):
        tune([folder, folder / "a"], tmp_path / "out", trials=1)
    assert len(tune([folder / "a"], tmp_path / "out", trials=1, held_out=0).scores) == 1


def test_a_folder_of_another_plan_is_refused_until_it_is_begun_anew(folder, seer, tmp_path):
    tune([folder], tmp_path / "out", trials=2)
    with pytest.raises(ValueError, match=r'was begun with objective "HOTA", and this is "IDF1"; give the same'):
        tune([folder], tmp_path / "out", trials=2, objective="IDF1")
    truth = folder / "a" / "gt" / "gt.txt"
    truth.write_text(truth.read_text() + f"{FRAMES},2,300,20,20,60,1\n")
    with pytest.raises(ValueError, match="was begun with files of sequences"):
        tune([folder], tmp_path / "out", trials=2)
    assert tune([folder], tmp_path / "out", trials=1, objective="IDF1", anew=True).trials == 1
    # The boxes were kept.
    assert seer.seen == 3 * FRAMES


def test_a_file_that_is_no_database_is_one_line(folder, seer, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / TRIALS_FILE).write_text("not a database, but long enough to look like one " * 40)
    with pytest.raises(ValueError, match=r"trials.sqlite: no database of trials \(.*\); pass --overwrite") as caught:
        tune([folder], tmp_path / "out", trials=1)
    assert "\n" not in str(caught.value)


def test_boxes_are_found_again_where_the_video_or_the_detector_changed(folder, tmp_path):
    looks = []

    def find(source: Path) -> Seen:
        looks.append(source)
        return look(source, Seer())

    source, cache = folder / "a" / "img1", DetectionCache(tmp_path / BOXES_FOLDER, "one")
    first, again = cache.look(source, find), cache.look(source, find)
    assert (len(looks), first.fps, again.fps) == (1, 5, 5)
    for made, kept in zip(first.detections, again.detections, strict=True):
        np.testing.assert_array_equal(made.boxes, kept.boxes)
        np.testing.assert_array_equal(made.scores, kept.scores)
    replace(cache, detector="another").look(source, find)
    assert len(looks) == 2
    cv2.imwrite(str(source / "000001.png"), np.zeros((120, 400, 3), dtype=np.uint8) + 7)
    cache.look(source, find)
    assert len(looks) == 3
    for file in (tmp_path / BOXES_FOLDER).iterdir():
        file.write_bytes(file.read_bytes()[:100])
    cache.look(source, find)
    assert len(looks) == 4


@pytest.mark.parametrize("name", KNOBS)
def test_knobs_are_settings_of_the_associator_and_its_own_defaults_are_among_their_values(name):
    config, knobs = AssociationConfig(), knobs_of(name)
    for knob, value in zip(knobs, values_of(config, knobs).values(), strict=True):
        assert knob.low <= value <= knob.high, knob.key
        if knob.step is not None and not knob.is_switch:
            assert abs((value - knob.low) / knob.step - round((value - knob.low) / knob.step)) < 1e-6, knob.key
    section = name.partition("-")[0]
    taken = signature(ASSOCIATORS[name]).parameters
    own = vars(getattr(config, section))
    assert own == {key: taken[key].default for key in own}
    assert set(taken) - set(own) <= {"settings", "encoder", "compiled", "low_score_round"}
    # Both ends of every knob make an associator.
    for ends in ({knob.key: knob.low for knob in knobs}, {knob.key: knob.high for knob in knobs}):
        if name != "deepsort":
            build_associator(name, with_values(config, ends), 25.0)


def test_a_section_of_the_configuration_reaches_its_associator():
    """Boxes that overlap by a third are linked by BYTE's 0.9 and not by 0.6."""

    def ids(match_cost: float) -> list[int]:
        config = with_values(AssociationConfig(), {"byte.match_cost": match_cost})
        linker = build_associator("auto", config, 25.0)
        found = []
        for left in (0, 50):
            boxes = Detections(np.array([[left, 0.0, left + 100, 200.0]]), np.array([0.99]))
            linked = linker.update(boxes)
            found += [] if linked.ids is None else linked.ids.tolist()
        return found

    assert ids(0.9) == [1, 1]
    assert ids(0.6) == [1]
