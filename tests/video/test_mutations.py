"""Clips that were damaged at random end in frames or in one clear line, in time, whatever was done to them.

Each seed makes one clip: bits are flipped, bytes replaced, parts cut out or repeated, the header edited.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from video_files import pictures, write_container

FAST_VP9 = {"deadline": "realtime", "cpu-used": "8"}
SOURCES: dict[str, tuple[str, str, dict[str, str], dict[str, str]]] = {
    "h264.mp4": ("libx264", "yuv420p", {"g": "12"}, {}),
    "first.mp4": ("libx264", "yuv420p", {"g": "12"}, {"movflags": "faststart"}),
    "fragments.mp4": ("libx264", "yuv420p", {"g": "12"}, {"movflags": "frag_keyframe+empty_moov"}),
    "h264.ts": ("libx264", "yuv420p", {"g": "12"}, {}),
    "h264.mkv": ("libx264", "yuv420p", {"g": "12"}, {}),
    "h264.flv": ("libx264", "yuv420p", {"g": "12"}, {}),
    "hevc.mp4": ("libx265", "yuv420p", {"x265-params": "log-level=none:keyint=12"}, {}),
    "vp9.webm": ("libvpx-vp9", "yuv420p", FAST_VP9, {}),
    "av1.mkv": ("libsvtav1", "yuv420p", {"preset": "12", "svtav1-params": "lp=1"}, {}),
    "mpeg2.mpg": ("mpeg2video", "yuv420p", {}, {}),
    "mpeg4.avi": ("mpeg4", "yuv420p", {}, {}),
    "mjpeg.avi": ("mjpeg", "yuvj420p", {}, {}),
    "animation.gif": ("gif", "rgb8", {}, {}),
}
ANIMATIONS = ("animation.png", "animation.webp", "pages.tif")
DEFAULT_SEEDS, ALL_SEEDS = 52, 500
# Reading takes a tenth of a second; machines that run tests are busy.
SECONDS_FOR_ONE = 20

# Run in a process of its own: a crash of the decoder, a hang, or what FFmpeg does to the memory end that alone.
READ_ALL = """
import json, logging, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
from smot_vlm.video.reader import open_video
logging.disable()
for path in sys.argv[1:]:
    start = time.perf_counter()
    try:
        with open_video(path) as video:
            frames = [(frame.index, frame.time_seconds) for frame in video]
        times = [seconds for _, seconds in frames]
        result = {"frames": len(frames), "ascending": all(a < b for a, b in zip(times, times[1:])), "first": times[0],
            "truncated": video.truncated, "damage": video.damage, "fps": video.fps, "last": times[-1]}
    except (ValueError, OSError) as error:
        result = {"error": str(error)}
    print(json.dumps([path, time.perf_counter() - start, result]), flush=True)
"""

# The whole command, with everything that it writes. Boxes are given, none of them: what is tried is not the detector.
DESCRIBE_ALL = """
import contextlib, io, json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
from smot_vlm.cli.main import main
for path in sys.argv[2:]:
    start, printed, said, code = time.perf_counter(), io.StringIO(), io.StringIO(), None
    command = ["describe", path, "--model", "tracks-only", "--detections", sys.argv[1], "--out", path + "-described"]
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        try:
            main(command)
        except SystemExit as end:
            code = end.code
    print(json.dumps([path, time.perf_counter() - start, code, printed.getvalue(), said.getvalue()]), flush=True)
"""


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("clean")
    contents = {}
    for name, (codec, pix_fmt, options, container) in SOURCES.items():
        images = pictures(30, 96, 64)
        contents[name] = write_container(
            folder / name, images, codec, pix_fmt, codec_options=options, **container
        ).read_bytes()
    pages = [Image.fromarray(image) for image in pictures(6, 96, 64)]
    for name in ANIMATIONS:
        pages[0].save(folder / name, save_all=True, append_images=pages[1:])
        contents[name] = (folder / name).read_bytes()
    return contents


def flip_bits(content: bytearray, random: np.random.Generator) -> None:
    for place in random.integers(0, len(content), random.integers(1, 40)):
        content[place] ^= 1 << random.integers(0, 8)


def replace_bytes(content: bytearray, random: np.random.Generator) -> None:
    start = random.integers(0, len(content))
    length = min(random.integers(1, 3000), len(content) - start)
    content[start : start + length] = random.bytes(length) if random.random() < 0.5 else bytes(length)


def cut_end(content: bytearray, random: np.random.Generator) -> None:
    del content[random.integers(1, len(content)) :]


def cut_out(content: bytearray, random: np.random.Generator) -> None:
    start = random.integers(0, len(content))
    del content[start : start + random.integers(1, 4000)]


def repeat_part(content: bytearray, random: np.random.Generator) -> None:
    start, end = sorted(random.integers(0, len(content), 2))
    content[end:end] = content[start:end]


def edit_header(content: bytearray, random: np.random.Generator) -> None:
    """Extreme numbers where sizes, counts, rates and durations are: at either end of the file."""
    for _ in range(random.integers(1, 6)):
        place = random.integers(0, min(900, len(content) - 4))
        place = len(content) - 4 - place if random.random() < 0.5 else place
        content[place : place + 4] = random.choice(
            [b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\x00\x00\x00\x01", b"\x80\x00\x00\x00", random.bytes(4)]
        )


MUTATIONS: list[Callable[[bytearray, np.random.Generator], None]] = [
    flip_bits,
    replace_bytes,
    cut_end,
    cut_out,
    repeat_part,
    edit_header,
]


def mutate(clean: dict[str, bytes], seed: int) -> tuple[str, bytes]:
    """Name and content of one clip; the kinds of file and of damage take turns."""
    random = np.random.default_rng(seed)
    names = list(clean)
    name = names[seed % len(names)]
    content = bytearray(clean[name])
    MUTATIONS[seed // len(names) % len(MUTATIONS)](content, random)
    if random.random() < 0.3 and content:
        MUTATIONS[random.integers(len(MUTATIONS))](content, random)
    return f"{seed}-{name}", bytes(content)


def check(clean: dict[str, bytes], folder: Path, seeds: range) -> None:
    import json

    paths = []
    for seed in seeds:
        name, content = mutate(clean, seed)
        paths.append(folder / name)
        paths[-1].write_bytes(content)
    start = time.monotonic()
    command = [sys.executable, "-c", READ_ALL, *map(str, paths)]
    limit = SECONDS_FOR_ONE * 2 + 2 * len(paths)
    run = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    results = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0, f"after {len(results)} clips, at {paths[len(results)].name}: {run.stderr[-2000:]}"
    assert len(results) == len(paths)
    assert "Traceback" not in run.stderr
    for path, seconds, result in results:
        assert seconds < SECONDS_FOR_ONE, path
        if "error" in result:
            assert "\n" not in result["error"].strip(), result
            assert Path(path).name in result["error"]
            assert len(result["error"]) < 500
            continue
        # A part that is repeated, twice at most, can double a clip, and nothing makes more frames of it.
        assert 1 <= result["frames"] <= 130, (path, result)
        assert result["ascending"], (path, result)
        assert result["first"] == 0
        assert 0 < result["fps"] <= 1000
        assert all(0 <= a <= b <= result["last"] + 1 + 1 / result["fps"] for a, b in result["damage"]), (path, result)
    assert time.monotonic() - start < limit


def check_described(clean: dict[str, bytes], folder: Path, seeds: range) -> None:
    """`smot-vlm describe`: either all four files, and how much was read, or one line that names the file."""
    import json

    from smot_vlm.structures import Description

    paths = []
    for seed in seeds:
        name, content = mutate(clean, seed)
        paths.append(folder / name)
        paths[-1].write_bytes(content)
    nobody = folder / "nobody.txt"
    nobody.touch()
    command = [sys.executable, "-c", DESCRIBE_ALL, str(nobody), *map(str, paths)]
    limit = SECONDS_FOR_ONE * 2 + 3 * len(paths)
    run = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    results = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("[")]
    assert run.returncode == 0, f"after {len(results)} clips, at {paths[len(results)].name}: {run.stderr[-2000:]}"
    assert len(results) == len(paths)
    described = 0
    for path, seconds, code, printed, said in results:
        assert seconds < SECONDS_FOR_ONE, path
        assert "Traceback" not in said
        written = Path(f"{path}-described")
        if code:
            errors = [line for line in said.splitlines() if line.startswith("error: ")]
            assert (code, len(errors)) == (1, 1), said
            assert Path(path).name in errors[0]
            assert not written.exists()
            continue
        described += 1
        description = Description.from_json(written / "description.json")
        assert f"{description.video.frames} frame" in printed
        assert {file.name for file in written.iterdir()} == {
            "description.json", "tracks.txt", "annotated.mp4", "report.html",
        }  # fmt: skip
    assert described > len(paths) / 3


def test_damaged_clips_end_in_a_description_or_in_one_line(clean: dict[str, bytes], tmp_path: Path):
    check_described(clean, tmp_path, range(DEFAULT_SEEDS, DEFAULT_SEEDS + 26))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, ALL_SEEDS, 50))
def test_five_hundred_damaged_clips_are_described(clean: dict[str, bytes], tmp_path: Path, first: int):
    check_described(clean, tmp_path, range(first, first + 50))


def test_damaged_clips_end_in_frames_or_in_one_line(clean: dict[str, bytes], tmp_path: Path):
    check(clean, tmp_path, range(DEFAULT_SEEDS))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, ALL_SEEDS, 50))
def test_five_hundred_damaged_clips(clean: dict[str, bytes], tmp_path: Path, first: int):
    check(clean, tmp_path, range(first, first + 50))


def test_clean_clips_are_whole(clean: dict[str, bytes], tmp_path: Path):
    import json

    for name, content in clean.items():
        (tmp_path / name).write_bytes(content)
    command = [sys.executable, "-c", READ_ALL, *(str(tmp_path / name) for name in clean)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    results = {Path(path).name: result for path, _, result in map(json.loads, run.stdout.splitlines())}
    assert {name: result.get("frames", result) for name, result in results.items()} == {
        name: 6 if name in ANIMATIONS else 30 for name in clean
    }
    assert not any(result["truncated"] or result["damage"] for result in results.values())
