"""A detector's layers from elsewhere, in which a training of the whole model starts."""

from pathlib import Path

from smot_vlm.detection.detector import YoloDetector
from smot_vlm.models.tensor_files import check_tensors, read_tensors


def load_layers(detector: YoloDetector, path: Path) -> None:
    """Start backbone and neck from a file; the head stays as it is.

    Args:
        detector: changed in place.
        path: safetensors named as in ultralytics' `DetectionModel` ("model.0.conv.weight"), floats of any width. A head in
            it is left out: it finds other classes than people.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not safetensors, or not the layers of this architecture; the message names them.
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
