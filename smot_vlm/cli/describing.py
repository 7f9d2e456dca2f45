"""One video of `smot-vlm describe`: checked, described, drawn, told."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smot_vlm.cli.console import output, print_plain, print_warning, progress
from smot_vlm.cli.loading import damage_is_reported_once
from smot_vlm.cli.spool import Spool
from smot_vlm.system.errors import naming
from smot_vlm.system.printing import counted, people
from smot_vlm.system.signals import StopRequest, on_stop

if TYPE_CHECKING:
    from smot_vlm.structures import Description, Frame
    from smot_vlm.tracker import Tracker
    from smot_vlm.video.reader import VideoReader

BETTER_WORDS = "For words, give a vision-language model: --model zero-shot."


@dataclass(frozen=True)
class Wanted:
    """How videos are described, and what is written of them.

    Attributes:
        trajectories: as for `Tracker.describe`, like all down to `stop_at_damage`.
        detections: the same.
        classes: the same.
        verbs: the same.
        fps: the same.
        stride: the same.
        max_frames: the same.
        stop_at_damage: the same.
        detector: named in errors, where it is the user's own.
        video: whether annotated.mp4 is written.
        blur: a key of `output.blur.MODES`; None shows people as they are.
        overwrite: replace files that are there.
        json: tell the result as a JSON line.
    """

    trajectories: Path | None = None
    detections: Path | None = None
    classes: list[int] | None = None
    verbs: list[str] | None = None
    fps: float | None = None
    stride: int = 1
    max_frames: int | None = None
    stop_at_damage: bool = False
    detector: str = "auto"
    video: bool = True
    blur: str | None = None
    overwrite: bool = False
    json: bool = False


def describe_video(source: str, folder: Path, wanted: Wanted, load: "Callable[[], Tracker]") -> "Description":
    """Describe one video into a folder and say what was written.

    Args:
        source: as the command was given it.
        folder: for the four files.
        wanted: how.
        load: gives the tracker, once the source is known to be one and the folder is held.

    Returns:
        The description.

    Raises:
        OSError, ValueError: what is wrong with the source, the folder or the settings.
    """
    from smot_vlm.output.claimed_folder import check_outputs, claim_outputs

    check_outputs(folder, wanted.overwrite)
    needed = _check_source(source, wanted)
    with ExitStack() as stack:
        staging = stack.enter_context(claim_outputs(folder, wanted.overwrite, needed))
        tracker = load()
        stack.enter_context(damage_is_reported_once())
        spool = Spool(stack, source, wanted.stride, wanted.fps)
        description, reader = _watch(tracker, source, wanted, spool)
        description = replace(description, video=replace(description.video, blur=wanted.blur or ""))
        files = _write(folder, staging, description, spool, wanted)
    _tell(source, description, files, wanted)
    _warn(description, reader)
    return description


def _watch(tracker: "Tracker", source: str, wanted: Wanted, spool: Spool) -> "tuple[Description, VideoReader]":
    readers: list[VideoReader] = []
    with progress("watching", wanted.max_frames) as update:
        stop = StopRequest()

        def on_frame(frame: "Frame", video: "VideoReader") -> bool:
            readers[:] = [video]
            update(description="watching", completed=video.frames_read, total=video.frame_count)
            spool.add(frame, video)
            if stop.asked and not video.stopped:
                print_warning("the watching ends here, what was seen is described; Ctrl-C again ends that too")
            elif video.frames_read == video.frame_count:
                stop.finish()
            if stop.asked or video.frames_read == video.frame_count:
                update(description="writing captions")
            return not stop.asked

        def on_words(done: int, total: int) -> None:
            update(description="writing captions", completed=done, total=total)

        named = source if wanted.detector in ("auto", "model") else f"{source} with {wanted.detector}"
        with on_stop(stop), naming(named):
            description = tracker.describe(
                source,
                trajectories=wanted.trajectories,
                detections=wanted.detections,
                classes=wanted.classes or None,
                verbs=wanted.verbs or None,
                fps=wanted.fps,
                stride=wanted.stride,
                max_frames=wanted.max_frames,
                stop_at_damage=wanted.stop_at_damage,
                on_frame=on_frame,
                on_words=on_words,
            )
    return description, readers[0]


def _write(folder: Path, staging: Path, description: "Description", spool: Spool, wanted: Wanted) -> dict[str, Path]:
    from smot_vlm.output.blur import blurring
    from smot_vlm.output.description_files import OpenFrames, write_outputs
    from smot_vlm.verbs import glosses

    open_frames: OpenFrames = lambda: spool.open(description.video.frames)  # noqa: E731
    with progress("drawing", description.video.frames) as update:
        return write_outputs(
            folder,
            description,
            open_frames if wanted.blur is None else blurring(open_frames, description, wanted.blur),
            spool.fps,
            video=wanted.video,
            overwrite=wanted.overwrite,
            glosses=glosses(),
            progress=lambda done: update(completed=done),
            staging=staging,
            source_video=wanted.blur is None,
        )


def _tell(source: str, description: "Description", files: dict[str, Path], wanted: Wanted) -> None:
    """Say what was described, where it lies, and what to open."""
    from smot_vlm.output.claimed_folder import REPORT
    from smot_vlm.output.trust import is_warning, trust

    if wanted.json:
        print_plain(json.dumps(_summary(source, description, files)))
        return
    counts = (
        counted(description.video.frames, "frame"),
        people(len(description.tracks)),
        counted(len(description.interactions), "interaction"),
    )
    output.print(f"{description.video.source}: {', '.join(counts)}")
    if not is_warning(description) and trust(description):
        output.print(f"  {trust(description)}")
    for path in files.values():
        output.print(f"  {path}")
    report = files[REPORT]
    output.print(f"Open {report.absolute().as_uri() if output.is_terminal else report} in a browser.")


def _summary(source: str, description: "Description", files: dict[str, Path]) -> dict[str, Any]:
    return {
        "source": source,
        "files": {name: str(path) for name, path in files.items()},
        "frames": description.video.frames,
        "people": len(description.tracks),
        "interactions": len(description.interactions),
        "caption": description.caption,
        "words": description.words,
        "truncated": description.video.truncated,
        "stopped": description.video.stopped,
    }


def _check_source(source: str, wanted: Wanted) -> int:
    """Refuse a file that is no video before the model is loaded. Cameras and addresses are opened only once.

    Returns:
        About how many bytes its description takes.
    """
    from smot_vlm.output.claimed_folder import expected_bytes
    from smot_vlm.video.reader import open_video

    if "://" in source or source.isdecimal():
        return expected_bytes(wanted.max_frames, 1920, 1080, wanted.video)
    opened = open_video(source, stride=wanted.stride, max_frames=wanted.max_frames, fps=wanted.fps)
    with naming(source), opened as reader:
        return expected_bytes(reader.frame_count, reader.width, reader.height, wanted.video)


def _warn(description: "Description", reader: "VideoReader") -> None:
    from smot_vlm.output.trust import is_warning, trust
    from smot_vlm.structures import STATED

    video = description.video
    if video.truncated:
        print_warning(f"{video.source} is damaged and ends too early; only what precedes the end is described")
    left_out = f"; {reader.left_out_summary}" if reader.left_out_summary else ""
    if video.damage:
        seconds = sum(end - start for start, end in video.damage)
        print_warning(
            f"{video.source} is damaged in {counted(len(video.damage), 'place')}, {seconds:.2f} seconds in all, from "
            f"second {video.damage[0][0]:.2f} on{left_out}; --stop-at-damage describes only what precedes it"
        )
    if video.stopped:
        print_warning(
            f"{video.source}: stopped after {counted(video.frames, 'frame')}; what came after is not described"
        )
    if is_warning(description):
        better = "" if description.words == STATED else f" {BETTER_WORDS}"
        print_warning(f"{trust(description)} Boxes and ids are those of {description.model.detector}.{better}")
