"""Evaluate a run: predictions and ground truth in, one record with every column out."""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from smot_vlm.evaluation import captionformer, official
from smot_vlm.evaluation.bootstrap import resample
from smot_vlm.evaluation.cost_columns import cost_notes, cost_parts
from smot_vlm.evaluation.results import PROTOCOLS, Cell, Column, Evaluation, Part, Row, VerbScore
from smot_vlm.evaluation.sequence_pairs import MISSING_FIELDS, Pair, SequencePrediction, SequenceTruth
from smot_vlm.evaluation.strict import NOTES as STRICT_NOTES
from smot_vlm.evaluation.strict import strict_parts, strict_tracks
from smot_vlm.evaluation.strict_interactions import verb_scores
from smot_vlm.evaluation.tracking import DEFAULT_ENGINE, ENGINES
from smot_vlm.language.fact_records import FactReader
from smot_vlm.semantics.sentence_embeddings import DEFAULT_ENCODER

Named = TypeVar("Named", SequenceTruth, SequencePrediction)

logger = logging.getLogger(__name__)


def evaluate(
    predictions: Iterable[SequencePrediction],
    truths: Iterable[SequenceTruth],
    protocol: str = "strict",
    *,
    run: str = "run",
    bootstrap: int = 0,
    seed: int = 0,
    encoder: str = DEFAULT_ENCODER,
    device: str = "cpu",
    tracks_only: bool = False,
    read_facts: FactReader | None = None,
    engine: str = DEFAULT_ENGINE,
    progress: Callable[[str], None] = logger.info,
) -> Evaluation:
    """Score a run.

    Args:
        predictions: in any order; a sequence without one is listed as missing and scores as empty.
        truths: the ground truth.
        protocol: "strict" (every true and every predicted track counts), "official" (as the paper's numbers) or
            "captionformer" (as CaptionFormer's).
        run: its name in tables.
        bootstrap: resamples of the sequences for 95 % intervals, 0 for none; CIDEr's document frequencies stay those
            of the whole set.
        seed: of the resamples.
        encoder: of the sentence similarity (strict).
        device: of the encoder.
        tracks_only: score trajectories alone, which takes seconds and neither Java nor an encoder.
        read_facts: finds the facts in a caption, for data with facts (strict); None: no columns of facts.
        engine: of the tracking columns, "motrics" or "trackeval" (slower, the same numbers).
        progress: called with the name of each stage.

    Returns:
        Every column, of the whole set and of each sequence.

    Raises:
        ValueError: another protocol or engine, no ground truth, a sequence twice, a prediction of an unknown sequence, a box
            beyond the end of its sequence.
        ImportError: an evaluation package is missing; the message names the extra.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"protocol is {protocol!r}; it takes {' or '.join(PROTOCOLS)}")
    if engine not in ENGINES:
        raise ValueError(f"engine is {engine!r}; it takes {' or '.join(ENGINES)}")
    if bootstrap < 0:
        raise ValueError(f"bootstrap is {bootstrap}; give the number of resamples, 0 for none")
    pairs = pair_up(predictions, truths)
    parts: Sequence[Part]
    verbs: tuple[VerbScore, ...] = ()
    notes: tuple[str, ...] = official.NOTES
    if tracks_only:
        parts, notes = _tracks_alone(pairs, protocol, progress, engine)
    elif protocol == "strict":
        strict = strict_parts(pairs, progress, encoder, device, read_facts, engine)
        parts = strict.parts
        verbs, notes = verb_scores(strict.triplets, len(pairs)), strict.notes
    elif protocol == "official":
        parts = official.official_parts(pairs, progress, engine)
    else:
        parts, notes = captionformer.captionformer_parts(pairs, progress, engine), captionformer.NOTES
    parts, notes = [*parts, *cost_parts(pairs)], (*notes, *cost_notes(pairs))
    columns = tuple(column for part in parts for column in part.columns)
    progress("tables")
    intervals = resample(parts, len(pairs), bootstrap, seed)
    return Evaluation(
        run,
        protocol,
        columns,
        _overall(parts, intervals, len(pairs)),
        tuple(_row(pair.truth.name, parts, np.eye(1, len(pairs), row)[0]) for row, pair in enumerate(pairs)),
        verbs,
        tuple(_missing(pairs, MISSING_FIELDS[:1] if tracks_only else MISSING_FIELDS)),
        notes,
        bootstrap,
        seed,
    )


def pair_up(predictions: Iterable[SequencePrediction], truths: Iterable[SequenceTruth]) -> list[Pair]:
    """Each sequence of the ground truth with its prediction.

    Args:
        predictions: in any order.
        truths: the ground truth.

    Returns:
        In the order of the ground truth.

    Raises:
        ValueError: no ground truth, a sequence twice, a prediction of an unknown sequence.
    """
    truth = _by_name(truths, "ground truth")
    if not truth:
        raise ValueError("the ground truth has no sequence; give a data set with at least one")
    predicted = _by_name(predictions, "predictions")
    unknown = sorted(predicted.keys() - truth.keys())
    if unknown:
        raise ValueError(
            f"predictions of {len(unknown)} unknown sequences, first {unknown[0]!r}; "
            f"the ground truth has {len(truth)}, first {next(iter(truth))!r}"
        )
    if not any(len(sequence.tracks) for sequence in truth.values()):
        raise ValueError(f"the ground truth has no track in any of its {len(truth)} sequences; nothing can be scored")
    return [
        Pair(sequence, predicted.get(name, SequencePrediction(name, missing=MISSING_FIELDS)))
        for name, sequence in truth.items()
    ]


def _by_name(sequences: Iterable[Named], what: str) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for sequence in sequences:
        if sequence.name in found:
            raise ValueError(f"sequence {sequence.name!r} is twice in the {what}; give each once")
        found[sequence.name] = sequence
    return found


def _overall(parts: Sequence[Part], intervals: np.ndarray | None, sequences: int) -> Row:
    row = _row("all", parts, np.ones(sequences))
    if intervals is None:
        return row
    cells = [
        cell
        if cell.value is None or not np.isfinite(interval).all()
        else Cell(cell.value, cell.note, *map(float, interval))
        for cell, interval in zip(row.cells, intervals, strict=True)
    ]
    return Row(row.name, tuple(cells))


def _row(name: str, parts: Sequence[Part], weights: np.ndarray) -> Row:
    cells = []
    for part in parts:
        for column, value in zip(part.columns, part.score(weights), strict=True):
            cells.append(_cell(column, float(value), part))
    return Row(name, tuple(cells))


def _cell(column: Column, value: float, part: Part) -> Cell:
    if np.isnan(value):
        return Cell(None, part.missing.get(column.name, "nothing to measure"))
    return Cell(value)


def _tracks_alone(
    pairs: Sequence[Pair], protocol: str, progress: Callable[[str], None], engine: str
) -> tuple[Sequence[Part], tuple[str, ...]]:
    """The protocol's columns of trajectories, and its notes on them."""
    progress("tracks")
    if protocol == "strict":
        return strict_tracks(pairs, engine), STRICT_NOTES[:1]
    return official.official_tracks(pairs, engine), official.NOTES[:1]


def _missing(pairs: Sequence[Pair], counted: Sequence[str]) -> list[str]:
    lines = []
    for pair in pairs:
        fields = [field for field in pair.prediction.missing if field in counted]
        if set(pair.prediction.missing) == set(MISSING_FIELDS):
            lines.append(f"{pair.truth.name}: no prediction")
        elif fields:
            lines.append(f"{pair.truth.name}: no {', no '.join(fields)}")
    return lines
