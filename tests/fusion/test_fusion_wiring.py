"""The configured fusions inside the model: streaming a video through each gives words, whatever they keep."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import moving_squares

from smot_vlm.config import FusionConfig
from smot_vlm.fusion.memory import SceneMemory
from smot_vlm.models.build import build_model, build_trajectory_fusion, build_video_fusion
from smot_vlm.structures import Detections, Frame

PAIRS = [("attention", "mlp"), ("mlp", "attention"), ("concatenation", "addition"), ("addition", "concatenation")]


@pytest.mark.parametrize(("video", "trajectory"), PAIRS)
@torch.inference_mode()
def test_a_video_streams_through_the_configured_fusions(tiny_tracker_config, video, trajectory):
    fusion = replace(tiny_tracker_config.fusion, video=video, trajectory=trajectory)
    model = build_model(replace(tiny_tracker_config, fusion=fusion)).eval()
    memory = SceneMemory(per_second=2.0, capacity=3)
    boxes, frames = np.array([[2.0, 4, 14, 16], [2, 32, 14, 44]]), []
    for index, image in enumerate(moving_squares(4)):
        view = model.encode_frame(image)
        frames.append(model.frame_features(view.output.pyramid))
        people = Detections(boxes + index * np.array([1, 0, 1, 0]), np.ones(2), ids=np.array([5, 9]))
        model.observe(memory, Frame(index, index / 2, image), view, people, keyframe=True)
    fused = model.fuse_memory(memory, [5, 9])
    cells = tiny_tracker_config.features.person_grid**2
    # Three of the four looks are kept; the recurrences and the mean end in the tokens of one look.
    assert fused.tracks.shape[:2] == (2, 3 * cells if trajectory == "concatenation" else cells)
    whole = model.video_fusion(torch.stack(frames, dim=1))[0]
    torch.testing.assert_close(
        fused.scenes[0], model.scene_fusion({0: whole}, fused.tracks, fused.mask, [len(fused.tracks)])[0]
    )
    _, captions = model.describe(fused)
    assert len(captions) == 2


def test_an_unknown_fusion_is_an_error_that_names_the_known_ones():
    with pytest.raises(ValueError, match=r"fusion.video is 'sum'; it takes attention, mlp, concatenation, addition"):
        build_video_fusion(FusionConfig(video="sum"), dim=16)
    with pytest.raises(ValueError, match=r"fusion.trajectory is 'sum'; it takes attention, mlp"):
        build_trajectory_fusion(FusionConfig(trajectory="sum"), dim=16, cells=4)
