"""Small videos and pictures, made on the spot."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def pictures(count: int, width: int = 64, height: int = 48, seed: int = 0) -> list[np.ndarray]:
    """Random blocks of 8x8 pixels: every frame its own, and kind to a codec."""
    random = np.random.default_rng(seed)
    rows, columns = -(-height // 8), -(-width // 8)
    coarse = random.integers(0, 256, (count, rows, columns, 3), dtype=np.uint8)
    return [np.ascontiguousarray(image.repeat(8, 0).repeat(8, 1)[:height, :width]) for image in coarse]


def numbered(count: int, width: int = 64, height: int = 48) -> list[np.ndarray]:
    """Grey pictures whose level says their index: 2 * index."""
    return [np.full((height, width, 3), 2 * index, dtype=np.uint8) for index in range(count)]


def write_container(
    path: Path,
    images: Sequence[np.ndarray],
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: int = 25,
    pts: Sequence[int] | None = None,
    rotation: int | None = None,
    codec_options: dict[str, str] | None = None,
    **container_options: str,
) -> Path:
    """Encode `images`; `pts` in frame periods, `rotation` as a display matrix in degrees counterclockwise."""
    with av.open(str(path), "w", options=container_options) as container:
        stream = container.add_stream(codec, rate=rate, options=codec_options or {})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = pix_fmt
        if rotation is not None:
            stream.set_display_rotation(rotation)
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if pts is not None:
                frame.pts, frame.time_base = pts[index], Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """One second of silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def mean_difference(first: np.ndarray, second: np.ndarray) -> float:
    """Mean absolute difference in grey levels."""
    return float(np.abs(first.astype(np.int64) - second).mean())
