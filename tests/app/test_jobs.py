"""Jobs: order, limits, cancelling, and what is left on disk."""

import threading
from collections.abc import Iterator

import pytest
from service_case import film, slowly, tell, until

from smot_vlm.app.jobs import CANCELLED, DONE, FAILED, RUNNING, WAITING, Job, JobBoard
from smot_vlm.app.limits import Limits, RefusedError


@pytest.fixture
def make(tmp_path) -> Iterator:
    boards: list[JobBoard] = []

    def board(run=tell, **options) -> JobBoard:
        boards.append(JobBoard(tmp_path / f"jobs{len(boards)}", run, Limits(**options)))
        return boards[-1]

    yield board
    for one in boards:
        one.close()


def submit(board: JobBoard, owner: str = "ann", name: str = "a.mp4") -> Job:
    job = board.open(owner, name)
    board.start(job, film(job.folder / "source.mp4"))
    return job


def test_a_job_runs_and_its_files_are_in_its_own_folder(make):
    board = make()
    first, second = submit(board), submit(board, name="b.mp4")
    until(lambda: second.state == DONE)
    assert first.state == DONE
    assert "a.mp4" in (first.result / "description.json").read_text()
    assert "b.mp4" in (second.result / "description.json").read_text()


def test_nobody_finds_another_users_job(make):
    board = make()
    job = submit(board)
    with pytest.raises(RefusedError, match="no such job") as refused:
        board.find("bob", job.id)
    assert refused.value.status == 404
    assert board.of("bob") == []
    assert board.find("ann", job.id) is job
    assert board.shelf("ann") != board.shelf("bob")


def test_more_jobs_than_may_wait_are_refused_and_later_ones_taken(make):
    gate = threading.Event()
    board = make(lambda job, progress: gate.wait(20) and tell(job, progress), waiting=2)
    first = submit(board)
    until(lambda: first.state == RUNNING)
    second, third = submit(board), submit(board)
    with pytest.raises(RefusedError, match="2 jobs wait already") as refused:
        board.open("bob", "c.mp4")
    assert refused.value.status == 429
    assert (board.place(second), board.place(third)) == (1, 2)
    gate.set()
    until(lambda: third.state == DONE)
    assert submit(board).state in (WAITING, RUNNING, DONE)


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_at_its_next_frame(make):
    board = make(slowly(20))
    first, second = submit(board), submit(board)
    until(lambda: first.state == RUNNING and first.done > 0)
    board.remove(second)
    assert second.state == CANCELLED
    assert not second.folder.exists()
    board.remove(first)
    until(lambda: first.state == CANCELLED, 5)
    until(lambda: not first.folder.exists(), 5)
    assert board.of("ann") == []


def test_a_failure_is_one_line_and_the_next_job_runs(make):
    def run(job: Job, progress) -> None:
        if job.name == "bad":
            raise RuntimeError("first line\nsecond line")
        tell(job, progress)

    board = make(run)
    bad, good = submit(board, name="bad"), submit(board)
    until(lambda: good.state == DONE)
    assert bad.state == FAILED
    assert "first line" in bad.error
    assert "\n" not in bad.error


def test_finished_jobs_are_removed_after_their_time(tmp_path):
    now = [0.0]
    board = JobBoard(tmp_path / "jobs", tell, Limits(hours=1), clock=lambda: now[0])
    job = submit(board)
    until(lambda: job.state == DONE)
    now[0] = 3599.0
    assert board.of("ann") == [job]
    now[0] = 3601.0
    assert board.of("ann") == []
    assert not job.folder.exists()
    board.close()


def test_the_time_left_is_told_from_what_is_done(tmp_path):
    now, step = [0.0], threading.Event()

    def run(job: Job, progress) -> None:
        progress("watching", 0, 10)
        now[0] = 4.0
        progress("watching", 2, 10)
        step.wait(20)

    board = JobBoard(tmp_path / "jobs", run, Limits(), clock=lambda: now[0])
    job = submit(board)
    until(lambda: job.done == 2)
    assert board.seconds_left(job) == pytest.approx(16.0)
    step.set()
    board.close()


def test_closing_removes_everything_and_what_was_left_by_a_killed_one_goes_at_the_start(tmp_path):
    left = tmp_path / "jobs" / "old"
    left.mkdir(parents=True)
    board = JobBoard(tmp_path / "jobs", slowly(20), Limits())
    assert not left.exists()
    submit(board)
    board.close()
    assert not (tmp_path / "jobs").exists()


@pytest.mark.parametrize("wrong", [{"megabytes": 0}, {"minutes": -1}, {"waiting": 0}, {"hours": float("nan")}])
def test_bounds_are_above_nothing(wrong):
    with pytest.raises(ValueError, match="give a number above 0"):
        Limits(**wrong)
