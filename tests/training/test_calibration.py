"""Thresholds: what is true of the pairs of a description, and that calibration leaves thresholds that were learned."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import tiny_config

from smot_vlm.models.build import build_model
from smot_vlm.structures import Description, Interaction, ModelInfo, Trajectory, VideoInfo
from smot_vlm.training.calibration import calibrate, score_table
from smot_vlm.training.sequence_sources import DrawnWorld
from smot_vlm.verbs import verb

pytestmark = pytest.mark.drawn


def test_scores_of_pairs_are_true_where_the_matched_people_do_it():
    sequence = next(entry for entry in (DrawnWorld(600_000, 20)[index] for index in range(20)) if entry.interactions)
    edge = sequence.interactions[0]
    # The same people under other ids, and one who is not there.
    people = [replace(track, id=track.id + 10) for track in sequence.tracks]
    ghost = Trajectory(99, people[0].frames, people[0].boxes + 10_000, people[0].scores, "")
    said = Description(
        VideoInfo("a", 320, 180, 2.0, len(sequence)),
        (*people, ghost),
        (
            Interaction(edge.subject + 10, edge.verb, edge.object + 10, 0.7),
            Interaction(edge.subject + 10, edge.verb, 99, 0.6),
        ),
        "",
        ModelInfo("m", "none", "byte", trained=True),
    )
    scores, labels = score_table(sequence, said)
    assert scores.shape == labels.shape == (2, 335)
    assert scores[:, verb(edge.verb).id].tolist() == [0.7, 0.6]
    assert labels.sum() == 1
    assert labels[0, verb(edge.verb).id]


def test_thresholds_are_set_on_the_sequences_given(tiny_language_model, monkeypatch):
    config = tiny_config(tiny_language_model)
    world = DrawnWorld(700_000, 2, split="val", width=160)
    model = build_model(config)
    before = model.interaction_head.thresholds.clone()
    asked: list[tuple[np.ndarray, np.ndarray]] = []
    monkeypatch.setattr(model.interaction_head, "calibrate", lambda scores, labels: asked.append((scores, labels)))
    calibrate(model, config, [world[0], world[1]])
    assert torch.equal(model.interaction_head.thresholds, before), "restored before they are set"
    assert len(asked) == 1
    assert asked[0][0].shape == asked[0][1].shape
    calibrate(model, config, [])
    assert len(asked) == 1
