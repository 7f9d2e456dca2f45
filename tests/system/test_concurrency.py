"""Waiting for several things at once."""

import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from smot_vlm.system.concurrency import concurrently

REPO = Path(__file__).parents[2]


def test_results_come_in_the_order_of_the_tasks_and_no_more_run_than_allowed():
    running, most, lock = 0, 0, threading.Lock()

    def task(row: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02 * (5 - row % 5))
        with lock:
            running -= 1
        return row

    assert concurrently([partial(task, row) for row in range(10)], 3) == list(range(10))
    assert most == 3
    assert concurrently([], 3) == []


def test_after_an_error_nothing_more_is_started():
    done: list[int] = []

    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        concurrently([fail, *(partial(time.sleep, 0.05),) * 2, partial(done.append, 1)], 1)
    time.sleep(0.2)
    assert done == []


@pytest.mark.subprocess
def test_after_an_interrupt_the_program_ends():
    code = (
        "import os, signal, threading, time; from smot_vlm.system.concurrency import concurrently\n"
        # A shell lets what it starts in the background ignore the signal.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()\n"
        "concurrently([lambda: time.sleep(30)] * 4, 2)"
    )
    start = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=REPO)
    assert "KeyboardInterrupt" in ended.stderr
    assert time.monotonic() - start < 20
