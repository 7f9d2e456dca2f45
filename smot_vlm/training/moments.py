"""What is known of single moments, for data sets that say when things happen: words and verbs of each look at somebody,
and words of each stretch of their life."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from smot_vlm.structures import Moment
from smot_vlm.training.examples import Example
from smot_vlm.training.features import Looks
from smot_vlm.verbs import verb


def look_moments(looks: Looks, examples: Sequence[Example]) -> list[Moment | None]:
    """What happens in each look; None where nothing is known."""
    whose = everybody(examples)
    return [
        whose[person][0].moment(whose[person][1], time_seconds)
        for person, time_seconds in zip(looks.people, looks.seconds, strict=True)
    ]


def true_lives(examples: Sequence[Example]) -> list[list[Moment | None]]:
    """For each true person of all examples, what happens in their boxes in the feature frames."""
    lives = []
    for example in examples:
        frames = example.frames[example.features]
        times = dict(zip(frames.tolist(), example.times[example.features].tolist(), strict=True))
        lives += [
            [example.moment(track.id, times[frame]) for frame in track.frames.tolist() if frame in times]
            for track in example.tracks
        ]
    return lives


def lives_of(looks: Looks, moments: Sequence[Moment | None]) -> list[list[Moment | None]]:
    """The moments of looks, by person."""
    lives: list[list[Moment | None]] = [[] for _ in range(looks.count)]
    for person, moment in zip(looks.people, moments, strict=True):
        lives[person].append(moment)
    return lives


def stretch_texts(life: Sequence[Moment | None], stretches: int, tokens: int) -> list[tuple[str, ...]]:
    """What the tokens of equal stretches of a person's looks should say: what happens in the look in their middle."""
    middles = [life[int((stretch + 0.5) * len(life) / stretches)] for stretch in range(stretches)]
    return [moment.shares(tokens) if moment else () for moment in middles]


def moment_labels(
    looks: Looks,
    examples: Sequence[Example],
    pairs: Int[Tensor, "pairs 2"],
    mask: Bool[Tensor, "tracks tokens"],
    verbs: int,
) -> tuple[Float[Tensor, "pairs tokens verbs"], Bool[Tensor, "pairs tokens"]]:
    """Which verbs the subject does to the object in the look of each of the subject's tokens, and where that is known.

    pairs: rows among everybody. mask: real tokens of everybody, those of each look one after another.
    """
    whose = everybody(examples)
    lives = lives_of(looks, look_moments(looks, examples))
    cells = looks.tokens.shape[1]
    labels = torch.zeros(len(pairs), mask.shape[1], verbs)
    known = torch.zeros(len(pairs), mask.shape[1], dtype=torch.bool)
    for row, (subject, target) in enumerate(pairs.tolist()):
        for look, moment in enumerate(lives[subject]):
            if moment is None:
                continue
            tokens = slice(look * cells, (look + 1) * cells)
            known[row, tokens] = True
            for edge in moment.interactions:
                if edge.object == whose[target][1]:
                    labels[row, tokens, verb(edge.verb).id] = 1.0
    return labels, known


def everybody(examples: Sequence[Example]) -> list[tuple[Example, int]]:
    """Each true person of all examples: where they are, and their id."""
    return [(example, track.id) for example in examples for track in example.tracks]
