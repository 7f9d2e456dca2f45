"""Where `smot-vlm describe` reads the frames a second time, to draw on them."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from smot_vlm.system.temporary import temporary_folder

if TYPE_CHECKING:
    from smot_vlm.structures import Frame
    from smot_vlm.video.reader import VideoReader
    from smot_vlm.video.writer import VideoWriter


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

            folder = self._stack.enter_context(temporary_folder(Path(tempfile.gettempdir())))
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
        yield (replace(frame, index=frame.index * step, pixels=frame.image[:height, :width]) for frame in video)
