"""A camera for benchmarks: a process of its own that plays a clip over HTTP on loopback, at a camera's rate, for ever.

Packets are sent as they are, so that it costs hardly any processor beside what is measured.

    python -m smot_vlm.bench.camera CLIP RATE
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import count
from pathlib import Path

import av

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n"
# Timestamps count so many a second.
_TICKS = 90_000


@contextmanager
def camera_of(clip: Path, rate: float) -> Iterator[str]:
    """A camera that shows a clip again and again.

    Args:
        clip: a file of H.264 without frames out of order.
        rate: frames a second, whatever the clip's own are.

    Yields:
        Its address.
    """
    command = [sys.executable, "-m", "smot_vlm.bench.camera", str(clip), repr(rate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None, "it is a pipe"
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/live"
        finally:
            process.terminate()


class _Connection:
    """A client, as a file that is written."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client

    def write(self, data: bytes) -> int:
        """Send, and wait where the client does not take it.

        Args:
            data: to be sent.
        """
        self._client.sendall(data)
        return len(data)


def play(clip: Path, rate: float, client: socket.socket) -> None:
    """Send a clip's pictures, each when it is due.

    Args:
        clip: as for `camera_of`.
        rate: the same.
        client: who is sent to; the end of the connection ends the playing.
    """
    client.recv(4096)
    client.sendall(_HEAD)
    began, places = time.monotonic(), count()
    with av.open(str(clip)) as first:
        template = first.streams.video[0]
        with av.open(_Connection(client), "w", format="mpegts", options={"flush_packets": "1"}) as output:
            stream = output.add_stream_from_template(template)
            while True:
                with av.open(str(clip)) as container:
                    for packet in container.demux(container.streams.video[0]):
                        if packet.size == 0:
                            continue
                        place = next(places)
                        time.sleep(max(began + place / rate - time.monotonic(), 0.0))
                        packet.stream = stream
                        packet.time_base = Fraction(1, _TICKS)
                        packet.pts = packet.dts = round(place * _TICKS / rate)
                        output.mux(packet)


def main() -> None:
    """Listen, say at which port, and play to one client after another."""
    clip, rate = Path(sys.argv[1]), float(sys.argv[2])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            client, _ = listener.accept()
            with client, suppress(OSError, av.FFmpegError):
                play(clip, rate, client)


if __name__ == "__main__":
    main()
