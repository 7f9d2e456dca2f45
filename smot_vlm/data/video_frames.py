"""The frames of a sequence that is kept as a video file in place of a folder of images."""

from functools import partial
from pathlib import Path

import numpy as np

from smot_vlm.data.frames import FrameFile, MadeFrame
from smot_vlm.structures import Frame
from smot_vlm.video.reader import VideoReader, open_video

VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ts"})


def find_video(folder: Path) -> Path | None:
    """The one video file of a sequence's folder.

    Args:
        folder: of the sequence.

    Returns:
        Its path; None where there is none.

    Raises:
        ValueError: there are several.
    """
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file())
    if len(found) > 1:
        raise ValueError(
            f"{folder}: {len(found)} videos, {found[0].name} and {found[1].name} among them; leave the sequence's own"
        )
    return found[0] if found else None


def list_video_frames(path: Path) -> tuple[tuple[FrameFile, ...], float]:
    """List the frames of a video by number; they are decoded when they are read, fastest in ascending order.

    Args:
        path: of the video.

    Returns:
        The frames, and how many there are a second.

    Raises:
        ValueError: no frame can be read.
    """
    with open_video(path) as video:
        # Pictures become images only when asked for, so that counting is cheap.
        indices = [frame.index for frame in video]
        fps = video.fps
    pictures = _Pictures(path)
    return tuple(MadeFrame(index, path, partial(pictures.picture, index)) for index in indices), fps


class _Pictures:
    """One reader for all frames that are asked for in ascending order; going back opens the video anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: VideoReader | None = None
        self._last: Frame | None = None

    def picture(self, index: int) -> np.ndarray:
        """The image of a frame.

        Args:
            index: of the frame.

        Returns:
            RGB uint8 (height, width, 3).

        Raises:
            ValueError: the video has no such frame any more.
        """
        if self._reader is None or (self._last is not None and self._last.index > index):
            self.close()
            self._reader = open_video(self._path)
        while self._last is None or self._last.index < index:
            self._last = next(iter(self._reader), None)
            if self._last is None:
                self.close()
                raise ValueError(f"{self._path}: no frame {index} any more; the file has changed")
        return self._last.image

    def close(self) -> None:
        """Free the reader."""
        if self._reader is not None:
            self._reader.close()
        self._reader = self._last = None
