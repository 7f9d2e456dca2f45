"""Examples follow from the seed alone; what is cut is true; the schedule moves; training never sees the tests' seeds."""

import numpy as np
import pytest

from smot_vlm.training.examples import ExampleOptions
from smot_vlm.training.loader import Examples
from smot_vlm.training.mixture import Part
from smot_vlm.training.order import Draw, RunOrder
from smot_vlm.training.sequence_sources import VALIDATION_SEED, DrawnWorld, drawn_world

pytestmark = pytest.mark.drawn

OPTIONS = ExampleOptions(image_size=96, most_frames=8, feature_frames=4, detector_frames=(2, 3), true_tracks=(1.0, 0.0))


@pytest.fixture(scope="module")
def world() -> DrawnWorld:
    return DrawnWorld(0, 3, width=160)


def test_the_same_draw_gives_the_same_example(world):
    first, again = (Examples(world, OPTIONS, 5, 10)[Draw(9, 1, 2)] for _ in range(2))
    assert np.array_equal(first.canvases, again.canvases)
    assert first.seed == again.seed
    assert Examples(world, OPTIONS, 5, 10)[Draw(9, 2, 2)].seed != first.seed, "another epoch"


def test_true_trajectories_give_way_to_found_ones(world):
    examples = Examples(world, OPTIONS, 0, 100)
    assert not any(examples[Draw(0, epoch, 0)].associate for epoch in range(5))
    assert all(examples[Draw(100, epoch, 0)].associate for epoch in range(5))


def test_an_associated_example_has_every_frame_of_its_run(world):
    associated = Examples(world, OPTIONS, 0, 100)[Draw(100, 0, 1)]
    plain = Examples(world, OPTIONS, 0, 100)[Draw(0, 0, 1)]
    assert np.diff(associated.frames).tolist() == [1] * 7
    assert len(associated.features) == 4 == len(plain.frames)
    assert associated.frames[associated.features].tolist() == plain.frames.tolist(), "the same features are looked at"


def test_everybody_has_a_box_in_a_feature_frame_and_stands_in_an_edge_only_then(world):
    for index in range(3):
        one = Examples(world, OPTIONS, 0, 100)[Draw(100, 0, index)]
        features = set(one.frames[one.features].tolist())
        ids = {track.id for track in one.tracks}
        assert all(features & set(track.frames.tolist()) for track in one.tracks)
        assert all(edge.subject in ids and edge.object in ids for edge in one.interactions)
        assert set(one.detector.tolist()) <= set(range(len(one.features)))
        assert 2 <= len(one.detector) <= 3


def test_an_order_goes_on_where_it_stopped():
    whole = list(RunOrder((Part(range(5)),), 13, seed=3))
    assert list(RunOrder((Part(range(5)),), 13, seed=3, start=7)) == whole[7:]
    assert sorted(draw.sequence for draw in whole[:5]) == [0, 1, 2, 3, 4]
    assert [draw.sequence for draw in whole[:5]] != [draw.sequence for draw in whole[5:10]]
    assert [draw.number for draw in whole] == list(range(13))


def test_seeds_of_tests_are_refused():
    with pytest.raises(ValueError, match="900000"):
        DrawnWorld(899_990, 11)
    assert len(DrawnWorld(899_990, 10)) == 10


def test_training_and_validation_are_different_worlds():
    train, validation = (drawn_world(split, 2, 160) for split in ("train", "val"))
    assert (train.first, validation.first) == (0, VALIDATION_SEED)
    assert validation[0].drawn.split == "val"


@pytest.mark.parametrize("bad", [{"feature_frames": 9}, {"detector_frames": (3, 2)}, {"video_captions": 1.5}])
def test_options_that_cannot_be(bad):
    with pytest.raises(ValueError, match=r"frames|shares"):
        ExampleOptions(image_size=96, most_frames=8, **{"feature_frames": 4} | bad)
