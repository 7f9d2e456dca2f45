"""The words of one video: seconds until the first and until the last, for as many people as BenSMOT's videos show.

BenSMOT has 2.5 people a video: half of the videos here have two, half three, and each has a caption of its own beside
theirs. All captions of a video are written at once.
"""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice

from smot_vlm.bench.machine import Clock
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.smoter_decoder import SmoterDecoder

PEOPLE = (2, 3)
# Beyond any vocabulary.
NO_TOKEN = 10**9


@dataclass(frozen=True)
class VideoTiming:
    """The words of a video by "lora-lm"; medians of the repeats.

    Attributes:
        people: in it, on average.
        captions: theirs and the video's own, on average.
        words: tokens of a caption.
        first_word_seconds: until every caption has its first token.
        seconds: until the last token of all.
    """

    people: float
    captions: float
    words: int
    first_word_seconds: float
    seconds: float


class VideoWords:
    """Writes the captions of a video with two people and of one with three.

    Args:
        decoder: in evaluation mode.
        requests: any number, repeated as often as needed.
        words: tokens of a caption.
        clock: of the timing.
    """

    def __init__(self, decoder: LoraLM, requests: Sequence[CaptionRequest], words: int, clock: Clock) -> None:
        self._decoder, self._words, self._clock = decoder, words, clock
        self._videos = [list(islice(cycle(requests), people + 1)) for people in PEOPLE]
        self._first: list[float] = []
        self._all: list[float] = []

    def measure(self) -> None:
        """Each video once for its first words, and once for all."""
        self._first.append(self._mean_seconds(1))
        self._all.append(self._mean_seconds(self._words))

    def timing(self) -> VideoTiming:
        """Medians of what was measured."""
        return VideoTiming(
            people=statistics.mean(PEOPLE),
            captions=statistics.mean(map(len, self._videos)),
            words=self._words,
            first_word_seconds=statistics.median(self._first),
            seconds=statistics.median(self._all),
        )

    def _mean_seconds(self, words: int) -> float:
        with exactly(words, self._decoder):
            start = self._clock()
            for requests in self._videos:
                self._decoder.generate(requests)
            return (self._clock() - start) / len(self._videos)


@contextmanager
def exactly(words: int, *decoders: LoraLM | SmoterDecoder) -> Iterator[None]:
    """Every caption has so many tokens: the end token is disabled.

    Args:
        words: tokens of a caption.
        *decoders: whose settings come back afterwards.

    Yields:
        Nothing.
    """
    before = [(decoder, decoder.end, decoder.max_new_tokens) for decoder in decoders]
    for decoder in decoders:
        decoder.end, decoder.max_new_tokens = NO_TOKEN, words
    try:
        yield
    finally:
        for decoder, end, limit in before:
            decoder.end, decoder.max_new_tokens = end, limit
