"""Image degradation between the stage and the file: light, lens blur, sensor noise, compression."""

from dataclasses import dataclass
from math import pi, sin

import cv2
import numpy as np


@dataclass(frozen=True)
class Degradation:
    """Constant over a video but for the light.

    Attributes:
        gain: brightness of each colour channel.
        flicker: slow change of light, share.
        flicker_rate: cycles a second.
        gamma: tone curve.
        blur: sigma in pixels of a frame 360 high.
        noise: standard deviation in grey levels.
        jpeg_quality: of the compression that the picture went through; 0 for none.
    """

    gain: tuple[float, float, float]
    flicker: float
    flicker_rate: float
    gamma: float
    blur: float
    noise: float
    jpeg_quality: int


def make_degradation(rng: np.random.Generator) -> Degradation:
    """Mild conditions: colours stay what they are.

    Args:
        rng: the random stream.

    Returns:
        The degradation.
    """
    brightness = rng.uniform(0.84, 1.08)
    warmth = rng.uniform(-0.05, 0.05)
    return Degradation(
        gain=(float(brightness * (1 + warmth)), float(brightness), float(brightness * (1 - warmth))),
        flicker=float(rng.uniform(0.0, 0.10)) if rng.random() < 0.5 else 0.0,
        flicker_rate=float(rng.uniform(0.03, 0.2)),
        gamma=float(rng.uniform(0.88, 1.12)),
        blur=float(rng.uniform(0.4, 1.1)) if rng.random() < 0.4 else 0.0,
        noise=float(rng.uniform(1.0, 6.0)) if rng.random() < 0.7 else 0.0,
        jpeg_quality=int(rng.integers(35, 90)) if rng.random() < 0.5 else 0,
    )


def noise_pool(rng: np.random.Generator, degradation: Degradation, width: int, height: int) -> np.ndarray:
    """Grain from which every frame cuts its own piece.

    Args:
        rng: the random stream.
        degradation: its noise.
        width: of the frames.
        height: of the frames.

    Returns:
        int16 (height + 64, width + 64, 3).
    """
    grain = rng.standard_normal((height + 64, width + 64), dtype=np.float32) * degradation.noise
    return np.asarray(cv2.merge([np.rint(grain).astype(np.int16)] * 3))


def apply_degradation(
    image: np.ndarray, degradation: Degradation, pool: np.ndarray, time: float, index: int
) -> np.ndarray:
    """The picture as recorded.

    Args:
        image: RGB uint8 as drawn.
        degradation: what happens to it.
        pool: of `noise_pool`.
        time: seconds, for the light.
        index: of the frame, which chooses the grain.

    Returns:
        RGB uint8.
    """
    if degradation.blur:
        image = cv2.GaussianBlur(image, (0, 0), degradation.blur * image.shape[0] / 360)
    image = cv2.LUT(image, _tone_table(degradation, time))
    if degradation.noise:
        down, right = (index * 2654435761 >> 7) % 64, (index * 2246822519 >> 5) % 64
        image = cv2.add(image, pool[down : down + image.shape[0], right : right + image.shape[1]], dtype=cv2.CV_8U)
    if degradation.jpeg_quality:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, degradation.jpeg_quality])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    return image


def _tone_table(degradation: Degradation, time: float) -> np.ndarray:
    level = (np.arange(256) / 255.0) ** degradation.gamma
    light = 1.0 + degradation.flicker * sin(2 * pi * degradation.flicker_rate * time)
    table = np.stack([level * gain * light * 255.0 for gain in degradation.gain], axis=-1)
    return np.clip(np.rint(table), 0, 255).astype(np.uint8)[None]
