"""Facts of real people as columns, for data sets with people_facts.json.

What the data do not say is unknown: a caption is judged in a category only where something is said of the person in it.
Recall counts all that is said (a missed track states nothing), precision what is stated of those categories.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from smot_vlm.evaluation.caption_rows import predicted_captions
from smot_vlm.evaluation.results import Column, Part, divide
from smot_vlm.evaluation.sequence_pairs import Pair
from smot_vlm.language.people_facts import PersonFacts, facts_of_caption

GROUP = "people facts"
CATEGORIES = ("kind", "colour", "garment", "attribute", "deed", "thing")
# Right, said and stated.
Counts = np.ndarray


def people_parts(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]]) -> list[Part]:
    """Recall and precision, of all facts and of each category.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence, one to one.

    Returns:
        Nothing where no sequence says anything of real people.
    """
    if not any(pair.truth.people for pair in pairs):
        return []
    counts = np.zeros((len(pairs), len(CATEGORIES), 3))
    for row, (pair, match) in enumerate(zip(pairs, matches, strict=True)):
        for facts, caption in _told(pair, match):
            counts[row] += compare(facts, caption)
    prefixes = ("", *(f"{category} " for category in CATEGORIES))
    names = [f"{prefix}{measure}" for prefix in prefixes for measure in ("recall", "precision")]

    def finish(weights: np.ndarray) -> np.ndarray:
        by_category = np.tensordot(weights, counts, axes=1)
        right, said, stated = np.concatenate([by_category.sum(axis=0, keepdims=True), by_category]).T
        values = np.stack([divide(right, said), divide(right, stated)], axis=1)
        values[said == 0] = np.nan
        return values.ravel()

    columns = tuple(Column(GROUP, name) for name in names)
    return [Part(columns, finish, dict.fromkeys(names, "the data say nothing of it"))]


def people_notes(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]], seed: int = 0) -> list[str]:
    """The control: recall of this run's captions given to the wrong people.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence, one to one.
        seed: of the permutation, which leaves no caption in its place.

    Returns:
        A line; nothing where fewer than two people are spoken of.
    """
    told = [entry for pair, match in zip(pairs, matches, strict=True) for entry in _told(pair, match)]
    if len(told) < 2:
        return []
    order = np.random.default_rng(seed).permutation(len(told))
    total = sum(compare(told[here][0], told[there][1]) for here, there in zip(order, np.roll(order, 1), strict=True))
    right, said, _ = np.asarray(total).sum(axis=0)
    return [f"{GROUP}: this run's captions given to the wrong people recall {float(divide(right, said)):.3f}"]


def compare(facts: PersonFacts, caption: str) -> Counts:
    """What a caption has right of a person.

    Args:
        facts: what is said of the person.
        caption: any text.

    Returns:
        (categories, 3): facts that are right, that are said, and that the caption states where something is said.
    """
    true, stated = _by_category(facts), _by_category(facts_of_caption(caption))
    return np.array(
        [
            (len(true[name] & stated[name]), len(true[name]), len(stated[name]) if true[name] else 0)
            for name in CATEGORIES
        ]
    )


def _told(pair: Pair, match: Mapping[int, int]) -> list[tuple[PersonFacts, str]]:
    captions = predicted_captions(pair, match)
    return [(facts, captions.get(track_id, "")) for track_id, facts in pair.truth.people.items()]


def _by_category(facts: PersonFacts) -> dict[str, set[str]]:
    return {
        "kind": set(facts.kinds) if len(facts.kinds) == 1 else set(),
        "colour": {*facts.upper, *facts.lower, *facts.worn},
        "garment": {*facts.upper_garments, *facts.lower_garments},
        "attribute": set(facts.has),
        "deed": set(facts.deeds),
        "thing": set(facts.things),
    }
