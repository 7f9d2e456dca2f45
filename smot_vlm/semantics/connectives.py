"""Words that go on in the same way count as one in greedy decoding.

After the second of four deeds a caption may say "then", "afterwards", "after that", "next", or "and", which announces the
last deed. Each of the first four is less likely than "and" though together they are likelier, so the single likeliest word ends
the caption a deed too early. Here their probabilities are added up before the choice between going on and ending.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Connectives:
    """Tokens that begin words with the same meaning.

    Attributes:
        tokens: ids in the vocabulary; none: the likeliest token is taken.
    """

    tokens: tuple[int, ...] = ()

    @classmethod
    def of_words(cls, words: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> "Connectives":
        """The first token of each word as it stands within a sentence.

        Args:
            words: such as "then"; none gives no connectives.
            tokenizer: of the language model.

        Returns:
            Each token once.

        Raises:
            ValueError: one word alone, an empty one, or words of which the tokenizer makes the same beginning.
        """
        if len(words) == 1 or not all(word.strip() for word in words):
            raise ValueError(f"connectives are {list(words)}; give two words or more, or none")
        tokens = [tokenizer(f" {word.strip()}", add_special_tokens=False)["input_ids"][0] for word in words]
        if len(set(tokens)) < len(tokens):
            raise ValueError(
                f"connectives are {list(words)}, of which some begin with the same token; give one of those"
            )
        return cls(tuple(tokens))

    def likeliest(self, logits: Float[Tensor, "rows vocabulary"]) -> Int[Tensor, "rows"]:
        """The likeliest token, where all connectives together count as one.

        Args:
            logits: of the next token.

        Returns:
            The likeliest connective where they are together likelier than every other token, else the likeliest token.
        """
        return self.on(logits.device)(logits)

    def on(self, device: torch.device) -> Callable[[Float[Tensor, "rows vocabulary"]], Int[Tensor, "rows"]]:
        """`likeliest` for many words: the tokens go to the device once.

        Args:
            device: of the logits.

        Returns:
            Takes logits, gives tokens.
        """
        tokens = torch.tensor(self.tokens, dtype=torch.long, device=device)

        def likeliest(logits: Tensor) -> Tensor:
            best = logits.argmax(dim=-1)
            if not self.tokens:
                return best
            scores = logits.float()
            among = scores[:, tokens]
            chosen = tokens[among.argmax(dim=-1)]
            return torch.where(among.logsumexp(dim=-1) > scores.amax(dim=-1), chosen, best)

        return likeliest


NO_CONNECTIVES = Connectives()
