"""Damaged files: what can be decoded comes, damaged spans are listed, and a cut file says that it was cut short."""

from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from video_files import numbered, pictures, write_container

from smot_vlm.video.ends import tagged_seconds
from smot_vlm.video.reader import open_video

COUNT = 80
# The containers that state how much they hold come first; the others tell only of a frame that is cut.
KINDS = {
    "mp4 index first": ("a.mp4", "libx264", {"movflags": "faststart"}),
    "mp4 mpeg4": ("a.mp4", "mpeg4", {"movflags": "faststart"}),
    "mkv": ("a.mkv", "libx264", {}),
    "avi": ("a.avi", "mpeg4", {}),
    "webm": ("a.webm", "libvpx-vp9", {}),
    "mp4 fragments": ("a.mp4", "libx264", {"movflags": "frag_keyframe+empty_moov"}),
    "ts": ("a.ts", "libx264", {}),
    "flv": ("a.flv", "libx264", {}),
}
FAST = {"libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"}, "libx264": {"g": "20", "preset": "veryfast"}}


@pytest.fixture(scope="module")
def clean_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clean")
    paths = {}
    for kind, (name, codec, options) in KINDS.items():
        path = folder / f"{kind.replace(' ', '-')}{Path(name).suffix}"
        paths[kind] = write_container(path, pictures(COUNT, 128, 96), codec, codec_options=FAST.get(codec), **options)
    return paths


def read(path: Path, stop_at_damage: bool = False) -> tuple[list[tuple[float, bytes]], bool]:
    with open_video(path, stop_at_damage=stop_at_damage) as video:
        return [(round(frame.time_seconds, 4), frame.image.tobytes()) for frame in video], video.truncated


@pytest.mark.parametrize("kind", KINDS)
def test_whole_files_are_whole(clean_files: dict[str, Path], kind: str):
    frames, truncated = read(clean_files[kind])
    assert (len(frames), truncated) == (COUNT, False)


def cut(source: Path, target: Path, share: float) -> Path:
    content = source.read_bytes()
    target.write_bytes(content[: int(len(content) * share)])
    return target


@pytest.mark.parametrize("stop_at_damage", [False, True])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.65])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_short(clean_files: dict[str, Path], tmp_path: Path, kind: str, share: float, stop_at_damage: bool):
    source = clean_files[kind]
    frames, truncated = read(cut(source, tmp_path / source.name, share), stop_at_damage)
    assert (share - 0.2) * COUNT < len(frames) < COUNT
    whole = dict(read(source)[0])
    # A transport stream hands out its last picture although half of it is missing, and FFmpeg may or may not say so.
    intact = frames[:-1] if kind == "ts" else frames
    assert all(whole[time] == image for time, image in intact)
    if kind in ("mp4 index first", "mp4 mpeg4", "mkv", "avi", "webm"):
        assert truncated


@pytest.mark.parametrize("kind", ["mp4 fragments", "ts", "flv"])
def test_a_cut_frame_tells_where_the_container_states_nothing(clean_files: dict[str, Path], tmp_path: Path, kind: str):
    source = clean_files[kind]
    with av.open(str(source)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    inside = packets[45].pos + packets[45].size // 2
    path = tmp_path / source.name
    path.write_bytes(source.read_bytes()[:inside])
    frames, truncated = read(path)
    assert truncated
    assert 40 <= len(frames) <= 46


@pytest.mark.parametrize(
    ("suffix", "codec"), [("mkv", "mpeg4"), ("avi", "mpeg4"), ("mkv", "mpeg2video"), ("flv", "flv1")]
)
def test_a_few_wrong_bytes_show_where_the_decoder_marks_what_it_patched(tmp_path: Path, suffix: str, codec: str):
    """Those of H.264, HEVC and VP9 mark nothing, see damage.py."""
    path = write_container(tmp_path / f"a.{suffix}", pictures(40, 160, 120), codec, codec_options={"g": "10"})
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 60] = np.random.default_rng(5).bytes(60)
    path.write_bytes(bytes(content))
    with open_video(path) as video:
        assert len(list(video)) == 40
    ((start, end),) = video.damage
    assert 0.4 < start < end <= 1.24


def with_noise(source: Path, folder: Path) -> Path:
    content = bytearray(source.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 6000] = np.random.default_rng(5).bytes(6000)
    path = folder / source.name
    path.write_bytes(bytes(content))
    return path


@pytest.mark.parametrize("kind", ["mp4 index first", "mp4 mpeg4", "avi", "ts"])
def test_noise_in_the_middle_ends_a_video_that_stops_at_damage(clean_files: dict[str, Path], tmp_path: Path, kind: str):
    frames, truncated = read(with_noise(clean_files[kind], tmp_path), stop_at_damage=True)
    assert truncated
    assert 0.3 * COUNT < len(frames) < 0.6 * COUNT
    whole = read(clean_files[kind])[0]
    assert frames == whole[: len(frames)]


@pytest.mark.parametrize("kind", ["mp4 index first", "ts", "mkv", "mp4 fragments"])
def test_noise_in_the_middle_is_passed_over_and_listed(clean_files: dict[str, Path], tmp_path: Path, kind: str):
    """Outside the listed spans every frame is that of the clean file, and none of its frames is missing."""
    whole = dict(read(clean_files[kind])[0])
    with open_video(with_noise(clean_files[kind], tmp_path)) as video:
        frames = {round(frame.time_seconds, 4): frame.image.tobytes() for frame in video}
    assert not video.truncated
    assert max(frames) == max(whole)

    def is_damaged(seconds: float) -> bool:
        return any(start - 0.001 <= seconds < end - 0.001 for start, end in video.damage)

    assert 0 < sum(end - start for start, end in video.damage) < 1.6
    assert [seconds for seconds in frames if seconds not in whole and not is_damaged(seconds)] == []
    assert [seconds for seconds in whole if not is_damaged(seconds) and frames.get(seconds) != whole[seconds]] == []
    assert all(start < end for start, end in video.damage)


@pytest.mark.parametrize("kind", ["avi", "mp4 mpeg4"])
def test_noise_in_the_middle_is_no_end(clean_files: dict[str, Path], tmp_path: Path, kind: str):
    with open_video(with_noise(clean_files[kind], tmp_path)) as video:
        count = len(list(video))
    assert 0.7 * COUNT < count < COUNT
    assert video.damage
    assert not video.truncated


def test_joined_transport_streams_are_whole(clean_files: dict[str, Path], tmp_path: Path):
    """Each segment is flagged at its start although nothing is lost; two recordings begin at the same time."""
    path = tmp_path / "joined.ts"
    path.write_bytes(clean_files["ts"].read_bytes() * 3)
    with open_video(path) as video:
        frames = [(frame.time_seconds, frame.image.tobytes()) for frame in video]
    once = [image for _, image in read(clean_files["ts"])[0]]
    assert [image for _, image in frames] == once * 3
    assert [seconds for seconds, _ in frames] == pytest.approx([index / 25 for index in range(3 * COUNT)], abs=1e-3)
    assert (video.truncated, video.damage) == (False, ())


def test_lost_packets_are_listed_where_time_is_missing(clean_files: dict[str, Path], tmp_path: Path):
    """What a network loses: a run of transport packets; the pictures go on at the next key frame, or behind a gap."""
    content = clean_files["ts"].read_bytes()
    first, last = (188 * int(len(content) * share / 188) for share in (0.4, 0.46))
    path = tmp_path / "a.ts"
    path.write_bytes(content[:first] + content[last:])
    with open_video(path) as video:
        count = len(list(video))
    assert 70 <= count < COUNT
    (start, end), *more = video.damage
    assert not more
    assert 1.0 < start < 1.5 < end < 2.1
    assert not video.truncated


def test_an_index_that_promises_more_than_there_is(clean_files: dict[str, Path], tmp_path: Path):
    """Cut exactly after a frame: no packet is damaged, only the count tells."""
    source = clean_files["mp4 index first"]
    with av.open(str(source)) as container:
        ends = [packet.pos + packet.size for packet in container.demux(video=0) if packet.size]
    path = tmp_path / "a.mp4"
    path.write_bytes(source.read_bytes()[: ends[39]])
    frames, truncated = read(path)
    assert (len(frames), truncated) == (40, True)


def test_a_couple_of_frames_less_is_no_damage(clean_files: dict[str, Path], tmp_path: Path):
    source = clean_files["mp4 index first"]
    with av.open(str(source)) as container:
        ends = [packet.pos + packet.size for packet in container.demux(video=0) if packet.size]
    path = tmp_path / "a.mp4"
    path.write_bytes(source.read_bytes()[: ends[COUNT - 3]])
    frames, truncated = read(path)
    assert (len(frames), truncated) == (COUNT - 2, False)


def test_a_stride_sees_the_damage_too(clean_files: dict[str, Path], tmp_path: Path):
    path = cut(clean_files["mp4 index first"], tmp_path / "a.mp4", 0.5)
    with open_video(path, stride=9) as video:
        indices = [frame.index for frame in video]
    assert video.truncated
    assert indices == list(range(0, indices[-1] + 1, 9))


@pytest.mark.parametrize(
    ("tag", "seconds"),
    [("00:00:04.000000000", 4.0), ("01:02:03.5", 3723.5), ("", None), ("4.5", None), ("a:b:c", None)],
)
def test_durations_in_tags(tag: str, seconds: float | None):
    assert tagged_seconds(SimpleNamespace(metadata={"DURATION": tag})) == seconds


def test_sound_longer_than_the_picture_is_no_damage(tmp_path: Path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=8000)
        for image in (*numbered(10), None):
            container.mux(stream.encode(image if image is None else av.VideoFrame.from_ndarray(image)))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 80000), np.int16), layout="mono")
        frame.rate = 8000
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    frames, truncated = read(path)
    assert (len(frames), truncated) == (10, False)
