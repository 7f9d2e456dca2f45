"""Faces are learned from a teacher and from people's kinds; the encoder's weights are read as data."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from people_cases import make_people

from smot_vlm.appearance.faces import FaceEncoder, place_maps
from smot_vlm.appearance.network import CROP_SIZE, PersonAppearance
from smot_vlm.config import Config, DecoderConfig, PeopleConfig, PeopleSourceConfig
from smot_vlm.config.people import FacesConfig
from smot_vlm.language.people_facts import PersonFacts
from smot_vlm.language.people_lexicon import KINDS
from smot_vlm.models.people_folder import load_people
from smot_vlm.training.people import faces as learning
from smot_vlm.training.people.export import export_people
from smot_vlm.training.people.face_finder import own_face
from smot_vlm.training.people.face_weights import load_face_encoder
from smot_vlm.training.people.loop import PeopleRun, PeopleTrainer
from smot_vlm.training.people.people import KEPT_SIZE, LabelledPerson, PeopleSource

SKIN, HAIR = (
    (230, 180, 150),
    {"man": (20, 20, 20), "woman": (220, 200, 40), "boy": (160, 40, 20), "girl": (240, 240, 240)},
)
SIDE = 28


def write_graph(encoder: FaceEncoder, path: Path, change=lambda entries: None) -> Path:
    """An encoder's weights as TensorFlow.js lays out the face network's."""
    entries, data = [], []

    def add(name: str, values: torch.Tensor) -> None:
        array = values.detach().numpy().astype("<f4")
        entries.append({"name": name, "shape": list(array.shape), "dtype": "float32"})
        data.append(array.tobytes())

    layers = [layer for layer in encoder.modules() if isinstance(layer, torch.nn.Conv2d)]
    names = ["conv1", *(f"conv_{kind}_{i}" for i in range(1, len(layers) // 2 + 1) for kind in ("dw", "pw"))]
    for layer, name in zip(layers, names, strict=True):
        if "dw" in name:
            add(f"{name}/depthwise_kernel", layer.weight.permute(2, 3, 0, 1) / 2)
            add(f"{name}_bn/batchnorm_1/mul", torch.full((len(layer.weight),), 2.0))
        else:
            add(f"{name}/convolution/merged_input", layer.weight.permute(2, 3, 1, 0))
        add(f"{name}_bn/batchnorm_1/sub", layer.bias[None, :, None, None])
    change(entries)
    path.with_suffix(".bin").write_bytes(b"".join(data))
    path.write_text(json.dumps({"weightsManifest": [{"paths": [path.with_suffix(".bin").name], "weights": entries}]}))
    return path


@pytest.fixture(scope="module")
def encoder() -> FaceEncoder:
    """Random weights through which what is seen passes."""
    torch.manual_seed(1)
    made = FaceEncoder().eval()
    for layer in made.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
    with torch.no_grad():
        made.stem[1].weight /= 100  # pixels are up to 255
    return made


@pytest.fixture(scope="module")
def graph(encoder, tmp_path_factory) -> Path:
    return write_graph(encoder, tmp_path_factory.mktemp("graph") / "faceres.json")


@torch.inference_mode()
def test_the_encoder_is_read_from_a_graph_model(encoder, graph):
    torch.manual_seed(2)
    again, pictures = FaceEncoder().eval(), torch.rand(2, 3, 64, 64)
    assert not torch.allclose(again(pictures), encoder(pictures))
    load_face_encoder(again, graph)
    torch.testing.assert_close(again(pictures), encoder(pictures))


def negative(entries):
    entries[3]["shape"] = [-1, *entries[3]["shape"][1:]]


def too_long(entries):
    entries[-1]["shape"] = [10**6]


def other_type(entries):
    entries[0]["dtype"] = "complex64"


def missing(entries):
    entries.pop()


def other_shape(entries):
    entries[0]["shape"] = [3, 3, 32, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (negative, "not a graph model.*is not in its file"),
        (too_long, "not a graph model.*is not in its file"),
        (other_type, "not a graph model.*complex64"),
        (missing, "not the face network"),
        (other_shape, "a convolution of shape .* give faceres.json"),
    ],
)
def test_other_weights_are_refused_in_one_line(encoder, tmp_path, change, message):
    path = write_graph(encoder, tmp_path / "faceres.json", change)
    with pytest.raises(ValueError, match=message) as error:
        load_face_encoder(FaceEncoder(), path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("name", ["../faceres.bin", "/etc/hostname"])
def test_files_elsewhere_are_not_opened(encoder, tmp_path, name):
    path = write_graph(encoder, tmp_path / "faceres.json")
    content = json.loads(path.read_text())
    content["weightsManifest"][0]["paths"] = [name]
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="is no name of a file beside it"):
        load_face_encoder(FaceEncoder(), path)


def test_a_file_of_weights_that_is_not_there_is_named(encoder, tmp_path):
    path = write_graph(encoder, tmp_path / "faceres.json")
    path.with_suffix(".bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"faceres\.bin is missing"):
        load_face_encoder(FaceEncoder(), path)


@pytest.mark.parametrize(
    ("boxes", "chosen"),
    [
        ([], None),
        ([[40, 10, 70, 40], [0, 5, 20, 25]], 0),  # the other one's centre is at the edge
        ([[50, 150, 80, 180]], None),  # too far down to be one's own
        ([[50, 60, 80, 90], [50, 10, 80, 40]], 1),  # the higher one
    ],
)
def test_the_own_face_is_in_the_upper_middle(boxes, chosen):
    given = np.array(boxes, float).reshape(-1, 4)
    found = own_face(given, np.ones(len(given)), CROP_SIZE)
    assert (found is None) == (chosen is None)
    if chosen is not None:
        assert found.tolist() == boxes[chosen]


def figure(kind: str, left: int, top: int, face: bool) -> np.ndarray:
    """Somebody on grey, whose hair tells the kind; without a face seen from behind."""
    image = np.full((*KEPT_SIZE, 3), 120, np.uint8)
    image[top + SIDE : top + 150, left - 10 : left + SIDE + 10] = (40, 60, 120)
    if face:
        image[top : top + SIDE, left : left + SIDE] = SKIN
        image[top : top + SIDE // 3, left : left + SIDE] = HAIR[kind]
    return image


def people(count: int) -> tuple[LabelledPerson, ...]:
    random, made = np.random.default_rng(0), []
    for index in range(count):
        kind = KINDS[index % len(KINDS)]
        image = figure(kind, int(random.integers(40, 90)), int(random.integers(30, 60)), face=index % 3 > 0)
        encoded = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
        made.append(LabelledPerson((encoded,), PersonFacts(kinds=(kind,))))
    return tuple(made)


def find_skin(crop: np.ndarray) -> np.ndarray | None:
    """The teacher of these figures: they alone have something reddish in the picture."""
    rows, columns = np.nonzero(crop[:, :, 0].astype(int) - crop[:, :, 2] > 50)
    if len(rows) < 50:
        return None
    bottom, left = rows.max() + 1.0, columns.min()
    return np.array([left, bottom - SIDE, left + SIDE, bottom], float)


def learn(graph: Path, strength: float = 1.0) -> PersonAppearance:
    torch.manual_seed(0)
    network = PersonAppearance().eval()
    settings = PeopleConfig(faces=FacesConfig(encoder=str(graph), sources=("figures",)))
    sources = [PeopleSource("figures", 1.0, people(96), ()), PeopleSource("others", 1.0, people(3), ())]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "open_face_finder", lambda: find_skin)
        patch.setattr(learning, "_BATCH", 8)
        learning.learn_faces(network, sources, settings, strength=strength)
    return network


@pytest.fixture(scope="module")
def learned(graph):
    return learn(graph)


def test_faces_are_as_strong_as_asked_for(graph, learned):
    stronger = learn(graph, strength=2.0).faces
    torch.testing.assert_close(stronger.kinds.weight, 2 * learned.faces.kinds.weight)
    torch.testing.assert_close(stronger.kinds.bias, 2 * learned.faces.kinds.bias)
    torch.testing.assert_close(stronger.place.out.weight, learned.faces.place.out.weight)


@torch.inference_mode()
def test_where_faces_are_is_learned(learned):
    for face in (True, False):
        crop = figure("man", 62, 50, face)[24:-24, 16:-16]
        maps = learned.feature_maps(torch.from_numpy(crop.copy()).permute(2, 0, 1)[None].float() / 255)
        seen, boxes = learned.faces.place(place_maps(maps.early, maps.fine, maps.middle)).best()
        assert (seen.item() > 0.5) == face
        if face:
            center = boxes[0, :2] * torch.tensor([CROP_SIZE[1], CROP_SIZE[0]])
            wanted = [62 - 16 + SIDE / 2, 50 - 24 + SIDE / 2]
            assert center.tolist() == pytest.approx(wanted, abs=6.0)


@torch.inference_mode()
def test_faces_tell_kinds_of_people_who_were_not_learned_from(learned):
    right = []
    for kind in KINDS:
        crop = figure(kind, 70, 45, face=True)[24:-24, 16:-16]
        pixels = torch.from_numpy(crop.copy()).permute(2, 0, 1)[None].float() / 255
        maps = learned.feature_maps(pixels)
        places = place_maps(maps.early, maps.fine, maps.middle)
        right.append(int(learned.faces(pixels, places, torch.ones(1, dtype=torch.bool))[:, :-1].argmax()))
    assert right == list(range(len(KINDS)))


def test_people_without_faces_are_no_teachers(graph, monkeypatch):
    monkeypatch.setattr(learning, "open_face_finder", lambda: lambda crop: None)
    settings = PeopleConfig(faces=FacesConfig(encoder=str(graph), sources=("figures",)))
    with pytest.raises(ValueError, match="the teacher finds no face of 4 people; name other sources"):
        learning.learn_faces(PersonAppearance().eval(), [PeopleSource("figures", 1.0, people(4), ())], settings)
    other = replace(settings, faces=replace(settings.faces, sources=("nobody",)))
    with pytest.raises(ValueError, match=r"people\.faces\.sources: nobody of a source named nobody"):
        learning.learn_faces(PersonAppearance().eval(), [PeopleSource("figures", 1.0, people(4), ())], other)


def test_a_training_with_faces_exports_a_model_that_reads_them(graph, tmp_path, monkeypatch):
    box = np.array([50.0, 20, 80, 50])
    monkeypatch.setattr(learning, "open_face_finder", lambda: lambda crop: box)
    root = make_people(tmp_path / "figures")
    config = Config(
        name="people",
        model_type="people",
        decoder=DecoderConfig(name="sentences"),
        people=PeopleConfig(
            sources=(PeopleSourceConfig(str(root)),),
            steps=0,
            genuine_crops=0,
            domain_people=3,
            faces=FacesConfig(encoder=str(graph), sources=("figures",)),
        ),
    )
    trainer = PeopleTrainer(config.people, PeopleRun(tmp_path / "run"))
    export_people(trainer.train(), config, trainer.people, tmp_path / "model")
    model, saved = load_people(tmp_path / "model")
    assert model.appearance.faces is not None
    network, seen = trainer.network, []
    monkeypatch.setattr("smot_vlm.training.people.export.learn_faces", lambda *_, strength: seen.append(strength))
    export_people(network, config, trainer.people, tmp_path / "asked")
    # The crops' own temperature: the network says nothing, so that it is as sure as can be that it knows nothing.
    assert seen == [load_people(tmp_path / "asked")[0].calibration.temperatures["kinds"]]
    assert saved.people.faces.encoder == "faceres.json"  # no folder of this machine
    # Its weights start another training, which keeps the faces without a teacher.
    torch.save(model.appearance.state_dict(), tmp_path / "weights.pt")
    settings = replace(config.people, faces=FacesConfig())
    again = PeopleTrainer(settings, PeopleRun(tmp_path / "again", tmp_path / "weights.pt")).train()
    assert torch.equal(again.faces.kinds.weight, model.appearance.faces.kinds.weight)


def test_a_training_from_weights_with_faces_goes_on(tmp_path):
    root = make_people(tmp_path / "figures")
    started = PersonAppearance(faces=True)
    torch.save(started.state_dict(), tmp_path / "weights.pt")
    settings = PeopleConfig(
        sources=(PeopleSourceConfig(str(root)),), steps=1, batch_people=2, workers=0, validate_every=1, warmup_steps=0
    )
    PeopleTrainer(settings, PeopleRun(tmp_path / "run", tmp_path / "weights.pt")).train()
    resumed = PeopleTrainer(replace(settings, steps=2), PeopleRun(tmp_path / "run"))
    assert resumed.progress.step == 1
    trained = resumed.train()
    assert resumed.progress.step == 2
    assert torch.equal(trained.faces.kinds.weight, started.faces.kinds.weight)


def test_what_faces_need_is_asked_for_before_the_training(graph, tmp_path, monkeypatch):
    settings = PeopleConfig(faces=FacesConfig(encoder=str(tmp_path / "nothing.json")))
    with pytest.raises(FileNotFoundError, match=r"nothing\.json"):
        PeopleTrainer(settings, PeopleRun(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="pip install faceie"):
        PeopleTrainer(replace(settings, faces=FacesConfig(encoder=str(graph))), PeopleRun(tmp_path))
