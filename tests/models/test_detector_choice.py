"""Which detector finds the people."""

import time
from pathlib import Path

import pytest
from tiny import tiny_config

from smot_vlm.detection.people_detector import PEOPLE_DETECTOR, open_people_detector
from smot_vlm.models.build import build_model
from smot_vlm.models.detector_choice import DetectorChoice
from smot_vlm.models.tracks_only import TracksOnlyModel
from smot_vlm.system.concurrency import concurrently
from smot_vlm.system.files import shipped_folder

SHIPPED_FILE = shipped_folder("assets") / "detectors" / "yolox_nano.onnx"


@pytest.fixture
def config(tiny_language_model: Path):
    return tiny_config(tiny_language_model)


@pytest.fixture
def model(config):
    return build_model(config)


def test_auto_takes_a_trained_detector(model, config):
    model.trained = True
    choice = DetectorChoice("auto", model, config).settle()
    assert (choice.name, choice.detector, choice.fallback) == ("model", None, None)


def test_auto_takes_the_one_that_ships_where_the_models_own_would_invent_people(model, config):
    choice = DetectorChoice("auto", model, config).settle()
    assert (choice.name, choice.fallback) == (PEOPLE_DETECTOR, None)
    assert choice.detector is not None


def test_auto_takes_the_one_that_ships_where_the_model_has_none(config):
    assert DetectorChoice("auto", TracksOnlyModel(), config).settle().name == PEOPLE_DETECTOR


def test_a_model_that_knows_its_domain_has_the_other_one_beside_its_own(model, config):
    model.trained, model.domain = True, object()
    choice = DetectorChoice("auto", model, config).settle()
    assert (choice.name, choice.detector) == ("model", None)
    assert choice.fallback is not None


def test_videos_that_are_begun_at_once_have_the_same_detectors(model, config, monkeypatch):
    def slow(**settings):
        time.sleep(0.2)
        return open_people_detector(**settings)

    monkeypatch.setattr("smot_vlm.models.detector_choice.open_people_detector", slow)
    model.trained, model.domain = True, object()
    choice = DetectorChoice("auto", model, config)
    fallbacks = concurrently([lambda: choice.settle().fallback] * 4, 4)
    assert fallbacks == [choice.fallback] * 4
    assert choice.fallback is not None


def test_validation_during_training_uses_the_models_own(model, config):
    choice = DetectorChoice("auto", model, config, allow_untrained=True).settle()
    assert (choice.name, choice.detector) == ("model", None)


def test_a_named_detector_is_kept_whatever_the_model(model, config):
    assert DetectorChoice("people", model, config).settle().name == PEOPLE_DETECTOR
    assert DetectorChoice(f"onnx:{SHIPPED_FILE}", model, config).settle().name == "yolox_nano.onnx"
    with pytest.raises(ValueError, match="untrained and would invent people"):
        DetectorChoice("model", model, config).settle()


@pytest.mark.parametrize("choice", ["", "mode", "onnx", "onnx:", "people:x", "tensorrt:x.engine"])
def test_an_unknown_choice_is_named_at_once(choice, model, config):
    with pytest.raises(ValueError, match="it takes auto, model, people, onnx:FILE or yolo:FILE"):
        DetectorChoice(choice, model, config)
