"""`smot-vlm bench`: speed against peers and against the machine's limits, all contenders in one run."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from smot_vlm.cli.bench_tables import show
from smot_vlm.cli.console import output, print_warning, progress
from smot_vlm.cli.loading import Batch, Dtype, silence_libraries
from smot_vlm.system.files import write_text
from smot_vlm.system.targets import check_file

app = typer.Typer(
    name="bench",
    help="Speed against peers and against the machine's limits.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

JsonFile = Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file that is there.")]
Repeats = Annotated[int, typer.Option(min=1, help="Rounds; the median is shown.")]
Clock = Annotated[str, typer.Option(help="wall, or cpu: hardly disturbed by other programs with one thread.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Threads of torch (default: torch's own choice).")]
Video = Annotated[Path | None, typer.Option(help="A video (default: the clip that ships).")]
Detector = Annotated[str | None, typer.Option(help="onnx:FILE or yolo:FILE.")]
Trajectories = Annotated[Path | None, typer.Option(help="MOT file with boxes and ids.")]
Model = Annotated[str, typer.Option(help="A model that ships or a folder with weights.")]
Recorded = Annotated[Path | None, typer.Option(help="Recorded detections (default: generated ones).")]
Peers = Annotated[list[str] | None, typer.Option(help="Run this package beside ours, and that; else all.")]
Steps = Annotated[int, typer.Option(min=1, help="Steps; the median is shown.")]

# Name of a module of smot_vlm.bench -> the options of its `run`, which returns a record or a list of them.
Benches = Mapping[str, Mapping[str, Any]]
# Those that `all` runs -> whether they let the clock be chosen.
_ALL = {
    "association": False,
    "fusion": True,
    "decoder": True,
    "describe": True,
    "rules": True,
    "memory": False,
    "reading": False,
    "train": False,
}


@app.command()
def association(
    folder: Recorded = None,
    peer: Peers = None,
    repeats: Repeats = 5,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Linking boxes: ours against the associators of other libraries, by the number of people: HOTA and milliseconds."""
    _run({"association": {"folder": folder, "peers": peer or (), "repeats": repeats}}, json_file, overwrite)


@app.command()
def linking(
    folders: Annotated[list[Path], typer.Argument(help="Sequences: gt/gt.txt and, beside it, img1, imgs or a video.")],
    associator: Annotated[list[str] | None, typer.Option(help="This associator, and that (default: all).")] = None,
    detector: Annotated[
        str | None, typer.Option(help="onnx:FILE, or a model's own: model:drawn (default: the one that ships).")
    ] = None,
    reid: Annotated[Path | None, typer.Option(help="Re-identification model for botsort and deepsort.")] = None,
    rate: Annotated[list[float] | None, typer.Option(help="Frames a second (default: 2, 5 and 25).")] = None,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Which associator keeps ids best: HOTA, AssA, IDF1, switches and milliseconds on sets of annotated videos, at several rates."""
    given = {"folders": folders, "associators": associator or (), "detector": detector, "reid": reid}
    _run({"linking": given | ({"rates": rate} if rate else {})}, json_file, overwrite)


@app.command()
def fusion(
    repeats: Repeats = 5,
    clock: Clock = "wall",
    threads: Threads = None,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Fusing frames and trajectories: the ways of the paper's Table 4, against the arithmetic that each needs."""
    _run({"fusion": {"repeats": repeats, "clock": clock}}, json_file, overwrite, clock, threads)


@app.command()
def decoder(
    repeats: Repeats = 3,
    clock: Clock = "wall",
    threads: Threads = None,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Writing captions: in a batch and one by one, decoders side by side, against the reading of their weights."""
    _run({"decoder": {"repeats": repeats, "clock": clock}}, json_file, overwrite, clock, threads)


@app.command()
def describe(
    video: Video = None,
    detector: Detector = None,
    trajectories: Trajectories = None,
    model: Model = "demo",
    dtype: Dtype = "float32",
    batch: Batch = 1,
    repeats: Repeats = 3,
    clock: Clock = "wall",
    threads: Threads = None,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Describing a video: the seconds of each part; with --batch, how much faster people are found than one by one."""
    given: dict[str, Any] = {"video": video, "detector": detector, "trajectories": trajectories, "model": model}
    given |= {"dtype": dtype, "batch": batch}
    _run({"describe": {**given, "repeats": repeats, "clock": clock}}, json_file, overwrite, clock, threads)


@app.command()
def rules(
    video: Video = None,
    detector: Detector = None,
    trajectories: Trajectories = None,
    model: Model = "demo",
    count: Annotated[int, typer.Option("--rules", min=1, help="Rules of every kind.")] = 20,
    repeats: Repeats = 3,
    clock: Clock = "wall",
    threads: Threads = None,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Checking rules: the seconds of a set of them, beside the watching of the video that they are checked in."""
    given = {"video": video, "detector": detector, "trajectories": trajectories, "model": model, "rules": count}
    _run({"rules": {**given, "repeats": repeats, "clock": clock}}, json_file, overwrite, clock, threads)


@app.command()
def live(
    video: Video = None,
    detector: Detector = None,
    model: Model = "demo",
    rate: Annotated[
        list[float] | None, typer.Option(help="Frames a second of the camera; repeat (default: 25).")
    ] = None,
    seconds: Annotated[float, typer.Option(help="That each way is watched.")] = 20.0,
    refresh: Annotated[float, typer.Option(help="Seconds between two descriptions.")] = 4.0,
    threads: Threads = None,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Watching a camera that shows a video: frames delivered and dropped, lag and captions, with and without words."""
    given: dict[str, Any] = {"video": video, "detector": detector, "model": model}
    settings = {"rates": rate or (25.0,), "seconds": seconds, "refresh_seconds": refresh}
    _run({"live": {**given, **settings}}, json_file, overwrite, threads=threads)


@app.command()
def memory(
    video: Video = None,
    detector: Detector = None,
    trajectories: Trajectories = None,
    model: Model = "demo",
    short: Annotated[int, typer.Option(min=1, help="Frames of the short video.")] = 300,
    long: Annotated[int, typer.Option(min=1, help="Frames of the long video.")] = 3000,
    minutes: Annotated[
        list[float] | None, typer.Option(help="Of a video, in place of --short and --long; repeat.")
    ] = None,
    looks: Annotated[float | None, typer.Option(help="Frames a second described (default: all).")] = None,
    refresh: Annotated[float | None, typer.Option(help="As a stream, with words every so many seconds.")] = None,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Describing a long video beside a short one, each in a process of its own: the memory beyond the loaded models."""
    given = {"video": video, "detector": detector, "trajectories": trajectories, "model": model}
    settings = {"minutes": minutes or (), "looks": looks, "refresh_seconds": refresh}
    _run({"memory": {**given, "lengths": (short, long), **settings}}, json_file, overwrite)


@app.command()
def reading(
    video: Video = None,
    frames: Annotated[int, typer.Option(min=1, help="The video is repeated to so many frames.")] = 4000,
    repeats: Repeats = 3,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Reading a long video: seconds and memory, against PyAV's bare loops."""
    _run({"reading": {"video": video, "frames": frames, "repeats": repeats}}, json_file, overwrite)


@app.command()
def train(
    config: Annotated[Path | None, typer.Option(help="A training's YAML file (default: the demo's).")] = None,
    steps: Steps = 5,
    peak: Annotated[
        float | None,
        typer.Option(help="TFLOP/s of the device in this precision, for MFU (default: by the card's name, if known)."),
    ] = None,
    threads: Threads = None,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """A step of training: tokens a second, waiting for data, memory, MFU, and the seconds of each part."""
    from smot_vlm.config import load_config

    given = None if config is None else load_config(config)
    _run({"train": {"config": given, "steps": steps, "peak": peak}}, json_file, overwrite, threads=threads)


@app.command()
def evaluation(
    sequences: Annotated[int, typer.Option(min=1, help="Sequences of BenSMOT's size.")] = 1008,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Evaluating a whole test split under both protocols, engine beside engine: seconds, memory. Takes minutes."""
    _run({"evaluation": {"sequences": sequences}}, json_file, overwrite)


@app.command()
def corpus(
    sources: Annotated[
        list[str] | None, typer.Argument(help="As of `predict` (default: tiny drawn videos).", show_default=False)
    ] = None,
    videos: Annotated[int, typer.Option(min=1, help="Drawn ones.")] = 24,
    workers: Annotated[list[int] | None, typer.Option(min=1, help="Processes; repeat (default: 1 and 2).")] = None,
    together: Annotated[
        list[int] | None, typer.Option(min=1, help="Videos that each describes at once; repeat (default: 1).")
    ] = None,
    model: Model = "people",
    detector: Annotated[str, typer.Option(help="As of `predict`.")] = "people",
    batch: Batch = 1,
    plan: Annotated[
        int | None, typer.Option(min=1, help="A plan for so many videos of --minutes in --days: how many machines.")
    ] = None,
    minutes: Annotated[float, typer.Option(help="Of each video of the plan.")] = 1.0,
    days: Annotated[float, typer.Option(help="In which the plan is done.")] = 1.0,
    simulate: Annotated[
        list[int] | None, typer.Option(min=1, help="Test the plan with so many workers that sleep; repeat.")
    ] = None,
    clock: Clock = "wall",
    threads: Threads = None,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Describing a corpus: videos an hour by workers, shares of the parts, idle time, overhead; and how many machines."""
    given: dict[str, Any] = {"sources": sources or (), "videos": videos, "workers": workers or (1, 2), "batch": batch}
    given["together"] = together or (1,)
    given |= {"model": model, "detector": detector, "plan": plan, "minutes": minutes, "days": days}
    _run({"corpus": {**given, "simulated": simulate or (), "clock": clock}}, json_file, overwrite, clock, threads)


@app.command(name="all")
def everything(
    clock: Clock = "wall", threads: Threads = None, json_file: JsonFile = None, overwrite: Overwrite = False
) -> None:
    """Every benchmark but `corpus`, `evaluation` and `linking`, with what ships. Takes some minutes."""
    benches: Benches = {name: {"clock": clock} if has_clock else {} for name, has_clock in _ALL.items()}
    _run(benches, json_file, overwrite, clock, threads)


def _run(
    benches: Benches, json_file: Path | None, overwrite: bool, clock: str = "wall", threads: int | None = None
) -> None:
    """Run each, show its figures with the machine they were taken on, and write them all where asked for."""
    check_file(json_file, overwrite)
    from smot_vlm.bench.machine import measure_machine

    silence_libraries()
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    machine = measure_machine(clock)
    show("machine", machine)
    if machine.clock == "wall" and machine.load > machine.cores:
        print_warning(f"other programs want the {machine.cores} cores too (load {machine.load:.1f}); times are noisy")
    figures: dict[str, Any] = {"machine": asdict(machine)}
    for name, options in benches.items():
        with progress(f"timing {name}") as update:
            result = import_module(f"smot_vlm.bench.{name}").run(
                **options, progress=lambda done, total, update=update: update(completed=done, total=total)
            )
        show(name, result)
        figures[name] = [asdict(row) for row in result] if isinstance(result, list) else asdict(result)
    if json_file is not None:
        write_text(json_file, json.dumps(figures, indent=2) + "\n", overwrite)
        output.print(f"  {json_file}")
