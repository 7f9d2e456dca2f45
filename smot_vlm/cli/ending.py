"""How a command ends: its exit code, one line for an error, the traceback with --debug, no files left behind.

0: done. 1: the input or the data is wrong (one line; `--debug` shows the traceback). 2: wrong usage.
128 + N: stopped by signal N (Ctrl-C is 130).
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable

from smot_vlm.cli.console import OutputClosedError, messages, prepare_streams, print_error
from smot_vlm.system.errors import one_line
from smot_vlm.system.printing import printable
from smot_vlm.system.signals import Stopped, on_stop, stop_now


def run_to_end(work: Callable[[], None], debug: bool = False) -> None:
    """Run a command and leave the program with its exit code.

    Ctrl-C, SIGTERM and SIGHUP stop it after what is temporary is removed. A reader that has read enough (`| head`) is
    no error worth a word.

    Args:
        work: of the command.
        debug: show the traceback of an error.
    """
    prepare_streams()
    try:
        sys.exit(_exit_code(work, debug))
    except OutputClosedError:
        _forget_output()
        sys.exit(128 + getattr(signal, "SIGPIPE", 13))


def _exit_code(work: Callable[[], None], debug: bool) -> int:
    try:
        with on_stop(stop_now):
            work()
    except Stopped as stop:
        print_error(f"stopped by {stop}")
        return 128 + stop.number
    except KeyboardInterrupt:
        print_error("stopped")
        return 128 + signal.SIGINT
    except OutputClosedError:
        raise
    except Exception as error:
        if debug:
            messages.file.write(printable(traceback.format_exc(), keep="\n"))
        print_error(one_line(error))
        return 1
    return 0


def _forget_output() -> None:
    """Nothing is written at exit to a pipe that is closed, which Python would complain of."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
