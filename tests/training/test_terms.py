"""The table of losses: what each counts, and that a new one is a class and a line."""

import pytest
import torch
from training_cases import EVERYTHING, example, make_objective, small_training

from smot_vlm.training.loop import Run, Trainer
from smot_vlm.training.objective import combine
from smot_vlm.training.terms import TERMS, LossTerm, Phase, Stage, term_weights


class SmallTokens(LossTerm):
    """A toy: the squared size of people's fused tokens."""

    name, weight = "small_tokens", 0.1

    def total(self, step):
        return step.features.tracks.square().sum()

    def count(self, model, examples):
        return sum(len(example.tracks) for example in examples)


@pytest.fixture
def config(tiny_language_model):
    return small_training(tiny_language_model, steps=3, log_every=1)


@pytest.mark.parametrize("name", list(TERMS))
def test_every_term_keeps_the_contract(config, name):
    """Alone: a finite sum with gradient, a count known beforehand, and nothing where nothing is to be learned."""
    term = TERMS[name]
    assert term.name == name
    objective = make_objective(config, {name: 1.0})
    examples = [example(people=2)]
    counts = objective.count_targets(examples)
    sums = objective(examples, EVERYTHING)
    assert set(counts) == set(sums) == {name}
    assert counts[name] > 0
    combine(sums, counts, objective.weights).backward()
    assert any(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in objective.parameters())
    nobody = objective([example(people=0)], EVERYTHING)[name]
    assert nobody.isfinite()


@pytest.mark.parametrize(
    ("phase", "stages"),
    [
        (Phase(False, False, False), {Stage.DETECTOR}),
        (Phase(True, False, False), {Stage.DETECTOR, Stage.FEATURES}),
        (Phase(True, True, True), set(Stage)),
    ],
)
def test_a_phase_trains_the_terms_of_its_stages(config, phase, stages):
    objective = make_objective(config)
    assert set(objective([example()], phase)) == {name for name, term in TERMS.items() if term.stage in stages}


def test_weights_are_the_terms_own_unless_given():
    assert term_weights({"video": 0.0}) == {name: term.weight for name, term in TERMS.items()} | {"video": 0.0}
    with pytest.raises(ValueError, match=r"training.weights has audio; the losses are detection, interactions"):
        term_weights({"audio": 1.0})


def test_a_new_loss_is_a_class_and_a_line(config, monkeypatch, tmp_path):
    monkeypatch.setitem(TERMS, "small_tokens", SmallTokens())
    objective = make_objective(config, term_weights({}))
    sums = objective([example()], EVERYTHING)
    assert torch.equal(sums["small_tokens"], objective([example()], EVERYTHING)["small_tokens"])
    records = []
    Trainer(config, Run(tmp_path), on_step=records.append).train()
    assert "small_tokens" not in records[0].losses, "features are not trained yet"
    assert records[-1].losses["small_tokens"] > 0
