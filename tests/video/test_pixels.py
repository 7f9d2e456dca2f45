"""What people see: display matrices of all eight kinds, pixels that are not square, HDR and wide gamut."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter
from video_files import mean_difference, write_container

from smot_vlm.video.pixels import orientation, shown_size
from smot_vlm.video.reader import open_video

ONE = 1 << 16
# The eight ways to lay a rectangle on itself: the matrix a, b, c, d, and the same done by numpy.
PLACEMENTS = {
    "upright": ((1, 0, 0, 1), lambda image: image),
    "mirrored (front camera)": ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
    "upside down": ((-1, 0, 0, -1), lambda image: image[::-1, ::-1]),
    "mirrored upside down": ((1, 0, 0, -1), lambda image: image[::-1]),
    "turned right": ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),
    "turned left": ((0, -1, 1, 0), lambda image: np.rot90(image, 1)),
    "transposed": ((0, 1, 1, 0), lambda image: image.swapaxes(0, 1)),
    "transposed the other way": ((0, -1, -1, 0), lambda image: image.swapaxes(0, 1)[::-1, ::-1]),
}


def quadrants() -> np.ndarray:
    """Four colours, one a quarter: no two placements look alike."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24, :32], image[:24, 32:] = (255, 0, 0), (0, 255, 0)
    image[24:, :32], image[24:, 32:] = (0, 0, 255), (255, 255, 255)
    return image


def with_matrix(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Replace the display matrix in the header of an mp4's only track."""
    content = bytearray(path.read_bytes())
    header = content.index(b"tkhd") + 4
    a, b, c, d = (value * ONE for value in matrix)
    numbers = (a, b, 0, c, d, 0, 0, 0, 1 << 30)
    # Version 0 of the header: 40 bytes of dates, ids and flags come first.
    content[header + 40 : header + 76] = b"".join(value.to_bytes(4, "big", signed=True) for value in numbers)
    path.write_bytes(bytes(content))
    return path


@pytest.mark.parametrize("name", PLACEMENTS)
def test_the_display_matrix_is_obeyed(tmp_path: Path, name: str):
    matrix, place = PLACEMENTS[name]
    path = with_matrix(write_container(tmp_path / "a.mp4", [quadrants()] * 3), matrix)
    shown = place(quadrants())
    with open_video(path) as video:
        frames = list(video)
        assert (video.width, video.height) == (shown.shape[1], shown.shape[0])
    assert all(frame.image.flags.c_contiguous for frame in frames)
    assert all(mean_difference(frame.image, shown) < 4 for frame in frames)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (None, (False, False, False)),
        (b"short", (False, False, False)),
        (bytes(36), (False, False, False)),
        (np.array([60000, -20000, 0, 20000, 60000, 0, 0, 0, 1 << 30], "i4").tobytes(), (False, False, False)),
        (np.array([-20000, 60000, 0, -60000, -20000, 0, 0, 0, 1 << 30], "i4").tobytes(), (True, True, False)),
    ],
    ids=["none", "short", "zeros", "a little askew", "nearly a quarter turn"],
)
def test_orientation_is_the_nearest_quarter_turn(matrix: bytes | None, expected: tuple[bool, bool, bool]):
    assert orientation(matrix) == expected


@pytest.mark.parametrize(
    ("aspect", "size"),
    [
        (None, (352, 288)),
        (Fraction(1), (352, 288)),
        (Fraction(16, 11), (512, 288)),
        (Fraction(12, 11), (384, 288)),
        (Fraction(8, 9), (352, 324)),
        (Fraction(2), (704, 288)),
        (Fraction(1279, 1280), (352, 288)),
        (Fraction(0), (352, 288)),
        (Fraction(1, 255), (352, 288)),
        (Fraction(65535, 1), (352, 288)),
    ],
)
def test_the_short_side_is_stretched(aspect: Fraction | None, size: tuple[int, int]):
    assert shown_size(352, 288, aspect) == size


def encode(
    path: Path, frames: list[av.VideoFrame], codec: str = "libx264", aspect: Fraction | None = None, **colours: int
) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options={"x265-params": "lossless=1:log-level=none", "qp": "0"})
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, frames[0].format.name
        context = stream.codec_context
        if aspect is not None:
            context.sample_aspect_ratio = aspect
        for name, value in colours.items():
            setattr(context, name, value)
        for frame in (*frames, None):
            container.mux(stream.encode(frame))
    return path


@pytest.mark.parametrize(
    ("matrix", "size"), [((1, 0, 0, 1), (128, 48)), ((0, 1, -1, 0), (48, 128)), ((-1, 0, 0, 1), (128, 48))]
)
def test_pixels_that_are_not_square_are_stretched_before_the_turn(
    tmp_path: Path, matrix: tuple[int, int, int, int], size: tuple[int, int]
):
    frames = [av.VideoFrame.from_ndarray(quadrants(), "rgb24").reformat(format="yuv444p") for _ in range(3)]
    path = with_matrix(encode(tmp_path / "a.mp4", frames, aspect=Fraction(2)), matrix)
    with open_video(path) as video:
        assert (video.width, video.height) == size
        assert {frame.image.shape[:2] for frame in video} == {(size[1], size[0])}


PATCHES = [(200, 50, 50), (255, 255, 255), (128, 128, 128), (40, 60, 160), (60, 150, 70), (0, 0, 0)]
# ITU-R BT.2087: linear BT.709 to linear BT.2020; SMPTE EG 432-1: to P3 with the white of D65.
TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
TO_P3 = np.array([[0.8225, 0.1774, 0.0], [0.0332, 0.9669, 0.0], [0.0171, 0.0724, 0.9108]])
WHITE_NITS = 203


def linear(srgb: np.ndarray) -> np.ndarray:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def pq(light: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084; 1 is SDR white."""
    power = (light * WHITE_NITS / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def hlg(light: np.ndarray) -> np.ndarray:
    """ITU-R BT.2100, a display of 1000 cd/m2; 1 is SDR white."""
    shown = light * WHITE_NITS / 1000
    luminance = shown @ [0.2627, 0.6780, 0.0593]
    scene = shown * np.maximum(luminance, 1e-9)[..., None] ** (1 / 1.2 - 1)
    return np.where(
        scene <= 1 / 12, np.sqrt(3 * scene), 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    )


def patches_video(path: Path, signal: np.ndarray, transfer: ColorTrc, primaries: ColorPrimaries) -> Path:
    """A 10-bit video of patches whose R'G'B' in [0, 1] are `signal` (n, 3)."""
    image = np.repeat(np.repeat((signal[None] * 65535).round().astype(np.uint16), 64, 0), 64, 1)
    rgb = av.VideoFrame.from_ndarray(image, format="rgb48le")
    yuv = VideoReformatter().reformat(
        rgb, format="yuv444p10le", dst_colorspace=Colorspace.BT2020, dst_color_range=ColorRange.MPEG
    )
    yuv.color_trc, yuv.color_primaries, yuv.colorspace = transfer, primaries, Colorspace.BT2020
    return encode(
        path,
        [yuv] * 3,
        "libx265",
        color_trc=transfer,
        color_primaries=primaries,
        colorspace=Colorspace.BT2020,
        color_range=ColorRange.MPEG,
    )


@pytest.mark.parametrize(
    ("curve", "transfer", "to_wide", "primaries"),
    [
        (pq, ColorTrc.SMPTE2084, TO_BT2020, ColorPrimaries.BT2020),
        (hlg, ColorTrc.ARIB_STD_B67, TO_BT2020, ColorPrimaries.BT2020),
        (lambda light: light ** (1 / 2.4), ColorTrc.BT709, TO_BT2020, ColorPrimaries.BT2020),
        (lambda light: light ** (1 / 2.4), ColorTrc.BT709, TO_P3, ColorPrimaries.SMPTE432),
    ],
    ids=["PQ", "HLG", "BT.2020", "P3"],
)
def test_colours_are_those_of_sdr(tmp_path: Path, curve, transfer, to_wide, primaries):
    light = linear(np.array(PATCHES) / 255) if transfer != ColorTrc.BT709 else (np.array(PATCHES) / 255) ** 2.4
    path = patches_video(tmp_path / "a.mp4", curve(np.clip(light @ to_wide.T, 0, 1)), transfer, primaries)
    with open_video(path) as video:
        images = [frame.image for frame in video]
    assert len(images) == 3
    for image in images:
        seen = [image[32, 64 * column + 32] for column in range(len(PATCHES))]
        assert np.abs(np.array(seen, int) - PATCHES).max() <= 12, seen


def test_brighter_than_white_stays_white(tmp_path: Path):
    light = np.array([[1.0] * 3, [2.0] * 3, [4.0] * 3])
    path = patches_video(tmp_path / "a.mp4", pq(light), ColorTrc.SMPTE2084, ColorPrimaries.BT2020)
    with open_video(path) as video:
        image = next(iter(video)).image
    assert image.min() >= 250


def test_pixels_that_cannot_be_converted_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As with an FFmpeg that knows no HDR."""
    light = np.array([[1.0] * 3])
    path = patches_video(tmp_path / "a.mp4", pq(light), ColorTrc.SMPTE2084, ColorPrimaries.BT2020)

    monkeypatch.setattr("smot_vlm.video.pixels._scale_options", lambda *_: "out_primaries=nonsense")
    with pytest.raises(ValueError, match=r"a\.mp4: pixels of kind PQ .* convert the video") as caught:
        open_video(path)
    assert "\n" not in str(caught.value)
