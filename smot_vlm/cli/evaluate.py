"""`smot-vlm evaluate` and `smot-vlm compare`: how good a run is, and which of several is better."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smot_vlm.cli.console import output, print_warning, progress
from smot_vlm.system.errors import naming
from smot_vlm.system.files import write_text
from smot_vlm.system.targets import check_file

if TYPE_CHECKING:
    from smot_vlm.evaluation.results import Evaluation

_SHOWN_MISSING = 5

# The files that were asked for, each with what went wrong.
Files = list[tuple[Path, Exception | None]]


class Protocol(str, Enum):
    """What may be asked for."""

    strict = "strict"
    official = "official"
    captionformer = "captionformer"
    both = "both"


class Engine(str, Enum):
    """What computes the tracking columns."""

    motrics = "motrics"
    trackeval = "trackeval"


Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write everything as JSON.")]
CsvFile = Annotated[Path | None, typer.Option("--csv", help="Write one line a sequence as CSV.")]
MarkdownFile = Annotated[Path | None, typer.Option("--markdown", help="Write the table as Markdown.")]
LatexFile = Annotated[Path | None, typer.Option("--latex", help="Write the table as LaTeX.")]


def evaluate(
    pred: Annotated[
        Path,
        typer.Option(
            help="Predictions: DIR/SCENARIO/SEQUENCE with description.json or gt/gt.txt, or a tracker's DIR/SEQUENCE.txt "
            "(or .json, .csv, .npz of the forms that --trajectories takes)."
        ),
    ],
    gt: Annotated[Path, typer.Option(help="Root of a data set in BenSMOT's layout.")],
    split: Annotated[str, typer.Option(help="Split of the data set.")] = "test",
    protocol: Annotated[
        Protocol, typer.Option(help="Every track counts; or as the paper's numbers; both; or as CaptionFormer's.")
    ] = Protocol.strict,
    run: Annotated[str | None, typer.Option(help="Name of the run in tables (default: the folder's name).")] = None,
    json: JsonFile = None,
    csv: CsvFile = None,
    markdown: MarkdownFile = None,
    latex: LatexFile = None,
    bootstrap: Annotated[int, typer.Option(min=0, help="Resamples of the sequences for 95 % intervals.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the resamples.")] = 0,
    encoder: Annotated[
        str | None, typer.Option(help="Sentence encoder: a folder or a hub name (default: all-MiniLM-L6-v2).")
    ] = None,
    classes: Annotated[
        list[int] | None,
        typer.Option(
            help="Class number that counts in a tracker's files; may be repeated (default: people, by labels.txt or custom)."
        ),
    ] = None,
    tracks_only: Annotated[
        bool, typer.Option("--tracks-only", help="Score trajectories alone, in seconds and without Java.")
    ] = False,
    engine: Annotated[
        Engine, typer.Option(help="Of HOTA, MOTA and IDF1: TrackEval gives the same numbers, more slowly.")
    ] = Engine.motrics,
    first: Annotated[
        int | None, typer.Option(min=1, help="Only so many sequences of the split, in the order of their names.")
    ] = None,
    per_sequence: Annotated[bool, typer.Option("--per-sequence", help="Show the main measures one by one.")] = False,
    per_verb: Annotated[bool, typer.Option("--per-verb", help="Show the interactions verb by verb (strict).")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Score predictions against ground truth: trajectories, captions, interactions."""
    for path in (json, csv, markdown, latex):
        check_file(path, overwrite)
    from smot_vlm.evaluation import protocol as protocols
    from smot_vlm.evaluation.results import BOTH_PROTOCOLS
    from smot_vlm.evaluation.sequence_reader import read_predictions, read_truths
    from smot_vlm.language.fact_reader import read_facts
    from smot_vlm.semantics.sentence_embeddings import DEFAULT_ENCODER

    wanted = BOTH_PROTOCOLS if protocol is Protocol.both else (protocol.value,)
    with _stages() as stage, naming(str(pred)):
        stage("reading")
        truths = list(read_truths(gt, split))
        inside = pred / split
        folder = inside if inside.is_dir() and not any(truth.name.startswith(f"{split}/") for truth in truths) else pred
        frames = {truth.name: truth.frames for truth in truths}
        sizes = {truth.name: truth.size for truth in truths if truth.size is not None}
        numbers = {truth.name: truth.numbers for truth in truths if truth.numbers is not None}
        predictions = list(read_predictions(folder, frames, classes or None, sizes, numbers))
        if first is not None:
            truths = truths[:first]
            names = {truth.name for truth in truths}
            predictions = [prediction for prediction in predictions if prediction.name in names]
        evaluations = [
            protocols.evaluate(
                predictions,
                truths,
                each,
                run=run or pred.resolve().name,
                bootstrap=bootstrap,
                seed=seed,
                encoder=encoder or DEFAULT_ENCODER,
                tracks_only=tracks_only,
                read_facts=read_facts,
                engine=engine.value,
                progress=_prefixed(stage, each),
            )
            for each in wanted
        ]
    files = _write([[evaluation] for evaluation in evaluations], json, csv, markdown, latex, overwrite)
    for evaluation in evaluations:
        _show([evaluation])
        _show_details(evaluation, per_sequence, per_verb)
    _warn_missing(evaluations[0])
    _name_files(files)


def compare(
    runs: Annotated[list[Path], typer.Argument(help="JSON files written by `smot-vlm evaluate --json`.")],
    paper: Annotated[bool, typer.Option("--paper", help="Add the paper's rows to the official table.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the main measures (png, svg, pdf).")] = None,
    csv: CsvFile = None,
    markdown: MarkdownFile = None,
    latex: LatexFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Show several evaluated runs side by side, the best value of each measure marked; one table a protocol."""
    for path in (plot, csv, markdown, latex):
        check_file(path, overwrite)
    from smot_vlm.evaluation import compare as comparison

    groups = comparison.load_runs(runs)
    if paper:
        from smot_vlm.evaluation.paper import methods

        groups.setdefault("official", []).extend(methods())
    files = _write(list(groups.values()), None, csv, markdown, latex, overwrite)
    if plot is not None:
        files += _plot(groups, plot, overwrite)
    for evaluations in groups.values():
        _show(evaluations)
    for evaluations in groups.values():
        for line in comparison.differences(evaluations):
            print_warning(line)
    _name_files(files)


def _show(evaluations: "list[Evaluation]") -> None:
    from smot_vlm.evaluation.tables import footnotes, rich_tables

    for table in rich_tables(evaluations, output.width):
        output.print(table)
    for note in footnotes(evaluations):
        output.print(f"  {note}", style="dim")
    output.print()


def _show_details(evaluation: "Evaluation", per_sequence: bool, per_verb: bool) -> None:
    from smot_vlm.evaluation.tables import sequence_rich_table, verb_rich_table

    if per_sequence:
        output.print(sequence_rich_table(evaluation))
    if per_verb and evaluation.verbs:
        output.print(verb_rich_table(evaluation))


def _write(
    groups: "list[list[Evaluation]]",
    json: Path | None,
    csv: Path | None,
    markdown: Path | None,
    latex: Path | None,
    overwrite: bool,
) -> Files:
    """Write the files that were asked for, before anything is printed; groups: evaluations of one protocol each."""
    from smot_vlm.evaluation import storage, tables

    every = [evaluation for group in groups for evaluation in group]
    texts: list[tuple[Path | None, Callable[[], str]]] = [
        (json, lambda: storage.to_json(every)),
        (csv, lambda: storage.to_csv(every)),
        (markdown, lambda: "\n".join(map(tables.markdown, groups))),
        (latex, lambda: "\n".join(map(tables.latex, groups))),
    ]
    return [
        (path, _attempt(path, partial(_write_made, path, text, overwrite))) for path, text in texts if path is not None
    ]


def _plot(groups: "dict[str, list[Evaluation]]", plot: Path, overwrite: bool) -> Files:
    """One picture a protocol, named after it where there are several."""
    from smot_vlm.evaluation import compare as comparison

    paths = [plot if len(groups) == 1 else plot.with_stem(f"{plot.stem}-{protocol}") for protocol in groups]
    return [
        (path, _attempt(path, partial(comparison.plot, evaluations, path, overwrite)))
        for path, evaluations in zip(paths, groups.values(), strict=True)
    ]


def _write_made(path: Path, make: Callable[[], str], overwrite: bool) -> None:
    write_text(path, make(), overwrite)


def _attempt(path: Path, write: Callable[[], None]) -> Exception | None:
    """Write a file; an error waits until what was computed is printed."""
    try:
        with naming(str(path)):
            write()
    except Exception as error:
        return error
    return None


def _name_files(files: Files) -> None:
    """Name what was written, then raise the first error of what was not."""
    for path, error in files:
        if error is None:
            output.print(f"  {path}")
    for _, error in files:
        if error is not None:
            raise error


def _warn_missing(evaluation: "Evaluation") -> None:
    for line in evaluation.missing[:_SHOWN_MISSING]:
        print_warning(line)
    if len(evaluation.missing) > _SHOWN_MISSING:
        print_warning(f"and {len(evaluation.missing) - _SHOWN_MISSING} more; all scored as empty")


def _prefixed(stage: Callable[[str], None], protocol: str) -> Callable[[str], None]:
    return lambda name: stage(f"{protocol}: {name}")


@contextmanager
def _stages() -> Iterator[Callable[[str], None]]:
    """A line that shows which stage is running and for how long."""
    with progress("", counted=False) as update:

        def stage(name: str) -> None:
            logging.getLogger(__name__).info("%s", name)
            update(description=name)

        yield stage
