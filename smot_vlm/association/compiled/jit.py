"""How functions of this package become machine code."""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def jit(function: Function) -> Function:
    """Compile a function at its first call, or load what an earlier process compiled from the cache.

    Sums keep their order and no product is fused with a sum, so results have the bits that numpy's have.

    Args:
        function: Of numbers and arrays alone.
    """
    return cast(Function, njit(cache=True, nogil=True, error_model="numpy", fastmath=False)(function))
