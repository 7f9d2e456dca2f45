"""Trials of settings, kept in a database: a run that was stopped goes on to the trials that an unbroken one makes.

The sampler of each trial is seeded by its number, so that what is tried depends on the finished trials alone. The first
trial is the settings that were there before.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smot_vlm.bench.tuning_knobs import Knob

if TYPE_CHECKING:
    from optuna import Study, Trial

STUDY_NAME = "association"
PLAN = "plan"


@dataclass(frozen=True)
class Trials:
    """Trials of one plan, in a database.

    Attributes:
        study: Optuna's.
        knobs: What is tried.
        seed: Of the trials.
    """

    study: "Study"
    knobs: Sequence[Knob]
    seed: int

    @property
    def finished(self) -> int:
        """How many have a value."""
        return len(self._of_state("COMPLETE"))

    def run(self, count: int, start: Mapping[str, Any], judge: Callable[[dict[str, Any]], float]) -> None:
        """Try settings until so many trials have a value.

        Args:
            count: Trials in all, those that are there counted.
            start: The settings of the first one: key -> value.
            judge: Settings -> value.
        """
        from optuna.trial import TrialState

        # A stopped run left these in the middle; they are made again.
        for left in self._of_state("RUNNING"):
            self.study.tell(left.number, state=TrialState.FAIL)
        while (done := self.finished) < count:
            if not done and not self._of_state("WAITING"):
                self.study.enqueue_trial(dict(start))
            self.study.sampler = _sampler(self.seed, done)
            trial = self.study.ask()
            self.study.tell(trial, judge({knob.key: _suggested(trial, knob) for knob in self.knobs}))

    def best(self) -> dict[str, Any]:
        """The settings of the best trial, of equal ones the first."""
        return dict(self.study.best_trial.params)

    def _of_state(self, name: str) -> list[Any]:
        from optuna.trial import TrialState

        return self.study.get_trials(deepcopy=False, states=(TrialState[name],))


def open_trials(file: Path, plan: Mapping[str, Any], knobs: Sequence[Knob], seed: int) -> Trials:
    """Open a database of trials, or make it.

    Args:
        file: Of SQLite.
        plan: All that values depend on, as JSON; a database of another plan is refused.
        knobs: What is tried.
        seed: Of the trials.

    Raises:
        ImportError: Optuna is not installed.
        ValueError: No such database, or one of another plan.
    """
    try:
        import optuna
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:
        raise ImportError("optuna is not installed; pip install 'smot-vlm[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        # With the name in a query, any character may stand in it.
        storage = optuna.storages.RDBStorage(_address(file))
        study = optuna.create_study(storage=storage, study_name=STUDY_NAME, direction="maximize", load_if_exists=True)
    except (SQLAlchemyError, RuntimeError, optuna.exceptions.OptunaError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{file}: no database of trials ({reason}); pass --overwrite to begin anew") from None
    _check_plan(study, file, json.loads(json.dumps(plan)))
    return Trials(study, knobs, seed)


def _address(file: Path) -> str:
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=str(file)).render_as_string(hide_password=False)


def _check_plan(study: "Study", file: Path, plan: dict[str, Any]) -> None:
    """Write the plan into a new database; refuse one of another plan."""
    if PLAN not in study.user_attrs:
        study.set_user_attr(PLAN, plan)
    begun = study.user_attrs[PLAN]
    changed = [key for key in plan if begun.get(key) != plan[key]]
    if changed:
        key = changed[0]
        was, given = (json.dumps(entry)[:120] for entry in (begun.get(key), plan[key]))
        raise ValueError(
            f"{file.parent} was begun with {key} {was}, and this is {given}; give the same, another --out, or --overwrite"
        )


def _sampler(seed: int, number: int) -> Any:
    from optuna.samplers import TPESampler

    return TPESampler(seed=int(np.random.SeedSequence([seed, number]).generate_state(1)[0]))


def _suggested(trial: "Trial", knob: Knob) -> Any:
    if knob.is_switch:
        return trial.suggest_categorical(knob.key, [False, True])
    if isinstance(knob.low, int):
        return trial.suggest_int(knob.key, knob.low, int(knob.high), step=int(knob.step or 1))
    return trial.suggest_float(knob.key, knob.low, knob.high, step=knob.step, log=knob.step is None)
