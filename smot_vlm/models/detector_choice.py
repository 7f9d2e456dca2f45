"""Which detector finds the people: the one that is named, or the best at hand."""

import threading
from pathlib import Path

from smot_vlm.config import Config
from smot_vlm.detection.detector import Detector, YoloFileDetector
from smot_vlm.detection.onnx_detector import OnnxDetector
from smot_vlm.detection.people_detector import PEOPLE_DETECTOR, open_people_detector
from smot_vlm.models.base import SmotModelBase

CHOICES = "auto, model, people, onnx:FILE or yolo:FILE"
NO_CHOICE = f"detector is {{!r}}; it takes {CHOICES}"


def check_choice(choice: str) -> None:
    """Make sure that there is such a choice, and its file, without opening it.

    Args:
        choice: one of CHOICES.

    Raises:
        ValueError: no such choice.
        FileNotFoundError: no such file.
    """
    kind, _, path = choice.partition(":")
    if choice not in ("auto", "model", "people") and not (path and kind in ("onnx", "yolo")):
        raise ValueError(NO_CHOICE.format(choice))
    if path and not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file, which --detector names; it takes {CHOICES}")


class DetectorChoice:
    """The detector of a model, opened when it is first needed; files are opened at once.

    "auto" takes the model's own where it has a trained one, and the one that ships where it has none; a model that knows
    what it learned from gives way to the latter on video that is unlike that.

    Args:
        choice: one of CHOICES.
        model: whose own detector may be used.
        config: its detector and association sections are read.
        allow_untrained: the model's own is used even where it is untrained.

    Attributes:
        name: of the detector, for descriptions.
        detector: used in place of the model's own; None for that one.
        fallback: used where the model's domain says that it must not speak; None for none.

    Raises:
        ValueError: no such choice, or a file that is no detector.
        FileNotFoundError: no such file.
    """

    def __init__(self, choice: str, model: SmotModelBase, config: Config, *, allow_untrained: bool = False) -> None:
        self._model = model
        self._config = config
        self._allow_untrained = allow_untrained
        self._is_settled = choice != "auto"
        self._settling = threading.Lock()  # videos that are described at once are begun at once
        self.name = choice
        self.detector: Detector | None = None
        self.fallback: Detector | None = None
        if choice not in ("auto", "model"):
            self.name, self.detector = self._open(choice)

    def settle(self) -> "DetectorChoice":
        """Make sure that the detector can be used.

        Returns:
            This choice.

        Raises:
            ValueError: the model's own detector was asked for, and there is none, or an untrained one.
            FileNotFoundError: its weights are missing.
        """
        with self._settling:
            if not self._is_settled:
                self._settle()
            elif self.detector is None and not self._allow_untrained:
                self._model.check_detector()
        return self

    def _settle(self) -> None:
        self._is_settled = True
        try:
            if not self._allow_untrained:
                self._model.check_detector()
            self.name = "model"
            if self._model.domain is not None:
                _, self.fallback = self._open("people")
        except (ValueError, FileNotFoundError):
            self.name, self.detector = self._open("people")

    def _open(self, choice: str) -> tuple[str, Detector]:
        kind, _, path = choice.partition(":")
        # detector.image_size is what the model's own detector is shown; a file knows its own.
        min_score, overlap = self._config.association.proposal_score, self._config.detector.overlap
        if choice == "people":
            return PEOPLE_DETECTOR, open_people_detector(min_score=min_score, overlap=overlap)
        classes = self._config.detector.classes
        if path and kind == "onnx":
            return Path(path).name, OnnxDetector(path, min_score=min_score, overlap=overlap, classes=classes)
        if path and kind == "yolo":
            return Path(path).name, YoloFileDetector(path, min_score=min_score, overlap=overlap, classes=classes)
        raise ValueError(NO_CHOICE.format(choice))
