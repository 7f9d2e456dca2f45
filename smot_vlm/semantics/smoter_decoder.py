"""`smoter`, the paper's text decoder (section 4) as a caption decoder: the rival of the language models.

Each task has a transformer of its own, Dec_ins and Dec_vid. Against the released code: a caption too long to teach keeps
its first words (there: the last 38 of the first 40) and is then not taught to end; the words are the language model's
tokens, so that decoders differ in their network only. Prompts are not read.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from smot_vlm.semantics.decoder import TASKS, CaptionLoss, CaptionRequest, Task, pad_tokens
from smot_vlm.semantics.generation import GREEDY, Decoding
from smot_vlm.semantics.language_models import find_language_model
from smot_vlm.semantics.losses import IGNORED, label_smoothed_loss
from smot_vlm.semantics.smoter_search import GeneratedText, search
from smot_vlm.semantics.smoter_transformer import SmoterTransformer
from smot_vlm.semantics.tokenizers import check_tokenizer, load_tokenizer, save_tokenizer

# Text tokens that there are positions for (released: 1024).
PLACES = 1024


class SmoterDecoder(nn.Module):
    """The paper's decoder behind the CaptionDecoder protocol.

    dim: width of the visual tokens. max_new_tokens: most words of a caption, the end token counted (released: 39).
    max_batch: most captions generated at once. label_smoothing: see `label_smoothed_loss`; the loss is thus no plain
    negative log-likelihood. no_repeat: never write the word just written once more, as the released code, whose greedy
    captions this keeps; it costs "had had". use_cache: false reads and writes the whole sequence again for each word, as
    the released code; the words are the same. decoding: how words are chosen.
    """

    wants_pictures = False
    grounding = None

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        *,
        dim: int = 256,
        hidden: int = 768,
        layers: int = 6,
        heads: int = 12,
        feedforward: int = 3072,
        dropout: float = 0.1,
        label_smoothing: float = 0.1,
        max_new_tokens: int = 39,
        max_batch: int = 32,
        no_repeat: bool = True,
        use_cache: bool = True,
        decoding: Decoding = GREEDY,
    ) -> None:
        super().__init__()
        if not 1 <= max_new_tokens <= PLACES:
            raise ValueError(f"max_new_tokens is {max_new_tokens}; give 1 to {PLACES}")
        self.tokenizer = tokenizer
        self.begin, self.end = begin_and_end(tokenizer)
        self.networks = nn.ModuleDict(
            {
                task: SmoterTransformer(
                    len(tokenizer),
                    dim=dim,
                    hidden=hidden,
                    layers=layers,
                    heads=heads,
                    feedforward=feedforward,
                    places=PLACES,
                    dropout=dropout,
                )
                for task in TASKS
            }
        )
        self.label_smoothing = label_smoothing
        self.max_new_tokens = max_new_tokens
        self.max_batch = max_batch
        self.no_repeat = no_repeat
        self.use_cache = use_cache
        self.decoding = decoding

    @classmethod
    def load(cls, name: str, **options: int | float | bool | Decoding) -> "SmoterDecoder":
        """With the tokenizer (alone) of a language model (see `find_language_model`); `options` as above."""
        return cls(load_tokenizer(find_language_model(name)), **options)  # type: ignore[arg-type]

    def loss(self, requests: Sequence[CaptionRequest], captions: Sequence[str]) -> CaptionLoss:
        """See CaptionDecoder.loss; label-smoothed. Blank captions have no target and are left out."""
        spoken = [
            (request, caption.strip()) for request, caption in zip(requests, captions, strict=True) if caption.strip()
        ]
        if not spoken:
            return CaptionLoss(next(self.networks.parameters()).sum() * 0.0, 0)
        kept = [request for request, _ in spoken]
        targets = [self._target(caption) for _, caption in spoken]
        totals = [
            self._task_loss(task, [kept[row] for row in rows], [targets[row] for row in rows])
            for task, rows in _rows_by_task(kept)
        ]
        return CaptionLoss(torch.stack(totals).sum(), sum(len(target) for target in targets))

    def count_targets(self, captions: Sequence[str]) -> int:
        """Words and end tokens, cut to what can be written."""
        return sum(len(self._target(caption.strip())) for caption in captions if caption.strip())

    def optimize(self, *, compile: bool, dtype: torch.dtype | None) -> None:
        """Nothing is frozen."""
        if compile:
            self.networks.compile()

    def save_extras(self, folder: Path) -> None:
        """The tokenizer."""
        save_tokenizer(self.tokenizer, folder)

    def check_extras(self, folder: Path) -> None:
        """The saved tokenizer is the language model's."""
        check_tokenizer(self.tokenizer, folder)

    def generate(self, requests: Sequence[CaptionRequest]) -> list[str]:
        """See CaptionDecoder.generate."""
        captions = [""] * len(requests)
        generator = torch.Generator(next(self.networks.parameters()).device).manual_seed(self.decoding.seed)
        for task, rows in _rows_by_task(requests):
            for start in range(0, len(rows), self.max_batch):
                batch = rows[start : start + self.max_batch]
                visual, mask = pad_tokens([requests[row].tokens for row in batch])
                text = search(
                    self.networks[task],  # type: ignore[arg-type]
                    visual,
                    mask,
                    begin=self.begin,
                    end=self.end,
                    max_new_tokens=self.max_new_tokens,
                    no_repeat=self.no_repeat,
                    use_cache=self.use_cache,
                    decoding=self.decoding,
                    generator=generator,
                )
                for row, caption in zip(batch, self._captions(text), strict=True):
                    captions[row] = caption
        return captions

    def _task_loss(self, task: Task, requests: Sequence[CaptionRequest], targets: Sequence[list[int]]) -> Tensor:
        visual, mask = pad_tokens([request.tokens for request in requests])
        labels = nn.utils.rnn.pad_sequence(
            [torch.tensor(target, device=visual.device) for target in targets], batch_first=True, padding_value=IGNORED
        )
        # Each place reads the word before it. What stands under padding is seen by no target.
        begin = labels.new_full((len(labels), 1), self.begin)
        text = torch.cat([begin, labels[:, :-1].where(labels[:, :-1] != IGNORED, self.end)], dim=1)
        logits = self.networks[task](visual, mask, text)
        return label_smoothed_loss(logits.flatten(0, 1), labels.flatten(), self.label_smoothing)

    def _target(self, caption: str) -> list[int]:
        """The words and the end token, cut to what can be written."""
        ids = self.tokenizer(caption, add_special_tokens=False)["input_ids"]
        return [*ids, self.end][: self.max_new_tokens]

    def _captions(self, text: GeneratedText) -> list[str]:
        written = [tokens[1:] for tokens in text.tokens.tolist()]
        words = [row[: row.index(self.end)] if self.end in row else row for row in written]
        return [" ".join(row.split()) for row in self.tokenizer.batch_decode(words, skip_special_tokens=True)]


def begin_and_end(tokenizer: PreTrainedTokenizerBase) -> tuple[int, int]:
    """The tokens that open and close a caption: BERT's [CLS] and [SEP], or a causal model's begin and end tokens.

    Raises:
        ValueError: the tokenizer has no end token.
    """
    end = tokenizer.eos_token_id if tokenizer.sep_token_id is None else tokenizer.sep_token_id
    if end is None:
        raise ValueError(f"{type(tokenizer).__name__} has no end token; give a tokenizer with eos_token or sep_token")
    for begin in (tokenizer.cls_token_id, tokenizer.bos_token_id):
        if begin is not None:
            return begin, end
    return end, end


def _rows_by_task(requests: Sequence[CaptionRequest]) -> Iterator[tuple[Task, list[int]]]:
    """Positions of the requests of each task that occurs."""
    for task in TASKS:
        rows = [row for row, request in enumerate(requests) if request.task == task]
        if rows:
            yield task, rows
