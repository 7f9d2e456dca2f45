"""The table of associators: which frames a rate takes, what is counted, what is refused."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from smot_vlm.bench import linking
from smot_vlm.bench.annotated_videos import AnnotatedVideo, find_sources, link_video, look, watch
from smot_vlm.bench.linking import default_names, run
from smot_vlm.config.schema import AssociationConfig
from smot_vlm.formats.mot import MotRows
from smot_vlm.structures import Detections
from smot_vlm.system.files import shipped_folder
from smot_vlm.video.reader import open_video

FRAMES = 24
ASSETS = shipped_folder("assets")


def place(person: int, frame: int) -> list[float]:
    """Two walk apart from each other, two pixels a frame."""
    left = 100 - 2 * frame if person == 1 else 180 + 2 * frame
    return [left, 40, left + 30, 140]


class Seer:
    """Finds both people wherever it is shown the next frame, and says how many it saw."""

    def __init__(self) -> None:
        self.seen = 0

    def detect(self, image: np.ndarray) -> Detections:
        assert image.shape == (200, 320, 3)
        self.seen += 1
        return Detections(np.array([place(person, (self.seen - 1) % FRAMES) for person in (1, 2)]), np.full(2, 0.9))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One sequence in MOTChallenge's layout, 10 frames a second."""
    home = tmp_path_factory.mktemp("set") / "walk"
    (home / "img1").mkdir(parents=True)
    (home / "gt").mkdir()
    (home / "seqinfo.ini").write_text("[Sequence]\nname=walk\nframeRate=10\n")
    picture = np.random.default_rng(0).integers(0, 255, (200, 320, 3), dtype=np.uint8)
    rows = []
    for frame in range(FRAMES):
        cv2.imwrite(str(home / "img1" / f"{frame + 1:06d}.jpg"), picture)
        for person in (1, 2):
            left, top, right, bottom = place(person, frame)
            rows.append(f"{frame + 1},{person},{left},{top},{right - left},{bottom - top},1")
    (home / "gt" / "gt.txt").write_text("\n".join(rows) + "\n")
    return home.parent


def test_every_associator_is_judged_at_every_rate_that_the_video_has(folder, monkeypatch):
    seer = Seer()
    monkeypatch.setattr(linking, "open_detector", lambda name, config: seer)
    scores = run([folder], associators=["byte", "sparse"], rates=[5.0, 10.0, 25.0])
    assert [(entry.associator, entry.fps) for entry in scores] == [
        (name, rate) for rate in (5.0, 10.0) for name in ("byte", "sparse")
    ]
    assert seer.seen == FRAMES
    for entry in scores:
        assert (entry.set, entry.videos) == (folder.name, 1)
        assert 0 < entry.milliseconds < 1000
        assert entry.boxes == 2 * FRAMES * entry.fps / 10
        # Both are found in every frame, and their ids hold; BYTE's boxes are filtered.
        assert (entry.switches, entry.idf1) == (0, 1)
        assert entry.association > (0.99 if entry.associator == "sparse" else 0.8)


def test_each_set_has_rows_of_its_own(folder, tmp_path, monkeypatch):
    (tmp_path / "other").symlink_to(folder / "walk")
    monkeypatch.setattr(linking, "open_detector", lambda name, config: Seer())
    scores = run([folder, tmp_path / "other"], associators=["sort"], rates=[10.0])
    assert [(entry.set, entry.videos) for entry in scores] == [(folder.name, 1), ("other", 1)]


@pytest.mark.shipped
def test_the_detector_of_a_model_finds_what_it_learned_from():
    """The shipped demo clip's first picture, beside the boxes that came with it."""
    rows = np.loadtxt(ASSETS / "demo_tracks.txt", delimiter=",")
    with open_video(ASSETS / "demo.mp4") as frames:
        image = next(iter(frames)).image
    found = linking.open_detector("model:drawn", AssociationConfig()).detect(image)
    true = rows[rows[:, 0] == rows[:, 0].min()][:, 2:6]
    sure = found.boxes[found.scores > 0.5]
    assert len(sure) == len(true)
    left = np.sort(sure[:, 0])
    np.testing.assert_allclose(left, np.sort(true[:, 0]), atol=0.05 * image.shape[1])


def test_a_stride_takes_the_frames_and_the_truth_of_the_same_moments(folder):
    (video,) = watch([folder], lambda source: look(source, Seer()))
    assert (video.name, video.fps, len(video.detections)) == ("walk", 10, FRAMES)
    layout = link_video(video, "sparse", AssociationConfig(), 6)
    assert len(layout.truth) == FRAMES // 6
    np.testing.assert_allclose([np.diag(iou) for iou in layout.iou], 1)


@pytest.mark.parametrize(("rate", "stride"), [(2.0, 12), (5.0, 5), (25.0, 1), (27.0, 1), (30.0, None)])
def test_the_nearest_rate_is_taken(folder, rate, stride):
    nothing = MotRows(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 4)), np.zeros(0))
    video = AnnotatedVideo("walk", folder, 25.0, (), nothing)
    assert video.stride_for(rate) == stride
    assert replace(video, fps=5.0).stride_for(5.0) == 1


def test_names_with_a_reidentification_model(tmp_path):
    without, given = default_names(None), default_names(tmp_path / "reid.onnx")
    assert {"byte", "botsort", "sparse"} <= set(without)
    assert set(given) - set(without) == {f"{name}:{tmp_path / 'reid.onnx'}" for name in ("deepsort", "botsort")}


def test_what_cannot_be_judged_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="no sequence there"):
        find_sources([tmp_path])
    (tmp_path / "a" / "gt").mkdir(parents=True)
    (tmp_path / "a" / "gt" / "gt.txt").write_text("")
    with pytest.raises(FileNotFoundError, match="no sequence there"):
        find_sources([tmp_path])
    with pytest.raises(ValueError, match="detector is 'magic'; give onnx:FILE or model:NAME"):
        linking.open_detector("magic", AssociationConfig())
