"""What a job may choose of how its video is described, and what there is to choose from on this machine."""

from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from smot_vlm.app.limits import RefusedError

AUTO, OWN_ASSOCIATOR = "auto", "model"


@dataclass(frozen=True)
class Choice:
    """How a video is described.

    Attributes:
        model: as of `Tracker.from_pretrained`.
        detector: the same.
        associator: a key of ASSOCIATORS; None: the model's own.
        device: as of `Tracker.from_pretrained`.
    """

    model: str = AUTO
    detector: str = AUTO
    associator: str | None = None
    device: str = AUTO


@dataclass(frozen=True)
class Options:
    """What may be chosen; the first of each is the preset.

    Attributes:
        models: names of models that are here.
        detectors: of people.
        associators: "model" is the model's own.
        devices: of this machine.
    """

    models: tuple[str, ...]
    detectors: tuple[str, ...]
    associators: tuple[str, ...]
    devices: tuple[str, ...]

    def choose(self, model: str, detector: str, associator: str, device: str) -> Choice:
        """A choice among these; what comes from a page is not trusted to be one.

        Args:
            model: one of `models`.
            detector: one of `detectors`.
            associator: one of `associators`.
            device: one of `devices`.

        Returns:
            The choice.

        Raises:
            RefusedError: it is none of them.
        """
        for entry, given in zip(fields(self), (model, detector, associator, device), strict=True):
            allowed = getattr(self, entry.name)
            if given not in allowed:
                raise RefusedError(
                    f"{entry.name.removesuffix('s')} is none of {', '.join(allowed)}; choose one of them"
                )
        return Choice(model, detector, None if associator == OWN_ASSOCIATOR else associator, device)


@lru_cache(maxsize=1)
def options_here() -> Options:
    """What this machine has. Nothing is fetched."""
    import torch

    from smot_vlm.association.associators import ASSOCIATORS, WITH_REID_FILE
    from smot_vlm.models.listing import TO_BE_HAD, list_models
    from smot_vlm.models.local_models import OWN
    from smot_vlm.system.known_models import VISION_LANGUAGE

    speak = [model.name for model in list_models() if model.state != TO_BE_HAD and model.kind in (OWN, VISION_LANGUAGE)]
    files = tuple(f"yolo:{path}" for path in _detector_files())
    gpus = tuple(f"cuda:{number}" for number in range(torch.cuda.device_count()))
    apple = ("mps",) if torch.backends.mps.is_available() else ()
    return Options(
        (AUTO, *dict.fromkeys([*speak, "tracks-only"])),
        (AUTO, "model", "people", *files),
        (OWN_ASSOCIATOR, *(name for name in ASSOCIATORS if name not in WITH_REID_FILE)),
        (AUTO, "cpu", *gpus, *apple),
    )


def _detector_files() -> list[Path]:
    from smot_vlm.system.files import cache_folder

    return sorted(cache_folder("detectors").glob("*.pt"))
