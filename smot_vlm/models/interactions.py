"""From scores of verbs to interactions, and from interactions to what a prompt tells of them."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from smot_vlm.config import InteractionConfig
from smot_vlm.models.moments import Moments
from smot_vlm.models.verb_set import VerbSet
from smot_vlm.models.verb_times import with_spans
from smot_vlm.semantics.context import Relation
from smot_vlm.semantics.pairs import candidate_pairs
from smot_vlm.structures import Interaction, Trajectory, VideoInfo


class Found(NamedTuple):
    """What was found between people.

    Attributes:
        edges: the interactions.
        moments: (subject id, object id) -> every verb at the subject's observations, of pairs with an interaction.
    """

    edges: tuple[Interaction, ...]
    moments: dict[tuple[int, int], Moments]


def find_interactions(
    verbs: VerbSet,
    fused: Any,
    tracks: Sequence[Trajectory],
    settings: InteractionConfig,
    device: torch.device,
    video: VideoInfo,
) -> Found:
    """Score the verbs of all pairs who come near each other, and find when they do what was found.

    Args:
        verbs: what is looked for.
        fused: of `fuse_memory`, a row a track.
        tracks: the people.
        settings: how many pairs are asked about, and how near they must come.
        device: of the model.
        video: gives the times of frames.

    Returns:
        Those above their threshold, by subject and object, likeliest first, and what they were timed by.
    """
    max_gap = math.inf if settings.max_gap is None else settings.max_gap
    pairs = candidate_pairs(tracks, settings.max_pairs, max_gap)
    if len(pairs) == 0:
        return Found((), {})
    scores = verbs.score(fused, torch.as_tensor(pairs, device=device)).sigmoid().cpu().numpy()
    thresholds = verbs.thresholds.cpu().numpy()
    found = np.argwhere(scores > thresholds)
    rows = np.unique(found[:, 0])
    moments = verbs.moments(fused, torch.as_tensor(pairs[rows], device=device)) if len(rows) else []
    moments_of = dict(zip(rows.tolist(), moments, strict=False))
    ids = {row: (tracks[pairs[row, 0]].id, tracks[pairs[row, 1]].id) for row in moments_of}
    edges = []
    for row, verb in found.tolist():
        subject, target = (tracks[place] for place in pairs[row])
        edge = Interaction(subject.id, verbs.labels[verb], target.id, float(scores[row, verb]))
        if row in moments_of:
            edge = with_spans(edge, moments_of[row], verb, float(thresholds[verb]), subject, video)
        edges.append(edge)
    ordered = tuple(sorted(edges, key=lambda edge: (edge.subject, edge.object, -edge.score)))
    return Found(ordered, {ids[row]: found for row, found in moments_of.items()})


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
