"""Faces in crops: where they are, what is cut out, and what they add."""

import numpy as np
import pytest
import torch

from smot_vlm.appearance.answers import over_looks
from smot_vlm.appearance.faces import (
    FACE_CONTEXT,
    FACE_FEATURES,
    FACE_SIZE,
    PLACE_CHANNELS,
    FaceEncoder,
    FacePlace,
    FacePlaces,
    cut_faces,
    place_maps,
)
from smot_vlm.appearance.network import PersonAppearance, reads_faces
from smot_vlm.appearance.vocabulary import QUESTIONS
from smot_vlm.language.people_lexicon import KINDS


def places(cell: int | None, box: tuple[float, ...], rows: int = 6, columns: int = 4) -> FacePlaces:
    """A sure face in one cell, or surely none."""
    cells = torch.zeros(1, rows * columns + 1)
    cells[0, -1 if cell is None else cell] = 20.0
    boxes = torch.zeros(1, 4, rows, columns)
    if cell is not None:
        boxes[0, :, cell // columns, cell % columns] = torch.tensor(box)
    return FacePlaces(cells, boxes)


def test_a_place_is_a_box_in_shares_of_the_crop():
    # Row 1, column 2 of 6 x 4; the centre a quarter of a cell to the right, two cells wide and one high.
    seen, boxes = places(6, (0.25, 0.0, torch.tensor(2.0).log().item(), 0.0)).best()
    assert seen.item() == pytest.approx(1.0, abs=1e-6)
    assert boxes[0].tolist() == pytest.approx([2.75 / 4, 1.5 / 6, 2 / 4, 1 / 6])


def test_without_a_face_none_is_seen():
    seen, _ = places(None, ()).best()
    assert seen.item() == pytest.approx(0.0, abs=1e-6)


def test_a_face_is_cut_with_what_is_around_it():
    crops = torch.zeros(1, 3, 384, 256)
    # A red square of 40 pixels around (140, 60).
    crops[:, 0, 40:80, 120:160] = 1.0
    face = cut_faces(crops, torch.tensor([[140 / 256, 60 / 384, 40 / 256, 40 / 384]]))
    assert face.shape == (1, 3, FACE_SIZE, FACE_SIZE)
    red = face[0, 0] > 0.5
    side = FACE_SIZE / FACE_CONTEXT
    assert red.sum().item() == pytest.approx(side**2, rel=0.05)
    middle = red.nonzero().float().mean(dim=0)
    assert middle.tolist() == pytest.approx([FACE_SIZE / 2 - 0.5] * 2, abs=1.0)
    assert not face[0, 1:].any()


def test_the_larger_side_of_a_face_counts():
    crops = torch.rand(1, 3, 192, 128)
    tall, square = ([[0.5, 0.3, width / 128, 40 / 192]] for width in (20, 40))
    torch.testing.assert_close(cut_faces(crops, torch.tensor(tall)), cut_faces(crops, torch.tensor(square)))


def test_a_crop_of_more_pixels_has_its_face_at_the_same_place():
    crops = torch.nn.functional.interpolate(torch.rand(1, 3, 12, 8), size=(192, 128), mode="bilinear")
    larger = torch.nn.functional.interpolate(crops, scale_factor=2.0, mode="bilinear")
    box = torch.tensor([[0.4, 0.3, 0.5, 0.25]])
    assert (cut_faces(crops, box) - cut_faces(larger, box)).abs().max() < 0.03


def test_the_encoder_is_strided_by_32():
    seen = FaceEncoder().stem(torch.zeros(1, 3, 64, 64))
    assert seen.shape == (1, 32, 32, 32)
    assert FaceEncoder().blocks(seen).shape == (1, FACE_FEATURES, 2, 2)


def test_maps_of_all_strides_meet_at_8():
    maps = place_maps(torch.ones(1, 24, 48, 32), torch.ones(1, 40, 24, 16), torch.ones(1, 112, 12, 8))
    assert maps.shape == (1, PLACE_CHANNELS, 24, 16)
    assert FacePlace().eval()(maps).cells.shape == (1, 24 * 16 + 1)


class Fixed(torch.nn.Module):
    """Says where faces are: of the first person one, of the second none."""

    def forward(self, maps):
        first, second = places(6, (0.0, 0.0, 0.0, 0.0)), places(None, ())
        return FacePlaces(torch.cat([first.cells, second.cells]), torch.cat([first.boxes, second.boxes]))


class Means(torch.nn.Module):
    """Sees the mean colour: random weights of the whole encoder would see nothing."""

    def forward(self, faces):
        return torch.nn.functional.pad(faces.mean(dim=(2, 3)) * 100, (0, FACE_FEATURES - 3))


@pytest.fixture
def network() -> PersonAppearance:
    torch.manual_seed(0)
    made = PersonAppearance(faces=True).eval()
    made.faces.place, made.faces.encoder = Fixed(), Means()
    return made


@torch.inference_mode()
def test_what_a_face_says_stands_behind_all_else(network):
    crops = torch.rand(2, 3, 192, 128)
    with_faces = network.tokens(crops)
    reader, network.faces = network.faces, None
    assert torch.equal(with_faces[:, : network.known], network.tokens(crops))
    said = with_faces[:, network.known :]
    assert said.shape == (2, len(KINDS) + 1)
    face = cut_faces(crops[:1], torch.tensor([[2.5 / 4, 1.5 / 6, 1 / 4, 1 / 6]]))
    torch.testing.assert_close(said[:1, :-1], reader.kinds(reader.encoder(face)), atol=1e-4, rtol=1e-4)
    assert said[0, -1].item() == pytest.approx(1.0, abs=1e-6)
    assert not said[1].any()


@torch.inference_mode()
def test_faces_are_read_in_the_larger_picture(network):
    crops, larger = torch.rand(2, 3, 192, 128), torch.rand(2, 3, 384, 256)
    maps, real = torch.zeros(2, PLACE_CHANNELS, 24, 16), torch.ones(2, dtype=torch.bool)
    found = network.tokens(crops, larger)[:, network.known :]
    torch.testing.assert_close(found, network.faces(larger, maps, real), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(found, network.tokens(crops)[:, network.known :], atol=1e-4)


@torch.inference_mode()
def test_only_faces_that_are_wanted_are_read(network):
    crops = torch.rand(2, 3, 192, 128)
    assert network.tokens(crops, closer=torch.tensor([True, False]))[0, -1] > 0
    assert not network.tokens(crops, closer=torch.tensor([False, True]))[:, network.known :].any()


def test_weights_say_whether_faces_are_read(network):
    assert reads_faces(network.state_dict())
    assert not reads_faces(PersonAppearance().state_dict())
    assert reads_faces(["appearance.faces.kinds.bias"], "appearance.")
    assert not reads_faces(["appearance.faces.kinds.bias"])


@torch.inference_mode()
def test_drawn_figures_are_not_looked_at_closer(network):
    network.genuine.bias.data[0] = -1.0
    network.faces.encoder = None  # not even asked
    assert not network.tokens(torch.rand(2, 3, 192, 128))[:, network.known :].any()


def looks(*faces: tuple[float, ...]) -> np.ndarray:
    """Looks at one person, whom crops call a man with a logit of 1."""
    rows = np.zeros((len(faces), sum(len(values) for values in QUESTIONS.values()) + 1 + len(KINDS) + 1))
    rows[:, KINDS.index("man")] = 1.0
    for row, face in zip(rows, faces, strict=True):
        row[-len(face) :] = face
    return rows


@pytest.mark.parametrize(
    ("faces", "kinds"),
    [
        ([(0, 0, 0, 0, 0)], [1, 0, 0, 0]),
        ([(0, 4, 0, 0, 1.0)], [1, 4, 0, 0]),
        # Looks without a face do not thin out what the others say.
        ([(0, 4, 0, 0, 1.0), (0, 0, 0, 0, 0), (0, 0, 0, 0, 0)], [1, 4, 0, 0]),
        # By how sure they are of a face, and as a whole as sure as the surest.
        ([(0, 4, 0, 0, 0.6), (0, 0, 2, 0, 0.3)], [1, 0.6 * 4 * 2 / 3, 0.6 * 2 / 3, 0]),
    ],
)
def test_faces_of_all_looks_are_one_answer(faces, kinds):
    assert next(iter(QUESTIONS)) == "kinds"
    assert KINDS[:3] == ("man", "woman", "boy")
    found = over_looks(looks(*faces))
    assert found["kinds"].tolist() == pytest.approx(kinds)
    assert all(not values.any() for question, values in found.items() if question != "kinds")


def test_a_network_that_reads_no_faces_is_averaged():
    rows = looks((0, 9, 9, 9, 1.0), (0, 9, 9, 9, 1.0))[:, : -len(KINDS) - 1]
    assert over_looks(rows)["kinds"].tolist() == [1, 0, 0, 0]
