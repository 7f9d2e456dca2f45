"""Errors of other libraries, said in one line that names the file and what to do."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# What this project raises for its user, in words of its own.
OWN = (ValueError, OSError, ImportError)
_PACKAGE = "smot_vlm"
_LONGEST = 300
_ADVICE = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room within your quota",
    errno.EACCES: "check the permissions",
    errno.EPERM: "check the permissions",
    errno.EROFS: "choose a folder that can be written",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENAMETOOLONG: "choose a shorter name",
}


class ForeignError(ValueError):
    """An error that another library raised, in one line; the error itself is its cause."""


@contextmanager
def naming(subject: str) -> Iterator[None]:
    """Turn an error of another library into one line that names what was worked on; errors in our own words pass.

    Args:
        subject: the file, or the file and the model.

    Raises:
        ForeignError: another library failed.
    """
    try:
        yield
    except Exception as error:
        if is_own(error):
            raise
        raise ForeignError(f"{subject}: {one_line(error)}") from error


def is_own(error: BaseException) -> bool:
    """Whether this project's own code raised the error, and for its user.

    Args:
        error: that was raised.

    Returns:
        False for what a library raised, and for kinds that only a fault of the program has.
    """
    if isinstance(error, UnicodeError) or (isinstance(error, OSError) and error.strerror):
        return False
    return isinstance(error, OWN) and _library(error) == _PACKAGE


def one_line(error: BaseException) -> str:
    """Say an error in one line.

    Args:
        error: of any kind.

    Returns:
        Its own words where it is ours, else which library failed, how, and what to do.
    """
    text = " ".join(str(error).split())
    if is_own(error):
        return text
    text = text[:_LONGEST] + ("..." if len(text) > _LONGEST else "")
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return (
            f"not enough memory{f' ({text})' if text else ''}; close other programs, or give a smaller video or model"
        )
    if isinstance(error, OSError) and error.strerror:
        return _system_line(error)
    library, kind = _library(error), type(error).__name__
    if isinstance(error, OWN) and library in sys.stdlib_module_names:
        return text or kind
    if library == _PACKAGE or library in sys.stdlib_module_names:
        return f"a fault of smot-vlm: {kind}: {text}; --debug shows where, please report it"
    what = text if kind in text or kind == "Exception" else f"{kind}: {text}" if text else kind
    return f"{library} failed ({what}); check the file, --debug shows the whole error"


def _system_line(error: OSError) -> str:
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    advice = _ADVICE.get(error.errno or 0)
    said = " -> ".join(names) + ": " if names else ""
    return f"{said}{error.strerror}{f'; {advice}' if advice else ''}"


def _library(error: BaseException) -> str:
    """The package that raised the error: that of its class, or for a class of Python's own that of the code."""
    package = type(error).__module__.partition(".")[0].removesuffix("_rust")
    if package != "builtins":
        return package
    trace = error.__traceback__
    if trace is None:
        return _PACKAGE
    while trace.tb_next is not None:
        trace = trace.tb_next
    package = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
    return _PACKAGE if package in ("", "__main__") else package
