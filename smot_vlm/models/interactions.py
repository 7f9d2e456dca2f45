"""From scores of verbs to interactions, and from interactions to what a prompt tells of them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from smot_vlm.config import InteractionConfig
from smot_vlm.models.verb_set import VerbSet
from smot_vlm.semantics.context import Relation
from smot_vlm.semantics.pairs import candidate_pairs
from smot_vlm.structures import Interaction, Trajectory


def find_interactions(
    verbs: VerbSet, fused: Any, tracks: Sequence[Trajectory], settings: InteractionConfig, device: torch.device
) -> tuple[Interaction, ...]:
    """Score the verbs of all pairs who come near each other.

    Args:
        verbs: what is looked for.
        fused: of `fuse_memory`, a row a track.
        tracks: the people.
        settings: how many pairs are asked about, and how near they must come.
        device: of the model.

    Returns:
        Those above their threshold, by subject and object, likeliest first.
    """
    max_gap = math.inf if settings.max_gap is None else settings.max_gap
    pairs = candidate_pairs(tracks, settings.max_pairs, max_gap)
    if len(pairs) == 0:
        return ()
    scores = verbs.score(fused, torch.as_tensor(pairs, device=device)).sigmoid().cpu().numpy()
    found = np.argwhere(scores > verbs.thresholds.cpu().numpy())
    edges = [
        Interaction(tracks[pairs[row, 0]].id, verbs.labels[verb], tracks[pairs[row, 1]].id, float(scores[row, verb]))
        for row, verb in found
    ]
    return tuple(sorted(edges, key=lambda edge: (edge.subject, edge.object, -edge.score)))


def relations_of(interactions: Sequence[Interaction], tracks: Sequence[Trajectory], verbs: VerbSet) -> list[Relation]:
    """The interactions as a prompt tells them: by position, in plain words, likeliest first.

    Args:
        interactions: between ids of `tracks`.
        tracks: the people.
        verbs: gives the words.
    """
    rows = {track.id: row for row, track in enumerate(tracks)}
    words = dict(zip(verbs.labels, verbs.words, strict=True))
    likeliest = sorted(interactions, key=lambda edge: -edge.score)
    return [Relation(rows[edge.subject], words[edge.verb], rows[edge.object]) for edge in likeliest]
