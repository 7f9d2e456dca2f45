"""What every way to fuse frames (VFM) and a person's tokens (TFM) owes: one contract, all variants."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from smot_vlm.config import FusionConfig
from smot_vlm.fusion.trajectory import TRAJECTORY_FUSIONS, TrajectoryFusion
from smot_vlm.fusion.video import VIDEO_FUSIONS, VideoFusion

DIM, HEADS, FEEDFORWARD, CELLS = 16, 4, 32, 4
every_video_fusion = pytest.mark.parametrize("name", VIDEO_FUSIONS)
every_trajectory_fusion = pytest.mark.parametrize("name", TRAJECTORY_FUSIONS)


def make_video(name: str) -> VideoFusion:
    torch.manual_seed(0)
    return VIDEO_FUSIONS[name](DIM, HEADS, FEEDFORWARD).eval()


def make_trajectory(name: str, position_codes: bool = True) -> TrajectoryFusion:
    torch.manual_seed(0)
    return TRAJECTORY_FUSIONS[name](DIM, HEADS, FEEDFORWARD, CELLS, position_codes).eval()


def make_tracks(tracks: int, frames: int, seed: int = 1) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "tokens": torch.randn(tracks, frames, CELLS, DIM, generator=generator),
        "times": torch.arange(frames).repeat(tracks, 1) * 0.5,
        "boxes": torch.rand(tracks, frames, 4, generator=generator),
        "mask": torch.ones(tracks, frames, dtype=torch.bool),
    }


def test_both_modules_have_the_four_ways_of_table_4():
    assert set(VIDEO_FUSIONS) == set(TRAJECTORY_FUSIONS) == {"attention", "mlp", "concatenation", "addition"}
    assert (FusionConfig().video, FusionConfig().trajectory) == ("attention", "concatenation")


@every_video_fusion
@pytest.mark.parametrize("frames", [1, 2, 5, 40])
def test_a_video_of_any_length(name, frames):
    fused = make_video(name)(torch.randn(2, frames, 9, DIM))
    assert fused.shape[0] == 2
    assert fused.shape[2] == DIM
    assert fused.isfinite().all()


@every_video_fusion
def test_streaming_equals_the_whole_clip(name):
    fusion, frames, state = make_video(name), torch.randn(2, 21, 9, DIM), None
    for index in range(21):
        state = fusion.step(state, frames[:, index])
        torch.testing.assert_close(fusion.result(state), fusion(frames[:, : index + 1]))
    assert state.seen == 21


@every_video_fusion
def test_a_step_leaves_the_state_before_it_as_it_was(name):
    fusion, frames = make_video(name), torch.randn(1, 12, 9, DIM)
    states = [fusion.step(None, frames[:, 0])]
    for index in range(1, 12):
        states.append(fusion.step(states[-1], frames[:, index]))
    for length, state in enumerate(states, start=1):
        torch.testing.assert_close(fusion.result(state), fusion(frames[:, :length]))


@every_video_fusion
def test_the_state_does_not_grow_with_the_video(name):
    fusion, state, sizes = make_video(name), None, []
    for _ in range(200):
        state = fusion.step(state, torch.randn(1, 9, DIM))
        sizes.append(sum(frame.numel() for frame in state.frames))
    assert max(sizes[20:]) <= max(sizes[:20])
    assert len(state.frames) <= 8


@every_video_fusion
def test_videos_of_a_batch_do_not_touch_each_other(name):
    fusion, frames = make_video(name), torch.randn(3, 6, 9, DIM)
    alone = torch.cat([fusion(frames[row : row + 1]) for row in range(3)])
    torch.testing.assert_close(fusion(frames), alone, atol=1e-5, rtol=1e-5)


@every_video_fusion
def test_gradient_reaches_every_frame_and_every_weight(name):
    fusion, frames = make_video(name).train(), torch.randn(2, 7, 9, DIM, requires_grad=True)
    fused = fusion(frames)
    (fused * torch.randn_like(fused)).sum().backward()
    assert (frames.grad.abs().sum(dim=(2, 3)) > 0).all()
    for path, parameter in fusion.named_parameters():
        assert parameter.grad is not None, path
        assert parameter.grad.abs().sum() > 0, path


@every_trajectory_fusion
@pytest.mark.parametrize("frames", [1, 2, 5, 40])
def test_a_track_of_any_length(name, frames):
    fused, mask = make_trajectory(name)(**make_tracks(3, frames))
    assert fused.shape == (3, mask.shape[1], DIM)
    assert mask.all()
    assert fused.isfinite().all()


@every_trajectory_fusion
@settings(max_examples=25, deadline=None)
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4), padding=st.integers(0, 4))
def test_padding_changes_no_track(name, lengths, padding):
    """Each track, whatever stands under its padding, gives the tokens that it gives alone."""
    fusion, batch = make_trajectory(name), make_tracks(len(lengths), max(lengths) + padding)
    batch["mask"] = torch.arange(batch["mask"].shape[1]) < torch.tensor(lengths)[:, None]
    fused, mask = fusion(**batch)
    for row, length in enumerate(lengths):
        alone, alone_mask = fusion(**{key: value[row : row + 1, :length] for key, value in batch.items()})
        torch.testing.assert_close(fused[row][mask[row]], alone[0][alone_mask[0]], atol=1e-5, rtol=1e-5)


@every_trajectory_fusion
def test_a_hole_in_a_track_counts_as_not_there(name):
    fusion, batch = make_trajectory(name), make_tracks(1, 7)
    present = torch.tensor([False, True, True, False, False, True, False])
    fused, mask = fusion(**{**batch, "mask": present[None]})
    dense, dense_mask = fusion(**{key: value[:, present] for key, value in batch.items()})
    torch.testing.assert_close(fused[mask], dense[dense_mask], atol=1e-5, rtol=1e-5)


@every_trajectory_fusion
def test_a_track_without_frames_has_no_real_token_and_harms_no_other(name):
    fusion, batch = make_trajectory(name), make_tracks(2, 3)
    batch["mask"][1] = False
    fused, mask = fusion(**batch)
    assert mask[0].all()
    assert not mask[1].any()
    assert fused.isfinite().all()


@every_trajectory_fusion
def test_gradient_reaches_every_real_token_and_time_and_box_and_weight(name):
    fusion, batch = make_trajectory(name).train(), make_tracks(2, 5)
    batch["mask"][1, 3:] = False
    for key in ("tokens", "times", "boxes"):
        batch[key].requires_grad_(True)
    fused, mask = fusion(**batch)
    (fused * torch.randn_like(fused))[mask].sum().backward()
    for key in ("tokens", "times", "boxes"):
        reached = batch[key].grad.flatten(2).abs().sum(dim=2) if key != "times" else batch[key].grad.abs()
        assert ((reached > 0) == batch["mask"]).all(), key
    for path, parameter in fusion.named_parameters():
        assert parameter.grad is not None, path
        assert parameter.grad.abs().sum() > 0, path


@every_trajectory_fusion
def test_position_codes_tell_when_and_where(name):
    batch = make_tracks(1, 4)
    moved = {**batch, "boxes": batch["boxes"] * 0.5}
    later = {**batch, "times": batch["times"] + 3.0}
    coded, plain = make_trajectory(name), make_trajectory(name, position_codes=False)
    for changed in (moved, later):
        assert (coded(**batch)[0] - coded(**changed)[0]).abs().max() > 1e-3
        torch.testing.assert_close(plain(**batch)[0], plain(**changed)[0])
    assert not [path for path, _ in plain.named_parameters() if "codes" in path]
