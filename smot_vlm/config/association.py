"""What single associators take beside the settings that all share: a section for each in `association`."""

from dataclasses import dataclass
from typing import Annotated

from smot_vlm.config.ranges import Count, CountFromZero, Positive, Share
from smot_vlm.formats.checked import Range


@dataclass(frozen=True)
class ByteConfig:
    """BYTE; limits are costs, 1 - IoU.

    Attributes:
        match_cost: Limit of the first round, for high scores (the released code: 0.9; crowds want less, 0.7).
        low_match_cost: Limit of the second round, for low scores.
        unconfirmed_match_cost: Limit of the last round, for tracks seen once.
        gate: The greatest squared Mahalanobis distance of a box of high score from what its track expects; none: no limit.
    """

    match_cost: Share = 0.9
    low_match_cost: Share = 0.5
    unconfirmed_match_cost: Share = 0.7
    gate: Positive | None = None


@dataclass(frozen=True)
class BotSortConfig:
    """BoT-SORT.

    Attributes:
        match_cost: Limit of the first round (the paper: 0.8).
        low_match_cost: Limit of the second round, for low scores.
        unconfirmed_match_cost: Limit of the last round, for tracks seen once.
        gate: As of BYTE.
        appearance_distance: The greatest cosine distance at which appearance counts.
        proximity: The least IoU at which it counts.
        camera: Whether the camera's motion is followed.
    """

    match_cost: Share = 0.8
    low_match_cost: Share = 0.5
    unconfirmed_match_cost: Share = 0.7
    gate: Positive | None = None
    appearance_distance: Share = 0.25
    proximity: Share = 0.5
    camera: bool = True


@dataclass(frozen=True)
class SparseConfig:
    """The associator for a few frames a second.

    Attributes:
        reach: How far from its predicted place a track is searched for, in heights of the person.
        speed: How much further for each second in which it was not seen.
        farthest: The limit of both together.
        size_ratio: The greatest ratio of two heights in a row.
        appearance_distance: The greatest distance, 1 - cosine, of embeddings.
    """

    reach: Positive = 0.5
    speed: Positive = 1.2
    farthest: Positive = 3.0
    size_ratio: Annotated[float, Range(1, above=True)] = 1.8
    appearance_distance: Share = 0.5


@dataclass(frozen=True)
class SortConfig:
    """SORT.

    Attributes:
        least_iou: A track takes no box that it overlaps less.
        min_hits: A track is shown once it was seen in so many frames in a row after its first.
        buffer_frames: How many frames a lost track is kept, whatever the frame rate.
    """

    least_iou: Share = 0.3
    min_hits: CountFromZero = 3
    buffer_frames: Count = 1


@dataclass(frozen=True)
class OCSortConfig:
    """OC-SORT, with and without a round for low scores.

    Attributes:
        least_iou: A track takes no box that it overlaps less.
        min_hits: A track is shown once it was seen in so many frames in a row after its first.
        direction_frames: Over how many frames a direction is measured.
        direction_weight: What a wholly consistent direction is worth, in IoU.
    """

    least_iou: Share = 0.3
    min_hits: CountFromZero = 3
    direction_frames: Count = 3
    direction_weight: Share = 0.2


@dataclass(frozen=True)
class DeepSortConfig:
    """DeepSORT.

    Attributes:
        appearance_distance: The greatest cosine distance between a box and the nearest embedding of a track.
        gallery: How many embeddings a track keeps.
        iou_cost: The greatest 1 - IoU in the last round.
        min_hits: Frames in a row from the start after which a track is shown.
    """

    appearance_distance: Share = 0.2
    gallery: Count = 100
    iou_cost: Share = 0.7
    min_hits: Count = 3
