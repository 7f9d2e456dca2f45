"""`smot-vlm describe`: one video in, description.json, tracks.txt, annotated.mp4 and report.html out."""

import signal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from smot_vlm.cli.console import output, print_warning, progress
from smot_vlm.cli.loading import load_tracker

if TYPE_CHECKING:
    from smot_vlm.structures import Description, Frame
    from smot_vlm.video.reader import VideoReader
    from smot_vlm.video.writer import VideoWriter

Source = Annotated[
    str, typer.Argument(help="A video file, a folder or glob of images, a camera index, an rtsp/http address.")
]


def describe(
    source: Source,
    model: Annotated[str, typer.Option(help="demo, zero-shot, a config (.yaml) or a folder with weights.")] = "demo",
    detector: Annotated[str, typer.Option(help="model, onnx:FILE or yolo:FILE.")] = "model",
    trajectories: Annotated[
        Path | None, typer.Option(help="MOT file with boxes and ids, in place of a detector.")
    ] = None,
    associator: Annotated[str | None, typer.Option(help="How boxes are linked over time [default: byte].")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the four files [default: NAME-described].")] = None,
    stride: Annotated[int, typer.Option(help="Use every N-th frame.")] = 1,
    max_frames: Annotated[int | None, typer.Option(help="Stop after N frames.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    no_video: Annotated[bool, typer.Option("--no-video", help="Write no annotated.mp4.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
) -> None:
    """Describe a video: who is where, what each person does, who does what to whom, and what happens.

    Ctrl-C ends the watching of a camera or a stream and describes what was seen.
    """
    from smot_vlm.output.description_files import check_outputs

    folder = out or _default_folder(source)
    check_outputs(folder, overwrite)
    _check_source(source)
    tracker = load_tracker(model, detector=detector, associator=associator, device=device)
    with ExitStack() as stack:
        spool = Spool(stack, source, stride)
        with progress("watching", max_frames) as update:
            stopped = stack.enter_context(_interrupt_ends_watching())

            def on_frame(frame: "Frame", video: "VideoReader") -> bool:
                update(completed=video.frames_read, total=video.frame_count)
                spool.add(frame, video)
                if stopped.is_set() or video.frames_read == video.frame_count:
                    update(description="writing captions")
                return not stopped.is_set()

            description = tracker.describe(
                source, trajectories=trajectories, stride=stride, max_frames=max_frames, on_frame=on_frame
            )
        _write(folder, description, spool, max_frames, video=not no_video, overwrite=overwrite)
    _warn(description)


class Spool:
    """Where the frames can be read a second time: the source itself, or for a live one a temporary copy on disk."""

    def __init__(self, stack: ExitStack, source: str, stride: int) -> None:
        self._stack = stack
        self._source = source
        self._stride = stride
        self._writing = stack.enter_context(ExitStack())
        self._writer: VideoWriter | None = None
        self._copy: Path | None = None
        self._size = (0, 0)
        self.fps = 0.0

    def add(self, frame: "Frame", video: "VideoReader") -> None:
        """Note the next frame; it is copied only where the source cannot be read again."""
        self.fps = video.sampled_fps
        if video.rereadable:
            return
        if self._writer is None:
            from smot_vlm.video.writer import VideoWriter

            folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
            self._copy = folder / "frames.mp4"
            self._size = (frame.width, frame.height)
            self._writer = self._writing.enter_context(VideoWriter(self._copy, self.fps, frame.width, frame.height))
        self._writer.write(frame.image)

    def open(self, max_frames: int | None) -> "AbstractContextManager[Iterable[Frame]]":
        """The frames once more, with the indices that they had. Nothing can be added after this."""
        from smot_vlm.video.reader import open_video

        if self._copy is None:
            return open_video(self._source, stride=self._stride, max_frames=max_frames)
        self._writing.close()
        return _renumbered(self._copy, self._stride, *self._size)


@contextmanager
def _renumbered(path: Path, step: int, width: int, height: int) -> "Iterator[Iterator[Frame]]":
    """The frames of a spooled copy as they were: every index times `step`, without the row or column that evened a side."""
    from smot_vlm.video.reader import open_video

    with open_video(path) as video:
        yield (replace(frame, index=frame.index * step, image=frame.image[:height, :width]) for frame in video)


def _write(
    folder: Path, description: "Description", spool: Spool, max_frames: int | None, *, video: bool, overwrite: bool
) -> None:
    from smot_vlm.output.description_files import write_outputs
    from smot_vlm.verbs import VERBS

    with progress("drawing", description.video.frames) as update:
        files = write_outputs(
            folder,
            description,
            lambda: spool.open(max_frames),
            spool.fps,
            video=video,
            overwrite=overwrite,
            glosses={verb.label: verb.gloss for verb in VERBS},
            progress=lambda done: update(completed=done),
        )
    people, edges = len(description.tracks), len(description.interactions)
    output.print(
        f"{description.video.source}: {description.video.frames} frames, {people} people, {edges} interactions"
    )
    for path in files.values():
        output.print(f"  {path}")


@contextmanager
def _interrupt_ends_watching() -> Iterator[Event]:
    """Ctrl-C once: what was seen so far is described. Twice: the command is stopped."""
    stopped = Event()

    def on_interrupt(_number: int, _stack: FrameType | None) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    previous = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, previous)


def _check_source(source: str) -> None:
    """Refuse a file that is no video before the model is loaded. Cameras and addresses are opened only once."""
    from smot_vlm.video.reader import open_video

    if "://" not in source and not source.isdecimal():
        open_video(source).close()


def _warn(description: "Description") -> None:
    if description.video.truncated:
        print_warning(f"{description.video.source} is damaged; only what precedes the damage is described")
    if not description.model.trained:
        print_warning(
            f"model {description.model.name} is untrained: boxes and ids are real, captions and interactions mean nothing yet"
        )


def _default_folder(source: str) -> Path:
    stem = Path(source.rstrip("/")).stem or "video"
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in stem)
    return Path(f"{safe}-described")
