"""From scores of verbs to interactions, and from interactions to what a prompt tells of them."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from smot_vlm.config import InteractionConfig
from smot_vlm.language.sightings import WEAKEST
from smot_vlm.models.moments import Moments
from smot_vlm.models.verb_set import VerbSet
from smot_vlm.models.verb_times import with_spans
from smot_vlm.semantics.context import Relation
from smot_vlm.semantics.pairs import candidate_pairs
from smot_vlm.structures import Interaction, Trajectory, VideoInfo


@dataclass(frozen=True)
class FoundInteractions:
    """What was found between people, by subject and object, likeliest first.

    Attributes:
        certain: above their thresholds.
        possible: below, from WEAKEST on.
        moments: (subject id, object id) -> every verb at the subject's observations, of pairs with an interaction.
    """

    certain: tuple[Interaction, ...] = ()
    possible: tuple[Interaction, ...] = ()
    moments: Mapping[tuple[int, int], Moments] = field(default_factory=dict)

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
        return replace(self, certain=certain, possible=possible)


def find_interactions(
    verbs: VerbSet,
    fused: Any,
    tracks: Sequence[Trajectory],
    settings: InteractionConfig,
    device: torch.device,
    video: VideoInfo,
) -> FoundInteractions:
    """Score the verbs of all pairs who come near each other, and find when they do what was found.

    Args:
        verbs: what is looked for.
        fused: of `fuse_memory`, a row a track.
        tracks: the people.
        settings: how many pairs are asked about, and how near they must come.
        device: of the model.
        video: gives the times of frames.

    Returns:
        Those above their threshold, and those that count where they are confirmed.
    """
    max_gap = math.inf if settings.max_gap is None else settings.max_gap
    pairs = candidate_pairs(tracks, settings.max_pairs, max_gap)
    if len(pairs) == 0:
        return FoundInteractions()
    scores = verbs.score(fused, torch.as_tensor(pairs, device=device)).float().sigmoid().cpu().numpy()
    thresholds = verbs.thresholds.cpu().numpy()
    lowest = np.minimum(thresholds, WEAKEST)
    found = np.argwhere((scores > thresholds) | (scores >= WEAKEST))
    rows = np.unique(found[:, 0])
    moments = verbs.moments(fused, torch.as_tensor(pairs[rows], device=device)) if len(rows) else []
    moments_of = dict(zip(rows.tolist(), moments, strict=False))
    ids = {row: (tracks[pairs[row, 0]].id, tracks[pairs[row, 1]].id) for row in moments_of}
    certain: list[Interaction] = []
    possible: list[Interaction] = []
    for row, verb in found.tolist():
        subject, target = (tracks[place] for place in pairs[row])
        edge = Interaction(subject.id, verbs.labels[verb], target.id, float(scores[row, verb]))
        is_certain = scores[row, verb] > thresholds[verb]
        if row in moments_of:
            threshold = thresholds[verb] if is_certain else lowest[verb]
            edge = with_spans(edge, moments_of[row], verb, float(threshold), subject, target, video)
        (certain if is_certain else possible).append(edge)
    moments_by_pair = {ids[row]: seen for row, seen in moments_of.items()}
    return FoundInteractions(_ordered(certain), _ordered(possible), moments_by_pair)


def _ordered(edges: Sequence[Interaction]) -> tuple[Interaction, ...]:
    """By subject and object, likeliest first."""
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
