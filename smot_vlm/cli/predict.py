"""`smot-vlm predict`: a whole split described, ready for `smot-vlm evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from smot_vlm.cli.console import messages, output, print_warning
from smot_vlm.cli.loading import load_tracker

if TYPE_CHECKING:
    from smot_vlm.structures import Frame
    from smot_vlm.video.reader import VideoReader

_SHOWN_ERRORS = 5


def predict(
    dataset: Annotated[Path, typer.Argument(help="Root of a data set in BenSMOT's layout.")],
    out: Annotated[Path, typer.Option(help="Folder of the run: SCENARIO/SEQUENCE/description.json.")],
    split: Annotated[str, typer.Option(help="Split of the data set.")] = "test",
    model: Annotated[str, typer.Option(help="A model that ships (demo) or a folder with weights.")] = "demo",
    detector: Annotated[str, typer.Option(help="model, onnx:FILE or yolo:FILE.")] = "model",
    associator: Annotated[str | None, typer.Option(help="How boxes are linked over time (default: byte).")] = None,
    trajectories: Annotated[
        str, typer.Option(help="gt (the data set's own boxes) or a folder of MOT files, in place of a detector.")
    ] = "",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Describe all sequences anew.")] = False,
) -> None:
    """Describe every sequence of a split. A stopped run goes on where it stopped."""
    from smot_vlm.data.bensmot import BenSmot

    data = BenSmot(dataset, split)
    tracker = load_tracker(model, detector=detector, associator=associator, device=device)
    from smot_vlm.predict import RunSettings, predict_split

    chosen = associator or tracker.associator
    settings = RunSettings(str(dataset.resolve()), split, model, detector, chosen, trajectories)
    errors: list[str] = []
    described = kept = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=messages, transient=True, disable=not messages.is_terminal) as bar:
        sequences = bar.add_task("sequences", total=len(data))
        frames = bar.add_task("frames", total=None)

        def on_frame(frame: "Frame", video: "VideoReader") -> None:
            bar.update(frames, completed=video.frames_read, total=video.frame_count)

        for outcome in predict_split(tracker, data, out, settings, overwrite=overwrite, on_frame=on_frame):
            bar.advance(sequences)
            if outcome.error:
                errors.append(f"{outcome.name}: {outcome.error}")
            described += not outcome.kept and not outcome.error
            kept += outcome.kept
    earlier = f", {kept} were there already" if kept else ""
    output.print(f"{escape(str(out))}: {described} of {len(data)} sequences described{earlier}")
    for line in errors[:_SHOWN_ERRORS]:
        print_warning(line)
    if described and not tracker.model.trained:
        print_warning("the model is untrained: captions and interactions mean nothing yet")
    if errors:
        raise ValueError(
            f"{len(errors)} of {len(data)} sequences could not be described; run the command again for them"
        )
