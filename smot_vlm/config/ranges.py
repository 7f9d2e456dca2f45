"""The ranges that numbers of the configuration lie in."""

from typing import Annotated

from smot_vlm.formats.checked import Range

# What a file or an override may give; wide, but no number that only a broken file states.
Count = Annotated[int, Range(1, 10**9)]
CountFromZero = Annotated[int, Range(0, 10**9)]
Width = Annotated[int, Range(1, 2**16)]
Tokens = Annotated[int, Range(0, 2**12)]
Pixels = Annotated[int, Range(16, 2**14)]
Share = Annotated[float, Range(0, 1)]
Positive = Annotated[float, Range(0, above=True)]
NotNegative = Annotated[float, Range(0)]
