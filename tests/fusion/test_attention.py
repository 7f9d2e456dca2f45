"""SA, CA and the pooling: written out by hand, under masks, and with gradients that stay finite."""

import pytest
import torch
from torch.nn import functional

from smot_vlm.fusion.attention import CrossAttention, SelfAttention

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


def test_a_bias_moves_attention_and_padding_still_counts_nothing():
    block = CrossAttention(DIM, HEADS).eval()
    query, tokens = torch.randn(1, 2, DIM), torch.randn(1, 5, DIM)
    mask = torch.tensor([[True, True, True, False, False]])
    plain = block(query, tokens, mask)
    bias = torch.zeros(1, HEADS, 2, 5)
    torch.testing.assert_close(block(query, tokens, mask, bias), plain)
    bias[:, :, 0, 1:3] = -1e4
    biased = block(query, tokens, mask, bias)
    torch.testing.assert_close(biased[:, 0], block(query, tokens[:, :1])[:, 0])
    torch.testing.assert_close(biased[:, 1], plain[:, 1])
