"""Which trajectory speaks for whom: a truth table, and the labels of ordered pairs."""

import numpy as np
import pytest
import torch
from training_cases import example, make_objective, small_training, walker

from smot_vlm.structures import Detections
from smot_vlm.training.targets import assign_targets, cut_to, pair_labels, run_tracker
from smot_vlm.verbs import NUM_VERBS, verb

FRAMES = np.array([0, 2, 4])
EVERY = [0, 1, 2, 3, 4]


def left_edges(tracks) -> list[list[float]]:
    return [track.boxes[:, 0].tolist() for track in tracks]


def test_a_found_trajectory_speaks_for_the_true_one_under_its_id_and_caption():
    taught = assign_targets([walker(7, EVERY, caption="true")], [walker(1, EVERY, 5.0)], FRAMES)
    assert [(track.id, track.caption) for track in taught] == [(7, "true")]
    assert left_edges(taught) == [[5.0, 13.0, 21.0]]
    assert taught[0].frames.tolist() == [0, 1, 2], "positions in the feature frames"


@pytest.mark.parametrize(
    "found",
    [
        [],
        [walker(1, EVERY, 40.0)],  # elsewhere
        [walker(1, [0, 1], 4.0)],  # too short: IoU 2/5
        [walker(1, [1, 3], 4.0)],
    ],
    ids=["nobody", "elsewhere", "too short", "not in a feature frame"],
)
def test_without_a_partner_the_true_trajectory_speaks(found):
    taught = assign_targets([walker(7, EVERY)], found, FRAMES, iou=0.5)
    assert left_edges(taught) == [[4.0, 12.0, 20.0]]


def test_a_partner_with_no_box_in_a_feature_frame_does_not_speak():
    taught = assign_targets([walker(7, [1, 3, 4])], [walker(1, [1, 3], 4.0)], FRAMES, iou=0.5)
    assert left_edges(taught) == [[20.0]]


def test_two_found_ones_never_speak_for_one():
    truth = [walker(1, EVERY, 4.0), walker(2, EVERY, 60.0)]
    found = [walker(8, EVERY, 5.0), walker(9, EVERY, 4.0)]
    taught = assign_targets(truth, found, FRAMES)
    assert left_edges(taught)[0] == [4.0, 12.0, 20.0], "the better of the two"
    assert left_edges(taught)[1] == [60.0, 68.0, 76.0], "nobody found the second"


def test_cut_to_frames_that_a_track_does_not_have():
    assert len(cut_to(walker(1, [1, 3]), FRAMES)) == 0
    assert cut_to(walker(1, [2, 3, 4]), FRAMES).frames.tolist() == [1, 2]


def test_labels_are_directed():
    pairs, labels = pair_labels(example(people=3), NUM_VERBS)
    assert pairs.tolist() == [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]]
    assert labels.nonzero().tolist() == [[0, verb("talk.v.01").id]]


@pytest.mark.parametrize("people", [0, 1])
def test_nobody_and_one_person_make_no_pair(people):
    pairs, labels = pair_labels(example(people=people), NUM_VERBS)
    assert pairs.shape == (0, 2)
    assert labels.shape == (0, NUM_VERBS)


def test_people_are_found_without_gradient_and_without_touching_the_detectors_statistics(
    tiny_language_model, monkeypatch
):
    objective = make_objective(small_training(tiny_language_model))
    detector = objective.model.detector
    seen: list[bool] = []

    def boxes(output, placements):
        seen.append(detector.training or output.pyramid[0].requires_grad)
        return [Detections([[4, 8, 16, 40]], [0.9])] * len(placements)

    monkeypatch.setattr(detector, "boxes", boxes)
    before = {name: value.clone() for name, value in detector.named_buffers()}
    found = run_tracker(objective.model, example(), objective._open_associator)
    assert [track.frames.tolist() for track in found] == [[0, 1, 2]]
    assert seen == [False]
    assert detector.training, "as before"
    assert all(torch.equal(before[name], value) for name, value in detector.named_buffers())
