"""`smot-vlm describe`: one video in, description.json, tracks.txt, annotated.mp4 and report.html out."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smot_vlm.cli.console import output, print_warning, progress
from smot_vlm.cli.loading import Batch, Dtype, damage_is_reported_once, load_tracker
from smot_vlm.cli.spool import Spool
from smot_vlm.system.errors import naming
from smot_vlm.system.printing import counted, people
from smot_vlm.system.signals import StopRequest, on_stop
from smot_vlm.system.targets import fitting_name

if TYPE_CHECKING:
    from smot_vlm.structures import Description, Frame
    from smot_vlm.video.reader import VideoReader

BETTER_WORDS = "For words, give a vision-language model: --model zero-shot."

Source = Annotated[
    str, typer.Argument(help="A video file, a folder or glob of images, a camera index, an rtsp/http address.")
]


def describe(
    source: Source,
    model: Annotated[
        str, typer.Option(help="auto, demo, zero-shot, a config (.yaml) or a folder with weights.")
    ] = "auto",
    decoder: Annotated[
        str | None,
        typer.Option(
            help="openai:URL[#MODEL]: words from a server (vLLM, Ollama, a cloud ...), see configs/server.yaml."
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
    associator: Annotated[
        str | None, typer.Option(help="How boxes are linked over time (default: the model's own).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the four files (default: NAME-described).")] = None,
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
    dtype: Dtype = "float32",
    batch: Batch = 1,
    no_video: Annotated[bool, typer.Option("--no-video", help="Write no annotated.mp4.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
) -> None:
    """Describe a video: who is where, what each person does, who does what to whom, and what happens.

    Ctrl-C ends the watching of a camera or a stream and describes what was seen.
    """
    from smot_vlm.output.claimed_folder import check_outputs, claim_outputs

    if trajectories is not None and detections is not None:
        raise typer.BadParameter("--trajectories has boxes with ids, --detections boxes without; give one of them")
    if classes and trajectories is None and detections is None:
        raise typer.BadParameter("--classes goes with --trajectories or --detections")
    folder = out or _default_folder(source)
    check_outputs(folder, overwrite)
    needed = _check_source(source, fps, stride, max_frames, video=not no_video)
    with ExitStack() as stack:
        staging = stack.enter_context(claim_outputs(folder, overwrite, needed))
        tracker = load_tracker(
            model,
            decoder=decoder,
            detector=detector,
            associator=associator,
            device=device,
            overrides=settings or (),
            dtype=dtype,
            batch=batch,
        )
        stack.enter_context(damage_is_reported_once())
        spool = Spool(stack, source, stride, fps)
        readers: list[VideoReader] = []
        with progress("watching", max_frames) as update:
            stop = StopRequest()

            def on_frame(frame: "Frame", video: "VideoReader") -> bool:
                readers[:] = [video]
                update(completed=video.frames_read, total=video.frame_count)
                spool.add(frame, video)
                if stop.asked and not video.stopped:
                    print_warning("the watching ends here, what was seen is described; Ctrl-C again ends that too")
                elif video.frames_read == video.frame_count:
                    stop.finish()
                if stop.asked or video.frames_read == video.frame_count:
                    update(description="writing captions")
                return not stop.asked

            with on_stop(stop), naming(source if detector in ("auto", "model") else f"{source} with {detector}"):
                description = tracker.describe(
                    source,
                    trajectories=trajectories,
                    detections=detections,
                    classes=classes or None,
                    verbs=verbs or None,
                    fps=fps,
                    stride=stride,
                    max_frames=max_frames,
                    stop_at_damage=stop_at_damage,
                    on_frame=on_frame,
                )
        _write(folder, staging, description, spool, video=not no_video, overwrite=overwrite)
    _warn(description, readers[0])


def _write(
    folder: Path, staging: Path, description: "Description", spool: Spool, *, video: bool, overwrite: bool
) -> None:
    from smot_vlm.output.description_files import write_outputs
    from smot_vlm.output.trust import is_warning, trust
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
            staging=staging,
            source_video=True,
        )
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


def _check_source(source: str, fps: float | None, stride: int, max_frames: int | None, *, video: bool) -> int:
    """Refuse a file that is no video before the model is loaded. Cameras and addresses are opened only once.

    Returns:
        About how many bytes its description takes.
    """
    from smot_vlm.output.claimed_folder import expected_bytes
    from smot_vlm.video.reader import open_video

    if "://" in source or source.isdecimal():
        return expected_bytes(max_frames, 1920, 1080, video)
    with naming(source), open_video(source, stride=stride, max_frames=max_frames, fps=fps) as reader:
        return expected_bytes(reader.frame_count, reader.width, reader.height, video)


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


def _default_folder(source: str) -> Path:
    stem = Path(source.rstrip("/")).stem or "video"
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in stem)
    return Path(fitting_name(safe, "-described"))
