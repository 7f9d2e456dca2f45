"""Videos that a worker describes at once share the calls of its models, and get the words that each gets alone."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tiny import mot_text, moving_squares

from smot_vlm.corpora.describing import TrackerRecipe, describe_job
from smot_vlm.corpora.jobs import Job
from smot_vlm.models.build import build_model
from smot_vlm.system.gathering import each_apart
from smot_vlm.tracker import Tracker
from smot_vlm.video.writer import VideoWriter

# Of each video: its length decides when it comes to its words.
FRAMES, PEOPLE = (8, 24, 16), (2, 1, 3)


@pytest.fixture(scope="module")
def tracker(tiny_tracker_config) -> Tracker:
    torch.manual_seed(0)
    return Tracker(build_model(tiny_tracker_config), tiny_tracker_config)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory) -> list[Job]:
    folder, found = tmp_path_factory.mktemp("videos"), []
    for number, (frames, people) in enumerate(zip(FRAMES, PEOPLE, strict=True)):
        path, tracks = folder / f"{number}.mp4", folder / f"{number}.txt"
        with VideoWriter(path, 8.0, 96, 64) as writer:
            for image in moving_squares(frames, people=people):
                writer.write(image)
        tracks.write_text(mot_text(frames, people=people))
        found.append(Job(str(path), tracks=str(tracks)))
    return found


def test_captions_of_all_are_written_in_one_generation(tracker, jobs, monkeypatch):
    alone = [describe_job(tracker, job) for job in jobs]
    written, seen = [], []
    generate, encode = tracker.model.decoder.generate, tracker.model.encode_frames

    def noted(requests):
        written.append(len(requests))
        return generate(requests)

    def noted_frames(images):
        seen.append(len(images))
        return encode(images)

    monkeypatch.setattr(tracker.model.decoder, "generate", noted)
    monkeypatch.setattr(tracker.model, "encode_frames", noted_frames)
    at_once = each_apart([partial(describe_job, tracker, job) for job in jobs])
    assert written == [sum(PEOPLE) + len(FRAMES)]
    assert max(seen) == len(FRAMES), "frames of all videos in one pass"
    for one, other in zip(alone, at_once, strict=True):
        assert [track.caption for track in one.tracks] == [track.caption for track in other.tracks]
        assert (one.caption, one.video.source) == (other.caption, other.video.source)
        assert [track.boxes.tolist() for track in one.tracks] == [track.boxes.tolist() for track in other.tracks]


def test_a_damaged_video_harms_nobody_beside_it(tracker, jobs, tmp_path):
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(Path(jobs[0].path).read_bytes()[:300])

    def described(job: Job) -> str:
        try:
            return describe_job(tracker, job).caption
        except ValueError as error:
            return f"no: {error}"

    given = [jobs[0], replace(jobs[1], path=str(damaged)), jobs[2]]
    first, broken, last = each_apart([partial(described, job) for job in given])
    assert (first, last) == (describe_job(tracker, jobs[0]).caption, describe_job(tracker, jobs[2]).caption)
    assert broken.startswith("no: ")
    assert "damaged.mp4" in broken


def test_a_model_that_asks_about_one_video_at_a_time_is_told_of(monkeypatch):
    served = SimpleNamespace(model=SimpleNamespace(scores_at_once=False))
    monkeypatch.setattr(Tracker, "from_pretrained", lambda *given, **options: served)
    assert TrackerRecipe("tell").load() is served
    with pytest.raises(ValueError, match=r"model tell asks a vision-language .* leave --together at 1"):
        TrackerRecipe("tell", together=2).load()
