"""What is seen of a job while it runs."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from service_case import film

from smot_vlm.app.choices import OWN_ASSOCIATOR, Choice, Options, options_here
from smot_vlm.app.describing import Describer
from smot_vlm.app.jobs import Job
from smot_vlm.app.limits import Limits, RefusedError
from smot_vlm.app.picture import LivePicture
from smot_vlm.structures import Description, Detections, Frame
from smot_vlm.tracker import Tracker


def job_in(folder: Path) -> Job:
    return Job("number", "ann", "a.mp4", folder)


def test_the_newest_frame_has_its_boxes_and_is_made_once_a_second(tmp_path):
    now = [5.0]
    job = job_in(tmp_path)
    live = LivePicture(job, clock=lambda: now[0])
    image = np.full((1080, 1920, 3), 120, np.uint8)
    live.show(Frame(0, 0.0, image), Detections([[480, 240, 960, 960]], [0.9], ids=[7]))
    picture = np.asarray(Image.open(io.BytesIO(job.picture)).convert("RGB")).astype(int)
    assert picture.shape == (405, 720, 3)
    assert job.picture_says == "1 person at 0.0 s"
    # The box's left side: 480 of 1920 pixels is 180 of 720, its middle height 225.
    assert abs(picture[225, 178:183] - 120).max() > 40
    assert abs(picture[225, 220:300] - 120).max() < 10
    first = job.picture
    now[0] += 0.9
    live.show(Frame(1, 0.1, image), Detections(np.zeros((0, 4)), np.zeros(0)))
    assert job.picture is first
    now[0] += 0.2
    live.show(Frame(2, 0.2, image), Detections(np.zeros((0, 4)), np.zeros(0)))
    assert job.picture_says == "0 people at 0.2 s"


def test_a_job_with_tracks_of_its_own_is_described_by_them_and_knows_its_name(tmp_path):
    loaded = []

    def load(choice: Choice) -> Tracker:
        loaded.append(choice)
        return Tracker.from_pretrained(choice.model, device="cpu")

    describer = Describer(load, Limits(), pictures=True)
    source, tracks = film(tmp_path / "source.mp4"), tmp_path / "tracks.txt"
    tracks.write_text("".join(f"{frame},4,10,5,20,40,1,-1,-1,-1\n" for frame in range(1, 6)))
    for name in ("first", "second"):
        job = job_in(tmp_path / name)
        job.source, job.tracks, job.choice = source, tracks, Choice("tracks-only")
        describer(job, lambda phase, done, total: None)
        description = Description.from_json(job.result / "description.json")
        assert [track.id for track in description.tracks] == [4]
        np.testing.assert_allclose(description.tracks[0].boxes[0], [10, 5, 30, 45], atol=1)
        assert description.video.source == "a.mp4"
        assert job.picture_says == "1 person at 0.0 s"
    assert loaded == [Choice("tracks-only")], "the model is kept for the next job that wants it"


def test_only_what_is_here_can_be_chosen():
    options = Options(("auto", "demo"), ("auto",), (OWN_ASSOCIATOR, "byte"), ("auto", "cpu"))
    assert options.choose("demo", "auto", OWN_ASSOCIATOR, "cpu") == Choice("demo", "auto", None, "cpu")
    with pytest.raises(RefusedError, match="model is none of auto, demo"):
        options.choose("/etc", "auto", "byte", "cpu")
    with pytest.raises(RefusedError, match="device is none of auto, cpu"):
        options.choose("demo", "auto", "byte", "cuda:9")
    here = options_here()
    assert {"auto", "demo", "people", "tracks-only"} <= set(here.models)
    assert {"byte", "sort", "ocsort"} <= set(here.associators)
    assert here.devices[:2] == ("auto", "cpu")
