"""Interactions judged less strictly than by the exact sense: a near sense, or the same kind of deed.

Three tiers, each wider than the one before: the exact sense (the columns of `strict_interactions`); near, which also takes
a synonym, another sense of the word, a parent or a child in WordNet 3.0; coarse, which also takes any verb of the same
kind (contact, motion, communication ...). What each sense is near to stands in smot_vlm/verb_relations.tsv, so that no
WordNet is needed. Between two people each true triplet is found by at most one predicted one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from scipy.optimize import linear_sum_assignment

from smot_vlm.evaluation.results import Column, Part, precision_recall_f1, sum_part
from smot_vlm.evaluation.sequence_pairs import Pair
from smot_vlm.evaluation.strict_interactions import best_scores

TIERS = ("near", "coarse")
COLUMNS = tuple(Column("interactions", f"{tier} {name}") for tier in TIERS for name in ("precision", "recall", "F1"))
NOTE = (
    "interactions near: a synonym, another sense of the word, a parent or a child in WordNet counts as well; "
    "coarse: also any verb of the same kind (contact, motion ...)"
)
# A sense whose kind WordNet does not say is of no one's kind.
_NO_KIND = "other"


@dataclass(frozen=True)
class Relations:
    """What a sense is near to.

    Attributes:
        kind: contact, motion ..., or "other".
        near: labels.
    """

    kind: str
    near: frozenset[str]


def agree(first: str, second: str, tier: str) -> bool:
    """Whether one verb counts as the other.

    Args:
        first: a label; one that is none of the 335 agrees with itself alone.
        second: another.
        tier: one of TIERS.

    Returns:
        The same either way round.
    """
    if first == second:
        return True
    one, other = (_relations().get(label) for label in (first, second))
    if one is None or other is None:
        return False
    return second in one.near or (tier == "coarse" and one.kind == other.kind != _NO_KIND)


def tiers_part(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]]) -> Part:
    """Micro precision, recall and F1 of each tier.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence, one to one.

    Returns:
        Six columns.
    """
    sums = np.array([_counts(pair, match) for pair, match in zip(pairs, matches, strict=True)], dtype=np.float64)

    def finish(total: np.ndarray) -> np.ndarray:
        predicted, expected = total[-2:]
        if not predicted + expected:
            return np.full(len(COLUMNS), np.nan)
        return np.concatenate([precision_recall_f1(right, predicted, expected) for right in total[: len(TIERS)]])

    part = sum_part(COLUMNS, sums, finish)
    return Part(COLUMNS, part.score, {column.name: "no interaction in the ground truth" for column in COLUMNS})


def _counts(pair: Pair, match: Mapping[int, int]) -> list[int]:
    """Right ones of each tier, predicted and true triplets of one sequence."""
    expected: dict[tuple[int, int], set[str]] = defaultdict(set)
    for edge in pair.truth.interactions:
        expected[edge.subject, edge.object].add(edge.verb)
    predicted: dict[tuple[int, int], set[str]] = defaultdict(set)
    triplets = best_scores(pair.prediction.interactions)
    for subject, verb, target in triplets:
        if subject in match and target in match:
            predicted[match[subject], match[target]].add(verb)
    right = [
        sum(
            _pairs_that_agree(sorted(verbs), sorted(expected.get(people, ())), tier)
            for people, verbs in predicted.items()
        )
        for tier in TIERS
    ]
    return [*right, len(triplets), sum(map(len, expected.values()))]


def _pairs_that_agree(predicted: Sequence[str], expected: Sequence[str], tier: str) -> int:
    """The most pairs of agreeing verbs, each verb in one pair at most."""
    table = np.array([[agree(said, true, tier) for true in expected] for said in predicted], dtype=np.float64)
    if not table.size:
        return 0
    return int(table[linear_sum_assignment(table, maximize=True)].sum())


@cache
def _relations() -> Mapping[str, Relations]:
    lines = resources.files("smot_vlm").joinpath("verb_relations.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines[1:])
    return {label: Relations(kind, frozenset(filter(None, near.split("|")))) for label, kind, near in rows}
