"""A small invented description with everything that a format may hold, and characters that break careless writers."""

import numpy as np

from smot_vlm.structures import (
    Attribute,
    Clause,
    Description,
    Interaction,
    ModelInfo,
    Segment,
    Span,
    Trajectory,
    VideoInfo,
)


def told(**changes: object) -> Description:
    """A man with a gap in his track waves at a woman and shakes her hand; 10 frames a second, 50 frames."""
    frames = np.array([0, 1, 2, 10, 11, 12, 49])
    left = 10.0 + frames
    boxes = np.stack([left, np.full(7, 20.0), left + 30, np.full(7, 120.0)], axis=1)
    man = Trajectory(
        4,
        frames,
        boxes,
        np.linspace(0.5, 0.8, 7),
        'A man waves at "Ann & Bob" <3, then sits --> down.',
        segments=(
            Segment('waves at "Ann & Bob" <3', 0.0, 1.25, "applaud.v.01", "subject", 7),
            Segment("sits --> down", 1.25, 5.0, "sit"),
        ),
        attributes=(Attribute("kind", "man", 0.9), Attribute("has", "bag", 0.7), Attribute("has", "hat", 0.6)),
    )
    woman = Trajectory(
        7, np.arange(5, 50), np.tile([200.0, 30, 240, 130], (45, 1)), np.full(45, 0.9), "=A woman stands."
    )
    fields = {
        "video": VideoInfo("clip & co.mp4", 640, 480, 10.0, 50),
        "tracks": (man, woman),
        "interactions": (
            Interaction(4, "applaud.v.01", 7, 0.8, (Span(0.5, 1.2, (10, 11), 0.8), Span(3.0, 4.25, (), 0.6))),
            Interaction(7, "shake hands, firmly", 4, 0.4),
        ),
        "caption": "Two people meet.\n\nÜnïcode 你好 --> &",
        "model": ModelInfo("demo", "lora-lm", "byte", True, version="1"),
        "clauses": (Clause("Two people meet", (4, 7), (0,)),),
    }
    return Description(**{**fields, **changes})


def nobody() -> Description:
    """Of a video in which nobody was seen."""
    return told(tracks=(), interactions=(), caption="", clauses=())
