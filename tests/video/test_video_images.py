"""Folders and patterns of images: their order, their kinds, their defects."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from video_files import mean_difference, pictures

from smot_vlm.video.images import images_of_folder, images_of_pattern, natural_key, read_image
from smot_vlm.video.reader import open_video

PICTURE = pictures(1, 40, 24)[0]


def save(path: Path, image: np.ndarray = PICTURE, mode: str | None = None, **options: object) -> Path:
    picture = Image.fromarray(image)
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


def test_natural_order():
    names = ["10.jpg", "2.jpg", "1.jpg", "a10b2.jpg", "a10b10.jpg", "A9b1.jpg", "01.jpg", "000123.jpg"]
    ordered = [path.name for path in sorted(map(Path, names), key=natural_key)]
    assert ordered == ["01.jpg", "1.jpg", "2.jpg", "10.jpg", "000123.jpg", "A9b1.jpg", "a10b2.jpg", "a10b10.jpg"]


def test_a_folder_gives_its_images_alone(tmp_path: Path):
    for name in ("10.jpg", "9.PNG", "11.jpeg", ".hidden.jpg"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "12.jpg").mkdir()
    assert [path.name for path in images_of_folder(tmp_path)] == ["9.PNG", "10.jpg", "11.jpeg"]


def test_a_pattern_reaches_into_folders(tmp_path: Path):
    for name in ("b/2.jpg", "b/10.jpg", "a/3.jpg", "a/x.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        save(tmp_path / name)
    (tmp_path / "a" / "notes.txt").write_text("no picture")
    found = [path.relative_to(tmp_path).as_posix() for path in images_of_pattern(f"{tmp_path}/*/*.jpg")]
    assert found == ["a/3.jpg", "b/2.jpg", "b/10.jpg"]
    assert len(images_of_pattern(f"{tmp_path}/**/*")) == 4


def test_a_folder_whose_name_has_brackets_is_no_pattern(tmp_path: Path):
    folder = tmp_path / "clip[1]"
    folder.mkdir()
    save(folder / "1.png")
    with open_video(folder) as video:
        assert len(list(video)) == 1


def test_position_is_index_whatever_the_names_say(tmp_path: Path):
    for number in (123, 5, 70):
        save(tmp_path / f"{number:06d}.png", np.full((4, 4, 3), number, np.uint8))
    with open_video(tmp_path, fps=2) as video:
        read = [(frame.index, frame.time_seconds, int(frame.image[0, 0, 0])) for frame in video]
    assert read == [(0, 0.0, 5), (1, 0.5, 70), (2, 1.0, 123)]


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm"])
def test_lossless_kinds_are_exact(tmp_path: Path, suffix: str):
    assert np.array_equal(read_image(save(tmp_path / f"a.{suffix}")), PICTURE)


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_lossy_kinds_are_close(tmp_path: Path, suffix: str):
    assert mean_difference(read_image(save(tmp_path / f"a.{suffix}", quality=95)), PICTURE) < 12


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_grey_is_repeated(tmp_path: Path, mode: str):
    image = read_image(save(tmp_path / "a.png", mode=mode))
    grey = np.asarray(Image.fromarray(PICTURE).convert(mode).convert("L"))
    assert np.array_equal(image, np.repeat(grey[:, :, None], 3, axis=2))


def test_alpha_is_dropped(tmp_path: Path):
    alpha = np.dstack([PICTURE, np.arange(24 * 40, dtype=np.uint8).reshape(24, 40)])
    assert np.array_equal(read_image(save(tmp_path / "a.png", alpha)), PICTURE)


def test_a_palette_becomes_colours(tmp_path: Path):
    palette = Image.fromarray(PICTURE).quantize(16)
    palette.save(tmp_path / "a.png", transparency=3)
    assert np.array_equal(read_image(tmp_path / "a.png"), np.asarray(palette.convert("RGB")))


def test_sixteen_bits_keep_their_upper_eight(tmp_path: Path):
    levels = np.linspace(0, 65535, 256 * 4).astype(np.uint16).reshape(32, 32)
    image = read_image(save(tmp_path / "a.png", levels))
    assert np.array_equal(image[:, :, 1], (levels >> 8).astype(np.uint8))


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_exif_orientation_is_obeyed(tmp_path: Path, orientation: int, turns: int):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = read_image(save(tmp_path / "a.png", exif=exif))
    assert np.array_equal(image, np.rot90(PICTURE, turns))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif"])
def test_half_an_image_is_refused(tmp_path: Path, suffix: str):
    path = save(tmp_path / f"a.{suffix}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=rf"a\.{suffix}: cannot be read"):
        read_image(path)


def test_unknown_range_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="32 bits"):
        read_image(save(tmp_path / "a.tif", np.ones((4, 4), np.float32)))


@pytest.mark.parametrize(
    ("file", "text", "fps"),
    [
        ("img1/seqinfo.ini", "[Sequence]\nframeRate=14\n", 14),
        ("seqinfo.ini", "[Sequence]\nimDir=img1\nframeRate=14\n", 14),
        ("SeqInfo.INI", "[sequence]\nFRAMERATE=14\n", 14),
        ("seqinfo.ini", "[Sequence]\nimDir=other\nframeRate=14\n", 25),
        ("seqinfo.ini", "[Sequence]\nname=a\n", 25),
        ("img1/fps.txt", "12.5\n", 12.5),
        ("img1/source.json", '{"fps": 30, "kept_frames": [0, 15, 30, 45]}', 2),
        ("img1/notes.ini", "[Sequence]\nframeRate=14\n", 25),
    ],
)
def test_a_folder_has_the_rate_that_is_stated_beside_it(tmp_path: Path, file: str, text: str, fps: float):
    (tmp_path / "img1").mkdir()
    for number in (1, 2):
        save(tmp_path / "img1" / f"{number:06d}.png")
    (tmp_path / file).write_text(text)
    for source in (tmp_path / "img1", f"{tmp_path}/img1/*.png"):
        with open_video(source) as video:
            assert [frame.time_seconds for frame in video] == pytest.approx([0, 1 / fps])
            assert video.fps == fps
    with open_video(tmp_path / "img1", fps=7) as video:
        assert video.fps == 7


@pytest.mark.parametrize("rate", ["0", "-3", "nan", "fast"])
def test_a_stated_rate_that_is_none_is_one_line(tmp_path: Path, rate: str):
    save(tmp_path / "1.png")
    (tmp_path / "seqinfo.ini").write_text(f"[Sequence]\nframeRate={rate}\n")
    with pytest.raises(ValueError, match=r"seqinfo\.ini: .*frame rate"):
        open_video(tmp_path)


@pytest.mark.parametrize("broken", [b"no picture", None], ids=["no picture", "taken away"])
def test_a_bad_image_is_left_out_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: bytes | None):
    """The images after it keep their indices, and those before it are not lost."""
    for number in range(1, 5):
        save(tmp_path / f"{number}.png")
    with open_video(tmp_path, fps=10) as video:
        (tmp_path / "3.png").unlink()
        if broken is not None:
            (tmp_path / "3.png").write_bytes(broken)
        assert [frame.index for frame in video] == [0, 1, 3]
    assert video.damage == (pytest.approx((0.2, 0.3)),)
    assert not video.truncated
    assert "3.png" in caplog.text
    assert len(caplog.records) == 1


def test_a_video_that_stops_at_damage_ends_at_a_bad_image(tmp_path: Path):
    for name in ("1.png", "3.png"):
        save(tmp_path / name)
    (tmp_path / "2.png").write_bytes(b"no picture")
    with open_video(tmp_path, stop_at_damage=True) as video:
        assert [frame.index for frame in video] == [0]
    assert video.truncated
    with open_video(tmp_path, stride=2) as video:
        assert [frame.index for frame in video] == [0, 2]
    assert video.damage == ()


def test_a_folder_whose_first_image_is_bad_starts_with_the_next(tmp_path: Path):
    (tmp_path / "1.png").write_bytes(b"no picture")
    save(tmp_path / "2.png")
    with open_video(tmp_path) as video:
        assert [frame.index for frame in video] == [1]


def test_a_folder_of_bad_images_names_the_first(tmp_path: Path):
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"1\.png: cannot be read \(not an image\)"):
        open_video(tmp_path)


LEVELS = [20, 60, 100, 140, 180]


def save_sequence(path: Path, **options: object) -> Path:
    pages = [Image.fromarray(np.full((24, 40, 3), level, np.uint8)) for level in LEVELS]
    pages[0].save(path, save_all=True, append_images=pages[1:], **options)
    return path


@pytest.mark.parametrize(
    ("name", "options", "times", "fps"),
    [
        ("a.webp", {"duration": 200, "lossless": True}, [0, 0.2, 0.4, 0.6, 0.8], 5),
        ("a.webp", {"duration": [100, 100, 300, 100, 400], "lossless": True}, [0, 0.1, 0.2, 0.5, 0.6], 5),
        ("a.png", {"duration": 40}, [0, 0.04, 0.08, 0.12, 0.16], 25),
        ("a.png", {"duration": 0}, [0, 0.1, 0.2, 0.3, 0.4], 10),
        ("a.gif", {"duration": 100}, [0, 0.1, 0.2, 0.3, 0.4], 10),
        ("a.tif", {}, [0, 0.125, 0.25, 0.375, 0.5], 8),
    ],
)
def test_a_file_of_many_pictures_gives_them_all(
    tmp_path: Path, name: str, options: dict[str, object], times: list[float], fps: float
):
    with open_video(save_sequence(tmp_path / name, **options), fps=8) as video:
        frames = list(video)
    assert [int(frame.image.mean()) for frame in frames] == pytest.approx(LEVELS, abs=3)
    assert [frame.time_seconds for frame in frames] == pytest.approx(times)
    assert video.fps == pytest.approx(fps, rel=0.01)
    assert (video.rereadable, video.truncated) == (True, False)


def test_half_an_animation_ends_and_says_so(tmp_path: Path):
    path = tmp_path / "a.png"
    pages = [Image.fromarray(image) for image in pictures(5, 40, 24)]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with open_video(path) as video:
        assert 1 <= len(list(video)) < 5
    assert video.truncated


def test_the_small_copies_in_a_tiff_are_no_frames(tmp_path: Path):
    pages = [Image.fromarray(np.full((24 // s, 40 // s, 3), 50, np.uint8)) for s in (1, 2, 4)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with open_video(tmp_path / "a.tif") as video:
        assert [frame.image.shape for frame in video] == [(24, 40, 3)]


def test_an_animation_in_a_folder_is_one_frame(tmp_path: Path):
    save_sequence(tmp_path / "1.png")
    save(tmp_path / "2.png")
    with open_video(tmp_path) as video:
        assert len(list(video)) == 2
