"""What is known of single moments, for data sets that say when things happen: words and verbs of each look at somebody,
and words of each stretch of their life."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from smot_vlm.structures import Moment
from smot_vlm.training.examples import Example
from smot_vlm.training.features import Looks
from smot_vlm.verbs import verb

# What happens to a person in each look at them, in order of time; None where nothing is known.
Life = Sequence[Moment | None]
# Said by the deed's token of a stretch in which another deed is shown than in the stretch before.
NEW = "new"


def lives_of(looks: Looks, examples: Sequence[Example]) -> list[Life]:
    """The lives of everybody in `looks`."""
    whose = everybody(examples)
    lives: list[list[Moment | None]] = [[] for _ in range(looks.count)]
    for person, time_seconds in zip(looks.people, looks.seconds, strict=True):
        example, track_id = whose[person]
        lives[person].append(example.moment(track_id, time_seconds))
    return list(lives)


def moments_of(looks: Looks, lives: Sequence[Life]) -> list[Moment | None]:
    """What happens in each look."""
    following = [iter(life) for life in lives]
    return [next(following[person]) for person in looks.people]


def true_lives(examples: Sequence[Example]) -> list[Life]:
    """For each true person of all examples, what happens in their boxes in the feature frames."""
    lives: list[Life] = []
    for example in examples:
        frames = example.frames[example.features]
        times = dict(zip(frames.tolist(), example.times[example.features].tolist(), strict=True))
        for track in example.tracks:
            lives.append([example.moment(track.id, times[frame]) for frame in track.frames.tolist() if frame in times])
    return lives


def stretch_texts(life: Life, stretches: int, tokens: int) -> list[tuple[str, ...]]:
    """What the tokens of equal stretches of a person's looks should say: what happens in the look in their middle.

    Deeds that were not there in the stretch before are NEW, so that a sentence can tell how many there are.
    """
    told: list[tuple[str, ...]] = []
    before = None
    for stretch in range(stretches):
        moment = life[int((stretch + 0.5) * len(life) / stretches)]
        if moment is None:
            told.append(())
            continue
        seen = moment if moment == before else replace(moment, does=f"{NEW} {moment.does}")
        told.append(seen.shares(tokens))
        before = moment
    return told


def moment_labels(
    looks: Looks,
    lives: Sequence[Life],
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
