"""Decoded frames as people see them: upright, mirrored as stated, square pixels, SDR, RGB."""

import logging
import struct
from fractions import Fraction
from functools import partial
from itertools import pairwise
from threading import Lock

import av
import numpy as np
from av.sidedata.sidedata import SideData
from av.video.reformatter import ColorPrimaries, ColorTrc, VideoReformatter

from smot_vlm.structures import LazyImage
from smot_vlm.video.sources import MAX_PIXELS, BrokenPictureError

logger = logging.getLogger(__name__)

_HDR = {ColorTrc.SMPTE2084: "PQ", ColorTrc.ARIB_STD_B67: "HLG"}
_WIDE_GAMUT = {ColorPrimaries.BT2020, ColorPrimaries.SMPTE431, ColorPrimaries.SMPTE432}
# Nearer to 1 is a rounded display size; beyond the others no camera goes.
_SQUARE_ENOUGH = 0.01
_MAX_PIXEL_ASPECT = 8
_LARGEST_KEPT_BYTES = 31 << 20


class FrameConverter:
    """Turns the frames of one stream into RGB images of one size; a stream that changes its size keeps its first one.

    Whether a frame can be converted depends on its kind (size, pixel format, colours) alone. So the first one of each
    kind is converted at once, and the others when their pixels are asked for, perhaps by another thread.

    Args:
        name: of the video, for messages.
        pixel_aspect: width / height of a pixel as the container or codec states it, or None.
    """

    def __init__(self, name: str, pixel_aspect: Fraction | None) -> None:
        self._name = name
        self._pixel_aspect = pixel_aspect
        self._reformatter = VideoReformatter()
        self._size: tuple[int, int] | None = None
        self._orientation = (False, False, False)
        self._graph: tuple[tuple[object, ...], av.filter.Graph] | None = None
        self._known: set[tuple[object, ...]] = set()
        self._lock = Lock()

    def start(self, frame: av.VideoFrame) -> None:
        """Take size and orientation from the first frame.

        Args:
            frame: the first one.
        """
        matrix = frame.side_data.get("DISPLAYMATRIX")
        self._orientation = orientation(bytes(matrix) if isinstance(matrix, SideData) else None)
        self._size = shown_size(frame.width, frame.height, self._pixel_aspect)
        # glibc gives the memory of a freed picture back to the system, and asks for it again for the next one, page by
        # page, until it has seen a larger piece freed: half of the time of reading without this line.
        np.empty(min(4 * 3 * self._size[0] * self._size[1], _LARGEST_KEPT_BYTES), np.uint8)

    def image(self, frame: av.VideoFrame) -> np.ndarray | LazyImage:
        """One frame, to be converted when it is first used where frames of its kind are known to convert.

        Args:
            frame: as decoded.

        Returns:
            RGB uint8 (height, width, 3), in C order, or what will make it; that holds the frame until then.

        Raises:
            BrokenPictureError: pixels that cannot be converted.
        """
        kind = _kind(frame)
        if kind not in self._known:
            made = self.to_rgb(frame)
            self._known.add(kind)
            return made
        assert self._size is not None, "a frame of this kind was converted"
        width, height = self._size[::-1] if self._orientation[0] else self._size
        return LazyImage(height, width, partial(self.to_rgb, frame))

    def to_rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """One frame, converted now.

        Args:
            frame: as decoded.

        Returns:
            RGB uint8 (height, width, 3), in C order.

        Raises:
            BrokenPictureError: pixels that cannot be converted.
        """
        if self._size is None:
            self.start(frame)
        assert self._size is not None
        width, height = self._size
        try:
            with self._lock:
                if frame.color_trc in _HDR or frame.color_primaries in _WIDE_GAMUT:
                    shown = self._to_sdr(frame, width, height)
                else:
                    # One thread: to wake others costs about as much as to convert a picture.
                    shown = self._reformatter.reformat(frame, width, height, "rgb24", threads=1)
            image = shown.to_ndarray() if shown is frame else _pixels_of(shown)
        except (av.FFmpegError, ValueError) as error:
            kind = f"{_HDR.get(ColorTrc(frame.color_trc), 'colour')} {frame.format.name}"
            raise BrokenPictureError(
                f"{self._name}: pixels of kind {kind} cannot be converted to RGB ({error}); convert the video to H.264"
            ) from None
        transposed, flip_x, flip_y = self._orientation
        if transposed:
            image = image.swapaxes(0, 1)
        return np.ascontiguousarray(image[:: -1 if flip_y else 1, :: -1 if flip_x else 1])

    def _to_sdr(self, frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        """BT.709 colours of an HDR or wide-gamut frame.

        SDR white is 203 cd/m2 (ITU-R BT.2408), and stays white; what is brighter, or outside the gamut, is clipped.
        """
        key = _kind(frame)
        if self._graph is None or self._graph[0] != key:
            graph = av.filter.Graph()
            source = graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
            )
            chain = [
                source,
                graph.add("scale", _scale_options(frame, width, height)),
                graph.add("format", "rgb24"),
                graph.add("buffersink"),
            ]
            for earlier, later in pairwise(chain):
                earlier.link_to(later)
            graph.configure()
            self._graph = key, graph
        graph = self._graph[1]
        graph.push(frame)
        shown = graph.pull()
        assert isinstance(shown, av.VideoFrame)
        return shown


def _kind(frame: av.VideoFrame) -> tuple[object, ...]:
    """All that the conversion of a frame depends on, but for its pixels."""
    colours = (frame.color_trc, frame.color_primaries, frame.colorspace, frame.color_range)
    return frame.width, frame.height, frame.format.name, *colours


def _scale_options(frame: av.VideoFrame, width: int, height: int) -> str:
    transfer = ":out_transfer=iec61966-2-1" if frame.color_trc in _HDR else ""
    return f"w={width}:h={height}:flags=bilinear:out_primaries=bt709:intent=relative_colorimetric{transfer}"


def _pixels_of(frame: av.VideoFrame) -> np.ndarray:
    """The pixels of an RGB frame that nobody else holds; without a copy where its rows follow each other."""
    plane = frame.planes[0]
    size = 3 * frame.width * frame.height
    if plane.line_size != 3 * frame.width or plane.buffer_size < size:
        return frame.to_ndarray()
    return np.frombuffer(memoryview(plane), np.uint8, size).reshape(frame.height, frame.width, 3)


def orientation(matrix: bytes | None) -> tuple[bool, bool, bool]:
    """How a display matrix turns a picture, to the nearest quarter turn.

    A point (x, y) of the coded picture is shown at (a x + c y, b x + d y), with the matrix a b u, c d v, x y w.

    Args:
        matrix: nine 32-bit integers as FFmpeg gives them, or None.

    Returns:
        Whether to transpose; then whether to flip left and right; then whether to flip top and bottom.
    """
    if matrix is None or len(matrix) < 36:
        return False, False, False
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix[:36])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return False, a < 0, d < 0
    return True, c < 0, b < 0


def shown_size(width: int, height: int, pixel_aspect: Fraction | None) -> tuple[int, int]:
    """The size of a coded picture with square pixels; the side that is too short is stretched, so that nothing is lost.

    Args:
        width: coded pixels.
        height: coded pixels.
        pixel_aspect: width / height of a pixel, or None; absurd values count as 1.

    Returns:
        Width and height before any turn.
    """
    aspect = float(pixel_aspect or 1)
    if not 1 / _MAX_PIXEL_ASPECT <= aspect <= _MAX_PIXEL_ASPECT or abs(aspect - 1) < _SQUARE_ENOUGH:
        return width, height
    wide = (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))
    return wide if wide[0] * wide[1] <= MAX_PIXELS else (width, height)
