"""Whether this program may use a network: HF_HUB_OFFLINE forbids fetching models, `--offline` everything but this machine."""

import ipaddress
import os
import socket

HUB_VARIABLE = "HF_HUB_OFFLINE"
VARIABLE = "SMOT_VLM_OFFLINE"
_YES = frozenset({"1", "true", "yes", "on"})


class OfflineError(OSError):
    """What was asked for takes a network, and the user switched it off."""


def go_offline() -> None:
    """Use no network from here on, in this process and those that it starts: what `--offline` does."""
    os.environ[HUB_VARIABLE] = os.environ[VARIABLE] = "1"


def check_may_fetch(what: str) -> None:
    """Refuse to fetch a model where that is switched off.

    Args:
        what: would be fetched.

    Raises:
        OfflineError: it is, by either variable or the option.
    """
    if _is_set(HUB_VARIABLE) or _is_set(VARIABLE):
        raise OfflineError(f"{what} is not on this machine, and --offline or {HUB_VARIABLE} forbids to fetch it")


def check_address(what: str, host: str) -> None:
    """Refuse a server or a stream on another machine where the network is switched off.

    Args:
        what: is to be opened.
        host: where it is.

    Raises:
        OfflineError: `--offline` was given. HF_HUB_OFFLINE is about models alone.
    """
    if _is_set(VARIABLE) and not is_this_machine(host):
        raise OfflineError(f"{what} is on another machine, and --offline forbids to use a network")


def is_this_machine(host: str) -> bool:
    """Whether what is sent to a host stays on this machine, told by its name alone.

    Args:
        host: a name or an address, without port.

    Returns:
        True for loopback and this machine's own name.
    """
    if host in ("localhost", socket.gethostname().lower()) or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_set(variable: str) -> bool:
    # Read each time: libraries read theirs once, when they are imported.
    return os.environ.get(variable, "").strip().lower() in _YES
