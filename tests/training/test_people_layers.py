"""Layers that are fitted when the network is trained: who is real, and what pairs do."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from smot_vlm.appearance.pair_deeds import DESCRIPTOR_VALUES, PAIR_CLASSES
from smot_vlm.appearance.recent_looks import Pair
from smot_vlm.language.people_facts_file import PeopleFacts
from smot_vlm.structures import Detections, Frame, Interaction
from smot_vlm.training.people.genuine import drawn_people, fit_genuine, places_without_people
from smot_vlm.training.people.layers import _pair_scores
from smot_vlm.training.people.linear_layer import fit_linear
from smot_vlm.training.people.pair_windows import Windows, _label, _mirrored, crossed_logits, fit_pair_deeds

LEFT, RIGHT = 5, 2


def blobs(classes: int, each: int, dim: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    centers = torch.randn(classes, dim, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(classes).repeat_interleave(each)
    return centers[labels] + 0.3 * torch.randn(len(labels), dim, generator=generator), labels


def test_the_dual_solution_separates_classes_that_are_apart():
    features, labels = blobs(4, 10, 50)
    weights, bias = fit_linear(features, labels, 4, penalty=0.01)
    assert weights.shape == (4, 50)
    others, expected = blobs(4, 10, 50, seed=2)
    assert ((others @ weights.T + bias).argmax(dim=1) == expected).float().mean() > 0.95


def test_a_larger_penalty_gives_smaller_weights():
    features, labels = blobs(3, 10, 20)
    small, large = (fit_linear(features, labels, 3, penalty=penalty)[0].norm() for penalty in (1.0, 0.01))
    assert small < large


def test_the_real_are_told_from_the_others():
    network = SimpleNamespace(genuine=torch.nn.Linear(20, 1), dim=20)
    features, labels = blobs(2, 40, 20)
    features = features * 5 + 3  # standardising is folded into the layer
    fit_genuine(network, features[labels == 1], features[labels == 0])
    with torch.inference_mode():
        assert ((network.genuine(features)[:, 0] > 0) == (labels == 1)).all()


def test_drawn_people_are_cropped():
    crops = next(drawn_people([3]))
    assert crops.shape[1:] == (192, 128, 3)
    assert crops.dtype == np.uint8


class Watchman:
    """Somebody stands in the left half."""

    def detect(self, image):
        return Detections([[0, 0, image.shape[1] / 2, image.shape[0]]], [0.9])


def test_empty_places_avoid_people():
    image = np.zeros((200, 300, 3), np.uint8)
    image[:, :140] = 255
    sequence = SimpleNamespace(read_frame=lambda _: Frame(0, 0.0, image), tracks=())
    crops = list(places_without_people([sequence] * 9, Watchman(), seed=3))
    places = [crop for crop in crops if np.unique(crop).size <= 2]
    assert len(places) >= 5
    assert all((crop == 0).mean() > 0.8 for crop in places)


def sequence(*edges: tuple[int, str, int], known: bool = True) -> SimpleNamespace:
    facts = PeopleFacts({}, all_interactions=known)
    return SimpleNamespace(interactions=[Interaction(*edge) for edge in edges], people=facts)


@pytest.mark.parametrize(
    ("given", "label"),
    [
        (sequence((LEFT, "push.v.01", RIGHT)), "push left"),
        (sequence((RIGHT, "box.v.02", LEFT)), "punch right"),
        (sequence((LEFT, "embrace.v.02", RIGHT), (RIGHT, "embrace.v.02", LEFT)), "hug"),
        (sequence((LEFT, "talk.v.01", RIGHT)), None),
        (sequence(), "none"),
        (sequence(known=False), None),
    ],
)
def test_labels_of_pairs(given, label):
    assert _label(Pair(LEFT, RIGHT, np.zeros(4)), given) == label


def test_a_mirror_changes_who_acts_and_nothing_else():
    assert [_mirrored(label) for label in ("push left", "kick right", "hug", "none")] == [
        "push right",
        "kick left",
        "hug",
        "none",
    ]


def test_windows_are_read_by_layers_that_did_not_see_their_sequence():
    rows = [PAIR_CLASSES.index(name) for name in ("none", "hug", "push left")]
    size = DESCRIPTOR_VALUES
    features, labels = blobs(3, 6, size)
    windows = Windows(features, torch.tensor(rows)[labels], np.arange(18) // 2)
    found = crossed_logits(windows, folds=3).argmax(dim=1)
    assert (found == windows.labels).float().mean() > 0.9
    shuffled = replace(windows, labels=windows.labels[torch.randperm(18, generator=torch.Generator().manual_seed(0))])
    assert (crossed_logits(shuffled, folds=3).argmax(dim=1) == shuffled.labels).float().mean() < 0.7
    layer = fit_pair_deeds(windows)
    with torch.inference_mode():
        assert (layer(features).argmax(dim=1) == windows.labels).all()


def test_pair_scores_count_blows_as_one_and_none_as_nothing():
    names = ("none", "hug", "punch left", "kick right", "push left")
    true = [PAIR_CLASSES.index(name) for name in names]
    found = [PAIR_CLASSES.index(name) for name in ("none", "none", "kick left", "kick left", "push left")]
    scores = _pair_scores(found, true)
    assert scores == {"F1": pytest.approx(2 * 3 / 7), "direction": pytest.approx(2 / 3)}
