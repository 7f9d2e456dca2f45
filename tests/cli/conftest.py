"""What tests of several commands share."""

import pytest

from smot_vlm.cli.main import main


@pytest.fixture
def run(capsys):
    """Runs the command; gives its exit code and what it said."""

    def runner(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            main([str(word) for word in words])
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return runner
