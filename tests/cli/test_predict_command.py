"""`smot-vlm predict` from the command line, with a stand-in for the model."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from smot_vlm.cli.main import main
from smot_vlm.structures import Description, ModelInfo, Trajectory, VideoInfo


class Watcher:
    """Looks at every frame and describes nothing but one box. `trained` as asked."""

    associator = "byte"

    def __init__(self, trained: bool) -> None:
        self.model = SimpleNamespace(trained=trained)

    def describe(self, source, *, trajectories, detections, fps, on_frame):
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


def test_a_broken_sequence_is_told_and_the_exit_code_is_1(data, capsys):
    (data / "data/test/park/one/imgs/001.jpg").write_bytes(b"no picture")
    code, out, err = call(capsys, "predict", "data", "--out", "run")
    assert code == 1
    assert "1 of 2 sequences described" in out
    assert "warning: park/one: " in err
    assert "error: 1 of 2 sequences could not be described" in err


def test_trajectories_and_detections_do_not_go_together(data, capsys):
    assert call(capsys, "predict", "data", "--out", "run", "--trajectories", "gt", "--detections", "gt")[0] == 2


def test_an_untrained_model_is_told(data, capsys, monkeypatch):
    monkeypatch.setattr("smot_vlm.cli.predict.load_tracker", lambda *given, **options: Watcher(trained=False))
    assert "untrained" in call(capsys, "predict", "data", "--out", "run")[2]


@pytest.mark.parametrize(("dataset", "split"), [("nowhere", "test"), ("data", "train")])
def test_no_such_data(data, capsys, dataset, split):
    code, _, err = call(capsys, "predict", dataset, "--out", "run", "--split", split)
    assert code == 1
    assert err.count("\n") == 1
    assert not (data / "run").exists()
