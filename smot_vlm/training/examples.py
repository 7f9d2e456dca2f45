"""Training examples: clips with their frames in the detector's canvas and their annotations."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from smot_vlm.config import Config
from smot_vlm.data.augment import Augmentation, augment_clip
from smot_vlm.data.clip_cutting import cut_clip
from smot_vlm.data.sequences import AnnotatedSequence
from smot_vlm.detection.letterbox import Letterbox, canvas_size, letterbox
from smot_vlm.fusion.pictures import PictureMemory
from smot_vlm.semantics.marks import Pictures, marked_pictures
from smot_vlm.structures import Clip, Detections, EventSegment, Interaction, Trajectory
from smot_vlm.structures.open_annotations import BOXES, INTERACTIONS


@dataclass(frozen=True, eq=False)
class ExampleOptions:
    """How examples are cut out of sequences.

    Attributes:
        image_size: Long side of the detector's canvas in pixels.
        most_frames: Longest run of consecutive frames to associate.
        feature_frames: Keyframes, whose features are computed with gradients, spread over the run.
        detector_frames: Smallest and largest number of keyframes in the detector's loss (paper: 6 to 8).
        true_tracks: Share of examples that use annotated trajectories, at the start and at the end of the training;
            the others use predicted ones.
        video_captions: Share of examples whose video caption is a target.
        augmentation: Of the clips; None for none.
        open_pictures: Makes a memory of pictures, for decoders that look at them; None for others.
        at_least: Pixels that the long side of a frame keeps where a smaller one is decoded faster; 0: all of them.
    """

    image_size: int
    most_frames: int = 48
    feature_frames: int = 12
    detector_frames: tuple[int, int] = (6, 8)
    true_tracks: tuple[float, float] = (1.0, 0.5)
    video_captions: float = 1.0
    augmentation: Augmentation | None = None
    open_pictures: Callable[[], PictureMemory] | None = None
    at_least: int = 0

    def __post_init__(self) -> None:
        least, most = self.detector_frames
        if not 1 <= self.feature_frames <= self.most_frames or not 1 <= least <= most:
            raise ValueError(
                f"{self.feature_frames} feature frames of {self.most_frames} frames, {least} to {most} for the detector; "
                "each is at least 1, feature frames are among the frames, and least is at most most"
            )
        if not all(0 <= share <= 1 for share in (*self.true_tracks, self.video_captions)):
            raise ValueError(f"shares {self.true_tracks} and {self.video_captions}; give 0 to 1")


def example_options(config: Config, open_pictures: Callable[[], PictureMemory] | None = None) -> ExampleOptions:
    """Select the options of a configuration.

    Args:
        config: Its `training` and `detector` sections are read.
        open_pictures: The model's.

    Returns:
        The options.
    """
    settings = config.training
    augmentation = Augmentation() if settings.augment else None
    # What a crop keeps must still fill the canvas; decoders that look at pictures get them whole.
    kept = augmentation.crop if augmentation else 1.0
    reduced = settings.reduce_frames and open_pictures is None
    return ExampleOptions(
        image_size=config.detector.image_size,
        most_frames=settings.most_frames,
        feature_frames=settings.feature_frames,
        detector_frames=settings.detector_frames,
        true_tracks=settings.true_tracks,
        video_captions=settings.video_captions,
        augmentation=augmentation,
        open_pictures=open_pictures,
        at_least=math.ceil(config.detector.image_size / kept) if reduced else 0,
    )


@dataclass(frozen=True, eq=False)
class Example:
    """A clip ready for the model.

    Attributes:
        name: Of the sequence.
        fps: Of the frames of the clip.
        canvases: uint8 RGB (frames, height, width, 3), the frames in the detector's canvas.
        placement: Of the frames in the canvas.
        frames: Frame numbers, 0-based.
        times: Seconds since the video began, float32.
        tracks: Annotated trajectories, boxes in pixels of the original frames; each has a box in a keyframe.
        interactions: Between these tracks.
        caption: Of the video.
        features: Positions of the keyframes in `frames`.
        detector: Positions in `features` of the frames in the detector's loss.
        associate: Use predicted trajectories instead of `tracks`.
        teach_video: Whether `caption` is a target.
        events: Event segments of the tracks, if the data set has any.
        seed: Of random numbers drawn in the step.
        pictures: Of the keyframes and of `tracks` in them, as at inference, for decoders that look at pictures.
        all_interactions: Whether people without an interaction have none; otherwise that is unknown.
    """

    name: str
    fps: float
    canvases: np.ndarray
    placement: Letterbox
    frames: np.ndarray
    times: np.ndarray
    tracks: tuple[Trajectory, ...]
    interactions: tuple[Interaction, ...]
    caption: str
    features: np.ndarray
    detector: np.ndarray
    associate: bool
    teach_video: bool
    events: tuple[EventSegment, ...]
    seed: int
    pictures: Pictures | None = None
    all_interactions: bool = True

    def event_at(self, track_id: int, time_seconds: float) -> EventSegment | None:
        """Find the event segment of a person at a time.

        Args:
            track_id: Of the person.
            time_seconds: Since the video began.

        Returns:
            The segment, or None if there is none.
        """
        events = (
            event for event in self.events if event.track_id == track_id and event.start <= time_seconds < event.end
        )
        return next(events, None)


def make_example(
    sequence: AnnotatedSequence, options: ExampleOptions, true_share: float, rng: np.random.Generator
) -> Example:
    """Cut one example out of a sequence.

    Only the frames needed are read: the whole run if it is to be associated, else its keyframes.

    Args:
        sequence: To cut from.
        options: How to cut.
        true_share: Probability that the example uses annotated trajectories.
        rng: Source of all random choices.

    Returns:
        The example.

    Raises:
        FileNotFoundError: A frame is missing.
        ValueError: A frame cannot be read.
    """
    run = _choose_run(len(sequence), options.most_frames, rng)
    keyframes = _spread(len(run), options.feature_frames, rng)
    associate = bool(rng.random() >= true_share)
    places = run if associate else [run[position] for position in keyframes]
    features = keyframes if associate else np.arange(len(keyframes))
    clip = cut_clip(sequence, places, options.at_least)
    if options.augmentation is not None:
        clip = augment_clip(clip, options.augmentation, rng)
    least, most = options.detector_frames
    count = min(len(features), int(rng.integers(least, most + 1)))
    detector = np.sort(rng.choice(len(features), size=count, replace=False))
    return _example(
        replace(clip, fps=clip.fps if associate else sequence.fps),
        options,
        features,
        # Where people stand about without a box, none of its frames says where nobody is.
        detector=detector[:0] if BOXES in sequence.unknown else detector,
        associate=associate,
        teach_video=bool(rng.random() < options.video_captions) and bool(clip.caption.strip()),
        seed=int(rng.integers(2**31)),
        rate=sequence.fps,
        all_interactions=INTERACTIONS not in sequence.unknown,
    )


def _example(
    clip: Clip,
    options: ExampleOptions,
    features: np.ndarray,
    *,
    detector: np.ndarray,
    associate: bool,
    teach_video: bool,
    seed: int,
    rate: float,
    all_interactions: bool,
) -> Example:
    canvases, placement = draw_canvases([frame.image for frame in clip.frames], options.image_size)
    frames = np.array([frame.index for frame in clip.frames])
    tracks = tuple(track for track in clip.tracks if np.isin(frames[features], track.frames).any())
    ids = {track.id for track in tracks}
    return Example(
        name=clip.name,
        fps=clip.fps,
        canvases=canvases,
        placement=placement,
        frames=frames,
        times=(frames / rate).astype(np.float32),
        tracks=tracks,
        interactions=tuple(edge for edge in clip.interactions if edge.subject in ids and edge.object in ids),
        caption=clip.caption,
        features=features,
        detector=detector,
        associate=associate,
        teach_video=teach_video,
        events=clip.events,
        seed=seed,
        pictures=_pictures(clip, features, tracks, options.open_pictures) if options.open_pictures else None,
        all_interactions=all_interactions,
    )


def _pictures(
    clip: Clip, features: np.ndarray, tracks: Sequence[Trajectory], open_pictures: Callable[[], PictureMemory]
) -> Pictures:
    """What a decoder is shown of the keyframes: true boxes, from frames in their own size."""
    memory = open_pictures()
    for position in features.tolist():
        frame = clip.frames[position]
        seen = [(track.id, box) for track in tracks for box in track.boxes[track.frames == frame.index]]
        boxes = np.array([box for _, box in seen]).reshape(-1, 4)
        people = Detections(boxes, np.ones(len(seen)), np.array([track_id for track_id, _ in seen], dtype=np.int64))
        memory.observe(frame, people, keyframe=True)
    return marked_pictures(memory, [track.id for track in tracks])


def draw_canvases(images: Sequence[np.ndarray], image_size: int) -> tuple[np.ndarray, Letterbox]:
    """Letterbox frames as `YoloDetector.preprocess` does.

    Args:
        images: uint8 RGB frames of one size.
        image_size: Long side of the canvas in pixels.

    Returns:
        Canvases (frames, height, width, 3), and the placement of the frames in them.
    """
    height, width = images[0].shape[:2]
    size = canvas_size(width, height, image_size)
    drawn = [letterbox(image, *size) for image in images]
    return np.stack([canvas for canvas, _ in drawn]), drawn[0][1]


def _choose_run(length: int, most: int, rng: np.random.Generator) -> list[int]:
    """Up to `most` consecutive positions from a random start."""
    start = int(rng.integers(0, max(length - most, 0) + 1))
    return list(range(start, min(start + most, length)))


def _spread(length: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Up to `count` positions below `length`, ascending: a random one in each of `count` equal parts."""
    count = min(count, length)
    edges = np.linspace(0, length, count + 1)
    drawn = np.floor(edges[:-1] + rng.random(count) * np.diff(edges)).astype(np.int64)
    return np.unique(np.minimum(drawn, length - 1))
