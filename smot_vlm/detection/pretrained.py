"""Finds a YOLO checkpoint that is already on this machine. Nothing is downloaded."""

from pathlib import Path

from smot_vlm.detection.detector import weights_folder
from smot_vlm.system.files import cache_folder


def find_checkpoint(name: Path | str) -> Path:
    """Search for a .pt file as a path, in this program's cache and in ultralytics' own folder, in that order.

    Args:
        name: A path, or a file name such as yolo11n.pt.

    Raises:
        FileNotFoundError: It is in none of them; the message lists them and says what to do.
    """
    path = Path(name).expanduser()
    places = [path] if path.parent != Path() else [path, cache_folder("detectors") / path, weights_folder() / path]
    for place in places:
        if place.is_file():
            return place
    tried = ", ".join(str(place.absolute()) for place in places)
    raise FileNotFoundError(
        f"detector {name} was not found (tried {tried}); get it with "
        f"`python -c \"from ultralytics import YOLO; YOLO('{path.name}')\"`, or give --detector onnx:FILE, "
        "--detector yolo:FILE or --trajectories MOT.txt"
    )
