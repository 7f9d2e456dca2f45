"""The two consoles that every command prints to: results on standard output, messages on standard error.

What names of files and captions hold is data: never markup, and escaped before a terminal sees it.
"""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.text import Text

from smot_vlm.system.printing import printable


class OutputClosedError(Exception):
    """Whoever read what is printed reads no more (`| head`)."""


class SafeConsole(Console):
    """A console that escapes all it prints, whatever way it came.

    Args:
        stderr: print to standard error.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)

    def print(self, *objects: Any, **options: Any) -> None:
        """As rich's; a string stays on its line.

        Args:
            objects: to print.
            options: of rich's `Console.print`.

        Raises:
            OutputClosedError: nobody reads it.
        """
        try:
            super().print(*(printable(each) if isinstance(each, str) else each for each in objects), **options)
        except BrokenPipeError:
            raise OutputClosedError from None

    def render_str(self, text: str, **options: Any) -> Text:
        """As rich's, with the string (a cell, a heading of several lines) escaped before its width is measured.

        Args:
            text: to print.
            options: of rich's `Console.render_str`.

        Returns:
            rich's text.
        """
        return super().render_str(printable(text, keep="\n"), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As rich's, with every text escaped that came in another way than as a string.

        Args:
            renderable: anything that rich can print.
            options: of rich.

        Yields:
            The pieces of text.
        """
        for segment in super().render(renderable, options):
            is_safe = segment.control or segment.text.isprintable()
            yield segment if is_safe else Segment(printable(segment.text, keep="\n"), segment.style)

    def on_broken_pipe(self) -> None:
        """Leave it to the caller how to end.

        Raises:
            OutputClosedError: always.
        """
        raise OutputClosedError


class SafeFormatter(logging.Formatter):
    """Lines of the log, with what they quote escaped."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """One line of the log.

        Args:
            record: of logging.

        Returns:
            The line.
        """
        return printable(super().formatMessage(record))


output = SafeConsole()
messages = SafeConsole(stderr=True)

# On import it reports missing kernels, whether or not anything is quantised.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def prepare_streams() -> None:
    """Let every character be printed: what the encoding of a stream lacks (Windows' `> file`) is written escaped."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def prepare_log(debug: bool) -> None:
    """Send the log to standard error.

    Args:
        debug: all of it, else warnings and what servers cost.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, handlers=[handler])
    logging.getLogger("smot_vlm.cost").setLevel(logging.INFO)


def print_plain(text: str) -> None:
    """Print a text for another program, as it is.

    Args:
        text: such as JSON; ASCII alone is the same in every encoding.

    Raises:
        OutputClosedError: nobody reads it.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise OutputClosedError from None


def print_error(error: object) -> None:
    """One line: `error: ...`.

    Args:
        error: The exception or its text.
    """
    messages.print(Text.assemble(("error: ", "bold red"), printable(" ".join(str(error).split()))))


def print_warning(message: str) -> None:
    """One line: `warning: ...`.

    Args:
        message: The text.
    """
    messages.print(Text.assemble(("warning: ", "bold yellow"), printable(message)))


@contextmanager
def progress(
    description: str, total: int | None = None, *, counted: bool = True, hidden: bool = False
) -> Iterator[Callable[..., None]]:
    """Show progress on standard error while the block runs; nothing where that is no terminal.

    Args:
        description: what is being done.
        total: steps to do, None where unknown.
        counted: false shows the time that has passed, in place of a bar.
        hidden: true shows nothing.

    Yields:
        rich's `Progress.update` of the one task (completed, advance, total, description, detail).
    """
    columns: list[ProgressColumn] = [SpinnerColumn(), TextColumn("{task.description}", markup=False)]
    columns += [BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()] if counted else [TimeElapsedColumn()]
    columns += [TextColumn("{task.fields[detail]}", markup=False)]
    with Progress(*columns, console=messages, transient=True, disable=hidden or not messages.is_terminal) as bar:
        update: Callable[..., Any] = partial(bar.update, bar.add_task(description, total=total, detail=""))
        yield update
