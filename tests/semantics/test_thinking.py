"""Models that think aloud: switched off where the chat template can, cut where it opens a thought regardless."""

import numpy as np
import pytest
import torch
from tiny import CHAT_TEMPLATE, tiny_llama, tiny_tokenizer
from tiny_vision import tiny_vision_language

from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.thinking import close_thought, cut_thought, decode_answers
from smot_vlm.semantics.tokenizers import chat_text
from smot_vlm.semantics.vision_language import VisionLanguage

START = "<start>assistant\n"
REGARDLESS = START + "<think>\n"
# As Qwen3's template does it: an empty thought where thinking is switched off, an invitation else.
ASKED = START + "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("A man walks.", "A man walks."),
        ("<think>He sits.</think>\nA man walks.", "A man walks."),
        ("He sits.</think>A man walks.", "A man walks."),
        ("<think>He sits. And", ""),
        ("<think>a</think>b<think>c</think> A man.", "A man."),
        ("<think>a</think> A man. <think>b", "A man."),
        ("", ""),
    ],
)
def test_thoughts_are_cut(text, answer):
    assert cut_thought(text) == answer


def test_an_open_thought_is_closed():
    assert close_thought("<start>assistant\n<think>\n") == "<start>assistant\n<think>\n\n</think>\n\n"
    assert close_thought("<start>assistant\n") == "<start>assistant\n"
    assert close_thought("<think>\n\n</think>\n\n") == "<think>\n\n</think>\n\n"


@pytest.mark.parametrize("special", [True, False])
def test_thoughts_are_cut_from_tokens_too(special):
    """A special token leaves no text behind when it is decoded."""
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["<think>", "</think>"], special_tokens=special)
    if special:
        tokenizer.add_special_tokens({"additional_special_tokens": ["<think>", "</think>"]})
    rows = [
        tokenizer(text, add_special_tokens=False)["input_ids"]
        for text in ("<think>He sits.</think> A  man.<end>", "He sits.</think>A girl.", "<think>He", "A boy.")
    ]
    assert decode_answers(tokenizer, rows) == ["A man.", "A girl.", "", "A boy."]


def with_template(start: str) -> str:
    return CHAT_TEMPLATE.replace(START, start)


@pytest.fixture(params=[REGARDLESS, ASKED], ids=["regardless", "asked"])
def start(request) -> str:
    return request.param


def lora_lm(start: str) -> LoraLM:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = with_template(start)
    return LoraLM(tiny_llama(len(tokenizer)), tokenizer, dim=32, soft_tokens=2, lora_rank=2, max_new_tokens=80)


def vision_language(start: str) -> VisionLanguage:
    model, processor = tiny_vision_language("idefics3")
    assert START in processor.chat_template
    processor.chat_template = processor.chat_template.replace(START, start)
    return VisionLanguage(model, processor, dim=32, max_new_tokens=80)


def prompt_ids(decoder) -> list[int]:
    """What the language model reads before it answers."""
    request = CaptionRequest("instance", torch.zeros(3, 32), "Tell <visual>.", ())
    if isinstance(decoder, LoraLM):
        (row,) = decoder.prompt_rows([request])
        after = chat_text(decoder.tokenizer, request.prompt).split("<visual>")[1]
        return [*row.prefix, *decoder.tokenizer(after, add_special_tokens=False)["input_ids"]]
    return decoder.inputs([request]).tensors["input_ids"][0].tolist()


@pytest.mark.parametrize("make", [lora_lm, vision_language], ids=["lora-lm", "vision-language"])
def test_the_prompt_ends_with_a_thought_that_is_empty(make, start):
    decoder = make(start)
    assert decoder.tokenizer.decode(prompt_ids(decoder)).endswith("<think>\n\n</think>\n\n")


def test_a_local_language_model_that_thinks_regardless_says_only_its_answer(monkeypatch):
    decoder = lora_lm(REGARDLESS)
    said = decoder.tokenizer("He may sit.</think>\n\nA man walks.", add_special_tokens=False)["input_ids"]
    monkeypatch.setattr("smot_vlm.semantics.lora_lm.generate_ids", lambda *_, **__: [said])
    assert decoder.generate([CaptionRequest("instance", torch.zeros(3, 32), "Tell <visual>.")]) == ["A man walks."]


def test_a_local_vision_language_model_that_thinks_regardless_says_only_its_answer(monkeypatch):
    decoder = vision_language(REGARDLESS)
    said = decoder.tokenizer("He may sit.</think>\n\nA man walks.", add_special_tokens=False)["input_ids"]

    def generate(input_ids, **_):
        return torch.cat([input_ids, torch.tensor([said])], dim=1)

    monkeypatch.setattr(decoder.language_model, "generate", generate)
    image = np.zeros((32, 32, 3), dtype=np.uint8)
    request = CaptionRequest("instance", torch.zeros(0, 0), "Tell <visual>.", (image,))
    assert decoder.generate([request]) == ["A man walks."]


def test_templates_that_know_nothing_of_thinking_are_left_as_they_are():
    tokenizer = tiny_tokenizer()
    assert chat_text(tokenizer, "Tell.") == "<start>user\nTell.<end>\n<start>assistant\n"
