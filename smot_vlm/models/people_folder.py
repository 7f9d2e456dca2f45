"""A PeopleModel as a folder.

config.json         the configuration with "model_type": "people", the card, and the calibration
model.safetensors   the appearance network and the layer that reads pairs
domain.safetensors  what it learned from, see `Domain`
README.md           the model card
SHA256SUMS          the checksums of all that but the card
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from safetensors.torch import save_file

from smot_vlm.appearance.answers import Calibration
from smot_vlm.appearance.network import PersonAppearance, reads_faces
from smot_vlm.appearance.pair_deeds import PairDeeds
from smot_vlm.config import Config, apply_overrides, config_from_dict, config_to_dict
from smot_vlm.detection.people_detector import open_people_detector
from smot_vlm.formats.checked import record
from smot_vlm.formats.documents import read_json, shown
from smot_vlm.models.card import ModelCard, model_card
from smot_vlm.models.checkpoint_checks import check_sums
from smot_vlm.models.domain import Domain
from smot_vlm.models.people import PeopleModel
from smot_vlm.models.tensor_files import check_tensors, read_tensors, to_disk
from smot_vlm.system.checksums import folder_sums, write_sums
from smot_vlm.system.files import atomic_folder

MODEL_TYPE = "people"
CONFIG, WEIGHTS = "config.json", "model.safetensors"
_OWN_KEYS = ("card", "temperatures", "thresholds")


def is_people_folder(folder: Path) -> bool:
    """Whether a folder holds a PeopleModel.

    Args:
        folder: of any model.

    Raises:
        ValueError: its config.json cannot be read.
    """
    path = folder / CONFIG
    content = read_json(path) if path.is_file() else None
    return isinstance(content, dict) and content.get("model_type") == MODEL_TYPE


def save_people(model: PeopleModel, config: Config, folder: Path | str, *, overwrite: bool = False) -> None:
    """Write the model's folder, floats as float16.

    Args:
        model: what is saved.
        config: of its detector, associator and looks.
        folder: to write.
        overwrite: replace an existing folder.

    Raises:
        FileExistsError: the folder exists, is not empty and `overwrite` is false.
    """
    with atomic_folder(Path(folder), overwrite) as temporary:
        content = {
            **config_to_dict(config),
            "card": asdict(model.card),
            "temperatures": dict(model.calibration.temperatures),
            "thresholds": dict(model.calibration.thresholds),
        }
        (temporary / CONFIG).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        save_file(to_disk(model.state_dict(), half=True), temporary / WEIGHTS, metadata={"format": "pt"})
        if model.domain is not None:
            model.domain.save(temporary)
        write_sums(temporary, folder_sums(temporary))
        (temporary / "README.md").write_text(model_card(config, model.card), encoding="utf-8")


def load_people(folder: Path | str, overrides: Sequence[str] = ()) -> tuple[PeopleModel, Config]:
    """Load a PeopleModel's folder.

    Args:
        folder: written by `save_people`.
        overrides: of the configuration.

    Returns:
        The model on the CPU in evaluation mode, and its configuration.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file cannot be read, or its tensors are not the model's.
    """
    folder = Path(folder)
    path = folder / CONFIG
    content = read_json(path)
    settings = {key: value for key, value in content.items() if key not in _OWN_KEYS}
    try:
        config = config_from_dict(apply_overrides(settings, overrides))
        card = record(ModelCard, content.get("card", {}), whole="card")
        calibration = Calibration(_numbers(content, "temperatures"), _numbers(content, "thresholds"))
    except ValueError as error:
        raise ValueError(f"{path}: not a model's configuration ({error})") from None
    tensors = read_tensors(folder / WEIGHTS)
    model = build_people(config, calibration, faces=reads_faces(tensors, "appearance."))
    check_tensors(model.state_dict(), tensors, str(folder / WEIGHTS))
    model.load_state_dict(tensors)
    check_sums(folder)
    model.card, model.domain = card, Domain.load(folder)
    return model.eval(), config


def build_people(config: Config, calibration: Calibration, *, faces: bool = False) -> PeopleModel:
    """A PeopleModel with random weights.

    Args:
        config: its detector and association sections are read.
        calibration: which answers are told.
        faces: kinds are read from faces, too.

    Returns:
        The model.
    """
    min_score, overlap = config.association.proposal_score, config.detector.overlap
    opened = partial(open_people_detector, min_score=min_score, overlap=overlap)
    return PeopleModel(opened, PersonAppearance(faces=faces), PairDeeds(), calibration)


def _numbers(content: dict[str, object], name: str) -> dict[str, float]:
    table = content.get(name)
    if not isinstance(table, dict) or not all(isinstance(value, (int, float)) for value in table.values()):
        raise ValueError(f"{name} is {shown(table)}; give a number for each question")
    return {str(key): float(value) for key, value in table.items()}
