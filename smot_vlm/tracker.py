"""Tracker, the public API: a video in, its description out."""

import logging
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np
import torch

from smot_vlm.association.associators import name_at_rate
from smot_vlm.association.people_sources import DetectedPeople, GivenDetections, GivenPeople, PeopleSource
from smot_vlm.config import Config, load_config
from smot_vlm.detection.ahead import Ahead, Upcoming, in_batches
from smot_vlm.detection.detector import detect_many
from smot_vlm.formats.frame_numbers import numbers_of_names
from smot_vlm.models.automatic import AUTO, automatic_model
from smot_vlm.models.base import SmotModelBase
from smot_vlm.models.build import build_associator, build_configured_model
from smot_vlm.models.card import ModelCard
from smot_vlm.models.checkpoint import save_pretrained
from smot_vlm.models.detector_choice import DetectorChoice
from smot_vlm.models.hub import check_parts, named_model
from smot_vlm.models.loading import load_model
from smot_vlm.models.local_models import find_local_vision_language_model
from smot_vlm.models.refreshing import Refreshing, RefreshingApart
from smot_vlm.models.smot import SmotModel
from smot_vlm.semantics.cost import Cost, total
from smot_vlm.semantics.word_progress import OnWords, listening
from smot_vlm.session import Session
from smot_vlm.structures import Description, Detections, Frame, Health, Sight, Trajectory, WordsHealth
from smot_vlm.system.files import shipped_folder
from smot_vlm.system.precision import FLOAT32, PRECISIONS, computing, find_precision
from smot_vlm.system.timing import PartTimes
from smot_vlm.video.cuts import CutFinder
from smot_vlm.video.reader import VideoReader, VideoSource, open_video
from smot_vlm.video.reconnecting import LiveSettings

Item = TypeVar("Item")

# Other names of models that ship.
ALIASES = {"drawn": "demo"}

# Decoded before they are looked at; at least a batch.
FRAMES_AHEAD = 4
# Between two sights of a running video.
SIGHT_SECONDS = 0.5
# Whoever stands at the same place after a longer gap in a live source may be somebody else.
GAP_SECONDS = 2.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Update:
    """What `Tracker.stream` gives for each frame.

    Attributes:
        frame: the frame.
        people: boxes with ids in it.
        description: of everything so far, as of the newest refresh; None before the first one.
        refreshed: whether `description` is new with this frame.
        sight: what is seen in the newest seconds, twice a second, where `recent_seconds` is given; else None.
        health: of a live source that is kept open (`live`); else None.
        described_seconds: time of the newest frame that `description` tells of; None before the first one.
        words: how the writing is doing where it is done apart; else None.
    """

    frame: Frame
    people: Detections
    description: Description | None
    refreshed: bool
    sight: Sight | None = None
    health: Health | None = None
    described_seconds: float | None = None
    words: WordsHealth | None = None

    @property
    def captions(self) -> dict[int, str]:
        """By track id what the newest description says of the people in this frame, as of `described_seconds`."""
        there = set() if self.people.ids is None else set(self.people.ids.tolist())
        tracks = () if self.description is None else self.description.tracks
        return {track.id: track.caption for track in tracks if track.id in there and track.caption}


class Tracker:
    """Describes videos: trajectories, a caption each, directed interactions, a caption for the video.

    Args:
        model: any of the three kinds.
        config: its configuration.
        detector: "auto" (the model's own where it knows such pictures, else "people"), "model" (its own), "people" (the
            one that ships, YOLOX-nano), "onnx:FILE" or "yolo:FILE".
        associator: a key of ASSOCIATORS, or "deepsort:FILE" with its re-identification model; None: the configured one.
        allow_untrained: use the model's own detector even where it is untrained, as validation does during training.
        successor: the model, with its configuration, that speaks where a video is unlike what `model` learned from.
        dtype: "float32", "tf32", "bf16" or "fp16"; boxes are always computed in float32.
        batch: frames that `describe` puts through the detector at once; boxes are the same to rounding.
    """

    def __init__(
        self,
        model: SmotModelBase,
        config: Config,
        *,
        detector: str = "auto",
        associator: str | None = None,
        allow_untrained: bool = False,
        successor: tuple[SmotModelBase, Config] | None = None,
        dtype: str = FLOAT32,
        batch: int = 1,
    ) -> None:
        if batch < 1:
            raise ValueError(f"batch is {batch}; give 1 or more frames")
        self.successor = successor
        self.model = model.eval()
        self.dtype = find_precision(dtype, model.device)
        self.batch = batch
        lower = PRECISIONS[self.dtype]
        for one in (model, *([successor[0]] if successor else [])):
            if lower is not None:
                one.lower_precision(lower)
        self.config = config
        self.associator = associator or config.association.name
        self._detector = DetectorChoice(detector, self.model, config, allow_untrained=allow_untrained)
        build_associator(self.associator, config.association, fps=30.0)  # raises at once for an unknown name

    @classmethod
    def from_pretrained(
        cls,
        name: Path | str = AUTO,
        *,
        detector: str = "auto",
        associator: str | None = None,
        device: str = "auto",
        overrides: Sequence[str] = (),
        dtype: str = FLOAT32,
        batch: int = 1,
    ) -> "Tracker":
        """Load a model.

        Args:
            name: "auto" (the best at hand: a server in OPENAI_BASE_URL, a vision-language model on this machine, or
                "demo"), one that ships ("demo", "zero-shot", "tracks-only" ...), a folder with weights, a configuration
                (.yaml), or owner/name[@revision] on the Hugging Face hub: what `push_to_hub` pushed, or a vision-language
                model; fetched where it is not in the cache yet, with the model that it builds on. A folder of your own
                that is called like one that ships is given as "./demo".
            detector: see the class.
            associator: see the class.
            device: "auto" (a GPU where there is one), "cpu", "cuda", "cuda:1", "mps".
            overrides: of the configuration, such as "interaction.threshold=0.5".
            dtype: see the class.
            batch: see the class.

        Returns:
            The tracker.

        Raises:
            FileNotFoundError: no such model, or a part of it (the language model) is found nowhere.
            ConnectionError: the hub cannot be reached; OfflineError: it is not to be asked.
            ValueError: an unknown detector, associator, device or dtype; a folder whose weights do not fit.
        """
        chosen = _device(device)
        find_precision(dtype, chosen)
        if name == AUTO:
            choice = automatic_model(find_local_vision_language_model)
            logger.info("%s", choice.reason)
            name, overrides = choice.name, (*choice.overrides, *overrides)
        name, overrides = named_model(name, overrides, detector=detector, associator=associator)
        folder = _model_folder(name)
        if folder is not None:
            model, config = load_model(folder, overrides)
        else:
            config = load_config(_config_path(name), overrides)
            check_parts(config, detector)
            model = build_configured_model(config)
        successor = _successor(config.successor)
        return cls(
            model.to(chosen),
            config,
            detector=detector,
            associator=associator,
            successor=None if successor is None else (successor[0].to(chosen), successor[1]),
            dtype=dtype,
            batch=batch,
        )

    @property
    def cost(self) -> Cost:
        """What the words of its models have cost so far."""
        models = [self.model, *([self.successor[0]] if self.successor else [])]
        return total(cost for model in models for cost in model.costs)

    def save_pretrained(self, folder: Path | str, *, card: ModelCard | None = None, overwrite: bool = False) -> None:
        """Write the folder that `from_pretrained` reads (see models/checkpoint.py).

        Args:
            folder: to be made.
            card: what the model card says.
            overwrite: replace a folder that is there.

        Raises:
            FileExistsError: the folder exists, is not empty and `overwrite` is false.
            ValueError: the model has no weights of its own.
        """
        if not isinstance(self.model, SmotModel):
            raise ValueError(f"model {self.config.name} has no weights of its own to save; train a model first")
        save_pretrained(self.model, self.config, folder, card=card, overwrite=overwrite)

    def push_to_hub(self, repository: str, *, card: ModelCard | None = None, private: bool = True) -> str:
        """Upload that folder to the Hugging Face hub.

        Args:
            repository: "owner/name".
            card: what the model card says.
            private: of a repository that is not there yet.

        Returns:
            The address of the commit.
        """
        from huggingface_hub import HfApi

        api = HfApi()
        api.create_repo(repository, private=private, exist_ok=True)
        with TemporaryDirectory() as folder:
            self.save_pretrained(folder, card=card, overwrite=True)
            return str(api.upload_folder(repo_id=repository, folder_path=folder))

    def describe(
        self,
        source: VideoSource,
        *,
        trajectories: Path | str | Sequence[Trajectory] | None = None,
        detections: Path | str | Mapping[int, Detections] | None = None,
        classes: Collection[int] | None = None,
        verbs: Sequence[str] | None = None,
        stride: int = 1,
        max_frames: int | None = None,
        fps: float | None = None,
        frame_numbers: np.ndarray | None = None,
        stop_at_damage: bool = False,
        on_frame: Callable[[Frame, VideoReader], bool | None] | None = None,
        on_words: OnWords | None = None,
        on_people: Callable[[Frame, Detections], None] | None = None,
        times: PartTimes | None = None,
    ) -> Description:
        """Read a video to its end and describe it.

        Args:
            source: a file, a folder or glob of images, an array (frames, height, width, 3), an iterable of frames, a
                camera index, an rtsp:// or http:// address.
            trajectories: boxes with ids in place of the detector: a file of a form in `formats.track_files`, or records.
            detections: boxes without ids for the associator, in place of the detector's: such a file (its ids are
                ignored), or records by frame index.
            classes: class numbers that count in a file whose rows state their class; None: people, by the file's own names,
                by `labels.txt` beside it, else 1, else 0 where the file counts its classes from 0.
            verbs: phrases such as "hand over an object" in place of the 335 senses, trained or not.
            stride: use every stride-th frame.
            max_frames: stop after so many.
            fps: frames a second of images or arrays, which state none.
            frame_numbers: int64 (frames), ascending from 0, what files of boxes call the frames of a source without names;
                None: by the names of images, else from the first frame on.
            stop_at_damage: end a damaged file there rather than go on behind the damage.
            on_frame: called after each frame, for progress; returning False ends the video there, behind the batch that was
                read.
            on_words: called while a model of this machine writes, with steps done and steps in all as far as is known.
            on_people: called with each frame and the people in it, with ids, to show them while the video is watched.
            times: filled with the seconds of each part.

        Returns:
            The description.

        Raises:
            FileNotFoundError, ValueError: nothing to read, or the detector is untrained or its weights are missing.
        """
        times = times or PartTimes()
        ahead = max(FRAMES_AHEAD, self.batch)
        opened = open_video(
            source, stride=stride, max_frames=max_frames, fps=fps, stop_at_damage=stop_at_damage, ahead=ahead
        )
        with self._computing(), listening(on_words), opened as video:
            upcoming = Upcoming()
            session = self._session(
                video, trajectories, times, verbs, detections, classes, frame_numbers, upcoming=upcoming
            )
            for shots in in_batches(self._shots(times.waiting("decode", video)), self.batch):
                upcoming.expect([frame for frame, _ in shots])
                for frame, is_cut in shots:
                    people = session.observe(frame, is_cut)
                    if on_people is not None:
                        on_people(frame, people)
                    if on_frame is not None and on_frame(frame, video) is False:
                        video.stop()
                        return session.describe()
            return session.describe()

    def stream(
        self,
        source: VideoSource,
        *,
        trajectories: Path | str | Sequence[Trajectory] | None = None,
        stride: int = 1,
        max_frames: int | None = None,
        fps: float | None = None,
        refresh_seconds: float | None = 10.0,
        recent_seconds: float | None = None,
        live: LiveSettings | None = None,
        words_apart: bool | None = None,
        on_open: Callable[[VideoReader], None] | None = None,
        times: PartTimes | None = None,
    ) -> Generator[Update, None, None]:
        """Describe while the video runs: boxes and ids with each frame, captions and verbs every `refresh_seconds`.

        With `recent_seconds` memory stays bounded however long the video is: each description is of the newest seconds, and
        twice a second an update says what is seen in them (`Update.sight`), verbs and, of models that see them, attributes.
        Frames are not batched: each comes when it is seen.

        Args:
            source: as for `describe`.
            trajectories: as for `describe`.
            stride: use every stride-th frame.
            max_frames: stop after so many.
            fps: as for `describe`.
            refresh_seconds: of video between two descriptions; there is one more with the last frame. None: no description.
            recent_seconds: only the newest seconds are kept and told of; None keeps all.
            live: keep a camera or an address without end open through failures: `Update.health` tells of them, and who
                comes after a gap has a new id. None: the video ends with the first failure.
            words_apart: threads make descriptions and sights, so that no frame waits; each comes with a later frame, one
                that is due meanwhile gives way to a newer one, and one that fails is told (`Update.words`). False: each
                comes with its frame, the same each time. None: apart where a live source is kept open.
            on_open: called with the opened video before its first frame.
            times: filled with the seconds of each part.

        Yields:
            An update a frame.

        Raises:
            ValueError: refresh_seconds or recent_seconds is not above 0.
        """
        for name, value in (("refresh_seconds", refresh_seconds), ("recent_seconds", recent_seconds)):
            if value is not None and not value > 0:
                raise ValueError(f"{name} is {value}; it takes a number above 0")
        times = times or PartTimes()
        refreshed_at = 0.0
        sight_at = -SIGHT_SECONDS
        with ExitStack() as stack:
            video = stack.enter_context(open_video(source, stride=stride, max_frames=max_frames, fps=fps, live=live))
            if on_open is not None:
                on_open(video)
            is_apart = words_apart if words_apart is not None else video.health is not None
            is_apart = is_apart and not (refresh_seconds is None and recent_seconds is None)
            session = self._session(video, trajectories, times, recent_seconds=recent_seconds, words_apart=is_apart)
            words = stack.enter_context(RefreshingApart(video.name, self._computing) if is_apart else Refreshing())
            for frame, is_cut, is_last in self._shots_to_last(video, times):
                # Entered anew for each frame: a caller's code runs between two of them.
                with self._computing():
                    people, now, refreshed, sight = session.observe(frame, is_cut), frame.time_seconds, False, None
                    if refresh_seconds is not None:
                        due = now - refreshed_at >= refresh_seconds
                        refreshed_at = now if due else refreshed_at
                        refreshed = words.describe(session.prepare, now, due=due, last=is_last)
                    if recent_seconds is not None:
                        due = refreshed or now - sight_at >= SIGHT_SECONDS - 1e-3
                        sight_at = now if due else sight_at
                        sight = words.look(session.prepare_sight, due=due, last=is_last)
                        if due:
                            video.forget_times(frame.index)
                yield Update(
                    *(frame, people, words.newest, refreshed, sight, video.health, words.newest_seconds, words.health)
                )

    def _session(
        self,
        video: VideoReader,
        trajectories: Path | str | Sequence[Trajectory] | None,
        times: PartTimes,
        verbs: Sequence[str] | None = None,
        detections: Path | str | Mapping[int, Detections] | None = None,
        classes: Collection[int] | None = None,
        frame_numbers: np.ndarray | None = None,
        recent_seconds: float | None = None,
        upcoming: Upcoming | None = None,
        words_apart: bool = False,
    ) -> Session:
        if trajectories is not None and detections is not None:
            raise ValueError("trajectories and detections are both given; give boxes with ids, or boxes without")

        numbers = numbers_of_names(video.image_names) if frame_numbers is None else frame_numbers
        is_given = trajectories is not None or detections is not None
        choice = self._detector if is_given else self._detector.settle()

        def open_people(own: Callable[[Frame], Detections]) -> PeopleSource:
            if trajectories is not None:
                return GivenPeople(trajectories, numbers, classes)
            given = None if detections is None else GivenDetections(detections, numbers, classes)
            detect = given or self._detect_with(own, times, upcoming or Upcoming())
            associator = build_associator(self.associator, self.config.association, fps=video.sampled_fps)
            name = name_at_rate(self.associator.partition(":")[0], video.sampled_fps)
            return DetectedPeople(name, detect, associator, times, fps=video.sampled_fps)

        return Session(
            self.model,
            self.config,
            video,
            open_people,
            times,
            verbs,
            people_detector=choice.fallback,
            detector="given" if is_given else choice.name,
            successor=self.successor,
            recent_seconds=recent_seconds,
            upcoming=upcoming,
            own_boxes=not is_given and choice.detector is None,
            words_apart=words_apart,
        )

    @contextmanager
    def _computing(self) -> Iterator[None]:
        """The block in which the models of this tracker compute; it counts for the thread that enters it."""
        with torch.inference_mode(), computing(self.dtype, self.model.device):
            yield

    def _shots(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
        """Each frame, and whether another shot begins with it, where the configuration asks for cuts."""
        if self.config.long_video.cuts:
            return CutFinder().watch(frames)
        return ((frame, False) for frame in frames)

    def _shots_to_last(self, video: VideoReader, times: PartTimes) -> Iterator[tuple[Frame, bool, bool]]:
        """Each frame, whether another shot begins with it, and whether it is the last one.

        Of a live source a gap begins another shot, and no frame waits for the next one.
        """
        if video.health is None:
            for (frame, is_cut), is_last in _mark_last(self._shots(times.waiting("decode", video))):
                yield frame, is_cut, is_last
            return
        gaps: set[int] = set()
        for frame, is_cut in self._shots(times.waiting("decode", _noted_gaps(video, gaps))):
            yield frame, is_cut or frame.index in gaps, video.is_full
            gaps.discard(frame.index)

    def _detect_with(
        self, own: Callable[[Frame], Detections], times: PartTimes, upcoming: Upcoming
    ) -> Callable[[Frame], Detections]:
        """The detector of this tracker; without one, `own`, the model's detections of a frame."""
        detector = self._detector.detector
        if detector is None:
            return own

        def detect(frames: list[Frame]) -> list[Detections]:
            with times.part("detector"):
                return detect_many(detector, [frame.image for frame in frames])

        return Ahead(detect, upcoming).of


def _successor(name: str) -> tuple[SmotModelBase, Config] | None:
    """The model that speaks where the first one must not, with its configuration."""
    if not name:
        return None
    folder = _model_folder(name)
    if folder is None:
        raise FileNotFoundError(f"successor is {name!r}; give a model that ships or a folder with weights")
    return load_model(folder)


def _model_folder(name: Path | str) -> Path | None:
    """The folder that ships under this name, or the user's own; None where there is none.

    Names that ship come first, so that a folder in the current directory cannot take their place.
    """
    is_name = isinstance(name, str) and Path(name).name == name
    if is_name:
        shipped = shipped_folder("assets") / "models" / ALIASES.get(str(name), str(name))
        if (shipped / "config.json").is_file():
            return shipped
        if (shipped_folder("configs") / f"{name}.yaml").is_file():
            return None
    return Path(name) if Path(name).is_dir() else None


def _config_path(name: Path | str) -> Path:
    if Path(name).suffix in (".yaml", ".yml"):
        return Path(name)
    configs = shipped_folder("configs")
    if Path(name).name == str(name) and (configs / f"{name}.yaml").is_file():
        return configs / f"{name}.yaml"
    folders = (shipped_folder("assets") / "models").glob("*/config.json")
    names = {path.stem for path in configs.glob("*.yaml")} | {path.parent.name for path in folders}
    raise FileNotFoundError(
        f"no model {str(name)!r}; give a folder with weights or one of {', '.join(sorted(names))}, a .yaml file, or "
        "owner/name of the Hugging Face hub"
    )


def _device(name: str) -> torch.device:
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"device {name!r} cannot be used ({str(error).splitlines()[0]}); give auto, cpu or cuda"
        ) from None
    return device


def _mark_last(frames: Iterable[Item]) -> Iterator[tuple[Item, bool]]:
    """Each item with whether it is the last one."""
    previous: Item | None = None
    for frame in frames:
        if previous is not None:
            yield previous, False
        previous = frame
    if previous is not None:
        yield previous, True


def _noted_gaps(video: VideoReader, gaps: set[int]) -> Iterator[Frame]:
    """The frames of a live source; the indices of those that come after a gap are added to a set."""
    seconds, connection = None, 0
    for frame in video:
        if seconds is not None and (frame.time_seconds - seconds > GAP_SECONDS or video.connection != connection):
            gaps.add(frame.index)
        seconds, connection = frame.time_seconds, video.connection
        yield frame
