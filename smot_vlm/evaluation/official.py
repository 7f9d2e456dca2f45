"""The `official` protocol: the paper's numbers as the released SMOTer code computes them, oddities kept.

Boxes with score 0.4 or less, then tracks with fewer than 5 boxes, are dropped. Words are scored on predicted tracks
that were matched (mean IoU above 0.2, several to one), so a missed track costs nothing and a doubled one counts twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from smot_vlm.evaluation import caption_measures
from smot_vlm.evaluation.caption_rows import CaptionRows, predicted_track_rows, video_rows
from smot_vlm.evaluation.frame_boxes import layout_of
from smot_vlm.evaluation.matching import match_many_to_one
from smot_vlm.evaluation.official_caption_measures import (
    BLEU_TERMS,
    character_bleu,
    character_bleu_statistics,
    nltk_meteor,
    released_words,
)
from smot_vlm.evaluation.official_interactions import relations_part
from smot_vlm.evaluation.results import Column, Part
from smot_vlm.evaluation.sequence_pairs import Pair, SequencePrediction
from smot_vlm.evaluation.tracking import DEFAULT_ENGINE, tracking_part
from smot_vlm.formats.mot import MotRows
from smot_vlm.structures import Trajectory

# Gives, for each predicted track that speaks, its true one.
Match = Callable[[Sequence[Trajectory], Sequence[Trajectory]], dict[int, int]]

BOX_SCORE = 0.4
MINIMUM_BOXES = 5
CAPTION_COLUMNS = ("BLEU", "METEOR", "ROUGE", "CIDEr")
NOTES = (
    f"boxes with score of at most {BOX_SCORE} and tracks with fewer than {MINIMUM_BOXES} boxes are dropped",
    "instance captions: predicted tracks matched to a true one (mean IoU > 0.2, several to one); a miss costs nothing",
    "BLEU counts characters (NLTK corpus BLEU-4 on strings); METEOR is NLTK's; ROUGE-L and CIDEr without a tokenizer",
    "interactions: score > 0.4, only ordered pairs of matched tracks that interact in the ground truth",
)


def official_parts(
    pairs: Sequence[Pair],
    progress: Callable[[str], None],
    engine: str = DEFAULT_ENGINE,
    *,
    match: Match = match_many_to_one,
    words: Callable[[str], list[str]] = released_words,
    in_video: Callable[[Pair], Pair] = lambda pair: pair,
) -> list[Part]:
    """All columns of the protocol, or of one that is a changed copy of it.

    Args:
        pairs: the sequences.
        progress: called with the name of each stage.
        engine: of the tracking columns.
        match: which true track each predicted one speaks for.
        words: cuts an instance caption into METEOR's words.
        in_video: a pair as its video caption is scored.

    Returns:
        Tracks, instance captions, video captions, interactions.
    """
    pairs = [replace(pair, prediction=filter_prediction(pair.prediction)) for pair in pairs]
    progress("tracks")
    parts = [tracking_part([layout_of(pair) for pair in pairs], engine)]
    matches = [match(pair.truth.tracks, pair.prediction.tracks) for pair in pairs]
    progress("instance captions")
    parts.append(caption_part("instance", predicted_track_rows(pairs, matches), len(pairs), words))
    progress("video captions")
    parts.append(caption_part("video", video_rows([in_video(pair) for pair in pairs]), len(pairs)))
    progress("interactions")
    parts.append(relations_part(pairs, matches))
    return parts


def official_tracks(pairs: Sequence[Pair], engine: str = DEFAULT_ENGINE) -> list[Part]:
    """The columns of trajectories alone.

    Args:
        pairs: the sequences.
        engine: of the tracking columns.

    Returns:
        One part.
    """
    pairs = [replace(pair, prediction=filter_prediction(pair.prediction)) for pair in pairs]
    return [tracking_part([layout_of(pair) for pair in pairs], engine)]


def filter_prediction(prediction: SequencePrediction) -> SequencePrediction:
    """Drop boxes with low scores, then short tracks, and interactions of the dropped ones.

    Args:
        prediction: of one sequence.

    Returns:
        What is left.
    """
    tracks = [_confident(track) for track in prediction.tracks]
    tracks = [track for track in tracks if len(track) >= MINIMUM_BOXES]
    ids = {track.id for track in tracks}
    rows = prediction.rows
    if rows is not None:
        kept = (rows.scores > BOX_SCORE) & np.isin(rows.ids, list(ids))
        rows = MotRows(rows.frames[kept], rows.ids[kept], rows.boxes[kept], rows.scores[kept])
    interactions = tuple(edge for edge in prediction.interactions if {edge.subject, edge.object} <= ids)
    return replace(prediction, tracks=tuple(tracks), interactions=interactions, rows=rows)


def caption_part(group: str, rows: CaptionRows, total: int, words: Callable[[str], list[str]] = released_words) -> Part:
    """BLEU, METEOR, ROUGE and CIDEr.

    Args:
        group: of the columns, "instance" or "video".
        rows: the captions.
        total: number of sequences that they belong to.
        words: cuts a caption into METEOR's words.

    Returns:
        Four columns.
    """
    columns = tuple(Column(group, name) for name in CAPTION_COLUMNS)
    bleu_sums = np.zeros((total, BLEU_TERMS))
    np.add.at(bleu_sums, rows.sequences, character_bleu_statistics(rows.references, rows.predictions))
    missing = dict.fromkeys(CAPTION_COLUMNS, "no caption to compare with")
    try:
        meteor = nltk_meteor(rows.references, rows.predictions, words)
    except FileNotFoundError as error:
        meteor = np.full(len(rows), np.nan)
        missing["METEOR"] = str(error)
    rouge = caption_measures.rouge_l(rows.references, rows.predictions)
    cider = caption_measures.cider(rows.references, rows.predictions)

    def score(weights: np.ndarray) -> np.ndarray:
        counts = weights[rows.sequences]
        if not counts.sum():
            return np.full(len(columns), np.nan)
        means = [counts @ single / counts.sum() for single in (meteor, rouge, cider)]
        return np.array([character_bleu(weights @ bleu_sums), *means])

    return Part(columns, score, missing)


def _confident(track: Trajectory) -> Trajectory:
    kept = track.scores > BOX_SCORE
    if kept.all():
        return track
    return replace(track, frames=track.frames[kept], boxes=track.boxes[kept], scores=track.scores[kept])
