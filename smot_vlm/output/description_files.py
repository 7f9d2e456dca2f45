"""The four files of `smot-vlm describe`: description.json, tracks.txt, annotated.mp4, report.html."""

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from itertools import islice
from pathlib import Path

from smot_vlm.output.annotate import VideoAnnotator
from smot_vlm.output.claimed_folder import (
    DESCRIPTION,
    REPORT,
    TRACKS,
    VIDEO,
    claim_outputs,
    naming_folder,
    publish,
)
from smot_vlm.output.report import ReportBuilder
from smot_vlm.output.report_video import page_videos
from smot_vlm.structures import Description, Frame
from smot_vlm.system.allocator import give_back_free_memory, large_blocks_apart
from smot_vlm.system.timing import PartTimes

log = logging.getLogger(__name__)

OpenFrames = Callable[[], AbstractContextManager[Iterable[Frame]]]


def write_outputs(
    folder: Path | str,
    description: Description,
    open_frames: OpenFrames | None,
    fps: float,
    *,
    video: bool = True,
    overwrite: bool = False,
    glosses: dict[str, str] | None = None,
    progress: Callable[[int], None] | None = None,
    times: PartTimes | None = None,
    staging: Path | None = None,
    source_video: bool = False,
) -> dict[str, Path]:
    """Write the outputs of one description; the frames are read once, for video and report together.

    All files are made under a temporary name in `folder` and renamed when the last is done, so a stopped run leaves the
    folder as it was. Other files in the folder stay. With `overwrite` an annotated.mp4 of an earlier run is also removed
    where this run makes none, since it would show another description.

    Where the frames cannot be read again or the video cannot be made, for whatever reason, the other files are written
    all the same, so that no description is lost, and the error is raised after that.

    Args:
        folder: where to write.
        description: what to write.
        open_frames: opens the described frames once more; None (a camera, a stream) makes no video and no pictures.
        fps: frames a second of those frames, after any stride.
        video: false makes no video, but still the report's pictures.
        overwrite: replace files of an earlier run.
        glosses: what each verb sense means, by label.
        progress: called with the number of frames done.
        times: filled with the seconds of each part: decode, drawing, encoding, report.
        staging: from `claim_outputs` of the same folder, where it was claimed before the work.
        source_video: true lets the report also play the described video as it is. Leave it false where the frames were
            changed: blurred people are not to be seen beside.

    Returns:
        The path of each file written, by its name.

    Raises:
        ValueError: from the reader of the frames or the video writer.
        OSError: as `claim_outputs`, or the disk is full; one line that names the folder.
    """
    folder = Path(folder)
    times = times or PartTimes()
    failure: Exception | None = None
    give_back_free_memory()  # describing is done, and left its heap in pieces
    with claim_outputs(folder, overwrite) if staging is None else nullcontext(staging) as staging:
        builder = ReportBuilder(description, glosses)
        if open_frames is not None:
            try:
                with large_blocks_apart(), open_frames() as frames:
                    path = staging / VIDEO if video else None
                    _write_pictures(frames, description, builder, path, fps, progress, times)
            except Exception as error:
                failure = error
        with naming_folder(folder):
            with times.part("report"):
                videos = page_videos(description.video, folder, (staging / VIDEO).exists(), source_video)
                builder.finish(staging / REPORT, videos)
            description.write_mot(staging / TRACKS)
            description.write_json(staging / DESCRIPTION)
            written = publish(staging, folder, overwrite)
    if failure is not None:
        log.warning("%s: written without the video, which could not be drawn", folder)
        raise failure
    return {name: folder / name for name in written}


def _write_pictures(
    frames: Iterable[Frame],
    description: Description,
    builder: ReportBuilder,
    video_path: Path | None,
    fps: float,
    progress: Callable[[int], None] | None,
    times: PartTimes,
) -> None:
    """One pass over the frames, for the report and, where a path is given, for the video."""
    with ExitStack() as stack:
        annotator = (
            None if video_path is None else stack.enter_context(VideoAnnotator(description, video_path, fps, times))
        )
        count = 0
        # What was not described is not shown: a file may have grown, or the reading was stopped.
        described = islice(frames, description.video.frames)
        for count, frame in enumerate(times.waiting("decode", described), start=1):
            with times.part("report"):
                builder.add(frame)
            if annotator is not None:
                annotator.add(frame)
            if progress is not None:
                progress(count)
    if not count:
        log.warning("%s gave no frame to draw on: no video, and no pictures in the report", description.video.source)
