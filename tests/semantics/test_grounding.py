"""The bag of words: right words cost little, wrong ones much; gradient flows; rows that share a beginning are exact."""

import numpy as np
import pytest
import torch
from tiny import tiny_config

from smot_vlm.build import build_decoder
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.grounding import Grounded, bag_of_words_loss, content_words
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


def test_content_words_leave_out_what_says_nothing_and_repetitions():
    assert content_words("A man in a red shirt waves, and then the man walks.") == [
        "man", "red", "shirt", "waves", "walks",
    ]  # fmt: skip
    assert content_words("") == []


def test_soft_tokens_that_are_the_words_cost_least():
    words = torch.eye(6, 8)
    soft = torch.stack([words[[1, 4]], words[[2, 5]]])
    right = bag_of_words_loss(soft, words, [[1, 4], [2, 5]])
    wrong = bag_of_words_loss(soft, words, [[2, 5], [1, 4]])
    assert right < 0.1 < wrong / 50


def test_the_wrong_answers_are_the_words_of_the_others():
    """Two requests, one word each: the loss is the sum of four binary questions, worked out by hand."""
    words = torch.eye(3, 8)
    soft = torch.stack([words[[0]], words[[0]]])
    directions = torch.nn.functional.normalize(words - words.mean(dim=0), dim=1)
    near, far = (20 * float(words[0] @ directions[index]) - 7 for index in (0, 1))
    expected = 2 * np.log1p(np.exp([-near, near, far, -far])).sum() / 2
    assert bag_of_words_loss(soft, words, [[0], [1]]).item() == pytest.approx(expected, rel=1e-4)


def test_an_empty_bag_costs_nothing():
    assert bag_of_words_loss(torch.randn(2, 3, 8), torch.randn(6, 8), [[], []]).item() == 0.0


def test_grounding_counts_its_words_and_reaches_the_features(decoder):
    assert isinstance(decoder, Grounded)
    asked = [CaptionRequest("instance", torch.randn(5, 32, requires_grad=True), Prompts().render("instance_caption"))]
    loss = decoder.grounding(asked, ["a red man"])
    assert loss.words == len(decoder.content_tokens("a red man")) > 0
    loss.total.backward()
    assert asked[0].tokens.grad.abs().sum() > 0


def test_a_beginning_read_once_gives_the_same_loss_and_gradient(decoder, monkeypatch):
    captions = ["a man", "a woman in a red shirt", "two"]

    def run() -> tuple[float, torch.Tensor]:
        decoder.zero_grad()
        total = decoder.loss(requests(3), captions).total
        total.backward()
        grads = [parameter.grad.flatten() for parameter in decoder.parameters() if parameter.grad is not None]
        return total.item(), torch.cat(grads)

    loss, gradient = run()
    shared: list[tuple[int, ...]] = []
    original = LoraLM._shared_beginning
    monkeypatch.setattr(LoraLM, "_shared_beginning", lambda self, prompts: shared.append(original(self, prompts)) or ())
    apart, gradient_apart = run()
    assert len(shared[0]) > 10, "the chat's beginning is shared"
    assert loss == pytest.approx(apart, rel=1e-5)
    assert torch.allclose(gradient, gradient_apart, atol=1e-4 * gradient_apart.abs().max().item())


def test_different_beginnings_are_not_shared(decoder):
    mixed = [requests(1)[0], CaptionRequest("video", torch.randn(5, 32), "<visual> Sum it up.")]
    assert decoder._shared_beginning(decoder.prompt_rows(mixed)) == ()
    assert decoder._shared_beginning(decoder.prompt_rows(requests(1))) == (), "one row has nobody to share with"
