"""The paper's experiments on BenSMOT with a trained model, each table beside the numbers that the paper prints.

Train first (four GPUs), then run all that needs one model:

    accelerate launch --num_processes 4 scripts/train.py --config configs/bensmot_smoter.yaml training.dataset=BenSMOT
    python scripts/reproduce_paper.py --data BenSMOT --model runs/bensmot-smoter/model --out reproduction

Studies: `main` (Tables 2 and 3: the model as it is), `association` (Figure 4: other associators), `threshold` (Table 5:
tau_p from 0.1 to 0.5), `fusion` (Table 4: one trained model a way of fusing, given as --fusion mlp=FOLDER).

Writes OUT/STUDY/RUN/ (descriptions), OUT/STUDY/RUN.json (both protocols) and OUT/STUDY.md (the tables). A stopped run goes on
where it stopped; a run that is evaluated is not evaluated again.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from smot_vlm.cli.console import messages, output, print_error, print_warning
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.evaluation import paper
from smot_vlm.evaluation.protocol import PROTOCOLS, evaluate
from smot_vlm.evaluation.reading import read_predictions, truth_of
from smot_vlm.evaluation.records import Evaluation, SequenceTruth
from smot_vlm.evaluation.storage import read_evaluations, to_json
from smot_vlm.evaluation.tables import markdown
from smot_vlm.files import write_text
from smot_vlm.predict import RunSettings, predict_split
from smot_vlm.tracker import Tracker

STUDIES: dict[str, Callable[[], tuple[Evaluation, ...]]] = {
    "main": paper.methods,
    "association": paper.associations,
    "threshold": paper.thresholds,
    "fusion": paper.fusions,
}
ASSOCIATORS = ("sort", "deepsort", "ocsort", "byte")
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True)
class Experiment:
    """One run of a study. associator, threshold (tau_p): in place of the model's own."""

    study: str
    name: str
    model: str
    associator: str | None = None
    threshold: float | None = None


@dataclass(frozen=True, eq=False)
class Bench:
    """What all experiments share: the data with its truth, where results go, how models are run."""

    data: BenSmot
    truths: tuple[SequenceTruth, ...]
    out: Path
    detector: str
    device: str


def experiments(
    studies: Sequence[str],
    model: str,
    associators: Iterable[str] = ASSOCIATORS,
    thresholds: Iterable[float] = THRESHOLDS,
    fusions: Iterable[str] = (),
) -> Iterator[Experiment]:
    """The runs of the chosen studies. fusions: NAME=FOLDER each.

    Raises:
        ValueError: a fusion that is not NAME=FOLDER, or the fusion study without any.
    """
    if "main" in studies:
        yield Experiment("main", "ours", model)
    if "association" in studies:
        yield from (Experiment("association", name, model, associator=name) for name in associators)
    if "threshold" in studies:
        yield from (Experiment("threshold", f"tau-{value:g}", model, threshold=value) for value in thresholds)
    if "fusion" not in studies:
        return
    pairs = [given.partition("=") for given in fusions]
    if not pairs or not all(name and equals and folder for name, equals, folder in pairs):
        raise ValueError("the fusion study takes --fusion NAME=FOLDER, one trained model a way of fusing")
    yield from (Experiment("fusion", name, folder) for name, _, folder in pairs)


def run_experiment(experiment: Experiment, bench: Bench) -> tuple[Evaluation, ...]:
    """Describe the split and evaluate it under both protocols; what is there already is read.

    Raises:
        ValueError: a sequence that could not be described, or a folder that holds a run with other settings.
        FileNotFoundError: no such model, or a part of it.
    """
    folder = bench.out / experiment.study / experiment.name
    results = folder.with_name(f"{folder.name}.json")
    if results.is_file():
        return read_evaluations(results)
    describe_all(experiment, bench, folder)
    predictions = tuple(read_predictions(folder, {truth.name: truth.frames for truth in bench.truths}))
    with messages.status(f"evaluating {experiment.study}: {experiment.name}"):
        found = tuple(evaluate(predictions, bench.truths, each, run=experiment.name) for each in PROTOCOLS)
    write_text(results, to_json(found))
    return found


def describe_all(experiment: Experiment, bench: Bench, folder: Path) -> None:
    """Describe every sequence that `folder` does not hold yet.

    Raises:
        ValueError: a sequence could not be described.
    """
    tracker = make_tracker(experiment, bench)
    settings = RunSettings(
        str(bench.data.root.resolve()), bench.data.split, experiment.model, bench.detector, tracker.associator
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=messages, transient=True, disable=not messages.is_terminal) as bar:
        task = bar.add_task(f"{experiment.study}: {experiment.name}", total=len(bench.data))
        for outcome in predict_split(tracker, bench.data, folder, settings):
            bar.advance(task)
            if outcome.error:
                raise ValueError(f"{outcome.name}: {outcome.error}")


def make_tracker(experiment: Experiment, bench: Bench) -> Tracker:
    """The experiment's model with its associator and threshold."""
    options = {"detector": bench.detector, "associator": experiment.associator}
    tracker = Tracker.from_pretrained(experiment.model, **options, device=bench.device)  # type: ignore[arg-type]
    if experiment.threshold is None:
        return tracker
    association = replace(tracker.config.association, proposal_score=experiment.threshold)
    return Tracker(tracker.model, replace(tracker.config, association=association), **options)  # type: ignore[arg-type]


def report(study: str, runs: Sequence[tuple[Evaluation, ...]]) -> str:
    """Markdown of a study: our runs beside the paper's rows under the official protocol, then ours under the strict one."""
    by_protocol = {each: [one for run in runs for one in run if one.protocol == each] for each in PROTOCOLS}
    official = markdown([*by_protocol["official"], *STUDIES[study]()])
    return f"# {study}\n\n{official}\n{markdown(by_protocol['strict'])}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="root of BenSMOT, or of any data set in its layout")
    parser.add_argument("--split", default="test")
    parser.add_argument("--model", required=True, help="folder of the trained model")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--studies", nargs="+", choices=STUDIES, default=["main", "association", "threshold"])
    parser.add_argument("--associators", nargs="+", default=list(ASSOCIATORS))
    parser.add_argument("--thresholds", nargs="+", type=float, default=list(THRESHOLDS))
    parser.add_argument("--fusion", nargs="+", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--detector", default="model", help="model, onnx:FILE or yolo:FILE")
    parser.add_argument("--device", default="auto")
    given = parser.parse_args()
    planned = list(experiments(given.studies, given.model, given.associators, given.thresholds, given.fusion))
    data = BenSmot(given.data, given.split)
    bench = Bench(data, tuple(map(truth_of, data)), given.out, given.detector, given.device)
    failed = 0
    for study in given.studies:
        runs = []
        for experiment in (one for one in planned if one.study == study):
            try:
                runs.append(run_experiment(experiment, bench))
            except (ValueError, OSError, ImportError) as error:
                failed += 1
                print_warning(f"{study}: {experiment.name}: {error}")
        if runs:
            write_text(given.out / f"{study}.md", report(study, runs))
            output.print(f"  {given.out / f'{study}.md'}", markup=False)
    if failed:
        raise ValueError(f"{failed} of {len(planned)} experiments failed; run the command again for them")


if __name__ == "__main__":
    try:
        main()
    except (ValueError, OSError, ImportError) as error:
        print_error(error)
        sys.exit(1)
