"""What the page does for a user: takes a video, tells how far it is, cancels, finds, shows a report."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smot_vlm.app import page_parts
from smot_vlm.app.choices import Choice, Options
from smot_vlm.app.files import ReportTickets
from smot_vlm.app.finding import Finder
from smot_vlm.app.jobs import DONE, ENDED, RUNNING, Job, JobBoard
from smot_vlm.app.limits import RefusedError
from smot_vlm.app.sources import check_video, safe_suffix
from smot_vlm.system.files import shipped_folder

SAMPLE = "demo.mp4"
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Seen:
    """What a page shows already, so that only what changed is sent.

    Attributes:
        now: the lines of what runs.
        picture: version of the job whose picture is shown.
        library: ids and states of the jobs in the table.
    """

    now: str = ""
    picture: str = ""
    library: tuple[tuple[str, str], ...] | None = None


class PageWork:
    """The page's deeds, each for one user.

    Args:
        board: the jobs.
        options: what may be chosen.
        finder: searches.
        uploads: the folder into which Gradio receives files.
    """

    def __init__(self, board: JobBoard, options: Options, finder: Finder, uploads: Path) -> None:
        self.board = board
        self.options = options
        self.tickets = ReportTickets()
        self._finder = finder
        self._uploads = uploads

    def describe(self, owner: str, video: Any, tracks: Any, *chosen: str) -> str:
        """Put a video in the queue.

        Args:
            owner: the user.
            video: as Gradio tells of a received file; None: the sample.
            tracks: the same; None: without.
            *chosen: model, detector, associator, device.

        Returns:
            A line that says so, as HTML.
        """

        def work() -> str:
            choice = self.options.choose(*chosen)
            name = SAMPLE if video is None else _name(video)
            job = self.board.open(owner, name)
            try:
                self._start(job, video, tracks, choice)
            except BaseException:
                self.board.remove(job)
                raise
            return f"{name} was taken."

        return _answered(work)

    def cancel(self, owner: str) -> str:
        """Cancel the job that runs, or the first that waits.

        Args:
            owner: the user.

        Returns:
            A line that says so, as HTML.
        """
        jobs = [job for job in self.board.of(owner) if job.state not in ENDED and not job.stop.is_set()]
        if not jobs:
            return page_parts.note("Nothing runs.")
        self.board.remove(jobs[0])
        return page_parts.note(f"{jobs[0].name} was cancelled; its files are removed.")

    def remove(self, owner: str, number: str | None) -> str:
        """Remove a finished job and its files.

        Args:
            owner: the user.
            number: its id.

        Returns:
            A line that says so, as HTML.
        """

        def work() -> str:
            job = self.board.find(owner, number or "")
            self.board.remove(job)
            return f"{job.name} was removed, and its files."

        return _answered(work)

    def search(self, owner: str, question: str) -> str:
        """Search in a user's jobs.

        Args:
            owner: the user.
            question: a sentence.

        Returns:
            What was found, as HTML.
        """
        try:
            return page_parts.found(self._finder.ask(owner, question[:1000]))
        except RefusedError as error:
            return page_parts.note(str(error), alert=True)

    def report(self, owner: str, number: str | None) -> str:
        """A job's report in a frame.

        Args:
            owner: the user.
            number: its id; None: none is chosen.

        Returns:
            HTML.
        """
        try:
            job = self.board.find(owner, number) if number else None
        except RefusedError:
            job = None
        return page_parts.report(job, "" if job is None else self.tickets.address(job))

    def look(self, owner: str, seen: Seen) -> tuple[Seen, str | None, str | None, list[Job] | None]:
        """What has changed since a page last looked.

        Args:
            owner: the user.
            seen: what it shows.

        Returns:
            What it shows then; the lines of what runs, the picture, the jobs; each None where it is the same.
        """
        jobs = self.board.of(owner)
        running = next((job for job in jobs if job.state == RUNNING and not job.stop.is_set()), None)
        lines = page_parts.now(self.board, jobs)
        mark = "" if running is None else f"{running.id} {running.picture_says}"
        table = tuple((job.id, job.state) for job in jobs if job.state in ENDED)
        return (
            Seen(lines, mark, table),
            None if lines == seen.now else lines,
            None if mark == seen.picture else page_parts.picture(running),
            None if table == seen.library else [job for job in jobs if job.state in ENDED],
        )

    def _start(self, job: Job, video: Any, tracks: Any, choice: Choice) -> None:
        if video is None:
            source = shipped_folder("assets") / SAMPLE
        else:
            source = self._take(video, job.folder / f"source{safe_suffix(job.name)}")
        if source.stat().st_size > self.board.limits.bytes:
            raise RefusedError(f"{job.name} is larger than {self.board.limits.megabytes:g} MB; send a smaller one", 413)
        check_video(source, job.name, self.board.limits)
        boxes = None if tracks is None else self._take(tracks, job.folder / f"tracks{safe_suffix(_name(tracks))}")
        self.board.start(job, source, choice, boxes)

    def _take(self, file: Any, target: Path) -> Path:
        """A received file, under a name of ours. The same bytes may be another page's too, so they are not moved away."""
        given = file.get("path") if isinstance(file, Mapping) else None
        path = Path(given or "").resolve()
        if not path.is_relative_to(self._uploads.resolve()) or not path.is_file():
            raise RefusedError("the file is not here any more; give it again", 404)
        try:
            os.link(path, target)
        except OSError:
            shutil.copyfile(path, target)
        return target


def done_jobs(jobs: list[Job]) -> list[Job]:
    """Those that have a report.

    Args:
        jobs: any.
    """
    return [job for job in jobs if job.state == DONE]


def _name(file: Any) -> str:
    name = file.get("orig_name") if isinstance(file, Mapping) else None
    return str(name or "video").replace("\\", "/").rpartition("/")[2][:_LONGEST_NAME] or "video"


def _answered(work: Callable[[], str]) -> str:
    try:
        return page_parts.note(work())
    except RefusedError as error:
        return page_parts.note(str(error), alert=True)
