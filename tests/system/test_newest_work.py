"""A thread that does the newest of what it is handed."""

import sys
import threading

import pytest

from smot_vlm.system.newest_work import NICENESS, NewestWork, Once


class Gate:
    """A task that says when it has begun and ends when it may."""

    def __init__(self, result: int) -> None:
        self.result = result
        self.begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self) -> int:
        self.begun.set()
        assert self.may_end.wait(20)
        return self.result


def collected(work: NewestWork):
    """The next task that ends."""
    for _ in range(2000):
        finished = work.collect()
        if finished is not None:
            return finished
        threading.Event().wait(0.01)
    raise AssertionError("nothing ended")


def test_of_what_waits_only_the_newest_is_done():
    work: NewestWork[int] = NewestWork("test")
    first = Gate(1)
    work.hand_over(first)
    assert first.begun.wait(20)
    for number in (2, 3, 4):
        work.hand_over(lambda number=number: number)
    assert work.collect() is None
    first.may_end.set()
    results = [collected(work).result]
    # The second may have ended before the first was collected: then only the newer one is given.
    if results == [1]:
        results.append(collected(work).result)
    assert results[-1] == 4
    assert (work.done, work.failed, work.replaced) == (2, 0, 2)
    assert work.end(20)
    assert work.collect() is None


def test_a_failure_is_given_and_the_next_task_is_done():
    work: NewestWork[int] = NewestWork("test")

    def fail() -> int:
        raise ValueError("no")

    work.hand_over(fail)
    finished = collected(work)
    assert (finished.result, str(finished.error)) == (None, "no")
    work.hand_over(lambda: 5)
    assert collected(work).result == 5
    assert (work.done, work.failed) == (1, 1)
    assert work.end(20)


def test_the_end_lets_go_what_waits_and_tells_what_is_in_work():
    work: NewestWork[int] = NewestWork("test")
    gate = Gate(1)
    work.hand_over(gate)
    assert gate.begun.wait(20)
    ran = []
    work.hand_over(lambda: ran.append(1) or 2)
    assert not work.is_ended
    assert not work.end(0.05)
    assert work.is_ended
    gate.may_end.set()
    assert work.end(20)
    assert ran == []
    assert work.done == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities of threads")
def test_only_the_thread_lets_others_go_first():
    import os

    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    work: NewestWork[int] = NewestWork("test")
    work.hand_over(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert collected(work).result == min(own + NICENESS, 19)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own
    assert work.end(20)


def test_once_is_evaluated_once_and_again_after_a_failure():
    made = []

    def make() -> int:
        made.append(1)
        if len(made) == 1:
            raise ValueError("not yet")
        return len(made)

    once = Once(make)
    assert made == []
    with pytest.raises(ValueError, match="not yet"):
        once()
    assert [once(), once()] == [2, 2]
    assert Once(lambda: made.append(1), at_once=True)() is None
    assert len(made) == 3
