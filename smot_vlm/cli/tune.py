"""`smot-vlm tune`: an associator's settings, tuned on annotated videos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smot_vlm.cli.bench_tables import share
from smot_vlm.cli.console import output, print_warning, progress
from smot_vlm.cli.loading import silence_libraries
from smot_vlm.system.printing import counted
from smot_vlm.system.targets import check_folder

if TYPE_CHECKING:
    from smot_vlm.bench.tuning import Tuning


def tune(
    folders: Annotated[list[Path], typer.Argument(help="Sequences: gt/gt.txt and, beside it, img1, imgs or a video.")],
    out: Annotated[Path, typer.Option(help="Folder for trials, boxes, best.yaml and tuning.json.")] = Path("tuned"),
    associator: Annotated[
        str, typer.Option(help="byte, botsort[:REID.onnx], sparse, sort, ocsort, ocsort-byte or deepsort:REID.onnx.")
    ] = "byte",
    trials: Annotated[int, typer.Option(min=1, help="In all, with those that are there.")] = 100,
    objective: Annotated[str, typer.Option(help="HOTA, AssA, DetA, IDF1 or MOTA, boxes counted over all.")] = "HOTA",
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Frames a second, by leaving out frames (default: all frames).")
    ] = None,
    held_out: Annotated[float, typer.Option(help="Share of the sequences that no trial sees.")] = 0.3,
    seed: Annotated[int, typer.Option(min=0, help="Of the held-out share and of the trials.")] = 0,
    detector: Annotated[
        str | None, typer.Option(help="onnx:FILE, or a model's own: model:drawn (default: the one that ships).")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin anew; boxes that were found are kept.")] = False,
) -> None:
    """Tune an associator on annotated videos, and judge the best settings on videos that were held out.

    A stopped run goes on where it stopped. What comes out is a configuration: smot-vlm describe VIDEO --model tuned/best.yaml; for
    another model its first lines name the options.
    """
    from smot_vlm.bench.tuning import SETTINGS_FILE
    from smot_vlm.bench.tuning import tune as run

    silence_libraries()
    check_folder(out, "choose another folder with --out")
    with progress("tuning") as update:
        result = run(
            folders,
            out,
            associator=associator,
            trials=trials,
            objective=objective,
            rate=rate,
            held_out=held_out,
            seed=seed,
            detector=detector,
            anew=overwrite,
            progress=lambda what, done, total: update(description=what, completed=done, total=total),
        )
    _report(result)
    output.print(f"  {out / SETTINGS_FILE}")


def _report(result: "Tuning") -> None:
    for score in result.scores:
        sure = (
            "" if score.interval is None else " (95 %: {:+.1f} to {:+.1f})".format(*(100 * e for e in score.interval))
        )
        output.print(
            f"{score.share}, {counted(len(score.sequences), 'sequence')}: "
            f"{result.objective} {share(score.before)} -> {share(score.after)}{sure}"
        )
    for override in result.overrides:
        output.print(f"  --set {override}")
    if len(result.scores) < 2:
        print_warning("nothing was held out: how good the settings are on other videos is not known")
    elif result.scores[1].after < result.scores[1].before:
        print_warning("the best settings are worse on the videos held out; keep those before, or give more videos")
