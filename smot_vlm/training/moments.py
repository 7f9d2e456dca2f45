"""What is known of single moments, for data sets that say when things happen: words and verbs of each look at somebody,
and words of each stretch of their life."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from smot_vlm.training.examples import Example
from smot_vlm.training.features import Looks
from smot_vlm.verbs import verb


def look_texts(looks: Looks, examples: Sequence[Example]) -> list[str]:
    """What is to be seen in each look; empty where nothing is known."""
    whose = everybody(examples)
    return [
        whose[person][0].told(whose[person][1], time_seconds)
        for person, time_seconds in zip(looks.people, looks.seconds, strict=True)
    ]


def true_look_texts(examples: Sequence[Example]) -> list[list[str]]:
    """For each true person of all examples, what is to be seen in their boxes in the feature frames."""
    texts = []
    for example in examples:
        frames = example.frames[example.features]
        times = dict(zip(frames.tolist(), example.times[example.features].tolist(), strict=True))
        texts += [
            [example.told(track.id, times[frame]) for frame in track.frames.tolist() if frame in times]
            for track in example.tracks
        ]
    return texts


def grouped(looks: Looks, texts: Sequence[str]) -> list[list[str]]:
    """The texts of looks, by person."""
    people: list[list[str]] = [[] for _ in range(looks.count)]
    for person, text in zip(looks.people, texts, strict=True):
        people[person].append(text)
    return people


def stretch_texts(texts: Sequence[str], stretches: int) -> list[str]:
    """The text of the look in the middle of each of equal stretches of a person's looks."""
    return [texts[int((stretch + 0.5) * len(texts) / stretches)] for stretch in range(stretches)]


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
    cells = looks.tokens.shape[1]
    times: list[list[float]] = [[] for _ in range(looks.count)]
    for person, time_seconds in zip(looks.people, looks.seconds, strict=True):
        times[person].append(time_seconds)
    labels = torch.zeros(len(pairs), mask.shape[1], verbs)
    known = torch.zeros(len(pairs), mask.shape[1], dtype=torch.bool)
    for row, (subject, target) in enumerate(pairs.tolist()):
        example, track_id = whose[subject]
        for look, time_seconds in enumerate(times[subject]):
            moment = example.moment(track_id, time_seconds)
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
