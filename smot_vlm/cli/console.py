"""The two consoles that every command prints to: results on standard output, messages on standard error."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from rich.console import Console
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
from rich.text import Text

output = Console(highlight=False, soft_wrap=True)
messages = Console(stderr=True, highlight=False, soft_wrap=True)

# On import it reports missing kernels, whether or not anything is quantised.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def print_error(error: object) -> None:
    """One line: `error: ...`.

    Args:
        error: The exception or its text.
    """
    messages.print(Text.assemble(("error: ", "bold red"), " ".join(str(error).split())))


def run_script(main: Callable[[], None]) -> None:
    """Run a script's `main`; errors in its input or files are printed in one line, with exit code 1.

    Args:
        main: The script.
    """
    try:
        main()
    except (ValueError, OSError, ImportError) as error:
        print_error(error)
        sys.exit(1)


def print_warning(message: str) -> None:
    """One line: `warning: ...`.

    Args:
        message: The text.
    """
    messages.print(Text.assemble(("warning: ", "bold yellow"), message))


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
