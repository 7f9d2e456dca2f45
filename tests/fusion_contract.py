"""What every way to fuse frames (VFM) and a person's tokens (TFM) promises. A class of tests inherits it and gives `make`."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DIM, HEADS, FEEDFORWARD, CELLS = 16, 4, 32, 4


def make_tracks(tracks: int, frames: int, seed: int = 1) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "tokens": torch.randn(tracks, frames, CELLS, DIM, generator=generator),
        "times": torch.arange(frames).repeat(tracks, 1) * 0.5,
        "boxes": torch.rand(tracks, frames, 4, generator=generator),
        "mask": torch.ones(tracks, frames, dtype=torch.bool),
    }


class VideoFusionContract:
    """Tests of a video fusion; `make()` gives a fresh one in evaluation mode."""

    @pytest.mark.parametrize("frames", [1, 2, 5, 40])
    def test_a_video_of_any_length(self, make, frames):
        fused = make()(torch.randn(2, frames, 9, DIM))
        assert fused.shape[0] == 2
        assert fused.shape[2] == DIM
        assert fused.isfinite().all()

    def test_streaming_equals_the_whole_clip(self, make):
        fusion, frames, state = make(), torch.randn(2, 21, 9, DIM), None
        for index in range(21):
            state = fusion.step(state, frames[:, index])
            torch.testing.assert_close(fusion.result(state), fusion(frames[:, : index + 1]))
        assert state.seen == 21

    def test_a_step_leaves_the_state_before_it_as_it_was(self, make):
        fusion, frames = make(), torch.randn(1, 12, 9, DIM)
        states = [fusion.step(None, frames[:, 0])]
        for index in range(1, 12):
            states.append(fusion.step(states[-1], frames[:, index]))
        for length, state in enumerate(states, start=1):
            torch.testing.assert_close(fusion.result(state), fusion(frames[:, :length]))

    def test_the_state_does_not_grow_with_the_video(self, make):
        fusion, state, sizes = make(), None, []
        for _ in range(200):
            state = fusion.step(state, torch.randn(1, 9, DIM))
            sizes.append(sum(frame.numel() for frame in state.frames))
        assert max(sizes[20:]) <= max(sizes[:20])
        assert len(state.frames) <= 8

    def test_videos_of_a_batch_do_not_touch_each_other(self, make):
        fusion, frames = make(), torch.randn(3, 6, 9, DIM)
        alone = torch.cat([fusion(frames[row : row + 1]) for row in range(3)])
        torch.testing.assert_close(fusion(frames), alone, atol=1e-5, rtol=1e-5)

    def test_gradient_reaches_every_frame_and_every_weight(self, make):
        fusion, frames = make().train(), torch.randn(2, 7, 9, DIM, requires_grad=True)
        fused = fusion(frames)
        (fused * torch.randn_like(fused)).sum().backward()
        assert (frames.grad.abs().sum(dim=(2, 3)) > 0).all()
        for path, parameter in fusion.named_parameters():
            assert parameter.grad is not None, path
            assert parameter.grad.abs().sum() > 0, path


class TrajectoryFusionContract:
    """Tests of a trajectory fusion; `make(position_codes=True)` gives a fresh one in evaluation mode."""

    @pytest.mark.parametrize("frames", [1, 2, 5, 40])
    def test_a_track_of_any_length(self, make, frames):
        fused, mask = make()(**make_tracks(3, frames))
        assert fused.shape == (3, mask.shape[1], DIM)
        assert mask.all()
        assert fused.isfinite().all()

    @settings(max_examples=25, suppress_health_check=[HealthCheck.differing_executors])
    @given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4), padding=st.integers(0, 4))
    def test_padding_changes_no_track(self, make, lengths, padding):
        """Each track, whatever its padding holds, gives the tokens that it gives alone."""
        fusion, batch = make(), make_tracks(len(lengths), max(lengths) + padding)
        batch["mask"] = torch.arange(batch["mask"].shape[1]) < torch.tensor(lengths)[:, None]
        fused, mask = fusion(**batch)
        for row, length in enumerate(lengths):
            alone, alone_mask = fusion(**{key: value[row : row + 1, :length] for key, value in batch.items()})
            torch.testing.assert_close(fused[row][mask[row]], alone[0][alone_mask[0]], atol=1e-5, rtol=1e-5)

    def test_a_hole_in_a_track_counts_as_not_there(self, make):
        fusion, batch = make(), make_tracks(1, 7)
        present = torch.tensor([False, True, True, False, False, True, False])
        fused, mask = fusion(**{**batch, "mask": present[None]})
        dense, dense_mask = fusion(**{key: value[:, present] for key, value in batch.items()})
        torch.testing.assert_close(fused[mask], dense[dense_mask], atol=1e-5, rtol=1e-5)

    def test_a_track_without_frames_has_no_real_token_and_harms_no_other(self, make):
        fusion, batch = make(), make_tracks(2, 3)
        batch["mask"][1] = False
        fused, mask = fusion(**batch)
        assert mask[0].all()
        assert not mask[1].any()
        assert fused.isfinite().all()

    def test_gradient_reaches_every_real_token_and_time_and_box_and_weight(self, make):
        fusion, batch = make().train(), make_tracks(2, 5)
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

    def test_position_codes_tell_when_and_where(self, make):
        batch = make_tracks(1, 4)
        moved = {**batch, "boxes": batch["boxes"] * 0.5}
        later = {**batch, "times": batch["times"] + 3.0}
        coded, plain = make(), make(position_codes=False)
        for changed in (moved, later):
            assert (coded(**batch)[0] - coded(**changed)[0]).abs().max() > 1e-3
            torch.testing.assert_close(plain(**batch)[0], plain(**changed)[0])
        assert not [path for path, _ in plain.named_parameters() if "codes" in path]
