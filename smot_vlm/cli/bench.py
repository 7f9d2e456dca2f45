"""`smot-vlm bench`: speed against peers and against the machine's limits, all contenders in one run."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from smot_vlm.cli.console import messages, output

app = typer.Typer(help="Speed against peers and against the machine's limits.", no_args_is_help=True)

JsonFile = Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file that is there.")]
Repeats = Annotated[int, typer.Option(help="Rounds; the median is shown.")]
Clock = Annotated[str, typer.Option(help="wall, or cpu: hardly disturbed by other programs with one thread.")]
Video = Annotated[Path | None, typer.Option(help="A video [default: the clip that ships].")]
Detector = Annotated[str | None, typer.Option(help="onnx:FILE or yolo:FILE.")]
Trajectories = Annotated[Path | None, typer.Option(help="MOT file with boxes and ids.")]
Recorded = Annotated[Path | None, typer.Option(help="Recorded detections [default: made-up ones].")]


@app.command()
def association(
    folder: Recorded = None, repeats: Repeats = 5, json_file: JsonFile = None, overwrite: Overwrite = False
) -> None:
    """Linking boxes: ours against the associators of other libraries, by the number of people."""

    def bench(clock: str) -> Any:
        from smot_vlm.bench.association import run

        return run(folder, repeats=repeats)

    _bench({"association": bench}, json_file, overwrite)


@app.command()
def decoder(
    repeats: Repeats = 3, clock: Clock = "wall", json_file: JsonFile = None, overwrite: Overwrite = False
) -> None:
    """Writing captions: in a batch and one by one, decoders side by side, against the reading of their weights."""

    def bench(clock: str) -> Any:
        from smot_vlm.bench.decoder import run

        return run(repeats=repeats, clock=clock)

    _bench({"decoder": bench}, json_file, overwrite, clock)


@app.command()
def describe(
    video: Video = None,
    detector: Detector = None,
    trajectories: Trajectories = None,
    repeats: Repeats = 3,
    clock: Clock = "wall",
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Describing a video: the seconds of each part."""

    def bench(clock: str) -> Any:
        from smot_vlm.bench.describe import run

        return run(video, detector=detector, trajectories=trajectories, repeats=repeats, clock=clock)

    _bench({"describe": bench}, json_file, overwrite, clock)


@app.command()
def train(
    config: Annotated[Path | None, typer.Option(help="A training's YAML file [default: the demo's].")] = None,
    steps: Annotated[int, typer.Option(help="Steps; the median is shown.")] = 5,
    json_file: JsonFile = None,
    overwrite: Overwrite = False,
) -> None:
    """A step of training: the seconds of each part, and whether the data are there in time."""

    def bench(clock: str) -> Any:
        from smot_vlm.bench.train import run
        from smot_vlm.config import load_config

        return run(None if config is None else load_config(config), steps=steps)

    _bench({"train": bench}, json_file, overwrite)


@app.command(name="all")
def everything(clock: Clock = "wall", json_file: JsonFile = None, overwrite: Overwrite = False) -> None:
    """Every benchmark, with what ships."""

    def bench_association(clock: str) -> Any:
        from smot_vlm.bench.association import run

        return run()

    def bench_decoder(clock: str) -> Any:
        from smot_vlm.bench.decoder import run

        return run(clock=clock)

    def bench_describe(clock: str) -> Any:
        from smot_vlm.bench.describe import run

        return run(clock=clock)

    benches: dict[str, Callable[[str], Any]] = {
        "association": bench_association,
        "decoder": bench_decoder,
        "describe": bench_describe,
    }
    _bench(benches, json_file, overwrite, clock)


def _bench(
    benches: dict[str, Callable[[str], Any]], json_file: Path | None, overwrite: bool, clock: str = "wall"
) -> None:
    """Run each, show its figures with the machine they were taken on, and write them all where asked for."""
    if json_file is not None and json_file.exists() and not overwrite:
        raise FileExistsError(f"{json_file} exists; pass --overwrite to replace it or choose another name")
    from smot_vlm.bench.machine import measure_machine
    from smot_vlm.files import write_text

    machine = measure_machine(clock)
    _show("machine", machine)
    figures: dict[str, Any] = {"machine": asdict(machine)}
    for name, bench in benches.items():
        with messages.status(f"timing {name}"):
            result = bench(clock)
        _show(name, result)
        figures[name] = [asdict(row) for row in result] if isinstance(result, list) else asdict(result)
    if json_file is not None:
        write_text(json_file, json.dumps(figures, indent=2) + "\n")
        output.print(f"  {json_file}")


def _show(title: str, result: Any) -> None:
    """Records of one kind as a table; a single record as a line a field, with tables for the records inside it."""
    if isinstance(result, (list, tuple)):
        _show_rows(title, result)
        return
    table = Table(title=title, title_justify="left", show_header=False)
    inner = []
    for field in fields(result):
        value = getattr(result, field.name)
        if isinstance(value, tuple) and value and is_dataclass(value[0]):
            inner.append((f"{title}: {field.name}", value))
        else:
            table.add_row(field.name.replace("_", " "), _text(value))
    output.print(table)
    for name, rows in inner:
        _show_rows(name, rows)


def _show_rows(title: str, rows: Sequence[Any]) -> None:
    table = Table(title=title, title_justify="left")
    names = [field.name for field in fields(rows[0])]
    for name in names:
        is_text = isinstance(getattr(rows[0], name), str)
        table.add_column(name.replace("_", " "), justify="left" if is_text else "right", overflow="fold")
    for row in rows:
        table.add_row(*(_text(getattr(row, name)) for name in names))
    output.print(table)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(entry)}" for key, entry in value.items())
    return str(value)
