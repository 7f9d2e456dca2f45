"""Any model's folder, by what its config.json says it is."""

from collections.abc import Sequence
from pathlib import Path

from smot_vlm.config import Config
from smot_vlm.models.base import SmotModelBase
from smot_vlm.models.checkpoint import load_pretrained
from smot_vlm.models.people_folder import is_people_folder, load_people


def load_model(folder: Path, overrides: Sequence[str] = ()) -> tuple[SmotModelBase, Config]:
    """Load a folder.

    Args:
        folder: of a SmotModel or a PeopleModel.
        overrides: of the configuration.

    Returns:
        The model on the CPU in evaluation mode, and its configuration.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file cannot be read, or its tensors are not the model's.
    """
    return load_people(folder, overrides) if is_people_folder(folder) else load_pretrained(folder, overrides)
