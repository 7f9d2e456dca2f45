"""`smot-vlm describe`: videos in, description.json, tracks.txt, annotated.mp4 and report.html of each out."""

import functools
import json as json_text
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smot_vlm.cli.console import output, print_error, print_plain, print_warning
from smot_vlm.cli.describing import Wanted, describe_video
from smot_vlm.cli.loading import Associator, Batch, Blur, Dtype, Overrides, load_tracker
from smot_vlm.cli.several import default_folder, folders_of, videos_of
from smot_vlm.system.errors import one_line
from smot_vlm.system.printing import counted

if TYPE_CHECKING:
    from smot_vlm.tracker import Tracker

logger = logging.getLogger(__name__)


def describe(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="A video file, a folder or glob of images, a camera index, an rtsp/http address; or several, or a folder "
            "of videos: each is described into a folder of its own.",
        ),
    ],
    model: Annotated[
        str, typer.Option(help="auto, demo, zero-shot, a config (.yaml) or a folder with weights.")
    ] = "auto",
    decoder: Annotated[
        str | None,
        typer.Option(
            help="openai:URL\\[#MODEL]: words from a server (vLLM, Ollama, a cloud ...), see configs/server.yaml."
        ),
    ] = None,
    detector: Annotated[str, typer.Option(help="auto, model, people, onnx:FILE or yolo:FILE.")] = "auto",
    trajectories: Annotated[
        Path | None,
        typer.Option(
            help="Boxes with ids, in place of a detector: a MOT or BoxMOT text, supervision's JSONSink or CSVSink (with "
            "frame_index, from 0), COCO results with track_id, masks or boxes of SAM 2/3 as JSON or npz; told by content."
        ),
    ] = None,
    detections: Annotated[
        Path | None, typer.Option(help="Boxes alone in such a file, which the associator links; ids are ignored.")
    ] = None,
    classes: Annotated[
        list[int] | None,
        typer.Option(
            help="Class number that counts in such a file; may be repeated (default: people, by labels.txt or custom)."
        ),
    ] = None,
    associator: Associator = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the four files; of several videos, the one above (default: NAME-described)."),
    ] = None,
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
    settings: Overrides = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    dtype: Dtype = "float32",
    batch: Batch = 1,
    no_video: Annotated[bool, typer.Option("--no-video", help="Write no annotated.mp4.")] = False,
    blur: Blur = None,
    json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each video and nothing else.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
) -> None:
    """Describe a video: who is where, what each person does, who does what to whom, and what happens.

    Ctrl-C ends the watching of a camera or a stream and describes what was seen. Of several videos one that cannot be described is
    named, and the others are described; then the exit code is 1.
    """
    if trajectories is not None and detections is not None:
        raise typer.BadParameter("--trajectories has boxes with ids, --detections boxes without; give one of them")
    if classes and trajectories is None and detections is None:
        raise typer.BadParameter("--classes goes with --trajectories or --detections")
    given = [videos_of(source) for source in sources]
    several = len(sources) > 1 or any(given)
    if several and (trajectories or detections):
        raise typer.BadParameter(
            "--trajectories and --detections hold the boxes of one video; give one video with them"
        )
    wanted = Wanted(
        trajectories,
        detections,
        classes,
        verbs,
        fps,
        stride,
        max_frames,
        stop_at_damage,
        detector,
        video=not no_video,
        blur=None if blur is None else blur.value,
        overwrite=overwrite,
        json=json,
    )

    @functools.cache
    def load() -> "Tracker":
        return load_tracker(
            model,
            decoder=decoder,
            detector=detector,
            associator=associator,
            device=device,
            overrides=settings or (),
            dtype=dtype,
            batch=batch,
        )

    if several:
        videos = [video for source, found in zip(sources, given, strict=True) for video in found or [source]]
        _describe_each(videos, folders_of(videos, out or Path()), wanted, load)
    else:
        describe_video(sources[0], out or default_folder(sources[0]), wanted, load)


def _describe_each(sources: list[str], folders: list[Path], wanted: Wanted, load: "Callable[[], Tracker]") -> None:
    """Describe one video after the other; one that fails does not take the others along.

    Raises:
        typer.Exit: some could not be described; each is named in a line.
    """
    load()  # What is wrong with the model is told once.
    failed = 0
    for place, (source, folder) in enumerate(zip(sources, folders, strict=True), start=1):
        try:
            description = describe_video(source, folder, wanted, load)
        except Exception as error:
            failed += 1
            logger.debug("%s", source, exc_info=True)
            line = one_line(error)
            print_error(line if source in line else f"{source}: {line}")
            if wanted.json:
                print_plain(json_text.dumps({"source": source, "error": line}))
            continue
        if description.video.stopped and place < len(sources):
            print_warning(f"{counted(len(sources) - place, 'video')} after it not described")
            failed += len(sources) - place
            break
    if not wanted.json:
        output.print(f"{len(sources) - failed} of {counted(len(sources), 'video')} described")
    if failed:
        raise typer.Exit(1)
