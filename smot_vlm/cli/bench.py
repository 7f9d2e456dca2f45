"""`smot-vlm bench`: speed against peers and against the machine's limits, all contenders in one run."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from smot_vlm.cli.bench_tables import show
from smot_vlm.cli.console import messages, output, print_warning
from smot_vlm.cli.loading import silence_libraries

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
Threads = Annotated[int | None, typer.Option(min=1, help="Threads of torch [default: torch's own choice].")]
Video = Annotated[Path | None, typer.Option(help="A video [default: the clip that ships].")]
Detector = Annotated[str | None, typer.Option(help="onnx:FILE or yolo:FILE.")]
Trajectories = Annotated[Path | None, typer.Option(help="MOT file with boxes and ids.")]
Model = Annotated[str, typer.Option(help="A model that ships or a folder with weights.")]
Recorded = Annotated[Path | None, typer.Option(help="Recorded detections [default: made-up ones].")]
Steps = Annotated[int, typer.Option(min=1, help="Steps; the median is shown.")]

Progressing = Callable[[int, int], None]
# Given how to tell progress, gives the figures: a record or a list of them.
Bench = Callable[[Progressing], Any]


@app.command()
def association(
    folder: Recorded = None, repeats: Repeats = 5, json_file: JsonFile = None, overwrite: Overwrite = False
) -> None:
    """Linking boxes: ours against the associators of other libraries, by the number of people."""

    def bench(progress: Progressing) -> Any:
        from smot_vlm.bench.association import run

        return run(folder, repeats=repeats, progress=progress)

    _bench({"association": bench}, json_file, overwrite)


@app.command()
def fusion(
    repeats: Repeats = 5,
    clock: Clock = "wall",
    threads: Threads = None,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Fusing frames and trajectories: the ways of the paper's Table 4, against the arithmetic that each needs."""

    def bench(progress: Progressing) -> Any:
        from smot_vlm.bench.fusion import run

        return run(repeats=repeats, clock=clock, progress=progress)

    _bench({"fusion": bench}, json_file, overwrite, clock, threads)


@app.command()
def decoder(
    repeats: Repeats = 3,
    clock: Clock = "wall",
    threads: Threads = None,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Writing captions: in a batch and one by one, decoders side by side, against the reading of their weights."""

    def bench(progress: Progressing) -> Any:
        from smot_vlm.bench.decoder import run

        return run(repeats=repeats, clock=clock, progress=progress)

    _bench({"decoder": bench}, json_file, overwrite, clock, threads)


@app.command()
def describe(
    video: Video = None,
    detector: Detector = None,
    trajectories: Trajectories = None,
    model: Model = "demo",
    repeats: Repeats = 3,
    clock: Clock = "wall",
    threads: Threads = None,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Describing a video: the seconds of each part."""

    def bench(progress: Progressing) -> Any:
        from smot_vlm.bench.describe import run

        return run(
            video,
            detector=detector,
            trajectories=trajectories,
            model=model,
            repeats=repeats,
            clock=clock,
            progress=progress,
        )

    _bench({"describe": bench}, json_file, overwrite, clock, threads)


@app.command()
def memory(
    video: Video = None,
    detector: Detector = None,
    trajectories: Trajectories = None,
    model: Model = "demo",
    short: Annotated[int, typer.Option(min=1, help="Frames of the short video.")] = 300,
    long: Annotated[int, typer.Option(min=1, help="Frames of the long video.")] = 3000,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Describing a long video beside a short one, each in a process of its own: the memory beyond the loaded models."""

    def bench(progress: Progressing) -> Any:
        from smot_vlm.bench.memory import run

        return run(
            video, detector=detector, trajectories=trajectories, model=model, lengths=(short, long), progress=progress
        )

    _bench({"memory": bench}, json_file, overwrite)


@app.command()
def reading(
    video: Video = None,
    frames: Annotated[int, typer.Option(min=1, help="The video is repeated to so many frames.")] = 4000,
    repeats: Repeats = 3,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Reading a long video: seconds and memory, against PyAV's bare loop."""

    def bench(progress: Progressing) -> Any:
        from smot_vlm.bench.reading import run

        return run(video, frames=frames, repeats=repeats, progress=progress)

    _bench({"reading": bench}, json_file, overwrite)


@app.command()
def train(
    config: Annotated[Path | None, typer.Option(help="A training's YAML file [default: the demo's].")] = None,
    steps: Steps = 5,
    threads: Threads = None,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """A step of training: the seconds of each part, and whether the data are there in time."""

    def bench(progress: Progressing) -> Any:
        from smot_vlm.bench.train import run
        from smot_vlm.config import load_config

        return run(None if config is None else load_config(config), steps=steps, progress=progress)

    _bench({"train": bench}, json_file, overwrite, threads=threads)


@app.command()
def evaluation(
    sequences: Annotated[int, typer.Option(min=1, help="Sequences of BenSMOT's size.")] = 1008,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Evaluating a whole test split under both protocols: seconds, memory, Java processes. Takes minutes."""

    def bench(progress: Progressing) -> Any:
        from smot_vlm.bench.evaluation import run

        return run(sequences=sequences, progress=progress)

    _bench({"evaluation": bench}, json_file, overwrite)


@app.command(name="all")
def everything(
    clock: Clock = "wall", threads: Threads = None, json_file: JsonFile = None, overwrite: Overwrite = False
) -> None:
    """Every benchmark but `evaluation`, with what ships. Takes some minutes."""
    benches: dict[str, Bench] = {
        name: _with_defaults(name, clock)
        for name in ("association", "fusion", "decoder", "describe", "memory", "reading", "train")
    }
    _bench(benches, json_file, overwrite, clock, threads)


def _with_defaults(name: str, clock: str) -> Bench:
    """The benchmark `name` as it runs without options; the clock for those that let it be chosen."""

    def bench(progress: Progressing) -> Any:
        from importlib import import_module

        options = {"clock": clock} if name in ("fusion", "decoder", "describe") else {}
        return import_module(f"smot_vlm.bench.{name}").run(progress=progress, **options)

    return bench


def _bench(
    benches: dict[str, Bench],
    json_file: Path | None,
    overwrite: bool,
    clock: str = "wall",
    threads: int | None = None,
) -> None:
    """Run each, show its figures with the machine they were taken on, and write them all where asked for."""
    if json_file is not None and json_file.exists() and not overwrite:
        raise FileExistsError(f"{json_file} exists; pass --overwrite to replace it or choose another name")
    from smot_vlm.bench.machine import measure_machine
    from smot_vlm.system.files import write_text

    silence_libraries()
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    machine = measure_machine(clock)
    show("machine", machine)
    if machine.clock == "wall" and machine.load > machine.cores:
        print_warning(f"other programs want the {machine.cores} cores too (load {machine.load:.1f}); times are noisy")
    figures: dict[str, Any] = {"machine": asdict(machine)}
    for name, bench in benches.items():
        with _progress(name) as progress:
            result = bench(progress)
        show(name, result)
        figures[name] = [asdict(row) for row in result] if isinstance(result, list) else asdict(result)
    if json_file is not None:
        write_text(json_file, json.dumps(figures, indent=2) + "\n", overwrite)
        output.print(f"  {escape(str(json_file))}")


@contextmanager
def _progress(name: str) -> Iterator[Progressing]:
    """A bar that fills as the rounds are done."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=messages, transient=True, disable=not messages.is_terminal) as bar:
        task = bar.add_task(f"timing {name}", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
