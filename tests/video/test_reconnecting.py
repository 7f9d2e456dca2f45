"""A camera that is killed, frozen, sped up, resized and sent with wrong timestamps: its frames go on, and are counted."""

import threading
import time
from itertools import pairwise

import numpy as np
import pytest
from live_server import Act, jpegs, playing, square, transport_stream

from smot_vlm.structures import Health
from smot_vlm.video.frame_queue import FrameQueue
from smot_vlm.video.live_clock import LiveClock, RateMeter
from smot_vlm.video.reader import open_video
from smot_vlm.video.reconnecting import LiveSettings, fitted

QUICK = LiveSettings(stall_seconds=1.0, first_pause_seconds=0.01, longest_pause_seconds=0.02, drop=False)
GOOD = transport_stream(50)


def read(acts: list[Act], frames: int, settings: LiveSettings = QUICK):
    """So many frames of a play, and the health after the last one."""
    with playing(acts) as address, open_video(address, live=settings, max_frames=frames) as video:
        return list(video), video.health


def assert_in_order(frames) -> None:
    times = [frame.time_seconds for frame in frames]
    assert times[0] == 0.0
    assert all(later > earlier for earlier, later in pairwise(times))
    assert [frame.index for frame in frames] == list(range(len(frames)))


def test_a_server_that_hangs_up_is_asked_again():
    frames, health = read([Act(GOOD), Act(), Act(), Act(GOOD)], 100)
    assert_in_order(frames)
    assert (health.frames, health.reconnects, health.stalls, health.dropped) == (100, 1, 0, 0)
    assert frames[50].time_seconds - frames[49].time_seconds == pytest.approx(0.2, abs=0.01)


def test_a_server_that_freezes_is_left():
    start = time.monotonic()
    frames, health = read([Act(GOOD, freeze=True), Act(GOOD)], 60)
    assert_in_order(frames)
    assert (health.reconnects, health.stalls) == (1, 1)
    assert time.monotonic() - start < 20


def test_sound_that_goes_on_without_pictures_is_a_stall():
    """The pictures end, and sound goes on for a minute: the connection itself never fails."""
    body = transport_stream(30, sound=60.0)
    settings = LiveSettings(stall_seconds=1.0, first_pause_seconds=0.01, drop=False)
    frames, health = read([Act(body, freeze=True), Act(GOOD)], 50, settings)
    assert_in_order(frames)
    assert health.reconnects == 1


def test_another_size_is_scaled_to_the_first_and_another_rate_is_in_the_times():
    wide = transport_stream(50, rate=25, width=192, height=96)
    frames, health = read([Act(GOOD), Act(wide)], 90)
    assert_in_order(frames)
    assert {frame.image.shape for frame in frames} == {(64, 96, 3)}
    steps = np.diff([frame.time_seconds for frame in frames])
    assert np.median(steps[:48]) == pytest.approx(0.2, abs=0.002)
    assert np.median(steps[52:]) == pytest.approx(0.04, abs=0.002)
    # Twice as wide as high, in a picture of 3 to 2: black above and below.
    assert not frames[-1].image[:7].any()
    assert health.reconnects == 1


def test_timestamps_that_jump_are_not_believed():
    """An hour ahead in the middle of one connection, and back in that of the next."""
    ahead = transport_stream(50, pts=[index if index < 25 else index + 18000 for index in range(50)])
    frames, health = read([Act(ahead), Act(ahead)], 100)
    assert_in_order(frames)
    assert health.clock_jumps == 2
    assert frames[-1].time_seconds < 60


def test_pictures_without_timestamps_come_when_they_come():
    act = Act(jpegs(40), type="multipart/x-mixed-replace; boundary=x")
    start = time.monotonic()
    frames, health = read([act], 60)
    assert_in_order(frames)
    assert health.reconnects == 1
    # At 25 a second they would be said to take 2.4 seconds.
    assert frames[-1].time_seconds <= time.monotonic() - start


def test_what_falls_behind_drops_the_oldest_and_says_so(caplog):
    settings = LiveSettings(stall_seconds=1.0, first_pause_seconds=0.01, queue_frames=4)
    with playing([Act(GOOD), Act()]) as address, open_video(address, live=settings) as video:
        frames = [next(video)]
        deadline = time.monotonic() + 60
        while video.health.connected and time.monotonic() < deadline:
            time.sleep(0.01)
        health = video.health
        # One frame was read when the video was opened; a busy machine may have dropped some before it.
        waiting = health.frames - health.dropped - 1
        frames += [next(video) for _ in range(waiting)]
    assert health.frames == 50
    assert 3 <= waiting <= 4
    assert [round(frame.time_seconds * 5) for frame in frames[1:]] == list(range(50 - waiting, 50))
    assert "more quickly than they are described" in caplog.text


def test_waiting_can_be_ended():
    asked: list[Health] = []

    def on_wait(health: Health) -> bool:
        asked.append(health)
        return len(asked) < 3

    settings = LiveSettings(stall_seconds=0.5, first_pause_seconds=0.01, drop=False, on_wait=on_wait)
    with playing([Act(GOOD), Act()]) as address, open_video(address, live=settings) as video:
        frames = list(video)
    assert len(frames) == 50
    assert len(asked) == 3
    assert not asked[-1].connected
    assert asked[-1].fps == 0.0


def test_no_thread_is_left_behind():
    before = threading.active_count()
    for _ in range(3):
        read([Act(GOOD)], 60)
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_what_never_gives_a_picture_is_an_error():
    with playing([Act(b"no video" * 100)]) as address, pytest.raises((ValueError, OSError), match="/live: "):
        open_video(address, live=QUICK)


@pytest.mark.parametrize(
    "options", [{"stall_seconds": 0.0}, {"queue_frames": -1}, {"first_pause_seconds": float("inf")}]
)
def test_settings_are_numbers_above_0(options):
    with pytest.raises(ValueError, match="it takes a number above 0"):
        LiveSettings(**options)


class TestLiveClock:
    """Driven by a clock of its own."""

    @pytest.fixture
    def wall(self):
        return [100.0]

    @pytest.fixture
    def clock(self, wall):
        return LiveClock(0.2, behind_seconds=10.0, now=lambda: wall[0])

    def test_a_gap_counts(self, clock, wall):
        assert [clock.seconds(stamp) for stamp in (7.0, 7.2)] == pytest.approx([0.0, 0.2])
        wall[0] += 65.0
        clock.reconnect()
        assert clock.seconds(0.0) == pytest.approx(65.0)
        assert clock.seconds(0.2) == pytest.approx(65.2)

    def test_a_stream_that_is_ahead_goes_on_after_a_gap(self, clock, wall):
        for stamp in range(6):
            clock.seconds(float(stamp))
        clock.reconnect()
        assert clock.seconds(0.0) == pytest.approx(5.2)

    def test_a_jump_ahead_is_the_time_that_passed(self, clock, wall):
        clock.seconds(0.0)
        wall[0] += 0.5
        assert clock.seconds(3600.0) == pytest.approx(0.5)
        wall[0] += 0.2
        assert clock.seconds(3600.2) == pytest.approx(0.7)
        assert clock.jumps == 1

    def test_a_slow_camera_is_believed(self, clock, wall):
        clock.seconds(0.0)
        wall[0] += 30.0
        assert clock.seconds(30.0) == pytest.approx(30.0)
        assert clock.jumps == 0

    def test_what_falls_far_behind_is_set_right(self, clock, wall):
        """A server that pauses and goes on where it was."""
        clock.seconds(0.0)
        wall[0] += 9.0
        assert clock.seconds(0.2) == pytest.approx(0.2)
        wall[0] += 9.0
        assert clock.seconds(0.4) == pytest.approx(18.0)
        assert clock.jumps == 1

    def test_without_timestamps_it_is_now(self, clock, wall):
        clock.seconds(None)
        wall[0] += 1.5
        assert clock.seconds(None) == pytest.approx(1.5)
        assert clock.seconds(None) > 1.5


def test_the_rate_falls_while_nothing_comes():
    now = [0.0]
    rate = RateMeter(now=lambda: now[0])
    for _ in range(100):
        rate.count()
        now[0] += 0.1
    assert rate.fps == pytest.approx(10.0, rel=0.02)
    now[0] += 60.0
    assert rate.fps < 1.0


def test_a_queue_that_waits_loses_nothing():
    queue: FrameQueue[int] = FrameQueue(2, drop=False)
    thread = threading.Thread(target=lambda: [queue.put(item) for item in range(50)] and queue.end())
    thread.start()
    taken = []
    while not queue.is_over:
        item = queue.take(1.0)
        taken += [] if item is None else [item]
    thread.join()
    assert (taken, queue.dropped) == (list(range(50)), 0)


def test_a_picture_that_is_fitted_keeps_its_proportions():
    tall = fitted(np.full((100, 50, 3), 200, np.uint8), 96, 64)
    assert tall.shape == (64, 96, 3)
    columns = np.flatnonzero(tall.any(axis=(0, 2)))
    assert (columns[0], columns[-1]) == (32, 63)
    assert fitted(square(0), 192, 128).shape == (128, 192, 3)
