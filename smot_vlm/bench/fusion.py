"""Fusing frames (VFM) and a person's tokens (TFM): each of Table 4's ways, against the arithmetic that it needs.

The floor is the time that torch's own matrix product would take for as many operations. Frames come one at a time, as in
a stream, so a video fusion's time is of one more frame, and its memory is what it carries to the next.
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
    """One way of fusing, medians of the repeats.

    module: "video" (milliseconds are of a frame; the result, asked for once at the end, is counted in) or "trajectory" (of all tracks at once).
    work: what is fused. megaflops: multiplications and additions of matrix products, 10^6. floor_milliseconds: their
    time at torch's matrix product's speed. memory_kilobytes: what is carried from frame to frame, or the tokens fused.
    spread: (largest - smallest) / median of the repeats.
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
    """work: is timed, and its operations counted; `units` frames, or all tracks at once."""

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
    """Time every way of fusing at the widths of `config` (without one, the defaults), random weights, in turns.

    frames: of the video, and of each of the `tracks`. clock: a key of CLOCKS. progress: told the rounds done and to do.

    Raises:
        ValueError: repeats, frames or tracks below one, an unknown clock.
    """
    for name, value in (("repeats", repeats), ("frames", frames), ("tracks", tracks)):
        if value < 1:
            raise ValueError(f"{name} is {value}; give at least 1")
    config = config or Config()
    now = find_clock(clock)
    torch.manual_seed(0)
    field = [*video_contenders(config, frames), *trajectory_contenders(config, tracks, frames)]
    operations = [_count(contender) for contender in field]
    seconds: list[list[float]] = [[] for _ in field]
    speeds: list[float] = []
    with torch.inference_mode():
        for contender in field:
            contender.work()
        for done in range(repeats):
            speeds.append(multiply_speed(now, repeats=1))
            for index in range(len(field)):
                seconds[index].append(_time(field[index], now))
            if progress is not None:
                progress(done + 1, repeats)
    speed = statistics.median(speeds)
    return [_timing(*entry, speed) for entry in zip(field, operations, seconds, strict=True)]


def video_contenders(config: Config, frames: int) -> list[Contender]:
    """Each video fusion on a stream of `frames` frames of grid x grid tokens."""
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
    """Each trajectory fusion on `tracks` people of `frames` observations each."""
    cells, dim = config.features.person_grid**2, config.features.dim
    tokens, boxes = torch.randn(tracks, frames, cells, dim), torch.rand(tracks, frames, 4)
    times, mask = torch.arange(frames).expand(tracks, frames) / 2.0, torch.ones(tracks, frames, dtype=torch.bool)
    contenders = []
    for name in TRAJECTORY_FUSIONS:
        fusion: nn.Module = build_trajectory_fusion(FusionConfig(trajectory=name), dim, cells).eval()

        def fuse(fusion: nn.Module = fusion) -> Tensor:
            return fusion(tokens, times, boxes, mask)[0]

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
    """Operations of matrix products; attention is taken apart into such, since its fused forms are not counted."""
    with FlopCounterMode(display=False) as counter, torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        contender.work()
    return counter.get_total_flops() / contender.units


def _time(contender: Contender, clock: Clock) -> float:
    start = clock()
    contender.work()
    return (clock() - start) / contender.units


def _timing(contender: Contender, operations: float, seconds: list[float], operations_a_second: float) -> FusionTiming:
    return FusionTiming(
        module=contender.module,
        fusion=contender.fusion,
        work=contender.what,
        repeats=len(seconds),
        milliseconds=1e3 * statistics.median(seconds),
        megaflops=operations / 1e6,
        floor_milliseconds=1e3 * operations / operations_a_second,
        memory_kilobytes=contender.memory_bytes / 1e3,
        spread=spread(seconds),
    )
