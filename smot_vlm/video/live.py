"""Cameras and network addresses: how each is opened, and how long to wait for it."""

import sys
import time
from urllib.parse import urlsplit, urlunsplit

import av

from smot_vlm.system.offline import check_address
from smot_vlm.video.container import ContainerSource, open_container, source_or_close
from smot_vlm.video.packets import NO_ANSWER, reason

SCHEMES = ("http", "https", "rtmp", "rtmps", "rtsp", "rtsps", "tcp", "udp")
OPEN_TIMEOUT_SECONDS = 10.0
STREAM_TIMEOUT_SECONDS = 10.0


def open_address(
    address: str, fps: float | None = None, wait_seconds: float = STREAM_TIMEOUT_SECONDS
) -> ContainerSource:
    """A stream or a file on a network. Opening and each wait for data end after some seconds.

    RTSP goes over TCP where the server can, as UDP loses packets.

    Args:
        address: with its scheme.
        fps: used where the stream states no rate.
        wait_seconds: longest wait for a picture; to open it takes at most 10 seconds.

    Returns:
        The source, which owns the connection.

    Raises:
        ValueError: an address of an unknown kind, or what answers is no video.
        ConnectionError: no answer in time, or a refusal.
        OfflineError: it is on another machine, and the network is switched off.
    """
    scheme = urlsplit(address).scheme.lower()
    name = without_password(address)
    if scheme not in SCHEMES:
        raise ValueError(f"{name}: {scheme!r} is no known kind of address; give {', '.join(SCHEMES)} or a path")
    check_address(name, urlsplit(address).hostname or "")
    options = {"rtsp_flags": "prefer_tcp"} if scheme.startswith("rtsp") else None
    timeout = min(OPEN_TIMEOUT_SECONDS, wait_seconds)
    deadline = time.monotonic() + timeout
    try:
        container = open_container(address, options=options, timeout_seconds=timeout)
    except av.FFmpegError as error:
        # An RTSP server that keeps silent ends as "invalid data" too.
        late = time.monotonic() >= deadline
        if isinstance(error, av.error.InvalidDataError) and not late:
            raise ValueError(f"{name}: what answers is not a video ({reason(error)}); check the address") from None
        why = NO_ANSWER if late else reason(error)
        raise ConnectionError(f"{name}: cannot be opened ({why}); check the address and the network") from None
    return source_or_close(container, name, fps, wait_seconds)


def open_camera(
    camera: int | str, fps: float | None = None, wait_seconds: float = STREAM_TIMEOUT_SECONDS
) -> ContainerSource:
    """A camera of this machine by index from 0, or by device path (/dev/video0).

    Video4Linux2 on Linux, AVFoundation on macOS, DirectShow on Windows.

    Args:
        camera: index or path.
        fps: used where the camera states no rate.
        wait_seconds: longest wait for a picture.

    Returns:
        The source, which owns the camera.

    Raises:
        ValueError: a negative index.
        OSError: no such camera, or it is in use.
    """
    if isinstance(camera, int) and camera < 0:
        raise ValueError(f"camera {camera}: cameras count from 0")
    name = f"camera {camera}"
    try:
        device, address, options = camera_device(camera, sys.platform)
        container = open_container(address, device, options, OPEN_TIMEOUT_SECONDS)
    except av.FFmpegError as error:
        raise OSError(
            f"{name}: cannot be opened ({reason(error)}); check that it is plugged in, free and allowed to you"
        ) from None
    return source_or_close(container, name, fps, wait_seconds)


def camera_device(camera: int | str, platform: str) -> tuple[str, str, dict[str, str] | None]:
    """What FFmpeg needs to open a camera.

    Args:
        camera: index, or the system's name for it.
        platform: as sys.platform.

    Returns:
        Device format, address and options.

    Raises:
        OSError: Windows has no camera of that index.
    """
    if platform == "darwin":
        return "avfoundation", f"{camera}:none", {"framerate": "30"}
    if platform == "win32":
        return "dshow", f"video={_windows_camera(camera)}", None
    return "v4l2", camera if isinstance(camera, str) else f"/dev/video{camera}", None


def without_password(address: str) -> str:
    """The address as it may be shown and stored.

    Args:
        address: perhaps with user name and password.

    Returns:
        It without them.
    """
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _windows_camera(camera: int | str) -> str:
    """DirectShow knows cameras by name alone."""
    if isinstance(camera, str):
        return camera
    names = [device.name for device in av.enumerate_input_devices("dshow") if "video" in device.media_types]
    if camera >= len(names):
        raise OSError(f"camera {camera}: this machine has {len(names)} cameras; they count from 0")
    return names[camera]
