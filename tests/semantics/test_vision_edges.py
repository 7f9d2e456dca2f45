"""Families with layers, masks and processors of their own: answers, losses and captions of a batch are those of one by one."""

import numpy as np
import pytest
import torch
from tiny_edge_vision import EDGES
from tiny_more_vision import ALL, MORE
from tiny_vision import built

from smot_vlm.semantics.answers import VisionLanguageAnswers
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.prompts import VISUAL
from smot_vlm.semantics.vision_language import VisionLanguage

DIM = 8
ANSWERS = ["talk", "let go of", "a"]
QUESTION = "What does person 1 do?"


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (40, 60, 3), dtype=np.uint8)


@pytest.fixture(params=[*EDGES, *MORE], scope="module")
def plain(request: pytest.FixtureRequest) -> VisionLanguage:
    return VisionLanguage(*built(ALL[request.param]), max_new_tokens=4).eval()


@pytest.fixture(params=[*EDGES, *MORE], scope="module")
def trained(request: pytest.FixtureRequest) -> VisionLanguage:
    decoder = VisionLanguage(*built(ALL[request.param]), dim=DIM, soft_tokens=3, lora_rank=2, max_new_tokens=4)
    for name, parameter in decoder.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    return decoder.eval()


def likelihood(decoder: VisionLanguage, answer: str) -> float:
    """Mean log-probability of the answer's tokens and its end token, one pass over everything for each."""
    prompt = decoder.inputs([CaptionRequest("instance", torch.zeros(0, 0), QUESTION, (picture(0),))])
    tokens = [*decoder.processor.ids(answer), decoder.tokenizer.eos_token_id]
    total = 0.0
    for count, token in enumerate(tokens):
        before = torch.tensor([tokens[:count]], dtype=torch.long)
        inputs = prompt.followed_by(before, torch.ones_like(before, dtype=torch.bool)) if count else prompt
        with torch.no_grad():
            total += (
                decoder.language_model(**inputs.tensors, use_cache=False).logits[0, -1].log_softmax(-1)[token].item()
            )
    return total / len(tokens)


def test_scores_of_answers_are_the_likelihoods_token_by_token(plain):
    answers = VisionLanguageAnswers(plain)
    question = answers.read(QUESTION, [picture(0)])
    scores = answers.score(question, ANSWERS)
    assert scores.tolist() == pytest.approx([likelihood(plain, answer) for answer in ANSWERS], rel=1e-4)
    assert torch.equal(answers.score(question, ANSWERS), scores), "a question serves many times"


def requests() -> list[CaptionRequest]:
    generator = torch.Generator().manual_seed(7)
    shown = [(picture(0), picture(1)), (picture(2),), ()]
    return [
        CaptionRequest(
            "instance", torch.randn(4 + row, DIM, generator=generator), f"{'Tell ' * row}me {VISUAL}.", images
        )
        for row, images in enumerate(shown)
    ]


def test_the_loss_of_a_batch_is_the_sum_of_the_losses_and_reaches_the_soft_tokens(trained):
    captions = ["a man walks", "b", "two"]
    together = trained.loss(requests(), captions)
    single = [trained.loss([request], [caption]).total for request, caption in zip(requests(), captions, strict=True)]
    assert together.total.item() == pytest.approx(sum(loss.item() for loss in single), rel=1e-4)
    together.total.backward()
    gradients = [weight.grad for weight in trained.parameters() if weight.requires_grad and weight.grad is not None]
    assert gradients
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    assert sum(float(gradient.abs().sum()) for gradient in gradients) > 0


def test_a_later_word_does_not_change_the_likelihood_of_an_earlier_one(trained):
    """What is true of one word must not be read off the words after it, which a prompt's mask would allow."""
    request, losses = requests()[0], []
    for last in ("x", "y"):
        inputs = trained.inputs([request]).followed_by(*text(trained, f"ab{last}"))
        with trained._soft_tokens_inserted(inputs, [request]), torch.no_grad():
            losses.append(trained.language_model(**inputs.tensors, use_cache=False).logits[0, -4:-1])
    assert torch.allclose(losses[0], losses[1], atol=1e-5)


def text(decoder: VisionLanguage, words: str) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.tensor([decoder.processor.ids(words)])
    return ids, torch.ones_like(ids, dtype=torch.bool)


def test_captions_of_a_batch_are_those_of_one_by_one(trained):
    together = trained.generate(requests())
    assert together == [trained.generate([request])[0] for request in requests()]
