"""Where text goes on a picture: inside it, on no face and on no other text, as near as it can to where it belongs."""

from collections.abc import Callable

import numpy as np

# A face is in the top third of a person's box.
FACE_SHARE = 1 / 3


class Places:
    """Finds room for the tags of one picture, one after the other.

    Args:
        width: of the picture in pixels.
        height: the same.
        boxes: (n, 4) xyxy, the people of the picture; no tag covers the top third of one where there is other room.
    """

    def __init__(self, width: int, height: int, boxes: np.ndarray) -> None:
        self._size = np.array([width, height], dtype=float)
        self._kept_free = face_areas(boxes)

    def find(
        self, width: int, height: int, corners: np.ndarray, elsewhere: Callable[[], np.ndarray] | None = None
    ) -> tuple[int, int]:
        """Choose the first of the places that hide least, and keep it from the tags to come.

        Args:
            width: of the tag in pixels.
            height: the same.
            corners: (m, 2) left and top of the tag, the best place first; moved into the picture where they are outside.
            elsewhere: gives more places; asked where each of `corners` hides something.

        Returns:
            Left and top, whole pixels.
        """
        size = np.array([width, height], dtype=float)
        inside, hidden = self._measured(corners, size)
        if hidden.min() > 0 and elsewhere is not None:
            more, hidden_there = self._measured(elsewhere(), size)
            inside, hidden = np.concatenate([inside, more]), np.concatenate([hidden, hidden_there])
        place = inside[int(hidden.argmin())]
        self._kept_free = np.concatenate([self._kept_free, [np.concatenate([place, place + size])]])
        return int(place[0]), int(place[1])

    def _measured(self, corners: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places inside the picture, and how many square pixels of faces and other tags each covers."""
        inside = np.clip(corners, 0, np.maximum(self._size - size, 0)).round()
        (left, top), kept = inside.T[:, :, None], self._kept_free
        across = np.minimum(left + size[0], kept[:, 2]) - np.maximum(left, kept[:, 0])
        down = np.minimum(top + size[1], kept[:, 3]) - np.maximum(top, kept[:, 1])
        return inside, (np.maximum(across, 0) * np.maximum(down, 0)).sum(axis=1)


def face_areas(boxes: np.ndarray) -> np.ndarray:
    """The top third of each box.

    Args:
        boxes: (n, 4) xyxy.

    Returns:
        (n, 4) xyxy.
    """
    faces = np.array(boxes, dtype=float).reshape(-1, 4)
    faces[:, 3] = faces[:, 1] + FACE_SHARE * (faces[:, 3] - faces[:, 1])
    return faces


def around_feet(box: np.ndarray, width: int, height: int) -> np.ndarray:
    """Places for the tag of one person: on the lower edge of the box, below it, beside it, further up.

    Args:
        box: (4) xyxy.
        width: of the tag in pixels.
        height: the same.

    Returns:
        (m, 2) left and top, the best first.
    """
    x1, y1, x2, y2 = box.tolist()
    columns = (x1, x2 - width, (x1 + x2 - width) / 2)
    edge, tall = y2 - height / 2, y2 - y1
    rows = [(x, y) for y in (edge, y2, y2 - height, y1 + 0.67 * tall, y1 + 0.45 * tall) for x in columns]
    beside = [(x, y) for y in (y2 - height, y1 + 0.5 * tall, y2, y1 - height) for x in (x1 - width, x2)]
    below = [(x, y2 + step * height) for step in (1, 2) for x in columns]
    return np.array([*rows, *beside, *below])


def along_curve(curve: np.ndarray, width: int, height: int) -> np.ndarray:
    """Places for the tag of an arrow: on the line from its middle outwards, then beside the line.

    Args:
        curve: (n, 2) points.
        width: of the tag in pixels.
        height: the same.

    Returns:
        (m, 2) left and top, the best first.
    """
    middle = (len(curve) - 1) / 2
    order = np.argsort(np.abs(np.arange(len(curve)) - middle), kind="stable")
    on_line = curve[order] - np.array([width / 2, height / 2])
    steps = [0.0, -1.1, 1.1, -2.2, 2.2]
    # A short arrow would be hidden under its own tag.
    if np.linalg.norm(curve[-1] - curve[0]) < 1.8 * width:
        steps = steps[1:] + steps[:1]
    return np.concatenate([on_line + np.array([0, step * height]) for step in steps])


def nearest_first(shape: tuple[int, int], centre: np.ndarray, width: int, height: int) -> np.ndarray:
    """A grid of places all over the picture.

    Args:
        shape: (height, width) of the picture in pixels.
        centre: (2), where the tag belongs.
        width: of the tag in pixels.
        height: the same.

    Returns:
        (m, 2) left and top, the nearest first.
    """
    columns = np.arange(0, max(shape[1] - width, 0) + 1, max(width // 3, 1), dtype=float)
    rows = np.arange(0, max(shape[0] - height, 0) + 1, max(height // 2, 1), dtype=float)
    corners = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    distance = np.linalg.norm(corners + np.array([width / 2, height / 2]) - centre, axis=1)
    return corners[np.argsort(distance, kind="stable")]
