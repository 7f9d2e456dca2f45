"""The two consoles that every command prints to: results on standard output, messages on standard error."""

import logging
import sys
from collections.abc import Callable

from rich.console import Console
from rich.text import Text

output = Console(highlight=False, soft_wrap=True)
messages = Console(stderr=True, highlight=False, soft_wrap=True)

# It tells on loading of kernels that it did not find, whether or not anything is quantised.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def print_error(error: object) -> None:
    """One line: `error: ...`."""
    messages.print(Text.assemble(("error: ", "bold red"), " ".join(str(error).split())))


def run_script(main: Callable[[], None]) -> None:
    """Run a script's `main`; what is wrong with its input or its files is told in one line, and it exits with 1."""
    try:
        main()
    except (ValueError, OSError, ImportError) as error:
        print_error(error)
        sys.exit(1)


def print_warning(message: str) -> None:
    """One line: `warning: ...`."""
    messages.print(Text.assemble(("warning: ", "bold yellow"), message))
