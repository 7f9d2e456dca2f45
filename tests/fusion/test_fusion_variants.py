"""What each way of fusing computes, against its formula."""

import pytest
import torch

from smot_vlm.fusion.position_codes import PositionCodes
from smot_vlm.fusion.scene import SceneFusion
from smot_vlm.fusion.trajectory import (
    AdditionTrajectoryFusion,
    AttentionTrajectoryFusion,
    ConcatenationTrajectoryFusion,
    MLPTrajectoryFusion,
)
from smot_vlm.fusion.video import (
    AdditionVideoFusion,
    AttentionVideoFusion,
    ConcatenationVideoFusion,
    MLPVideoFusion,
)

DIM = 16


@pytest.fixture
def frames() -> torch.Tensor:
    return torch.randn(2, 5, 9, DIM, generator=torch.Generator().manual_seed(5))


@pytest.fixture
def track() -> torch.Tensor:
    return torch.randn(1, 5, 4, DIM, generator=torch.Generator().manual_seed(6))


ALL_REAL = torch.ones(1, 5, dtype=torch.bool)


def test_attention_over_frames_is_the_recurrence_from_the_second_frame_on(frames):
    fusion = AttentionVideoFusion(DIM, 4, 32).eval()
    expected = frames[:, 0]
    for index in range(1, 5):
        expected = fusion.block(expected, frames[:, index])
    torch.testing.assert_close(fusion(frames), expected)
    torch.testing.assert_close(fusion(frames[:, :1]), frames[:, 0])


def test_mlp_over_frames_works_place_by_place(frames):
    fusion = MLPVideoFusion(DIM, 32).eval()
    changed = frames.clone()
    changed[:, :, 3] += 1
    before, after = fusion(frames), fusion(changed)
    others = torch.arange(9) != 3
    torch.testing.assert_close(before[:, others], after[:, others])
    assert (before[:, 3] - after[:, 3]).abs().max() > 1e-2


def test_mlp_is_its_formula(frames):
    block = MLPVideoFusion(DIM, 32).eval().block
    old, new = frames[:, 0], frames[:, 1]
    first, _, second = block.mlp
    hidden = (torch.cat([old, new], dim=-1) @ first.weight.T + first.bias).relu()
    expected = block.norm(old + hidden @ second.weight.T + second.bias)
    torch.testing.assert_close(block(old, new), expected)


def test_concatenation_of_frames_is_self_attention_over_all_their_tokens(frames):
    fusion = ConcatenationVideoFusion(DIM, 4).eval()
    torch.testing.assert_close(fusion(frames), fusion.block(frames.flatten(1, 2)))


def test_concatenation_thins_a_long_video_evenly():
    fusion = ConcatenationVideoFusion(DIM, 4, frames=4).eval()
    # Each frame is filled with its own number.
    numbers = torch.arange(11.0)[None, :, None, None].expand(1, 11, 2, DIM)
    state = None
    for frame in numbers.unbind(dim=1):
        state = fusion.step(state, frame)
    assert [frame[0, 0, 0].item() for frame in state.frames] == [0, 4, 8, 10]


def test_addition_of_frames_is_their_mean(frames):
    torch.testing.assert_close(AdditionVideoFusion()(frames), frames.mean(dim=1))


def test_addition_forgets_nothing_of_a_long_video():
    frames = torch.randn(1, 1000, 2, DIM)
    torch.testing.assert_close(AdditionVideoFusion()(frames), frames.mean(dim=1), atol=1e-5, rtol=1e-4)


def test_attention_over_a_track_is_the_recurrence_from_the_second_frame_on(track):
    fusion = AttentionTrajectoryFusion(DIM, 4, 32, position_codes=False).eval()
    expected = track[:, 0]
    for index in range(1, 5):
        expected = fusion.block(expected, track[:, index])
    torch.testing.assert_close(fusion.combine(track, ALL_REAL)[0], expected)


def test_mlp_over_a_track_works_cell_by_cell(track):
    fusion = MLPTrajectoryFusion(DIM, 32, position_codes=False).eval()
    changed = track.clone()
    changed[:, :, 2] += 1
    before, after = fusion.combine(track, ALL_REAL)[0], fusion.combine(changed, ALL_REAL)[0]
    assert ((before - after).abs().amax(dim=(0, 2)) > 1e-3).tolist() == [False, False, True, False]


def test_concatenation_of_a_track_is_self_attention_over_all_its_tokens(track):
    fusion = ConcatenationTrajectoryFusion(DIM, 4, position_codes=False).eval()
    fused, mask = fusion.combine(track, ALL_REAL)
    torch.testing.assert_close(fused, fusion.block(track.flatten(1, 2)))
    assert mask.shape == (1, 20)


def test_addition_over_a_track_is_the_mean_of_its_real_frames(track):
    mask = torch.tensor([[True, False, True, True, False]])
    fused, real = AdditionTrajectoryFusion(DIM, position_codes=False).combine(track, mask)
    torch.testing.assert_close(fused, track[:, mask[0]].mean(dim=1))
    assert real.tolist() == [[True] * 4]


def test_codes_differ_for_every_moment_of_an_hour():
    codes = PositionCodes(32, 1)
    times = torch.arange(0, 600, 0.5)[None]
    values = codes(times, torch.zeros(1, times.shape[1], 4))[0, :, 0]
    distances = torch.cdist(values, values).fill_diagonal_(float("inf"))
    assert distances.min() > 1e-3


def test_without_tracks_the_scene_is_the_video():
    video = torch.randn(9, DIM)
    scenes = SceneFusion(DIM, 4, 32)({0: video}, torch.zeros(0, 1, DIM), torch.zeros(0, 1, dtype=torch.bool), [0])
    torch.testing.assert_close(scenes[0], video)


def test_tracks_enter_the_scene_one_after_another_without_their_padding():
    fusion, video = SceneFusion(DIM, 4, 32).eval(), torch.randn(9, DIM)
    first, second = torch.randn(3, DIM), torch.randn(6, DIM)
    padded = torch.stack([torch.cat([first, 50 * torch.ones(3, DIM)]), second])
    mask = torch.tensor([[True] * 3 + [False] * 3, [True] * 6])
    expected = fusion.block(fusion.block(video[None], first[None]), second[None])[0]
    torch.testing.assert_close(fusion({0: video}, padded, mask, [2])[0], expected, atol=1e-5, rtol=1e-5)


def test_clips_side_by_side_are_fused_as_each_by_itself():
    """Of two, no, three and one people; the scene of the last but one is not wanted, and the last has more frames."""
    fusion, counts = SceneFusion(DIM, 4, 32).eval(), [2, 0, 3, 1, 1]
    videos = {clip: torch.randn(9, DIM, requires_grad=True) for clip in range(3)} | {4: torch.randn(18, DIM)}
    tracks, mask = torch.randn(sum(counts), 6, DIM), torch.arange(6) < torch.randint(1, 7, (sum(counts), 1))
    together = fusion(videos, tracks, mask, counts)
    assert together.keys() == videos.keys()
    people, real = tracks.split(counts), mask.split(counts)
    for clip, video in videos.items():
        expected = video
        for track, shown in zip(people[clip], real[clip], strict=True):
            expected = fusion.block(expected[None], track[shown][None])[0]
        torch.testing.assert_close(together[clip], expected, atol=1e-5, rtol=1e-5)
    together[2].sum().backward()
    assert videos[0].grad.abs().max() == 0 < videos[2].grad.abs().max(), "no clip sees another"


@pytest.mark.parametrize("kind", [AttentionVideoFusion, ConcatenationVideoFusion])
def test_videos_side_by_side_are_fused_as_each_by_itself(kind):
    fusion = kind(DIM, 4).eval()
    clips = {clip: torch.randn(length, 9, DIM) for clip, length in {0: 3, 1: 2, 3: 3}.items()}
    together = fusion.of_clips(clips)
    assert together.keys() == clips.keys()
    for clip, frames in clips.items():
        torch.testing.assert_close(together[clip], fusion(frames[None])[0], atol=1e-5, rtol=1e-5)
