"""Who asks: each token is a user; without tokens everybody who reaches this machine's own address is one."""

import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from smot_vlm.app.limits import RefusedError

NOBODY_ELSE = "local"
_SHORTEST_TOKEN = 16


class Users:
    """Names by token.

    Args:
        tokens: name -> secret; none: all requests are one user's.

    Raises:
        ValueError: a secret is too short to be one.
    """

    def __init__(self, tokens: Mapping[str, str]) -> None:
        short = [name for name, token in tokens.items() if len(token) < _SHORTEST_TOKEN]
        if short:
            raise ValueError(f"the token of {short[0]!r} is short; give {_SHORTEST_TOKEN} characters or more")
        self._tokens = dict(tokens)

    def name(self, authorization: str | None) -> str:
        """The user of a request.

        Args:
            authorization: its header.

        Returns:
            The name.

        Raises:
            RefusedError: tokens are wanted, and this is none of them.
        """
        if not self._tokens:
            return NOBODY_ELSE
        scheme, _, given = (authorization or "").partition(" ")
        found = [
            name for name, token in self._tokens.items() if hmac.compare_digest(token.encode(), given.strip().encode())
        ]
        if scheme.lower() != "bearer" or not found:
            raise RefusedError("a token is wanted: send the header 'Authorization: Bearer TOKEN' with a right one", 401)
        return found[0]


def check_origin(origin: str | None, host: str | None) -> None:
    """Refuse requests that another site's page makes a browser send.

    Args:
        origin: the header; programs send none.
        host: the header.

    Raises:
        RefusedError: the page comes from elsewhere.
    """
    if origin is not None and urlsplit(origin).netloc != (host or ""):
        raise RefusedError("a page of another site sent this; open the service's own address", 403)
