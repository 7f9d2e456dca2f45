"""`smot-vlm`: builds the command from its groups of verbs and turns errors into exit codes.

0: done. 1: the input or the data is wrong (one line; `--debug` shows the traceback). 2: wrong usage.
"""

import logging
import os
import sys

import typer

from smot_vlm.cli import bench, data
from smot_vlm.cli.console import print_error
from smot_vlm.cli.describe import describe
from smot_vlm.cli.evaluate import compare, evaluate
from smot_vlm.cli.predict import predict

app = typer.Typer(
    name="smot-vlm",
    help="Semantic multi-object tracking: trajectories, captions and interactions of people in video.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.command()(describe)
app.command()(predict)
app.command()(evaluate)
app.command()(compare)
app.add_typer(data.app, name="data")
app.add_typer(bench.app, name="bench")


@app.callback()
def options(
    debug: bool = typer.Option(False, "--debug", help="Show the whole traceback of an error, and the log."),
) -> None:
    """Semantic multi-object tracking: trajectories, captions and interactions of people in video."""
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # What servers were asked and how long it took.
    logging.getLogger("smot_vlm.cost").setLevel(logging.INFO)


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave with its exit code.

    Args:
        arguments: In place of those of the process.
    """
    # Torch's threads give a core away while they wait for each other; on a busy machine a description is else many
    # times slower. Read when torch is first imported, which no command has done yet.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    arguments = sys.argv[1:] if arguments is None else arguments
    # An option of the whole command may stand anywhere on the line.
    debug = "--debug" in arguments
    arguments = ["--debug"] * debug + [argument for argument in arguments if argument != "--debug"]
    try:
        app(arguments, prog_name="smot-vlm")
    except (ValueError, OSError, ImportError) as error:
        if debug:
            raise
        print_error(error)
        sys.exit(1)
    except KeyboardInterrupt:
        print_error("stopped; nothing was overwritten")
        sys.exit(130)


if __name__ == "__main__":
    main()
