"""Answers weighed with one shared reading of the question, against one full forward pass a token."""

import numpy as np
import pytest
import torch
from tiny_vision import FAMILIES, tiny_vision_language

from smot_vlm.semantics.answers import VisionLanguageAnswers
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.marks import draw_box
from smot_vlm.semantics.vision_language import VisionLanguage

ANSWERS = ["talk", "let go of", "a", "take what another person says", "talk to", "hug"]
QUESTION = "What does person 1 do to person 2?"
IMAGES = tuple(np.random.default_rng(seed).integers(0, 255, (40, 60, 3), dtype=np.uint8) for seed in range(2))


@pytest.fixture(params=FAMILIES, scope="module")
def decoder(request: pytest.FixtureRequest) -> VisionLanguage:
    return VisionLanguage(*tiny_vision_language(request.param)).eval()


def likelihood(decoder: VisionLanguage, answer: str, images: tuple[np.ndarray, ...] = IMAGES) -> float:
    """Mean log-probability of the answer's tokens and its end token, one pass over everything for each."""
    tensors = dict(decoder.inputs([CaptionRequest("instance", torch.zeros(0, 0), QUESTION, images)]).tensors)
    tokens = [*decoder.processor.ids(answer), decoder.tokenizer.eos_token_id]
    total = 0.0
    for token in tokens:
        with torch.no_grad():
            total += decoder.language_model(**tensors, use_cache=False).logits[0, -1].log_softmax(-1)[token].item()
        shape = tensors["input_ids"].shape
        tensors = {
            name: torch.nn.functional.pad(value, (0, 1)) if value.shape == shape else value
            for name, value in tensors.items()
        }
        tensors["input_ids"][0, -1] = token
        tensors["attention_mask"][0, -1] = 1
    return total / len(tokens)


@pytest.mark.parametrize("max_batch", [1, 4, 32])
def test_scores_are_the_likelihoods_token_by_token(decoder, max_batch):
    answers = VisionLanguageAnswers(decoder, max_batch=max_batch)
    scores = answers.score(answers.read(QUESTION, IMAGES), ANSWERS)
    assert scores.tolist() == pytest.approx([likelihood(decoder, answer) for answer in ANSWERS], rel=1e-4)


def test_a_question_serves_many_times(decoder):
    answers = VisionLanguageAnswers(decoder)
    question = answers.read(QUESTION, IMAGES)
    first = answers.score(question, ANSWERS)
    answers.score(question, ["something else"])
    assert torch.equal(answers.score(question, ANSWERS), first)


def test_questions_do_not_disturb_each_other(decoder):
    """Some models remember positions of the last picture they read."""
    answers = VisionLanguageAnswers(decoder)
    one = answers.read(QUESTION, IMAGES)
    alone = answers.score(one, ANSWERS)
    answers.read("Who?", IMAGES[:1])
    assert torch.allclose(answers.score(one, ANSWERS), alone, atol=1e-5)


def test_marks_change_the_scores(decoder):
    answers = VisionLanguageAnswers(decoder)
    marked = draw_box(IMAGES[0], np.array([4, 4, 30, 30]), (200, 30, 30), "1")
    plain, other = (answers.score(answers.read(QUESTION, (image,)), ANSWERS) for image in (IMAGES[0], marked))
    assert (plain - other).abs().max() > 1e-3
    assert likelihood(decoder, "talk", (marked,)) == pytest.approx(other[0].item(), rel=1e-4)


def test_no_answers_have_no_scores(decoder):
    answers = VisionLanguageAnswers(decoder)
    assert answers.score(answers.read(QUESTION, IMAGES), []).shape == (0,)
