"""SA, CA and the pooling: written out by hand, under masks, and with gradients that stay finite."""

import pytest
import torch
from torch.nn import functional

from smot_vlm.fusion.attention import CrossAttention, SelfAttention, attention_pool

DIM, HEADS = 16, 4


def attend(block: torch.nn.MultiheadAttention, query: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
    """Multi-head attention of one sequence, head by head."""
    weights, biases = block.in_proj_weight.chunk(3), block.in_proj_bias.chunk(3)
    sources = (query, memory, memory)
    q, k, v = (x @ weight.T + bias for x, weight, bias in zip(sources, weights, biases, strict=True))
    width = DIM // HEADS
    heads = []
    for head in range(HEADS):
        part = slice(head * width, (head + 1) * width)
        heads.append((q[:, part] @ k[:, part].T / width**0.5).softmax(dim=1) @ v[:, part])
    return block.out_proj(torch.cat(heads, dim=1))


def test_self_attention_is_its_formula():
    block, tokens = SelfAttention(DIM, HEADS).eval(), torch.randn(7, DIM)
    expected = functional.layer_norm(tokens + attend(block.attention, tokens, tokens), (DIM,))
    torch.testing.assert_close(block(tokens[None])[0], expected, atol=1e-5, rtol=1e-5)


def test_cross_attention_is_its_formula():
    block, query, memory = CrossAttention(DIM, HEADS, 32).eval(), torch.randn(3, DIM), torch.randn(7, DIM)
    hidden = functional.layer_norm(query + attend(block.attention, query, memory), (DIM,))
    first, _, second = block.feedforward
    expected = functional.layer_norm(hidden + second(first(hidden).relu()), (DIM,))
    torch.testing.assert_close(block(query[None], memory[None])[0], expected, atol=1e-5, rtol=1e-5)


def test_cross_attention_is_directed():
    block, one, other = CrossAttention(DIM, HEADS, 32).eval(), torch.randn(1, 5, DIM), torch.randn(1, 5, DIM)
    assert (block(one, other) - block(other, one)).abs().max() > 0.1


@pytest.mark.parametrize("kind", [SelfAttention, CrossAttention])
def test_what_stands_under_padding_does_not_matter(kind):
    block = kind(DIM, HEADS).eval()
    tokens = torch.randn(2, 6, DIM)
    mask = torch.tensor([[True] * 4 + [False] * 2, [True] * 6])
    changed = tokens.masked_fill(~mask[..., None], 9.0)

    def run(memory: torch.Tensor) -> torch.Tensor:
        return block(memory, mask)[mask] if kind is SelfAttention else block(tokens, memory, mask)

    torch.testing.assert_close(run(tokens), run(changed))
    assert (run(tokens) - run(changed + 1)).abs().max() > 1e-3


@pytest.mark.parametrize("kind", [SelfAttention, CrossAttention])
def test_a_row_of_padding_alone_keeps_numbers_and_gradients_finite(kind):
    block, tokens = kind(DIM, HEADS), torch.randn(2, 3, DIM, requires_grad=True)
    mask = torch.tensor([[False] * 3, [True] * 3])
    out = block(tokens, mask) if kind is SelfAttention else block(tokens, tokens, mask)
    (out * torch.randn_like(out)).sum().backward()
    assert out.isfinite().all()
    assert tokens.grad.isfinite().all()


def test_pooling_is_the_mean_weighted_by_the_softmax_of_the_scores():
    tokens, scores = torch.randn(2, 4, DIM), torch.randn(2, 4)
    mask = torch.tensor([[True, True, False, False], [True] * 4])
    pooled = attention_pool(tokens, scores, mask)
    torch.testing.assert_close(pooled[0], scores[0, :2].softmax(0) @ tokens[0, :2])
    torch.testing.assert_close(pooled[1], scores[1].softmax(0) @ tokens[1])


def test_pooling_nothing_gives_zero():
    pooled = attention_pool(torch.randn(1, 4, DIM), torch.randn(1, 4), torch.zeros(1, 4, dtype=torch.bool))
    assert pooled.abs().sum() == 0
