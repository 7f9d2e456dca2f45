"""The annotation tools' own packages read what is exported for them; `make setup` installs them without what they ask for."""

import json
from pathlib import Path

import export_cases as cases
import numpy as np
import pytest
import torch

from smot_vlm.appearance.answers import Calibration
from smot_vlm.config import Config, DecoderConfig, FeaturesConfig
from smot_vlm.export.formats import FORMATS, export
from smot_vlm.models.people_folder import build_people
from smot_vlm.structures import Description, Trajectory
from smot_vlm.tracker import Tracker


def real() -> Description:
    """What the model of real people makes of two who walk side by side; its weights are random."""
    torch.manual_seed(0)
    config = Config(
        name="people",
        model_type="people",
        decoder=DecoderConfig(name="sentences"),
        features=FeaturesConfig(per_second=4.0),
    )
    steps = np.arange(12)
    boxes = [np.stack([x + 2 * steps, 4 + 0 * steps, x + 12 + 2 * steps, 28 + 0 * steps], axis=1) for x in (2, 20)]
    walkers = [Trajectory(number, steps, box, np.ones(12)) for number, box in enumerate(boxes, 1)]
    frames = np.random.default_rng(0).integers(0, 255, (12, 48, 64, 3), dtype=np.uint8)
    people = build_people(config, Calibration.neutral()).eval()
    return Tracker(people, config, detector="people").describe(frames, fps=4.0, trajectories=walkers)


@pytest.fixture(scope="module")
def descriptions() -> dict[str, Description]:
    return {"invented": cases.told(), "of real people": real(), "of nobody": cases.nobody()}


WHO = pytest.mark.parametrize("who", ["invented", "of real people", "of nobody"])


def test_the_model_of_real_people_has_everything_to_export(descriptions: dict[str, Description]):
    description = descriptions["of real people"]
    assert {edge.verb for edge in description.interactions} >= {"accompany.v.02"}
    assert all(edge.spans for edge in description.interactions)
    assert any(track.attributes for track in description.tracks)


@WHO
def test_cvat_is_read_by_datumaro(who: str, descriptions: dict[str, Description], tmp_path: Path):
    datumaro = pytest.importorskip("datumaro")
    description = descriptions[who]
    export(description, "cvat", tmp_path)
    (tmp_path / "images").mkdir()
    found = datumaro.Dataset.import_from(str(tmp_path), "cvat")
    label = found.categories()[datumaro.AnnotationType.label].find("person")[0]
    shown = [
        (box.attributes["id"], item.attributes["frame"], box)
        for item in found
        for box in item.annotations
        if box.label == label and not box.attributes["outside"]
    ]
    expected = {
        (str(track.id), frame): box
        for track in description.tracks
        for frame, box in zip(track.frames.tolist(), track.boxes, strict=True)
    }
    assert {(number, frame) for number, frame, _ in shown} == set(expected)
    assert len(shown) == len(expected)
    for number, frame, box in shown:
        assert box.points == pytest.approx(expected[number, frame], abs=0.002)
        assert box.attributes["caption"] == description.track(int(number)).caption
    captions = [box.attributes["caption"] for item in found for box in item.annotations if box.label != label]
    assert set(captions) == ({description.caption} if description.caption else set())


@WHO
def test_label_studio_is_accepted_by_its_own_checks(who: str, descriptions: dict[str, Description]):
    interfaces = pytest.importorskip("label_studio_sdk.label_interface")
    written = FORMATS["label-studio"].write(descriptions[who])
    interface = interfaces.LabelInterface(written["label-studio.xml"])
    interface.validate()
    (task,) = json.loads(written["label-studio.json"])
    prediction = task["predictions"][0]
    assert interface.validate_prediction(prediction, return_errors=True) == []
    for place, entry in enumerate(prediction["result"]):
        others = [*prediction["result"][:place], {**entry, "from_name": "nobody"}, *prediction["result"][place + 1 :]]
        # Relations have no control.
        assert interface.validate_prediction({**prediction, "result": others}) == (entry["type"] == "relation")


@WHO
def test_label_studio_draws_the_boxes_of_the_frames_that_have_one(who: str, descriptions: dict[str, Description]):
    video = pytest.importorskip("label_studio_sdk._extensions.label_studio_tools.postprocessing.video")
    description = descriptions[who]
    (task,) = json.loads(FORMATS["label-studio"].write(description)["label-studio.json"])
    regions = [entry for entry in task["predictions"][0]["result"] if entry["type"] == "videorectangle"]
    drawn = {region["id"]: region["value"]["sequence"] for region in video.extract_key_frames(regions)}
    assert {name: [key["frame"] - 1 for key in keys] for name, keys in drawn.items()} == {
        f"person-{track.id}": track.frames.tolist() for track in description.tracks
    }
    size = np.tile([description.video.width, description.video.height], 2) / 100
    for track in description.tracks:
        places = [[key[side] for side in ("x", "y", "width", "height")] for key in drawn[f"person-{track.id}"]]
        boxes = np.array(places) * size
        boxes[:, 2:] += boxes[:, :2]
        assert boxes == pytest.approx(track.boxes, abs=0.002)


@WHO
def test_label_studios_converter_finds_every_result(who: str, descriptions: dict[str, Description], tmp_path: Path):
    converters = pytest.importorskip("label_studio_sdk.converter.converter")
    written = FORMATS["label-studio"].write(descriptions[who])
    (task,) = json.loads(written["label-studio.json"])
    result = task["predictions"][0]["result"]
    done = {**task, "id": 1, "annotations": [{"id": 1, "completed_by": 1, "result": result}]}
    (tmp_path / "in.json").write_text(json.dumps([done]))
    converter = converters.Converter(written["label-studio.xml"], str(tmp_path), download_resources=False)
    converter.convert_to_json_min(str(tmp_path / "in.json"), str(tmp_path / "out"), is_dir=False)
    (told,) = json.loads((tmp_path / "out/result.json").read_text())
    regions = told.get("box", [])
    assert [len(region["sequence"]) for region in regions] == [len(track) for track in descriptions[who].tracks]
    captions = told.get("caption", [])
    # A list of one is written as the one.
    assert ([captions] if isinstance(captions, str) else captions) == [
        track.caption for track in descriptions[who].tracks if track.caption
    ]
