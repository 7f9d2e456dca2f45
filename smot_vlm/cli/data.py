"""`smot-vlm data`: check, count, convert, look at and make annotated videos."""

import json as json_format
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smot_vlm.cli import data_tables
from smot_vlm.cli.console import output, print_plain, print_warning, progress
from smot_vlm.cli.conversions import TOOLS, Layout, check_options, convert_corrected, convert_people
from smot_vlm.system.targets import check_file

if TYPE_CHECKING:
    from smot_vlm.data.bensmot import BenSmot, BenSmotSequence

app = typer.Typer(
    name="data",
    help="Check, count, convert, look at and make annotated videos in the BenSMOT layout.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Dataset = Annotated[Path, typer.Argument(help="Root of a data set: DIR/SPLIT/SCENARIO/SEQUENCE.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Copy = Annotated[bool, typer.Option("--copy", help="Copy the images (default: symbolic links).")]
OneSplit = Annotated[str | None, typer.Option(help="Only this split (default: all).")]


@app.command()
def validate(
    dataset: Dataset,
    fix: Annotated[Path | None, typer.Option(help="Write a repaired copy here and list what was skipped.")] = None,
    copy: Copy = False,
    quick: Annotated[bool, typer.Option("--quick", help="Read the images' headers only.")] = False,
    tolerance_pixels: Annotated[float, typer.Option(min=0, help="How far a box may stand out of the frame.")] = 1.0,
    show: Annotated[int, typer.Option(min=0, help="Problems to print of each kind.")] = 20,
    overwrite: Overwrite = False,
) -> None:
    """Find every problem, with file and line. Exit code 1 where there is an error; warnings alone are no error.

    With --fix, exit code 1 says that the repaired copy still has errors that only a person can fix.
    """
    from smot_vlm.data import validate as checks
    from smot_vlm.data.dataset_writer import Images

    images: Images = "copy" if copy else "link"
    with _progress("checking", checks.count_sequences(dataset)) as step:
        if fix is None:
            report = checks.validate_dataset(dataset, tolerance_pixels, not quick, step)
        else:
            report = checks.repair_dataset(dataset, fix, images, overwrite, tolerance_pixels, not quick, step)
    data_tables.print_problems(report, show, remedies=fix is not None)
    if fix is None:
        raise typer.Exit(1 if report.errors else 0)
    left = checks.validate_dataset(fix, tolerance_pixels, decode_images=False)
    output.print(f"  {fix}: {left.sequences} of {report.sequences} sequences, {len(left.errors)} errors left")
    for problem in left.errors[:show]:
        print_warning(f"{problem}")
    raise typer.Exit(1 if left.errors else 0)


@app.command()
def stats(
    dataset: Dataset,
    split: OneSplit = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the distributions (png, pdf, svg).")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Count videos, tracks, words and verbs, beside the paper's figures of BenSMOT (Table 1, Figure 2)."""
    from smot_vlm.data.stats import collect_stats

    check_file(plot, overwrite)
    readers = _readers(dataset, split)
    with _progress("reading", sum(len(reader) for reader in readers)) as step:
        counted = collect_stats(_stepping(readers, step))
    if plot is not None:
        from smot_vlm.data.stats_plot import plot_stats

        plot_stats(counted, plot, title=f"{dataset.resolve().name} {split or ''}".strip(), overwrite=overwrite)
    if json:
        print_plain(json_format.dumps(counted.to_dict(), indent=1))
        return
    data_tables.print_stats(counted, str(dataset))
    if plot is not None:
        output.print(f"  {plot}")


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="Root of the set, or a tool's file; it is not changed.")],
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    layout: Annotated[Layout, typer.Option("--from", help="The set's layout; mot: MOT17, DanceTrack, SportsMOT.")],
    copy: Copy = False,
    only: Annotated[str, typer.Option(help="mot: names that match, such as '*-FRCNN'.")] = "*",
    scenario: Annotated[
        str | None,
        typer.Option(
            help="mot, cvat, label-studio: first part of the names (default: SOURCE's name, or the layout's)."
        ),
    ] = None,
    amodal: Annotated[
        bool, typer.Option("--amodal", help="mot: keep boxes whole that reach out of the frame.")
    ] = False,
    every: Annotated[int, typer.Option(help="Of videos: keep every N-th frame; 12 makes 25 a second BenSMOT's 2.")] = 1,
    classes: Annotated[
        list[int] | None,
        typer.Option(
            help="mot: class number that counts; may be repeated (default: people, by gt/labels.txt, else 1)."
        ),
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=0.001, help="Frames a second (default: as the set states it, else guessed).")
    ] = None,
    frames: Annotated[
        int, typer.Option(min=1, help="flickr30k-entities: frames of the clip that a still becomes.")
    ] = 8,
    seed: Annotated[int, typer.Option(min=0, help="flickr30k-entities: the same seed makes the same clips.")] = 0,
    media: Annotated[
        Path | None, typer.Option(help="cvat, label-studio: folder of the videos (default: where the file lies).")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Write nothing where anything would be left out or guessed.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Bring another layout into BenSMOT's folders. The new set appears whole or not at all.

    What is left out or guessed on the way is counted and named: rows beyond the last image, entries without a video,
    videos without words, people without a caption, a frame rate that no file states. Sets of real people also get
    people_facts.json: what the set says of each person, and nothing else. cvat and label-studio read what somebody
    corrected after `smot-vlm export`: CVAT for video 1.1 (XML or zip), Label Studio's JSON.
    """
    from smot_vlm.data.conversion import ConversionWriter
    from smot_vlm.data.convert import convert_bensmot_json, convert_mot
    from smot_vlm.data.dataset_writer import Images

    check_options(layout, {"--only": only != "*", "--amodal": amodal, "--classes": classes}, Layout.mot)
    check_options(layout, {"--scenario": scenario is not None}, Layout.mot, *TOOLS)
    check_options(layout, {"--media": media is not None}, *TOOLS)
    check_options(layout, {"--every": every != 1}, Layout.mot, Layout.ut_interaction, *TOOLS)
    check_options(layout, {"--frames": frames != 8, "--seed": seed != 0}, Layout.flickr30k_entities)
    images: Images = "copy" if copy else "link"
    with _progress("converting", None) as step:
        if layout is Layout.mot:
            done = convert_mot(
                source,
                out,
                images,
                overwrite,
                only,
                scenario,
                amodal,
                step,
                every=every,
                classes=classes or None,
                fps=fps,
                strict=strict,
            )
        elif layout is Layout.bensmot_json:
            done = convert_bensmot_json(source, out, images, overwrite, step, fps=fps, strict=strict)
        else:
            writer = ConversionWriter(out, images, overwrite, step, every, strict, fps)
            if layout in TOOLS:
                done = convert_corrected(source, layout, writer, media, scenario)
            else:
                done = convert_people(source, layout, writer, frames, seed)
    for name in done.skipped:
        print_warning(f"skipped, no ground truth: {name}")
    data_tables.print_losses(done.losses)
    output.print(f"{out}: {done.sequences} sequences, {done.tracks} tracks, {done.boxes} boxes")


@app.command()
def preview(
    dataset: Dataset,
    out: Annotated[Path, typer.Option(help="Picture to write (png, jpg, webp).")] = Path("preview.png"),
    split: OneSplit = None,
    sequences: Annotated[int, typer.Option(min=1, help="Sequences to draw, spread over the set.")] = 6,
    frames: Annotated[int, typer.Option(min=1, max=12, help="Images of each, spread over its time.")] = 5,
    overwrite: Overwrite = False,
) -> None:
    """Draw a contact sheet: frames with boxes and ids, the captions and interactions below."""
    from smot_vlm.output.preview import write_preview

    check_file(out, overwrite)
    places = [(reader, index) for reader in _readers(dataset, split) for index in range(len(reader))]
    count = min(sequences, len(places))
    chosen = [places[round(step * (len(places) - 1) / max(1, count - 1))] for step in range(count)]
    with _progress("drawing", count) as step:
        write_preview(out, (reader[index] for reader, index in chosen), frames, overwrite, step)
    output.print(f"{out}: {count} of {len(places)} sequences")


@app.command()
def verbs(
    query: Annotated[str, typer.Argument(help="Part of a label or of its gloss (default: all 335).")] = "",
) -> None:
    """List the verb senses: number, label, and what it means that one person does it to another."""
    from smot_vlm.verbs import search

    found = search(query)
    if not found:
        raise ValueError(f"no verb with {query!r} in its label or gloss; `smot-vlm data verbs` lists all 335")
    data_tables.print_verbs(found)


@app.command()
def synth(
    out: Annotated[Path, typer.Argument(help="Folder to write; other splits in it are kept.")],
    videos: Annotated[int, typer.Option(min=1, help="Sequences to make.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same videos.")] = 0,
    split: Annotated[str, typer.Option(help="train, val or test.")] = "train",
    fps: Annotated[float, typer.Option(help="Frames a second.")] = 2.0,
    width: Annotated[int | None, typer.Option(help="Width of the images in pixels (default: varies).")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes that draw.")] = 1,
    overwrite: Overwrite = False,
) -> None:
    """Make synthetic videos whose boxes, captions, interactions and facts are exactly known."""
    from smot_vlm.synthetic import write_dataset

    with _progress("drawing", videos) as step:
        write_dataset(out, videos, seed, split, fps, overwrite, step, processes, width)
    output.print(f"{out / split}: {videos} sequences")


def _readers(dataset: Path, split: str | None) -> "list[BenSmot]":
    """One reader a split that is there, or the one that is asked for."""
    from smot_vlm.data.bensmot import SPLITS, BenSmot

    there = [name for name in SPLITS if (dataset / name).is_dir()]
    if split is None and dataset.is_dir() and not there:
        raise FileNotFoundError(f"{dataset}: no folder {', '.join(SPLITS)}; the layout is SPLIT/SCENARIO/SEQUENCE")
    return [BenSmot(dataset, name) for name in ([split] if split else there or ["test"])]


def _stepping(readers: "list[BenSmot]", step: Callable[[str], None]) -> "Iterator[BenSmotSequence]":
    for reader in readers:
        for sequence in reader:
            step(sequence.name)
            yield sequence


@contextmanager
def _progress(name: str, total: int | None) -> Iterator[Callable[[str], None]]:
    """A bar; call the value with the name of each sequence that is done."""
    with progress(name, total) as update:
        yield lambda sequence: update(advance=1, detail=sequence[-40:])
