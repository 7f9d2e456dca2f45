"""The fields of a request, and which of them are given up for a server that does not take them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from smot_vlm.semantics.generation import Decoding
from smot_vlm.semantics.server_connection import ServerError
from smot_vlm.semantics.server_questions import EncodedPicture, ServerQuestion
from smot_vlm.semantics.thinking import NO_THINKING

# Fields that a server may refuse, in the order in which they are given up when it does not say which one it means, and
# words by which it names each.
REFUSABLE: dict[str, tuple[str, ...]] = {
    "chat_template_kwargs": ("chat_template_kwargs", "enable_thinking"),
    "response_format": ("response_format", "json_schema", "json schema", "schema", "grammar", "guided", "structured"),
    "max_tokens": ("max_completion_tokens",),
    "sampling": ("temperature", "top_p", "seed"),
}
PICTURE_WORDS = ("image", "picture", "context", "too long", "exceed", "maximum", "multimodal", "multi-modal")


@dataclass(frozen=True)
class Concessions:
    """What is left out for a server.

    Attributes:
        dropped: keys of REFUSABLE; in place of "max_tokens" its newer name is sent.
        pictures: most pictures of a question; None: all.
        reuse: pictures are named, and sent once.
    """

    dropped: frozenset[str] = frozenset()
    pictures: int | None = None
    reuse: bool = False

    def after(self, error: ServerError, question: ServerQuestion, sent: set[str]) -> "Concessions | None":
        """What to try after a refusal.

        Args:
            error: of the server.
            question: that was refused.
            sent: digests of pictures that the server is believed to have; emptied where it has not.

        Returns:
            One concession more; None where nothing is left to give up.
        """
        words = error.reason.lower()
        left = [
            name for name in REFUSABLE if name not in self.dropped and (name != "response_format" or question.schema)
        ]
        for name in left:
            if any(word in words for word in REFUSABLE[name]):
                return replace(self, dropped=self.dropped | {name})
        if self.reuse and question.pictures:
            # The server forgot a picture, or cannot reuse any: from now on pictures are sent.
            sent.clear()
            return replace(self, reuse=False)
        few = replace(self, pictures=len(question.pictures) // 2) if len(question.pictures) > 1 else None
        if any(word in words for word in PICTURE_WORDS):
            return few
        if error.kind != "request":
            return None
        return replace(self, dropped=self.dropped | {left[0]}) if left else few

    def joined(self, other: "Concessions") -> "Concessions":
        """What two threads learned.

        Args:
            other: of another thread.

        Returns:
            Both.
        """
        limits = [limit for limit in (self.pictures, other.pictures) if limit is not None]
        return Concessions(self.dropped | other.dropped, min(limits, default=None), self.reuse and other.reuse)


def request_fields(
    question: ServerQuestion, max_tokens: int, decoding: Decoding, concessions: Concessions, sent: set[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A question as a request.

    Args:
        question: what is asked.
        max_tokens: most tokens of the answer.
        decoding: how tokens are chosen.
        concessions: what is left out.
        sent: digests of pictures that the server has.

    Returns:
        Fields of OpenAI's protocol, and further ones that some servers know.
    """
    dropped = concessions.dropped
    content = [*_pictures(question.pictures, concessions.reuse, sent), {"type": "text", "text": question.prompt}]
    options: dict[str, Any] = {
        "messages": [{"role": "user", "content": content if question.pictures else question.prompt}]
    }
    options["max_completion_tokens" if "max_tokens" in dropped else "max_tokens"] = max_tokens
    if "sampling" not in dropped:
        options["temperature"] = decoding.temperature
        if decoding.temperature > 0:
            options |= {"top_p": decoding.top_p, "seed": decoding.seed}
    if question.schema is not None and "response_format" not in dropped:
        form = {"name": "answer", "strict": True, "schema": dict(question.schema)}
        options["response_format"] = {"type": "json_schema", "json_schema": form}
    extra = {} if "chat_template_kwargs" in dropped else {"chat_template_kwargs": NO_THINKING}
    return options, extra


def _pictures(pictures: tuple[EncodedPicture, ...], reuse: bool, sent: set[str]) -> Iterator[dict[str, Any]]:
    for picture in pictures:
        if not reuse:
            yield {"type": "image_url", "image_url": {"url": picture.uri}}
        else:
            data = {} if picture.digest in sent else {"url": picture.uri}
            yield {"type": "image_url", "image_url": data, "uuid": picture.digest}
