"""Engine `slurm`, its workers started on this machine by submitit's local executor."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from corpus_hooks import Hooked, Unloadable

from smot_vlm.corpora.corpus import account, describe_corpus
from smot_vlm.corpora.jobs import Job, find_jobs

pytestmark = pytest.mark.subprocess
pytest.importorskip("submitit")
LOCAL = {"cluster": "local"}


def corpus(folder: Path, count: int) -> tuple[Job, ...]:
    folder.mkdir()
    kinds = {1: "damaged", 4: "crash", 7: "hang"}
    for number in range(count):
        (folder / f"{number:02d}-{kinds.get(number, 'clip')}.mp4").write_bytes(b"x" * (number + 1))
    return find_jobs([str(folder)])


def results(store: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.glob("described/*/*.json")}


def test_its_results_are_those_of_processes(tmp_path):
    jobs = corpus(tmp_path / "videos", 16)
    options = {"engine": "slurm", "workers": 2, "seconds": 2.0, "options": LOCAL}
    outcomes = list(describe_corpus(Hooked(), jobs, tmp_path / "slurm", **options))
    assert sorted(outcome.job.key for outcome in outcomes) == sorted(job.key for job in jobs)
    assert Counter(outcome.state for outcome in outcomes) == {"described": 13, "settled": 3}
    found = account(tmp_path / "slurm", jobs)
    assert Counter(cause.cause for cause in found.causes) == {"failed": 1, "killed": 1, "time": 1}
    assert (found.described, found.left) == (13, 0)
    list(describe_corpus(Hooked(), jobs, tmp_path / "processes", workers=2, seconds=2.0))
    assert results(tmp_path / "slurm") == results(tmp_path / "processes")
    assert list(describe_corpus(Hooked(), jobs, tmp_path / "slurm", **options)) == []


def test_a_model_that_cannot_be_loaded_ends_the_run(tmp_path):
    jobs = corpus(tmp_path / "videos", 2)
    with pytest.raises(ValueError, match="no model 'nowhere'; give another"):
        list(describe_corpus(Unloadable(), jobs, tmp_path / "store", engine="slurm", options=LOCAL))


def test_without_slurm_it_says_so(tmp_path, monkeypatch):
    jobs = corpus(tmp_path / "videos", 2)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ValueError, match="no SLURM on this machine"):
        list(describe_corpus(Hooked(), jobs, tmp_path / "store", engine="slurm"))


def test_options_are_those_of_sbatch(tmp_path):
    jobs = corpus(tmp_path / "videos", 2)
    with pytest.raises(ValueError, match="partitionn"):
        list(describe_corpus(Hooked(), jobs, tmp_path / "a", engine="slurm", options={**LOCAL, "partitionn": "gpu"}))
    with pytest.raises(ValueError, match="options of a cluster"):
        list(describe_corpus(Hooked(), jobs, tmp_path / "b", options={"partition": "gpu"}))
