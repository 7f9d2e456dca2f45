"""`smoter`, the paper's text decoder (section 4) as a caption decoder: the baseline for the language models.

Each task has a transformer of its own, Dec_ins and Dec_vid. Unlike in the released code, a caption that is too long
keeps its first tokens (there: the last 38 of the first 40) and has no end token as a target; the tokenizer is the
language model's, so that decoders differ in their network only. Prompts are not read.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from smot_vlm.semantics.cost import Cost
from smot_vlm.semantics.decoder import TASKS, CaptionLoss, CaptionRequest, Task, pad_tokens, rows_by_task
from smot_vlm.semantics.generation import GREEDY, Decoding
from smot_vlm.semantics.language_models import find_language_model
from smot_vlm.semantics.losses import IGNORED, label_smoothed_loss
from smot_vlm.semantics.smoter_search import GeneratedText, search
from smot_vlm.semantics.smoter_transformer import SmoterTransformer
from smot_vlm.semantics.tokenizers import check_tokenizer, load_tokenizer, save_tokenizer

# Text positions (released: 1024).
PLACES = 1024


class SmoterDecoder(nn.Module):
    """The paper's decoder behind the CaptionDecoder protocol. Defaults are the released code's.

    Args:
        tokenizer: with an end token.
        dim: width of the visual tokens.
        hidden, layers, heads, feedforward, dropout: see `SmoterTransformer`.
        label_smoothing: see `label_smoothed_loss`; with it the loss is no plain negative log-likelihood.
        max_new_tokens: most tokens of a caption, with the end token.
        max_batch: most captions generated at once.
        no_repeat: never generate a token twice in a row, as the released code; it rules out "had had".
        use_cache: false: compute the whole sequence again for each token, as the released code; captions are the same.
        decoding: how tokens are chosen.

    Raises:
        ValueError: max_new_tokens out of range, or a tokenizer without an end token.
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
        self.cost = Cost()

    @classmethod
    def load(cls, tokenizer: str, **options: Any) -> "SmoterDecoder":
        """A decoder with random weights.

        Args:
            tokenizer: the language model whose tokenizer it takes, see `find_language_model`.
            **options: keywords of the class.

        Returns:
            The decoder.

        Raises:
            FileNotFoundError: the language model is found nowhere.
        """
        return cls(load_tokenizer(find_language_model(tokenizer)), **options)

    def loss(self, requests: Sequence[CaptionRequest], captions: Sequence[str]) -> CaptionLoss:
        """KL divergence from the label-smoothed targets."""
        asked = [(request, self._target(caption)) for request, caption in zip(requests, captions, strict=True)]
        asked = [(request, target) for request, target in asked if target]
        if not asked:
            return CaptionLoss({"instance": next(self.networks.parameters()).sum() * 0.0}, 0)
        kept = [request for request, _ in asked]
        targets = [target for _, target in asked]
        totals = {
            task: self._task_loss(task, [kept[row] for row in rows], [targets[row] for row in rows])
            for task, rows in rows_by_task(kept)
        }
        return CaptionLoss(totals, sum(len(target) for target in targets))

    def count_targets(self, captions: Sequence[str]) -> int:
        """The captions' tokens and their end tokens, cut at `max_new_tokens`."""
        return sum(len(self._target(caption)) for caption in captions)

    def optimize(self, *, compile: bool, dtype: torch.dtype | None) -> None:
        """Nothing is frozen, so `dtype` changes nothing."""
        del dtype
        if compile:
            for network in self.networks.values():
                network.compile()

    def save_extras(self, folder: Path) -> None:
        """Write the tokenizer."""
        save_tokenizer(self.tokenizer, folder)

    def check_extras(self, folder: Path) -> None:
        """The saved tokenizer must be the language model's."""
        check_tokenizer(self.tokenizer, folder)

    def generate(self, requests: Sequence[CaptionRequest]) -> list[str]:
        """Batches of `max_batch` for each task; a sampling seed holds for the whole call."""
        captions = [""] * len(requests)
        generator = None
        if self.decoding.temperature > 0:
            generator = torch.Generator(next(self.networks.parameters()).device).manual_seed(self.decoding.seed)
        for task, rows in rows_by_task(requests):
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
                ids = self._words(text)
                self.cost.count(int(mask.sum()) + len(batch), sum(map(len, ids)), len(batch))
                for row, caption in zip(batch, self._captions(ids), strict=True):
                    captions[row] = caption
        return captions

    def _task_loss(self, task: Task, requests: Sequence[CaptionRequest], targets: Sequence[list[int]]) -> Tensor:
        visual, mask = pad_tokens([request.tokens for request in requests])
        labels = nn.utils.rnn.pad_sequence(
            [torch.tensor(target, device=visual.device) for target in targets], batch_first=True, padding_value=IGNORED
        )
        # Each position reads the token before it. Padding comes after every target.
        begin = labels.new_full((len(labels), 1), self.begin)
        text = torch.cat([begin, labels[:, :-1].where(labels[:, :-1] != IGNORED, self.end)], dim=1)
        logits = self.networks[task](visual, mask, text)
        return label_smoothed_loss(logits.flatten(0, 1), labels.flatten(), self.label_smoothing)

    def _target(self, caption: str) -> list[int]:
        """The caption's tokens and the end token, cut at `max_new_tokens`; nothing for a blank one."""
        if not caption.strip():
            return []
        ids = self.tokenizer(caption.strip(), add_special_tokens=False)["input_ids"]
        return [*ids, self.end][: self.max_new_tokens]

    def _words(self, text: GeneratedText) -> list[list[int]]:
        """The tokens between the begin token and the end token."""
        rows = [tokens[1:] for tokens in text.tokens.tolist()]
        return [row[: row.index(self.end)] if self.end in row else row for row in rows]

    def _captions(self, ids: Sequence[list[int]]) -> list[str]:
        return [" ".join(row.split()) for row in self.tokenizer.batch_decode(list(ids), skip_special_tokens=True)]


def begin_and_end(tokenizer: PreTrainedTokenizerBase) -> tuple[int, int]:
    """The tokens around a caption: BERT's [CLS] and [SEP], or a causal model's begin and end tokens.

    Args:
        tokenizer: of any language model.

    Returns:
        Their ids; the end token twice where there is no begin token.

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
