"""When the clauses of a person's caption happen: aligned, in their order, with what is seen at the observations.

Captions leave things out, so between, before and behind what they tell there may be times of which they tell nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from smot_vlm.language.clauses import DeedClause, person_clauses
from smot_vlm.language.fact_reader import event_label, read_facts
from smot_vlm.language.pointing import partner_of
from smot_vlm.models.deed_moments import columns_of
from smot_vlm.models.moments import MOST_LOG_ODDS, Moments
from smot_vlm.models.verb_times import life_of
from smot_vlm.semantics.alignment import align
from smot_vlm.structures import Description, Segment

# An observation belongs to no clause where all are less likely than this, above their means over the life. Chosen on 36
# drawn videos (12 of seeds from 651000, 24 of 655000) by the share of right segments; a plateau from -1 to 1. The lowest
# of it keeps a life whole that shows nothing else.
PAUSE = -1.0


def with_segments(
    description: Description,
    deeds: Sequence[Moments],
    verbs: Mapping[tuple[int, int], Moments],
    labels: Sequence[str],
) -> Description:
    """The same description with the times of what people's captions tell.

    Args:
        description: with captions and interactions.
        deeds: of each track, the log-odds of DEEDS; none: no segments.
        verbs: (subject id, object id) -> log-odds of the verbs.
        labels: of these verbs.

    Returns:
        People seen at fewer observations than their captions have clauses get no segments.
    """
    if not deeds:
        return description
    people = {track.id: read_facts(track.caption) for track in description.tracks}
    tracks = []
    for track, moments in zip(description.tracks, deeds, strict=True):
        clauses = person_clauses(track.caption)
        if 0 < len(clauses) <= len(moments.times):
            partners = [partner_of(entry.deed, track.id, description.interactions, people) for entry in clauses]
            scores = columns_of(moments, list(map(_event, clauses))) + _verb_scores(
                track.id, clauses, partners, moments.times, verbs, labels
            )
            ends = life_of(track, description.video, moments.times)
            times = _times(scores, moments.times, ends, _deeds(clauses, partners))
            track = replace(track, segments=tuple(map(_segment, clauses, partners, times)))
        tracks.append(track)
    return replace(description, tracks=tuple(tracks))


def _segment(clause: DeedClause, partner: int | None, times: tuple[float, float]) -> Segment:
    return Segment(clause.text, max(times[0], 0.0), max(times), clause.deed.action, clause.deed.role, partner)


def _deeds(clauses: Sequence[DeedClause], partners: Sequence[int | None]) -> list[int]:
    """The number of each clause's deed: clauses in a row that tell the same of the same person tell one deed."""
    told = [(entry.deed.action, entry.deed.role, partner) for entry, partner in zip(clauses, partners, strict=True)]
    return [0, *np.cumsum([later != earlier for earlier, later in pairwise(told)]).tolist()]


def _times(
    scores: np.ndarray, times: np.ndarray, ends: tuple[float, float], deeds: Sequence[int]
) -> list[tuple[float, float]]:
    """When each clause begins and ends, half-way between observations or with the life."""
    by_deed = np.stack([scores[:, np.equal(deeds, deed)].mean(axis=1) for deed in range(deeds[-1] + 1)], axis=1)
    # A clause whose words are likely everywhere must not take the time of the others.
    places = align(by_deed - by_deed.mean(axis=0), PAUSE)
    borders = [ends[0], *((times[1:] + times[:-1]) / 2).tolist(), ends[1]]
    return [(borders[places[deed][0]], borders[places[deed][1] + 1]) for deed in deeds]


def _verb_scores(
    track_id: int,
    clauses: Sequence[DeedClause],
    partners: Sequence[int | None],
    times: np.ndarray,
    verbs: Mapping[tuple[int, int], Moments],
    labels: Sequence[str],
) -> np.ndarray:
    """Log-odds of each clause's verb at this person's observations, from whichever side it was found; 0 elsewhere."""
    scores = np.zeros((len(times), len(clauses)))
    for column, (entry, partner) in enumerate(zip(clauses, partners, strict=True)):
        if partner is None or entry.deed.action not in labels:
            continue
        sides = [(track_id, partner)] if entry.deed.role != "object" else []
        sides += [(partner, track_id)] if entry.deed.role != "subject" else []
        verb = labels.index(entry.deed.action)
        curves = [np.interp(times, one.times, one.log_odds[:, verb]) for side in sides if (one := verbs.get(side))]
        if curves:
            scores[:, column] = np.clip(np.mean(curves, axis=0), -MOST_LOG_ODDS, MOST_LOG_ODDS)
    return scores


def _event(clause: DeedClause) -> str:
    return event_label(clause.deed.action, clause.deed.role) if clause.deed.role else clause.deed.action
