"""The table of associators: every entry holds the contract, and some choose by the settings."""

import numpy as np
import pytest
from associator_contract import EMPTY, IMAGE, AssociatorContract, Make, assert_same, embed_shape, link

from smot_vlm.association import deepsort
from smot_vlm.association.associators import ASSOCIATORS
from smot_vlm.association.botsort import BotSort
from smot_vlm.association.byte import Byte
from smot_vlm.association.deepsort import DeepSort
from smot_vlm.association.ocsort import OCSort
from smot_vlm.association.settings import AssociationSettings
from smot_vlm.association.sort import Sort
from smot_vlm.association.sparse import Sparse
from smot_vlm.bench.association_videos import synthetic_detections
from smot_vlm.structures import Detections

# What each name of the papers means.
MEANINGS = {
    "byte": Byte,
    "sort": Sort,
    "ocsort": OCSort,
    "ocsort-byte": lambda: OCSort(low_score_round=True),
    "deepsort": lambda: DeepSort(encoder=embed_shape),
    "botsort": BotSort,
    "sparse": lambda: Sparse(AssociationSettings()),
    "auto": Byte,
}


class TestEveryAssociator(AssociatorContract):
    @pytest.fixture(params=ASSOCIATORS)
    def make(self, request, monkeypatch) -> Make:
        monkeypatch.setattr(deepsort, "find_reid_model", lambda: embed_shape)
        return lambda: ASSOCIATORS[request.param](AssociationSettings())


def test_the_known_names_are_there():
    assert set(MEANINGS) <= set(ASSOCIATORS)


@pytest.mark.parametrize("name", MEANINGS)
def test_a_name_means_its_algorithm(name, monkeypatch):
    monkeypatch.setattr(deepsort, "find_reid_model", lambda: embed_shape)
    crowd = synthetic_detections(20, frames=40, seed=1)
    assert_same(link(ASSOCIATORS[name](AssociationSettings()), crowd), link(MEANINGS[name](), crowd))


@pytest.mark.parametrize(("fps", "kind"), [(1.0, Sparse), (2.0, Sparse), (5.0, Byte), (25.0, Byte)])
def test_auto_goes_by_the_frame_rate(fps, kind):
    assert type(ASSOCIATORS["auto"](AssociationSettings(fps=fps))) is kind


@pytest.mark.parametrize("name", ["byte", "ocsort", "deepsort", "botsort", "sparse"])
@pytest.mark.parametrize("elapsed", [0.5, 1.0, 2.0])
def test_patience_goes_by_seconds_whatever_the_steps(name, elapsed, monkeypatch):
    """Half a second of 30 frames a second: found again after 14 frames of time, not after 17."""
    monkeypatch.setattr(deepsort, "find_reid_model", lambda: embed_shape)
    one = Detections(np.array([[0.0, 0, 50, 100]]), np.array([0.9]))
    for frames_away, expected in ((14, [1]), (18, [2])):
        associator = ASSOCIATORS[name](AssociationSettings(buffer_seconds=0.5))
        for _ in range(6):
            associator.update(one, IMAGE, elapsed)
        for _ in range(round(frames_away / elapsed) - 1):
            assert len(associator.update(EMPTY, IMAGE, elapsed)) == 0
        assert [associator.update(one, IMAGE, elapsed).ids.tolist() for _ in range(6)][-1] == expected


def test_sort_keeps_a_track_for_one_frame_at_any_rate():
    for fps in (2.0, 30.0, 120.0):
        sort = ASSOCIATORS["sort"](AssociationSettings(buffer_seconds=9.0, fps=fps))
        one = Detections(np.array([[0.0, 0, 50, 100]]), np.array([0.9]))
        for detections in (one, one, one, one, EMPTY, EMPTY):
            sort.update(detections)
        assert [sort.update(one).ids.tolist() for _ in range(4)][-1] == [2]
