"""`smot-vlm predict`: a whole split described, ready for `smot-vlm evaluate`."""

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smot_vlm.cli.console import output, print_plain, print_warning, progress
from smot_vlm.cli.loading import Associator, Batch, Dtype, Overrides, damage_is_reported_once, load_tracker
from smot_vlm.system.printing import counted
from smot_vlm.system.targets import check_folder

if TYPE_CHECKING:
    from smot_vlm.predict import Outcome
    from smot_vlm.structures import Frame
    from smot_vlm.video.reader import VideoReader

_SHOWN_LINES = 5


def predict(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Root of a data set in BenSMOT's layout; or videos, folders, globs, addresses (s3://...), manifests "
            "(.csv, .jsonl, .parquet with path, from_seconds, to_seconds, tracks)."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="Folder of the run: SCENARIO/SEQUENCE/description.json, or described/ of videos.")
    ],
    split: Annotated[str, typer.Option(help="Split of the data set.")] = "test",
    model: Annotated[str, typer.Option(help="A model that ships, or a folder with weights.")] = "auto",
    detector: Annotated[str, typer.Option(help="auto, model, people, onnx:FILE or yolo:FILE.")] = "auto",
    associator: Associator = None,
    trajectories: Annotated[
        str,
        typer.Option(
            help="gt (the data set's own boxes) or a folder of any tracker's files: MOT text, supervision, COCO, SAM."
        ),
    ] = "",
    detections: Annotated[
        str, typer.Option(help="gt or a folder of such files whose boxes are linked, in place of a detector.")
    ] = "",
    classes: Annotated[
        list[int] | None,
        typer.Option(
            help="Class number that counts in such MOT files; may be repeated (default: people, by labels.txt or custom)."
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    dtype: Dtype = "float32",
    batch: Batch = 1,
    overrides: Overrides = None,
    engine: Annotated[
        str, typer.Option(help="Of videos: processes; ray (RAY_ADDRESS names a cluster) or slurm, by the extra scale.")
    ] = "processes",
    slurm: Annotated[
        list[str] | None,
        typer.Option(help="KEY=VALUE of sbatch for --engine slurm: partition, time (minutes), gpus_per_node; repeat."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that describe videos.")] = 1,
    together: Annotated[
        int, typer.Option(min=1, help="Videos that each of them describes at once, their captions in one batch.")
    ] = 1,
    time_limit: Annotated[float, typer.Option(help="Seconds that a video may take; 0: any time.", min=0)] = 21600.0,
    retry: Annotated[bool, typer.Option("--retry", help="Also videos that could not be described earlier.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Describe all sequences anew.")] = False,
) -> None:
    """Describe every sequence of a split, or every video of a corpus. A stopped run goes on where it stopped.

    A video that cannot be described, kills its worker twice or runs past --time-limit is set aside in causes/ with its log, and the rest goes on.

    Several processes share the sequences, whether each is started by hand or by accelerate: accelerate launch --num_processes 4 -m smot_vlm.cli.main predict ...
    """
    from smot_vlm.cli.corpora import describe_videos
    from smot_vlm.corpora.describing import TrackerRecipe
    from smot_vlm.data.bensmot import BenSmot
    from smot_vlm.system.processes import current_processes

    if trajectories and detections:
        raise typer.BadParameter("--trajectories are linked already; give them or --detections, not both")
    dataset = Path(sources[0])
    if len(sources) > 1 or not _is_data_set(dataset, split):
        if trajectories or detections:
            raise typer.BadParameter("--trajectories and --detections go with a data set; a manifest names tracks")
        counting, changes = tuple(sorted(set(classes or ()))), tuple(overrides or ())
        recipe = TrackerRecipe(model, detector, associator, device, dtype, batch, counting, together, changes)
        describe_videos(
            recipe, sources, out, engine, workers, time_limit, options=slurm or (), retry=retry, overwrite=overwrite
        )
        return
    if classes and not trajectories and not detections:
        raise typer.BadParameter("--classes goes with --trajectories or --detections")
    if engine != "processes" or workers > 1 or together > 1 or retry or slurm:
        raise typer.BadParameter(
            "--engine, --workers, --together, --slurm and --retry go with videos; accelerate runs a data set in parallel"
        )
    data, processes = BenSmot(dataset, split), current_processes()
    if device == "auto" and processes.device:
        device = processes.device
    check_folder(out, "choose another folder with --out")
    tracker = load_tracker(
        model,
        detector=detector,
        associator=associator,
        device=device,
        dtype=dtype,
        batch=batch,
        overrides=overrides or (),
    )
    from smot_vlm.output.run_settings import RunSettings
    from smot_vlm.predict import predict_split

    chosen = associator or tracker.associator
    counted = tuple(sorted(set(classes or ())))
    settings = RunSettings(
        str(dataset.resolve()),
        split,
        model,
        detector,
        chosen,
        trajectories,
        detections,
        counted,
        tracker.dtype,
        tuple(overrides or ()),
    )
    outcomes = []
    with (
        progress("sequences", len(processes.share(data.names)), hidden=not processes.is_first) as update,
        damage_is_reported_once(),
    ):

        def on_frame(_frame: "Frame", video: "VideoReader") -> None:
            update(detail=f"frame {video.frames_read} of {video.frame_count}")

        steps = predict_split(tracker, data, out, settings, overwrite=overwrite, on_frame=on_frame, processes=processes)
        for outcome in steps:
            update(advance=1)
            outcomes.append(outcome)
    everyones = processes.gather(outcomes)
    if processes.is_first:
        _report(out, everyones, trained=tracker.model.trained, as_json=json)


def _is_data_set(root: Path, split: str) -> bool:
    """Whether it has BenSMOT's layout: an address or a manifest has not, nor has a folder without the split."""
    return any((sequence / part).is_dir() for sequence in (root / split).glob("*/*") for part in ("imgs", "gt"))


def _report(out: Path, outcomes: "list[Outcome]", *, trained: bool, as_json: bool) -> None:
    """Say what was described.

    Raises:
        ValueError: some sequences could not be described.
    """
    errors = sorted(f"{outcome.name}: {outcome.error}" for outcome in outcomes if outcome.error)
    kept = sum(outcome.kept for outcome in outcomes)
    described = len(outcomes) - kept - len(errors)
    if as_json:
        counts = {"out": str(out), "sequences": len(outcomes), "described": described, "kept": kept}
        failed = {outcome.name: outcome.error for outcome in outcomes if outcome.error}
        print_plain(json_text.dumps({**counts, "errors": failed}))
    earlier = f", {kept} {'was' if kept == 1 else 'were'} there already" if kept else ""
    if not as_json:
        output.print(f"{out}: {described} of {counted(len(outcomes), 'sequence')} described{earlier}")
    _print_some([f"{each.name}: {_left_out(each.left_out)}" for each in outcomes if each.left_out])
    _print_some(errors)
    if described and not trained:
        print_warning("the model is untrained: captions and interactions mean nothing yet")
    if errors:
        raise ValueError(
            f"{len(errors)} of {counted(len(outcomes), 'sequence')} could not be described; run the command again for them"
        )


def _left_out(reasons: tuple[str, ...]) -> str:
    return f"{counted(len(reasons), 'image')} left out, the first: {reasons[0]}"


def _print_some(lines: list[str]) -> None:
    for line in lines[:_SHOWN_LINES]:
        print_warning(line)
    if len(lines) > _SHOWN_LINES:
        print_warning(f"and {len(lines) - _SHOWN_LINES} more like these")
