"""The public Tracker on small parts: what goes in, what comes out, and what each kind of wrong input is told."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx_networks import save_constant_network
from tiny import mot_text, moving_squares, tiny_config

from smot_vlm.models.build import build_model
from smot_vlm.structures import Description
from smot_vlm.system.timing import PartTimes
from smot_vlm.tracker import Tracker
from smot_vlm.video.writer import VideoWriter


@pytest.fixture(scope="module")
def tracker(tiny_language_model: Path) -> Tracker:
    torch.manual_seed(0)
    config = tiny_config(tiny_language_model)
    return Tracker(build_model(config), config)


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mot") / "mot.txt"
    path.write_text(mot_text())
    return path


def test_a_video_becomes_a_description(tracker, boxes):
    description = tracker.describe(moving_squares(), trajectories=boxes)
    assert [track.id for track in description.tracks] == [1, 2]
    assert description.tracks[0].frames.tolist() == list(range(24))
    assert description.tracks[0].boxes[3].tolist() == [5, 4, 17, 16]
    assert isinstance(description.caption, str)
    assert description.video.frames == 24
    assert (description.video.width, description.video.height, description.video.fps) == (96, 64, 25.0)
    assert description.model.associator == "trajectories"
    assert not description.model.trained
    assert not description.video.truncated


def test_the_same_video_is_described_the_same_twice(tracker, boxes):
    first = tracker.describe(moving_squares(), trajectories=boxes)
    assert tracker.describe(moving_squares(), trajectories=boxes).to_dict() == first.to_dict()


def test_a_description_survives_its_json(tracker, boxes, tmp_path):
    description = tracker.describe(moving_squares(), trajectories=boxes)
    description.to_json(tmp_path / "description.json")
    again = Description.from_json(tmp_path / "description.json")
    assert again.to_dict() == description.to_dict()
    assert json.loads((tmp_path / "description.json").read_text())["schema"] == "smot-vlm/2"


@pytest.mark.parametrize("stride", [1, 3])
def test_stride_and_max_frames_choose_the_frames(tracker, boxes, stride):
    description = tracker.describe(moving_squares(), trajectories=boxes, stride=stride, max_frames=4)
    assert description.tracks[0].frames.tolist() == [0, stride, 2 * stride, 3 * stride]
    assert description.video.frames == 4
    assert description.video.fps == 25.0


def test_on_frame_may_end_the_watching(tracker, boxes):
    description = tracker.describe(moving_squares(), trajectories=boxes, on_frame=lambda frame, video: frame.index < 5)
    assert description.video.frames == 6


@pytest.mark.parametrize("fill_gaps", [False, True])
def test_who_was_hidden_is_tracked_through_if_asked_for(tracker, tmp_path, fill_gaps):
    seen = tmp_path / "seen.txt"
    seen.write_text("\n".join(row for row in mot_text().splitlines() if not row.startswith("11,")) + "\n")
    association = dataclasses.replace(tracker.config.association, name="byte", fill_gaps=fill_gaps)
    other = Tracker(tracker.model, dataclasses.replace(tracker.config, association=association))
    expected = [frame for frame in range(24) if fill_gaps or frame != 10]
    tracked = other.describe(moving_squares(), detections=seen).tracks
    assert [track.frames.tolist() for track in tracked] == [expected, expected]
    given = other.describe(moving_squares(), trajectories=seen).tracks
    assert all(10 not in track.frames for track in given)


def test_times_are_told_by_part(tracker, boxes):
    times = PartTimes()
    tracker.describe(moving_squares(), trajectories=boxes, times=times)
    assert {"decode", "backbone", "features", "fusion", "language", "verbs"} <= set(times.seconds)


def test_a_stream_gives_boxes_at_once_and_words_now_and_then(tracker, boxes):
    updates = list(tracker.stream(moving_squares(), trajectories=boxes, refresh_seconds=0.4))
    assert [update.frame.index for update in updates] == list(range(24))
    assert all(update.people.ids.tolist() == [1, 2] for update in updates)
    assert updates[0].description is None
    assert [update.frame.index for update in updates if update.refreshed] == [10, 20, 23]
    whole = tracker.describe(moving_squares(), trajectories=boxes)
    assert updates[-1].description.to_dict() == whole.to_dict()


def test_a_callers_gradients_work_between_two_updates(tracker, boxes):
    for _ in tracker.stream(moving_squares(), trajectories=boxes):
        assert not torch.is_inference_mode_enabled()


def test_nobody_is_described_too(tracker, tmp_path):
    """No person in frames 2 to 24: a video caption, no track, no pair."""
    (tmp_path / "mot.txt").write_text("1,1,2,4,12,12,1\n")
    alone = tracker.describe(moving_squares(), trajectories=tmp_path / "mot.txt")
    assert len(alone.tracks) == 1
    assert alone.interactions == ()


def test_a_detector_that_finds_nobody(tracker):
    class Blind:
        def detect(self, image):
            from smot_vlm.structures import Detections

            return Detections.empty()

    seeing = Tracker(tracker.model, tracker.config)
    seeing._detector.settle().detector = Blind()
    description = seeing.describe(moving_squares())
    assert description.tracks == ()
    assert description.interactions == ()
    assert description.model.associator == "byte"


def test_three_hundred_people(tracker, tmp_path):
    rows = [f"1,{person + 1},{person % 20 * 4},{person // 20 * 4},12,12,1" for person in range(300)]
    (tmp_path / "mot.txt").write_text("\n".join(rows))
    config = dataclasses.replace(
        tracker.config, interaction=dataclasses.replace(tracker.config.interaction, max_pairs=200)
    )
    crowd = Tracker(tracker.model, config)
    assert len(crowd.describe(moving_squares(frames=2), trajectories=tmp_path / "mot.txt").tracks) == 300


def test_the_untrained_detector_refuses_to_pretend(tracker):
    with pytest.raises(ValueError, match=r"untrained.*--detector.*--trajectories"):
        Tracker(tracker.model, tracker.config, detector="model").describe(moving_squares())


def test_a_trained_detector_is_used(tracker, tmp_path):
    tracker.model.trained = True
    try:
        assert tracker.describe(moving_squares(frames=3)).model.trained
    finally:
        tracker.model.trained = False


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"detector": "yolo"}, ValueError, "takes auto, model, people, onnx:FILE or yolo:FILE"),
        ({"detector": "onnx:"}, ValueError, "takes auto, model, people, onnx:FILE or yolo:FILE"),
        ({"detector": "onnx:none.onnx"}, FileNotFoundError, "no such ONNX file"),
        ({"associator": "magic"}, ValueError, "it takes byte"),
    ],
)
def test_wrong_parts_are_told_at_once(tracker, options, error, words):
    with pytest.raises(error, match=words):
        Tracker(tracker.model, tracker.config, **options)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,1,0,0,ten,10,1\n", "mot.txt:1: "),
        ("1,1,0,0,10,10,1\n1,1,5,5,10,10,1\n", "mot.txt:2: id 1 was already in frame 1"),
        ("0,1,0,0,10,10,1\n", "whole numbers from 1"),
        ("1,1,0,0,-3,10,1\n", "must be above 0"),
        ("1,1,nan,0,3,10,1\n", "not finite"),
        ("1,1,0\n", "3 values"),
        ("900,1,0,0,10,10,1\n", "none of its boxes lies in the frames"),
    ],
)
def test_bad_mot_rows_are_told_with_file_and_line(tracker, tmp_path, text, words):
    (tmp_path / "mot.txt").write_text(text)
    with pytest.raises(ValueError, match=words):
        tracker.describe(moving_squares(frames=2), trajectories=tmp_path / "mot.txt")


def test_unknown_models_and_devices_are_told():
    with pytest.raises(FileNotFoundError, match="no model 'nothing'; give a folder with weights or one of"):
        Tracker.from_pretrained("nothing")


@pytest.mark.parametrize("channels", ["grey", "rgba"])
def test_grey_and_rgba_pictures_are_read(tracker, boxes, channels):
    video = moving_squares(frames=4)
    video = video[..., 0] if channels == "grey" else np.concatenate([video, video[..., :1]], axis=-1)
    assert tracker.describe(video, trajectories=boxes).video.frames == 4


def test_a_picture_of_one_pixel(tracker, tmp_path):
    (tmp_path / "mot.txt").write_text("1,1,0,0,1,1,1\n2,1,0,0,1,1,1\n")
    description = tracker.describe(np.zeros((2, 1, 1, 3), np.uint8), trajectories=tmp_path / "mot.txt")
    assert (description.video.width, description.video.height) == (1, 1)
    assert len(description.tracks[0]) == 2


def test_a_file_damaged_half_way_is_described_and_says_so(tracker, boxes, tmp_path):
    path = tmp_path / "whole.mp4"
    with VideoWriter(path, 25.0, 96, 64) as writer:
        for image in np.random.default_rng(0).integers(0, 255, (48, 64, 96, 3), dtype=np.uint8):
            writer.write(image)
    content = path.read_bytes()
    (tmp_path / "half.mp4").write_bytes(content[: len(content) * 2 // 3])
    description = tracker.describe(tmp_path / "half.mp4", trajectories=boxes)
    assert description.video.truncated
    assert 1 <= description.video.frames < 48
    assert description.to_dict()["video"]["truncated"] is True


def test_a_saved_tracker_says_the_same_and_is_trained(tracker, boxes, tmp_path):
    tracker.save_pretrained(tmp_path / "model")
    again = Tracker.from_pretrained(tmp_path / "model", device="cpu")
    description = again.describe(moving_squares(), trajectories=boxes)
    before = tracker.describe(moving_squares(), trajectories=boxes)
    assert [track.caption for track in description.tracks] == [track.caption for track in before.tracks]
    assert description.model.trained


def test_the_hub_gets_the_folder(tracker, monkeypatch):
    import huggingface_hub

    sent = {}

    class Hub:
        def create_repo(self, name, **options):
            sent["repository"] = name

        def upload_folder(self, repo_id, folder_path):
            sent["files"] = sorted(path.name for path in Path(folder_path).iterdir())
            return "commit"

    monkeypatch.setattr(huggingface_hub, "HfApi", Hub)
    assert tracker.push_to_hub("me/model") == "commit"
    assert sent == {
        "repository": "me/model",
        "files": ["README.md", "SHA256SUMS", "adapter", "config.json", "model.safetensors", "prompts", "tokenizer"],
    }


def test_new_verbs_are_looked_for_by_their_words(tiny_language_model, boxes, monkeypatch):
    """With every verb likely, a pair does both phrases, in both directions, and none of the 335."""
    import dataclasses

    from smot_vlm.semantics import interaction

    monkeypatch.setattr(
        interaction,
        "embed_sentences",
        lambda texts, encoder: np.random.default_rng(len(texts)).normal(size=(len(texts), 384)),
    )
    config = tiny_config(tiny_language_model)
    config = dataclasses.replace(config, interaction=dataclasses.replace(config.interaction, verb_encoder="any"))
    model = build_model(config)
    torch.nn.init.constant_(model.interaction_head.bias, 20.0)
    phrases = ["hand over an object", "wave goodbye"]
    found = Tracker(model, config).describe(moving_squares(), trajectories=boxes, verbs=phrases).interactions
    assert {(edge.subject, edge.verb, edge.object) for edge in found} == {
        (subject, phrase, 3 - subject) for subject in (1, 2) for phrase in phrases
    }


@pytest.mark.parametrize("verbs", [[], [""], ["push", "push"]])
def test_wrong_phrases_are_told(tracker, boxes, verbs):
    with pytest.raises(ValueError, match="give at least one phrase"):
        tracker.describe(moving_squares(), trajectories=boxes, verbs=verbs)


def test_a_model_whose_verbs_have_no_words_says_so(tracker, boxes):
    with pytest.raises(ValueError, match="only the 335 verbs can be scored"):
        tracker.describe(moving_squares(), trajectories=boxes, verbs=["push"])


def test_the_configuration_names_the_classes_of_a_detectors_file(tmp_path):
    """Two classes and no names: refused, until they are named; then the second one is the person."""
    output = np.zeros((1, 6, 84), np.float32)
    output[0, :, 3] = [20, 12, 16, 8, 0.1, 0.8]
    file = f"onnx:{save_constant_network(tmp_path / 'net.onnx', output)}"
    with pytest.raises(ValueError, match=r"--set detector\.classes="):
        Tracker.from_pretrained("tracks-only", detector=file)
    tracker = Tracker.from_pretrained("tracks-only", detector=file, overrides=["detector.classes=[car,person]"])
    assert len(tracker.describe(np.zeros((3, 64, 64, 3), np.uint8), fps=10).tracks) == 1
