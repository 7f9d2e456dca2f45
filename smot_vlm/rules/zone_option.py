"""Zones as an option of a command states them: NAME=X,Y X,Y X,Y ... in shares of the frame, or with px in pixels."""

from smot_vlm.formats.documents import shown
from smot_vlm.rules.parts import MOST_POINTS, Zone

_FORM = "write NAME=X,Y X,Y X,Y ..., such as door=0.1,0.2 0.4,0.2 0.4,0.9, or with px at the end for pixels"


def read_zone(text: str) -> Zone:
    """Read a zone.

    Args:
        text: as the option has it.

    Returns:
        The zone.

    Raises:
        ValueError: another form, fewer than three corners, or a corner outside of the frame.
    """
    name, equals, rest = text.partition("=")
    words = rest.split()
    pixels = bool(words) and words[-1] == "px"
    if not equals or len(words) > MOST_POINTS + 1:
        raise ValueError(f"zone {shown(text)}; {_FORM}")
    try:
        points = tuple(_point(word) for word in words[: -1 if pixels else None])
    except ValueError:
        raise ValueError(f"zone {shown(text)}; {_FORM}") from None
    return Zone(name.strip(), points, pixels)


def _point(text: str) -> tuple[float, float]:
    x, y = text.split(",")
    return float(x), float(y)
