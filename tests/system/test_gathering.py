"""Threads that ask a model at the same time are answered by one call of it."""

import threading
import time

import pytest

from smot_vlm.system import gathering
from smot_vlm.system.gathering import FRAMES, WORDS, each_apart, together


class Model:
    """Notes the items of each call."""

    def __init__(self):
        self.seen, self.written = [], []

    def see(self, frames):
        self.seen.append(sorted(frames))
        return [frame * 10 for frame in frames]

    def write(self, prompts):
        self.written.append(sorted(prompts))
        if any("bad" in prompt for prompt in prompts):
            raise ValueError("a bad prompt")
        return [prompt.upper() for prompt in prompts]


def video(model, number, frames, captions):
    """Sees so many frames one by one, then has captions written."""
    seen = [together(model.see, [100 * number + frame], stage=FRAMES, kind="see")[0] for frame in range(frames)]
    assert seen == [1000 * number + 10 * frame for frame in range(frames)]
    try:
        return together(model.write, [f"{number}{name}" for name in captions], stage=WORDS, kind="write")
    except ValueError as error:
        return str(error)


def test_words_of_all_videos_are_written_at_once_however_long_each_is():
    model = Model()
    works = [lambda n=n, f=f, c=c: video(model, n, f, c) for n, f, c in ((1, 3, "ab"), (2, 1, "c"), (3, 5, "def"))]
    assert each_apart(works) == [["1A", "1B"], ["2C"], ["3D", "3E", "3F"]]
    assert model.seen == [[100, 200, 300], [101, 301], [102, 302], [303], [304]]
    assert model.written == [["1a", "1b", "2c", "3d", "3e", "3f"]]


def test_an_error_meets_whom_it_concerns():
    model = Model()
    works = [lambda n=n, c=c: video(model, n, 1, c) for n, c in ((1, ["a"]), (2, ["bad"]), (3, ["c"]))]
    assert each_apart(works) == [["1A"], "a bad prompt", ["3C"]]


def test_other_kinds_are_called_apart():
    calls = []

    def see(size):
        return together(lambda items: calls.append((size, len(items))) or items, [size], stage=FRAMES, kind=size)

    assert each_apart([lambda: see(1), lambda: see(2), lambda: see(1)]) == [[1], [2], [1]]
    assert sorted(calls) == [(1, 2), (2, 1)]


def test_a_call_within_a_call_is_of_its_own():
    model = Model()

    def outer(items):
        return together(model.see, items, stage=FRAMES, kind="see")

    works = [lambda n=n: together(outer, [n], stage=FRAMES, kind="outer")[0] for n in range(3)]
    assert each_apart(works) == [0, 10, 20]
    assert model.seen == [[0, 1, 2]]


def test_alone_nothing_waits():
    model = Model()
    assert together(model.see, [1], stage=FRAMES, kind="see") == [10]
    assert each_apart([lambda: threading.current_thread()]) == [threading.current_thread()]


def test_a_short_video_does_not_wait_for_the_end_of_a_long_one(monkeypatch):
    monkeypatch.setattr(gathering, "_PATIENCE_SECONDS", 0.1)
    model, short_is_told = Model(), threading.Event()

    def short():
        told = together(model.write, ["short"], stage=WORDS, kind="write")
        short_is_told.set()
        return told

    def long():
        for frame in range(1000):
            together(model.see, [frame], stage=FRAMES, kind="see")
            time.sleep(0.01)
            if short_is_told.is_set():
                break
        return together(model.write, [f"long {frame < 999}"], stage=WORDS, kind="write")

    assert each_apart([short, long]) == [["SHORT"], ["LONG TRUE"]]
    assert model.written == [["short"], ["long True"]]


@pytest.mark.parametrize("count", [2, 8])
def test_nobody_hangs_where_works_end_at_any_time(count):
    model = Model()

    def work(number):
        for frame in range(number % 4):
            together(model.see, [frame], stage=frame % 2, kind=frame % 3)
            time.sleep(0.001 * (number % 3))
        return number

    assert each_apart([lambda n=n: work(n) for n in range(count)]) == list(range(count))
    assert sum(map(len, model.seen)) == sum(number % 4 for number in range(count))
