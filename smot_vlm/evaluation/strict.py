"""The `strict` protocol, ours and the default: every true track and every predicted one counts.

Tracks are matched one to one (spatio-temporal IoU of at least 0.5). Instance captions are scored over all true tracks:
one that was missed has an empty caption, which scores 0. An extra track lowers the precision of the tracks, of the
captions and of the interactions.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from smot_vlm.evaluation import caption_measures
from smot_vlm.evaluation.caption_rows import CaptionRows, true_track_rows, video_rows
from smot_vlm.evaluation.caption_statistics import CaptionStatistics, collect_statistics
from smot_vlm.evaluation.caption_times import segments_notes, segments_parts
from smot_vlm.evaluation.chota import COLUMNS as CHOTA_COLUMNS
from smot_vlm.evaluation.chota import chota_part, matched_boxes
from smot_vlm.evaluation.fact_columns import facts_notes, facts_parts
from smot_vlm.evaluation.frame_boxes import FrameBoxes, layout_of
from smot_vlm.evaluation.matching import match_one_to_one
from smot_vlm.evaluation.people_fact_columns import people_notes, people_parts
from smot_vlm.evaluation.results import Column, Part, empty_part, precision_recall_f1, sum_part
from smot_vlm.evaluation.sequence_pairs import Pair
from smot_vlm.evaluation.similarity import sentence_similarity
from smot_vlm.evaluation.strict_interactions import Triplets, collect_triplets, interactions_part
from smot_vlm.evaluation.temporal import spans_notes, spans_parts
from smot_vlm.evaluation.tracking import DEFAULT_ENGINE, tracking_part
from smot_vlm.evaluation.verb_tiers import NOTE as TIERS_NOTE
from smot_vlm.evaluation.verb_tiers import tiers_part
from smot_vlm.language.fact_records import FactReader
from smot_vlm.semantics.sentence_embeddings import DEFAULT_ENCODER

CAPTION_COLUMNS = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr", "similarity")
TRACK_COLUMNS = tuple(Column("tracks", name) for name in ("precision", "recall", "F1"))
QUALITY_COLUMNS = tuple(Column("instance", f"caption {name}") for name in ("precision", "recall", "F1"))
NOTES = (
    "tracks matched one to one by spatio-temporal IoU of at least 0.5; a missed true track has an empty caption",
    "tokens, BLEU, METEOR 1.5, ROUGE-L and CIDEr as pycocoevalcap; BLEU and METEOR over the set, the others means",
    "caption precision, recall, F1: mean of METEOR and ROUGE-L of matched tracks, over predicted and over true tracks",
    "CapA: mean of METEOR and ROUGE-L over the boxes that HOTA matches; CHOTA = (DetA AssA CapA)^(1/3)",
    "interactions: every listed triplet, over all ordered pairs; unmatched true ones are misses, extra ones false",
    TIERS_NOTE,
)


@dataclass(frozen=True, eq=False)
class StrictParts:
    """All columns of the protocol.

    Attributes:
        parts: the columns.
        triplets: the judged triplets behind the scores of single verbs.
        notes: how it was done.
    """

    parts: tuple[Part, ...]
    triplets: Triplets
    notes: tuple[str, ...]


def strict_parts(
    pairs: Sequence[Pair],
    progress: Callable[[str], None],
    encoder: str = DEFAULT_ENCODER,
    device: str = "cpu",
    read_facts: FactReader | None = None,
    engine: str = DEFAULT_ENGINE,
) -> StrictParts:
    """All columns of the protocol.

    Args:
        pairs: the sequences.
        progress: called with the name of each stage.
        encoder: of the sentence similarity.
        device: of the encoder.
        read_facts: finds the facts in a caption; None: no columns of facts.
        engine: of the tracking columns.

    Returns:
        Columns, triplets and notes.
    """
    progress("tracks")
    layouts = [layout_of(pair) for pair in pairs]
    matches = [match_one_to_one(pair.truth.tracks, pair.prediction.tracks) for pair in pairs]
    parts = [tracking_part(layouts, engine), _tracks_part(pairs, matches)]
    progress("captions")
    instance, video = true_track_rows(pairs, matches), video_rows(pairs)
    boxes = [matched_boxes(layout) for layout in layouts]
    alike = [_overlapping(*items) for items in zip(pairs, layouts, boxes, strict=True)]
    compared: list[CaptionRows | _Overlapping] = [instance, video, *alike]
    with ThreadPoolExecutor(1) as beside:
        # Java counts on one core while the encoder computes on the other.
        counting = beside.submit(collect_statistics, [(rows.references, rows.predictions) for rows in compared])
        similarity = _similarity((instance, video), encoder, device)
        statistics = counting.result()
    parts.append(_caption_part("instance", instance, statistics, similarity[0], len(pairs)))
    parts.append(_quality_part(pairs, matches, instance, statistics))
    parts.append(_caption_part("video", video, statistics, similarity[1], len(pairs)))
    progress("CHOTA")
    parts.append(_chota(layouts, boxes, alike, instance, statistics))
    progress("interactions")
    triplets = collect_triplets(pairs, matches)
    parts += [interactions_part(triplets), tiers_part(pairs, matches)]
    notes = [*NOTES, *statistics.notes]
    parts += [*spans_parts(pairs, matches), *segments_parts(pairs, matches)]
    notes += [*spans_notes(pairs, matches), *segments_notes(pairs, matches)]
    if read_facts is not None:
        parts += facts_parts(pairs, matches, read_facts)
        notes += facts_notes(pairs, matches, read_facts)
    parts += people_parts(pairs, matches)
    notes += people_notes(pairs, matches)
    return StrictParts(tuple(parts), triplets, tuple(notes))


def strict_tracks(pairs: Sequence[Pair], engine: str = DEFAULT_ENGINE) -> list[Part]:
    """The columns of trajectories alone.

    Args:
        pairs: the sequences.
        engine: of the tracking columns.

    Returns:
        Two parts.
    """
    matches = [match_one_to_one(pair.truth.tracks, pair.prediction.tracks) for pair in pairs]
    return [tracking_part([layout_of(pair) for pair in pairs], engine), _tracks_part(pairs, matches)]


@dataclass(frozen=True, eq=False)
class _Overlapping:
    """Pairs of tracks of one sequence that share a matched box: rows, columns of the layout, and their captions."""

    rows: np.ndarray
    columns: np.ndarray
    references: tuple[str, ...]
    predictions: tuple[str, ...]


def _overlapping(pair: Pair, layout: FrameBoxes, boxes: np.ndarray) -> _Overlapping:
    predicted = {track.id: track.caption for track in pair.prediction.tracks}
    true = {track.id: track.caption for track in pair.truth.tracks}
    # HOTA's lowest threshold keeps every pair that a higher one keeps.
    rows, columns = np.nonzero(boxes[0])
    captioned = np.array([bool(true[int(layout.truth_ids[row])]) for row in rows], dtype=bool)
    rows, columns = rows[captioned], columns[captioned]
    return _Overlapping(
        rows,
        columns,
        tuple(true[int(layout.truth_ids[row])] for row in rows),
        tuple(predicted[int(layout.predicted_ids[column])] for column in columns),
    )


def _tracks_part(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]]) -> Part:
    sums = [
        (len(match), len(pair.prediction.tracks), len(pair.truth.tracks))
        for pair, match in zip(pairs, matches, strict=True)
    ]
    return sum_part(TRACK_COLUMNS, np.array(sums, dtype=np.float64), lambda total: precision_recall_f1(*total))


def _similarity(tables: Sequence[CaptionRows], encoder: str, device: str) -> list["_Single"]:
    """Sentence similarity of the rows of each table, with the encoder loaded once."""
    references = [text for rows in tables for text in rows.references]
    predictions = [text for rows in tables for text in rows.predictions]
    try:
        scores, reason = sentence_similarity(references, predictions, encoder, device), ""
    except (FileNotFoundError, ImportError) as error:
        scores, reason = np.full(len(references), np.nan), str(error)
    cuts = np.cumsum([len(rows) for rows in tables])[:-1]
    return [_Single(part, reason) for part in np.split(scores, cuts)]


@dataclass(frozen=True, eq=False)
class _Single:
    """A measure of single captions, (rows,), NaN for `reason`."""

    scores: np.ndarray
    reason: str


def _caption_part(
    group: str, rows: CaptionRows, statistics: CaptionStatistics, similarity: _Single, total: int
) -> Part:
    """Eight columns of captions that belong to `total` sequences."""
    columns = tuple(Column(group, name) for name in CAPTION_COLUMNS)
    references, predictions = statistics.lines(rows.references), statistics.lines(rows.predictions)
    bleu_sums = np.zeros((total, caption_measures.BLEU_TERMS))
    np.add.at(bleu_sums, rows.sequences, caption_measures.bleu_statistics(references, predictions))
    meteor_sums = np.zeros((total, caption_measures.METEOR_TERMS))
    np.add.at(meteor_sums, rows.sequences, statistics.meteor_rows(rows.references, rows.predictions))
    rouge = statistics.rouge(rows.references, rows.predictions)
    cider = caption_measures.cider(references, predictions)

    def score(weights: np.ndarray) -> np.ndarray:
        counts = weights[rows.sequences]
        if not counts.sum():
            return np.full(len(columns), np.nan)
        means = [counts @ single / counts.sum() for single in (rouge, cider, similarity.scores)]
        meteor = float(caption_measures.meteor(weights @ meteor_sums))
        return np.array([*caption_measures.bleu(weights @ bleu_sums), meteor, *means])

    missing = dict.fromkeys(CAPTION_COLUMNS, "no caption in the ground truth")
    if len(rows):
        missing |= {"METEOR": statistics.reason, "similarity": similarity.reason}
    return Part(columns, score, missing)


def _quality_part(
    pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]], instance: CaptionRows, statistics: CaptionStatistics
) -> Part:
    """Caption quality summed over matched tracks, over predicted tracks and over true ones."""
    if statistics.reason:
        return empty_part(QUALITY_COLUMNS, statistics.reason)
    sums = np.zeros((len(pairs), 3))
    np.add.at(sums[:, 0], instance.sequences, statistics.quality(instance.references, instance.predictions))
    for row, (pair, match) in enumerate(zip(pairs, matches, strict=True)):
        captioned = {track.id for track in pair.truth.tracks if track.caption}
        # A track matched to a person that has no true caption can be neither right nor wrong in words.
        sums[row, 1] = sum(
            match.get(track.id) in captioned or track.id not in match for track in pair.prediction.tracks
        )
        sums[row, 2] = len(captioned)
    return sum_part(QUALITY_COLUMNS, sums, lambda total: precision_recall_f1(*total))


def _chota(
    layouts: Sequence[FrameBoxes],
    boxes: Sequence[np.ndarray],
    alike: Sequence[_Overlapping],
    instance: CaptionRows,
    statistics: CaptionStatistics,
) -> Part:
    if statistics.reason:
        return empty_part(CHOTA_COLUMNS, statistics.reason)
    if not len(instance):
        return empty_part(CHOTA_COLUMNS, "no caption in the ground truth")
    quality = []
    for counts, overlap in zip(boxes, alike, strict=True):
        table = np.full(counts.shape[1:], np.nan)
        table[overlap.rows, overlap.columns] = statistics.quality(overlap.references, overlap.predictions)
        quality.append(table)
    return chota_part(layouts, boxes, quality)
