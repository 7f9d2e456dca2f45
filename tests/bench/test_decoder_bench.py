"""The decoders' benchmark on tiny networks: everyone writes as many words, the floor is the weights', settings come back."""

from dataclasses import replace

import pytest
import torch
from tiny import tiny_config, tiny_llama, tiny_tokenizer

from smot_vlm.bench import decoder as bench
from smot_vlm.bench.decoder import run, time_decoders
from smot_vlm.bench.decoder_contenders import in_int8, make_requests, weight_bytes
from smot_vlm.bench.video_words import VideoTiming, VideoWords
from smot_vlm.config.schema import GenerationConfig, SmoterConfig
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.smoter_decoder import SmoterDecoder

DIM, WORDS, BATCH = 16, 5, 3


@pytest.fixture
def decoders() -> tuple[LoraLM, SmoterDecoder]:
    torch.manual_seed(0)
    tokenizer = tiny_tokenizer()
    lora_lm = LoraLM(tiny_llama(len(tokenizer)), tokenizer, dim=DIM, soft_tokens=2, lora_rank=2)
    smoter = SmoterDecoder(tokenizer, dim=DIM, hidden=32, layers=1, heads=2, feedforward=32)
    return lora_lm.eval(), smoter.eval()


def test_every_way_is_timed_against_its_own_floor(decoders):
    before = [(decoder.end, decoder.max_new_tokens) for decoder in decoders]
    found = time_decoders(*decoders, make_requests(BATCH, DIM), words=WORDS, repeats=2, clock="cpu")
    ways = {(timing.decoder, timing.way, timing.batch) for timing in found.timings}
    assert ways == {
        ("lora-lm", "default", BATCH),
        ("lora-lm", "default", 1),
        ("lora-lm", "8 bits", BATCH),
        ("lora-lm", "8 bits", 1),
        ("lora-lm", "transformers' generate", BATCH),
        ("smoter", "key-value cache", BATCH),
        ("smoter", "key-value cache", 1),
        ("smoter", "as released", 1),
    }
    for timing in found.timings:
        seconds = WORDS * 1e6 * timing.weight_megabytes / (1e9 * found.read_gigabytes_per_second) / timing.batch
        assert timing.floor_seconds_a_caption == pytest.approx(seconds)
        assert timing.ratio_to_floor == pytest.approx(timing.seconds_a_caption / seconds)
    assert all(found.same_text.values()), "a batch says what its rows say one by one"
    assert (
        set(found.speed_up)
        == set(found.same_text)
        == {
            "lora-lm, default",
            "lora-lm, 8 bits",
            "smoter, key-value cache",
        }
    )
    assert [(decoder.end, decoder.max_new_tokens) for decoder in decoders] == before


def test_the_words_of_a_video_with_as_many_people_as_bensmot_has(decoders):
    lora_lm, _ = decoders
    # A clock that counts the words of captions: each caption of a video has one token, then all of them.
    video = VideoWords(lora_lm, make_requests(BATCH, DIM), WORDS, lambda: float(lora_lm.cost.tokens_written))
    before = (lora_lm.end, lora_lm.max_new_tokens)
    video.measure()
    video.measure()
    assert video.timing() == VideoTiming(
        people=2.5, captions=3.5, words=WORDS, first_word_seconds=3.5, seconds=3.5 * WORDS
    )
    assert (lora_lm.end, lora_lm.max_new_tokens) == before


def test_weights_count_once_and_an_adapter_not_at_all(decoders):
    lora_lm, smoter = decoders
    base = tiny_llama(len(tiny_tokenizer()))
    assert weight_bytes(lora_lm) == sum(parameter.nbytes for parameter in base.parameters()), (
        "words are tied to the output"
    )
    linear = [module.weight for module in base.modules() if isinstance(module, torch.nn.Linear)]
    assert weight_bytes(in_int8(lora_lm)) == weight_bytes(lora_lm) - 3 * sum(weight.numel() for weight in linear)
    assert weight_bytes(smoter) == sum(parameter.nbytes for parameter in smoter.networks["video"].parameters())


@pytest.mark.parametrize("name", ["batch", "words", "repeats"])
def test_numbers_below_one_are_told(name):
    with pytest.raises(ValueError, match=f"{name} is 0; give at least 1"):
        run(**{name: 0})


def test_the_papers_decoder_is_timed_beside_one_with_connectives(decoders, tiny_language_model, monkeypatch):
    monkeypatch.setattr(bench, "build_lora_lm", lambda _config, _dim: decoders[0])
    config = tiny_config(tiny_language_model)
    generation = GenerationConfig(connectives=("then", "afterwards"))
    smoter = SmoterConfig(tokenizer=str(tiny_language_model))
    decoder = replace(config.decoder, generation=generation, smoter=smoter)
    config = replace(config, decoder=decoder, features=replace(config.features, dim=DIM))
    found = run(config, batch=2, words=1, repeats=1, clock="cpu")
    assert {timing.decoder for timing in found.timings} == {"lora-lm", "smoter"}
