"""Evaluating a whole test split of BenSMOT's size: seconds, memory, how often Java is started, engine beside engine.

The truth is of the synthetic world (stories and words, no pictures), which has BenSMOT's sizes: about 46 frames, 2.5 people
and 37 words a caption. The predictions are the truth with faults of every kind, in BenSMOT's files. `smot-vlm evaluate`
then reads and scores them under both protocols in a process of its own, once with each engine of the tracking columns; all
cells must be equal.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import psutil

from smot_vlm.bench.polling import polling
from smot_vlm.evaluation.results import Evaluation
from smot_vlm.evaluation.sequence_pairs import rows_of
from smot_vlm.evaluation.storage import read_evaluations
from smot_vlm.evaluation.tracking import ENGINES
from smot_vlm.formats.sequence_files import BOXES_FILE, format_annotations, format_boxes, write_files
from smot_vlm.language.fact_records import FACTS_FILE
from smot_vlm.structures import Interaction, Trajectory
from smot_vlm.synthetic.sequence import SyntheticSequence, make_sequence

SEQUENCES = 1008
SEED = 600_000
WATCH_SECONDS = 0.1
# How a METEOR process is told from the tokenizer's.
METEOR_MARK = "meteor"
# Cells of two engines may differ by so much.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class EvaluationCost:
    """One evaluation under both protocols.

    Attributes:
        engine: of the tracking columns.
        sequences: how many were scored.
        tracks: true ones.
        boxes: true ones.
        words: of all true captions.
        seconds: of the command.
        cpu_seconds: of the command with all that it starts, which other programs hardly disturb.
        peak_megabytes: resident memory of the command with all that it starts, 10^6 bytes, sampled ten times a second.
        meteor_processes: Java processes with METEOR.
        hota: of the strict protocol, to see that it was done.
        meteor: the same.
        cells: of all sequences and of the whole set.
        largest_difference: of any cell from the first engine's.
    """

    engine: str
    sequences: int
    tracks: int
    boxes: int
    words: int
    seconds: float
    cpu_seconds: float
    peak_megabytes: float
    meteor_processes: int
    hota: float
    meteor: float | None
    cells: int
    largest_difference: float


@dataclass
class Watched:
    """The most memory seen, and the METEOR processes.

    Attributes:
        peak_bytes: of all processes together.
        meteor: process ids.
    """

    peak_bytes: int = 0
    meteor: set[int] = field(default_factory=set)


def run(
    *,
    sequences: int = SEQUENCES,
    seed: int = SEED,
    engines: Sequence[str] = tuple(ENGINES),
    progress: Callable[[int, int], None] | None = None,
) -> list[EvaluationCost]:
    """Write truth and predictions, and evaluate them with each engine.

    Args:
        sequences: how many.
        seed: of the first one.
        engines: of the tracking columns.
        progress: called with the steps done and to do.

    Returns:
        What each cost, in order.

    Raises:
        ValueError: no sequence, an evaluation that failed, or engines that differ.
    """
    if sequences < 1:
        raise ValueError(f"sequences is {sequences}; give at least 1")
    with tempfile.TemporaryDirectory() as folder:
        root, steps = Path(folder), sequences + len(engines)
        truths, costs = [], []
        for index in range(sequences):
            truths.append(_write(root, make_sequence(seed + index, "test"), np.random.default_rng([seed, index])))
            if progress is not None:
                progress(index + 1, steps)
        for place, engine in enumerate(engines):
            costs.append(_evaluate(root, truths, engine, engines[0]))
            if progress is not None:
                progress(sequences + place + 1, steps)
    return costs


def add_faults(
    sequence: SyntheticSequence, random: np.random.Generator
) -> tuple[list[Trajectory], list[Interaction], str]:
    """A run that gets much right.

    Boxes shake, some are missed, one track in ten is lost and one in ten switches its id half way, captions of two people
    are swapped now and then.

    Args:
        sequence: the truth.
        random: of the faults.

    Returns:
        Tracks, interactions and video caption.
    """
    captions = [track.caption for track in sequence.tracks]
    if random.random() < 0.3:
        captions = list(random.permutation(captions))
    tracks: list[Trajectory] = []
    for track, caption in zip(sequence.tracks, captions, strict=True):
        kept = random.random(len(track)) < 0.93
        if random.random() < 0.1 or not kept.any():
            continue
        size = np.tile(track.boxes[:, 2:] - track.boxes[:, :2], 2)
        boxes = track.boxes + random.normal(0, 0.04, track.boxes.shape) * size
        scores = random.uniform(0.3, 1.0, len(track))
        whole = Trajectory(len(tracks) + 1, track.frames[kept], boxes[kept], scores[kept], str(caption))
        cut = len(whole) // 2 if random.random() < 0.1 else 0
        for part in (slice(0, cut), slice(cut, None)):
            if len(whole.frames[part]):
                tracks.append(
                    Trajectory(
                        len(tracks) + 1, whole.frames[part], whole.boxes[part], whole.scores[part], whole.caption
                    )
                )
    ids = {track.id for track in tracks}
    edges = [edge for edge in sequence.interactions if {edge.subject, edge.object} <= ids]
    edges = [
        replace(edge, subject=edge.object, object=edge.subject) if random.random() < 0.2 else edge for edge in edges
    ]
    words = sequence.caption.split()
    return tracks, edges, " ".join(words[: max(3, int(len(words) * random.uniform(0.5, 1.0)))])


def _write(root: Path, sequence: SyntheticSequence, random: np.random.Generator) -> SyntheticSequence:
    """Truth and prediction in BenSMOT's files, the truth with its facts."""
    truth, prediction = root / "data/test" / sequence.name, root / "run" / sequence.name
    _write_files(truth, sequence.tracks, sequence.interactions, sequence.caption)
    write_files(truth, {FACTS_FILE: json.dumps(sequence.facts.to_dict())})
    _write_files(prediction, *add_faults(sequence, random))
    return sequence


def _write_files(folder: Path, tracks: Sequence[Trajectory], interactions: Sequence[Interaction], caption: str) -> None:
    ids = [track.id for track in tracks]
    edges = [(edge.subject, edge.verb, edge.object) for edge in interactions]
    names = [f"person{place}" for place in range(len(ids))]
    words = format_annotations(ids, names, [track.caption for track in tracks], edges, caption)
    write_files(folder, {BOXES_FILE: format_boxes(rows_of(tracks)), **words})


def _evaluate(root: Path, truths: Sequence[SyntheticSequence], engine: str, first: str) -> EvaluationCost:
    command = [sys.executable, "-m", "smot_vlm.cli.main", "evaluate", "--pred", str(root / "run"), "--engine", engine]
    command += ["--gt", str(root / "data"), "--protocol", "both", "--json", str(root / f"{engine}.json")]
    start, cpu = time.perf_counter(), _children_cpu()
    # To files, not pipes: nobody reads while the command runs.
    with (root / "said.txt").open("w") as said:
        process = psutil.Popen(command, stdout=said, stderr=said)
        with _watched(process) as seen:
            code = process.wait()
    seconds, cpu = time.perf_counter() - start, _children_cpu() - cpu
    if code:
        lines = (root / "said.txt").read_text(encoding="utf-8").strip().splitlines()
        raise ValueError(f"evaluating {len(truths)} sequences failed ({(lines or ['no message'])[-1]})")
    evaluations, others = (read_evaluations(root / f"{name}.json") for name in (engine, first))
    cells, difference = largest_difference(evaluations, others)
    if difference > TOLERANCE:
        raise ValueError(
            f"{engine} and {first} differ by {difference:.1e} in a cell; at most {TOLERANCE:.0e} is allowed"
        )
    tracks = [track for truth in truths for track in truth.tracks]
    return EvaluationCost(
        engine=engine,
        sequences=len(truths),
        tracks=len(tracks),
        boxes=sum(map(len, tracks)),
        words=sum(len(text.split()) for text in (*(track.caption for track in tracks), *(t.caption for t in truths))),
        seconds=seconds,
        cpu_seconds=cpu,
        peak_megabytes=seen.peak_bytes / 1e6,
        meteor_processes=len(seen.meteor),
        hota=evaluations[0].value("tracking/HOTA") or 0.0,
        meteor=evaluations[0].value("instance/METEOR"),
        cells=cells,
        largest_difference=difference,
    )


def largest_difference(evaluations: Sequence[Evaluation], others: Sequence[Evaluation]) -> tuple[int, float]:
    """Compare two evaluations of one run cell by cell.

    Args:
        evaluations: one record a protocol.
        others: the same protocols, columns and sequences.

    Returns:
        How many cells there are, and the largest difference; inf where only one of two cells has a value.
    """
    cells, largest = 0, 0.0
    for one, other in zip(evaluations, others, strict=True):
        for row, compared in zip((one.overall, *one.sequences), (other.overall, *other.sequences), strict=True):
            for cell, beside in zip(row.cells, compared.cells, strict=True):
                cells += 1
                if cell.value is not None and beside.value is not None:
                    largest = max(largest, abs(cell.value - beside.value))
                elif cell.value is not beside.value:
                    largest = float("inf")
    return cells, largest


def _children_cpu() -> float:
    """CPU seconds of all processes that this one started, and those that they started, once they have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _watched(process: psutil.Process) -> Iterator[Watched]:
    """Look at the process and all that it starts, until the block ends."""
    seen = Watched()

    def look() -> None:
        total = 0
        try:
            family = [process, *process.children(recursive=True)]
        except psutil.Error:
            return
        for member in family:
            try:
                total += member.memory_info().rss
                if METEOR_MARK in " ".join(member.cmdline()[:8]) and "java" in member.name():
                    seen.meteor.add(member.pid)
            except psutil.Error:
                continue
        seen.peak_bytes = max(seen.peak_bytes, total)

    with polling(look, WATCH_SECONDS):
        yield seen
