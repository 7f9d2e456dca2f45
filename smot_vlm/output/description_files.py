"""The four files of `smot-vlm describe`: description.json, tracks.txt, annotated.mp4, report.html."""

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path

from smot_vlm.output.annotate import VideoAnnotator
from smot_vlm.output.report import ReportBuilder
from smot_vlm.structures import Description, Frame
from smot_vlm.system.timing import PartTimes

log = logging.getLogger(__name__)

DESCRIPTION, TRACKS, VIDEO, REPORT = "description.json", "tracks.txt", "annotated.mp4", "report.html"
# In the order in which they appear; the description comes last, so where it exists all the others do.
OUTPUTS = (TRACKS, VIDEO, REPORT, DESCRIPTION)

OpenFrames = Callable[[], AbstractContextManager[Iterable[Frame]]]


def check_outputs(folder: Path | str, overwrite: bool = False) -> None:
    """Refuse early what `write_outputs` would refuse after long work. Leaves nothing behind.

    Args:
        folder: where the files will be written.
        overwrite: whether they may replace others.

    Raises:
        NotADirectoryError: `folder`, or a folder above it, is a file.
        FileExistsError: one of the four files exists and `overwrite` is false.
        IsADirectoryError: a folder has the name of one of the four files.
        PermissionError: the folder, or the first one above it that exists, cannot be written.
    """
    folder = Path(folder)
    nearest = next((place for place in (folder, *folder.absolute().parents) if os.path.lexists(place)), Path("/"))
    if not nearest.is_dir():
        raise NotADirectoryError(f"{nearest} is a file; choose a folder for the outputs with --out")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(f"{nearest}: no permission to write here; choose another folder with --out")
    try:
        # Some file systems refuse what their permissions allow; this leaves nothing behind.
        tempfile.TemporaryDirectory(prefix=".smot-vlm-", dir=nearest).cleanup()
    except OSError as error:
        raise PermissionError(
            f"{nearest}: no file can be made here ({error.strerror}); choose another folder with --out"
        ) from None
    for name in OUTPUTS:
        if (folder / name).is_dir():
            raise IsADirectoryError(f"{folder / name} is a folder; remove it or choose another folder with --out")
    present = [name for name in OUTPUTS if os.path.lexists(folder / name)]
    if present and not overwrite:
        raise FileExistsError(
            f"{folder} already holds {', '.join(present)}; pass --overwrite to replace or choose another folder with --out"
        )


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
) -> dict[str, Path]:
    """Write the outputs of one description; the frames are read once, for video and report together.

    All files are made under a temporary name in `folder` and renamed when the last is done, so a stopped run leaves the
    folder as it was. Other files in the folder stay. With `overwrite` an annotated.mp4 of an earlier run is also removed
    where this run makes none, since it would show another description.

    Where the frames cannot be read again or the video cannot be made, the other files are written all the same, so that
    no description is lost, and the error is raised after that.

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

    Returns:
        The path of each file written, by its name.

    Raises:
        ValueError: from the reader of the frames or the video writer.
        OSError: as `check_outputs`, or the disk is full; one line that names the folder.
    """
    folder = Path(folder)
    check_outputs(folder, overwrite)
    times = times or PartTimes()
    failure: Exception | None = None
    with _staging(folder) as staging:
        builder = ReportBuilder(description, glosses)
        if open_frames is not None:
            try:
                with open_frames() as frames:
                    path = staging / VIDEO if video else None
                    _write_pictures(frames, description, builder, path, fps, progress, times)
            except (ValueError, OSError) as error:
                failure = error
        with _naming(folder):
            with times.part("report"):
                builder.finish(staging / REPORT, VIDEO if (staging / VIDEO).exists() else None)
            description.to_mot(staging / TRACKS)
            description.to_json(staging / DESCRIPTION)
            written = _publish(staging, folder)
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


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """A temporary folder inside `folder`, which is made where missing and removed again where the block fails."""
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        with _naming(folder):
            folder.mkdir(parents=True, exist_ok=True)
            staging = Path(tempfile.mkdtemp(prefix=".smot-vlm-", dir=folder))
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except BaseException:
        with suppress(OSError):
            for place in made:
                place.rmdir()
        raise


@contextmanager
def _naming(folder: Path) -> Iterator[None]:
    """Turn an error of the system into one line that names the folder."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise type(error)(f"{folder}: cannot write the outputs ({reason}); choose another folder with --out") from error


def _publish(staging: Path, folder: Path) -> list[str]:
    """Rename the finished files into `folder`, and remove those of an earlier run that have no successor."""
    written = [name for name in OUTPUTS if (staging / name).exists()]
    for name in OUTPUTS:
        if name in written:
            os.replace(staging / name, folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
    return written
