"""A run that goes on must be the run that began: what may change, and what is refused with the difference."""

from dataclasses import replace

import pytest

from smot_vlm.config import Config, TrainingConfig
from smot_vlm.training.run_settings import MAY_CHANGE, SETTINGS_FILE, check_settings, flat_settings, write_settings

CONFIG = Config(training=TrainingConfig(weights={"grounding": 0.0}))


def changed(**changes: object) -> Config:
    return replace(CONFIG, training=replace(CONFIG.training, **changes))


def test_the_same_settings_are_the_same_run(tmp_path):
    write_settings(CONFIG, tmp_path)
    check_settings(CONFIG, tmp_path)


@pytest.mark.parametrize("changes", [{"steps": 9000}, {"workers": 0}, {"logger": "none", "log_every": 3}, {"keep": 5}])
def test_length_speed_and_logs_may_change(tmp_path, changes):
    write_settings(CONFIG, tmp_path)
    check_settings(changed(**changes), tmp_path)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"learning_rate": 0.5}, "training.learning_rate was 0.001 and is 0.5"),
        ({"dataset": "other"}, "training.dataset was 'synthetic' and is 'other'"),
        ({"weights": {"grounding": 0.0, "video": 2.0}}, "training.weights.video was None and is 2.0"),
        ({"seed": 1, "batch_clips": 2}, "training.batch_clips was 1 and is 2; training.seed was 0 and is 1"),
        ({"validation_videos": 0}, "training.validation_videos was 12 and is 0"),
    ],
)
def test_anything_else_is_refused_with_the_difference(tmp_path, changes, told):
    write_settings(CONFIG, tmp_path)
    with pytest.raises(ValueError, match="--resume force") as caught:
        check_settings(changed(**changes), tmp_path)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_of_the_model_count_too(tmp_path):
    write_settings(CONFIG, tmp_path)
    with pytest.raises(ValueError, match=r"features.dim was 256 and is 128"):
        check_settings(replace(CONFIG, features=replace(CONFIG.features, dim=128)), tmp_path)


def test_a_folder_without_settings_is_taken_and_a_damaged_one_told(tmp_path):
    check_settings(CONFIG, tmp_path)
    (tmp_path / SETTINGS_FILE).write_text('{"training": {"stops": 3}}')
    with pytest.raises(ValueError, match=r"config.json: .*stops.*--resume force"):
        check_settings(CONFIG, tmp_path)


def test_every_key_that_may_change_exists():
    assert flat_settings({"training": vars(TrainingConfig()), "decoder": vars(Config().decoder)}).keys() >= MAY_CHANGE
