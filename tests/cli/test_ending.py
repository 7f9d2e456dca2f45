"""How commands end: streams of any encoding, readers that have enough, signals, errors."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

from smot_vlm.cli.console import OutputClosedError, SafeConsole
from smot_vlm.cli.ending import run_to_end

REPO = Path(__file__).parents[2]
PRINTING = """
import sys
from rich.table import Table
from smot_vlm.cli.console import output, print_warning
from smot_vlm.cli.ending import run_to_end

def work():
    table = Table("name")
    table.add_row("caf\\u00e9 \\u4eba \\udce9 [red]x")
    for _ in range(int(sys.argv[1])):
        output.print(table)
    print_warning("caf\\u00e9 \\udce9")

run_to_end(work)
"""


def start(count: int, encoding: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(REPO), "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-c", PRINTING, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


@pytest.mark.subprocess
@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", r"caf\xe9 \u4eba \xe9 [red]x"),
        ("cp1252", r"café \u4eba \xe9 [red]x"),
        ("utf-8", r"café 人 \xe9 [red]x"),
        ("ascii:strict", r"caf\xe9 \u4eba \xe9 [red]x"),
    ],
)
def test_streams_of_any_encoding(encoding, shown):
    process = start(1, encoding)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert shown in out.decode(encoding.partition(":")[0])
    assert err.decode(encoding.partition(":")[0]).startswith("warning: caf")


@pytest.mark.subprocess
def test_a_reader_that_has_enough_is_no_error():
    process = start(5000, "utf-8")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 128 + signal.SIGPIPE
    assert err == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_command_ends_by_a_signal_in_one_line(capsys, number):
    cleaned: list[bool] = []

    def work() -> None:
        try:
            signal.raise_signal(number)
        finally:
            cleaned.append(True)

    with pytest.raises(SystemExit) as caught:
        run_to_end(work)
    assert caught.value.code == 128 + number
    assert cleaned == [True]
    assert capsys.readouterr().err == f"error: stopped by {signal.Signals(number).name}\n"


@pytest.mark.parametrize("error", [KeyError("x"), AssertionError(), RuntimeError("a\x1b\nb"), RecursionError("deep")])
def test_any_error_is_one_line_and_with_debug_a_traceback_before_it(capsys, error):
    def work() -> None:
        raise error

    for debug in (False, True):
        with pytest.raises(SystemExit) as caught:
            run_to_end(work, debug)
        assert caught.value.code == 1
        err = capsys.readouterr().err
        assert ("Traceback" in err) == debug
        assert err.splitlines()[-1].startswith("error: ")
        assert debug or err.count("\n") == 1
        assert "\x1b" not in err


@pytest.mark.parametrize("way", ["string", "text", "cell", "title"])
def test_whatever_way_a_text_comes_it_is_escaped(capsys, way):
    name = "[bold]a[/] :smile: \x1b[31m\u202e\udce9"
    table = Table("name", title=name if way == "title" else None)
    table.add_row("a" * 40 if way == "title" else name)
    SafeConsole().print({"string": name, "text": Text(name)}.get(way, table))
    out = capsys.readouterr().out
    assert "[bold]a[/] :smile: \\x1b[31m\\u202e\\xe9" in out


def test_a_text_inside_of_others_is_escaped_too(capsys):
    table = Table("name")
    table.add_row(Text("\x1b[31m a long enough text \u202e\udce9"))
    SafeConsole().print(table)
    out = capsys.readouterr().out
    assert "\\x1b[31m a long" in out
    assert not {"\x1b", "\u202e", "\udce9"} & set(out)


def test_a_closed_reader_is_told_apart_from_other_errors(monkeypatch):
    class Closed:
        encoding = "utf-8"

        def write(self, _: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            pass

    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(OutputClosedError):
        SafeConsole().print("text")
