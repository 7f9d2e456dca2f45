"""`smot-vlm`: builds the command from its groups of verbs; ending.py turns errors into exit codes."""

import os
import sys

import typer

from smot_vlm.cli import bench, data, models
from smot_vlm.cli.app import page_app
from smot_vlm.cli.console import prepare_log
from smot_vlm.cli.describe import describe
from smot_vlm.cli.doctor import doctor
from smot_vlm.cli.ending import run_to_end
from smot_vlm.cli.evaluate import compare, evaluate
from smot_vlm.cli.export import export
from smot_vlm.cli.forget import forget
from smot_vlm.cli.predict import predict
from smot_vlm.cli.search import search
from smot_vlm.cli.serve import serve
from smot_vlm.cli.tune import tune
from smot_vlm.cli.watch import HELP, watch
from smot_vlm.system.allocator import share_arenas
from smot_vlm.system.offline import go_offline

app = typer.Typer(
    name="smot-vlm",
    help="Semantic multi-object tracking: trajectories, captions and interactions of people in video.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.command()(describe)
app.command(help=HELP)(watch)
app.command()(predict)
app.command()(evaluate)
app.command()(compare)
app.command()(export)
app.command()(forget)
app.command()(search)
app.command()(tune)
app.command()(serve)
app.command("app")(page_app)
app.command()(doctor)
app.add_typer(data.app, name="data")
app.add_typer(models.app, name="models")
app.add_typer(bench.app, name="bench")


@app.callback()
def options(
    debug: bool = typer.Option(False, "--debug", help="Show the whole traceback of an error, and the log."),
    offline: bool = typer.Option(
        False, "--offline", help="Use no network: fetch nothing, ask nobody but this machine."
    ),
) -> None:
    """Semantic multi-object tracking: trajectories, captions and interactions of people in video."""
    if offline:
        go_offline()
    prepare_log(debug)


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave with its exit code.

    Args:
        arguments: In place of those of the process.
    """
    # Torch's threads give a core away while they wait for each other; on a busy machine a description is else many
    # times slower. Read when torch is first imported, which no command has done yet.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    share_arenas()
    arguments = sys.argv[1:] if arguments is None else arguments
    # An option of the whole command may stand anywhere on the line, but not behind `--`.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    first = [option for option in ("--debug", "--offline") if option in arguments[:end]]
    words = [*first, *(word for word in arguments[:end] if word not in first), *arguments[end:]]
    run_to_end(lambda: app(words, prog_name="smot-vlm"), "--debug" in first)


if __name__ == "__main__":
    main()
