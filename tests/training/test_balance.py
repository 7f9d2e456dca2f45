"""Rare verbs and scenarios are drawn more often, as often as the formula says, and the rest as often as before."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from bensmot_builder import make_dataset

from smot_vlm.config import TrainingConfig
from smot_vlm.structures import Interaction
from smot_vlm.training.balance import rarity, source_odds
from smot_vlm.training.mixture import Part
from smot_vlm.training.order import RunOrder
from smot_vlm.training.sequence_sources import DrawnWorld
from smot_vlm.training.splits import open_splits

VERBS = {"talk.v.01": 144, "smile.v.01": 36, "hit.v.03": 9, "box.v.02": 1}


@dataclass(frozen=True)
class Told:
    name: str
    interactions: tuple[Interaction, ...]


@pytest.fixture(scope="module")
def long_tail() -> list[Told]:
    """190 sequences of one verb each, 10 of none; every tenth in the seldom scenario."""
    verbs = [verb for verb, count in VERBS.items() for _ in range(count)] + [""] * 10
    return [
        Told(f"{'park' if row % 10 else 'ring'}/{row}", (Interaction(1, verb, 2),) if verb else ())
        for row, verb in enumerate(verbs)
    ]


def test_the_rarest_label_of_a_sequence_counts_up_to_the_cap():
    labels = [{"a"}] * 16 + [{"a", "b"}] * 4 + [{"c"}, set()]
    found = rarity(labels, cap=3.0)
    assert found[:16].tolist() == [1.0] * 16
    assert found[16:20] == pytest.approx((20 / 4) ** 0.5), "20 have a, 4 have b"
    assert found[20:].tolist() == [3.0, 1.0], "the root of 20 is above the cap"


def test_measured_draws_are_the_expected_ones(long_tail):
    odds = source_odds(long_tail, "verb", 5.0)
    factors = {"talk.v.01": 1.0, "smile.v.01": 2.0, "hit.v.03": 4.0, "box.v.02": 5.0, "": 1.0}
    mass = {verb: VERBS.get(verb, 10) * factor for verb, factor in factors.items()}
    draws = 20_000
    order = RunOrder((Part(long_tail, odds=odds),), draws, seed=2)
    seen = Counter(told.interactions[0].verb if told.interactions else "" for told in
                   (long_tail[draw.sequence] for draw in order))  # fmt: skip
    for verb, expected in mass.items():
        assert seen[verb] / draws == pytest.approx(expected / sum(mass.values()), rel=0.02), verb
    assert seen["box.v.02"] / draws > 3 * VERBS["box.v.02"] / len(long_tail), "many times as often as without"


def test_scenarios_and_verbs_together_multiply(long_tail):
    scenario, verb, both = (source_odds(long_tail, by, 5.0) for by in ("scenario", "verb", "both"))
    assert set(scenario.round(6)) == {1.0, 3.0}, "ring has a ninth of what park has"
    assert both == pytest.approx(scenario * verb)


def test_a_sequence_that_comes_twice_is_cut_otherwise(long_tail):
    odds = source_odds(long_tail, "both", 5.0)
    order = list(RunOrder((Part(long_tail, odds=odds),), 2000, seed=0))
    assert len({(draw.epoch, draw.sequence) for draw in order}) == len(order)
    assert list(RunOrder((Part(long_tail, odds=odds),), 2000, seed=0, start=777)) == order[777:]


def test_off_and_drawn_sequences_stay_as_they_are(long_tail):
    assert source_odds(long_tail, "off", 5.0) is None
    assert source_odds(DrawnWorld(0, 3), "both", 5.0) is None
    assert TrainingConfig().balance == "off"


def test_a_single_data_set_is_balanced_too(tmp_path):
    make_dataset(tmp_path / "data", "train", 4)
    settings = TrainingConfig(dataset=str(tmp_path / "data"), balance="verb", validation_videos=0, calibration_videos=0)
    (part,) = open_splits(settings).train.parts
    assert part.odds.tolist() == [1.0] * 4
    assert np.all(np.isfinite(part.odds))
