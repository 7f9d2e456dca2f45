"""Trajectories without words: any detector or given boxes, no weights, no language model."""

import numpy as np
import pytest
import torch

from smot_vlm.association.deepsort import DeepSort
from smot_vlm.bench.clip import demo_clip
from smot_vlm.config import AssociationConfig, load_config
from smot_vlm.models.build import build_associator, build_configured_model
from smot_vlm.system.files import shipped_folder
from smot_vlm.tracker import Tracker


@pytest.fixture(scope="module")
def tracker() -> Tracker:
    return Tracker.from_pretrained("tracks-only")


def test_given_boxes_are_linked_and_nothing_is_said(tracker):
    video, boxes = demo_clip(None, None)
    description = tracker.describe(video, detections=boxes, max_frames=30)
    assert description.tracks
    assert {track.caption for track in description.tracks} == {description.caption} == {""}
    assert description.interactions == ()
    assert (description.model.decoder, description.model.associator, description.model.trained) == (
        "none",
        "byte",
        True,
    )


def test_it_has_no_weights():
    model = build_configured_model(load_config(shipped_folder("configs") / "tracks-only.yaml"))
    assert list(model.parameters()) == []
    assert not (torch.sigmoid(model.score_pairs((1, 2), torch.tensor([[0, 1]]))) > model.verb_thresholds).any()


def test_without_boxes_it_says_what_to_give(tracker):
    own = Tracker(tracker.model, tracker.config, detector="model")
    with pytest.raises(ValueError, match="give --detector onnx:FILE"):
        own.describe(np.zeros((2, 32, 32, 3), np.uint8))
    assert tracker.describe(np.zeros((2, 32, 32, 3), np.uint8)).model.detector == "yolox-nano"
    with pytest.raises(ValueError, match="has no words"):
        tracker.describe(np.zeros((2, 32, 32, 3), np.uint8), verbs=["wave"])
    with pytest.raises(ValueError, match="no weights of its own"):
        tracker.save_pretrained("anywhere")


@pytest.mark.parametrize("name", ["byte:x.onnx", "deepsort:", "sortbot", "sortbot:x.onnx"])
def test_a_file_goes_with_deepsort_alone(name):
    with pytest.raises(ValueError, match=r"associator is .*; (it takes byte|a file goes with deepsort)"):
        build_associator(name, AssociationConfig(), fps=30.0)


def test_deepsort_takes_its_reid_model_by_name(shared):
    file = shared / "data/reid/osnet_x0_25_msmt17.onnx"
    if not file.is_file():
        pytest.skip(f"{file} is not here")
    assert isinstance(build_associator(f"deepsort:{file}", AssociationConfig(), fps=30.0), DeepSort)
    with pytest.raises(FileNotFoundError, match=r"nowhere.onnx"):
        build_associator("deepsort:nowhere.onnx", AssociationConfig(), fps=30.0)
