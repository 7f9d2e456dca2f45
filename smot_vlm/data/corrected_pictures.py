"""The pictures of a video whose annotations come from a tool: in the tool's archive, in a folder, or in the video itself."""

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
from PIL import Image, ImageOps

from smot_vlm.data.frames import FrameFile, MadeFrame, image_size
from smot_vlm.data.video_frames import list_video_frames
from smot_vlm.formats.documents import reason, shown
from smot_vlm.formats.frame_rate import stated_fps_of_images
from smot_vlm.video.images import PIL_ERRORS, images_of_folder, is_image

IMAGES = "images"
LARGEST_PICTURE = 256 * 2**20
# CVAT's names of the pictures of a video; the number is the frame's, from 0.
_NUMBERED = re.compile(r"frame_(\d{1,9})")
# Label Studio puts a few letters before the name of a file that is uploaded.
_UPLOADED = re.compile(r"[0-9a-f]{8}-(?=.)")


@dataclass(frozen=True)
class Pictures:
    """The pictures of one video.

    Attributes:
        frames: ascending; none where no picture was found.
        size: width and height in pixels.
        fps: frames a second; None where nothing states it.
    """

    frames: tuple[FrameFile, ...] = ()
    size: tuple[int, int] | None = None
    fps: float | None = None


def find_pictures(source: str, file: Path, media: Path) -> Pictures:
    """Look for the pictures of a video: in the archive, in `images` beside the file, then under the video's name.

    Args:
        source: what the annotations call the video; only the last part of it counts.
        file: with the annotations.
        media: folder in which the video, or a folder of its pictures, may lie.

    Returns:
        The pictures.

    Raises:
        ValueError: a video or an archive that cannot be read.
    """
    if zipfile.is_zipfile(file):
        found = _of_archive(file)
        if found.frames:
            return found
    names = local_names(source)
    for path in (file.parent / IMAGES, *(media / name for name in names)):
        if path.is_dir() and any(map(is_image, path.iterdir())):
            return _of_folder(path)
        if path.is_file():
            return _of_video(path)
    return Pictures()


def local_names(source: str) -> list[str]:
    """The names that a file may have here.

    Args:
        source: what an annotation tool calls it: a name, a path or an address.

    Returns:
        Names without a folder, the tool's own first; none where there is nothing of the kind.
    """
    parts = urlsplit(source) if "://" in source or source.startswith("/data/") else None
    place = source if parts is None else unquote(parse_qs(parts.query).get("d", [parts.path])[0])
    name = PurePosixPath(place.replace("\\", "/")).name
    if not name or not name.isprintable() or name in (".", ".."):
        return []
    return list(dict.fromkeys((name, _UPLOADED.sub("", name, count=1))))


def _of_folder(folder: Path) -> Pictures:
    paths = images_of_folder(folder)
    frames = [
        FrameFile(index, path) for index, path in zip(_numbers([path.name for path in paths]), paths, strict=True)
    ]
    return Pictures(
        tuple(sorted(frames, key=lambda frame: frame.index)), image_size(paths[0]), stated_fps_of_images(folder)
    )


def _of_archive(file: Path) -> Pictures:
    with zipfile.ZipFile(file) as archive:
        members = sorted(name for name in archive.namelist() if is_image(Path(name)))
    if not members:
        return Pictures()
    numbers = _numbers([PurePosixPath(name).name for name in members])
    frames = [
        MadeFrame(index, file, partial(_read_member, file, name)) for index, name in zip(numbers, members, strict=True)
    ]
    frames.sort(key=lambda frame: frame.index)
    height, width = frames[0].read().shape[:2]
    return Pictures(tuple(frames), (width, height), None)


def _numbers(names: Sequence[str]) -> list[int]:
    """Numbers of frames: those in CVAT's names of a video's pictures, elsewhere the places in the order of the names."""
    found = [_NUMBERED.fullmatch(Path(name).stem) for name in names]
    numbers = [int(match[1]) for match in found if match]
    return numbers if len(set(numbers)) == len(names) else list(range(len(names)))


def _read_member(file: Path, name: str) -> np.ndarray:
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.getinfo(name).file_size > LARGEST_PICTURE:
                raise ValueError(f"more than {LARGEST_PICTURE // 2**20} MB")
            content = archive.read(name)
        with Image.open(BytesIO(content)) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (*PIL_ERRORS, zipfile.BadZipFile, RuntimeError) as error:
        raise ValueError(f"{file}: {shown(name)} is no picture that can be read ({reason(error)})") from None


def _of_video(path: Path) -> Pictures:
    frames, fps = list_video_frames(path)
    height, width = frames[0].read().shape[:2]
    return Pictures(frames, (width, height), fps)
