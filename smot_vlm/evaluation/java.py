"""Running a Java program once over all its input."""

import shutil
import subprocess
from collections.abc import Sequence


class JavaError(RuntimeError):
    """Java is missing or the program failed; the message is one line fit for a table's note."""


def run_java(arguments: Sequence[str], text: str) -> list[str]:
    """Run a Java program, both its input and output UTF-8 whatever the locale.

    Args:
        arguments: after `java`.
        text: its input.

    Returns:
        The lines that it writes.

    Raises:
        JavaError: no Java, or the program ended with an error.
    """
    executable = shutil.which("java")
    if executable is None:
        raise JavaError("no Java found; install a Java runtime (Debian: apt install default-jre-headless)")
    command = [executable, "-Dfile.encoding=UTF-8", *arguments]
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    except OSError as error:
        raise JavaError(f"Java did not start ({error}); install a Java runtime") from None
    if done.returncode != 0:
        reason = (done.stderr.decode(errors="replace").strip().splitlines() or ["no message"])[0]
        raise JavaError(f"Java ended with code {done.returncode} ({reason}); run `java -version` to check it")
    return done.stdout.decode().splitlines()
