"""Finds a YOLO checkpoint that is already on this machine. It is downloaded only by `download_checkpoint`."""

from pathlib import Path

from smot_vlm.detection.detector import weights_folder
from smot_vlm.detection.foreign import reason_of
from smot_vlm.system.files import atomic_path, cache_folder
from smot_vlm.system.known_models import CHECKPOINTS, KNOWN_MODELS, facts, fetching
from smot_vlm.system.offline import check_may_fetch

CACHE = "detectors"


def find_checkpoint(name: Path | str) -> Path:
    """Search for a .pt file as a path, in this program's cache and in ultralytics' own folder, in that order.

    Args:
        name: A path, or a file name such as yolo11n.pt.

    Raises:
        FileNotFoundError: It is in none of them; the message lists them and says what to do.
    """
    path = Path(name).expanduser()
    places = [path] if path.parent != Path() else [path, cache_folder(CACHE) / path, weights_folder() / path]
    for place in places:
        if place.is_file():
            return place
    tried = ", ".join(str(place.absolute()) for place in places)
    known = KNOWN_MODELS.get(str(path))
    get = f" and is not fetched unasked ({facts(path.name)}); run `{fetching(path.name)}`, or" if known else ";"
    raise FileNotFoundError(
        f"detector {name} was not found (tried {tried}){get} give --detector people, which ships, --detector onnx:FILE, "
        "--detector yolo:FILE or --trajectories MOT.txt"
    )


def download_checkpoint(name: str) -> Path:
    """Download a checkpoint that this program knows into its cache, behind a bar on a terminal.

    Args:
        name: such as yolo11n.pt.

    Returns:
        The file.

    Raises:
        OfflineError: the network is switched off.
        ConnectionError: it was not given.
    """
    from ultralytics.utils.downloads import safe_download

    check_may_fetch(name)
    target = cache_folder(CACHE) / name
    with atomic_path(target) as temporary:
        temporary.unlink()
        try:
            safe_download(CHECKPOINTS + name, file=temporary.name, dir=temporary.parent, unzip=False, retry=1)
        except Exception as error:  # its transports fail in many ways
            raise ConnectionError(
                f"{CHECKPOINTS}{name} was not given ({reason_of(error)}); check the network, or download it elsewhere and "
                "give --detector yolo:FILE"
            ) from error
    return target
