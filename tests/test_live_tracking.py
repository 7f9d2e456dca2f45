"""A camera that misbehaves, tracked: no id of before a gap after it, health, and metrics over HTTP."""

import urllib.error
import urllib.request

import pytest
from live_people import bright_tracker
from live_server import Act, playing, transport_stream

from smot_vlm.structures import Health
from smot_vlm.system.metrics import Metric, MetricsServer, metrics_text
from smot_vlm.tracker import Tracker
from smot_vlm.video.reconnecting import LiveSettings

QUICK = LiveSettings(stall_seconds=1.0, first_pause_seconds=0.01, longest_pause_seconds=0.02, drop=False)


@pytest.fixture(scope="module")
def tracker(tiny_language_model) -> Tracker:
    return bright_tracker(tiny_language_model)


def test_after_each_connection_everybody_has_a_new_id(tracker):
    act = Act(transport_stream(20))
    seen = []
    with playing([act]) as address:
        for update in tracker.stream(address, refresh_seconds=None, recent_seconds=4.0, live=QUICK, max_frames=60):
            seen.append(update.people.ids.tolist())
    # An id is given where a box was seen twice.
    first, second, third = ({number for ids in seen[start : start + 20] for number in ids} for start in (0, 20, 40))
    assert first
    assert max(first) < min(second)
    assert max(second) < min(third)
    assert update.health == Health(
        frames=update.health.frames,
        reconnects=update.health.reconnects,
        lag_seconds=update.health.lag_seconds,
        fps=update.health.fps,
        connected=update.health.connected,  # the third connection may have ended by now
    )
    assert update.health.reconnects >= 2


def test_a_file_has_no_health(tracker, tmp_path):
    path = tmp_path / "a.ts"
    path.write_bytes(transport_stream(5))
    updates = list(tracker.stream(str(path), refresh_seconds=None, live=QUICK))
    assert [update.health for update in updates] == [None] * 5


def test_numbers_in_the_format_of_prometheus():
    told = metrics_text([Metric("a_total", "What\nit is.", 3), Metric("b", "A share.", 0.25)])
    assert told == (
        "# HELP a_total What\\nit is.\n# TYPE a_total counter\na_total 3\n# HELP b A share.\n# TYPE b gauge\nb 0.25\n"
    )


def test_numbers_of_one_name_have_labels():
    told = metrics_text(
        [Metric("a", "A.", 1, (("state", 'a "b" \\'),)), Metric("a", "A.", 2, (("state", "c"), ("more", "d")))]
    )
    assert told == '# HELP a A.\n# TYPE a gauge\na{state="a \\"b\\" \\\\"} 1\na{state="c",more="d"} 2\n'


def test_metrics_and_health_over_http():
    good = [True]
    with MetricsServer("127.0.0.1", 0, lambda: [Metric("a_total", "A.", 1)], lambda: good[0]) as server:
        address = f"http://127.0.0.1:{server.port}"
        with urllib.request.urlopen(f"{address}/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert b"a_total 1\n" in answer.read()
        with urllib.request.urlopen(f"{address}/health") as answer:
            assert answer.status == 200
        good[0] = False
        for path, status in (("/health", 503), ("/else", 404)):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(address + path)
            assert caught.value.code == status
        with pytest.raises(OSError, match="choose another port"):
            MetricsServer("127.0.0.1", server.port, list, lambda: True)
