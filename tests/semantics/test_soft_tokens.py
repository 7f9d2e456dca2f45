"""Soft tokens: as many however long a life is, deaf to padding, and those of a stretch tell what happens in it."""

import pytest
import torch
from seeds import learning

from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.soft_tokens import SegmentWindows, SoftTokens

DIM, HIDDEN, COUNT, SEGMENTS = 16, 24, 8, 4


def make_soft_tokens(seed: int = 0, **options) -> SoftTokens:
    torch.manual_seed(seed)
    return SoftTokens(DIM, HIDDEN, count=COUNT, heads=4, **options).eval()


def life(tokens: int = 32, seed: int = 1) -> torch.Tensor:
    return torch.randn(tokens, DIM, generator=torch.Generator().manual_seed(seed))


def weights(windows: SegmentWindows, tokens: int, real: int | None = None) -> torch.Tensor:
    """What attention would be over tokens that are all alike."""
    mask = (torch.arange(tokens) < (real or tokens))[None]
    return windows(mask)[0].masked_fill(~mask[0], -torch.inf).softmax(dim=-1)


@pytest.mark.parametrize("num_segments", [0, SEGMENTS])
@pytest.mark.parametrize("tokens", [1, 3, 40])
def test_any_length_gives_as_many(num_segments, tokens):
    soft = make_soft_tokens(num_segments=num_segments)
    rows = soft.rows([CaptionRequest(task, life(tokens), "") for task in ("instance", "video")])
    assert [row.shape for row in rows] == [(COUNT, HIDDEN)] * 2
    assert all(row.isfinite().all() for row in rows)


@pytest.mark.parametrize("num_segments", [0, SEGMENTS])
def test_padding_changes_nothing(num_segments):
    soft = make_soft_tokens(num_segments=num_segments)
    requests = [CaptionRequest("instance", life(tokens), "") for tokens in (5, 20)]
    together = soft.rows(requests)
    for request, row in zip(requests, together, strict=True):
        assert torch.allclose(soft.rows([request])[0], row, atol=1e-5)


def test_the_first_head_sees_its_stretch_and_the_last_one_everything():
    windows = SegmentWindows(COUNT, 4, SEGMENTS)
    shares = weights(windows, 32).detach()
    for query in range(COUNT):
        own = slice(8 * (query // 2), 8 * (query // 2) + 8)
        assert shares[0, query, own].sum() > 0.6
        assert shares[-1, query].max() < 1.2 * shares[-1, query].min()


def test_segments_are_shares_of_what_was_seen():
    windows = SegmentWindows(COUNT, 4, SEGMENTS)
    longer = weights(windows, 50, real=16)
    assert torch.allclose(longer[..., :16], weights(windows, 16), atol=1e-6)


def test_the_scene_has_no_segments():
    plain, timed = make_soft_tokens(), make_soft_tokens(num_segments=SEGMENTS)
    timed.load_state_dict(plain.state_dict(), strict=False)
    request = CaptionRequest("video", life(), "")
    assert torch.equal(plain.rows([request])[0], timed.rows([request])[0])


def test_segments_share_the_soft_tokens_evenly():
    with pytest.raises(ValueError, match="8 soft tokens for 3 segments; give a multiple"):
        make_soft_tokens(num_segments=3)


@learning()
def test_each_segment_can_learn_its_own(seed):
    """Each of four keyframes shows one of three things; a segment's soft tokens learn which, in 60 steps."""
    soft = make_soft_tokens(seed=seed, num_segments=SEGMENTS).train()
    words = torch.eye(3, HIDDEN)
    optimizer = torch.optim.AdamW(soft.parameters(), lr=5e-3)
    generator = torch.Generator().manual_seed(seed)

    def answer(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        seen = torch.randint(3, (count, SEGMENTS), generator=generator)
        tokens = torch.zeros(count, SEGMENTS, DIM)
        tokens[..., :3] = 3.0 * torch.eye(3)[seen]
        rows = torch.stack(soft.rows([CaptionRequest("instance", row, "") for row in tokens]))
        return (rows.unflatten(1, (SEGMENTS, -1)) @ words.T).sum(dim=2) * 10, seen

    for _ in range(60):
        scores, seen = answer(32)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(scores.flatten(0, 1), seen.flatten()).backward()
        optimizer.step()
    with torch.no_grad():
        scores, seen = answer(100)
    assert (scores.argmax(dim=-1) == seen).float().mean() > 0.95
