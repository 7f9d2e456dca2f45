"""Generation: shared prefixes, merged LoRA, a lean loop. None of them may change a caption."""

import pytest
import torch
from tiny import tiny_llama, tiny_tokenizer
from torch import nn
from transformers import DynamicCache, MistralConfig, MistralForCausalLM
from transformers.cache_utils import DynamicLayer

from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.generation import Decoding, generate_ids
from smot_vlm.semantics.greedy import PromptRow
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.prefix_cache import PreallocatedLayer, pad_left, prefill_prefixes

DIM = 16
PROMPTS = ("Tell me of <visual>, please.", "<visual>", "Say at some length what is to be seen here: <visual>")


def make_decoder(language_model: nn.Module | None = None, **options) -> LoraLM:
    torch.manual_seed(1)
    tokenizer = tiny_tokenizer()
    options = {"dim": DIM, "soft_tokens": 3, "lora_rank": 2, "max_new_tokens": 14} | options
    decoder = LoraLM(language_model or tiny_llama(len(tokenizer)), tokenizer, **options)
    # LoRA starts as the identity; random B matrices make it take part.
    for name, parameter in decoder.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.2)
    return decoder.eval()


def make_requests(count: int) -> list[CaptionRequest]:
    generator = torch.Generator().manual_seed(7)
    tasks = ["video", *["instance"] * (count - 1)]
    return [
        CaptionRequest(task, torch.randn(4 + 3 * index, DIM, generator=generator), PROMPTS[index % len(PROMPTS)])
        for index, task in enumerate(tasks)
    ]


def oracle(decoder: LoraLM, requests: list[CaptionRequest], **options) -> list[str]:
    """Transformers' own generation, one caption at a time, the whole prompt read, LoRA apart from the weights."""
    captions = []
    for request in requests:
        prompt = decoder.prompt_rows([request])[0]
        row = torch.cat([decoder._embed(prompt.prefix), prompt.rest])[None]
        ids = decoder.language_model.generate(
            inputs_embeds=row,
            attention_mask=torch.ones(row.shape[:2], dtype=torch.long),
            max_new_tokens=decoder.max_new_tokens,
            **{"do_sample": False, "pad_token_id": 0, "eos_token_id": decoder.end, **options},
        )
        captions.append(" ".join(decoder.tokenizer.batch_decode(ids, skip_special_tokens=True)[0].split()))
    return captions


@pytest.fixture(scope="module")
def requests() -> list[CaptionRequest]:
    return make_requests(7)


@pytest.fixture(scope="module")
def expected(requests) -> list[str]:
    captions = oracle(make_decoder(), requests)
    assert len(set(captions)) > 4, "the rows must differ for this to be a test"
    return captions


@pytest.mark.parametrize("merge_lora", [False, True])
@pytest.mark.parametrize("max_batch", [1, 3, 32])
def test_greedy_captions_are_those_of_the_plain_way(requests, expected, merge_lora, max_batch):
    assert make_decoder(merge_lora=merge_lora, max_batch=max_batch).generate(requests) == expected


def test_finished_rows_are_dropped_and_leave_the_others_alone(requests):
    """The end token is set to one that some rows write early and others never."""
    decoder = make_decoder(max_new_tokens=30)
    generated = all_ids(decoder, requests, end=-1)
    end = generated[0][4]
    cut = [row[: row.index(end)] if end in row else row for row in generated]
    assert len({len(row) for row in cut}) > 1, "the rows must end at different times for this to be a test"
    with count_rows(decoder) as rows:
        assert all_ids(decoder, requests, end=end) == cut
    lengths = [len(row) for row in cut]
    # One pass over the prefixes and one over the rest of the prompts; then a row is computed for each of its tokens.
    assert sum(rows) == len(PROMPTS) + len(requests) + sum(min(length, 29) for length in lengths)


def test_a_shared_prefix_is_read_once():
    request = make_requests(2)[1]
    requests = [CaptionRequest("instance", request.tokens * scale, PROMPTS[2]) for scale in (1.0, 0.5, -1.0)]
    decoder = make_decoder(max_batch=2, max_new_tokens=1)
    (prefix, rest) = (len(ids) for ids in decoder._split(PROMPTS[2]))
    with count_rows(decoder, tokens=True) as tokens:
        decoder.generate(requests)
    assert prefix > 20
    assert tokens == [prefix, 2 * (3 + rest), 3 + rest]


def test_prefixes_may_be_empty_or_differ_in_length():
    decoder = make_decoder(merge_lora=False)
    rests = [row.rest for row in decoder.prompt_rows(make_requests(4))]
    prefixes = [(), (5, 6, 7), (9,), (5, 6, 7)]
    rows = [PromptRow(prefix, rest) for prefix, rest in zip(prefixes, rests, strict=True)]
    together = ids_of(decoder, rows)
    assert together == [ids_of(decoder, [row])[0] for row in rows]
    whole = [PromptRow((), torch.cat([decoder._embed(row.prefix), row.rest])) for row in rows]
    assert together == ids_of(decoder, whole)


def test_prefilled_prefixes_are_what_a_whole_pass_gives():
    model = tiny_llama(40).requires_grad_(False)
    prefixes = [(4, 5, 6, 7), (8, 9)]
    read = prefill_prefixes(model, prefixes)
    for place, ids in enumerate(prefixes):
        cache = DynamicCache(config=model.config)
        model(input_ids=torch.tensor([ids]), past_key_values=cache, use_cache=True)
        for (keys, values), layer in zip(read.layers, cache.layers, strict=True):
            assert torch.allclose(keys[place, :, read.mask[place]], layer.keys[0], atol=1e-5)
            assert torch.allclose(values[place, :, read.mask[place]], layer.values[0], atol=1e-5)


def test_expanding_leaves_the_prefixes_for_the_next_batch():
    read = prefill_prefixes(tiny_llama(40).requires_grad_(False), [(4, 5, 6), (8,)])
    kept = [keys.clone() for keys, _ in read.layers]
    cache, mask = read.expand([(8,), (4, 5, 6), (8,)])
    assert mask.tolist() == [[False, False, True], [True, True, True], [False, False, True]]
    cache.layers[0].update(torch.ones(3, 2, 1, 8), torch.ones(3, 2, 1, 8))
    cache.layers[0].keys.zero_()
    assert all(torch.equal(keys, before) for (keys, _), before in zip(read.layers, kept, strict=True))


def test_a_preallocated_layer_holds_what_a_dynamic_one_holds():
    generator = torch.Generator().manual_seed(0)
    preallocated, plain = PreallocatedLayer(), DynamicLayer()
    rows = 4
    for tokens in (3, 1, 1, 80, 1, 1):
        keys, values = (torch.randn(rows, 2, tokens, 5, generator=generator) for _ in range(2))
        for got, wanted in zip(preallocated.update(keys, values), plain.update(keys, values), strict=True):
            assert torch.equal(got, wanted)
        assert preallocated.get_seq_length() == plain.get_seq_length()
        if rows == 4 and tokens == 80:
            rows = 2
            for layer in (preallocated, plain):
                layer.batch_select_indices(torch.tensor([2, 0]))


def test_a_sliding_window_is_generated_by_transformers_itself(requests):
    config = MistralConfig(
        vocab_size=259, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, sliding_window=16, initializer_range=0.3,
    )  # fmt: skip
    torch.manual_seed(0)
    decoder = make_decoder(MistralForCausalLM(config))
    assert decoder.generate(requests[:3]) == oracle(decoder, requests[:3])


def test_the_models_own_generation_config_changes_nothing(requests, expected):
    decoder = make_decoder()
    decoder.language_model.generation_config.repetition_penalty = 5.0
    assert decoder.generate(requests) == expected
    decoder.decoding = Decoding(num_beams=2)
    penalised = decoder.generate(requests)
    assert penalised == make_decoder(decoding=Decoding(num_beams=2)).generate(requests)


def test_beam_search_is_that_of_transformers(requests, expected):
    decoder = make_decoder(decoding=Decoding(num_beams=3))
    captions = decoder.generate(requests)
    assert captions == oracle(decoder, requests, num_beams=3)
    assert captions != expected


def test_drawn_words_follow_the_seed_and_leave_the_global_generator_alone(requests):
    decoder = make_decoder(decoding=Decoding(temperature=1.0, top_p=0.9, seed=3))
    torch.manual_seed(11)
    wanted = torch.rand(2)
    torch.manual_seed(11)
    first = decoder.generate(requests)
    assert torch.equal(torch.rand(2), wanted)
    assert decoder.generate(requests) == first
    decoder.decoding = Decoding(temperature=1.0, top_p=0.9, seed=4)
    assert decoder.generate(requests) != first


def test_hardly_any_temperature_is_greedy(requests, expected):
    assert make_decoder(decoding=Decoding(temperature=1e-4)).generate(requests) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_beams": 0}, "num_beams is 0"),
        ({"temperature": -1.0}, "temperature is -1"),
        ({"top_p": 0.0}, "top_p is 0"),
        ({"num_beams": 2, "temperature": 0.5}, "one of the two"),
    ],
)
def test_settings_out_of_range_are_told(options, message):
    with pytest.raises(ValueError, match=message):
        Decoding(**options)


def all_ids(decoder: LoraLM, requests: list[CaptionRequest], end: int) -> list[list[int]]:
    return ids_of(decoder, decoder.prompt_rows(requests), end)


@torch.inference_mode()
def ids_of(decoder: LoraLM, rows: list[PromptRow], end: int = 2) -> list[list[int]]:
    with decoder._generation_model() as model:
        return generate_ids(
            model, rows, Decoding(), max_new_tokens=decoder.max_new_tokens, max_batch=32, end=end, pad=0
        )


class count_rows:
    """Rows (or rows times tokens) of each pass through the merged model's first layer."""

    def __init__(self, decoder: LoraLM, tokens: bool = False) -> None:
        self._decoder, self._tokens = decoder, tokens

    def __enter__(self) -> list[int]:
        counts: list[int] = []

        def note(module: nn.Module, inputs: tuple) -> None:
            rows, tokens = inputs[0].shape[:2]
            counts.append(rows * tokens if self._tokens else rows)

        with self._decoder._generation_model() as model:
            self._hook = model.model.layers[0].register_forward_pre_hook(note)
        return counts

    def __exit__(self, *error: object) -> None:
        self._hook.remove()


def test_rows_are_padded_on_the_left():
    padded, mask = pad_left([torch.ones(2, 3), torch.ones(4, 3)])
    assert padded.shape == (2, 4, 3)
    assert mask.tolist() == [[False, False, True, True], [True, True, True, True]]
    assert padded[0, :2].abs().sum() == 0


def test_logits_that_are_no_numbers_are_said(requests):
    decoder = make_decoder(merge_lora=False)
    with torch.no_grad():
        decoder.language_model.get_base_model().model.norm.weight.fill_(torch.nan)
    with pytest.raises(ValueError, match="numbers that are not finite; its values may be too large for fp16"):
        decoder.generate(requests)
