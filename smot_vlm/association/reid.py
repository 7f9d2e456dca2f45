"""Appearance embeddings: a unit vector for each box from a re-identification model, and a gallery of them."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import cv2
import numpy as np

from smot_vlm.detection.onnx_session import open_session, run_session
from smot_vlm.system.files import cache_folder

# ImageNet's mean and standard deviation of RGB in 0..1, which re-identification models are trained with.
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], dtype=np.float32)
# OSNet's input where the file leaves it open: pixels.
HEIGHT, WIDTH = 256, 128


@runtime_checkable
class AppearanceEncoder(Protocol):
    """Embeds the people in boxes: the greater the cosine of two embeddings, the more alike two people look."""

    def __call__(self, image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """Embed the people of a frame.

        Args:
            image: RGB uint8 (height, width, 3).
            boxes: (n, 4), xyxy in its pixels.

        Returns:
            float32 unit vectors (n, dim).
        """
        ...


class OnnxReID:
    """A re-identification model such as OSNet, exported to ONNX: (batch, 3, height, width) -> (batch, dim).

    Crops are RGB, resized to the model's input and normalised by ImageNet's mean and deviation.

    Args:
        path: The ONNX file.
        threads: Of onnxruntime; 0 lets it choose.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not ONNX, or a model with another input or output.
    """

    def __init__(self, path: Path | str, *, threads: int = 0) -> None:
        self._path = Path(path)
        self._session = open_session(self._path, threads, "re-identification model")
        self._input = self._session.get_inputs()[0]
        shape = self._input.shape
        if len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != 3):
            raise ValueError(
                f"{self._path}: its input has shape {shape}; give a model that takes (batch, 3, height, width)"
            )
        self._batch = shape[0] if isinstance(shape[0], int) else None
        self._height = shape[2] if isinstance(shape[2], int) else HEIGHT
        self._width = shape[3] if isinstance(shape[3], int) else WIDTH

    def __call__(self, image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """Embed the part of each box inside the image."""
        crops = np.stack([self._crop(image, box) for box in boxes]) if len(boxes) else self._no_crops()
        size = self._batch or max(1, len(crops))
        vectors = np.concatenate(
            [self._run(crops[start : start + size], size) for start in range(0, len(crops) or 1, size)]
        )
        return vectors[: len(boxes)]

    def _no_crops(self) -> np.ndarray:
        return np.zeros((0, 3, self._height, self._width), dtype=np.float32)

    def _crop(self, image: np.ndarray, box: np.ndarray) -> np.ndarray:
        """The part of the box inside the image, at least a pixel, as the model's input (3, height, width)."""
        height, width = image.shape[:2]
        left, top = np.clip(np.floor(box[:2]), 0, (width - 1, height - 1)).astype(int)
        right, bottom = np.clip(np.ceil(box[2:]), (left + 1, top + 1), (width, height)).astype(int)
        crop = cv2.resize(image[top:bottom, left:right], (self._width, self._height), interpolation=cv2.INTER_LINEAR)
        return ((crop.astype(np.float32) / 255 - MEAN) / DEVIATION).transpose(2, 0, 1)

    def _run(self, crops: np.ndarray, size: int) -> np.ndarray:
        """Unit vectors of `crops`, padded to `size` for files with a fixed batch."""
        batch = np.zeros((size, 3, self._height, self._width), dtype=np.float32)
        batch[: len(crops)] = crops
        vectors = np.asarray(run_session(self._session, self._path, {self._input.name: batch})[0], dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != size:
            raise ValueError(
                f"{self._path}: {size} crops gave an output of shape {vectors.shape}; give a model with output (batch, dim)"
            )
        result: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return result


def find_reid_model() -> OnnxReID:
    """The re-identification model in this program's cache: the first ONNX file, by name, in the folder `reid`.

    Raises:
        FileNotFoundError: There is none; the message names the folder.
    """
    folder = cache_folder("reid")
    files = sorted(folder.glob("*.onnx"))
    if not files:
        raise FileNotFoundError(
            f"{folder}: no ONNX re-identification model there, which deepsort needs to compare appearance; "
            "put one there (OSNet x0.25, for example), write deepsort:FILE, or choose byte, sort or ocsort"
        )
    return OnnxReID(files[0])


class Gallery:
    """The newest embeddings of every track, in slots that are used again when a track ends.

    Args:
        size: How many embeddings a track keeps; a new one replaces the oldest.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._vectors = np.zeros((0, size, 0), dtype=np.float32)
        self._counts = np.zeros(0, dtype=np.int64)
        self._free: list[int] = []

    def open(self, vectors: np.ndarray) -> np.ndarray:
        """Reserve slots for new tracks.

        Args:
            vectors: Their first embeddings (n, dim).

        Returns:
            Slots (n).
        """
        missing = len(vectors) - len(self._free)
        if missing > 0:
            self._grow(max(missing, len(self._counts)), vectors.shape[1])
        slots = np.array([self._free.pop() for _ in vectors], dtype=np.int64)
        self._vectors[slots] = 0
        self._counts[slots] = 0
        self.add(slots, vectors)
        return slots

    def close(self, slots: np.ndarray) -> None:
        """Free the slots of tracks that ended.

        Args:
            slots: Of these tracks.
        """
        self._free += slots.tolist()

    def add(self, slots: np.ndarray, vectors: np.ndarray) -> None:
        """Add an embedding to tracks.

        Args:
            slots: Slots of the tracks (n), each at most once.
            vectors: Their embeddings (n, dim).
        """
        if len(slots) == 0:
            return
        self._vectors[slots, self._counts[slots] % self._size] = vectors
        self._counts[slots] += 1

    def similarity(self, slots: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """The greatest cosine between any embedding of a track and each given one, at least 0.

        Args:
            slots: Slots of the tracks (n).
            vectors: Embeddings (m, dim).

        Returns:
            (n, m) similarities.
        """
        if len(slots) == 0 or len(vectors) == 0:
            return np.zeros((len(slots), len(vectors)))
        # Unfilled entries are zeros, whose cosine is 0.
        result: np.ndarray = np.maximum((self._vectors[slots] @ vectors.T).max(axis=1), 0).astype(np.float64)
        return result

    def _grow(self, count: int, dim: int) -> None:
        first = len(self._counts)
        vectors = np.zeros((first + count, self._size, dim), dtype=np.float32)
        if first:
            vectors[:first] = self._vectors
        self._vectors = vectors
        self._counts = np.concatenate((self._counts, np.zeros(count, dtype=np.int64)))
        self._free += range(first + count - 1, first - 1, -1)
