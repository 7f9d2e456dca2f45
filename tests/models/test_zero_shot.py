"""The model "zero-shot": words without training, from boxes and a vision-language model that never saw a label."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import mot_text, moving_squares, tiny_config
from tiny_vision import save_tiny_vision_language
from ultralytics import YOLO

from smot_vlm.config import (
    Config,
    DecoderConfig,
    InteractionConfig,
    PicturesConfig,
    VisionLanguageConfig,
    load_config,
)
from smot_vlm.detection import pretrained
from smot_vlm.detection.detector import YoloDetector
from smot_vlm.models.build import build_configured_model
from smot_vlm.models.checkpoint import load_pretrained, save_pretrained
from smot_vlm.models.smot import SmotModel
from smot_vlm.models.zero_shot import ZeroShotModel
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.structures import Detections
from smot_vlm.tracker import Tracker
from smot_vlm.verbs import NUM_VERBS, VERBS

REPO = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_vision_language(tmp_path_factory.mktemp("tiny-vl"), "idefics3")


def with_model(decoder: DecoderConfig, **changes: object) -> DecoderConfig:
    """The decoder with another vision-language model."""
    return dataclasses.replace(decoder, vision_language=dataclasses.replace(decoder.vision_language, **changes))


@pytest.fixture(scope="module")
def config(folder: Path) -> Config:
    """The shipped configuration with a small model and little to weigh."""
    shipped = load_config(REPO / "configs" / "zero-shot.yaml")
    return dataclasses.replace(
        shipped,
        decoder=with_model(
            dataclasses.replace(shipped.decoder, max_new_tokens=8, max_batch=64), language_model=str(folder)
        ),
        interaction=dataclasses.replace(shipped.interaction, max_pairs=2, max_gap=None, threshold=0.0, shortlist=3),
        pictures=PicturesConfig(scene_frames=3, track_crops=2, frame_size=64, crop_size=32),
    )


@pytest.fixture(scope="module")
def tracker(config: Config) -> Tracker:
    return Tracker(build_configured_model(config), config)


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mot") / "mot.txt"
    path.write_text(mot_text())
    return path


@pytest.fixture
def no_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No YOLO on this machine; gives the folder where one may be put."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMOT_VLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pretrained, "weights_folder", lambda: tmp_path / "weights")
    return tmp_path


def spoken(description) -> list[str]:
    return [description.caption, *(track.caption for track in description.tracks)]


def test_a_video_is_described_without_training(tracker, boxes, no_checkpoint):
    """With boxes of one's own no detector is looked for."""
    description = tracker.describe(moving_squares(), trajectories=boxes)
    assert description.model.trained
    assert description.model.decoder == "vision-language"
    assert description.model.name == "zero-shot"
    assert [track.id for track in description.tracks] == [1, 2]
    assert all(spoken(description))
    assert description.interactions, "with a threshold of 0 something is always said"
    assert all(edge.verb in {verb.label for verb in VERBS} for edge in description.interactions)
    for pair in {(edge.subject, edge.object) for edge in description.interactions}:
        scores = [edge.score for edge in description.interactions if (edge.subject, edge.object) == pair]
        assert len(scores) == 3
        assert sum(scores) < 1


def test_what_is_seen_changes_what_is_said(tracker, boxes):
    noise = np.random.default_rng(0).integers(0, 255, (24, 64, 96, 3), dtype=np.uint8)
    plain, other = (tracker.describe(video, trajectories=boxes) for video in (moving_squares(), noise))
    assert spoken(plain)[0] != spoken(other)[0]
    assert [edge.score for edge in plain.interactions] != [edge.score for edge in other.interactions]


def test_the_direction_is_read_from_the_marks(tracker, boxes):
    edges = tracker.describe(moving_squares(), trajectories=boxes).interactions
    forth, back = ([edge.score for edge in edges if edge.subject == subject] for subject in (1, 2))
    assert forth != back


def test_the_threshold_decides_what_is_said(config, boxes):
    silent = dataclasses.replace(config, interaction=dataclasses.replace(config.interaction, threshold=0.999))
    assert (
        Tracker(build_configured_model(silent), silent).describe(moving_squares(), trajectories=boxes).interactions
        == ()
    )


def test_people_who_never_come_near_are_not_asked_about(config, boxes, monkeypatch):
    """The squares are 28 pixels apart and 12 high."""
    apart = dataclasses.replace(config, interaction=dataclasses.replace(config.interaction, max_gap=1.0))
    model = build_configured_model(apart)
    monkeypatch.setattr(model.verbs, "probabilities", lambda images: pytest.fail("was asked"))
    assert Tracker(model, apart).describe(moving_squares(), trajectories=boxes).interactions == ()


def test_no_learned_feature_is_computed(config):
    model = build_configured_model(config)
    assert isinstance(model, ZeroShotModel)
    assert not any(isinstance(module, YoloDetector) for module in model.modules())
    assert not any(parameter.requires_grad for parameter in model.parameters())
    image = moving_squares()[0]
    assert model.encode_frame(image) is image
    assert model.verb_thresholds.shape == (NUM_VERBS,)


def test_pictures_do_not_grow_with_the_video(tracker, config, boxes):
    long = moving_squares(frames=200, width=320)
    boxes = boxes.with_name("long.txt")
    boxes.write_text(mot_text(frames=200))
    asked: list[CaptionRequest] = []
    generate = tracker.model.decoder.generate

    def watch(requests):
        asked.extend(requests)
        return generate(requests)

    tracker.model.decoder.generate = watch
    try:
        tracker.describe(long, trajectories=boxes)
    finally:
        tracker.model.decoder.generate = generate
    assert [request.task for request in asked] == ["video", "instance", "instance"]
    assert [len(request.images) for request in asked] == [3, 2, 2]
    assert all(max(image.shape) <= 64 for image in asked[0].images)
    assert all(max(image.shape) <= 32 for request in asked[1:] for image in request.images)


def test_streaming_ends_with_the_description(tracker, boxes):
    whole = tracker.describe(moving_squares(), trajectories=boxes)
    *_, last = tracker.stream(moving_squares(), trajectories=boxes, refresh_seconds=0.5)
    assert last.description.to_dict() == whole.to_dict()


def test_a_video_without_people(tracker, boxes, monkeypatch):
    monkeypatch.setattr(tracker.model, "_detector", NoPeople())
    description = tracker.describe(moving_squares())
    assert description.tracks == ()
    assert description.interactions == ()
    assert description.caption == "", "nothing is said of nobody"


class NoPeople:
    def detect(self, image: np.ndarray) -> Detections:
        return Detections.empty()


def test_a_missing_detector_is_told_before_the_first_frame(config, no_checkpoint):
    tracker = Tracker(build_configured_model(config), config, detector="model")
    frames_read = []
    with pytest.raises(FileNotFoundError, match=r"detector yolo11n.pt was not found .*--detector onnx:FILE"):
        tracker.describe(moving_squares(), on_frame=lambda frame, video: frames_read.append(frame))
    assert frames_read == []


def test_a_checkpoint_on_this_machine_is_used(config, no_checkpoint):
    (no_checkpoint / "weights").mkdir()
    YOLO("yolo11n.yaml", verbose=False).save(no_checkpoint / "weights" / "yolo11n.pt")
    description = Tracker(build_configured_model(config), config).describe(moving_squares(frames=3))
    assert description.model.associator == "byte"
    assert description.model.detector == "model"


def test_a_missing_language_model_is_told_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        Tracker.from_pretrained("zero-shot", device="cpu")
    message = str(caught.value)
    assert "\n" not in message
    assert "HuggingFaceTB/SmolVLM-256M-Instruct" in message
    assert "not in the Hugging Face cache" in message
    assert "about 515 MB, Apache-2.0" in message
    assert "`smot-vlm models get HuggingFaceTB/SmolVLM-256M-Instruct`" in message


def test_from_pretrained_takes_the_shipped_configuration_and_what_is_to_differ(folder, boxes):
    tracker = Tracker.from_pretrained(
        "zero-shot", device="cpu", overrides=[f"decoder.vision_language.language_model={folder}"]
    )
    assert isinstance(tracker.model, ZeroShotModel)
    assert tracker.config.name == "zero-shot"
    # Two squares 2.3 heights apart are not near.
    assert tracker.describe(moving_squares(frames=6), trajectories=boxes).interactions == ()


def test_a_configuration_of_ones_own_names_another_model(config, folder, tmp_path, boxes):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nmodel_type: zero-shot\ndecoder:\n  name: vision-language\n"
        f"  vision_language: {{language_model: {folder}, soft_tokens: 0}}\n"
    )
    tracker = Tracker.from_pretrained(path, device="cpu")
    assert isinstance(tracker.model, ZeroShotModel)
    assert tracker.config.name == "mine"
    with pytest.raises(FileNotFoundError, match=r"none.yaml: no such config"):
        Tracker.from_pretrained(tmp_path / "none.yaml", device="cpu")


def test_there_is_nothing_to_save(tracker, tmp_path):
    with pytest.raises(ValueError, match="zero-shot has no weights of its own"):
        tracker.save_pretrained(tmp_path / "saved")


def test_an_unknown_model_type_names_the_known_ones(config):
    with pytest.raises(ValueError, match="model_type is 'snake'; it takes smot, zero-shot"):
        build_configured_model(dataclasses.replace(config, model_type="snake"))


def test_an_unknown_dtype_names_the_known_ones(config):
    wrong = dataclasses.replace(config, decoder=with_model(config.decoder, dtype="int4"))
    with pytest.raises(ValueError, match="dtype is 'int4'; it takes float32, bfloat16, float16"):
        build_configured_model(wrong)


def test_half_precision_speaks_too(config, boxes):
    half = dataclasses.replace(config, decoder=with_model(config.decoder, dtype="bfloat16"))
    description = Tracker(build_configured_model(half), half).describe(moving_squares(frames=6), trajectories=boxes)
    assert len(description.interactions) == 6


@pytest.fixture(scope="module")
def learned_config(folder: Path) -> Config:
    """A model with learned features, soft tokens and LoRA, whose decoder looks at pictures as well."""
    vision_language = VisionLanguageConfig(str(folder), soft_tokens=2, num_segments=2, lora_rank=2)
    decoder = DecoderConfig(name="vision-language", max_new_tokens=8, vision_language=vision_language)
    pictures = PicturesConfig(scene_frames=2, track_crops=2, frame_size=64, crop_size=32)
    return dataclasses.replace(
        tiny_config(folder), decoder=decoder, pictures=pictures, interaction=InteractionConfig(verb_encoder=None)
    )


def test_the_decoder_serves_a_model_with_learned_features(learned_config, boxes):
    torch.manual_seed(0)
    model = build_configured_model(learned_config)
    assert isinstance(model, SmotModel)
    asked: list[CaptionRequest] = []
    generate = model.decoder.generate
    model.decoder.generate = lambda requests: asked.extend(requests) or generate(requests)
    description = Tracker(model, learned_config).describe(moving_squares(), trajectories=boxes)
    assert all(spoken(description))
    assert not description.model.trained, "soft tokens, features and the verb head are random"
    assert [len(request.images) for request in asked] == [2, 2, 2]
    assert all(request.tokens.shape[1] == 32 for request in asked)
    assert all("red box" in request.prompt for request in asked[1:])


def test_it_is_saved_without_the_base_model_and_says_the_same_again(learned_config, boxes, tmp_path):
    torch.manual_seed(0)
    model = build_configured_model(learned_config)
    first = Tracker(model, learned_config).describe(moving_squares(), trajectories=boxes)
    save_pretrained(model, learned_config, tmp_path / "saved")
    again, config = load_pretrained(tmp_path / "saved")
    assert spoken(Tracker(again, config).describe(moving_squares(), trajectories=boxes)) == spoken(first)
    names = {name for name in model.state_dict() if name.startswith("decoder.soft_tokens")}
    assert names, "soft tokens are ours"


def test_nobody_gathers_pictures_for_a_decoder_that_does_not_look(tiny_tracker_config):
    model = build_configured_model(tiny_tracker_config)
    assert model.open_memory(per_second=2.0, capacity=4).pictures is None
