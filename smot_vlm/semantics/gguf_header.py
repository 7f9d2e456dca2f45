"""The beginning of a GGUF file, walked before a library reads it: a stated length beyond the file makes it loop without end.

Layout: "GGUF", version, numbers of tensors and of settings; then the settings (name, type, value).
"""

import mmap
import struct
from pathlib import Path

# Bytes of a value of each type; 8 is a string and 9 an array.
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
STRING, ARRAY = 8, 9
VERSIONS = (2, 3)
MOST_TENSORS, MOST_SETTINGS = 100_000, 10_000
# A tensor's entry: length of its name, number of dimensions, type and offset.
SMALLEST_ENTRY = 24


def check_gguf(path: Path) -> None:
    """Make sure that every length in the header lies within the file.

    Args:
        path: of the GGUF file.

    Raises:
        ValueError: not GGUF, or damaged; the message names the file.
    """
    try:
        if not path.stat().st_size:
            raise ValueError("it is empty")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            _Header(content).check()
    except (ValueError, struct.error) as error:
        raise ValueError(f"{path}: not a GGUF model, or damaged ({error}); copy or download it again") from None


class _Header:
    def __init__(self, content: mmap.mmap) -> None:
        self._content, self._place = content, 0

    def check(self) -> None:
        if self._content[:4] != b"GGUF":
            raise ValueError("it does not begin with GGUF")
        self._place = 4
        version, tensors, settings = self._take("<IQQ")
        if version not in VERSIONS:
            raise ValueError(f"version {version}; versions {VERSIONS[0]} and {VERSIONS[1]} are read")
        left = len(self._content) - self._place
        if tensors > min(MOST_TENSORS, left // SMALLEST_ENTRY) or settings > MOST_SETTINGS:
            raise ValueError(f"{tensors} tensors and {settings} settings in {left} bytes")
        for _ in range(settings):
            self._skip_string()
            (kind,) = self._take("<I")
            self._skip_value(kind)

    def _skip_value(self, kind: int) -> None:
        if kind == STRING:
            self._skip_string()
            return
        if kind != ARRAY:
            self._skip(self._size(kind))
            return
        inner, count = self._take("<IQ")
        if inner != STRING:
            self._skip(self._size(inner) * count)
            return
        if count > len(self._content):
            raise ValueError(f"a list of {count} texts")
        for _ in range(count):
            self._skip_string()

    def _size(self, kind: int) -> int:
        if kind not in SIZES:
            raise ValueError(f"a value of type {kind}")
        return SIZES[kind]

    def _skip_string(self) -> None:
        (length,) = self._take("<Q")
        self._skip(length)

    def _take(self, form: str) -> tuple[int, ...]:
        values: tuple[int, ...] = struct.unpack_from(form, self._content, self._place)
        self._skip(struct.calcsize(form))
        return values

    def _skip(self, count: int) -> None:
        self._place += count
        if self._place > len(self._content):
            raise ValueError("it ends too early")
