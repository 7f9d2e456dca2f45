"""Which validation is the best, and when none has been for too long."""

from dataclasses import replace

import pytest
from bensmot_builder import make_dataset
from tiny import tiny_config
from training_cases import small_training

from smot_vlm.config import TrainingConfig
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.structures import Trajectory
from smot_vlm.structures.open_annotations import BOXES, INTERACTIONS
from smot_vlm.training.checkpoints import Progress
from smot_vlm.training.judge import has_waited, judged
from smot_vlm.training.loop import Run, Trainer
from smot_vlm.training.preflight import Preflight, PreflightError
from smot_vlm.training.splits import open_splits
from smot_vlm.training.validation import Validation, pair_of, score

NAN = float("nan")
SETTINGS = TrainingConfig(steps=100, caption_start_step=40, ctc_start_step=30, detector_only_steps=0, patience=2)


def scores(hota: float, verb_f1: float = NAN) -> Validation:
    return Validation(hota, 0.0, 0.0, NAN, NAN, NAN, verb_f1, {})


def after(values: list[float], settings: TrainingConfig, first: int = 50) -> Progress:
    progress = Progress(0)
    for place, value in enumerate(values):
        progress = judged(Progress(first + place, progress.best, progress.waited), scores(value), settings)
    return progress


def test_a_better_score_begins_the_waiting_anew():
    assert after([0.2, 0.1, 0.3], SETTINGS) == Progress(52, 0.3, 0)
    assert after([0.2, 0.1, 0.2], SETTINGS) == Progress(52, 0.2, 2)
    assert has_waited(Progress(9, 0.2, 2), SETTINGS)
    assert not has_waited(Progress(9, 0.2, 1), SETTINGS)
    assert not has_waited(Progress(9, 0.2, 99), TrainingConfig()), "without patience it runs to its end"


def test_no_validation_counts_as_waited_before_captions_are_learned():
    assert after([0.3, 0.1, 0.1], SETTINGS, first=10).waited == 0
    never = TrainingConfig(steps=100, caption_start_step=100, ctc_start_step=30, detector_only_steps=0, patience=2)
    assert after([0.3, 0.1, 0.1], never, first=10).waited == 2, "where they never are, every one counts"


def test_the_chosen_score_chooses():
    by_verbs = TrainingConfig(best_by="verb_f1")
    assert judged(Progress(5), scores(0.9, 0.1), by_verbs).best == 0.1
    assert judged(Progress(5, 0.5), scores(0.9, 0.1), TrainingConfig()).best == 0.5, (
        "the mean of both is 0.5, no better"
    )
    assert judged(Progress(5), scores(0.9, NAN), by_verbs).best is None, "what is not known is no best"


@pytest.mark.drawn
def test_a_training_ends_early_and_is_over_when_started_again(tiny_language_model, tmp_path, monkeypatch):
    config = small_training(
        tiny_language_model, steps=9, ctc_start_step=1, caption_start_step=1, validate_every=1, validation_videos=1,
        checkpoint_every=100, patience=2, average=0.9,
    )  # fmt: skip
    found = iter([0.2, 0.6, 0.4, 0.6, 0.9])
    monkeypatch.setattr("smot_vlm.training.judge.validate", lambda *_: scores(next(found)))
    trainer = Trainer(config, Run(tmp_path))
    outcome = trainer.train()
    assert (outcome.step, outcome.stopped) == (4, False)
    assert trainer.progress == Progress(4, 0.6, 2)
    assert [path.name for path in trainer.checkpoints.all()] == ["step-0000002.pt", "step-0000004.pt"]
    again = Trainer(config, Run(tmp_path))
    assert again.train().step == 4, "it stays ended"
    kept, before = again.stepper.average.state(), trainer.stepper.average.state()
    assert kept["updates"] == before["updates"] == 4
    assert all((kept["weights"][name] == value).all() for name, value in before["weights"].items())


def test_verbs_and_tracks_are_judged_only_where_they_are_known(tmp_path):
    make_dataset(tmp_path, "test", 2)
    truth = [BenSmot(tmp_path, "test")[index] for index in (0, 1)]
    nobody = [Said(truth[0].tracks, truth[0].interactions), Said((), ())]
    pairs = [pair_of(*both) for both in zip(truth, nobody, strict=True)]
    everything = score(pairs)
    assert 0 < everything.hota < 1
    assert 0 < everything.verb_f1 < 1, "the second video's were missed"
    open_second = score(pairs, [frozenset(), frozenset({BOXES, INTERACTIONS})])
    assert (open_second.hota, open_second.verb_f1) == (pytest.approx(1.0), pytest.approx(1.0))
    nothing_known = score(pairs, [frozenset({INTERACTIONS})] * 2)
    assert nothing_known.verb_f1 != nothing_known.verb_f1, "not a number"
    assert nothing_known.score == everything.hota


class Said:
    """What `score` reads of a description."""

    def __init__(self, tracks: tuple[Trajectory, ...], interactions: tuple) -> None:
        self.tracks, self.interactions, self.caption = tracks, interactions, ""


def test_a_score_that_the_data_cannot_tell_is_refused_before_the_first_step(tiny_language_model, tmp_path):
    make_dataset(tmp_path / "data", "train", 3)
    settings = TrainingConfig(dataset=str(tmp_path / "data"), best_by="fact_recall", validation_videos=1)
    config = tiny_config(tiny_language_model)
    config = replace(config, training=settings)
    checks = Preflight(None, None, None, config, None, open_splits(settings), None)
    with pytest.raises(
        PreflightError, match=r"training.best_by is fact_recall, which the 1 validation sequences cannot"
    ):
        checks.run(tmp_path / "run")
