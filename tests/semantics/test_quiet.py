"""Users of the Python interface read nothing that other libraries say among themselves."""

import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from transformers.utils import logging as transformers_logging

from smot_vlm.semantics.quiet import quiet_libraries

TESTS = Path(__file__).parent.parent


@pytest.mark.subprocess
def test_a_description_says_nothing(tiny_language_model, tmp_path):
    """In a fresh interpreter, where each library is imported for the first time."""
    script = f"""
import logging
logging.basicConfig(level=logging.WARNING)
from tiny import moving_squares, mot_text, tiny_config
from smot_vlm import Tracker
from smot_vlm.models.build import build_model
config = tiny_config({str(tiny_language_model)!r})
open("mot.txt", "w").write(mot_text())
description = Tracker(build_model(config).eval(), config).describe(moving_squares(), trajectories="mot.txt")
print(len(description.tracks))
"""
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONWARNINGS": "default::FutureWarning"}
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "2\n", "")


@pytest.fixture
def bars():
    """Bars are on, as for who uses no command; then as they were."""
    before = transformers_logging.is_progress_bar_enabled()
    transformers_logging.enable_progress_bar()
    yield
    if not before:
        transformers_logging.disable_progress_bar()


def test_only_what_is_named_is_kept_back_and_only_inside_the_block(caplog, bars):
    logger = logging.getLogger("bitsandbytes.backends.cpu.ops")
    caplog.set_level(logging.WARNING, logger.name)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for block in (True, False):
            if block:
                with quiet_libraries():
                    _say(logger)
                    assert not transformers_logging.is_progress_bar_enabled()
            else:
                _say(logger)
    assert [str(each.message)[:12] for each in told] == ["another is d", "`is_gradient", "another is d"]
    assert [record.message for record in caplog.records] == [
        "something else",
        "something else",
    ]
    assert transformers_logging.is_progress_bar_enabled()


def _say(logger: logging.Logger) -> None:
    logger.warning("Failed to load CPU gemm_4bit_forward: %s", "why")
    logger.warning("something else")
    warnings.warn("`is_gradient_checkpointing` is deprecated and will be removed", FutureWarning, stacklevel=1)
    warnings.warn("another is deprecated", FutureWarning, stacklevel=1)
