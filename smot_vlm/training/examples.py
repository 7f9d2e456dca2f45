"""What one training step looks at: a clip with its pictures in the detector's canvas and its truth beside them.

Every example is drawn from (seed, epoch, sequence) alone, so the same seed gives the same examples for any number of
workers and processes, and training can go on where it stopped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from torch.utils.data import Dataset, Sampler

from smot_vlm.config import Config
from smot_vlm.data.augment import Augmentation, augment_clip
from smot_vlm.data.clips import cut_clip
from smot_vlm.data.sequences import AnnotatedSequence, SequenceSource
from smot_vlm.detection.letterbox import Letterbox, canvas_size, letterbox
from smot_vlm.structures import Clip, EventSegment, Interaction, Trajectory


@dataclass(frozen=True, eq=False)
class ExampleOptions:
    """How examples are cut.

    image_size: the detector's long side in pixels. most_frames: the longest run of frames that is associated.
    feature_frames: frames whose features are taken, with gradient, spread over the run. detector_frames: least and most
    of them that the detector's loss sees (paper: 6 to 8). true_tracks: share of the examples that use the true
    trajectories, at the start and at the end of the training; the others use those that the model finds.
    video_captions: share of the examples whose video caption is taught.
    """

    image_size: int
    most_frames: int = 48
    feature_frames: int = 12
    detector_frames: tuple[int, int] = (6, 8)
    true_tracks: tuple[float, float] = (1.0, 0.5)
    video_captions: float = 1.0
    augmentation: Augmentation | None = None

    def __post_init__(self) -> None:
        least, most = self.detector_frames
        if not 1 <= self.feature_frames <= self.most_frames or not 1 <= least <= most:
            raise ValueError(
                f"{self.feature_frames} feature frames of {self.most_frames} frames, {least} to {most} for the detector; "
                "each is at least 1, feature frames are among the frames, and least is at most most"
            )
        if not all(0 <= share <= 1 for share in (*self.true_tracks, self.video_captions)):
            raise ValueError(f"shares {self.true_tracks} and {self.video_captions}; give 0 to 1")


def example_options(config: Config) -> ExampleOptions:
    """How a configuration cuts the examples of its training."""
    settings = config.training
    return ExampleOptions(
        image_size=config.detector.image_size,
        most_frames=settings.most_frames,
        feature_frames=settings.feature_frames,
        detector_frames=settings.detector_frames,
        true_tracks=settings.true_tracks,
        video_captions=settings.video_captions,
        augmentation=Augmentation() if settings.augment else None,
    )


@dataclass(frozen=True, eq=False)
class Example:
    """A clip ready for the model.

    canvases: uint8 RGB (frames, height, width, 3), the frames in the detector's canvas. placement: where the frames lie
    in it. frames: their numbers, 0-based. times: seconds, float32. tracks: the truth, boxes in pixels of the frames;
    each has a box in a feature frame. features: positions in `frames` of those whose features are taken. detector:
    positions in `features`. associate: trajectories are to be found by the model, else the true ones are taken.
    teach_video: whether `caption`, of the video, is taught. events: what is to be seen of the tracks when, where that
    is known. seed: for what is drawn at random in the step.
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

    def event_at(self, track_id: int, time_seconds: float) -> EventSegment | None:
        """What a person does at a time.

        Args:
            track_id: whose.
            time_seconds: since the video began.

        Returns:
            None where nothing is known.
        """
        events = (
            event for event in self.events if event.track_id == track_id and event.start <= time_seconds < event.end
        )
        return next(events, None)


class Draw(NamedTuple):
    """Which example: its number in the whole training, and the epoch and the sequence that it is drawn from."""

    number: int
    epoch: int
    sequence: int


class Examples(Dataset[Example]):
    """The examples of a data set. draws: how many the whole training takes, for the schedule of true trajectories."""

    def __init__(self, sequences: SequenceSource, options: ExampleOptions, seed: int, draws: int) -> None:
        self.sequences = sequences
        self.options = options
        self.seed = seed
        self.draws = draws

    def __len__(self) -> int:
        return len(self.sequences)

    def __getitem__(self, draw: Draw) -> Example:
        """The example of `draw`.

        Raises:
            FileNotFoundError, ValueError: a frame that cannot be read.
        """
        rng = np.random.default_rng((self.seed, draw.epoch, draw.sequence))
        first, last = self.options.true_tracks
        share = first + (last - first) * draw.number / self.draws
        return make_example(self.sequences[draw.sequence], self.options, share, rng)


class RunOrder(Sampler[Draw]):
    """The draws of a whole training from number `start` on: epoch after epoch, each in an order of its own."""

    def __init__(self, clips: int, draws: int, seed: int, start: int = 0) -> None:
        self.clips = clips
        self.draws = draws
        self.seed = seed
        self.start = start

    def __len__(self) -> int:
        return self.draws - self.start

    def __iter__(self) -> Iterator[Draw]:
        epoch, order = -1, np.zeros(0, dtype=np.int64)
        for draw in range(self.start, self.draws):
            if draw // self.clips != epoch:
                epoch = draw // self.clips
                order = np.random.default_rng((self.seed, epoch)).permutation(self.clips)
            yield Draw(draw, epoch, int(order[draw % self.clips]))


def make_example(
    sequence: AnnotatedSequence, options: ExampleOptions, true_share: float, rng: np.random.Generator
) -> Example:
    """Cut one example out of a sequence. true_share: probability that it uses the true trajectories.

    Only frames that are looked at are read: all of the run where it is associated, else its feature frames alone.
    """
    run = _choose_run(len(sequence), options.most_frames, rng)
    wanted = _spread(len(run), options.feature_frames, rng)
    associate = bool(rng.random() >= true_share)
    places = run if associate else [run[position] for position in wanted]
    features = wanted if associate else np.arange(len(wanted))
    clip = cut_clip(sequence, places)
    if options.augmentation is not None:
        clip = augment_clip(clip, options.augmentation, rng)
    least, most = options.detector_frames
    count = min(len(features), int(rng.integers(least, most + 1)))
    return _example(
        replace(clip, fps=clip.fps if associate else sequence.fps),
        options.image_size,
        features,
        detector=np.sort(rng.choice(len(features), size=count, replace=False)),
        associate=associate,
        teach_video=bool(rng.random() < options.video_captions) and bool(clip.caption.strip()),
        seed=int(rng.integers(2**31)),
        rate=sequence.fps,
    )


def _example(
    clip: Clip,
    image_size: int,
    features: np.ndarray,
    *,
    detector: np.ndarray,
    associate: bool,
    teach_video: bool,
    seed: int,
    rate: float,
) -> Example:
    canvases, placement = draw_canvases([frame.image for frame in clip.frames], image_size)
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
    )


def draw_canvases(images: Sequence[np.ndarray], image_size: int) -> tuple[np.ndarray, Letterbox]:
    """Frames of one size as (frames, height, width, 3) canvases, as `YoloDetector.preprocess` scales them."""
    height, width = images[0].shape[:2]
    size = canvas_size(width, height, image_size)
    drawn = [letterbox(image, *size) for image in images]
    return np.stack([canvas for canvas, _ in drawn]), drawn[0][1]


def _choose_run(length: int, most: int, rng: np.random.Generator) -> list[int]:
    """Up to `most` places one after another, from a random start."""
    start = int(rng.integers(0, max(length - most, 0) + 1))
    return list(range(start, min(start + most, length)))


def _spread(length: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Up to `count` positions below `length`, ascending: one at random out of each of `count` equal parts."""
    count = min(count, length)
    edges = np.linspace(0, length, count + 1)
    drawn = np.floor(edges[:-1] + rng.random(count) * np.diff(edges)).astype(np.int64)
    return np.unique(np.minimum(drawn, length - 1))
