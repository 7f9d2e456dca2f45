"""Events posted to a webhook as JSON, without ever holding up the watching."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from smot_vlm.formats.documents import reason, shown
from smot_vlm.rules.background import Background
from smot_vlm.rules.events import Event
from smot_vlm.system.offline import check_address

TIMEOUT_SECONDS = 5.0
# Events that may wait for a slow server, and how long the end of the watching waits for it.
CAPACITY = 100
LAST_SECONDS = 10.0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An answer that sends elsewhere is a failure: events go to the address that was given."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Webhook:
    """Posts events, one after another, in a thread.

    Args:
        address: http:// or https://.
        say: called with a line where posting begins to fail.
        timeout_seconds: for the server's answer.
        capacity: events that may wait.

    Raises:
        ValueError: another kind of address, or one with a name or password.
        OfflineError: it is on another machine, and the network is switched off.
    """

    def __init__(
        self,
        address: str,
        say: Callable[[str], None],
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        capacity: int = CAPACITY,
    ) -> None:
        self._host = check_webhook(address)
        self._address = address
        self._timeout = timeout_seconds
        self._opener = urllib.request.build_opener(_NoRedirects)
        self._background: Background[Event] = Background(
            self._post, capacity=capacity, on_failure=lambda error: say(f"webhook {self._host}: {reason(error)}")
        )

    def send(self, event: Event) -> None:
        """Post an event soon. Never waits.

        Args:
            event: to post.
        """
        self._background.add(event)

    def close(self, wait_seconds: float = LAST_SECONDS) -> str:
        """Post what waits.

        Args:
            wait_seconds: longest time that this takes.

        Returns:
            How many were not posted, in a line; empty where all were.
        """
        self._background.close(wait_seconds)
        failed, dropped, done = self._background.failed, self._background.dropped, self._background.done
        if not failed + dropped:
            return ""
        return f"webhook {self._host}: {done} events posted, {failed} failed, {dropped} dropped"

    def _post(self, event: Event) -> None:
        body = json.dumps(event.to_dict()).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "smot-vlm"}
        request = urllib.request.Request(self._address, data=body, headers=headers, method="POST")
        try:
            with self._opener.open(request, timeout=self._timeout):
                pass
        except urllib.error.HTTPError as error:
            error.close()
            raise OSError(f"answers {error.code}") from None
        except HTTPException as error:
            raise OSError(f"answers no HTTP ({type(error).__name__})") from None


def check_webhook(address: str) -> str:
    """Refuse an address that events must not go to.

    Args:
        address: as the user gave it.

    Returns:
        Host and port, as they may be shown: paths of webhooks hold secrets.

    Raises:
        ValueError: another kind of address, or one with a name or password.
        OfflineError: it is on another machine, and the network is switched off.
    """
    try:
        parts = urlsplit(address)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid or not address.isascii() or not address.isprintable() or " " in address:
        shown_start = shown(address.partition("://")[0][:20])
        raise ValueError(f"a webhook that begins with {shown_start}; give an address such as https://example.org/hook")
    if "@" in parts.netloc:
        raise ValueError("the webhook's address holds a name or password; give one without")
    check_address(f"webhook {parts.netloc}", parts.hostname or "")
    return parts.netloc
