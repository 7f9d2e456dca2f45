"""The domain that a model learned from: how far a frame or a person is from what it was trained on.

Features of training data are held as a Gaussian with a few directions (probabilistic PCA, Tipping and Bishop 1999); the
distance of a new feature is the squared Mahalanobis distance over the number of its values, about 1 within the domain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from smot_vlm.models.tensor_files import read_arrays
from smot_vlm.structures import DOUBTFUL, STATED, WITHHELD

DOMAIN_FILE = "domain.safetensors"
# Directions that are held one by one.
DIRECTIONS = 64
# A limit is this many times the 0.995 quantile of distances within the domain.
DOUBTFUL_MARGIN, WITHHELD_MARGIN = 1.1, 1.4
_PARTS = ("mean", "scale", "basis", "variance", "rest", "limits")


@dataclass(frozen=True, eq=False)
class FeatureDomain:
    """Features of training data as a Gaussian, and how far from it is too far.

    Attributes:
        mean: float32 (features,).
        scale: standard deviation of each feature (features,).
        basis: the first directions of the scaled features (directions, features).
        variance: along each direction (directions,).
        rest: variance along every other one, (1,).
        limits: the distances from which on words are doubtful, and withheld, (2,).

    Raises:
        ValueError: shapes that do not fit, numbers that are not finite, or variances that are not above 0.
    """

    mean: np.ndarray
    scale: np.ndarray
    basis: np.ndarray
    variance: np.ndarray
    rest: np.ndarray
    limits: np.ndarray

    def __post_init__(self) -> None:
        features, directions = self.mean.size, self.variance.size
        shapes = ((features,), (features,), (directions, features), (directions,), (1,), (2,))
        for name, shape in zip(_PARTS, shapes, strict=True):
            values = getattr(self, name)
            if values.shape != shape or values.dtype.kind != "f" or not np.isfinite(values).all():
                raise ValueError(f"{name} has shape {values.shape}; give finite floats of shape {shape}")
            if name not in ("mean", "basis") and not (values > 0).all():
                raise ValueError(f"{name} holds a number that is not above 0")

    @classmethod
    def fit(cls, features: np.ndarray, directions: int = DIRECTIONS, *, least_scale: float = 1e-6) -> "FeatureDomain":
        """The Gaussian of some features; its limits are infinite until `calibrated`.

        Args:
            features: (n, features), more rows than `directions`.
            directions: how many are held.
            least_scale: added to standard deviations: a feature that hardly ever changes must not decide alone.

        Returns:
            The domain.

        Raises:
            ValueError: too few rows.
        """
        if len(features) <= directions:
            raise ValueError(f"{len(features)} features of a domain; give more than {directions}")
        mean, scale = features.mean(axis=0), features.std(axis=0) + least_scale
        _, lengths, basis = np.linalg.svd((features - mean) / scale, full_matrices=False)
        variance = lengths**2 / (len(features) - 1)
        others = features.shape[1] - directions
        rest = variance[directions:].sum() / others if others > 0 else variance[-1]
        parts = (mean, scale, basis[:directions], variance[:directions], [rest])
        most = np.finfo(np.float32).max
        return cls(*(np.asarray(part, dtype=np.float32) for part in (*parts, [most, most])))

    def calibrated(self, distances: Sequence[float]) -> "FeatureDomain":
        """The same Gaussian with limits.

        Args:
            distances: of videos or people within the domain that it was not fitted to.

        Returns:
            The domain.
        """
        within = float(np.quantile(distances, 0.995))
        limits = np.array([DOUBTFUL_MARGIN * within, WITHHELD_MARGIN * within], dtype=np.float32)
        return FeatureDomain(self.mean, self.scale, self.basis, self.variance, self.rest, limits)

    def distances(self, features: np.ndarray) -> np.ndarray:
        """How far features are from the domain.

        Args:
            features: (n, features).

        Returns:
            (n,); infinite where a feature is not finite.
        """
        scaled = (features.astype(np.float64) - self.mean) / self.scale
        along = scaled @ self.basis.T
        rest = (scaled**2).sum(axis=1) - (along**2).sum(axis=1)
        total = (along**2 / self.variance).sum(axis=1) + rest.clip(0) / self.rest
        result: np.ndarray = np.nan_to_num(total / self.mean.size, nan=np.inf)
        return result

    def judge(self, distances: Sequence[float]) -> str:
        """What may be said of somebody or something.

        Args:
            distances: of it in several frames; their median counts.

        Returns:
            STATED, DOUBTFUL or WITHHELD; STATED where there is none.
        """
        if not len(distances):
            return STATED
        distance = np.median(distances)
        return WITHHELD if distance > self.limits[1] else DOUBTFUL if distance > self.limits[0] else STATED


@dataclass(frozen=True, eq=False)
class Domain:
    """What a model learned from, in up to three respects.

    Attributes:
        people: of a person's tokens t_i^j.
        frames: of `frame_statistics`; None: the model looks at people alone, and may speak of every frame.
        pairs: of the descriptors of windows of two people; None: the model may speak of every pair.
    """

    people: FeatureDomain
    frames: FeatureDomain | None
    pairs: FeatureDomain | None = None

    def save(self, folder: Path) -> None:
        """Write `DOMAIN_FILE`, the directions in half precision.

        Args:
            folder: of the model.
        """
        known = {"people": self.people, "frames": self.frames, "pairs": self.pairs}
        parts = {part: domain for part, domain in known.items() if domain is not None}
        tensors = {f"{part}.{name}": getattr(domain, name) for part, domain in parts.items() for name in _PARTS}
        kinds = {name: np.float16 if name.endswith("basis") else np.float32 for name in tensors}
        save_file({name: tensor.astype(kinds[name]) for name, tensor in tensors.items()}, folder / DOMAIN_FILE)

    @classmethod
    def load(cls, folder: Path) -> "Domain | None":
        """Read `DOMAIN_FILE`.

        Args:
            folder: of a model.

        Returns:
            The domain; None where the folder has none.

        Raises:
            ValueError: the file cannot be read, or is not of this form.
        """
        path = folder / DOMAIN_FILE
        if not path.is_file():
            return None
        tensors = read_arrays(path)
        try:
            # Whole or not at all: a tensor that is missing is damage.
            there = {name.partition(".")[0] for name in tensors} | {"people"}
            parts = {part: _part(tensors, part) for part in ("people", "frames", "pairs") if part in there}
            return cls(parts["people"], parts.get("frames"), parts.get("pairs"))
        except ValueError as error:
            raise ValueError(f"{path}: damaged ({error}); copy or download it again") from None
        except KeyError as error:
            raise ValueError(f"{path}: tensor {error} is missing; copy or download it again") from None


def _part(tensors: dict[str, np.ndarray], part: str) -> FeatureDomain:
    return FeatureDomain(*(tensors[f"{part}.{name}"] for name in _PARTS))
