"""Greedy words from compiled steps of fixed shape, which on a GPU are CUDA graphs: one launch a word instead of hundreds.

A batch is padded to a power of two of rows, and prompts with their words to a power of two of columns, so that few shapes are
compiled; each is kept, with its memory, as long as the model is. Rows that have ended go on being computed, and what they say is
ignored.

What is gained on a GPU was not measured when this was written. On a CPU nothing is, since rows that have ended are dropped by the
other way, see greedy.py, which writes the same words.
"""

import functools
import logging
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Any

from torch._dynamo import config as dynamo_config
from torch._dynamo.exc import FailOnRecompileLimitHit, TorchDynamoException
from transformers import PreTrainedModel

from smot_vlm.semantics.connectives import Connectives
from smot_vlm.semantics.greedy import ReadPrompts, check_numbers, chosen, greedy
from smot_vlm.semantics.int8_layers import Int8Linear
from smot_vlm.semantics.prefix_cache import caches_every_token
from smot_vlm.semantics.static_shape import StaticShape
from smot_vlm.semantics.word_progress import WordSteps

logger = logging.getLogger(__name__)

# Fewest columns that are compiled.
LEAST_CAPACITY = 128
# A look at the device costs little, and so do three words in vain.
WORDS_AHEAD = 4
# Torch refuses to compile one function more often. Rows and columns are powers of two: there are far fewer shapes.
MOST_SHAPES = 64


class StaticSteps:
    """The compiled steps of one model. Captions are those of `greedy`.

    Args:
        language_model: in evaluation mode, one that caches every token; its weights may change in place.
        backend: of torch.compile.
        words_ahead: so many words are written before the host looks whether all rows have ended; None: 4 on a GPU, which
            need not wait then, and 1 on a CPU.
    """

    def __init__(
        self,
        language_model: PreTrainedModel,
        *,
        backend: str | Callable[..., Any] = "inductor",
        words_ahead: int | None = None,
    ) -> None:
        self.language_model = language_model
        self._backend = backend
        self._words_ahead = words_ahead
        self._shapes: dict[tuple[Any, ...], StaticShape] = {}
        self._refused = False
        # The memory of a shape belongs to one batch at a time.
        self._lock = Lock()

    def write(
        self, prompts: ReadPrompts, max_new_tokens: int, end: int, connectives: Connectives, steps: WordSteps
    ) -> list[list[int]]:
        """The captions of a batch.

        Args:
            prompts: the batch; its cache may grow.
            max_new_tokens: most tokens of a caption.
            end: token that ends a caption.
            connectives: words that count as one.
            steps: told of each word.

        Returns:
            The token ids of each caption, without `end`. A model that cannot be compiled is logged, and they come from
            `greedy`.

        Raises:
            ValueError: logits are not finite.
        """
        with self._lock, dynamo_config.patch(recompile_limit=MOST_SHAPES):
            # Nothing is compiled for captions of one word, which the prompt gives.
            shape = self._shape(prompts, max_new_tokens, connectives) if max_new_tokens > 1 else None
            if shape is not None:
                return self._write(shape, prompts, max_new_tokens, end, connectives, steps)
        return greedy(self.language_model, prompts, max_new_tokens, end, connectives, steps)

    def _shape(self, prompts: ReadPrompts, max_new_tokens: int, connectives: Connectives) -> StaticShape | None:
        """A compiled shape that the batch fits; None where the model cannot be compiled."""
        count, columns = prompts.mask.shape
        rows, capacity = _power_of_two(count), _power_of_two(max(LEAST_CAPACITY, columns + max_new_tokens))
        layer: Any = prompts.cache.layers[0]
        key = (rows, capacity, connectives, layer.keys.device, layer.keys.dtype, layer.values.dtype)
        if key not in self._shapes and not self._refused:
            _say_where_it_pays(prompts.mask.device.type)
            logger.info("compiling the writing of %d captions, prompts and words of %d tokens", rows, capacity)
            try:
                self._shapes[key] = StaticShape(
                    self.language_model, prompts, rows, capacity, connectives, self._backend
                )
            except (TorchDynamoException, FailOnRecompileLimitHit) as error:
                self._refused = True
                logger.warning(
                    "this language model cannot be compiled (%s); captions are written as with "
                    "decoder.generation.compile: false",
                    " ".join(f"{type(error).__name__}: {error}".split("\n")[:2]),
                )
        return self._shapes.get(key)

    def _write(
        self,
        shape: StaticShape,
        prompts: ReadPrompts,
        max_new_tokens: int,
        end: int,
        connectives: Connectives,
        steps: WordSteps,
    ) -> list[list[int]]:
        count, columns = prompts.mask.shape
        first = chosen(connectives.on(prompts.logits.device), prompts.logits)
        shape.begin(prompts, first)
        captions = _Captions(count, end)
        captions.add([first.tolist()], steps)
        start, stop = columns, columns + max_new_tokens - 1
        most = self._words_ahead or (1 if first.device.type == "cpu" else WORDS_AHEAD)
        while captions.go_on and start < stop:
            ahead = min(most, stop - start)
            for _ in range(ahead):
                shape.step()
            captions.add(shape.written[:count, start : start + ahead].T.tolist(), steps)
            start += ahead
        steps.end_batch()
        return captions.words


class _Captions:
    """The captions of a batch, as far as they are known.

    Args:
        count: captions.
        end: token that ends one.
    """

    def __init__(self, count: int, end: int) -> None:
        self.words: list[list[int]] = [[] for _ in range(count)]
        self._end = end
        self._open = list(range(count))

    @property
    def go_on(self) -> bool:
        """Whether some have not ended."""
        return bool(self._open)

    def add(self, columns: Iterable[Sequence[int]], steps: WordSteps) -> None:
        """Words that follow; those behind the end are ignored.

        Args:
            columns: a word of each caption, step by step.
            steps: told of each step until all have ended.
        """
        for column in columns:
            if not self._open:
                return
            steps.step()
            check_numbers([column[row] for row in self._open])
            self._open = [row for row in self._open if column[row] != self._end]
            for row in self._open:
                self.words[row].append(column[row])


def _power_of_two(count: int) -> int:
    """The next one that is not smaller."""
    return 1 << (count - 1).bit_length()


@functools.cache
def _say_where_it_pays(kind: str) -> None:
    if kind != "cuda":
        logger.warning("decoder.generation.compile pays on CUDA GPUs; on this device (%s) it costs time", kind)


class KeptSteps:
    """The compiled steps of the model that generates now; another model's are let go.

    Args:
        wanted: whether any will be.
        language_model: that will generate, or be merged into one that does.

    Raises:
        ValueError: they are wanted of a model that does not cache every token.
    """

    def __init__(self, wanted: bool, language_model: PreTrainedModel) -> None:
        if wanted and not caches_every_token(language_model):
            raise ValueError(
                "decoder.generation.compile goes with language models that cache every token; this one has a sliding window "
                "or recurrent states: set it to false"
            )
        self._steps: StaticSteps | None = None

    def of(self, language_model: PreTrainedModel, *, wanted: bool) -> StaticSteps | None:
        """Those of a model.

        Args:
            language_model: that generates.
            wanted: whether any are.

        Returns:
            None where none are wanted, and in 8 bits.
        """
        int8 = wanted and any(isinstance(module, Int8Linear) for module in language_model.modules())
        if int8:
            _say_int8_is_not_compiled()
        if not wanted or int8:
            self._steps = None
        elif self._steps is None or self._steps.language_model is not language_model:
            self._steps = StaticSteps(language_model)
        return self._steps

    def forget(self) -> None:
        """Free what was compiled."""
        self._steps = None


@functools.cache
def _say_int8_is_not_compiled() -> None:
    logger.warning("decoder.generation.compile goes with float32; captions are written in 8 bits here, as with false")
