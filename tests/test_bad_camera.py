"""Minutes of a bad camera: killed, frozen, sped up, resized, refused, sent with wrong timestamps, without a pause.

A connection is sent as quickly as it is taken, and its times go by its timestamps, as the clock beside them stands still:
minutes of media pass in seconds, and how busy the machine is counts for nothing.
"""

import json
import time
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import psutil
import pytest
from live_people import assert_no_id_comes_back, bright_tracker
from live_server import Act, playing, transport_stream

from smot_vlm.structures import Health
from smot_vlm.tracker import Tracker
from smot_vlm.video.live_clock import LiveClock
from smot_vlm.video.reconnecting import LiveSettings

STALL_SECONDS = 1.5
# Without a frame for so long it hangs.
PATIENCE_SECONDS = 240.0
MOST_GROWTH = 24 * 2**20


class Scene(NamedTuple):
    """What one connection is given, and what is to be counted of it."""

    act: Act
    frames: int = 0
    seconds: float = 0.0
    stalls: int = 0
    jumps: int = 0
    width: int = 96


def scenes() -> list[Scene]:
    """A minute of media."""
    ahead = [index if index < 25 else index + 18000 for index in range(50)]
    return [
        Scene(Act(transport_stream(50)), 50, 10.0),
        Scene(Act(transport_stream(40), freeze=True), 40, 8.0, stalls=1),
        Scene(Act()),
        Scene(Act(transport_stream(200, rate=25)), 200, 8.0),
        Scene(Act(b"no video at all" * 100)),
        Scene(Act(transport_stream(40, width=192, height=96)), 40, 8.0, width=192),
        Scene(Act(transport_stream(50, pts=ahead)), 50, 10.0, jumps=1),
        Scene(Act()),
        Scene(Act(transport_stream(40) + transport_stream(40)), 80, 16.0, jumps=1),
    ]


def expected(play: Sequence[Scene]) -> Health:
    """What the camera's health is when the last frame of the play was handed on."""
    shown = [scene for scene in play if scene.frames]
    return Health(
        frames=sum(scene.frames for scene in shown),
        stalls=sum(scene.stalls for scene in shown[:-1]),
        reconnects=len(shown) - 1,
        resizes=sum(before.width != after.width for before, after in pairwise(shown)),
        clock_jumps=sum(scene.jumps for scene in shown),
    )


def counters(health: dict) -> dict:
    """But for what depends on the moment."""
    return {name: value for name, value in health.items() if name not in ("connected", "lag_seconds", "fps")}


@pytest.fixture(scope="module")
def tracker(tiny_language_model) -> Tracker:
    return bright_tracker(tiny_language_model)


@pytest.fixture(params=[1, pytest.param(10, marks=pytest.mark.slow)], ids=lambda minutes: f"{minutes} min")
def play(request) -> list[Scene]:
    # At last it is refused for ever.
    return [*scenes() * request.param, Scene(Act())]


class Memory:
    """What the process holds when a third of the frames have come, and at the end."""

    def __init__(self, frames: int) -> None:
        self._process, self._at = psutil.Process(), frames // 3
        self.first = 0

    def look(self, count: int) -> None:
        if count == self._at:
            self.first = self._process.memory_info().rss

    @property
    def growth(self) -> int:
        assert self.first
        return self._process.memory_info().rss - self.first


class Patience:
    """Ends with a frame that does not come."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def frame(self) -> None:
        self._last = time.monotonic()

    def __call__(self, _health: Health | None = None) -> bool:
        return time.monotonic() - self._last < PATIENCE_SECONDS


@pytest.fixture(autouse=True)
def still_clock(monkeypatch):
    monkeypatch.setattr("smot_vlm.video.reconnecting.LiveClock", partial(LiveClock, now=lambda: 0.0))


def test_a_stream_goes_on(tracker, play):
    """Words, sights and boxes: no frame is lost, no id comes back, counters are right, memory is flat."""
    total = expected(play).frames
    memory, alive, patience = Memory(total), [], Patience()
    live = LiveSettings(
        stall_seconds=STALL_SECONDS,
        first_pause_seconds=0.01,
        longest_pause_seconds=0.02,
        drop=False,
        on_wait=patience,
    )
    described = sights = 0
    with playing([scene.act for scene in play]) as address:
        for update in tracker.stream(address, refresh_seconds=5.0, recent_seconds=4.0, live=live, max_frames=total):
            patience.frame()
            alive.append((set(update.people.ids.tolist()), update.frame.time_seconds))
            assert update.frame.image.shape == (64, 96, 3)
            assert set(update.captions) <= alive[-1][0]
            described += update.refreshed
            sights += update.sight is not None
            memory.look(len(alive))
    assert len(alive) == total
    assert counters(vars(update.health)) == counters(vars(expected(play)))
    times = [seconds for _, seconds in alive]
    assert all(later > earlier for earlier, later in pairwise(times))
    assert times[-1] == pytest.approx(sum(scene.seconds for scene in play), rel=0.05)
    assert_no_id_comes_back(alive)
    # Whoever is there when a connection begins is somebody new.
    connections = sum(bool(scene.frames) for scene in play)
    assert len({number for ids, _ in alive for number in ids}) >= connections
    assert update.words.failed == update.words.sights_failed == 0
    assert update.words.error == ""
    assert described >= 2
    assert sights >= 2
    # In a single minute most is seen for the first time, and heaps still fill.
    assert len(play) < 20 or memory.growth < MOST_GROWTH


def test_the_command_goes_on(tracker, play, tmp_path, capsys, monkeypatch):
    """`smot-vlm watch`, with its rules, windows and descriptions."""
    from smot_vlm.cli import watch as command
    from smot_vlm.cli.main import main
    from smot_vlm.watching import Watch

    total = expected(play).frames
    memory, watched = Memory(total), []
    monkeypatch.setattr(command, "load_tracker", lambda *_given, **_more: tracker)
    monkeypatch.setattr("smot_vlm.video.reconnecting.LiveSettings.first_pause_seconds", 0.01)
    is_enough = Watch._is_enough

    def counted(self, frame):
        watched.append(frame.index)
        memory.look(len(watched))
        return is_enough(self, frame)

    monkeypatch.setattr(Watch, "_is_enough", counted)
    out = tmp_path / "out"
    words = ["--rule", "anyone in zone left for 1s", "--zone", "left=0,0 0.5,0 0.5,1 0,1", "--no-drop"]
    words += ["--stall", STALL_SECONDS, "--max-frames", total, "--events", tmp_path / "events.jsonl"]
    words += ["--out", out, "--window", 0.25, "--every", 1, "--keep", 4, "--quiet", 1]
    with playing([scene.act for scene in play]) as address, pytest.raises(SystemExit) as end:
        main(["watch", address, *map(str, words)])
    said = capsys.readouterr().err
    assert end.value.code in (0, None), said
    assert watched == list(range(total))
    written = [json.loads(line) for path in sorted(out.glob("*.jsonl")) for line in path.read_text().splitlines()]
    assert counters(written[-1]["health"]) == counters(vars(expected(play)))
    assert written[-1]["to_seconds"] == pytest.approx(sum(scene.seconds for scene in play), rel=0.05)
    assert len(list(out.glob("description-*.json"))) <= 4
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert events
    # The one who is there is told once at a time, and never again by the same id after a gap.
    assert len({(tuple(event["people"]), event["from_seconds"]) for event in events}) == len(events)
    # In a single minute most is seen for the first time, and heaps still fill.
    assert len(play) < 20 or memory.growth < MOST_GROWTH
