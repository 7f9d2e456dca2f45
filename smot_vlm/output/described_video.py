"""Where the video of a description lies. A description is data: only files are opened, never an address or a camera that it names."""

from pathlib import Path


def find_video(source: str, description: Path) -> Path:
    """The described video: as it was named, or from the description's folder on.

    Args:
        source: what the description calls it.
        description: path of description.json.

    Returns:
        A file, or a folder of pictures.

    Raises:
        FileNotFoundError: it is in none of these places.
    """
    named = Path(source)
    for path in (named, description.parent / named, description.parent / named.name):
        if source and path.exists():
            return path
    raise FileNotFoundError(f"{source}: the described video is not there any more, so there is no picture of it")
