"""From scores of verbs to interactions, and from interactions to what a prompt tells of them."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from smot_vlm.config import InteractionConfig
from smot_vlm.models.verb_set import VerbSet
from smot_vlm.semantics.context import Relation
from smot_vlm.semantics.pairs import candidate_pairs
from smot_vlm.structures import Interaction, Trajectory

# Below a verb's own threshold an interaction counts from this probability on, where a caption tells of it. Chosen on 60
# drawn videos (best F1 of verbs; 0.40 to 0.46 do as well).
CONFIRMABLE = 0.45


@dataclass(frozen=True)
class FoundInteractions:
    """What was found between people, by subject and object, likeliest first.

    Attributes:
        certain: above their thresholds.
        possible: below, from CONFIRMABLE on.
    """

    certain: tuple[Interaction, ...] = ()
    possible: tuple[Interaction, ...] = ()

    def between(self, ids: Collection[int]) -> "FoundInteractions":
        """Those between some people.

        Args:
            ids: of the people.

        Returns:
            The interactions whose subject and object are among them.
        """
        certain, possible = (
            tuple(edge for edge in edges if edge.subject in ids and edge.object in ids)
            for edges in (self.certain, self.possible)
        )
        return FoundInteractions(certain, possible)


def find_interactions(
    verbs: VerbSet, fused: Any, tracks: Sequence[Trajectory], settings: InteractionConfig, device: torch.device
) -> FoundInteractions:
    """Score the verbs of all pairs who come near each other.

    Args:
        verbs: what is looked for.
        fused: of `fuse_memory`, a row a track.
        tracks: the people.
        settings: how many pairs are asked about, and how near they must come.
        device: of the model.

    Returns:
        Those above their threshold, and those that count where they are confirmed.
    """
    max_gap = math.inf if settings.max_gap is None else settings.max_gap
    pairs = candidate_pairs(tracks, settings.max_pairs, max_gap)
    if len(pairs) == 0:
        return FoundInteractions()
    scores = verbs.score(fused, torch.as_tensor(pairs, device=device)).sigmoid().cpu().numpy()
    certain = scores > verbs.thresholds.cpu().numpy()

    def edges(chosen: np.ndarray) -> tuple[Interaction, ...]:
        found = [
            Interaction(
                tracks[pairs[row, 0]].id, verbs.labels[verb], tracks[pairs[row, 1]].id, float(scores[row, verb])
            )
            for row, verb in np.argwhere(chosen)
        ]
        return tuple(sorted(found, key=lambda edge: (edge.subject, edge.object, -edge.score)))

    return FoundInteractions(edges(certain), edges(~certain & (scores >= CONFIRMABLE)))


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
