"""The one file that talks to servers, by the package `openai`: what they list, one answer at a time, and how they fail.

Requests that can succeed later (429, 5xx, timeouts, lost connections) are sent again by the package, with growing pauses.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from smot_vlm.semantics.server_address import ServerAddress
from smot_vlm.system.offline import check_address

Kind = Literal["unreachable", "key", "model", "request", "busy", "server", "timeout", "answer", "unusable"]
# Later questions would end in the same way.
HOPELESS: tuple[Kind, ...] = ("key", "model")
# The server is well, and its answer to this question will be the same at any other time.
SETTLED: tuple[Kind, ...] = ("request", "unusable")
CONNECT_SECONDS = 10.0
LONGEST_REASON = 160
# Where servers say how many tokens a model reads and writes at once: vLLM and SGLang, OpenRouter, Groq, LM Studio.
CONTEXT_KEYS = ("max_model_len", "context_length", "context_window", "max_context_length")


class ServerError(ValueError):
    """A server gave no answer.

    Args:
        kind: of failure.
        message: one line: which server, what happened, what to do.
        reason: the server's own words.
    """

    def __init__(self, kind: Kind, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.reason = reason


@dataclass(frozen=True)
class ListedModel:
    """A model that a server says it has.

    Attributes:
        name: as requests name it.
        context: tokens that it reads and writes at once; None where the server does not say.
    """

    name: str
    context: int | None


@dataclass(frozen=True)
class Reply:
    """An answer as the server gave it.

    Attributes:
        text: may be empty.
        thought: what the model thought before, where the server tells it apart.
        cut: it ends at the largest number of tokens.
        tokens_read: of the question, 0 where the server does not say.
        tokens_written: of the answer.
    """

    text: str
    thought: str
    cut: bool
    tokens_read: int
    tokens_written: int


class ServerConnection:
    """A server. The key is taken from OPENAI_API_KEY; it is neither shown nor kept elsewhere.

    Args:
        address: of the server.
        timeout: seconds that an answer may take.
        retries: how often a request is sent again that may succeed later.

    Raises:
        ImportError: the package is not installed.
        OfflineError: it is on another machine, and the network is switched off.
    """

    def __init__(self, address: ServerAddress, *, timeout: float, retries: int) -> None:
        check_address(f"the server {address.host}", address.host)
        try:
            import openai
        except ImportError:
            raise ImportError("openai is not installed; pip install 'smot-vlm[server]'") from None
        self.address = address
        self._openai: Any = openai
        self._timeout = timeout
        # A proxy of the environment does not know this machine's own servers. Pictures go where the user sends them, and
        # to no other place that a server names.
        client = openai.DefaultHttpxClient(trust_env=not address.is_this_machine, follow_redirects=False)
        self._client: Any = openai.OpenAI(
            base_url=address.url,
            api_key=os.environ.get("OPENAI_API_KEY") or "none",
            timeout=openai.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
            max_retries=retries,
            http_client=client,
        )

    def models(self) -> list[ListedModel] | None:
        """What the server lists.

        Returns:
            Its models; None where it has no list.

        Raises:
            ServerError: it does not answer, or wants another key.
        """
        try:
            listed = list(self._call(lambda: self._client.with_options(max_retries=1).models.list().data or []))
        except ServerError as error:
            if error.kind in ("model", "request", "server", "answer"):
                return None
            raise
        return [ListedModel(str(entry.id), _context(entry)) for entry in listed if getattr(entry, "id", None)]

    def complete(self, model: str, options: Mapping[str, Any], extra: Mapping[str, Any]) -> Reply:
        """Ask for one answer.

        Args:
            model: its name.
            options: keywords of the package's `chat.completions.create`.
            extra: further fields of the request.

        Returns:
            The answer.

        Raises:
            ServerError: none came, after all retries.
        """
        reply: Reply = self._call(
            lambda: _reply(
                self._client.chat.completions.create(model=model, stream=False, extra_body=dict(extra), **options)
            )
        )
        return reply

    def _call(self, request: Any) -> Any:
        """What a request gives, its failures as a ServerError."""
        package, where = self._openai, self.address.url
        try:
            return request()
        except package.APITimeoutError:
            told = f"gave no answer in {self._timeout:g} seconds; raise decoder.server.timeout_seconds"
            raise ServerError("timeout", f"{where} {told}") from None
        except package.APIConnectionError as error:
            reason = _short(error.__cause__ or error)
            told = f"cannot be reached ({reason}); start the server or give another address"
            raise ServerError("unreachable", f"{where} {told}", reason) from None
        except package.APIStatusError as error:
            raise self._status_error(error.status_code, _reason(error)) from None
        except (package.APIError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            told = f"answered with what is no chat completion ({_short(error)}); give the address up to /v1"
            raise ServerError("answer", f"{where} {told}") from None

    def _status_error(self, status: int, reason: str) -> ServerError:
        kind, told = _meaning(status)
        return ServerError(kind, f"{self.address.url} answered {status} ({reason}); {told}", reason)


def _meaning(status: int) -> tuple[Kind, str]:
    """What a status says and what to do."""
    if status < 400:
        return "model", "it sends on to another address; give that one"
    if status in (401, 403):
        return "key", "set OPENAI_API_KEY to a key that it takes"
    if status == 404:
        return "model", "name one of its models behind #, and give its address up to /v1"
    if status in (408, 429):
        return "busy", "it has too much to do or the account is spent; try later or lower decoder.server.concurrency"
    if status >= 500:
        return "server", "see the server's own log"
    return "request", "it does not take this request"


def _reply(completion: Any) -> Reply:
    choice, usage = completion.choices[0], getattr(completion, "usage", None)
    message = choice.message
    thought = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)
    return Reply(
        _text(message.content),
        _text(thought),
        choice.finish_reason == "length",
        int(getattr(usage, "prompt_tokens", None) or 0),
        int(getattr(usage, "completion_tokens", None) or 0),
    )


def _text(content: Any) -> str:
    """Text, or the texts of parts, as some servers send them."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _context(entry: Any) -> int | None:
    found = [getattr(entry, key, None) for key in CONTEXT_KEYS]
    meta = getattr(entry, "meta", None)  # llama.cpp
    if isinstance(meta, dict):
        found += [meta.get("n_ctx"), meta.get("n_ctx_train")]
    sizes = [size for size in found if isinstance(size, int) and not isinstance(size, bool) and size > 0]
    return sizes[0] if sizes else None


def _reason(error: Any) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    inner = body.get("error", body)
    words = inner.get("message") or inner.get("detail") if isinstance(inner, dict) else inner
    return _short(words or body or error)


def _short(reason: object) -> str:
    """The first words of a reason, on one line, without what steers a terminal."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in str(reason)).split())
    return words if len(words) <= LONGEST_REASON else words[:LONGEST_REASON] + "..."
