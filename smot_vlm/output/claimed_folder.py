"""The folder of a description: checked and claimed before the work, filled when all is done."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from smot_vlm.output.layout import plan_layout
from smot_vlm.system.targets import LEAST_BYTES, check_folder
from smot_vlm.system.temporary import others_at_work, temporary_folder

DESCRIPTION, TRACKS, VIDEO, REPORT = "description.json", "tracks.txt", "annotated.mp4", "report.html"
# In the order in which they appear; the description comes last, so where it exists all the others do.
OUTPUTS = (TRACKS, VIDEO, REPORT, DESCRIPTION)

_ADVICE = "choose another folder with --out"
_KIND = "describe"
# Ordinary pictures as H.264 take about a fiftieth of a byte a pixel; rows of tracks and captions some hundred a frame.
_BYTES_A_PIXEL, _BYTES_A_FRAME = 1 / 50, 500


def check_outputs(folder: Path | str, overwrite: bool = False, needed_bytes: int = 0) -> None:
    """Refuse early what `write_outputs` would refuse after long work. Leaves nothing behind.

    Args:
        folder: where the files will be written.
        overwrite: whether they may replace others.
        needed_bytes: how much will be written, roughly.

    Raises:
        NotADirectoryError: `folder`, or a folder above it, is a file.
        FileExistsError: one of the four files exists and `overwrite` is false.
        IsADirectoryError: a folder has the name of one of the four files.
        PermissionError: the folder, or the first one above it that exists, cannot be written.
        OSError: a name that is too long, or too little room on the disk.
    """
    folder = Path(folder)
    check_folder(folder, _ADVICE, needed_bytes)
    for name in OUTPUTS:
        if (folder / name).is_dir():
            raise IsADirectoryError(f"{folder / name} is a folder; remove it or {_ADVICE}")
    present = [name for name in OUTPUTS if os.path.lexists(folder / name)]
    if present and not overwrite:
        raise _taken(folder, present)


@contextmanager
def claim_outputs(folder: Path | str, overwrite: bool = False, needed_bytes: int = 0) -> Iterator[Path]:
    """Hold a folder while its description is made: another run into it is refused before its work, not after it.

    Args:
        folder: made where missing, and removed again where the block fails and left it empty.
        overwrite: as of `check_outputs`.
        needed_bytes: as of `check_outputs`.

    Yields:
        A temporary folder inside, for the unfinished files.

    Raises:
        FileExistsError: another run is writing there.
        OSError: as `check_outputs`.
    """
    folder = Path(folder)
    check_outputs(folder, overwrite, needed_bytes)
    if others_at_work(folder, _KIND):
        raise FileExistsError(f"{folder}: another run is writing here; wait for it or {_ADVICE}")
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        with naming_folder(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with temporary_folder(folder, _KIND) as staging:
            yield staging
    except BaseException:
        with suppress(OSError):
            for place in made:
                place.rmdir()
        raise


@contextmanager
def naming_folder(folder: Path) -> Iterator[None]:
    """Turn an error of the system into one line that names the folder.

    Args:
        folder: of the outputs.

    Raises:
        OSError: of the same kind.
    """
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise type(error)(f"{folder}: cannot write the outputs ({reason}); {_ADVICE}") from error


def publish(staging: Path, folder: Path, overwrite: bool) -> list[str]:
    """Rename the finished files into `folder`, and remove those of an earlier run that have no successor.

    Args:
        staging: holds the files.
        folder: the claimed one.
        overwrite: replace files that are there.

    Returns:
        The names of the files.

    Raises:
        FileExistsError: another run wrote them meanwhile; nothing was replaced.
    """
    written = [name for name in OUTPUTS if (staging / name).exists()]
    if not overwrite:
        _publish_anew(staging, folder, written)
        return written
    for name in OUTPUTS:
        if name in written:
            os.replace(staging / name, folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
    return written


def expected_bytes(frames: int | None, width: int, height: int, video: bool) -> int:
    """About how much a description takes on the disk.

    Args:
        frames: how many will be described; None where unknown.
        width: pixels of a frame.
        height: the same.
        video: whether an annotated video is written.

    Returns:
        Bytes; for an unknown length the least with which anything is begun.
    """
    if frames is None:
        return LEAST_BYTES
    layout = plan_layout(width, height)
    a_frame = _BYTES_A_FRAME + (layout.width * layout.height * _BYTES_A_PIXEL if video else 0)
    return LEAST_BYTES + round(frames * a_frame)


def _publish_anew(staging: Path, folder: Path, names: list[str]) -> None:
    """Move files to names that are free, or none of them: of two runs one wins."""
    done: list[str] = []
    try:
        for name in names:
            _move_to_free_name(staging / name, folder / name)
            done.append(name)
    except BaseException as error:
        for name in done:
            (folder / name).unlink()
        if isinstance(error, FileExistsError):
            raise _taken(folder, [name for name in OUTPUTS if os.path.lexists(folder / name)]) from None
        raise


def _move_to_free_name(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links.
        if os.path.lexists(target):
            raise FileExistsError(str(target)) from None
        os.replace(source, target)


def _taken(folder: Path, present: list[str]) -> FileExistsError:
    return FileExistsError(f"{folder} already holds {', '.join(present)}; pass --overwrite to replace or {_ADVICE}")
