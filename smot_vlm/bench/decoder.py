"""Generation speed: batches against single captions, the decoders side by side, and the limit of memory bandwidth.

A token needs every weight of the network once, whatever the batch, so the time to read the weights is the floor of a
step. The gap between the floor and a step of one row is measured in parts: the products with the weights alone (torch's
matrix-vector product does not reach the speed of a plain read), and the layers' many small operations.

Every contender generates the same number of tokens, with the end token disabled. All take turns within a round, and the
memory bandwidth is measured in each round, so that a busy machine slows all of them alike.
"""

import copy
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from smot_vlm.bench.machine import Clock, ReadSpeed, find_clock, spread
from smot_vlm.bench.video_words import VideoTiming, VideoWords, exactly
from smot_vlm.config import Config, load_config
from smot_vlm.models.decoders import build_lora_lm, build_smoter
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.generation import Decoding, transformers_ids
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.merging import merge
from smot_vlm.semantics.prefix_cache import PreallocatedCache, given_cache
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.semantics.smoter_decoder import SmoterDecoder
from smot_vlm.system.files import shipped_folder

BATCH = 8
NEW_TOKENS = 40
VISUAL_TOKENS = 184


@dataclass(frozen=True)
class DecoderTiming:
    """One decoder in one way of generating; medians of the repeats.

    Attributes:
        decoder: a key of DECODERS.
        way: of generating.
        batch: captions at once.
        captions: timed in a round.
        words: tokens of a caption.
        repeats: rounds.
        seconds_a_caption: its time, divided among the batch.
        captions_a_second: the inverse.
        weight_megabytes: that a token needs.
        floor_seconds_a_caption: time to read them once a token, divided among the batch.
        ratio_to_floor: seconds_a_caption over the floor.
        spread: (largest - smallest) / median of the repeats.
    """

    decoder: str
    way: str
    batch: int
    captions: int
    words: int
    repeats: int
    seconds_a_caption: float
    captions_a_second: float
    weight_megabytes: float
    floor_seconds_a_caption: float
    ratio_to_floor: float
    spread: float


@dataclass(frozen=True)
class StepTiming:
    """A part of the time between the floor and a token of "lora-lm"; medians.

    Attributes:
        batch: rows of a step.
        what: the part.
        milliseconds: of a step.
        ratio_to_floor: over the time to read the weights.
    """

    batch: int
    what: str
    milliseconds: float
    ratio_to_floor: float


@dataclass(frozen=True)
class DecoderBenchmark:
    """All timings.

    Attributes:
        read_gigabytes_per_second: memory bandwidth, the median over the rounds.
        timings: of the decoders.
        steps: parts of a step of "lora-lm".
        videos: one record, the words of a video.
        speed_up: of a batch over single captions, by decoder.
        same_text: whether a batch gave the captions of its rows one by one, by decoder.
    """

    read_gigabytes_per_second: float
    timings: tuple[DecoderTiming, ...]
    steps: tuple[StepTiming, ...]
    videos: tuple[VideoTiming, ...]
    speed_up: dict[str, float]
    same_text: dict[str, bool]


@dataclass(frozen=True, eq=False)
class Contender:
    """One decoder in one way of generating.

    Attributes:
        decoder: a key of DECODERS.
        way: of generating.
        batch: captions at once.
        captions: requests of a round.
        weight_bytes: see `weight_bytes`.
        write: generates the captions of requests.
    """

    decoder: str
    way: str
    batch: int
    captions: int
    weight_bytes: int
    write: Callable[[Sequence[CaptionRequest]], list[str]]


def run(
    config: Config | None = None,
    *,
    batch: int = BATCH,
    words: int = NEW_TOKENS,
    repeats: int = 3,
    clock: str = "wall",
    progress: Callable[[int, int], None] | None = None,
) -> DecoderBenchmark:
    """Time the decoders of a configuration, with random weights, which are as fast as trained ones.

    Args:
        config: None for that of the model "demo".
        batch: captions of a batch.
        words: tokens of each caption.
        repeats: rounds.
        clock: a key of CLOCKS.
        progress: called with the rounds done and all rounds.

    Returns:
        The timings.

    Raises:
        FileNotFoundError: the language model is found nowhere.
        ValueError: repeats, batch or words below one, an unknown clock.
    """
    for name, value in (("repeats", repeats), ("batch", batch), ("words", words)):
        if value < 1:
            raise ValueError(f"{name} is {value}; give at least 1")
    config = config or load_config(shipped_folder("configs") / "demo.yaml")
    torch.manual_seed(0)
    lora_lm = build_lora_lm(config.decoder, config.features.dim).eval()
    # The paper's decoder does not add up connectives, which cost a step nothing that is measured here, nor is it compiled.
    plain = replace(config.decoder.generation, connectives=(), compile=False)
    smoter = build_smoter(replace(config.decoder, generation=plain), config.features.dim).eval()
    requests = make_requests(batch, config.features.dim)
    return time_decoders(lora_lm, smoter, requests, words=words, repeats=repeats, clock=clock, progress=progress)


def make_requests(count: int, dim: int) -> list[CaptionRequest]:
    """Requests with random visual tokens, as many each as the released decoder reads.

    Args:
        count: requests.
        dim: width of the tokens.

    Returns:
        The same at each call.
    """
    generator = torch.Generator().manual_seed(0)
    prompt = Prompts().render("instance_caption")
    return [
        CaptionRequest("instance", torch.randn(VISUAL_TOKENS, dim, generator=generator), prompt) for _ in range(count)
    ]


def time_decoders(
    lora_lm: LoraLM,
    smoter: SmoterDecoder,
    requests: Sequence[CaptionRequest],
    *,
    words: int,
    repeats: int,
    clock: str = "wall",
    progress: Callable[[int, int], None] | None = None,
) -> DecoderBenchmark:
    """`run` for two decoders.

    Args:
        lora_lm: in evaluation mode.
        smoter: in evaluation mode.
        requests: of a batch.
        words: tokens of each caption.
        repeats: rounds.
        clock: a key of CLOCKS.
        progress: called with the rounds done and all rounds.

    Returns:
        The timings.
    """
    now = find_clock(clock)
    int8 = in_int8(lora_lm)
    field = contenders(lora_lm, int8, smoter, len(requests))
    speed = ReadSpeed(now)
    steps = [StepCosts(lora_lm, batch, now) for batch in (1, len(requests))]
    video = VideoWords(lora_lm, requests, words, now)
    reads: list[float] = []
    seconds: list[list[float]] = [[] for _ in field]
    texts: list[list[str]] = [[] for _ in field]
    with torch.inference_mode(), exactly(words, lora_lm, int8, smoter):
        for contender in field:
            contender.write(requests[:1])
        for done in range(repeats):
            for index in _turn(len(field), done):
                reads.append(speed.measure())
                start = now()
                texts[index] = field[index].write(requests[: field[index].captions])
                seconds[index].append(now() - start)
            for step in steps:
                step.measure()
            video.measure()
            if progress is not None:
                progress(done + 1, repeats)
    bytes_a_second = statistics.median(reads)
    timings = [_timing(*entry, words, bytes_a_second) for entry in zip(field, seconds, strict=True)]
    whole = {(timing.decoder, timing.way, timing.batch): timing.seconds_a_caption for timing in timings}
    generated = {
        (contender.decoder, contender.way, contender.batch): text for contender, text in zip(field, texts, strict=True)
    }
    both = [(decoder, way, batch) for decoder, way, batch in whole if batch > 1 and (decoder, way, 1) in whole]
    return DecoderBenchmark(
        read_gigabytes_per_second=bytes_a_second / 1e9,
        timings=tuple(timings),
        steps=tuple(timing for step in steps for timing in step.timings(weight_bytes(lora_lm) / bytes_a_second)),
        videos=(video.timing(),),
        speed_up={f"{name}, {way}": whole[name, way, 1] / whole[name, way, batch] for name, way, batch in both},
        same_text={
            f"{name}, {way}": generated[name, way, 1] == generated[name, way, batch] for name, way, batch in both
        },
    )


def in_int8(decoder: LoraLM) -> LoraLM:
    """The same decoder, sharing every tensor, that generates in 8 bits.

    Args:
        decoder: in evaluation mode.

    Returns:
        Another object, so that the two can take turns.
    """
    other = copy.copy(decoder)
    other.int8 = True
    other.decoding = replace(other.decoding, compile=False)
    # Its merged copy is its own.
    return other.train().eval()


def contenders(lora_lm: LoraLM, int8: LoraLM, smoter: SmoterDecoder, batch: int) -> list[Contender]:
    """Every way of generating that is compared.

    Args:
        lora_lm: in evaluation mode.
        int8: of `in_int8`.
        smoter: in evaluation mode.
        batch: captions at once.

    Returns:
        In the order of the report.
    """

    def by_transformers(requests: Sequence[CaptionRequest]) -> list[str]:
        tokenizer = lora_lm.tokenizer
        ids = transformers_ids(
            lora_lm.language_model.get_base_model(), lora_lm.prompt_rows(requests), Decoding(),
            max_new_tokens=lora_lm.max_new_tokens, max_batch=len(requests), end=lora_lm.end, pad=tokenizer.pad_token_id,
        )  # fmt: skip
        return tokenizer.batch_decode(ids)

    def one_by_one(write: Callable[[Sequence[CaptionRequest]], list[str]]) -> Callable[..., list[str]]:
        return lambda requests: [caption for request in requests for caption in write([request])]

    def released(requests: Sequence[CaptionRequest]) -> list[str]:
        smoter.use_cache = False
        try:
            return smoter.generate(requests)
        finally:
            smoter.use_cache = True

    network = weight_bytes(smoter)
    language_model = weight_bytes(lora_lm)
    return [
        Contender("lora-lm", "default", batch, batch, language_model, lora_lm.generate),
        Contender("lora-lm", "default", 1, batch, language_model, one_by_one(lora_lm.generate)),
        Contender("lora-lm", "8 bits", batch, batch, weight_bytes(int8), int8.generate),
        Contender("lora-lm", "8 bits", 1, batch, weight_bytes(int8), one_by_one(int8.generate)),
        Contender("lora-lm", "transformers' generate", batch, batch, language_model, by_transformers),
        Contender("smoter", "key-value cache", batch, batch, network, smoter.generate),
        Contender("smoter", "key-value cache", 1, batch, network, one_by_one(smoter.generate)),
        # One caption: it is slow, and its time does not depend on how many there are.
        Contender("smoter", "as released", 1, 1, network, one_by_one(released)),
    ]


def weight_bytes(decoder: LoraLM | SmoterDecoder) -> int:
    """Bytes of the weights that a token needs: of the language model (LoRA merged), or of one task's network.

    A table of word embeddings counts if it is the output layer too; else a token needs one row of it. In 8 bits a linear
    layer takes a byte a weight.

    Args:
        decoder: any of the two kinds.

    Returns:
        Bytes.
    """
    if isinstance(decoder, SmoterDecoder):
        return sum(parameter.nbytes for parameter in decoder.networks["instance"].parameters())
    model: Any = decoder.language_model.get_base_model()
    weights = {id(parameter): parameter.nbytes for name, parameter in model.named_parameters() if "lora_" not in name}
    if model.get_output_embeddings().weight is not model.get_input_embeddings().weight:
        weights.pop(id(model.get_input_embeddings().weight))
    if decoder.int8:
        linear = [module.weight for module in model.modules() if type(module) is nn.Linear]
        weights |= {id(weight): weight.numel() for weight in linear if id(weight) in weights}
    return sum(weights.values())


class StepCosts:
    """A step of the language model and the products with its weights alone, timed side by side.

    Args:
        decoder: whose language model is timed.
        batch: rows of a step.
        clock: of the timing.
        steps: a measurement.
    """

    def __init__(self, decoder: LoraLM, batch: int, clock: Clock, steps: int = 5) -> None:
        original: Any = decoder.language_model.get_base_model()
        merged = merge(original)
        self._model: Any = merged.model if merged is not None else original
        self._batch, self._clock, self._steps = batch, clock, steps
        self._layers = [module for module in self._model.modules() if isinstance(module, nn.Linear)]
        self._rows = {layer.in_features: torch.randn(batch, 1, layer.in_features) for layer in self._layers}
        self._seconds: dict[str, list[float]] = {"products with the weights": [], "one step of the model": []}

    def measure(self) -> None:
        """A few steps of each."""
        cache = PreallocatedCache()
        self._step(cache)
        works: tuple[Callable[[], object], ...] = (self._products, lambda: self._step(cache))
        for _ in range(self._steps):
            for name, work in zip(self._seconds, works, strict=True):
                start = self._clock()
                work()
                self._seconds[name].append(self._clock() - start)

    def timings(self, floor_seconds: float) -> list[StepTiming]:
        """Medians.

        Args:
            floor_seconds: time to read the weights.

        Returns:
            The floor first.
        """
        medians = {"floor: read the weights": floor_seconds}
        medians |= {name: statistics.median(seconds) for name, seconds in self._seconds.items()}
        return [
            StepTiming(self._batch, name, 1e3 * seconds, seconds / floor_seconds) for name, seconds in medians.items()
        ]

    def _products(self) -> None:
        for layer in self._layers:
            functional.linear(self._rows[layer.in_features], layer.weight)

    def _step(self, cache: PreallocatedCache) -> None:
        self._model(
            input_ids=torch.ones(self._batch, 1, dtype=torch.long),
            use_cache=True,
            logits_to_keep=1,
            **given_cache(self._model, cache),
        )


def _turn(count: int, shift: int) -> list[int]:
    """0 to count - 1, each round starting with another one."""
    return [(position + shift) % count for position in range(count)]


def _timing(contender: Contender, seconds: list[float], words: int, bytes_a_second: float) -> DecoderTiming:
    each = statistics.median(seconds) / contender.captions
    floor = words * contender.weight_bytes / bytes_a_second / contender.batch
    return DecoderTiming(
        decoder=contender.decoder,
        way=contender.way,
        batch=contender.batch,
        captions=contender.captions,
        words=words,
        repeats=len(seconds),
        seconds_a_caption=each,
        captions_a_second=1 / each,
        weight_megabytes=contender.weight_bytes / 1e6,
        floor_seconds_a_caption=floor,
        ratio_to_floor=each / floor,
        spread=spread(seconds),
    )
