"""Weights that a training starts from: a checkpoint of another training, a model's folder, layers of a detector."""

from pathlib import Path

from smot_vlm.detection.detector import YoloDetector
from smot_vlm.models.checkpoint import read_weights
from smot_vlm.models.smot import SmotModel
from smot_vlm.models.tensor_files import check_tensors, read_tensors
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


def load_layers(detector: YoloDetector, path: Path) -> None:
    """Start backbone and neck from a file; the head stays as it is.

    Args:
        detector: Changed in place.
        path: Safetensors named as in ultralytics' `DetectionModel` ("model.0.conv.weight"), floats of any width. A head in
            it is left out: it finds other classes than people.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not safetensors, or not the layers of this architecture; the message names them.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f'detector.pretrained {path}: no such file; give safetensors of the layers of detector.weights, or "" for random ones'
        )
    head = f"model.{len(detector.model.model) - 1}."
    own = {name: tensor for name, tensor in detector.model.state_dict().items() if not name.startswith(head)}
    given = {name: tensor for name, tensor in read_tensors(path).items() if not name.startswith(head)}
    check_tensors(own, given, f"detector.pretrained {path}")
    detector.model.load_state_dict(given, strict=False)
