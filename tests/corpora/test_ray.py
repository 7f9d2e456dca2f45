"""Engine `ray`, run for real where Ray is installed."""

import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from corpus_hooks import Hooked, Unloadable
from ray_processes import actors

from smot_vlm.corpora.corpus import account, describe_corpus
from smot_vlm.corpora.jobs import find_jobs
from smot_vlm.corpora.ray_actors import _start

pytestmark = pytest.mark.subprocess
ray = pytest.importorskip("ray")
pytest.importorskip("ray.data")


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """One for all tests here; what starts and ends it itself is tested in test_corpus_whole.py."""
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.parametrize("together", [1, 3])
def test_a_small_corpus_with_everything_that_goes_wrong(tmp_path, together):
    folder = tmp_path / "videos"
    folder.mkdir()
    kinds = {1: "damaged", 4: "crash", 7: "hang", 9: "once"}
    for number in range(20):
        (folder / f"{number:02d}-{kinds.get(number, 'clip')}.mp4").write_bytes(b"x" * (number + 1))
    jobs = find_jobs([str(folder)])
    recipe = Hooked(together=together)
    outcomes = list(describe_corpus(recipe, jobs, tmp_path / "ray", engine="ray", workers=2, seconds=3.0))
    states = Counter(outcome.state for outcome in outcomes)
    # What was described in the moment in which its neighbour crashed is found to be done.
    assert (states["described"] + states["kept"], states["settled"], len(outcomes)) == (17, 3, 20)
    assert together > 1 or not states["kept"]
    found = account(tmp_path / "ray", jobs)
    assert (found.described, found.left) == (17, 0)
    assert Counter(cause.cause for cause in found.causes) == {"failed": 1, "killed": 1, "time": 1}
    list(describe_corpus(Hooked(), jobs, tmp_path / "processes", workers=2, seconds=3.0))
    assert results(tmp_path / "ray") == results(tmp_path / "processes")


def test_a_killed_actor_is_begun_anew_and_loses_nothing(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    for number in range(20):
        (folder / f"{number:02d}-clip.mp4").write_bytes(b"x" * (number + 1))
    jobs, told = find_jobs([str(folder)]), tmp_path / "told"
    steps = describe_corpus(Hooked(0.2, str(told)), jobs, tmp_path / "store", engine="ray", workers=2)
    first = [next(steps) for _ in range(3)]
    os.kill(actors(os.getpid())[0], signal.SIGKILL)
    outcomes = first + list(steps)
    assert sorted(outcome.job.key for outcome in outcomes) == sorted(job.key for job in jobs)
    assert account(tmp_path / "store", jobs).described == 20
    # What the killed one had in hand may have been described, but not written.
    assert len(told.read_text().split()) <= 21


def test_a_model_that_cannot_be_loaded_ends_the_run(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"x")
    with pytest.raises(ValueError, match="no model 'nowhere'; give another"):
        list(describe_corpus(Unloadable(), find_jobs([str(tmp_path)]), tmp_path / "store", engine="ray"))


def test_ray_is_started_again_where_it_was_too_slow(monkeypatch):
    tried = []

    class Slow:
        def init(self, **options):
            tried.append(options["num_cpus"])
            if len(tried) < 4:
                raise Exception("The current node timed out during startup.")

        def shutdown(self):
            tried.append("down")

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    _start(Slow(), 64)
    assert tried == [64, "down", 64, "down", 64]
    monkeypatch.setattr(Slow, "init", lambda self, **options: 1 / 0)
    with pytest.raises(ConnectionError, match="Ray does not start"):
        _start(Slow(), 64)


def results(store: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.glob("described/*/*.json")}
