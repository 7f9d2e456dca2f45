"""Engines over a corpus with damaged videos, crashes, hangs and killed runs; the model is a stand-in."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from corpus_hooks import DiesLoading, Hooked, Unloadable

from smot_vlm.corpora.child import Task, in_hands
from smot_vlm.corpora.corpus import account, describe_corpus
from smot_vlm.corpora.jobs import Job, find_jobs
from smot_vlm.corpora.slot import Slot
from smot_vlm.structures import Description

pytestmark = pytest.mark.subprocess


def corpus(folder: Path, count: int, **special: int) -> tuple[Job, ...]:
    """Files of differing sizes; `special` says how many have such a name."""
    folder.mkdir()
    kinds = [kind for kind, times in special.items() for _ in range(times)]
    names = random.Random(7).sample(range(count), count)
    for place, number in enumerate(names):
        kind = kinds[place] if place < len(kinds) else "clip"
        (folder / f"{number:04d}-{kind}.mp4").write_bytes(b"x" * (number % 50 + 1))
    return find_jobs([str(folder)])


def results(store: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(store.glob("described/*/*.json"))}


def causes(store: Path, jobs) -> Counter:
    return Counter(cause.cause for cause in account(store, jobs).causes)


@pytest.mark.parametrize("together", [1, 4])
def test_every_job_is_described_or_accounted_for_by_cause(tmp_path, together):
    jobs = corpus(tmp_path / "videos", 40, damaged=5, crash=2, hang=1, once=2)
    store = tmp_path / "store"
    outcomes = list(describe_corpus(Hooked(together=together), jobs, store, workers=2, seconds=3.0))
    assert sorted(outcome.job.key for outcome in outcomes) == sorted(job.key for job in jobs)
    found = account(store, jobs)
    assert (found.described, found.left) == (32, 0)
    assert causes(store, jobs) == {"failed": 5, "killed": 2, "time": 1}
    assert not list((store / "claims").iterdir())
    there = {path.name for path in store.iterdir()} - {"tables"}
    assert there == {"run.json", "described", "causes", "claims", "attempts"}
    by_cause = {cause.cause: cause for cause in found.causes}
    assert "the decoder fell over" in by_cause["killed"].log
    assert "signal 11" in by_cause["killed"].error
    assert "corpus_hooks.py" in by_cause["time"].log, "where it hung"
    assert "no frame can be read" in by_cause["failed"].error
    # How many are described at once changes no result, so the same store goes on.
    again = list(describe_corpus(Hooked(), jobs, store, workers=2, seconds=3.0))
    assert again == []
    job = next(job for job in jobs if "clip" in job.path)
    size = len(Path(job.path).read_bytes())
    description = Description.from_json(store / "described" / job.key[:2] / f"{job.key}.json")
    assert (description.caption, description.video.source) == (f"Of {size} bytes.", job.path)


def test_retry_takes_up_what_has_a_cause(tmp_path):
    jobs = corpus(tmp_path / "videos", 3, damaged=1)
    list(describe_corpus(Hooked(), jobs, tmp_path / "store"))
    damaged = next(job for job in jobs if "damaged" in job.path)
    (outcome,) = describe_corpus(Hooked(), jobs, tmp_path / "store", retry=True)
    assert (outcome.job, outcome.state) == (damaged, "settled")


def test_a_video_that_is_gone_stays_to_be_done(tmp_path):
    jobs = corpus(tmp_path / "videos", 2)
    Path(jobs[0].path).rename(tmp_path / "away")
    states = {outcome.job: outcome.state for outcome in describe_corpus(Hooked(), jobs, tmp_path / "store")}
    assert states == {jobs[0]: "open", jobs[1]: "described"}
    assert account(tmp_path / "store", jobs).left == 1
    (tmp_path / "away").rename(jobs[0].path)
    assert [outcome.job for outcome in describe_corpus(Hooked(), jobs, tmp_path / "store")] == [jobs[0]]
    assert account(tmp_path / "store", jobs).described == 2


@pytest.mark.parametrize(
    ("recipe", "told"),
    [(Unloadable(), "no model 'nowhere'; give another"), (DiesLoading(), "died while it loaded the model")],
)
def test_a_model_that_cannot_be_loaded_ends_the_run(tmp_path, recipe, told):
    jobs = corpus(tmp_path / "videos", 3)
    with pytest.raises(ValueError, match=told):
        list(describe_corpus(recipe, jobs, tmp_path / "store", workers=2))
    assert account(tmp_path / "store", jobs).left == 3


def test_other_settings_need_another_store(tmp_path):
    jobs = corpus(tmp_path / "videos", 2)
    list(describe_corpus(Hooked(), jobs, tmp_path / "store"))
    with pytest.raises(ValueError, match=r"seconds 0\.0 \(now 0\.001\); choose another folder or pass --overwrite"):
        list(describe_corpus(Hooked(0.001), jobs, tmp_path / "store"))
    assert len(list(describe_corpus(Hooked(0.001), jobs, tmp_path / "store", overwrite=True))) == 2


DRIVER = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from corpus_hooks import Hooked
from smot_vlm.corpora.corpus import describe_corpus
from smot_vlm.corpora.jobs import find_jobs
if __name__ == "__main__":
    jobs = find_jobs([sys.argv[2]])
    for outcome in describe_corpus(Hooked(0.02, sys.argv[4]), jobs, sys.argv[3], engine=sys.argv[5], workers=2):
        print(outcome.state, flush=True)
"""


def start_driver(folder: Path, store: Path, told: Path, engine: str) -> subprocess.Popen:
    command = [sys.executable, "-c", DRIVER, json.dumps(sys.path), str(folder), str(store), str(told), engine]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_killed_driver_loses_and_doubles_nothing(tmp_path, seed):
    jobs = corpus(tmp_path / "videos", 30)
    store, told = tmp_path / "store", tmp_path / "told"
    driver = start_driver(tmp_path / "videos", store, told, "processes")
    for _ in range(random.Random(seed).randint(1, 25)):
        driver.stdout.readline()
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    assert 0 < len(results(store)) < 30
    # The second run begins at once, whether or not the first one's workers have seen the end of theirs.
    list(describe_corpus(Hooked(0.02, str(told)), jobs, store, workers=2))
    while left := account(store, jobs).left:
        assert left <= 2
        time.sleep(0.1)
        list(describe_corpus(Hooked(0.02, str(told)), jobs, store, workers=2))
    assert len(results(store)) == 30
    written = Counter(told.read_text().split())
    assert set(written) == {job.key for job in jobs}
    # What was in hand when all was killed may have been described, but not written.
    assert sum(written.values()) <= 32
    list(describe_corpus(Hooked(), jobs, tmp_path / "whole", workers=1))
    assert results(store) == results(tmp_path / "whole")


def test_a_killed_worker_costs_one_attempt(tmp_path):
    jobs = corpus(tmp_path / "videos", 6)
    steps = describe_corpus(Hooked(0.3), jobs, tmp_path / "store", workers=1)
    next(steps)
    (child,) = children(os.getpid())
    os.kill(child, signal.SIGKILL)
    assert [outcome.state for outcome in steps] == ["described"] * 5


@dataclass(frozen=True)
class Meeting:
    """Each video waits until so many are described by its worker at once."""

    together: int

    def __call__(self):
        barrier = threading.Barrier(self.together, timeout=30)

        def describe(job: Job) -> Description:
            barrier.wait()
            return Hooked().describe(job)

        return describe


@pytest.mark.parametrize("engine", ["processes", "slurm"])
def test_a_worker_describes_several_videos_at_once(tmp_path, engine):
    options = {}
    if engine == "slurm":
        pytest.importorskip("submitit")
        options = {"cluster": "local"}
    # Of two workers under SLURM one may help the other out with single videos.
    jobs, workers = corpus(tmp_path / "videos", 12), 1 if engine == "slurm" else 2
    steps = describe_corpus(Meeting(3), jobs, tmp_path / "store", engine=engine, workers=workers, options=options)
    assert Counter(outcome.state for outcome in steps) == {"described": 12}


def test_answers_that_come_at_once_are_all_read(tmp_path):
    # While the first is looked at, the others arrive together; they must not be waited for again.
    jobs = corpus(tmp_path / "videos", 3)
    with Slot(Task(Hooked(together=3), tmp_path / "store", None, together=3)) as slot:
        watchdog = threading.Timer(60, slot.close)
        watchdog.start()
        states = []
        for outcome in slot.do_together(jobs):
            time.sleep(1.0)
            states.append(outcome.state)
        watchdog.cancel()
    assert states == ["described"] * 3


def test_no_worker_is_without_a_video_for_the_sake_of_a_batch(tmp_path):
    jobs = corpus(tmp_path / "videos", 4)
    steps = describe_corpus(Meeting(2), jobs, tmp_path / "store", workers=2)
    assert Counter(outcome.state for outcome in steps) == {"described": 4}
    task = Task(Hooked(), tmp_path, None, together=8)
    assert [len(hand) for hand in in_hands(task, jobs, 2)] == [2, 2]
    assert [len(hand) for hand in in_hands(task, jobs, 3)] == [2, 2]
    assert [len(hand) for hand in in_hands(task, jobs, 1)] == [4]


def test_what_dies_in_company_is_nobodys_fault(tmp_path):
    # Each attempt in company ends all; alone they are described, with no death on their account.
    jobs = corpus(tmp_path / "videos", 3)
    steps = describe_corpus(DiesInCompany(str(tmp_path / "told")), jobs, tmp_path / "store", workers=1)
    assert Counter(outcome.state for outcome in steps) == {"described": 3}
    assert len(set((tmp_path / "told").read_text().split())) == 1, "processes that died in company"
    assert not list((tmp_path / "store" / "attempts").glob("*"))


@dataclass(frozen=True)
class DiesInCompany:
    """Dies where a second video comes before the first one is described."""

    told: str
    together: int = 3

    def __call__(self):
        running = []

        def describe(job: Job) -> Description:
            running.append(job)
            time.sleep(0.5)
            if len(running) > 1:
                with Path(self.told).open("a") as file:
                    file.write(f"{os.getpid()}\n")
                signal.raise_signal(signal.SIGKILL)
            running.remove(job)
            return Hooked().describe(job)

        return describe


@dataclass(frozen=True)
class Told:
    """Says what its worker was given."""

    def __call__(self):
        return self.describe

    def describe(self, job: Job) -> Description:
        return replace(Hooked().describe(job), caption=f"{os.environ['OMP_NUM_THREADS']} threads")


@pytest.mark.parametrize(("stated", "told"), [(None, max(len(os.sched_getaffinity(0)) // 2, 1)), ("3", 3)])
def test_workers_share_the_cores_unless_the_user_says_otherwise(tmp_path, monkeypatch, stated, told):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if stated:
        monkeypatch.setenv("OMP_NUM_THREADS", stated)
    jobs = corpus(tmp_path / "videos", 2)
    list(describe_corpus(Told(), jobs, tmp_path / "store", workers=2))
    for job in jobs:
        description = Description.from_json(tmp_path / "store/described" / job.key[:2] / f"{job.key}.json")
        assert description.caption == f"{told} threads"


def children(parent: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()] or [
        int(child)
        for task in Path(f"/proc/{parent}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
