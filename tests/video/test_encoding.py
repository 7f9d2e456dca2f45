"""The thread that encodes: frames in their order, errors to the caller, nobody waits for ever."""

import threading

import pytest

from smot_vlm.video.encoding import EncodingThread


def test_frames_are_encoded_in_order_and_the_end_is_told():
    encoded = []
    encoding = EncodingThread(encoded.append)
    for frame in range(100):
        encoding.put(frame)
    encoding.finish()
    assert encoded == [*range(100), None]


def test_the_caller_goes_on_while_a_frame_is_encoded():
    free, encoded = threading.Event(), []

    def encode(frame):
        free.wait(30)
        encoded.append(frame)

    encoding = EncodingThread(encode)
    for frame in range(4):
        encoding.put(frame)
    assert encoded == []
    free.set()
    encoding.finish()
    assert encoded == [0, 1, 2, 3, None]


def test_an_error_is_raised_by_a_later_call_and_nobody_waits_for_room():
    encoded = []

    def encode(frame):
        encoded.append(frame)
        if frame == 3:
            raise OSError("the disk is full")

    encoding = EncodingThread(encode)

    def put_many():
        for frame in range(1000):
            encoding.put(frame)

    with pytest.raises(OSError, match="the disk is full"):
        put_many()
    with pytest.raises(OSError, match="the disk is full"):
        encoding.finish()
    assert encoded == [0, 1, 2, 3], "nothing behind the error"


def test_an_error_with_the_last_frame_is_raised_at_the_end():
    def encode(frame):
        if frame is None:
            raise OSError("no room for the index")

    encoding = EncodingThread(encode)
    encoding.put(1)
    with pytest.raises(OSError, match="no room for the index"):
        encoding.finish()


def test_stopping_lets_go_what_waits():
    encoded, begun, free = [], threading.Event(), threading.Event()

    def encode(frame):
        encoded.append(frame)
        begun.set()
        free.wait(30)

    encoding = EncodingThread(encode)
    for frame in range(3):
        encoding.put(frame)
    begun.wait(30)
    threading.Timer(0.1, free.set).start()
    encoding.stop()
    assert encoded == [0]
