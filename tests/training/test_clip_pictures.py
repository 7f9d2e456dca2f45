"""Described clips in experiment loggers: the picture that was painted, under the project's name, beside the scores."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from bensmot_builder import make_sequence, make_track
from training_cases import small_training

from smot_vlm.structures import Description, ModelInfo, VideoInfo
from smot_vlm.training import judge
from smot_vlm.training.clip_pictures import clip_picture, log_pictures
from smot_vlm.training.loop import Run, Trainer


def described(*tracks) -> Description:
    video = VideoInfo(source="clip", width=64, height=48, fps=2.0, frames=5)
    return Description(
        video=video, model=ModelInfo("tiny", "lora-lm", "byte", True), tracks=tracks, interactions=(), caption="all"
    )


def test_the_fullest_frame_is_painted_with_its_people(tmp_path):
    sequence = make_sequence(tmp_path)
    both = described(make_track(1, [0, 1, 2, 3]), make_track(2, [3, 4], x=30.0))
    picture, empty = clip_picture(sequence, both), clip_picture(sequence, described())
    assert picture.dtype == np.uint8
    assert picture.shape == empty.shape
    assert picture.shape[1] > 64, "captions stand beside the frame"
    assert (picture != empty).any()
    darkest = [int(np.median(clip_picture(sequence, described(make_track(1, [frame])))[:20, :20])) for frame in (0, 4)]
    assert darkest[0] < darkest[1], "frame 4 is brighter than frame 0"


@dataclass
class Spy:
    name: str
    given: list = field(default_factory=list)

    def log_images(self, values, step, **options):
        self.given.append((values, step, options))


def test_every_logger_gets_what_it_takes():
    board, wandb = Spy("tensorboard"), Spy("wandb")
    picture = np.zeros((4, 6, 3), np.uint8)
    log_pictures(SimpleNamespace(trackers=[board, wandb]), [("a/1", picture)], 7)
    (((values, step, options),), ((_, _, none),)) = board.given, wandb.given
    assert (values["clips/a/1"].shape, step, options, none) == ((1, 4, 6, 3), 7, {"dataformats": "NHWC"}, {})


@pytest.mark.drawn
def test_tensorboard_holds_scores_settings_and_the_painted_clips(tiny_language_model, tmp_path, monkeypatch):
    pytest.importorskip("tensorboard", reason="the extra `scale` is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    painted, given = [], judge.clip_picture
    monkeypatch.setattr(judge, "clip_picture", lambda *both: painted.append(given(*both)) or painted[-1])
    config = small_training(
        tiny_language_model, steps=1, detector_only_steps=0, ctc_start_step=0, caption_start_step=0, validation_videos=2,
        logger="tensorboard", project="people", log_clips=1,
    )  # fmt: skip
    trainer = Trainer(config, Run(tmp_path / "run"))
    trainer.train()
    events = EventAccumulator(str(tmp_path / "run/people"), size_guidance={"images": 0}).Reload()
    (tag,) = events.Tags()["images"]
    assert tag == f"clips/{trainer.splits.measured(2)[0].name}"
    (image,) = events.Images(tag)
    (picture,) = painted
    assert (image.step, image.height, image.width) == (1, *picture.shape[:2])
    pixels = cv2.imdecode(np.frombuffer(image.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(pixels[:, :, ::-1], picture)
    assert {"validation/hota", "validation/score", "loss/instance"} <= set(events.Tags()["scalars"])
    settings = [path.read_text() for path in (tmp_path / "run/people").rglob("hparams.yml")]
    assert settings
    assert "training.learning_rate: 0.001" in settings[0]
