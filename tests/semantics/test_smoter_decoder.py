"""SmoterDecoder: what a batch, padding and the cache must not change, what is taught, and where gradient must go."""

import itertools
from dataclasses import replace
from functools import partialmethod

import pytest
import torch
from seeds import learning
from tiny import save_tiny_language_model, tiny_tokenizer

from smot_vlm.config import DecoderConfig, GenerationConfig, SmoterConfig
from smot_vlm.models.decoders import build_decoder
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.generation import Decoding
from smot_vlm.semantics.smoter_decoder import SmoterDecoder, begin_and_end
from smot_vlm.semantics.smoter_search import sample, search
from smot_vlm.semantics.smoter_transformer import SmoterTransformer, text_mask

DIM = 16
SIZES = {"hidden": 32, "layers": 2, "heads": 4, "feedforward": 64}


def loud(module: torch.nn.Module) -> torch.nn.Module:
    """Larger random weights: a fresh network says nearly the same whatever it sees."""
    for parameter in module.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    return module.eval()


@pytest.fixture
def decoder() -> SmoterDecoder:
    torch.manual_seed(3)
    return loud(SmoterDecoder(tiny_tokenizer(), dim=DIM, max_new_tokens=12, **SIZES))


@pytest.fixture
def network() -> SmoterTransformer:
    torch.manual_seed(4)
    return loud(SmoterTransformer(30, dim=DIM, places=20, **SIZES))


def make_requests(count: int) -> list[CaptionRequest]:
    generator = torch.Generator().manual_seed(7)
    tasks = ["instance", "video", *["instance"] * (count - 2)][:count]
    return [
        CaptionRequest(task, torch.randn(2 + 3 * index, DIM, generator=generator), "Tell me <visual>.")
        for index, task in enumerate(tasks)
    ]


def test_a_batch_of_captions_equals_the_captions_one_by_one(decoder):
    requests = make_requests(6)
    together = decoder.generate(requests)
    assert together == [decoder.generate([request])[0] for request in requests]
    assert len(set(together)) > 1, "different features must be able to give different captions"


def test_max_batch_changes_no_caption(decoder):
    requests = make_requests(6)
    whole = decoder.generate(requests)
    decoder.max_batch = 2
    assert decoder.generate(requests) == whole


def test_the_cache_changes_no_caption(decoder):
    requests = make_requests(6)
    cached = decoder.generate(requests)
    decoder.use_cache = False
    assert decoder.generate(requests) == cached


@pytest.mark.parametrize("use_cache", [True, False])
def test_enough_beams_find_the_likeliest_caption_of_all(use_cache):
    """Oracle: every text of at most three words of a vocabulary of five, read whole."""
    torch.manual_seed(1)
    end, network = 4, loud(SmoterTransformer(5, dim=DIM, places=8, **SIZES))
    visual, mask = torch.randn(3, 4, DIM), torch.ones(3, 4, dtype=torch.bool)
    mask[1, 2:] = False
    options = {"begin": 0, "end": end, "max_new_tokens": 3, "no_repeat": False, "use_cache": use_cache}
    found = search(network, visual, mask, decoding=Decoding(num_beams=5), **options)
    greedy = search(network, visual, mask, **options)
    for row in range(3):
        totals = {}
        for text in itertools.product(range(5), repeat=3):
            words = list(text[: text.index(end) + 1] if end in text else text)
            logits = network(visual[row : row + 1], mask[row : row + 1], torch.tensor([[0, *words[:-1]]]))
            total = logits[0].log_softmax(-1)[range(len(words)), words].sum().item()
            totals[tuple((words + [end] * 3)[:3])] = (total, total / len(words))
        best = max(totals, key=totals.get)
        assert (found.tokens[row].tolist() + [end] * 3)[1:4] == list(best)
        assert found.log_probs[row].item() == pytest.approx(totals[best][1], abs=1e-4)
    assert found.tokens.tolist() != greedy.tokens.tolist(), "else greedy would do"


def test_beams_of_a_batch_are_those_of_its_rows(decoder):
    requests = make_requests(6)
    greedy = decoder.generate(requests)
    decoder.decoding = Decoding(num_beams=4)
    together = decoder.generate(requests)
    assert together == [decoder.generate([request])[0] for request in requests]
    assert together != greedy


def test_drawn_words_follow_the_seed_and_leave_the_global_generator_alone(decoder):
    requests, said = make_requests(6), []
    greedy = decoder.generate(requests)
    torch.manual_seed(11)
    wanted = torch.rand(2)
    torch.manual_seed(11)
    for seed in (3, 3, 4):
        decoder.decoding = Decoding(temperature=1.0, top_p=0.9, seed=seed)
        said.append(decoder.generate(requests))
    assert torch.equal(torch.rand(2), wanted)
    assert said[0] == said[1] != said[2]
    decoder.decoding = Decoding(temperature=1e-3)
    assert decoder.generate(requests) == greedy


def test_draws_are_from_the_likeliest_words_and_as_often_as_likely():
    log_probs = torch.tensor([0.1, 0.5, 0.25, 0.15]).log().expand(20_000, 4)
    drawn = sample(log_probs, Decoding(temperature=1.0, top_p=0.7), torch.Generator().manual_seed(0))
    shares = torch.bincount(drawn, minlength=4) / len(drawn)
    torch.testing.assert_close(shares, torch.tensor([0.0, 2 / 3, 1 / 3, 0.0]), atol=0.02, rtol=0)


def test_an_empty_batch_gives_no_captions(decoder):
    assert decoder.generate([]) == []


def test_each_task_has_its_own_network(decoder):
    tokens = make_requests(1)[0].tokens
    requests = [CaptionRequest(task, tokens, "<visual>") for task in ("instance", "video")]
    before = decoder.generate(requests)
    loud(decoder.networks["video"])
    after = decoder.generate(requests)
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_the_loss_of_a_batch_is_the_sum_of_the_losses(decoder):
    requests, captions = make_requests(4), ["a man", "a woman", "b", "two people talk for a long while"]
    together = decoder.loss(requests, captions)
    single = [decoder.loss([request], [caption]) for request, caption in zip(requests, captions, strict=True)]
    assert together.tokens == sum(loss.tokens for loss in single)
    assert together.total.item() == pytest.approx(sum(loss.total.item() for loss in single), rel=1e-5)


def test_without_smoothing_the_loss_is_the_likelihood_of_each_token(decoder):
    """Oracle: log-probabilities of the target tokens, one step at a time as in generation."""
    decoder.label_smoothing = 0.0
    request, caption = make_requests(1)[0], "hi"
    network = decoder.networks["instance"]
    state = network.prefill(request.tokens[None], torch.ones(1, len(request.tokens), dtype=torch.bool))
    expected, word = 0.0, decoder.begin
    for target in [*decoder.tokenizer(caption, add_special_tokens=False)["input_ids"], decoder.end]:
        logits, state = network.extend(torch.tensor([[word]]), state)
        expected -= logits[0, 0].log_softmax(-1)[target].item()
        word = target
    loss = decoder.loss([request], [caption])
    assert loss.tokens == 3
    assert loss.total.item() == pytest.approx(expected, rel=1e-5)


def test_a_caption_too_long_keeps_its_first_words_and_is_not_taught_to_end(decoder):
    request = make_requests(1)
    whole, cut = "abcdefghijk", "abcdefghijklmnop"
    assert decoder.loss(request, [whole]).tokens == 12, "eleven letters and the end token fit"
    assert decoder.loss(request, [cut]).tokens == 12
    assert decoder.loss(request, [cut]).total != decoder.loss(request, [whole]).total
    longer = decoder.loss(request, [cut + " and on and on"])
    assert longer.total == decoder.loss(request, [cut]).total


def test_blank_captions_have_no_target(decoder):
    loss = decoder.loss(make_requests(2), ["", "  "])
    assert loss.tokens == 0
    loss.total.backward()
    assert loss.total.item() == 0.0


def test_gradient_reaches_every_weight_and_the_features(decoder):
    requests = make_requests(3)
    for request in requests:
        request.tokens.requires_grad_(True)
    decoder.train().loss(requests, ["a man walks", "a woman", "he runs"]).total.backward()
    for name, parameter in decoder.named_parameters():
        assert parameter.grad is not None, name
        # A key's bias adds the same to all scores of a query, which the softmax ignores.
        if not name.endswith("attention.key.bias"):
            assert parameter.grad.abs().sum() > 0, name
    assert all(request.tokens.grad.abs().sum() > 0 for request in requests)


@learning()
def test_it_learns_captions_by_heart(seed):
    torch.manual_seed(seed)
    decoder = SmoterDecoder(tiny_tokenizer(), dim=DIM, max_new_tokens=8, dropout=0.0, **SIZES)
    requests, captions = make_requests(3), ["a man", "he runs", "a woman"]
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=3e-3)
    for _ in range(80):
        optimizer.zero_grad()
        decoder.loss(requests, captions).total.backward()
        optimizer.step()
    assert decoder.eval().generate(requests) == captions


def test_padding_changes_no_logit(network):
    visual, text = torch.randn(2, 5, DIM), torch.randint(30, (2, 6))
    real = torch.ones(2, 5, dtype=torch.bool)
    expected = network(visual, real, text)
    padded = torch.cat([visual, 100 * torch.randn(2, 3, DIM)], dim=1)
    mask = torch.cat([real, torch.zeros(2, 3, dtype=torch.bool)], dim=1)
    torch.testing.assert_close(network(padded, mask, text), expected, atol=1e-5, rtol=0)


def test_no_logit_depends_on_later_text(network):
    visual, mask, text = torch.randn(1, 4, DIM), torch.ones(1, 4, dtype=torch.bool), torch.randint(30, (1, 8))
    changed = text.clone()
    changed[:, 5:] = (text[:, 5:] + 1) % 30
    before, after = network(visual, mask, text), network(visual, mask, changed)
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert (before[:, 5:] - after[:, 5:]).abs().max() > 1e-3


def test_writing_in_any_pieces_gives_the_logits_of_one_pass(network):
    visual, mask, text = torch.randn(2, 4, DIM), torch.ones(2, 4, dtype=torch.bool), torch.randint(30, (2, 9))
    mask[1, 2:] = False
    state, parts = network.prefill(visual, mask), []
    for piece in text.split([1, 3, 2, 1, 2], dim=1):
        logits, state = network.extend(piece, state)
        parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, dim=1), network(visual, mask, text), atol=1e-5, rtol=0)


def test_text_sees_real_visual_tokens_and_the_text_up_to_itself():
    mask = text_mask(torch.tensor([[True, True, False]]), start=1, length=2)
    # Columns: three visual tokens, then text 0, 1, 2; rows: text 1, 2.
    assert mask[0, 0].int().tolist() == [[1, 1, 0, 1, 1, 0], [1, 1, 0, 1, 1, 1]]


def one_word_network(word: int) -> SmoterTransformer:
    """A network that finds `word` the likeliest and the next one second, whatever stands before."""
    network = SmoterTransformer(30, dim=DIM, **SIZES).eval()
    with torch.no_grad():
        network.words.weight.zero_()
        network.output_bias[word], network.output_bias[word + 1] = 4.0, 2.0
    return network


@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize(("no_repeat", "expected"), [(True, [1, 7, 8, 7, 8]), (False, [1, 7, 7, 7, 7])])
def test_no_word_is_written_twice_in_a_row_unless_allowed(no_repeat, expected, use_cache):
    visual, mask = torch.randn(1, 3, DIM), torch.ones(1, 3, dtype=torch.bool)
    text = search(
        one_word_network(7), visual, mask, begin=1, end=2, max_new_tokens=4, no_repeat=no_repeat, use_cache=use_cache
    )
    assert text.tokens.tolist() == [expected]


def test_log_probability_is_the_mean_over_the_words_written():
    visual, mask = torch.randn(1, 3, DIM), torch.ones(1, 3, dtype=torch.bool)
    text = search(one_word_network(7), visual, mask, begin=1, end=2, max_new_tokens=5, no_repeat=False)
    bias = torch.zeros(30)
    bias[7], bias[8] = 4.0, 2.0
    assert text.log_probs.item() == pytest.approx(bias.log_softmax(0)[7].item(), abs=1e-5)


def test_a_caption_stops_at_the_end_token():
    visual, mask = torch.randn(2, 3, DIM), torch.ones(2, 3, dtype=torch.bool)
    text = search(one_word_network(2), visual, mask, begin=1, end=2)
    assert text.tokens.tolist() == [[1, 2], [1, 2]]


def test_the_tokens_that_open_and_close_a_caption():
    tokenizer = tiny_tokenizer()
    assert begin_and_end(tokenizer) == (1, 2)
    tokenizer.cls_token, tokenizer.sep_token = "a", "b"
    assert begin_and_end(tokenizer) == tuple(tokenizer.convert_tokens_to_ids(["a", "b"]))
    tokenizer = tiny_tokenizer()
    tokenizer.bos_token = None
    assert begin_and_end(tokenizer) == (2, 2)
    tokenizer.eos_token = None
    with pytest.raises(ValueError, match="no end token"):
        begin_and_end(tokenizer)


@pytest.mark.parametrize("max_new_tokens", [0, 1025])
def test_captions_without_places_are_refused(max_new_tokens):
    with pytest.raises(ValueError, match=f"max_new_tokens is {max_new_tokens}"):
        SmoterDecoder(tiny_tokenizer(), dim=DIM, max_new_tokens=max_new_tokens, **SIZES)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="hidden is 32 and heads is 5"):
        SmoterTransformer(30, dim=DIM, hidden=32, heads=5)


def test_it_is_built_from_the_configuration(tmp_path, monkeypatch):
    config = DecoderConfig(
        name="smoter",
        max_new_tokens=5,
        generation=GenerationConfig(num_beams=3),
        smoter=SmoterConfig(tokenizer=str(save_tiny_language_model(tmp_path)), label_smoothing=0.2),
    )
    # The language model's weights are not needed.
    (tmp_path / "model.safetensors").unlink()
    monkeypatch.setattr(SmoterDecoder, "__init__", partialmethod(SmoterDecoder.__init__, **SIZES, no_repeat=False))
    decoder = build_decoder(config, DIM)
    assert isinstance(decoder, SmoterDecoder)
    assert (decoder.label_smoothing, decoder.no_repeat, decoder.max_new_tokens) == (0.2, False, 5)
    assert decoder.decoding == Decoding(num_beams=3)
    network = decoder.networks["video"]
    assert len(network.layers) == SIZES["layers"]
    assert network.layers[0].feedforward[0].out_features == SIZES["feedforward"]
    assert all(len(caption) <= 5 for caption in decoder.eval().generate(make_requests(3)))
    with pytest.raises(ValueError, match="max_new_tokens"):
        build_decoder(replace(config, max_new_tokens=0), DIM)
