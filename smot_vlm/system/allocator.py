"""What glibc's allocator keeps of a process that is long at work, see mallopt(3) and malloc_trim(3).

Every thread of a video's decoder and encoder gets a heap (an arena) of its own, and freed frames stay in it: a description
that was written grew by 90 MB, and each further one of the same process by as much again, up to some 200 MB.
"""

import ctypes
import sys

# Of malloc.h.
_M_ARENA_MAX = -8
ARENAS = 2


def share_arenas() -> None:
    """Let all threads share a few heaps; to be called before the first is started. Other allocators are left alone."""
    if (library := _glibc()) is not None:
        library.mallopt(_M_ARENA_MAX, ARENAS)


def give_back_free_memory() -> None:
    """Return to the system what is free in the heaps."""
    if (library := _glibc()) is not None:
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library, where it is glibc."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
