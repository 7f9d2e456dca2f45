"""Exports a checkpoint to a folder that `Tracker.from_pretrained` reads."""

from pathlib import Path

from smot_vlm.config import Config
from smot_vlm.models.build import build_model
from smot_vlm.models.card import ModelCard
from smot_vlm.models.checkpoint import save_pretrained
from smot_vlm.training.calibration import calibrate
from smot_vlm.training.checkpoints import read_checkpoint, restore
from smot_vlm.training.domain_statistics import measure_domain
from smot_vlm.training.records import read_log
from smot_vlm.training.sequence_sources import domain_sequences


def export(config: Config, checkpoint: Path, folder: Path, *, half: bool = True, overwrite: bool = False) -> None:
    """Write the model of a checkpoint, with verb thresholds calibrated on validation sequences, and what it learned from.

    Args:
        config: That the checkpoint was trained with.
        checkpoint: A file of `Checkpoints`.
        folder: To write.
        half: Store the weights in float16.
        overwrite: Replace an existing folder.

    Raises:
        FileNotFoundError: No such checkpoint, or a part of the model is missing.
        ValueError: Not a checkpoint, or one of another configuration.
        FileExistsError: The folder exists and `overwrite` is false.
    """
    read_checkpoint(checkpoint)  # fail before the model is built
    model = build_model(config, name_verbs=False)
    progress = restore(checkpoint, model)
    calibrate(model, config)
    scores = _scores(checkpoint.parent.parent / "log.jsonl", progress.step)
    card = ModelCard(
        f"{config.training.dataset}, {progress.step} steps of {config.training.steps}",
        scores,
        domain=config.training.domain or config.training.dataset,
    )
    domain = measure_domain(model.eval(), domain_sequences(config.training))
    save_pretrained(model, config, folder, card=card, domain=domain, half=half, overwrite=overwrite)


def _scores(log: Path, step: int) -> dict[str, float]:
    """The validation scores logged at this step, if any."""
    for entry in read_log(log):
        if entry.step == step and entry.validation:
            return {f"validation {name} (strict)": value for name, value in entry.validation.items()}
    return {}
