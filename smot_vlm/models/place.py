"""Where a video takes place: a linear classifier (multinomial logistic regression) of the frames' feature statistics."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from smot_vlm.language.caption_lexicon import SCENES
from smot_vlm.models.tensor_files import read_arrays

PLACE_FILE = "place.safetensors"
# A place is told from this probability on.
TOLD_FROM = 0.7
_SHAPES = ("mean", "scale", "weights", "biases")


@dataclass(frozen=True, eq=False)
class PlaceReader:
    """Reads the place of a frame from its statistics.

    Attributes:
        labels: keys of SCENES.
        mean: of each feature over training frames, float32 (features,).
        scale: standard deviations of the features (features,).
        weights: of the scaled features (labels, features), calibrated: their softmax are probabilities.
        biases: of each label (labels,).

    Raises:
        ValueError: labels that are no places or stand twice, shapes that do not fit, or numbers that are not finite.
    """

    labels: tuple[str, ...]
    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    biases: np.ndarray

    def __post_init__(self) -> None:
        if len(set(self.labels)) < max(2, len(self.labels)) or not set(self.labels) <= set(SCENES):
            raise ValueError(f"places are {', '.join(self.labels) or 'none'}; give two or more of {', '.join(SCENES)}")
        features, places = self.mean.size, len(self.labels)
        shapes = ((features,), (features,), (places, features), (places,))
        for name, shape in zip(_SHAPES, shapes, strict=True):
            values = getattr(self, name)
            if values.shape != shape or values.dtype.kind != "f" or not np.isfinite(values).all():
                raise ValueError(f"{name} has shape {values.shape}; give finite floats of shape {shape}")
        if not (self.scale > 0).all():
            raise ValueError("scale holds a number that is not above 0")

    def probabilities(self, statistics: np.ndarray) -> np.ndarray:
        """How likely each place is, frame by frame.

        Args:
            statistics: (frames, features), of the model's `frame_statistics`.

        Returns:
            float64 (frames, labels).
        """
        scaled = (statistics.astype(np.float64) - self.mean) / self.scale
        logits = scaled @ self.weights.T.astype(np.float64) + self.biases
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: np.ndarray = odds / odds.sum(axis=1, keepdims=True)
        return result

    def place(self, looks: Sequence[np.ndarray]) -> str:
        """The place of a video, if one is likely enough: a video that moves between places has none.

        Args:
            looks: probabilities (labels,) of each look at it.

        Returns:
            A key of SCENES; empty below `TOLD_FROM`, and without a look.
        """
        if not len(looks):
            return ""
        mean = np.mean(looks, axis=0)
        best = int(mean.argmax())
        return self.labels[best] if mean[best] >= TOLD_FROM else ""

    def save(self, folder: Path) -> None:
        """Write `PLACE_FILE`, the weights in half precision.

        Args:
            folder: of the model.
        """
        tensors = {name: getattr(self, name).astype(np.float32) for name in _SHAPES}
        tensors["weights"] = tensors["weights"].astype(np.float16)
        save_file(tensors, folder / PLACE_FILE, metadata={"labels": json.dumps(self.labels)})

    @classmethod
    def load(cls, folder: Path) -> "PlaceReader | None":
        """Read `PLACE_FILE`.

        Args:
            folder: of a model.

        Returns:
            The reader; None where the folder has none.

        Raises:
            ValueError: the file cannot be read, or is not of this form.
        """
        path = folder / PLACE_FILE
        if not path.is_file():
            return None
        arrays = read_arrays(path)
        with safe_open(path, "np") as file:
            stated = (file.metadata() or {}).get("labels", "[]")
        try:
            labels = json.loads(stated)
            if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
                raise ValueError("its labels are not a list of names")
            if arrays.keys() != set(_SHAPES):
                raise ValueError(f"it holds {', '.join(sorted(arrays))} in place of {', '.join(_SHAPES)}")
            return cls(tuple(labels), **arrays)
        except ValueError as error:
            raise ValueError(f"{path}: damaged ({error}); copy or download it again") from None
