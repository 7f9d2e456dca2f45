"""The records that pass between stages. Frozen, checked once when made, never a dict.

Conventions: frames count from 0; boxes are xyxy in pixels of the original frame; images are RGB uint8; times are seconds
since the video began.
"""

from smot_vlm.structures.description import SCHEMA, Description
from smot_vlm.structures.evidence import Attribute, Clause, Passage, Segment, Span
from smot_vlm.structures.health import Health, WordsHealth
from smot_vlm.structures.records import (
    BLUR_MODES,
    DOUBTFUL,
    NO_DECODER,
    STATED,
    TRUST_ORDER,
    WITHHELD,
    Clip,
    Detections,
    EventSegment,
    Frame,
    Interaction,
    LazyImage,
    ModelInfo,
    Trajectory,
    VideoInfo,
    less_trusted,
)
from smot_vlm.structures.sight import SeenDeed, SeenPerson, Sight
from smot_vlm.structures.views import Person

__all__ = [
    "BLUR_MODES",
    "DOUBTFUL",
    "NO_DECODER",
    "SCHEMA",
    "STATED",
    "TRUST_ORDER",
    "WITHHELD",
    "Attribute",
    "Clause",
    "Clip",
    "Description",
    "Detections",
    "EventSegment",
    "Frame",
    "Health",
    "Interaction",
    "LazyImage",
    "ModelInfo",
    "Passage",
    "Person",
    "SeenDeed",
    "SeenPerson",
    "Segment",
    "Sight",
    "Span",
    "Trajectory",
    "VideoInfo",
    "WordsHealth",
    "less_trusted",
]
