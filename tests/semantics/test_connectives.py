"""Words that go on in the same way count as one in greedy decoding."""

from importlib.resources import files
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import tiny_llama
from transformers import PreTrainedTokenizerBase

from smot_vlm.config import DecoderConfig, GenerationConfig
from smot_vlm.models.decoders import build_decoder
from smot_vlm.semantics.connectives import Connectives
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.generation import Decoding
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.tokenizers import load_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    """The shipped model's: of whole words."""
    return load_tokenizer(Path(str(files("smot_vlm"))) / "assets/models/demo/tokenizer")


def logits_of(*probabilities: float) -> torch.Tensor:
    return torch.tensor([probabilities]).log()


def test_together_they_are_likelier_than_the_likeliest_word():
    # Token 0 alone is the likeliest; tokens 1 and 3 together are likelier, and 3 is the likelier of the two.
    logits = logits_of(0.4, 0.2, 0.1, 0.3)
    assert Connectives().likeliest(logits).tolist() == [0]
    assert Connectives((1, 3)).likeliest(logits).tolist() == [3]


def test_less_likely_together_they_change_nothing():
    assert Connectives((1, 2)).likeliest(logits_of(0.4, 0.2, 0.1, 0.3)).tolist() == [0]


@given(st.lists(st.floats(-20, 20), min_size=6, max_size=6), st.sets(st.integers(0, 5), min_size=2, max_size=5))
def test_the_choice_is_the_likeliest_of_the_classes(scores, tokens):
    probabilities = torch.tensor(scores, dtype=torch.float64).softmax(dim=0)
    together = float(probabilities[sorted(tokens)].sum())
    single = max((float(probabilities[token]), token) for token in range(6))
    chosen = int(Connectives(tuple(tokens)).likeliest(torch.tensor([scores], dtype=torch.float64))[0])
    if abs(together - single[0]) > 1e-6:
        expected = max(float(probabilities[token]) for token in tokens) if together > single[0] else single[0]
        assert float(probabilities[chosen]) == pytest.approx(expected)
        assert (chosen in tokens) or together <= single[0]


def test_a_word_is_meant_within_a_sentence(tokenizer):
    tokens = Connectives.of_words(("then", "after that"), tokenizer).tokens
    assert [tokenizer.decode([token]) for token in tokens] == [" then", " after"]


@pytest.mark.parametrize("words", [("then",), ("then", ""), ("then", "then")])
def test_words_that_are_no_choice_are_refused(words, tokenizer):
    with pytest.raises(ValueError, match="connectives are"):
        Connectives.of_words(words, tokenizer)


def test_captions_follow_the_connectives(tokenizer):
    """Against a loop without cache that takes the likeliest class at each step."""
    torch.manual_seed(1)
    words = ("then", "afterwards", "after", "next")
    decoding = Decoding(connectives=words)
    model = tiny_llama(len(tokenizer))
    decoder = LoraLM(model, tokenizer, dim=16, soft_tokens=3, max_new_tokens=8, decoding=decoding).eval()
    tokens = Connectives.of_words(words, tokenizer).tokens
    with torch.no_grad():  # words nearly as likely as each other: four are together likelier than most
        decoder.language_model.get_output_embeddings().weight.mul_(0.2)
    requests = [CaptionRequest("instance", torch.randn(5, 16), "Who? <visual>") for _ in range(3)]
    captions = decoder.generate(requests)
    assert captions == [plain_loop(decoder, request, tokens) for request in requests]
    decoder.decoding = Decoding()
    assert captions != decoder.generate(requests)


@torch.inference_mode()
def plain_loop(decoder: LoraLM, request: CaptionRequest, tokens: tuple[int, ...]) -> str:
    prompt = decoder.prompt_rows([request])[0]
    row = torch.cat([decoder._embed(prompt.prefix), prompt.rest])[None]
    written: list[int] = []
    for _ in range(decoder.max_new_tokens):
        probabilities = decoder.language_model(inputs_embeds=row).logits[0, -1].softmax(dim=0)
        together = probabilities[list(tokens)]
        chosen = int(probabilities.argmax())
        if together.sum() > probabilities.max():
            chosen = tokens[int(together.argmax())]
        if chosen == decoder.end:
            break
        written.append(chosen)
        row = torch.cat([row, decoder._embed([chosen])[None]], dim=1)
    return " ".join(decoder.tokenizer.decode(written, skip_special_tokens=True).split())


@pytest.mark.parametrize("options", [{"num_beams": 2}, {"temperature": 0.5}])
def test_only_greedy_decoding_takes_them(options):
    with pytest.raises(ValueError, match="connectives go with greedy decoding"):
        Decoding(connectives=("then", "next"), **options)


@pytest.mark.parametrize("name", ["smoter", "vision-language"])
def test_other_decoders_refuse_them(name):
    config = DecoderConfig(name=name, generation=GenerationConfig(connectives=("then", "next")))
    with pytest.raises(ValueError, match=f"connectives go with lora-lm; decoder.name is '{name}'"):
        build_decoder(config, 16)
