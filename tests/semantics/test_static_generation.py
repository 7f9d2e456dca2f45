"""Words from compiled steps of fixed shape: none of it may change a caption."""

import functools
import gc
import logging
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import jaxtyping
import pretended_device as device
import pytest
import torch
from tiny import tiny_llama, tiny_tokenizer
from torch import nn
from transformers import MistralConfig, MistralForCausalLM

from smot_vlm.config import DecoderConfig, GenerationConfig
from smot_vlm.models.decoders import build_decoder
from smot_vlm.semantics import static_generation
from smot_vlm.semantics.connectives import NO_CONNECTIVES, Connectives
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.generation import Decoding, generate_ids
from smot_vlm.semantics.greedy import PromptRow
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.static_generation import StaticSteps
from smot_vlm.semantics.static_shape import StaticShape
from smot_vlm.semantics.word_progress import listening
from smot_vlm.system.files import shipped_folder

DIM = 16
PREFIXES = [(), (5, 6, 7), (9,), tuple(range(20, 60))]
COMPILE = Decoding(compile=True)


@pytest.fixture(autouse=True, scope="module")
def nothing_checks_types():
    """Torch cannot compile what checks the shapes and types of every function."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
    torch._dynamo.reset()


class CountingBackend:
    """Runs what it is given as it is, and counts how often that is."""

    def __init__(self) -> None:
        self.graphs = 0

    def __call__(self, graph: torch.fx.GraphModule, _inputs: list) -> object:
        self.graphs += 1
        return graph.forward


def make_model(**options) -> nn.Module:
    return tiny_llama(80, **options).requires_grad_(False)


def make_rows(count: int) -> list[PromptRow]:
    generator = torch.Generator().manual_seed(3)
    return [
        PromptRow(PREFIXES[row % len(PREFIXES)], torch.randn(2 + row % 5, 32, generator=generator))
        for row in range(count)
    ]


@torch.inference_mode()
def ids_of(model, rows, static=None, *, end=-1, max_new_tokens=20, connectives=NO_CONNECTIVES, max_batch=32):
    return generate_ids(
        model, rows, Decoding(), max_new_tokens=max_new_tokens, max_batch=max_batch, end=end, pad=0,
        connectives=connectives, static=static,
    )  # fmt: skip


@pytest.mark.parametrize("words_ahead", [None, 7])
def test_words_are_those_of_the_other_way(words_ahead):
    model = make_model()
    static = StaticSteps(model, backend="eager", words_ahead=words_ahead)
    for count in (1, 3, 5, 9):
        rows = make_rows(count)
        whole = ids_of(model, rows)
        # As the end the token that one row begins with, so that it is empty, and one that some rows write and others do not.
        for end in (whole[0][0], whole[-1][4], -1):
            assert ids_of(model, rows, static, end=end) == ids_of(model, rows, end=end)
    assert ids_of(model, rows, static, end=whole[0][0])[0] == []
    lengths = {len(caption) for caption in ids_of(model, rows, static, end=whole[-1][4])}
    assert len(lengths) > 2, "the rows must end at different times for this to be a test"
    assert len({tuple(caption) for caption in whole}) > 6, "the rows must differ for this to be a test"


def test_batches_follow_each_other_in_the_same_memory():
    model, rows = make_model(), make_rows(9)
    static = StaticSteps(model, backend="eager")
    assert ids_of(model, rows, static, max_batch=4) == ids_of(model, rows)
    assert ids_of(model, rows[::-1], static, max_batch=4) == ids_of(model, rows)[::-1]


@pytest.mark.parametrize("max_new_tokens", [1, 2, 3, 6])
def test_captions_have_at_most_so_many_words(max_new_tokens):
    model, rows, backend = make_model(), make_rows(3), CountingBackend()
    static = StaticSteps(model, backend=backend, words_ahead=4)
    captions = ids_of(model, rows, static, max_new_tokens=max_new_tokens)
    assert captions == ids_of(model, rows, max_new_tokens=max_new_tokens)
    assert {len(caption) for caption in captions} == {max_new_tokens}
    assert backend.graphs == (max_new_tokens > 1), "the first word comes from the prompt"


def test_connectives_count_as_one():
    model, rows = make_model(), make_rows(5)
    model.get_output_embeddings().weight.mul_(0.2)  # words nearly as likely as each other
    connectives = Connectives((10, 20, 30, 40))
    static = StaticSteps(model, backend="eager")
    expected = ids_of(model, rows, connectives=connectives)
    assert expected != ids_of(model, rows)
    assert ids_of(model, rows, static, connectives=connectives) == expected
    assert ids_of(model, rows, static) == ids_of(model, rows), "they are asked for anew in each call"


def test_batches_padded_alike_are_compiled_once():
    model, backend = make_model(), CountingBackend()
    static = StaticSteps(model, backend=backend)
    for count in (5, 6, 7, 8):
        ids_of(model, make_rows(count), static)
        ids_of(model, make_rows(count), static, max_new_tokens=9)
    assert backend.graphs == 1
    ids_of(model, make_rows(3), static)
    ids_of(model, make_rows(4), static)
    assert backend.graphs == 2
    ids_of(model, make_rows(4), static, max_new_tokens=128)
    assert backend.graphs == 3, "longer captions need more memory"


def test_more_shapes_are_compiled_than_torch_allows_a_function():
    model, backend = make_model(layers=1), CountingBackend()
    static = StaticSteps(model, backend=backend)
    most = torch._dynamo.config.recompile_limit
    shapes = [(1, 300), *((count, words) for words in (4, 130) for count in (1, 2, 4, 8))]
    for count, words in shapes:
        rows = make_rows(count)
        end = ids_of(model, rows[:1], max_new_tokens=4)[0][-1]
        expected = ids_of(model, rows, end=end, max_new_tokens=words)
        assert ids_of(model, rows, static, end=end, max_new_tokens=words) == expected
    assert backend.graphs == len(shapes) > most


def test_attention_that_takes_other_masks():
    model, rows = make_model(), make_rows(5)
    model.set_attn_implementation("eager")
    backend = CountingBackend()
    assert ids_of(model, rows, StaticSteps(model, backend=backend)) == ids_of(model, rows)
    assert backend.graphs == 1


def test_lower_precision_has_memory_of_its_own():
    """Under autocast keys and values differ in type."""
    model, rows = make_model(), make_rows(3)
    static = StaticSteps(model, backend="eager")
    expected = ids_of(model, rows)
    assert ids_of(model, rows, static) == expected
    with torch.autocast("cpu", torch.bfloat16):
        lower = ids_of(model, rows)
        assert ids_of(model, rows, static) == lower != expected
    assert ids_of(model, rows, static) == expected
    assert not static._refused


def without_number(model: nn.Module, token: int) -> None:
    """Who reads the token gives logits that are no numbers from then on; the output layer has weights of its own."""
    embeddings = nn.Embedding(80, 32)
    embeddings.weight.data = model.get_input_embeddings().weight.data.clone()
    embeddings.weight.data[token] = torch.nan
    model.model.embed_tokens = embeddings.requires_grad_(False)


def test_logits_that_are_no_numbers_are_said_and_not_kept():
    model, rows = make_model(), make_rows(3)
    whole = ids_of(model, rows)
    seen = {token for prefix in PREFIXES for token in prefix}
    token = next(token for token in whole[1][1:] if token not in seen)
    kept = model.get_input_embeddings()
    static = StaticSteps(model, backend="eager", words_ahead=4)
    without_number(model, token)
    for steps in (None, static):
        with pytest.raises(ValueError, match="numbers that are not finite; its values may be too large for fp16"):
            ids_of(model, rows, steps)
    model.model.embed_tokens = kept
    assert ids_of(model, rows, static) == whole, "memory with what is no number is cleared"


def test_a_step_can_be_recorded_as_a_cuda_graph(monkeypatch):
    """Torch records no graph of what writes to memory that may move; what a graph returns the next run would write over."""
    from functorch.compile import make_boxed_func
    from torch._functorch import config
    from torch._inductor import compile_fx

    seen: list[tuple[int, set[int], list]] = []

    def look(graph: torch.fx.GraphModule, inputs: list, *, static_input_idxs: list[int], **_options) -> object:
        places = {node: place for place, node in enumerate(graph.graph.find_nodes(op="placeholder"))}
        copies = graph.graph.find_nodes(op="call_function", target=torch.ops.aten.copy_.default)
        written = {places[node.args[0]] for node in copies}
        seen.append((len(written), written - set(static_input_idxs), list(graph.graph.output_node().args[0])))
        return make_boxed_func(graph.forward)

    monkeypatch.setattr(config, "enable_autograd_cache", False)
    model, rows = make_model(), make_rows(3)
    static = StaticSteps(model, backend=functools.partial(compile_fx.compile_fx, inner_compile=look))
    assert ids_of(model, rows, static) == ids_of(model, rows)
    # Keys and values of two layers, and the token, its position, the mask, the place and the words.
    assert seen == [(2 * 2 + 5, set(), [])]


def test_captions_of_several_threads_are_not_mixed(monkeypatch):
    step = StaticShape.step

    def unhurried(shape: StaticShape) -> None:
        time.sleep(0.001)
        step(shape)

    monkeypatch.setattr(StaticShape, "step", unhurried)
    model = make_model()
    static = StaticSteps(model, backend="eager")
    batches = [make_rows(9)[start : start + 3] for start in (0, 3, 6)]
    ids_of(model, batches[0], static)
    with ThreadPoolExecutor(3) as pool:
        written = list(pool.map(lambda rows: [ids_of(model, rows, static) for _ in range(3)], batches))
    assert written == [[ids_of(model, rows)] * 3 for rows in batches]


def test_what_is_written_behind_an_end_is_ignored():
    """Rows go on being computed behind their end: here they would read a token that makes their logits no numbers."""
    model, rows = make_model(), make_rows(3)
    whole = ids_of(model, rows)
    end = next(token for token in whole[1][1:] if token not in {other for prefix in PREFIXES for other in prefix})
    without_number(model, end)
    captions = ids_of(model, rows, StaticSteps(model, backend="eager", words_ahead=4), end=end)
    assert captions == [row[: row.index(end)] if end in row else row for row in whole]


def test_progress_is_told_as_without():
    model, rows = make_model(), make_rows(7)
    end = ids_of(model, rows)[0][6]
    told: list[list[tuple[int, int]]] = []
    for static in (None, StaticSteps(model, backend="eager", words_ahead=4)):
        told.append([])
        with listening(lambda *steps: told[-1].append(steps)):
            ids_of(model, rows, static, end=end, max_batch=4)
    assert told[0] == told[1]
    assert told[0][-1][0] == told[0][-1][1]


def test_a_model_that_cannot_be_compiled_writes_all_the_same(caplog):
    def broken(graph: torch.fx.GraphModule, _inputs: list) -> object:
        raise RuntimeError("no compiler is here")

    model, rows = make_model(), make_rows(3)
    static = StaticSteps(model, backend=broken)
    with caplog.at_level(logging.WARNING):
        assert ids_of(model, rows, static) == ids_of(model, rows)
        assert ids_of(model, rows, static) == ids_of(model, rows)
    told = [record.message for record in caplog.records if "cannot be compiled" in record.message]
    assert len(told) == 1, "it is tried once"
    assert "no compiler is here" in told[0]


def test_it_is_said_once_that_it_pays_on_gpus(caplog):
    static_generation._say_where_it_pays.cache_clear()
    model = make_model()
    with caplog.at_level(logging.WARNING):
        for count in (1, 2):
            ids_of(model, make_rows(count), StaticSteps(model, backend="eager"))
    assert [record.message for record in caplog.records if "pays" in record.message] == [
        "decoder.generation.compile pays on CUDA GPUs; on this device (cpu) it costs time"
    ]


def make_decoder(**options) -> LoraLM:
    torch.manual_seed(1)
    tokenizer = tiny_tokenizer()
    decoder = LoraLM(tiny_llama(len(tokenizer)), tokenizer, dim=DIM, soft_tokens=3, lora_rank=2, **options)
    shake(decoder)
    decoder.max_new_tokens = 14
    return decoder.eval()


def shake(decoder: LoraLM) -> None:
    """LoRA starts as the identity; random B matrices make it take part."""
    for name, parameter in decoder.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.2)


def make_requests(count: int) -> list[CaptionRequest]:
    generator = torch.Generator().manual_seed(7)
    prompts = ("Tell me of <visual>, please.", "<visual>")
    return [
        CaptionRequest("instance", torch.randn(4 + row, DIM, generator=generator), prompts[row % 2])
        for row in range(count)
    ]


@pytest.fixture
def backend(monkeypatch) -> CountingBackend:
    counting = CountingBackend()
    monkeypatch.setattr(static_generation, "StaticSteps", functools.partial(StaticSteps, backend=counting))
    return counting


@pytest.mark.parametrize("merge_lora", [True, False])
def test_a_decoder_writes_the_same_captions(merge_lora, backend):
    decoder, requests = make_decoder(merge_lora=merge_lora), make_requests(5)
    expected = decoder.generate(requests)
    decoder.decoding = COMPILE
    assert decoder.generate(requests) == expected
    assert decoder.generate(requests[:3]) == expected[:3]
    assert decoder.generate(requests) == expected
    assert backend.graphs == 2, "what was compiled is kept"


def test_changed_weights_are_written_with_and_old_ones_freed(backend):
    decoder, requests = make_decoder(decoding=COMPILE), make_requests(3)
    before = decoder.generate(requests)
    freed = weakref.ref(decoder._merged.model)
    with torch.no_grad():
        shake(decoder)
    after = decoder.generate(requests)
    decoder.decoding = Decoding()
    assert before != after == decoder.generate(requests)
    assert backend.graphs == 1, "weights are no part of what is compiled"
    gc.collect()
    assert freed() is None
    decoder.decoding = COMPILE
    decoder.generate(requests)
    freed = weakref.ref(decoder._merged.model)
    decoder.train()
    gc.collect()
    assert freed() is None, "training frees the copy"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (DecoderConfig(name="smoter"), "compile goes with lora-lm; decoder.name is 'smoter'"),
        (DecoderConfig(name="vision-language"), "compile goes with lora-lm; decoder.name is 'vision-language'"),
    ],
)
def test_other_decoders_refuse_it(config, message):
    with pytest.raises(ValueError, match=message):
        build_decoder(replace(config, generation=GenerationConfig(compile=True)), DIM)


@pytest.mark.parametrize("options", [{"num_beams": 2}, {"temperature": 0.5}])
def test_only_greedy_decoding_takes_it(options):
    with pytest.raises(ValueError, match="compile goes with greedy decoding"):
        Decoding(compile=True, **options)


def test_words_in_8_bits_are_not_compiled(backend, caplog):
    static_generation._say_int8_is_not_compiled.cache_clear()
    decoder, requests = make_decoder(int8=True), make_requests(3)
    expected = decoder.generate(requests)
    decoder.decoding = COMPILE
    with caplog.at_level(logging.WARNING):
        assert [decoder.generate(requests) for _ in range(2)] == [expected] * 2
    assert backend.graphs == 0
    assert [record.message for record in caplog.records] == [
        "decoder.generation.compile goes with float32; captions are written in 8 bits here, as with false"
    ]


def test_language_models_that_cannot_are_refused():
    config = MistralConfig(
        vocab_size=259, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=2, sliding_window=16,
    )  # fmt: skip
    with pytest.raises(ValueError, match="this one has a sliding window"):
        LoraLM(MistralForCausalLM(config), tiny_tokenizer(), dim=DIM, decoding=COMPILE)


def waits_of_words(decoding: Decoding, words: int) -> int:
    """How often the writing of captions waits for a pretended device, none of which ends before `words`."""
    decoder = make_decoder(decoding=decoding)
    decoder.max_new_tokens, decoder.end = words, 10**6
    with device.pretended_device():
        device.move(decoder)
        requests = [replace(request, tokens=device.Pretended(request.tokens)) for request in make_requests(3)]
        decoder.generate(requests)
        device.waits.clear()
        decoder.generate(requests)
        return sum(device.waits.values())


def test_the_host_waits_once_in_four_words(monkeypatch):
    """Steps as they are, since nothing can be compiled for a device that is pretended."""
    monkeypatch.setattr(torch, "compile", lambda function, **_options: function)
    assert waits_of_words(COMPILE, 25) - waits_of_words(COMPILE, 5) == 5
    assert waits_of_words(Decoding(), 25) - waits_of_words(Decoding(), 5) == 20


@pytest.mark.slow
def test_words_are_the_same_by_compiled_kernels():
    model = make_model()
    static = StaticSteps(model, words_ahead=4)
    for count in (1, 3):
        assert ids_of(model, make_rows(count), static) == ids_of(model, make_rows(count))
    assert not static._refused


@pytest.mark.slow
@pytest.mark.shipped
def test_the_model_that_ships_tells_the_clip_that_ships_in_the_same_words():
    from smot_vlm.tracker import Tracker
    from smot_vlm.video.reader import open_video

    with open_video(Path(shipped_folder("assets")) / "demo.mp4", max_frames=60) as video:
        frames = list(video)
    captions = []
    for compiled in ("false", "true"):
        overrides = ["decoder.lora_lm.quantization=null", f"decoder.generation.compile={compiled}"]
        tracker = Tracker.from_pretrained("drawn", overrides=overrides, device="cpu")
        description = tracker.describe([frame.image for frame in frames])
        captions.append([description.caption, *(track.caption for track in description.tracks)])
    assert tracker.model.decoder._steps._steps._shapes, "steps were compiled"
    assert captions[0] == captions[1]
