"""`smot-vlm describe`: one video in, description.json, tracks.txt, annotated.mp4 and report.html out."""

import logging
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
    decoder: Annotated[
        str | None,
        typer.Option(
            help="openai:URL[#MODEL]: words from a server (vLLM, Ollama, a cloud ...), see configs/server.yaml."
        ),
    ] = None,
    detector: Annotated[str, typer.Option(help="model, onnx:FILE or yolo:FILE.")] = "model",
    trajectories: Annotated[
        Path | None, typer.Option(help="MOT file with boxes and ids, in place of a detector.")
    ] = None,
    detections: Annotated[
        Path | None, typer.Option(help="MOT file with boxes alone, which the associator links; ids are ignored.")
    ] = None,
    associator: Annotated[
        str | None, typer.Option(help="How boxes are linked over time [default: the model's own].")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the four files [default: NAME-described].")] = None,
    stride: Annotated[int, typer.Option(help="Use every N-th frame.")] = 1,
    max_frames: Annotated[int | None, typer.Option(help="Stop after N frames.")] = None,
    stop_at_damage: Annotated[
        bool, typer.Option("--stop-at-damage", help="End a damaged file there, rather than go on behind the damage.")
    ] = False,
    fps: Annotated[
        float | None, typer.Option(help="Frames a second of a folder of images, which states none.", min=0.001)
    ] = None,
    verbs: Annotated[
        list[str] | None,
        typer.Option("--verbs", metavar="PHRASE", help="Look for this in place of the 335 verbs; may be repeated."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override the configuration; may be repeated."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    no_video: Annotated[bool, typer.Option("--no-video", help="Write no annotated.mp4.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
) -> None:
    """Describe a video: who is where, what each person does, who does what to whom, and what happens.

    Ctrl-C ends the watching of a camera or a stream and describes what was seen.
    """
    from smot_vlm.output.description_files import check_outputs

    if trajectories is not None and detections is not None:
        raise typer.BadParameter("--trajectories has boxes with ids, --detections boxes without; give one of them")
    folder = out or _default_folder(source)
    check_outputs(folder, overwrite)
    _check_source(source, fps)
    tracker = load_tracker(
        model, decoder=decoder, detector=detector, associator=associator, device=device, overrides=settings or ()
    )
    with ExitStack() as stack:
        stack.enter_context(_damage_is_reported_once())
        spool = Spool(stack, source, stride, fps)
        with progress("watching", max_frames) as update, _interrupt_ends_watching() as stopped:

            def on_frame(frame: "Frame", video: "VideoReader") -> bool:
                update(completed=video.frames_read, total=video.frame_count)
                spool.add(frame, video)
                if stopped.is_set() or video.frames_read == video.frame_count:
                    update(description="writing captions")
                return not stopped.is_set()

            description = tracker.describe(
                source,
                trajectories=trajectories,
                detections=detections,
                verbs=verbs or None,
                fps=fps,
                stride=stride,
                max_frames=max_frames,
                stop_at_damage=stop_at_damage,
                on_frame=on_frame,
            )
        _write(folder, description, spool, video=not no_video, overwrite=overwrite)
    _warn(description)


class Spool:
    """Where the frames can be read a second time: the source itself, or for a live one a temporary copy on disk.

    Args:
        stack: Removes the copy.
        source: As the command was given it.
        stride: Every stride-th frame is used.
        fps: Frames a second of images that state none.
    """

    def __init__(self, stack: ExitStack, source: str, stride: int, fps: float | None = None) -> None:
        self._stack = stack
        self._source = source
        self._stride = stride
        self._fps = fps
        self._writing = stack.enter_context(ExitStack())
        self._writer: VideoWriter | None = None
        self._copy: Path | None = None
        self._size = (0, 0)
        self.fps = 0.0

    def add(self, frame: "Frame", video: "VideoReader") -> None:
        """Note the next frame; it is copied only where the source cannot be read again.

        Args:
            frame: The frame.
            video: Its source.
        """
        self.fps = video.sampled_fps
        if video.rereadable:
            return
        if self._writer is None:
            from smot_vlm.video.writer import VideoWriter

            folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
            self._copy = folder / "frames.mp4"
            self._size = (frame.width, frame.height)
            self._writer = self._writing.enter_context(
                VideoWriter(self._copy, self.fps, frame.width, frame.height, true_times=True)
            )
        self._writer.write(frame.image, frame.time_seconds)

    def open(self, frames: int) -> "AbstractContextManager[Iterable[Frame]]":
        """So many frames once more, with the indices that they had. Nothing can be added after this.

        Args:
            frames: How many.

        Returns:
            To be entered; then the frames in order.
        """
        from smot_vlm.video.reader import open_video

        if self._copy is None:
            return open_video(self._source, stride=self._stride, max_frames=max(frames, 1), fps=self._fps)
        self._writing.close()
        return _renumbered(self._copy, self._stride, *self._size)


@contextmanager
def _renumbered(path: Path, step: int, width: int, height: int) -> "Iterator[Iterator[Frame]]":
    """The frames of a spooled copy as they were: every index times `step`, without the row or column that evened a side."""
    from smot_vlm.video.reader import open_video

    with open_video(path) as video:
        yield (replace(frame, index=frame.index * step, image=frame.image[:height, :width]) for frame in video)


def _write(folder: Path, description: "Description", spool: Spool, *, video: bool, overwrite: bool) -> None:
    from smot_vlm.output.description_files import write_outputs
    from smot_vlm.verbs import VERBS

    with progress("drawing", description.video.frames) as update:
        files = write_outputs(
            folder,
            description,
            lambda: spool.open(description.video.frames),
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


@contextmanager
def _damage_is_reported_once() -> Iterator[None]:
    """The reader's own reports of damage are left out: `_warn` makes one of the description."""
    logger = logging.getLogger("smot_vlm.video.reader")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _check_source(source: str, fps: float | None) -> None:
    """Refuse a file that is no video before the model is loaded. Cameras and addresses are opened only once."""
    from smot_vlm.video.reader import open_video

    if "://" not in source and not source.isdecimal():
        open_video(source, fps=fps).close()


def _warn(description: "Description") -> None:
    video = description.video
    if video.truncated:
        print_warning(f"{video.source} is damaged and ends too early; only what precedes the end is described")
    if video.damage:
        seconds = sum(end - start for start, end in video.damage)
        print_warning(
            f"{video.source} is damaged in {len(video.damage)} place(s), {seconds:.2f} seconds in all, from second "
            f"{video.damage[0][0]:.2f} on; --stop-at-damage describes only what precedes it"
        )
    if video.stopped:
        print_warning(f"{video.source}: stopped after {video.frames} frames; what came after is not described")
    if not description.model.trained:
        print_warning(
            f"model {description.model.name} is untrained: boxes and ids are real, captions and interactions mean nothing yet"
        )


def _default_folder(source: str) -> Path:
    stem = Path(source.rstrip("/")).stem or "video"
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in stem)
    return Path(f"{safe}-described")
