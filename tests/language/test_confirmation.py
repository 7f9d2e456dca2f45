"""Interactions that are unlikely by their score, and that a caption tells of."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from smot_vlm.config import InteractionConfig
from smot_vlm.language.agreement import agreed, contradictions
from smot_vlm.language.confirmation import CONFIRMABLE, confirmed
from smot_vlm.language.sightings import WEAKEST
from smot_vlm.models.interactions import FoundInteractions, find_interactions
from smot_vlm.models.verb_set import VerbSet
from smot_vlm.structures import Description, Interaction, ModelInfo, Trajectory, VideoInfo

WOMAN = "A woman in a red top waves at a girl in a black top, then jumps up and down."
GIRL = "A girl in a black top is talking to a woman in a red top."
MAN = "A man in a blue top claps both hands."


def description(captions: list[str], edges: list[Interaction]) -> Description:
    frames = np.arange(50)
    tracks = [
        Trajectory(number, frames, np.tile([0.0, 0, 9, 9], (50, 1)), np.ones(50), caption)
        for number, caption in enumerate(captions, start=1)
    ]
    info = ModelInfo("demo", "lora-lm", "byte", True)
    return Description(VideoInfo("clip.mp4", 64, 48, 25.0, 50), tuple(tracks), tuple(edges), "", info)


def keys(told: Description) -> list[tuple[int, str, int, float]]:
    return [(edge.subject, edge.verb, edge.object, edge.score) for edge in told.interactions]


@pytest.mark.parametrize(
    ("possible", "found"),
    [
        ([(1, "beckon.v.01", 2)], [(1, "beckon.v.01", 2)]),
        ([(2, "beckon.v.01", 1)], []),  # the other way round
        ([(1, "push.v.01", 2)], []),  # nobody tells of it
        ([(1, "beckon.v.01", 3)], []),  # a man, and a girl is told of
        ([(3, "beckon.v.01", 2)], []),  # his caption does not say so
        ([], []),
    ],
)
def test_a_deed_that_is_told_confirms_its_interaction_and_no_other(possible, found):
    given = description([WOMAN, "A girl in a black top.", MAN], [Interaction(3, "push.v.01", 1, 0.9)])
    told = confirmed(given, [Interaction(*edge, 0.5) for edge in possible])
    assert keys(told) == [*((*edge, 0.5) for edge in found), (3, "push.v.01", 1, 0.9)]
    kept = agreed(told).tracks[0].caption
    assert kept == (WOMAN if found else "A woman in a red top jumps up and down.")
    assert contradictions(agreed(told)) == []


def test_what_is_suffered_confirms_too():
    text = "A girl in a black top is being pushed by a man in a blue top."
    told = confirmed(description([text, MAN], []), [Interaction(2, "push.v.01", 1, 0.5)])
    assert keys(told) == [(2, "push.v.01", 1, 0.5)]
    assert keys(confirmed(description([text, MAN], []), [Interaction(1, "push.v.01", 2, 0.5)])) == []


def test_a_mutual_verb_counts_in_both_directions():
    told = confirmed(description([WOMAN, GIRL], []), [Interaction(1, "talk.v.01", 2, 0.5)])
    assert keys(told) == [(1, "talk.v.01", 2, 0.5), (2, "talk.v.01", 1, 0.5)]


def test_a_deed_takes_the_likeliest_partner_and_only_where_it_has_none():
    girls = ["A girl in a black top.", "A girl in a black top."]
    possible = [Interaction(1, "beckon.v.01", 2, 0.46), Interaction(1, "beckon.v.01", 3, 0.5)]
    assert keys(confirmed(description([WOMAN, *girls], []), possible)) == [(1, "beckon.v.01", 3, 0.5)]
    held = [Interaction(1, "beckon.v.01", 2, 0.9)]
    assert keys(confirmed(description([WOMAN, *girls], held), possible[1:])) == [(1, "beckon.v.01", 2, 0.9)]


def test_words_alone_do_not_make_an_interaction():
    below = Interaction(1, "talk.v.01", 2, CONFIRMABLE - 0.01)
    assert keys(confirmed(description([WOMAN, GIRL], []), [below])) == []
    assert len(keys(confirmed(description([WOMAN, GIRL], []), [replace(below, score=CONFIRMABLE)]))) == 2


def test_scores_are_split_by_the_verbs_own_thresholds():
    """Six ordered pairs of three people, and two verbs with thresholds above and below the bar of confirmation."""
    scores = torch.tensor([0.9, 0.6, 0.5, 0.44, 0.2, 0.8]).logit()
    verbs = VerbSet(
        ["high", "low"],
        ["high", "low"],
        torch.tensor([0.7, 0.3]),
        lambda fused, pairs: scores[:, None].repeat(1, 2),
        lambda fused, pairs: [],
    )
    frames, boxes = np.arange(3), np.tile([0.0, 0, 9, 9], (3, 1))
    tracks = [Trajectory(number, frames, boxes, np.ones(3)) for number in (1, 2, 3)]
    video = VideoInfo("video", 9, 9, 25.0, 3)
    found = find_interactions(verbs, SimpleNamespace(), tracks, InteractionConfig(), torch.device("cpu"), video)
    certain, possible = (
        sorted((edge.verb, round(edge.score, 2)) for edge in edges) for edges in (found.certain, found.possible)
    )
    assert certain == [("high", 0.8), ("high", 0.9), *(("low", score) for score in (0.44, 0.5, 0.6, 0.8, 0.9))]
    assert possible == [("high", 0.44), ("high", 0.5), ("high", 0.6)]
    assert 0.2 < WEAKEST < 0.44


def test_people_of_whom_nothing_is_said_have_no_interactions():
    edges = tuple(Interaction(*pair) for pair in [(1, "push.v.01", 2), (2, "push.v.01", 1), (1, "push.v.01", 3)])
    kept = FoundInteractions(edges, edges[2:]).between({1, 2})
    assert (kept.certain, kept.possible) == (edges[:2], ())
