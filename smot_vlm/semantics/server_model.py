"""One model on a server: what it can, how a question is put to it, and what it cost.

Servers differ in what they take. A field that a server refuses is left out from then on; where it takes fewer pictures,
or has a small context, fewer are shown.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from smot_vlm.semantics.answer_cache import AnswerCache, content_key
from smot_vlm.semantics.cost import Cost
from smot_vlm.semantics.generation import Decoding
from smot_vlm.semantics.json_answers import plain_words, whole_sentences
from smot_vlm.semantics.server_connection import HOPELESS, SETTLED, Reply, ServerConnection, ServerError
from smot_vlm.semantics.server_questions import ServerQuestion
from smot_vlm.semantics.server_request import Concessions, request_fields
from smot_vlm.semantics.thinking import cut_thought

logger = logging.getLogger(__name__)

# Attempts at an answer that is there but cannot be used; then the question has failed.
ATTEMPTS = 3
# So many questions in a row without any answer: the server is gone, and nobody waits for it any longer.
GIVE_UP_AFTER = 3
# Tokens for thoughts, where a model thinks although it should not.
THOUGHT_TOKENS = 4096
# A prompt's characters a token, at least.
CHARACTERS_A_TOKEN = 3
SPARE_TOKENS = 64

Value = TypeVar("Value")
_warned: set[str] = set()


@dataclass(frozen=True)
class Answer(Generic[Value]):
    """What came of a question.

    Attributes:
        value: what was read from the answer; None where there is none.
        shown: pictures that the model saw.
        failure: one line where there is no answer.
        may_come: there is none because of the server's state, and another call may get one.
    """

    value: Value | None
    shown: int = 0
    failure: str = ""
    may_come: bool = False


@dataclass
class _State:
    """What was learned of a server."""

    name: str | None = None
    context: int | None = None
    concessions: Concessions = field(default_factory=Concessions)
    thinks: bool = False
    silent: int = 0
    down: str = ""


class ServerModel:
    """Asks one model; may be used by several threads at once.

    Args:
        connection: to its server.
        cache: of answers.
        decoding: how tokens are chosen.
        picture_tokens: what one picture may take of the model's context.
        reuse_pictures: name pictures, and send each once; only vLLM can.
    """

    def __init__(
        self,
        connection: ServerConnection,
        cache: AnswerCache,
        *,
        decoding: Decoding,
        picture_tokens: int = 600,
        reuse_pictures: bool = False,
    ) -> None:
        self._connection = connection
        self._cache = cache
        self._decoding = decoding
        self._picture_tokens = picture_tokens
        self._lock = threading.Lock()
        self._state = _State(concessions=Concessions(reuse=reuse_pictures))
        self._sent: set[str] = set()
        self.cost = Cost()

    def open(self) -> None:
        """Make sure that the server answers and has the model, before a video is watched; later, that it is not gone.

        Raises:
            ServerError: it does not answer, has not this model, or none was named and it lists several.
        """
        if self._state.name is not None and not self._state.down:
            return
        address = self._connection.address
        listed = self._connection.models()
        names = [model.name for model in listed or ()]
        name = address.model or (names[0] if len(names) == 1 else None)
        if name is None:
            told = f"it lists {plain_words(', '.join(names[:8]))}" if names else "it lists none"
            raise ServerError("model", f"{address.url}: name a model, as in {address.url}#MODEL ({told})")
        contexts = [model.context for model in listed or () if model.name == name]
        self._state.context = contexts[0] if contexts else None
        if name not in names:
            self._try(name)
        self._state.name, self._state.down, self._state.silent = name, "", 0
        if not address.is_this_machine and address.host not in _warned:
            _warned.add(address.host)
            way = "" if address.is_encrypted else ", unencrypted"
            logger.warning("pictures of people leave this machine: they are sent to %s%s", address.host, way)

    def ask(self, question: ServerQuestion, read: Callable[[str, int], Value | None]) -> Answer[Value]:
        """Ask a question, unless its answer is in the cache.

        Args:
            question: what is asked.
            read: makes a value of the answer's text and the number of pictures shown; None where it is no answer.

        Returns:
            The answer, or why there is none.
        """
        if self._state.name is None:
            self.open()
        key = content_key({"model": self._state.name, "decoding": str(self._decoding), **question.content})
        kept = self._cache.get(key) or {}
        if isinstance(kept.get("text"), str) and isinstance(kept.get("shown"), int):
            value = read(kept["text"], kept["shown"])
            if value is not None:
                with self._lock:
                    self.cost.kept += 1
                return Answer(value, kept["shown"])
        if self._state.down:
            return Answer(None, failure=self._state.down, may_come=True)
        try:
            text, shown, value = self._answered(question, read)
        except ServerError as error:
            self._note_failure(error)
            return Answer(None, failure=str(error), may_come=error.kind not in SETTLED)
        self._state.silent = 0
        try:
            self._cache.put(key, {"text": text, "shown": shown})
        except OSError as error:
            logger.warning("an answer could not be kept (%s); a run that is stopped will ask again", error)
        return Answer(value, shown)

    def _try(self, name: str) -> None:
        """A model that the server does not list may be there all the same."""
        try:
            self._connection.complete(
                name, {"messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 1}, {}
            )
        except ServerError as error:
            if error.kind not in ("request", "busy"):
                raise

    def _answered(self, question: ServerQuestion, read: Callable[[str, int], Value | None]) -> tuple[str, int, Value]:
        """An answer that can be used; a longer one is asked for where it was cut, another where it makes no sense."""
        room, told = question.max_tokens, ""
        for _ in range(ATTEMPTS):
            reply, shown = self._reply(question, room)
            text = cut_thought(reply.text)
            text = whole_sentences(text) if reply.cut else text
            value = read(text, shown) if text else None
            if value is not None:
                return text, shown, value
            told = _complaint(reply, text, room)
            if reply.cut and not text and (reply.thought or reply.text) and not self._state.thinks:
                self._state.thinks = True
            elif reply.cut:
                room *= 2
        raise ServerError("unusable", f"{self._connection.address.url} {told}")

    def _reply(self, question: ServerQuestion, room: int) -> tuple[Reply, int]:
        """The server's reply, and how many pictures it was shown; concessions are made until it takes the question."""
        concessions = self._state.concessions
        while True:
            shown = question.with_pictures(self._fitting(question, room, concessions))
            thoughts = THOUGHT_TOKENS if self._state.thinks else 0
            options, extra = request_fields(shown, room + thoughts, self._decoding, concessions, self._sent)
            assert self._state.name is not None, "the server was opened"
            try:
                reply = self._connection.complete(self._state.name, options, extra)
            except ServerError as error:
                if error.kind not in ("request", "server"):
                    raise
                further = concessions.after(error, shown, self._sent)
                if further is None:
                    raise
                concessions = further
                continue
            with self._lock:
                self._state.concessions = self._state.concessions.joined(concessions)
                self._sent.update(picture.digest for picture in shown.pictures if concessions.reuse)
                self.cost.count(reply.tokens_read, reply.tokens_written)
            return reply, len(shown.pictures)

    def _fitting(self, question: ServerQuestion, room: int, concessions: Concessions) -> int:
        """How many of the question's pictures fit into the context, at least 1."""
        most = len(question.pictures)
        if self._state.context is not None:
            left = self._state.context - room - len(question.prompt) // CHARACTERS_A_TOKEN - SPARE_TOKENS
            most = min(most, max(1, left // self._picture_tokens))
        return most if concessions.pictures is None else min(most, concessions.pictures)

    def _note_failure(self, error: ServerError) -> None:
        with self._lock:
            self._state.silent += error.kind in ("unreachable", "timeout", "server", "busy")
            if error.kind in HOPELESS or self._state.silent >= GIVE_UP_AFTER:
                self._state.down = str(error)


def _complaint(reply: Reply, text: str, room: int) -> str:
    """What is wrong with an answer that cannot be used."""
    if reply.cut and not text and (reply.thought or reply.text):
        return "spent all tokens on thinking; switch thinking off at the server"
    if reply.cut:
        return f"gave an answer that is cut at {room} tokens; raise decoder.max_new_tokens"
    if not text:
        return "gave an empty answer"
    return f"gave an answer in another form than asked for ({' '.join(text.split())[:60]!r})"
