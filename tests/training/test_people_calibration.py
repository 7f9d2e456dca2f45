"""Figures of the appearance network, temperatures, and thresholds."""

import numpy as np
import pytest

from smot_vlm.appearance.vocabulary import QUESTIONS
from smot_vlm.language import people_lexicon as lexicon
from smot_vlm.language.people_facts import PersonFacts
from smot_vlm.training.people.calibration import LEAST, NEVER, calibrate, lowest_threshold, told_figures
from smot_vlm.training.people.figures import figures, roc_area, score
from smot_vlm.training.people.public_sets import training_data
from smot_vlm.training.people.seeing import SeenSource


def people(count: int, seed: int = 0) -> list[PersonFacts]:
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        hat = bool(random.random() < 0.5)
        made.append(
            PersonFacts(
                kinds=(str(random.choice(lexicon.KINDS)),),
                upper=(str(random.choice(lexicon.COLOURS)),),
                deeds=(str(random.choice(lexicon.MOVEMENTS)), "smile"),
                has=("hat",) if hat else (),
                lacks=() if hat else ("hat",),
            )
        )
    return made


def seen(facts: list[PersonFacts], logits: dict[str, np.ndarray], weight: float = 1.0) -> SeenSource:
    every = {name: np.zeros((len(facts), len(values))) for name, values in QUESTIONS.items()} | logits
    return SeenSource("set", weight, tuple(facts), tuple(np.zeros((1, 1)) for _ in facts), every)


def truth(facts: list[PersonFacts], question: str, field: str) -> np.ndarray:
    values = QUESTIONS[question]
    return np.array([[value in getattr(person, field) for value in values] for person in facts], dtype=float)


def test_the_roc_area_is_the_share_of_pairs_in_order():
    random = np.random.default_rng(0)
    scores, true = random.integers(0, 6, 60).astype(float), random.random(60) < 0.4
    pairs = scores[true][:, None] - scores[~true][None]
    assert roc_area(scores, true) == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))


def test_who_knows_everything_has_ones_and_who_guesses_has_not():
    facts = people(200)
    knows = {"kinds": truth(facts, "kinds", "kinds"), "upper": truth(facts, "upper", "upper")}
    knows |= {"deeds": truth(facts, "deeds", "deeds"), "attributes": truth(facts, "attributes", "has")}
    found = figures([seen(facts, knows)])
    assert found == dict.fromkeys(
        ["set kind", "set movement", "set upper colour", "set deed", "set sex AUC", "set hat AUC"], 1.0
    )
    assert score(found) == 1.0
    guessed = figures([seen(facts, {})])
    assert guessed["set sex AUC"] == guessed["set hat AUC"] == 0.5
    assert guessed["set kind"] == pytest.approx(np.mean([person.kinds == ("man",) for person in facts]))


def test_figures_of_few_people_are_left_out():
    assert figures([seen(people(19), {})]) == {}
    assert score({}) == 0.0


def test_the_lowest_threshold_lets_through_as_much_as_is_right_often_enough():
    probabilities = np.linspace(1, 0.01, 100)
    right = np.arange(100) < 35
    ones = np.ones(100)
    # 35 of 50 are right, which is 0.7, and of 51 no longer.
    assert lowest_threshold(probabilities, right, ones, 0.7) == pytest.approx(probabilities[49], abs=1e-4)
    assert (probabilities >= lowest_threshold(probabilities, right, ones, 0.7)).sum() == 50
    # Wrong ones that count a quarter: 35 of 35 + 60 / 4.
    assert (probabilities >= lowest_threshold(probabilities, right, np.where(right, 1, 0.25), 0.7)).sum() == 95
    assert lowest_threshold(probabilities, ~right, ones, 0.7) == NEVER
    # Where all answers may be told, so may a less likely one.
    assert lowest_threshold(probabilities, np.ones(100, bool), ones, 0.7) == LEAST
    # Ten sure and right answers are too few, and what comes with them is wrong.
    assert lowest_threshold(probabilities, np.arange(100) < 10, ones, 0.7) == NEVER
    assert lowest_threshold(np.zeros(0), np.zeros(0, bool), np.zeros(0), 0.7) == NEVER
    # Equal probabilities are told together or not at all.
    assert lowest_threshold(np.full(100, 0.5), np.arange(100) < 50, ones, 0.7) == NEVER


def test_overconfident_logits_are_cooled_and_thresholds_hold_their_promise():
    facts = people(4000)
    random = np.random.default_rng(1)
    logits = {}
    for question, field in (("kinds", "kinds"), ("upper", "upper"), ("attributes", "has")):
        values = QUESTIONS[question]
        table = np.zeros((len(facts), len(values)))
        fair = random.normal(0, 1.5, table.shape)
        # Truth is drawn from the fair logits, so that their likelihood is highest at temperature 1.
        odds = np.exp(fair) / (1 + np.exp(fair)) if question == "attributes" else np.exp(fair)
        for row, person in enumerate(facts):
            if question == "attributes":
                hat = bool(random.random() < odds[row, 0])
                facts[row] = PersonFacts(**{**vars(person), "has": ("hat",) * hat, "lacks": ("hat",) * (not hat)})
            else:
                drawn = values[random.choice(len(values), p=odds[row] / odds[row].sum())]
                facts[row] = PersonFacts(**{**vars(facts[row]), field: (drawn,)})
        logits[question] = 4 * fair
    found = calibrate([seen(facts, logits)], 0.7)
    for question in ("kinds", "upper", "attributes"):
        assert found.temperatures[question] == pytest.approx(4.0, rel=0.1)
    # An honest probability p is right p of the time: below 0.7 there is the mean, above it too much is kept back.
    assert 0.2 < found.thresholds["kinds"] < 0.7
    best = np.exp(logits["kinds"] / found.temperatures["kinds"])
    best /= best.sum(axis=1, keepdims=True)
    told = best.max(axis=1) >= found.thresholds["kinds"]
    right = [lexicon.KINDS[row] in facts[i].kinds for i, row in enumerate(best.argmax(axis=1)) if told[i]]
    assert np.mean(right) == pytest.approx(0.7, abs=0.01)
    figures_told = told_figures([seen(facts, logits)], found)
    assert figures_told["set kinds told"] == pytest.approx(told.mean())
    assert figures_told["set kinds right when told"] == pytest.approx(np.mean(right))
    assert not any("things" in name for name in figures_told)
    # Of what nobody says anything nothing is told.
    assert found.thresholds["things"] == NEVER
    assert found.temperatures["things"] == 1.0


def test_every_source_holds_the_promise():
    """Two sources, one always right and one always wrong, at the same probability: nothing can be told."""
    facts = people(100)
    right = {"kinds": truth(facts, "kinds", "kinds")}
    wrong = {"kinds": np.roll(right["kinds"], 1, axis=1)}
    assert calibrate([seen(facts, right, 3.0)], 0.7).thresholds["kinds"] < 1
    assert calibrate([seen(facts, right, 3.0)], 0.7, lowest={"kinds": 0.9}).thresholds["kinds"] == 0.9
    assert calibrate([seen(facts, right, 3.0), seen(facts, wrong)], 0.7).thresholds["kinds"] == NEVER
    few = seen(facts[:5], {"kinds": wrong["kinds"][:5]})
    assert calibrate([seen(facts, right, 3.0), few], 0.7).thresholds["kinds"] < 1


def test_a_card_names_every_set_with_its_terms():
    data, terms = training_data(
        ["flickr30k-entities", "peta", "ut-interaction", "our-own"], pretrained=True, faces=True
    )
    for word in ("Flickr8k", "PETA", "UT-Interaction", "our-own", "EfficientNet-lite0"):
        assert word in data
        assert word in terms
    for word in ("Hodosh et al. 2013", "Young et al. 2014", "Plummer et al. 2015", "Apache-2.0", "our-own: not stated"):
        assert word in terms
    assert "VGGFace2" in data
    assert "Savchenko 2019" in terms
    assert "VGGFace2" not in training_data(["peta"], pretrained=True, faces=False)[0]
    assert "EfficientNet" not in training_data(["peta"], pretrained=False, faces=False)[0]
