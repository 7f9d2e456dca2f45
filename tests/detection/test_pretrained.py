"""Where a YOLO checkpoint is searched for, and the error where it is not found."""

from pathlib import Path

import pytest

from smot_vlm.detection import pretrained
from smot_vlm.detection.pretrained import find_checkpoint


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that are searched, in order, all empty."""
    folders = [tmp_path / "here", tmp_path / "cache" / "detectors", tmp_path / "weights"]
    for folder in folders:
        folder.mkdir(parents=True)
    monkeypatch.chdir(folders[0])
    monkeypatch.setenv("SMOT_VLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pretrained, "weights_folder", lambda: folders[2])
    return folders


def test_the_first_place_that_has_it_wins(places):
    for folder in reversed(places):
        (folder / "some.pt").touch()
        assert find_checkpoint("some.pt").absolute() == folder / "some.pt"


def test_a_path_is_that_file_and_no_other(places):
    (places[1] / "some.pt").touch()
    with pytest.raises(FileNotFoundError, match=r"detector other/some.pt was not found \(tried [^,]*other/some.pt\)"):
        find_checkpoint("other/some.pt")
    assert find_checkpoint(places[1] / "some.pt") == places[1] / "some.pt"


def test_a_missing_checkpoint_is_an_error_of_one_line(places):
    with pytest.raises(FileNotFoundError) as caught:
        find_checkpoint("yolo11n.pt")
    message = str(caught.value)
    assert "\n" not in message
    assert all(str(folder / "yolo11n.pt") in message for folder in places)
    for words in ("--detector people", "--detector onnx:FILE", "--detector yolo:FILE", "--trajectories"):
        assert words in message
    assert "about 6 MB, AGPL-3.0" in message
    assert "`smot-vlm models get yolo11n.pt`" in message


def test_a_checkpoint_that_nobody_knows_is_not_promised(places):
    with pytest.raises(FileNotFoundError) as caught:
        find_checkpoint("mine.pt")
    assert "models get" not in str(caught.value)
