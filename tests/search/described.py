"""Small described videos to search in, and an encoder that knows no more than words."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from smot_vlm.structures import (
    Attribute,
    Description,
    Interaction,
    ModelInfo,
    Segment,
    Span,
    Trajectory,
    VideoInfo,
)

MODEL = ModelInfo("a model", "lora-lm", "byte", True)


def person(track_id: int, caption: str, **options: object) -> Trajectory:
    frames = np.arange(10)
    boxes = np.tile([10.0 * track_id, 5, 10.0 * track_id + 8, 30], (10, 1))
    return Trajectory(track_id, frames, boxes, np.full(10, 0.9), caption, **options)  # type: ignore[arg-type]


def street(source: str = "street.mp4") -> Description:
    """A woman in red waves, then hands something to a man in blue, who walks away."""
    woman = person(
        1,
        "A woman in a red coat waves, then hands over a parcel.",
        segments=(
            Segment("waves", 0.0, 1.0, "wave"),
            Segment("hands over a parcel", 1.0, 2.0, "give.v.03", "subject", 2),
        ),
        attributes=(Attribute("kind", "woman", 0.9), Attribute("upper_colour", "red", 0.8)),
    )
    man = person(
        2,
        "A man in a blue jacket walks away.",
        attributes=(Attribute("kind", "man"), Attribute("upper_colour", "blue")),
    )
    edges = (Interaction(1, "give.v.03", 2, 0.9, (Span(1.0, 2.0, (5, 6, 7)),)),)
    return Description(VideoInfo(source, 100, 50, 5.0, 10), (woman, man), edges, "Two people meet on a street.", MODEL)


def pool(source: str = "pool.mp4") -> Description:
    """A boy in green swims; nobody is sure."""
    boy = person(1, "A boy in green trunks swims.", words="doubtful", attributes=(Attribute("kind", "boy"),))
    return Description(VideoInfo(source, 100, 50, 5.0, 10), (boy,), (), "A boy swims in a pool.", MODEL)


def write(folder: Path, **descriptions: Description) -> Path:
    for name, description in descriptions.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        description.to_json(folder / name / "description.json")
    return folder


def bag_of_words(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors: texts that share words are near."""
    vectors = np.zeros((len(texts), 64))
    for row, text in enumerate(texts):
        for word in text.casefold().replace(".", " ").replace(",", " ").split():
            vectors[row, zlib.crc32(word.encode()) % 64] += 1
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
