"""Generation speed: batches against single captions, the decoders side by side, and the limit of memory bandwidth.

A token needs every weight of the network once, whatever the batch, so the time to read the weights is the floor of a
step; decoder_steps.py says what lies between the two.

Every contender generates the same number of tokens, with the end token disabled. All take turns within a round, and the
memory bandwidth is measured in each round, so that a busy machine slows all of them alike.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from smot_vlm.bench.decoder_contenders import Contender, contenders, in_int8, make_requests, weight_bytes
from smot_vlm.bench.decoder_steps import StepCosts, StepTiming
from smot_vlm.bench.machine import ReadSpeed, find_clock, spread
from smot_vlm.bench.video_words import VideoTiming, VideoWords, exactly
from smot_vlm.config import Config, load_config
from smot_vlm.models.decoders import build_lora_lm, build_smoter
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.smoter_decoder import SmoterDecoder
from smot_vlm.system.files import shipped_folder

BATCH = 8
NEW_TOKENS = 40


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
