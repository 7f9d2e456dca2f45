"""The pictures around events: the newest ones are held in bounded memory, and written when an event is told."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from smot_vlm.formats.documents import reason
from smot_vlm.output.blur import HOLD_SECONDS, blur_people
from smot_vlm.rules.background import Background
from smot_vlm.rules.events import Event
from smot_vlm.structures import Detections, Frame
from smot_vlm.system.files import atomic_path
from smot_vlm.system.targets import check_folder, fitting_name
from smot_vlm.video.writer import VideoWriter

# A clip reaches so far beyond its event, as it was told.
BEFORE_SECONDS, AFTER_SECONDS = 5.0, 3.0
# An event that has lasted for long is shown from so long before its telling on.
LONGEST_SECONDS = 30.0
LARGEST_SIDE = 1280
LARGEST_BYTES = 256 * 2**20
# Clips that may wait for being written.
_CAPACITY = 8
_LAST_SECONDS = 60.0
_QUALITY = 90


@dataclass(frozen=True, eq=False)
class _Picture:
    """A frame as JPEG, with its people: their ids, and their boxes (people, 4) xyxy in the JPEG's pixels."""

    seconds: float
    jpeg: bytes
    ids: tuple[int, ...]
    boxes: np.ndarray


@dataclass(frozen=True, eq=False)
class _Clip:
    """What is to be written, and the boxes in each picture that are blurred."""

    path: Path
    pictures: tuple[_Picture, ...]
    fps: float
    blur: str | None
    hidden: tuple[np.ndarray, ...]


class ClipSaver:
    """Holds the newest pictures, and writes those around events to mp4 files in a thread.

    Args:
        folder: for the files; made where it is not there.
        fps: frames a second of the source.
        say: called with a line where writing begins to fail.
        blur: a key of `output.blur.MODES`; None shows people as they are.
        largest_bytes: of the pictures that are held; the oldest go first.

    Raises:
        OSError: the folder cannot be made or written.
    """

    def __init__(
        self,
        folder: Path,
        fps: float,
        say: Callable[[str], None],
        *,
        blur: str | None = None,
        largest_bytes: int = LARGEST_BYTES,
    ) -> None:
        check_folder(folder, "choose another folder for clips")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._fps = fps
        self._blur = blur
        # Who comes into sight shortly after a clip is there in its last pictures.
        self._patience = 0.0 if blur is None else HOLD_SECONDS
        self._largest = largest_bytes
        self._pictures: deque[_Picture] = deque()
        self._bytes = 0
        self._waiting: list[tuple[float, float, Path]] = []
        self._count = 0
        self._background: Background[_Clip] = Background(
            _write, capacity=_CAPACITY, on_failure=lambda error: say(f"clips in {folder}: {reason(error)}")
        )

    @property
    def held_bytes(self) -> int:
        """Of the pictures in memory."""
        return self._bytes

    def add(self, frame: Frame, people: Detections) -> None:
        """Take in the next frame, and hand over clips that end with it.

        Args:
            frame: later than those before.
            people: in it, with ids.
        """
        picture = _picture(frame, people)
        self._pictures.append(picture)
        self._bytes += len(picture.jpeg)
        oldest = frame.time_seconds - LONGEST_SECONDS - BEFORE_SECONDS - AFTER_SECONDS
        while len(self._pictures) > 1 and (self._bytes > self._largest or self._pictures[0].seconds < oldest):
            self._bytes -= len(self._pictures.popleft().jpeg)
        due = [clip for clip in self._waiting if frame.time_seconds >= clip[1] + self._patience]
        self._waiting = [clip for clip in self._waiting if clip not in due]
        for clip in due:
            self._hand_over(*clip)

    def save(self, event: Event, now: float) -> str:
        """Write the pictures around an event, as soon as those after it have come.

        Args:
            event: that is told.
            now: seconds of the newest frame.

        Returns:
            The path of the file.
        """
        start = max(event.from_seconds, now - LONGEST_SECONDS) - BEFORE_SECONDS
        path = self._free_path(event)
        self._waiting.append((start, max(event.to_seconds + AFTER_SECONDS, now), path))
        return str(path)

    def close(self) -> str:
        """Write what waits, with the pictures that there are.

        Returns:
            How many clips were not written, in a line; empty where all were.
        """
        for clip in self._waiting:
            self._hand_over(*clip)
        self._waiting = []
        self._background.close(_LAST_SECONDS)
        missing = self._background.failed + self._background.dropped
        return f"clips in {self._folder}: {missing} not written" if missing else ""

    def _hand_over(self, start: float, end: float, path: Path) -> None:
        chosen = tuple(picture for picture in self._pictures if start <= picture.seconds <= end)
        hidden = () if self._blur is None else _boxes_near([picture.seconds for picture in chosen], self._pictures)
        if chosen:
            self._background.add(_Clip(path, chosen, self._fps, self._blur, tuple(hidden)))

    def _free_path(self, event: Event) -> Path:
        """A name that is not there yet, so that no run replaces the clips of another."""
        self._count += 1
        words = re.sub(r"[^a-z0-9]+", "-", event.rule.lower()).strip("-") or "event"
        people, again = "-".join(map(str, event.people)), ""
        while True:
            ending = f"-{people}-at-{event.from_seconds:.2f}s{again}.mp4"
            path = self._folder / fitting_name(f"{self._count:04d}-{words[:80]}", ending)
            if not path.exists():
                return path
            again = f"-{int(again.removeprefix('-') or 1) + 1}"


def _picture(frame: Frame, people: Detections) -> _Picture:
    scale = min(1.0, LARGEST_SIDE / max(frame.image.shape[:2]))
    image = (
        cv2.resize(frame.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else frame.image
    )
    ids = () if people.ids is None else tuple(map(int, people.ids))
    encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    return _Picture(frame.time_seconds, encoded.tobytes(), ids, people.boxes * scale)


def _boxes_near(times: Sequence[float], pictures: Iterable[_Picture]) -> list[np.ndarray]:
    """The boxes of everybody who is there at each time: between a person's first and last box, or shortly before or after."""
    seen: dict[int, list[tuple[float, np.ndarray]]] = {}
    for picture in pictures:
        for person, box in zip(picture.ids, picture.boxes, strict=True):
            seen.setdefault(person, []).append((picture.seconds, box))
    near: list[list[list[float]]] = [[] for _ in times]
    for looks in seen.values():
        seconds, boxes = np.array([second for second, _ in looks]), np.array([box for _, box in looks])
        for place, time in enumerate(times):
            if seconds[0] - HOLD_SECONDS <= time <= seconds[-1] + HOLD_SECONDS:
                near[place].append([float(np.interp(time, seconds, column)) for column in boxes.T])
    return [np.array(boxes).reshape(-1, 4) for boxes in near]


def _write(clip: _Clip) -> None:
    with atomic_path(clip.path, overwrite=False) as temporary:
        writer: VideoWriter | None = None
        try:
            for place, picture in enumerate(clip.pictures):
                image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
                if image is None:
                    raise ValueError("a picture in memory cannot be read")
                if writer is None:
                    writer = VideoWriter(temporary, clip.fps, image.shape[1], image.shape[0], true_times=True)
                shown = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
                if clip.blur is not None:
                    shown = blur_people(shown, clip.hidden[place], clip.blur)
                writer.write(shown, picture.seconds)
        finally:
            if writer is not None:
                writer.close()
