"""Makes the runs behind the rows: trajectories or whole descriptions of a split, then both protocols' figures.

    OUT/tracks/RUN/ or OUT/described/RUN/ (predictions)   OUT/tracks/RUN.json or OUT/described/RUN.json (figures)

A stopped run continues where it stopped, and one that is evaluated is only read.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from smot_vlm.data.bensmot import BenSmot
from smot_vlm.evaluation.protocol import evaluate
from smot_vlm.evaluation.results import BOTH_PROTOCOLS, Evaluation
from smot_vlm.evaluation.sequence_pairs import SequenceTruth
from smot_vlm.evaluation.sequence_reader import read_predictions
from smot_vlm.evaluation.storage import read_evaluations, to_json
from smot_vlm.language.fact_reader import read_facts
from smot_vlm.output.run_settings import RunSettings, open_run
from smot_vlm.predict import predict_split
from smot_vlm.reproduction.noise import write_noisy_boxes
from smot_vlm.reproduction.plan import NOISY_TRUTH, OWN_BOXES, Run
from smot_vlm.system.files import write_text
from smot_vlm.system.processes import ALONE, Processes
from smot_vlm.tracker import Tracker

# The paper keeps lost tracklets for as many frames (section 5).
LOST_FRAMES = 30


@dataclass(frozen=True, eq=False)
class Workshop:
    """What all runs share.

    Attributes:
        data: the split.
        out: where results go.
        device: of the models.
        seed: of noise on ground-truth boxes.
        processes: they share the sequences.
    """

    data: BenSmot
    out: Path
    device: str = "auto"
    seed: int = 0
    processes: Processes = ALONE


def run_folder(run: Run, out: Path) -> Path:
    """Folder of a run's predictions.

    Args:
        run: the run.
        out: where results go.

    Returns:
        The folder.
    """
    return out / ("described" if run.has_words else "tracks") / run.name


def figures(run: Run, out: Path) -> tuple[Evaluation, ...]:
    """Read the results of a run.

    Args:
        run: the run.
        out: where results go.

    Returns:
        One record a protocol; empty where it was not evaluated yet.
    """
    path = _results(run, out)
    return read_evaluations(path) if path.is_file() else ()


def predict_run(run: Run, shop: Workshop, advance: Callable[[], None]) -> None:
    """Describe every sequence that the run's folder does not hold yet.

    Args:
        run: the run.
        shop: what all runs share.
        advance: called after each sequence.

    Raises:
        ValueError: a sequence that could not be described, or a folder that holds a run with other settings.
        FileNotFoundError: no such model, or a part of it.
    """
    folder, settings = run_folder(run, shop.out), _settings(run, shop)
    if _results(run, shop.out).is_file():
        open_run(folder, settings)
        return
    if run.detector == NOISY_TRUTH:
        if shop.processes.is_first:
            write_noisy_boxes(shop.data, Path(settings.detections), shop.seed)
        shop.processes.wait()
    tracker = _tracker(run, shop)
    errors = []
    for outcome in predict_split(tracker, shop.data, folder, settings, processes=shop.processes):
        advance()
        errors += [f"{outcome.name}: {outcome.error}"] if outcome.error else []
    errors = shop.processes.gather(errors)
    if errors:
        raise ValueError(f"{len(errors)} of {len(shop.data)} sequences could not be described; {errors[0]}")


def evaluate_run(run: Run, shop: Workshop, truths: tuple[SequenceTruth, ...]) -> tuple[Evaluation, ...]:
    """Evaluate a run under both protocols, and write the results next to its predictions.

    Args:
        run: whose predictions exist.
        shop: what all runs share.
        truths: of the split.

    Returns:
        One record a protocol.

    Raises:
        FileNotFoundError, ValueError: predictions that do not exist or do not fit the data.
    """
    if there := figures(run, shop.out):
        return there
    predictions = tuple(read_predictions(run_folder(run, shop.out), {truth.name: truth.frames for truth in truths}))
    found = tuple(
        evaluate(predictions, truths, each, run=run.name, tracks_only=not run.has_words, read_facts=read_facts)
        for each in BOTH_PROTOCOLS
    )
    write_text(_results(run, shop.out), to_json(found))
    return found


def _results(run: Run, out: Path) -> Path:
    folder = run_folder(run, out)
    return folder.with_name(f"{folder.name}.json")


def _settings(run: Run, shop: Workshop) -> RunSettings:
    detections = str(shop.out / f"{NOISY_TRUTH}-{shop.seed}") if run.detector == NOISY_TRUTH else ""
    root = str(shop.data.root.resolve())
    associator = run.associator or "own"
    return RunSettings(root, shop.data.split, run.model, run.detector, associator, run.trajectories, detections)


def _tracker(run: Run, shop: Workshop) -> Tracker:
    """The run's model with its detector, associator and threshold; tracks alone are kept as long as in the paper."""
    detector = OWN_BOXES if run.detector == NOISY_TRUTH else run.detector
    device = shop.processes.device if shop.device == "auto" and shop.processes.device else shop.device
    tracker = Tracker.from_pretrained(run.model, detector=detector, associator=run.associator, device=device)
    association = tracker.config.association
    if not run.has_words:
        association = replace(association, buffer_seconds=LOST_FRAMES / shop.data[0].fps)
    if run.threshold is not None:
        association = replace(association, proposal_score=run.threshold)
    if association == tracker.config.association:
        return tracker
    config = replace(tracker.config, association=association)
    return Tracker(tracker.model, config, detector=detector, associator=run.associator)
