"""Tracker, the public face: a video in, its description out.

Not to be confused with the associators in smot_vlm.association, which link boxes: this Tracker describes a video.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from smot_vlm.association.people_sources import DetectedPeople, GivenDetections, GivenPeople, PeopleSource
from smot_vlm.config import Config, load_config
from smot_vlm.detection.detector import Detector, YoloFileDetector
from smot_vlm.detection.onnx_detector import OnnxDetector
from smot_vlm.models.base import Describer
from smot_vlm.models.build import build_associator, build_describer
from smot_vlm.models.checkpoint import ModelCard, load_pretrained, save_pretrained
from smot_vlm.models.smot import SmotModel
from smot_vlm.session import Session
from smot_vlm.structures import Description, Detections, Frame
from smot_vlm.system.files import shipped_folder
from smot_vlm.system.timing import PartTimes
from smot_vlm.video.reader import VideoReader, VideoSource, open_video


@dataclass(frozen=True, eq=False)
class Update:
    """What `Tracker.stream` gives for each frame.

    people: boxes with ids in this frame. description: everything said so far, at the newest refresh (None before the
    first one). refreshed: whether `description` is new with this frame.
    """

    frame: Frame
    people: Detections
    description: Description | None
    refreshed: bool


class Tracker:
    """Describes videos: trajectories, a caption each, directed interactions, a caption for the video.

    detector: "model" (the network's own boxes), "onnx:FILE" or "yolo:FILE". associator: a key of ASSOCIATORS, or
    "deepsort:FILE" with its re-identification model.
    """

    def __init__(
        self,
        model: Describer[Any, Any],
        config: Config,
        *,
        detector: str = "model",
        associator: str | None = None,
    ) -> None:
        self.model = model.eval()
        self.config = config
        self.associator = associator or config.association.name
        self._detector = self._open_detector(detector)
        build_associator(self.associator, config.association, fps=30.0)  # an unknown name is told now, not mid-way

    @classmethod
    def from_pretrained(
        cls,
        name: Path | str = "demo",
        *,
        detector: str = "model",
        associator: str | None = None,
        device: str = "auto",
        overrides: Sequence[str] = (),
    ) -> "Tracker":
        """The model called `name`: a folder with weights, a configuration that ships, or one of yours (.yaml).

        "zero-shot" works as it is, from pretrained parts; the other configs that ship are untrained.

        device: "auto" (a GPU where there is one), "cpu", "cuda", "cuda:1", "mps". overrides: of the configuration, such as
        "decoder.num_beams=4".

        Raises:
            FileNotFoundError: no such model, or a part of it (the language model) is found nowhere.
            ValueError: an unknown detector, associator or device; a folder whose weights do not fit.
        """
        chosen = _device(device)
        folder = _model_folder(name)
        if folder is not None:
            model: Describer[Any, Any]
            model, config = load_pretrained(folder, overrides)
        else:
            config = load_config(_config_path(name), overrides)
            model = build_describer(config)
        return cls(model.to(chosen), config, detector=detector, associator=associator)

    def save_pretrained(self, folder: Path | str, *, card: ModelCard | None = None, overwrite: bool = False) -> None:
        """Write the folder that `from_pretrained` reads (see smot_vlm.models.checkpoint).

        Raises:
            FileExistsError: the folder exists, is not empty and `overwrite` is false.
            ValueError: the model has no weights of its own.
        """
        if not isinstance(self.model, SmotModel):
            raise ValueError(f"model {self.config.name} has no weights of its own to save; train a model first")
        save_pretrained(self.model, self.config, folder, card=card, overwrite=overwrite)

    def push_to_hub(self, repository: str, *, card: ModelCard | None = None, private: bool = True) -> str:
        """Upload that folder to the Hugging Face hub as `repository` ("owner/name"); gives the address of the commit."""
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
        trajectories: Path | str | None = None,
        detections: Path | str | None = None,
        verbs: Sequence[str] | None = None,
        stride: int = 1,
        max_frames: int | None = None,
        fps: float | None = None,
        stop_at_damage: bool = False,
        on_frame: Callable[[Frame, VideoReader], bool | None] | None = None,
        times: PartTimes | None = None,
    ) -> Description:
        """Watch a video to its end and describe it.

        source: a file, a folder or glob of images, an array (frames, height, width, 3), an iterable of frames, a camera
        index, an rtsp:// or http:// address. trajectories: a MOT file with boxes and ids to use in place of the
        detector. detections: a MOT file with boxes alone (its ids are ignored), for the associator to link in place of
        the detector's. verbs: phrases such as "hand over an object" to look for in place of the 335 senses; none of them needs
        to have been trained. stride: use every stride-th frame. fps: frames a second of images or arrays, which state
        none. stop_at_damage: end a damaged file there rather than go on behind it. on_frame: called after each frame,
        for progress; false ends the watching there. times: filled with the seconds of each part.

        Raises:
            FileNotFoundError, ValueError: nothing to read, or the detector is untrained or its weights are missing.
        """
        times = times or PartTimes()
        opened = open_video(source, stride=stride, max_frames=max_frames, fps=fps, stop_at_damage=stop_at_damage)
        with torch.inference_mode(), opened as video:
            session = self._session(video, trajectories, times, verbs, detections)
            for frame in times.waiting("decode", video):
                session.observe(frame)
                if on_frame is not None and on_frame(frame, video) is False:
                    video.stop()
            return session.describe(video)

    def stream(
        self,
        source: VideoSource,
        *,
        trajectories: Path | str | None = None,
        stride: int = 1,
        max_frames: int | None = None,
        refresh_seconds: float = 10.0,
    ) -> Iterator[Update]:
        """Describe while watching: an Update a frame, boxes and ids at once, words anew every `refresh_seconds`.

        Words come for the first time after `refresh_seconds` of video, and once more with the last frame.
        """
        if refresh_seconds <= 0:
            raise ValueError(f"refresh_seconds is {refresh_seconds}; it takes a number above 0")
        description: Description | None = None
        refreshed_at = 0.0
        with open_video(source, stride=stride, max_frames=max_frames) as video:
            session = self._session(video, trajectories, PartTimes())
            for frame, is_last in _mark_last(video):
                # Entered anew for each frame: a caller's code runs between two of them.
                with torch.inference_mode():
                    people = session.observe(frame)
                    refresh = is_last or frame.time_seconds - refreshed_at >= refresh_seconds
                    if refresh:
                        description, refreshed_at = session.describe(video), frame.time_seconds
                yield Update(frame, people, description, refresh)

    def _session(
        self,
        video: VideoReader,
        trajectories: Path | str | None,
        times: PartTimes,
        verbs: Sequence[str] | None = None,
        detections: Path | str | None = None,
    ) -> Session:
        def open_people(see: Callable[[Frame], Detections]) -> PeopleSource:
            if trajectories is not None:
                return GivenPeople(trajectories)
            detect = self._detect_with(see, times) if detections is None else GivenDetections(detections).detect
            associator = build_associator(self.associator, self.config.association, fps=video.sampled_fps)
            return DetectedPeople(self.associator.partition(":")[0], detect, associator, times)

        return Session(self.model, self.config, open_people, times, verbs)

    def _detect_with(self, see: Callable[[Frame], Detections], times: PartTimes) -> Callable[[Frame], Detections]:
        """The detector of this tracker; without one, `see`, the model's own detections of a frame."""
        detector = self._detector
        if detector is None:
            self.model.check_detector()
            return see

        def detect(frame: Frame) -> Detections:
            with times.part("detector"):
                return detector.detect(frame.image)

        return detect

    def _open_detector(self, detector: str) -> Detector | None:
        kind, colon, path = detector.partition(":")
        # detector.image_size is what the model's own detector is shown; a file knows its own.
        min_score, overlap = self.config.association.proposal_score, self.config.detector.overlap
        if detector == "model":
            return None
        if colon and path and kind == "onnx":
            return OnnxDetector(path, min_score=min_score, overlap=overlap)
        if colon and path and kind == "yolo":
            return YoloFileDetector(path, min_score=min_score, overlap=overlap)
        raise ValueError(f"detector is {detector!r}; it takes model, onnx:FILE or yolo:FILE")


def _model_folder(name: Path | str) -> Path | None:
    """The user's own folder of that name, or the one that ships with the package; None where there is none."""
    if Path(name).is_dir():
        return Path(name)
    shipped = shipped_folder("assets") / "models" / name
    return shipped if (shipped / "config.json").is_file() else None


def _config_path(name: Path | str) -> Path:
    if Path(name).suffix in (".yaml", ".yml"):
        return Path(name)
    path = shipped_folder("configs") / f"{name}.yaml"
    if not path.is_file():
        names = ", ".join(sorted(entry.stem for entry in path.parent.glob("*.yaml")))
        raise FileNotFoundError(
            f"no model {str(name)!r}; give a folder with weights or one of {names}, or a .yaml file"
        )
    return path


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


def _mark_last(frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
    """Each frame with whether it is the last one."""
    previous: Frame | None = None
    for frame in frames:
        if previous is not None:
            yield previous, False
        previous = frame
    if previous is not None:
        yield previous, True
