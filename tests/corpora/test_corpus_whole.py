"""A whole corpus of drawn videos under Ray: damage, crashes, a hang, killed drivers and killed actors."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from drawn_corpus import HookedTracker, draw_corpus
from ray_processes import actors

from smot_vlm.corpora.corpus import account, describe_corpus

pytestmark = [pytest.mark.slow, pytest.mark.subprocess]
pytest.importorskip("ray.data")
COUNT, DAMAGED, CRASH, HANG = 200, 5, 2, 1
GOOD = COUNT - DAMAGED - CRASH - HANG
LIMIT = 30.0
DRIVER = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from drawn_corpus import HookedTracker
from smot_vlm.corpora.corpus import describe_corpus
from smot_vlm.corpora.jobs import find_jobs
if __name__ == "__main__":
    jobs = find_jobs([sys.argv[2]])
    for outcome in describe_corpus(HookedTracker(), jobs, sys.argv[3], engine="ray", workers=2, seconds=float(sys.argv[4])):
        print(outcome.state, flush=True)
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    return folder, draw_corpus(folder / "videos", COUNT, DAMAGED, CRASH, HANG)


@pytest.fixture(scope="module")
def by_processes(corpus):
    folder, jobs = corpus
    list(describe_corpus(HookedTracker(), jobs, folder / "processes", workers=2, seconds=LIMIT))
    check(folder / "processes", jobs)
    return results(folder / "processes")


def check(store: Path, jobs) -> None:
    """Every video is described or accounted for by its cause, and the tables hold each once."""
    found = account(store, jobs)
    assert (found.described, found.left) == (GOOD, 0)
    assert Counter(cause.cause for cause in found.causes) == {"failed": DAMAGED, "killed": CRASH, "time": HANG}
    for cause in found.causes:
        kind = {"failed": "damaged", "killed": "crash", "time": "hang"}[cause.cause]
        assert kind in cause.job.path
    pandas = pytest.importorskip("pandas")
    keys = [
        key for part in store.glob("tables/*/videos.parquet") for key in pandas.read_parquet(part, columns=["key"]).key
    ]
    assert sorted(f"{key}.json" for key in keys) == sorted(results(store))


def results(store: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.glob("described/*/*.json")}


def test_ray_describes_or_accounts_for_each_as_processes_do(corpus, by_processes):
    folder, jobs = corpus
    outcomes = list(describe_corpus(HookedTracker(), jobs, folder / "ray", engine="ray", workers=2, seconds=LIMIT))
    assert Counter(outcome.job.key for outcome in outcomes) == {job.key: 1 for job in jobs}
    check(folder / "ray", jobs)
    assert results(folder / "ray") == by_processes


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_actors_and_drivers_lose_and_double_nothing(corpus, by_processes, seed):
    folder, jobs = corpus
    store, draw = folder / f"killed{seed}", random.Random(seed)
    actor_at, driver_at = draw.randint(1, COUNT // 3), draw.randint(COUNT // 3 + 1, COUNT - 20)
    command = [sys.executable, "-c", DRIVER, json.dumps(sys.path), str(folder / "videos/manifest.csv"), str(store)]
    with subprocess.Popen([*command, str(LIMIT)], stdout=subprocess.PIPE, text=True) as driver:
        for done in range(1, driver_at + 1):
            assert driver.stdout.readline(), f"ended after {done - 1}"
            if done == actor_at:
                os.kill(draw.choice(actors(driver.pid)), signal.SIGKILL)
        driver.send_signal(signal.SIGKILL)
        driver.stdout.read()
    assert driver_at - 2 <= len(results(store)) + len(list(store.glob("causes/*/*.json"))) < COUNT
    second = Counter()
    while account(store, jobs).left:
        for outcome in describe_corpus(HookedTracker(), jobs, store, engine="ray", workers=2, seconds=LIMIT):
            second[outcome.job.key] += outcome.state in ("described", "settled")
        time.sleep(1.0)
    assert set(second.values()) <= {0, 1}
    check(store, jobs)
    assert results(store) == by_processes
