"""Where a server of models is and which of its models is meant: `openai:http://localhost:8000/v1#model`."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from smot_vlm.system.offline import is_this_machine

SCHEME = "openai:"
FORM = "openai:http://localhost:8000/v1, with #MODEL behind it where the server has several"


@dataclass(frozen=True)
class ServerAddress:
    """A server that speaks OpenAI's protocol, and one of its models.

    Attributes:
        url: up to /v1, without a slash at its end.
        model: its name; None: the only one that the server lists.
    """

    url: str
    model: str | None = None

    def __str__(self) -> str:
        return f"{self.url}#{self.model}" if self.model else self.url

    @property
    def host(self) -> str:
        """The machine's name or number."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_this_machine(self) -> bool:
        """Whether what is sent stays on this machine, told by the name alone."""
        return is_this_machine(self.host)

    @property
    def is_encrypted(self) -> bool:
        """Whether others on the way cannot read along."""
        return urlsplit(self.url).scheme == "https"


def read_address(text: str, default: ServerAddress | None = None) -> ServerAddress:
    """Read an address as users write it.

    Args:
        text: [openai:][URL][#MODEL]; without a path the URL gets /v1.
        default: stands in for a URL that is left out.

    Returns:
        The address.

    Raises:
        ValueError: not of that form, or no URL and no default.
    """
    url, _, model = text.removeprefix(SCHEME).strip().partition("#")
    if not url:
        if default is None:
            raise ValueError(f"{text!r} names no server; give {FORM}, or set OPENAI_BASE_URL")
        return ServerAddress(default.url, model or None)
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid, parts = False, urlsplit("")
    if "@" in parts.netloc:
        raise ValueError(f"the address of {parts.hostname} holds a name or password; give a key in OPENAI_API_KEY")
    if not valid or parts.query or any(letter.isspace() for letter in url):
        raise ValueError(f"{text!r} is no address of a server; give {FORM}")
    path = parts.path.rstrip("/") or "/v1"
    return ServerAddress(f"{parts.scheme}://{parts.netloc}{path}", model or None)
