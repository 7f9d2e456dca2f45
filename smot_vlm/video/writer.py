"""Frames to an mp4 file that every browser and player shows."""

import math
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from smot_vlm.video.encoding import EncodingThread

# Encoders in order of preference, with their options: H.264, or MPEG-4 part 2 where FFmpeg was built without x264.
ENCODERS: dict[str, dict[str, str]] = {
    # Without B-frames a file of variable rate is as long as its times say.
    "libx264": {"preset": "veryfast", "crf": "23", "bf": "0"},
    "mpeg4": {"q:v": "3"},
}
_SMPTE_170M = 6
_LIMITED_RANGE = 1
# Ticks a second of true times: a multiple of the common rates, and 16 bits as MPEG-4 wants.
_TICKS = 60000
# An mp4 holds the distance of two frames in 32 bits.
_MAX_GAP_TICKS = 6 * 3600 * _TICKS


class VideoWriter:
    """Writes RGB frames as H.264 (yuv420p, crf 23) to an mp4 that plays before it has loaded whole.

    Frames are encoded in a thread while the caller draws the next one. The format wants even sides: an odd one gets one more row or column, a copy of the last, at the bottom or right.

    Args:
        path: a new file that ends in .mp4; give a temporary name (files.atomic_path), as a broken run leaves half a
            file.
        fps: frames a second.
        width: pixels of every frame.
        height: the same.
        true_times: every frame is written with its own time, and `fps` is the rate only on average.

    Raises:
        ValueError: a size below 1, a rate not above 0, another suffix, no frame written by the end of the block.
        OSError: the file cannot be written.
    """

    def __init__(self, path: Path | str, fps: float, width: int, height: int, *, true_times: bool = False) -> None:
        if Path(path).suffix.lower() != ".mp4":
            raise ValueError(f"{path}: videos are written as mp4; give a name that ends in .mp4")
        if not (math.isfinite(fps) and fps > 0):
            raise ValueError(f"fps is {fps}; give frames a second as a number above 0")
        if width < 1 or height < 1:
            raise ValueError(f"a video of {width}x{height} pixels; both sides must be 1 or more")
        self._path = Path(path)
        self._width, self._height = width, height
        self._frames_written = 0
        self._closed = False
        try:
            self._container = av.open(f"file:{path}", "w", format="mp4", options={"movflags": "+faststart"})
        except av.FFmpegError as error:
            raise self._cannot_write(error) from None
        # Rates such as 30000/1001 stay exact, and MPEG-4 has 16 bits for each part of the fraction.
        rate = Fraction(fps).limit_denominator(1001) or Fraction(1, 1001)
        self._time_base = Fraction(1, _TICKS) if true_times else 1 / rate
        self._frame_ticks = max(1, round(1 / rate / self._time_base))
        self._true_times = true_times
        self._last_ticks = self._last_pts = 0
        self._stream = _add_stream(self._container, rate, self._time_base, width + width % 2, height + height % 2)
        self._encoding = EncodingThread(self._mux)

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        elif not self._closed:
            self._give_up()

    def write(self, image: np.ndarray, seconds: float | None = None) -> None:
        """Append one frame.

        Args:
            image: RGB uint8 (height, width, 3).
            seconds: its time, after that of the frame before; needed with true times, and without effect otherwise.

        Raises:
            ValueError: another shape or type.
            OSError: the disk is full.
        """
        if image.shape != (self._height, self._width, 3) or image.dtype != np.uint8:
            raise ValueError(
                f"a frame of shape {image.shape} and type {image.dtype}; "
                f"this video takes RGB uint8 ({self._height}, {self._width}, 3)"
            )
        if self._height % 2 or self._width % 2:
            image = np.pad(image, ((0, self._height % 2), (0, self._width % 2), (0, 0)), mode="edge")
        # Limited range with the matrix of BT.601, as FFmpeg's scaler converts by default, in a fifth of its time.
        planes = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2YUV_I420)
        frame = av.VideoFrame.from_ndarray(planes.astype(np.uint8, copy=False), format="yuv420p")
        frame.colorspace, frame.color_range = _SMPTE_170M, _LIMITED_RANGE
        frame.pts = self._pts(seconds)
        frame.time_base = self._time_base
        frame.duration = self._frame_ticks
        self._encoding.put(frame)
        self._frames_written += 1

    def close(self) -> None:
        """Write what the encoder still holds, and the index; closing twice does no harm.

        Raises:
            ValueError: no frame was written.
            OSError: the disk is full.
        """
        if self._closed:
            return
        try:
            if self._frames_written == 0:
                raise ValueError(f"{self._path}: no frame was written; a video needs at least one")
            self._encoding.finish()
        except BaseException:
            self._give_up()
            raise
        self._closed = True
        try:
            self._container.close()
        except av.FFmpegError as error:
            raise self._cannot_write(error) from None

    def _give_up(self) -> None:
        """Close after an error, which is the one to show."""
        self._closed = True
        self._encoding.stop()
        with suppress(av.FFmpegError):
            self._container.close()

    def _pts(self, seconds: float | None) -> int:
        """The timestamp of the next frame: always ascending, and never further ahead than the format can state."""
        if not self._true_times:
            return self._frames_written
        if seconds is None:
            raise ValueError(f"{self._path}: a frame without its time; this video is written with true times")
        ticks = round(seconds * _TICKS)
        if self._frames_written:
            self._last_pts += min(max(1, ticks - self._last_ticks), _MAX_GAP_TICKS)
        self._last_ticks = max(ticks, self._last_ticks + 1) if self._frames_written else ticks
        return self._last_pts

    def _mux(self, frame: av.VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(frame))
        except av.FFmpegError as error:
            raise self._cannot_write(error) from None

    def _cannot_write(self, error: av.FFmpegError) -> OSError:
        return OSError(f"{self._path}: cannot be written ({error.strerror}); check the folder and the space left")


def _add_stream(
    container: av.container.OutputContainer, rate: Fraction, time_base: Fraction, width: int, height: int
) -> VideoStream:
    """A video stream with the first encoder of ENCODERS that this FFmpeg has.

    The colour matrix is stated, so that players do not guess another one for large pictures.
    """
    name = next((name for name in ENCODERS if name in av.codecs_available), "mpeg4")
    stream = container.add_stream(name, rate=rate, options=ENCODERS[name])
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = width, height
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = time_base
    stream.codec_context.colorspace = _SMPTE_170M
    stream.codec_context.color_range = _LIMITED_RANGE
    return stream
