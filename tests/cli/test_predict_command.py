"""`smot-vlm predict` from the command line, with a stand-in for the model."""

import json
import os
import time
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from smot_vlm.cli.main import main
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.output.run_settings import RunSettings
from smot_vlm.predict import Outcome, predict_split
from smot_vlm.semantics.cost import Cost
from smot_vlm.structures import Description, ModelInfo, Trajectory, VideoInfo
from smot_vlm.video.reader import open_video


class Watcher:
    """Looks at every frame and describes nothing but one box. `trained` as asked."""

    associator = "byte"
    dtype = "float32"

    def __init__(self, trained: bool) -> None:
        self.model = SimpleNamespace(trained=trained, unanswered=())
        self.cost = Cost()

    def describe(self, source, *, trajectories, detections, fps, frame_numbers, classes, on_frame):
        images = list(source)
        track = Trajectory(1, [0], [[0, 0, 4, 4]], [0.9], "A man.")
        video = VideoInfo("array", images[0].shape[1], images[0].shape[0], fps, len(images))
        return Description(video, (track,), (), "A man.", ModelInfo("watcher", "none", "byte", self.model.trained))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("park/one", "park/two"):
        folder = tmp_path / "data/test" / name
        (folder / "imgs").mkdir(parents=True)
        (folder / "gt").mkdir()
        cv2.imwrite(str(folder / "imgs/001.jpg"), np.zeros((8, 8, 3), np.uint8))
        (folder / "gt/gt.txt").write_text("1,1,0,0,4,4,1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("smot_vlm.cli.predict.load_tracker", lambda *given, **options: Watcher(trained=True))
    return tmp_path


def call(capsys, *arguments: str) -> tuple[int, str, str]:
    """(exit code, standard output, standard error) of the command."""
    with pytest.raises(SystemExit) as caught:
        main([*arguments])
    printed = capsys.readouterr()
    return caught.value.code, printed.out, printed.err


def test_a_split_is_described_once(data, capsys):
    code, out, err = call(capsys, "predict", "data", "--out", "run")
    assert (code, err) == (0, "")
    assert out.strip() == "run: 2 of 2 sequences described"
    assert (data / "run/park/two/description.json").is_file()
    assert call(capsys, "predict", "data", "--out", "run")[1].strip() == (
        "run: 0 of 2 sequences described, 2 were there already"
    )


def test_other_settings_need_another_folder(data, capsys):
    call(capsys, "predict", "data", "--out", "run")
    code, _, err = call(capsys, "predict", "data", "--out", "run", "--associator", "sort")
    assert code == 1
    assert "associator 'byte' (now 'sort')" in err
    assert err.count("\n") == 1
    assert call(capsys, "predict", "data", "--out", "run", "--associator", "sort", "--overwrite")[0] == 0


def test_a_changed_configuration_reaches_the_model_and_keeps_runs_apart(data, capsys, monkeypatch):
    given = []

    def load(*_, overrides, **__):
        given.append(overrides)
        return Watcher(trained=True)

    monkeypatch.setattr("smot_vlm.cli.predict.load_tracker", load)
    changed = ("predict", "data", "--out", "run", "--set", "interaction.threshold=0.7")
    assert call(capsys, *changed)[0] == 0
    assert given == [["interaction.threshold=0.7"]]
    code, _, err = call(capsys, "predict", "data", "--out", "run")
    assert (code, "overrides ('interaction.threshold=0.7',) (now ())" in err) == (1, True), err
    assert call(capsys, *changed)[0] == 0


def test_a_broken_sequence_is_told_and_the_exit_code_is_1(data, capsys):
    (data / "data/test/park/one/imgs/001.jpg").write_bytes(b"no picture")
    code, out, err = call(capsys, "predict", "data", "--out", "run")
    assert code == 1
    assert "1 of 2 sequences described" in out
    assert "warning: park/one: " in err
    assert "error: 1 of 2 sequences could not be described" in err


def test_counts_as_json(data, capsys):
    (data / "data/test/park/one/imgs/001.jpg").write_bytes(b"no picture")
    code, out, _ = call(capsys, "predict", "data", "--out", "run", "--json")
    assert code == 1
    told = json.loads(out)
    (name,) = told.pop("errors")
    assert (name, told) == ("park/one", {"out": "run", "sequences": 2, "described": 1, "kept": 0})
    assert json.loads(call(capsys, "predict", "data", "--out", "run", "--json")[1])["kept"] == 1


def test_trajectories_and_detections_do_not_go_together(data, capsys):
    assert call(capsys, "predict", "data", "--out", "run", "--trajectories", "gt", "--detections", "gt")[0] == 2


def test_classes_go_with_files_of_boxes(data, capsys):
    code, _, err = call(capsys, "predict", "data", "--out", "run", "--classes", "1")
    assert code == 2
    assert "--classes goes with --trajectories or --detections" in err
    (data / "boxes").mkdir()
    for name in ("one", "two"):
        (data / f"boxes/{name}.txt").write_text("1,1,0,0,4,4,1,3,1\n1,2,0,0,4,4,1,1,1\n")
    chosen = ("predict", "data", "--out", "run", "--trajectories", "boxes", "--classes", "3", "--classes", "1")
    assert call(capsys, *chosen)[0] == 0
    assert call(capsys, *chosen)[0] == 0
    code, _, err = call(capsys, *chosen[:-2])
    assert code == 1
    assert "classes (1, 3) (now (3,)); choose another folder" in err


def test_an_untrained_model_is_told(data, capsys, monkeypatch):
    monkeypatch.setattr("smot_vlm.cli.predict.load_tracker", lambda *given, **options: Watcher(trained=False))
    assert "untrained" in call(capsys, "predict", "data", "--out", "run")[2]


@pytest.mark.parametrize(("dataset", "split"), [("nowhere", "test"), ("data", "train")])
def test_no_such_data(data, capsys, dataset, split):
    code, _, err = call(capsys, "predict", dataset, "--out", "run", "--split", split)
    assert code == 1
    assert err.count("\n") == 1
    assert not (data / "run").exists()


def test_a_broken_image_is_told_and_its_sequence_is_described(data, capsys):
    cv2.imwrite(str(data / "data/test/park/one/imgs/002.jpg"), np.zeros((8, 8, 3), np.uint8))

    class Reader(Watcher):
        def describe(self, source, **options):
            with open_video(source) as video:
                return super().describe([frame.image for frame in video], **options)

    (data / "data/test/park/one/imgs/001.jpg").write_bytes(b"no picture")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("smot_vlm.cli.predict.load_tracker", lambda *given, **options: Reader(trained=True))
        code, out, err = call(capsys, "predict", "data", "--out", "run")
    assert (code, out.strip()) == (0, "run: 2 of 2 sequences described"), err
    assert err.startswith(f"warning: park/one: 1 image left out, the first: {data}/data/test/park/one/imgs/001.jpg: ")
    assert err.count("\n") == 1


def test_an_engine_that_fails_takes_one_sequence(data, capsys, monkeypatch):
    class Failing(Watcher):
        calls = 0

        def describe(self, source, **options):
            Failing.calls += 1
            if Failing.calls == 1:
                raise MemoryError
            return super().describe(source, **options)

    monkeypatch.setattr("smot_vlm.cli.predict.load_tracker", lambda *given, **options: Failing(trained=True))
    code, out, err = call(capsys, "predict", "data", "--out", "run")
    assert code == 1
    assert out.strip() == "run: 1 of 2 sequences described"
    assert "warning: park/one: not enough memory" in err


def test_two_runs_into_one_folder_share_the_work(data, capsys, monkeypatch):
    """The second begins and ends while the first has a sequence in hand."""
    described: list[str] = []
    inner: list[tuple[int, str, str]] = []

    class Counting(Watcher):
        def describe(self, source, **options):
            described.append("one" if not inner else "two")
            if not inner:
                inner.append((0, "", ""))
                thread = Thread(target=second)
                thread.start()
                # The second takes the other sequence and then waits for this one.
                deadline = time.monotonic() + 60
                while not (data / "run/park/two/description.json").is_file():
                    assert time.monotonic() < deadline, "the second run does nothing"
                    time.sleep(0.01)
                threads.append(thread)
            return super().describe(source, **options)

    def second() -> None:
        split = BenSmot("data", "test")
        settings = RunSettings(str((data / "data").resolve()), "test", "auto", "auto", "byte")
        outcomes.extend(predict_split(Counting(True), split, "run", settings))

    threads: list[Thread] = []
    outcomes: list[Outcome] = []
    monkeypatch.setattr("smot_vlm.cli.predict.load_tracker", lambda *given, **options: Counting(trained=True))
    code, out, err = call(capsys, "predict", "data", "--out", "run")
    threads[0].join()
    assert (code, err) == (0, "")
    assert out.strip() == "run: 1 of 2 sequences described, 1 was there already"
    assert sorted(described) == ["one", "two"]
    assert [(outcome.name, outcome.kept) for outcome in outcomes] == [("park/two", False), ("park/one", True)]
    assert not list((data / "run").glob(".smot-vlm-*"))


def test_a_folder_that_cannot_be_written_is_said_before_the_model_is_loaded(data, capsys, monkeypatch):
    monkeypatch.setattr("smot_vlm.cli.predict.load_tracker", lambda *_, **__: pytest.fail("the work was begun"))
    (data / "file").touch()
    code, _, err = call(capsys, "predict", "data", "--out", "file/run")
    assert code == 1
    assert "file is a file; choose another folder with --out" in err


def test_sequences_of_any_name(data, capsys):
    name = os.fsdecode(b"caf\xe9 [1] \x1b%d")
    (data / "data/test/park/one").rename(data / "data/test/park" / name)
    code, out, err = call(capsys, "predict", "data", "--out", os.fsdecode(b"r\xe9n"))
    assert (code, err, out.strip()) == (0, "", "r\\xe9n: 2 of 2 sequences described")
    path = data / os.fsdecode(b"r\xe9n") / "park" / name / "description.json"
    assert Description.from_json(path).video.source == f"park/{name}"
