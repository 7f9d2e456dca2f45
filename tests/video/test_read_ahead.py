"""Frames decoded ahead in a thread: the same frames, errors where they belong, nothing left running."""

import threading
import time

import numpy as np
import pytest

from smot_vlm.video.read_ahead import ReadAhead
from smot_vlm.video.reader import open_video
from smot_vlm.video.writer import VideoWriter


class Counter:
    """Gives 0, 1, 2 ... up to an end, or raises there."""

    def __init__(self, end: int, error: Exception | None = None) -> None:
        self.given, self._end, self._error = 0, end, error

    def read(self) -> int | None:
        if self.given == self._end:
            if self._error is not None:
                raise self._error
            return None
        self.given += 1
        return self.given - 1


def taken(ahead: ReadAhead) -> list:
    return list(iter(ahead.take, None))


def wait_until(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_items_come_in_order_and_the_end_stays_the_end():
    ahead = ReadAhead(Counter(100).read, 3)
    assert taken(ahead) == list(range(100))
    assert ahead.take() is None
    ahead.close()


def test_no_more_wait_than_there_is_room_for_and_no_more_are_read_than_asked_for():
    counter = Counter(100)
    ahead = ReadAhead(counter.read, 3)
    time.sleep(0.05)
    assert counter.given == 0, "nothing is read before the first is asked for"
    assert ahead.take() == 0
    wait_until(lambda: counter.given == 5)  # the taken one, three that wait, and one in hand
    time.sleep(0.05)
    assert counter.given == 5
    ahead.close()
    few = Counter(100)
    assert taken(ReadAhead(few.read, 10, most=4)) == [0, 1, 2, 3]
    assert few.given == 4


def test_an_error_comes_behind_what_was_read_before_it():
    ahead = ReadAhead(Counter(2, OSError("the share is gone")).read, 8)
    assert [ahead.take(), ahead.take()] == [0, 1]
    with pytest.raises(OSError, match="the share is gone"):
        ahead.take()
    assert ahead.take() is None


@pytest.mark.parametrize("asked", [0, 1, 50])
def test_closing_ends_the_thread_whatever_waits(asked):
    before = threading.active_count()
    ahead = ReadAhead(Counter(1000).read, 2)
    assert [ahead.take() for _ in range(asked)] == list(range(asked))
    ahead.close()
    ahead.close()
    assert ahead.take() is None
    assert threading.active_count() == before


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    random = np.random.default_rng(0)
    with VideoWriter(path, 10, 64, 48) as writer:
        for _ in range(30):
            writer.write(random.integers(0, 255, (48, 64, 3), dtype=np.uint8))
    return path


def frames(path, **options) -> tuple[list, tuple]:
    with open_video(path, **options) as video:
        seen = [(frame.index, frame.time_seconds, frame.image.copy()) for frame in video]
        return seen, (video.frames_read, video.times, video.ended, video.truncated, video.is_full)


@pytest.mark.parametrize("options", [{}, {"stride": 7}, {"max_frames": 5}, {"max_frames": 1}, {"max_frames": 30}])
def test_a_file_gives_the_same_frames(clip, options):
    (plain, about), (ahead, about_ahead) = frames(clip, **options), frames(clip, ahead=4, **options)
    assert about == about_ahead
    assert len(plain) == len(ahead)
    for one, other in zip(plain, ahead, strict=True):
        assert one[:2] == other[:2]
        np.testing.assert_array_equal(one[2], other[2])


def test_a_stopped_video_has_the_frames_that_came(clip):
    with open_video(clip, ahead=8) as video:
        for frame in video:
            if frame.index == 3:
                video.stop()
    assert (video.frames_read, video.stopped, video.ended) == (4, True, False)


def test_a_callers_frames_are_asked_for_in_his_own_thread():
    threads = set()

    def images():
        for _ in range(5):
            threads.add(threading.current_thread())
            yield np.zeros((8, 8, 3), np.uint8)

    with open_video(images(), ahead=4) as video:
        assert len(list(video)) == 5
    assert threads == {threading.current_thread()}
