"""The annotated video: boxes, ids and arrows on the picture, captions in a panel beside it."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from smot_vlm.output.layout import Area, Layout, plan_layout
from smot_vlm.output.overlay import Overlay
from smot_vlm.output.panel import BACKGROUND, Panel
from smot_vlm.output.timeline import Boxes, Timeline
from smot_vlm.structures import Description, Frame
from smot_vlm.system.files import atomic_path
from smot_vlm.system.timing import PartTimes
from smot_vlm.video.writer import VideoWriter


class FramePainter:
    """Paints frames of one video. The layout follows from the first frame; a frame of another size is fitted in.

    Args:
        description: what to draw.
        width: pixels of the first frame.
        height: the same.
        panel: false leaves out the captions beside the picture.
    """

    def __init__(self, description: Description, width: int, height: int, panel: bool = True) -> None:
        self.layout: Layout = plan_layout(width, height)
        self._video = description.video
        self._timeline = Timeline(description.tracks, description.video)
        self._overlay = Overlay(description.interactions, self.layout.text_size)
        area = self.layout.panel
        self._panel = Panel(description, area.width, area.height, self.layout.text_size) if panel else None

    def paint(self, image: np.ndarray, frame_index: int, canvas: np.ndarray | None = None) -> np.ndarray:
        """The annotated picture.

        Args:
            image: RGB uint8 (height, width, 3).
            frame_index: of the image in its source, counted from 0.
            canvas: a result of an earlier call, painted over and returned; it saves the memory's allocation.

        Returns:
            RGB uint8 of the layout's size (of its picture alone without a panel).
        """
        layout = self.layout
        if canvas is None:
            canvas = self._new_canvas()
        if self._panel is not None:
            canvas[layout.panel.slices] = self._panel.render(
                self._timeline.people_near(frame_index), self._video.seconds(frame_index) or 0.0
            )
        people = self._timeline.boxes_at(frame_index)
        picture = canvas[layout.picture.slices]
        picture[...] = _fit(image, layout.picture.width, layout.picture.height)
        scale = np.array([layout.picture.width / image.shape[1], layout.picture.height / image.shape[0]] * 2)
        shown = Boxes(people.ids, people.boxes * scale, people.scores)
        self._overlay.draw(picture, shown, self._video.seconds(frame_index))
        return canvas

    def _new_canvas(self) -> np.ndarray:
        area: Area | Layout = self.layout.picture if self._panel is None else self.layout
        return np.full((area.height, area.width, 3), BACKGROUND[1], dtype=np.uint8)


class VideoAnnotator:
    """Writes the annotated video frame by frame, each with its own time; a context manager.

    The file appears under its name only when the block ends well, and only if a frame was added.

    Args:
        description: what to draw.
        path: of the mp4.
        fps: mean frames a second of the frames that will be added.
        times: filled with the seconds of "drawing" and "encoding".
    """

    def __init__(self, description: Description, path: Path, fps: float, times: PartTimes | None = None) -> None:
        self._description = description
        self._path = Path(path)
        self._fps = fps
        self._times = times or PartTimes()
        self._stack = ExitStack()
        self._painter: FramePainter | None = None
        self._writer: VideoWriter | None = None
        self._canvas: np.ndarray | None = None

    @property
    def started(self) -> bool:
        """Whether a frame was added, so that there is a video to finish."""
        return self._writer is not None

    def add(self, frame: Frame) -> None:
        """Annotate and encode one frame.

        Args:
            frame: later than the one before.
        """
        if self._painter is None or self._writer is None:
            self._painter = FramePainter(self._description, frame.width, frame.height)
            layout = self._painter.layout
            path = self._stack.enter_context(atomic_path(self._path))
            writer = VideoWriter(path, self._fps, layout.width, layout.height, true_times=True)
            self._writer = self._stack.enter_context(writer)
        with self._times.part("drawing"):
            self._canvas = self._painter.paint(frame.image, frame.index, self._canvas)
        with self._times.part("encoding"):
            self._writer.write(self._canvas, frame.time_seconds)

    def __enter__(self) -> "VideoAnnotator":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._times.part("encoding"):
            self._stack.__exit__(kind, error, trace)


def annotate_video(
    frames: Iterable[Frame],
    description: Description,
    path: Path,
    fps: float,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write an H.264 mp4 of `frames` with what `description` says; one frame is in memory at a time.

    Args:
        frames: in the order of their times.
        description: what to draw.
        path: of the mp4.
        fps: mean frames a second of `frames` as given, after any stride.
        progress: called with the number of frames done.

    Raises:
        ValueError: no frame.
    """
    with VideoAnnotator(description, path, fps) as annotator:
        for count, frame in enumerate(frames, start=1):
            annotator.add(frame)
            if progress is not None:
                progress(count)
        if not annotator.started:
            raise ValueError(f"{description.video.source}: no frame to annotate; give a video with at least one")


def draw_frame(image: np.ndarray, description: Description, frame_index: int, panel: bool = True) -> np.ndarray:
    """One annotated picture, as it is in the video. For many frames, keep a `FramePainter`.

    Args:
        image: RGB uint8 (height, width, 3).
        description: what to draw.
        frame_index: of the image in its source, counted from 0.
        panel: false leaves out the captions beside the picture.

    Returns:
        As FramePainter.paint.
    """
    return FramePainter(description, image.shape[1], image.shape[0], panel).paint(image, frame_index)


def _fit(image: np.ndarray, width: int, height: int) -> np.ndarray:
    if image.shape[:2] == (height, width):
        return image
    enlarged = width >= image.shape[1] and height >= image.shape[0]
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_NEAREST if enlarged else cv2.INTER_AREA)
