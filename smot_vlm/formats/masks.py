"""From a mask to the box around it: pictures of bools, and COCO's run lengths, plain or compressed.

Run lengths give their box without being painted, so that a hostile one costs no memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from smot_vlm.formats.box_rows import Box
from smot_vlm.formats.checked import Range, record
from smot_vlm.formats.documents import shown

# Of a picture's side. 32768 x 32768 pixels still count in 64 bits by far.
LONGEST_SIDE = 2**15
# COCO's letters stand for 0 to 63; five bits of the number each, and one that says that another letter follows.
_FIRST_LETTER = 48
_MORE = 0x20
_SIGN = 0x10
_LONGEST_NUMBER = 7

Side = Annotated[int, Range(1, LONGEST_SIDE)]


@dataclass(frozen=True)
class RunLengths:
    """A mask in COCO's run lengths, column by column, the first run outside.

    Attributes:
        size: height and width.
        counts: of each run, outside and inside in turn.
    """

    size: tuple[int, int]
    counts: np.ndarray

    def box(self) -> Box | None:
        """The tight box.

        Returns:
            xyxy pixels, the far edges behind the last pixel; None where the mask is empty.
        """
        height = self.size[0]
        ends = np.cumsum(self.counts)
        inside = np.flatnonzero(self.counts[1::2]) * 2 + 1
        if not len(inside):
            return None
        first, last = ends[inside - 1], ends[inside] - 1
        rows = first % height, last % height
        # A run over the end of a column touches the lowest row and the highest.
        whole = bool((first // height != last // height).any())
        top, bottom = (0, height) if whole else (int(rows[0].min()), int(rows[1].max()) + 1)
        return float(first[0] // height), float(top), float(last[-1] // height + 1), float(bottom)


@dataclass(frozen=True)
class _Size:
    size: tuple[Side, Side]


def read_run_lengths(content: Any, place: str) -> RunLengths:
    """Check a mask of a JSON document.

    Args:
        content: an object with size [height, width] and counts: a list of whole numbers, or COCO's text.
        place: of the mask, for messages.

    Returns:
        The run lengths.

    Raises:
        ValueError: no such object, or its runs do not fill the picture.
    """
    if not isinstance(content, dict) or "size" not in content or "counts" not in content:
        raise ValueError(
            f"{place} is {shown(content)}; a mask is COCO's RLE with size and counts (or goes into an npz)"
        )
    size = record(_Size, {"size": content["size"]}, place).size
    counts = content["counts"]
    pixels = size[0] * size[1]
    runs = _of_text(counts, place) if isinstance(counts, str) else _of_list(counts, pixels, place)
    if (runs < 0).any() or (runs > pixels).any() or runs.sum() != pixels:
        raise ValueError(f"{place}.counts do not add up to the {size[0]} x {size[1]} pixels of size [height, width]")
    return RunLengths(size, runs)


def box_of_mask(mask: np.ndarray) -> Box | None:
    """The tight box of a picture.

    Args:
        mask: (height, width), inside where it is not 0.

    Returns:
        xyxy pixels, the far edges behind the last pixel; None where the mask is empty.
    """
    columns = np.flatnonzero(mask.any(axis=0))
    if not len(columns):
        return None
    rows = np.flatnonzero(mask.any(axis=1))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def _of_list(counts: Any, pixels: int, place: str) -> np.ndarray:
    allowed = isinstance(counts, Sequence) and all(type(one) is int and 0 <= one <= pixels for one in counts)
    if not allowed:
        raise ValueError(
            f"{place}.counts is {shown(counts)}; it takes whole numbers from 0 to {pixels}, or COCO's text"
        )
    return np.array(counts, dtype=np.int64)


def _of_text(counts: str, place: str) -> np.ndarray:
    """COCO's text: numbers of base 32, from the third on as differences to the one before the last."""
    letters = np.frombuffer(counts.encode("utf-32-le", errors="surrogatepass"), dtype="<u4").astype(np.int64)
    letters -= _FIRST_LETTER
    known = bool(((letters >= 0) & (letters < 2 * _MORE)).all())
    ends = np.flatnonzero((letters & _MORE) == 0) if known else np.zeros(0, dtype=np.int64)
    lengths = np.diff(ends, prepend=-1)
    if (
        not known
        or (len(letters) and (not len(ends) or ends[-1] != len(letters) - 1))
        or (lengths > _LONGEST_NUMBER).any()
    ):
        raise ValueError(f"{place}.counts is {shown(counts)}, no text of COCO's run lengths")
    if not len(letters):
        return np.zeros(0, dtype=np.int64)
    starts = ends - lengths + 1
    digits = np.arange(len(letters)) - np.repeat(starts, lengths)
    runs = np.add.reduceat((letters & (_MORE - 1)) << (5 * digits), starts)
    runs -= np.where(letters[ends] & _SIGN, np.int64(1) << (5 * lengths), 0)
    runs[1::2] = np.cumsum(runs[1::2])
    runs[2::2] = np.cumsum(runs[2::2])
    return runs
