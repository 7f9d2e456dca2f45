"""Where a job's video may come from: an upload, a path below an allowed folder, an address on an allowed host.

An address is resolved once; every result must be public, and the connection goes to that result, so that a name cannot
lead into the network that the service stands in. Redirections are not followed.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from smot_vlm.app.limits import Limits, RefusedError
from smot_vlm.video.reader import open_video

_CHUNK = 2**20
_SECONDS = 30.0
# A file's ending tells FFmpeg little, but people expect it; anything else is no part of a name.
_LONGEST_SUFFIX = 6

Resolve = Callable[[str, int], Sequence[str]]


def allowed_path(text: str, roots: Sequence[Path]) -> Path:
    """A file that a request names.

    Args:
        text: the path.
        roots: folders below which files may be named.

    Returns:
        The file, links resolved.

    Raises:
        RefusedError: not below one of the folders (whether it exists or not), or no such file.
    """
    try:
        path = Path(text).resolve()
    except (OSError, ValueError):
        raise RefusedError("the path cannot be read; give a plain path", 403) from None
    if not is_below(path, roots):
        allowed = ", ".join(map(str, roots)) or "none; upload the file, or start the service with --allow DIR"
        raise RefusedError(f"the path is outside the folders that may be named: {allowed}", 403)
    if not path.is_file():
        raise RefusedError(f"{path.name}: no such file", 404)
    return path


def is_below(path: Path, roots: Sequence[Path]) -> bool:
    """Whether a path lies in one of the folders that may be named.

    Args:
        path: with its links resolved.
        roots: the folders.
    """
    return any(path.is_relative_to(root.resolve()) for root in roots)


class Receiver:
    """Writes a video as it comes, never more than it may be.

    Args:
        target: the file to write.
        limits: of its size.
    """

    def __init__(self, target: Path, limits: Limits) -> None:
        self._target = target
        self._limits = limits
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Write the next bytes.

        Args:
            chunk: of the video.

        Raises:
            RefusedError: it is larger than it may be.
        """
        self._size += len(chunk)
        if self._size > self._limits.bytes:
            raise RefusedError(
                f"the video is larger than {self._limits.megabytes:g} MB; send a shorter or smaller one", 413
            )
        with self._target.open("ab") as file:
            file.write(chunk)

    def finish(self) -> None:
        """All has come.

        Raises:
            RefusedError: it was nothing.
        """
        if not self._size:
            raise RefusedError("the upload is empty; send the bytes of a video file")


def fetch(url: str, target: Path, limits: Limits, hosts: Sequence[str], resolve: Resolve | None = None) -> None:
    """Fetch a video from an address.

    Args:
        url: http or https.
        target: the file to write.
        limits: of its size.
        hosts: names of hosts that may be asked.
        resolve: gives the IP addresses of a host and port; None asks the system.

    Raises:
        RefusedError: the address may not be asked, or gives no file.
    """
    scheme, host, port = _parts(url, hosts)
    addresses = (resolve or _resolve)(host, port)
    hidden = [address for address in addresses if not ipaddress.ip_address(address).is_global]
    if hidden or not addresses:
        raise RefusedError(f"{host} leads to a private address or to none; only public addresses are fetched", 403)
    there = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
    parts = urlsplit(url)
    pinned = f"{scheme}://{there}:{port}{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    headers = {"Host": host if port in (80, 443) else f"{host}:{port}"}
    try:
        with (
            httpx.Client(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", pinned, headers=headers, extensions={"sni_hostname": host}) as answer,
        ):
            if answer.status_code != 200:
                raise RefusedError(f"{host} answered with {answer.status_code}; give the address of the file itself")
            receiver = Receiver(target, limits)
            for chunk in answer.iter_bytes(_CHUNK):
                receiver.add(chunk)
            receiver.finish()
    except httpx.HTTPError as error:
        raise RefusedError(f"{host} could not be asked ({type(error).__name__})") from None


def check_video(path: Path, name: str, limits: Limits) -> None:
    """Make sure that a file is a video which is not too long.

    Args:
        path: of the file.
        name: as the user knows it.
        limits: of its length.

    Raises:
        RefusedError: it is no video, or too long.
    """
    try:
        with open_video(path) as video:
            frames, fps = video.frame_count, video.fps
    except (OSError, ValueError):
        raise RefusedError(f"{name}: no video can be read from it; send mp4, webm, mkv, mov or avi", 415) from None
    if frames is not None and fps > 0 and frames / fps > limits.minutes * 60:
        minutes = frames / fps / 60
        raise RefusedError(f"{name}: {minutes:.1f} minutes long; at most {limits.minutes:g} are taken", 413)


def safe_suffix(name: str) -> str:
    """The ending that a received file gets.

    Args:
        name: as the user gave it.

    Returns:
        Such as ".mp4"; ".video" where it has none that is plain.
    """
    suffix = Path(name.replace("\\", "/")).suffix.lower()
    plain = suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= _LONGEST_SUFFIX
    return suffix if plain else ".video"


def _parts(url: str, hosts: Sequence[str]) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower().rstrip("."), parts.port
    except ValueError:
        raise RefusedError("the address cannot be read; give http://HOST/FILE or https://HOST/FILE") from None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise RefusedError("the address is none of http or https, or holds a password; give http(s)://HOST/FILE")
    if host not in {name.lower() for name in hosts}:
        allowed = ", ".join(hosts) or "none; start the service with --allow-host HOST"
        raise RefusedError(f"{host} is not among the hosts that may be asked: {allowed}", 403)
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 80)


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
