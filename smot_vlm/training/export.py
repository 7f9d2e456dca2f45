"""Exports a trained model to a folder that `Tracker.from_pretrained` reads."""

from pathlib import Path

import torch

from smot_vlm.config import Config, TrainingConfig
from smot_vlm.models.build import build_model
from smot_vlm.models.card import ModelCard
from smot_vlm.models.checkpoint import save_pretrained
from smot_vlm.models.smot import SmotModel
from smot_vlm.training.calibration import calibrate
from smot_vlm.training.checkpoints import read_checkpoint, restore
from smot_vlm.training.domain_statistics import look_at, measure_domain
from smot_vlm.training.mixture import spread
from smot_vlm.training.place_fit import fit_places
from smot_vlm.training.records import LOSS, read_log
from smot_vlm.training.splits import Splits, open_splits


def export(config: Config, checkpoint: Path, folder: Path, *, device: torch.device, overwrite: bool = False) -> None:
    """Write the model of a checkpoint, with verb thresholds calibrated on validation sequences, and what it learned from.

    Args:
        config: That the checkpoint was trained with.
        checkpoint: A file of `Checkpoints`.
        folder: To write.
        device: To calibrate on.
        overwrite: Replace an existing folder.

    Raises:
        FileNotFoundError: No such checkpoint, or a part of the model or of the data is missing.
        ValueError: Not a checkpoint, or one of another configuration.
        FileExistsError: The folder exists and `overwrite` is false.
    """
    read_checkpoint(checkpoint)  # fail before the model is built
    splits = open_splits(config.training, checkpoint.parent.parent)
    model = build_model(config, name_verbs=False).to(device)
    export_checkpoint(model, config, splits, checkpoint, folder, overwrite=overwrite)


def export_checkpoint(
    model: SmotModel, config: Config, splits: Splits, checkpoint: Path, folder: Path, *, overwrite: bool = False
) -> None:
    """The same with a model that is built already, where it is.

    Args:
        model: Of the configuration; it gets the checkpoint's weights, with `training.average` their average.
        config: That the checkpoint was trained with.
        splits: Of the training.
        checkpoint: A file of `Checkpoints`.
        folder: To write.
        overwrite: Replace an existing folder.

    Raises:
        FileNotFoundError, ValueError, FileExistsError: As `export`.
    """
    step = restore(checkpoint, model, averaged=config.training.average > 0).step
    data = data_name(config.training)
    card = ModelCard(
        f"{data}, {step} steps of {config.training.steps}",
        _scores(checkpoint.parent.parent / "log.jsonl", step),
        domain=config.training.domain or data,
    )
    finish(model, config, splits, folder, card=card, overwrite=overwrite)


def finish(
    model: SmotModel,
    config: Config,
    splits: Splits,
    folder: Path,
    *,
    card: ModelCard,
    overwrite: bool = False,
) -> None:
    """Calibrate a model where it is, measure what it learned from, and write its folder, weights in float16.

    Args:
        model: Its thresholds are set.
        config: Of the model.
        splits: What it learned from and is calibrated on.
        folder: To write.
        card: What the folder says of itself.
        overwrite: Replace an existing folder.

    Raises:
        FileExistsError: The folder exists and `overwrite` is false.
    """
    calibrate(model, config, splits.measured(config.training.calibration_videos))
    looks = look_at(model.eval(), spread(splits.train, config.training.domain_sequences))
    domain, places = measure_domain(looks), fit_places(looks)
    save_pretrained(model, config, folder, card=card, domain=domain, places=places, half=True, overwrite=overwrite)


def data_name(settings: TrainingConfig) -> str:
    """What a model learned from, in words.

    Args:
        settings: Of its training.

    Returns:
        The data set, or the names of the sources.
    """
    return " + ".join(source.called for source in settings.sources) or settings.dataset


def _scores(log: Path, step: int) -> dict[str, float]:
    """The validation scores logged at this step, if any."""
    for entry in read_log(log):
        if entry.step == step and entry.validation:
            scores = {name: value for name, value in entry.validation.items() if not name.startswith(LOSS)}
            return {f"validation {name} (strict)": value for name, value in scores.items()}
    return {}
