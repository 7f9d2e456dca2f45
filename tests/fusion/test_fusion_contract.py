"""The tables of fusions: every entry holds the contract."""

from collections.abc import Callable

import pytest
import torch
from fusion_contract import CELLS, DIM, FEEDFORWARD, HEADS, TrajectoryFusionContract, VideoFusionContract

from smot_vlm.config import FusionConfig
from smot_vlm.fusion.trajectory import TRAJECTORY_FUSIONS, TrajectoryFusion
from smot_vlm.fusion.video import VIDEO_FUSIONS, VideoFusion


def test_both_modules_have_the_four_ways_of_table_4():
    assert {"attention", "mlp", "concatenation", "addition"} <= set(VIDEO_FUSIONS) & set(TRAJECTORY_FUSIONS)
    assert (FusionConfig().video, FusionConfig().trajectory) == ("attention", "concatenation")


class TestEveryVideoFusion(VideoFusionContract):
    @pytest.fixture(scope="class", params=VIDEO_FUSIONS)
    def make(self, request) -> Callable[[], VideoFusion]:
        def make() -> VideoFusion:
            torch.manual_seed(0)
            return VIDEO_FUSIONS[request.param](DIM, HEADS, FEEDFORWARD).eval()

        return make


class TestEveryTrajectoryFusion(TrajectoryFusionContract):
    @pytest.fixture(scope="class", params=TRAJECTORY_FUSIONS)
    def make(self, request) -> Callable[..., TrajectoryFusion]:
        def make(position_codes: bool = True) -> TrajectoryFusion:
            torch.manual_seed(0)
            return TRAJECTORY_FUSIONS[request.param](DIM, HEADS, FEEDFORWARD, CELLS, position_codes).eval()

        return make
