"""Every deed of the lexicon at the observations of each person, and which of them is seen when."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from smot_vlm.language.caption_lexicon import ACTIONS, VERBS
from smot_vlm.language.fact_reader import event_label
from smot_vlm.language.retelling import deed_words
from smot_vlm.language.sightings import Sighting
from smot_vlm.models.moments import Moments
from smot_vlm.structures import Span

# As in `CaptionFacts.events`; the columns of moments of deeds.
DEEDS: tuple[str, ...] = (
    *ACTIONS,
    *(event_label(verb, role) for verb, words in VERBS.items() for role in words.sides),
)
TEXTS: tuple[str, ...] = tuple(map(deed_words, DEEDS))


def seen_deeds(moments: Moments) -> list[Sighting]:
    """The deed that is likeliest at each observation, as long as it stays the likeliest.

    Args:
        moments: of a person; its statements are DEEDS.

    Returns:
        In the order of time; each lasts until half way to the next one.
    """
    times, likeliest = moments.times, moments.log_odds.argmax(axis=1) if len(moments.times) else np.zeros(0, int)
    borders = np.concatenate([times[:1], (times[1:] + times[:-1]) / 2, times[-1:]])
    found = []
    for deed, rows in groupby(range(len(times)), key=lambda row: int(likeliest[row])):
        own = list(rows)
        mean = float(moments.log_odds[own, deed].mean())
        span = Span(float(borders[own[0]]), float(borders[own[-1] + 1]))
        found.append(Sighting(DEEDS[deed], span, mean))
    return found


def columns_of(moments: Moments, events: Sequence[str]) -> np.ndarray:
    """The log-odds of some deeds.

    Args:
        moments: of a person; its statements are DEEDS.
        events: of DEEDS.

    Returns:
        (observations, events).
    """
    columns: np.ndarray = moments.log_odds[:, [DEEDS.index(event) for event in events]]
    return columns
