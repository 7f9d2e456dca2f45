"""Benchmark of video fusion (VFM) and trajectory fusion (TFM): each method of the paper's Table 4, against its floor.

The floor is the time of as many operations at the speed of torch's matrix product. Frames come one at a time, as in a
stream, so a video fusion's time is per added frame and its memory is the state passed to the next frame.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from smot_vlm.bench.machine import Clock, find_clock, multiply_speed, spread
from smot_vlm.config import Config, FusionConfig
from smot_vlm.fusion.memory import VideoState
from smot_vlm.fusion.trajectory import TRAJECTORY_FUSIONS
from smot_vlm.fusion.video import VIDEO_FUSIONS, VideoFusion
from smot_vlm.models.build import build_trajectory_fusion, build_video_fusion

FRAMES = 32
TRACKS = 10


@dataclass(frozen=True)
class FusionTiming:
    """Time of one fusion method.

    Attributes:
        module: "video" (per frame, with a share of the final result) or "trajectory" (all tracks at once).
        fusion: Name of the method.
        work: What is fused.
        repeats: Of the measurement.
        milliseconds: Median over the repeats.
        megaflops: 10^6 multiplications and additions of matrix products.
        floor_milliseconds: Their time at the speed of torch's matrix product.
        memory_kilobytes: Of the state passed from frame to frame, or of the fused tokens.
        spread: (largest - smallest) / median over the repeats.
    """

    module: str
    fusion: str
    work: str
    repeats: int
    milliseconds: float
    megaflops: float
    floor_milliseconds: float
    memory_kilobytes: float
    spread: float


@dataclass(frozen=True, eq=False)
class Contender:
    """A fusion method to measure.

    Attributes:
        module: "video" or "trajectory".
        fusion: Name of the method.
        what: What is fused, in words.
        units: Frames in `work`; 1 for all tracks at once.
        memory_bytes: Of the state passed from frame to frame, or of the fused tokens.
        work: Is timed, and its operations counted.
    """

    module: str
    fusion: str
    what: str
    units: int
    memory_bytes: int
    work: Callable[[], object]


def run(
    config: Config | None = None,
    *,
    frames: int = FRAMES,
    tracks: int = TRACKS,
    repeats: int = 5,
    clock: str = "wall",
    progress: Callable[[int, int], None] | None = None,
) -> list[FusionTiming]:
    """Time every fusion method with random weights, interleaved.

    Args:
        config: Gives the sizes; None for the defaults.
        frames: Of the video, and of each track.
        tracks: Number of tracks.
        repeats: Rounds over all methods.
        clock: A key of CLOCKS.
        progress: Called with the rounds done and in total.

    Returns:
        The time of each method.

    Raises:
        ValueError: Repeats, frames or tracks below one, or an unknown clock.
    """
    for name, value in (("repeats", repeats), ("frames", frames), ("tracks", tracks)):
        if value < 1:
            raise ValueError(f"{name} is {value}; give at least 1")
    config = config or Config()
    now = find_clock(clock)
    torch.manual_seed(0)
    methods = [*video_contenders(config, frames), *trajectory_contenders(config, tracks, frames)]
    operations = [_count(contender) for contender in methods]
    seconds: list[list[float]] = [[] for _ in methods]
    speeds: list[float] = []
    with torch.inference_mode():
        for contender in methods:
            contender.work()
        for done in range(repeats):
            speeds.append(multiply_speed(now, repeats=1))
            for index in range(len(methods)):
                seconds[index].append(_time(methods[index], now))
            if progress is not None:
                progress(done + 1, repeats)
    speed = statistics.median(speeds)
    return [_timing(*entry, speed) for entry in zip(methods, operations, seconds, strict=True)]


def video_contenders(config: Config, frames: int) -> list[Contender]:
    """Make each video fusion with a stream of random frames.

    Args:
        config: Gives the grid and the width of tokens.
        frames: Of the stream.

    Returns:
        One contender per method.
    """
    grid, dim = config.features.frame_grid, config.features.dim
    video = torch.randn(frames, 1, grid**2, dim)
    contenders = []
    for name in VIDEO_FUSIONS:
        fusion = build_video_fusion(FusionConfig(video=name), dim).eval()
        memory = sum(frame.nbytes for frame in _watch(fusion, video).frames)

        def fuse(fusion: VideoFusion = fusion) -> Tensor:
            return fusion.result(_watch(fusion, video))

        contenders.append(Contender("video", name, f"a frame of {grid**2} tokens", frames, memory, fuse))
    return contenders


def trajectory_contenders(config: Config, tracks: int, frames: int) -> list[Contender]:
    """Make each trajectory fusion with a batch of random tracks.

    Args:
        config: Gives the grid and the width of tokens.
        tracks: Number of tracks.
        frames: Observations of each track.

    Returns:
        One contender per method.
    """
    cells, dim = config.features.person_grid**2, config.features.dim
    tokens, boxes = torch.randn(tracks, frames, cells, dim), torch.rand(tracks, frames, 4)
    times, mask = torch.arange(frames).expand(tracks, frames) / 2.0, torch.ones(tracks, frames, dtype=torch.bool)
    contenders = []
    for name in TRAJECTORY_FUSIONS:
        fusion: nn.Module = build_trajectory_fusion(FusionConfig(trajectory=name), dim, cells).eval()

        def fuse(fusion: nn.Module = fusion) -> Tensor:
            fused: Tensor = fusion(tokens, times, boxes, mask)[0]
            return fused

        what = f"{tracks} tracks of {frames} x {cells} tokens"
        contenders.append(Contender("trajectory", name, what, 1, fuse().nbytes, fuse))
    return contenders


def _watch(fusion: VideoFusion, video: Tensor) -> VideoState:
    state: VideoState | None = None
    for frame in video:
        state = fusion.step(state, frame)
    assert state is not None, "a video has at least one frame"
    return state


def _count(contender: Contender) -> float:
    """Operations of matrix products per unit; attention is computed without fused kernels, which are not counted."""
    with FlopCounterMode(display=False) as counter, torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        contender.work()
    return float(counter.get_total_flops()) / contender.units


def _time(contender: Contender, clock: Clock) -> float:
    start = clock()
    contender.work()
    return (clock() - start) / contender.units


def _timing(
    contender: Contender, operations: float, seconds: list[float], operations_per_second: float
) -> FusionTiming:
    return FusionTiming(
        module=contender.module,
        fusion=contender.fusion,
        work=contender.what,
        repeats=len(seconds),
        milliseconds=1e3 * statistics.median(seconds),
        megaflops=operations / 1e6,
        floor_milliseconds=1e3 * operations / operations_per_second,
        memory_kilobytes=contender.memory_bytes / 1e3,
        spread=spread(seconds),
    )
