"""Weights that a training starts from: a checkpoint of another training, or a model's folder."""

from pathlib import Path

from smot_vlm.models.checkpoint import read_weights
from smot_vlm.models.smot import SmotModel
from smot_vlm.training.checkpoints import load_trained, read_checkpoint


def start_from(source: Path, model: SmotModel, *, partly: bool = False) -> None:
    """Load weights into a model that is trained from step 0.

    Args:
        source: A checkpoint, or a model's folder.
        model: Changed in place.
        partly: Load only weights the model has with the same shape, of the detector all or none, and leave the rest of
            the model as it is: for another detector, decoder or fusion.

    Raises:
        FileNotFoundError: No such file or folder, or a file of the folder is missing.
        ValueError: Neither a checkpoint nor a model's folder, or one of a different model.
    """
    weights = read_weights(source, model) if source.is_dir() else read_checkpoint(source)["weights"]
    load_trained(weights, model, source, partly=partly)
