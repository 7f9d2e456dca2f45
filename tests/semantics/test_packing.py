"""Packed rows: everything stands in them once, nobody sees a stranger, and the losses are those of single rows."""

import pytest
import torch
from tiny import tiny_llama, tiny_tokenizer

from smot_vlm.semantics import lora_lm
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.packing import PADDING, Segment, WordList, pack, packed_mask

CAPTIONS = ["a man", "a woman in red walks", "two people talk", "", "b"]


def requests() -> list[CaptionRequest]:
    """People with one prompt, and a video with a longer one in their midst."""
    generator = torch.Generator().manual_seed(7)
    seen = [torch.randn(4 + 3 * row, 16, generator=generator) for row in range(len(CAPTIONS))]
    return [
        CaptionRequest("video", tokens, "Sum up " * 30 + "<visual> now.")
        if row == 2
        else CaptionRequest("instance", tokens, "Tell of <visual>.")
        for row, tokens in enumerate(seen)
    ]


@pytest.fixture
def decoder() -> LoraLM:
    torch.manual_seed(1)
    tokenizer = tiny_tokenizer()
    made = LoraLM(tiny_llama(len(tokenizer)), tokenizer, dim=16, soft_tokens=3, lora_rank=2)
    for name, parameter in made.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    return made.eval()


def test_words_that_are_asked_for_again_are_the_same_ones():
    words = WordList(first=10)
    assert (words.once((5, 6)), words.add([7]), words.once((5, 6))) == (range(10, 12), range(12, 13), range(10, 12))
    assert words.add([7]) == range(13, 14)
    assert words.ids == [5, 6, 7, 7]


def test_a_beginning_stands_once_in_a_row_and_every_rest_where_it_is_said_to():
    common, other = range(2), range(2, 5)
    segments = [Segment(common, [10, 11]), Segment(common, [12]), Segment(other, [13, 14, 15]), Segment(common, [16])]
    layout = pack(segments, least_tokens=9)
    # Long rests first: `other` with its rest, and `common` with 12, fill the first row; the second has `common` again.
    assert layout.sources.shape == (2, 16), "the next multiple of 8"
    rows = [set(row[row_owners != PADDING]) for row, row_owners in zip(layout.sources, layout.owners, strict=True)]
    assert rows == [{0, 1, 2, 3, 4, 12, 13, 14, 15}, {0, 1, 10, 11, 16}]
    assert (layout.owners != PADDING).sum(axis=1).tolist() == [9, 5], "nothing twice"
    flat, positions = layout.sources.flatten(), layout.positions.flatten()
    for (prefix, rest), start in zip(segments, layout.starts, strict=True):
        assert flat[start : start + len(rest)].tolist() == rest
        assert positions[start : start + len(rest)].tolist() == list(range(len(prefix), len(prefix) + len(rest)))


def test_a_segment_longer_than_a_row_makes_rows_longer():
    layout = pack([Segment(range(3), list(range(3, 20))), Segment(range(3), [20])], least_tokens=4)
    assert layout.sources.shape == (2, 24), "20 tokens, up to the next multiple of 8"


def test_a_token_sees_its_beginning_and_its_own_past_alone():
    segments = [Segment(range(2), [10, 11]), Segment(range(2), [12]), Segment(range(2, 3), [13])]
    layout = pack(segments, least_tokens=16)
    mask = packed_mask(torch.from_numpy(layout.owners), torch.from_numpy(layout.prefixes))[0, 0]
    tokens = layout.sources[0].tolist()
    seen = {
        token: {tokens[column] for column in mask[place].nonzero().flatten().tolist()}
        for place, token in enumerate(tokens)
        if layout.owners[0, place] != PADDING
    }
    assert seen == {0: {0}, 1: {0, 1}, 10: {0, 1, 10}, 11: {0, 1, 10, 11}, 12: {0, 1, 12}, 2: {2}, 13: {2, 13}}
    assert mask.any(dim=1).all(), "padding sees padding"


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_rows_give_the_losses_and_gradients_of_padded_ones(decoder, attention, monkeypatch):
    decoder.language_model.get_base_model().set_attn_implementation(attention)
    assert lora_lm.reads_packed_rows(decoder.language_model.get_base_model())

    def run() -> tuple[dict[str, float], torch.Tensor]:
        decoder.zero_grad()
        loss = decoder.loss(requests(), CAPTIONS)
        loss.total.backward()
        gradients = [parameter.grad.flatten() for parameter in decoder.parameters() if parameter.grad is not None]
        return {task: total.item() for task, total in loss.by_task.items()}, torch.cat(gradients)

    packed, gradient = run()
    monkeypatch.setattr(lora_lm, "reads_packed_rows", lambda _: False)
    padded, gradient_padded = run()
    assert packed == pytest.approx(padded, rel=1e-5)
    assert set(packed) == {"instance", "video"}
    assert torch.allclose(gradient, gradient_padded, atol=1e-4 * gradient_padded.abs().max().item())


def test_the_language_model_runs_once_for_both_tasks(decoder):
    passes = []
    decoder.language_model.get_base_model().model.register_forward_hook(lambda *_: passes.append(1))
    loss = decoder.loss(requests(), CAPTIONS)
    assert len(passes) == 1
    assert loss.tokens == decoder.count_targets(CAPTIONS)


def test_a_model_with_sliding_windows_is_not_packed(decoder):
    body = decoder.language_model.get_base_model()
    body.config.layer_types = ["full_attention", "sliding_attention"]
    body.config.sliding_window = 8
    assert not lora_lm.reads_packed_rows(body)
