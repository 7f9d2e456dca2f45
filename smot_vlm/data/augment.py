"""Change a clip so that its captions stay true: mirror, crop and scale, brightness, contrast, blur, JPEG.

Hues are never shifted, because captions name colours. One draw holds for all frames of a clip, as one camera would.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from smot_vlm.data.clip_cutting import resize_clip, scale_tracks
from smot_vlm.data.mirror import mirror_words
from smot_vlm.structures import Clip


@dataclass(frozen=True)
class Augmentation:
    """How often and how strongly to change a clip. Each rate is a probability.

    Attributes:
        mirror_rate: of mirroring.
        crop_rate: of cropping.
        crop: the smallest part of each side that a crop may keep.
        scale_rate: of scaling.
        scale: least and largest factor on width and height.
        light_rate: of changing brightness and contrast.
        brightness: largest shift, of 255.
        contrast: the largest factor is 1 + contrast, the least its inverse.
        blur_rate: of blurring.
        blur_pixels: largest standard deviation.
        jpeg_rate: of JPEG artefacts.
        jpeg_quality: least and most.
    """

    mirror_rate: float = 0.5
    crop_rate: float = 0.5
    crop: float = 0.7
    scale_rate: float = 0.5
    scale: tuple[float, float] = (0.75, 1.25)
    light_rate: float = 0.5
    brightness: float = 32.0
    contrast: float = 0.3
    blur_rate: float = 0.2
    blur_pixels: float = 1.5
    jpeg_rate: float = 0.2
    jpeg_quality: tuple[int, int] = (30, 90)

    def __post_init__(self) -> None:
        rates = (self.mirror_rate, self.crop_rate, self.scale_rate, self.light_rate, self.blur_rate, self.jpeg_rate)
        if not all(0 <= rate <= 1 for rate in rates) or not 0 < self.crop <= 1:
            raise ValueError(f"rates {rates}, crop {self.crop}; rates lie in 0 to 1, crop above 0 and at most 1")
        if not 0 < self.scale[0] <= self.scale[1] or not 1 <= self.jpeg_quality[0] <= self.jpeg_quality[1] <= 100:
            raise ValueError(
                f"scale {self.scale}, jpeg_quality {self.jpeg_quality}; give least and most, in that order"
            )
        if min(self.brightness, self.contrast, self.blur_pixels) < 0:
            raise ValueError("brightness, contrast and blur_pixels are 0 or more")


def augment_clip(clip: Clip, augmentation: Augmentation, rng: np.random.Generator) -> Clip:
    """Change a clip at random; frames, ids and interactions keep their order.

    A clip whose captions cannot be mirrored with certainty (see `data.mirror`) is not mirrored.

    Args:
        clip: stays as it is.
        augmentation: how often and how strongly.
        rng: source of all draws.

    Returns:
        The changed copy.
    """
    if rng.random() < augmentation.mirror_rate:
        clip = mirror_clip(clip) or clip
    if rng.random() < augmentation.crop_rate:
        clip = _crop(clip, augmentation.crop, rng)
    if rng.random() < augmentation.scale_rate:
        clip = _scale(clip, augmentation.scale, rng)
    if rng.random() < augmentation.light_rate:
        clip = _relight(clip, augmentation, rng)
    if rng.random() < augmentation.blur_rate:
        clip = _blur(clip, rng.uniform(0.3, max(0.3, augmentation.blur_pixels)))
    if rng.random() < augmentation.jpeg_rate:
        clip = _compress(clip, int(rng.integers(augmentation.jpeg_quality[0], augmentation.jpeg_quality[1] + 1)))
    return clip


def mirror_clip(clip: Clip) -> Clip | None:
    """Mirror a clip, with left and right exchanged in its texts.

    Args:
        clip: stays as it is.

    Returns:
        The mirrored copy; None where a "left" or "right" is ambiguous.
    """
    caption = mirror_words(clip.caption)
    captions = [text for track in clip.tracks if (text := mirror_words(track.caption)) is not None]
    actions = [action for event in clip.events if (action := mirror_words(event.action)) is not None]
    if caption is None or len(captions) < len(clip.tracks) or len(actions) < len(clip.events):
        return None
    width = clip.frames[0].width
    tracks = tuple(
        replace(
            track, boxes=np.array([width, 0, width, 0]) + track.boxes[:, [2, 1, 0, 3]] * [-1, 1, -1, 1], caption=text
        )
        for track, text in zip(clip.tracks, captions, strict=True)
    )
    events = tuple(replace(event, action=action) for event, action in zip(clip.events, actions, strict=True))
    return replace(_with_images(clip, lambda image: cv2.flip(image, 1)), tracks=tracks, caption=caption, events=events)


def crop_clip(clip: Clip, x1: int, y1: int, x2: int, y2: int) -> Clip:
    """Crop every frame; boxes move along and are not cut.

    Args:
        clip: stays as it is.
        x1: first column kept.
        y1: first row kept.
        x2: first column cut off on the right.
        y2: first row cut off at the bottom.

    Returns:
        The cropped copy.
    """
    cropped = _with_images(clip, lambda image: np.ascontiguousarray(image[y1:y2, x1:x2]))
    return replace(cropped, tracks=scale_tracks(clip.tracks, np.ones(4), np.array([-x1, -y1, -x1, -y1])))


def _crop(clip: Clip, least: float, rng: np.random.Generator) -> Clip:
    """A random crop that holds every box of the clip, as far as it lies in the frame."""
    height, width = clip.frames[0].image.shape[:2]
    boxes = np.concatenate([np.zeros((0, 4)), *(track.boxes for track in clip.tracks)])
    left, right = _crop_side(width, boxes[:, 0], boxes[:, 2], least, rng)
    top, bottom = _crop_side(height, boxes[:, 1], boxes[:, 3], least, rng)
    return crop_clip(clip, left, top, right, bottom)


def _crop_side(
    size: int, starts: np.ndarray, ends: np.ndarray, least: float, rng: np.random.Generator
) -> tuple[int, int]:
    """(start, end) of at least `least` x `size` pixels, with everything from the first start to the last end in it."""
    length = int(rng.integers(int(np.ceil(least * size)), size + 1))
    first = int(np.floor(np.clip(starts.min(), 0, size))) if len(starts) else size
    last = int(np.ceil(np.clip(ends.max(), 0, size))) if len(ends) else 0
    length = max(length, last - first)
    start = int(rng.integers(max(0, last - length), min(first, size - length) + 1))
    return start, start + length


def _scale(clip: Clip, scale: tuple[float, float], rng: np.random.Generator) -> Clip:
    factor = float(np.exp(rng.uniform(np.log(scale[0]), np.log(scale[1]))))
    height, width = clip.frames[0].image.shape[:2]
    return resize_clip(clip, (max(1, round(width * factor)), max(1, round(height * factor))))


def _relight(clip: Clip, augmentation: Augmentation, rng: np.random.Generator) -> Clip:
    """All three channels alike, so no colour changes its name."""
    gain = (1 + augmentation.contrast) ** rng.uniform(-1, 1)
    shift = rng.uniform(-augmentation.brightness, augmentation.brightness)
    table = np.clip((np.arange(256) - 127.5) * gain + 127.5 + shift, 0, 255).round().astype(np.uint8)
    return _with_images(clip, lambda image: cv2.LUT(image, table))


def _blur(clip: Clip, deviation_pixels: float) -> Clip:
    return _with_images(clip, lambda image: cv2.GaussianBlur(image, (0, 0), deviation_pixels))


def _compress(clip: Clip, quality: int) -> Clip:
    def compress(image: np.ndarray) -> np.ndarray:
        _, content = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
        decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)
        assert decoded is not None, "what OpenCV encodes it decodes"
        return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)

    return _with_images(clip, compress)


def _with_images(clip: Clip, change: Callable[[np.ndarray], np.ndarray]) -> Clip:
    return replace(clip, frames=tuple(replace(frame, pixels=change(frame.image)) for frame in clip.frames))
