"""A camera on this machine that misbehaves: each connection to it is served the next act of a play."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO

import av
import numpy as np


@dataclass(frozen=True)
class Act:
    """What one connection is given.

    Attributes:
        body: sent at once; nothing: the connection is refused.
        freeze: keep the connection open without a word, until the client leaves.
        type: of the content.
    """

    body: bytes = b""
    freeze: bool = False
    type: str = "video/mp2t"


def square(index: int, width: int = 96, height: int = 64) -> np.ndarray:
    """A white square of a quarter of the height that goes back and forth on black."""
    side = height // 4
    reach = width - side
    left = abs((3 * index) % (2 * reach) - reach)
    image = np.zeros((height, width, 3), np.uint8)
    image[height // 2 : height // 2 + side, left : left + side] = 255
    return image


def transport_stream(
    frames: int, rate: int = 5, width: int = 96, height: int = 64, pts: Sequence[int] | None = None, sound: float = 0.0
) -> bytes:
    """Frames of `square` as MPEG-TS; `pts` in frame periods; sound goes on for so many seconds behind the pictures."""
    file = BytesIO()
    with av.open(file, "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "g": "10", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        audio = container.add_stream("mp2", rate=16000) if sound else None
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(square(index, width, height), format="rgb24")
            frame.pts, frame.time_base = index if pts is None else pts[index], Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None:
            for index in range(int(16000 * (frames / rate + sound)) // 1152):
                heard = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.int16), format="s16", layout="mono")
                heard.sample_rate, heard.pts, heard.time_base = 16000, 1152 * index, Fraction(1, 16000)
                container.mux(audio.encode(heard))
    return file.getvalue()


def jpegs(count: int, width: int = 96, height: int = 64) -> bytes:
    """Pictures one after the other, as cameras send them over HTTP."""
    import cv2

    parts = []
    for index in range(count):
        jpeg = cv2.imencode(".jpg", square(index, width, height))[1].tobytes()
        parts.append(b"--x\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n")
    return b"".join(parts)


@contextmanager
def playing(acts: Sequence[Act]) -> Iterator[str]:
    """The address of a server that plays the acts, the last one for ever."""
    done = threading.Event()
    served: list[threading.Thread] = []

    def serve(connection: socket.socket, act: Act) -> None:
        with connection:
            try:
                connection.recv(4096)
                if act.body:
                    head = f"HTTP/1.1 200 OK\r\nContent-Type: {act.type}\r\nConnection: close\r\n\r\n"
                    connection.sendall(head.encode() + act.body)
                if act.freeze:
                    connection.settimeout(0.05)
                    while not done.is_set():
                        try:
                            if not connection.recv(4096):
                                return
                        except TimeoutError:
                            continue
            except OSError:
                return

    def accept(listener: socket.socket) -> None:
        left = list(acts)
        while not done.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            act = left.pop(0) if len(left) > 1 else left[0]
            served.append(threading.Thread(target=serve, args=(connection, act), daemon=True))
            served[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=accept, args=(listener,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/live"
        finally:
            done.set()
            for one in (thread, *served):
                one.join(5)
