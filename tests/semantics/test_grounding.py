"""Words that soft tokens name and spell: right ones cost little, wrong ones much; what is usual pulls nowhere."""

import numpy as np
import pytest
import torch
from tiny import tiny_config

from smot_vlm.models.decoders import build_decoder
from smot_vlm.semantics.decoder import CaptionRequest, Grounding
from smot_vlm.semantics.grounding import (
    SHARPNESS,
    bag_of_words_loss,
    content_words,
    ctc_loss,
    segment_loss,
    word_cosines,
)
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.prompts import Prompts


@pytest.fixture(scope="module")
def decoder(tiny_language_model) -> LoraLM:
    torch.manual_seed(0)
    made = build_decoder(tiny_config(tiny_language_model).decoder, 32)
    assert isinstance(made, LoraLM)
    for name, parameter in made.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    return made.train()


def requests(count: int, prompt: str = "instance_caption") -> list[CaptionRequest]:
    torch.manual_seed(1)
    return [CaptionRequest("instance", torch.randn(5, 32), Prompts().render(prompt)) for _ in range(count)]


def test_content_words_leave_out_what_says_nothing():
    assert content_words("A man in a red shirt waves, and then the man walks.") == [
        "man", "red", "shirt", "waves", "man", "walks",
    ]  # fmt: skip
    assert content_words("") == []


def test_cosines_are_around_the_mean_of_all_words():
    words = torch.randn(6, 8)
    soft = (words[[4, 2]] - words.mean(dim=0))[None]
    cosines = word_cosines(soft, words, [2, 4])
    assert cosines[0, 0, 1].item() == pytest.approx(1)
    assert cosines[0, 1, 0].item() == pytest.approx(1)


def test_soft_tokens_that_are_the_words_cost_least():
    words = torch.eye(6, 8)
    soft = torch.stack([words[[1, 4]], words[[2, 5]]])
    cosines = word_cosines(soft, words, [1, 2, 4, 5])
    right = bag_of_words_loss(cosines, [[0, 2], [1, 3]])
    wrong = bag_of_words_loss(cosines, [[1, 3], [0, 2]])
    assert right < 0.2 < wrong / 50


def test_soft_tokens_that_say_nothing_answer_as_is_usual_and_pull_nowhere_together():
    """Two requests of three have the word: the answer is 2/3 for all, and moving all alike gains nothing."""
    cosines = torch.zeros(3, 4, 1, requires_grad=True)
    loss = bag_of_words_loss(cosines, [[0], [0], []])
    assert loss.item() == pytest.approx(-2 * np.log(2 / 3) - np.log(1 / 3), rel=1e-5)
    loss.backward()
    pull = cosines.grad.sum(dim=(1, 2))
    assert pull[0] < 0 < pull[2]
    assert pull.sum().item() == pytest.approx(0, abs=1e-5)


def spelled(*columns: int, words: int = 3) -> torch.Tensor:
    """One request whose tokens each are one word; -1: none."""
    return torch.stack([torch.zeros(words) if c < 0 else torch.eye(words)[c] for c in columns])[None]


def test_words_in_order_cost_little_and_in_another_order_much():
    assert ctc_loss(spelled(0, 1, 2), [[0, 1, 2]]) < 0.1
    assert ctc_loss(spelled(0, 1, 2), [[2, 1, 0]]) > 10
    assert ctc_loss(spelled(0, 0, 2), [[0, 2]]) < 0.1, "a word that is held is one word"


def test_spelling_is_the_sum_over_all_ways():
    """Two tokens, one word: held, before silence, or after it; worked out by hand from adjusted log-odds."""
    cosines = torch.tensor([[[0.1], [0.2]]])
    counts = np.log([1.0, 1.0])  # one token of two is silent
    chances = [np.exp(np.array([0.0, SHARPNESS * value]) + counts) for value in (0.1, 0.2)]
    (silent_1, word_1), (silent_2, word_2) = (chance / chance.sum() for chance in chances)
    expected = -np.log(word_1 * word_2 + word_1 * silent_2 + silent_1 * word_2)
    assert ctc_loss(cosines, [[0]]).item() == pytest.approx(expected, rel=1e-3)


def test_a_line_that_is_too_long_is_cut_and_one_that_never_fits_counts_nothing():
    assert ctc_loss(spelled(0, 1), [[0, 1, 2]]) < 0.5
    assert ctc_loss(spelled(0, 0), [[0, 0]]).item() == 0.0
    assert ctc_loss(spelled(0, 1), [[]]).isfinite()


def test_an_empty_bag_costs_nothing(decoder):
    assert decoder.grounding.caption_loss(requests(2), ["the", "a"], ctc=True).total.item() == 0.0


def test_grounding_counts_its_words_and_reaches_the_features(decoder):
    assert isinstance(decoder.grounding, Grounding)
    asked = [CaptionRequest("instance", torch.randn(5, 32, requires_grad=True), Prompts().render("instance_caption"))]
    loss = decoder.grounding.caption_loss(asked, ["a red man"], ctc=True)
    assert loss.words == len(decoder.grounding.content_tokens("a red man")) > 0
    loss.total.backward()
    assert asked[0].tokens.grad.abs().sum() > 0


def test_moments_are_words_of_each_look_alone(decoder):
    looks = torch.randn(3, 4, 32, requires_grad=True)
    loss = decoder.grounding.frame_loss(looks, ["man red waves", "woman blue bows", "man red waves"])
    assert loss.words == sum(
        len(decoder.grounding.content_tokens(text)) for text in ("man red waves", "woman blue bows")
    ) + len(decoder.grounding.content_tokens("man red waves"))
    loss.total.backward()
    assert (looks.grad.abs().sum(dim=(1, 2)) > 0).all()
    with torch.no_grad():
        changed = looks.clone()
        changed[1] = torch.randn(4, 32)
        alone = decoder.grounding.frame_loss(changed[:1], ["man red waves"]).total
        assert torch.allclose(alone, decoder.grounding.frame_loss(looks[:1], ["man red waves"]).total)


def test_each_token_of_a_stretch_has_a_part_of_its_own(decoder):
    """Two segments of two tokens: the right words in the other token of their segment are wrong."""
    words = torch.randn(len(decoder.tokenizer), 64, generator=torch.Generator().manual_seed(0))
    texts = [[("man", "waves"), ("man", "bows")], [("woman", "bows"), ()]]

    def say(word: str) -> torch.Tensor:
        return words[decoder.grounding.content_tokens(word)].sum(dim=0)

    said = torch.stack(
        [torch.stack([say(word) for word in line.split()]) for line in ("man waves man bows", "woman bows man bows")]
    )
    right = segment_loss(said, words, decoder.tokenizer, texts)
    crossed = segment_loss(said[:, [1, 0, 3, 2]], words, decoder.tokenizer, texts)
    assert right.words == sum(
        len(decoder.grounding.content_tokens(word)) for word in ["man", "waves", "man", "bows", "woman", "bows"]
    )
    assert crossed.total > 2 * right.total
