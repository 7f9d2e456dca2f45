"""From which probability a verb is reported: set verb by verb where F1 is best on sequences that were not trained on."""

from collections.abc import Sequence

import numpy as np

from smot_vlm.config import Config
from smot_vlm.data.sequences import AnnotatedSequence
from smot_vlm.evaluation.matching import match_one_to_one
from smot_vlm.models.smot import SmotModel
from smot_vlm.structures import Description
from smot_vlm.structures.open_annotations import INTERACTIONS
from smot_vlm.training.validation import describe_each
from smot_vlm.verbs import NUM_VERBS, verb


def calibrate(model: SmotModel, config: Config, sequences: Sequence[AnnotatedSequence]) -> None:
    """Set the thresholds of the model's verbs on sequences that it was not trained on.

    Boxes, tracks and scores are the model's own, as at inference.

    Args:
        model: trained.
        config: its configuration.
        sequences: with interactions; those that may have others than they list are left out. Without any, the thresholds
            stay.
    """
    sequences = [sequence for sequence in sequences if INTERACTIONS not in sequence.unknown]
    if not sequences:
        return
    head = model.interaction_head
    kept = head.thresholds.clone()
    # Every verb of every pair is reported, with its score.
    head.thresholds.fill_(-1.0)
    tables = [
        score_table(sequence, said)
        for sequence, said in zip(sequences, describe_each(model, config, sequences, words=False), strict=True)
    ]
    head.thresholds.copy_(kept)
    head.calibrate(np.concatenate([scores for scores, _ in tables]), np.concatenate([labels for _, labels in tables]))


def score_table(sequence: AnnotatedSequence, said: Description) -> tuple[np.ndarray, np.ndarray]:
    """Scores (pairs, verbs) of all pairs of people in a description that reports every verb, and what is true of them.

    A true interaction whose people were not found has no row.

    Args:
        sequence: the truth.
        said: a description that reports every verb.

    Returns:
        Scores (pairs, verbs) and labels (pairs, verbs).
    """
    match = match_one_to_one(sequence.tracks, said.tracks)
    true = {(edge.subject, edge.object, verb(edge.verb).id) for edge in sequence.interactions}
    pairs = sorted({(edge.subject, edge.object) for edge in said.interactions})
    row = {pair: index for index, pair in enumerate(pairs)}
    scores, labels = np.zeros((len(pairs), NUM_VERBS)), np.zeros((len(pairs), NUM_VERBS), dtype=bool)
    for edge in said.interactions:
        place = row[edge.subject, edge.object], verb(edge.verb).id
        scores[place] = edge.score
        labels[place] = (match.get(edge.subject), match.get(edge.object), place[1]) in true
    return scores, labels
