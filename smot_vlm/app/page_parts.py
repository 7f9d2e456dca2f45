"""What the page shows of jobs, as HTML. Every text that is not ours passes `shown`."""

import base64
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from smot_vlm.app.files import ALL, files_of
from smot_vlm.app.jobs import DONE, ENDED, FAILED, RUNNING, Job, JobBoard
from smot_vlm.output.claimed_folder import DESCRIPTION
from smot_vlm.output.trust import is_warning, trust
from smot_vlm.search.searcher import Hit
from smot_vlm.structures import Description
from smot_vlm.system.printing import counted, people, printable

_LONGEST_CAPTION = 300


def shown(text: str) -> str:
    """A text as the page shows it: no markup, and what steers a terminal or the direction of writing is escaped.

    Args:
        text: any.
    """
    return escape(printable(text))


def note(text: str, alert: bool = False) -> str:
    """One line that answers what was just done.

    Args:
        text: any.
        alert: it went wrong.
    """
    line = " ".join(text.split())
    return f'<p role="{"alert" if alert else "status"}" class="note">{shown(line)}</p>' if line else ""


def now(board: JobBoard, jobs: Sequence[Job]) -> str:
    """What runs and waits, with how far it is and the time that is left.

    Args:
        board: of the jobs.
        jobs: a user's.
    """
    lines = [_line(board, job) for job in jobs if job.state not in ENDED]
    return f'<div role="status">{"".join(lines)}</div>' if lines else '<p class="soft">Nothing runs.</p>'


def picture(job: Job | None) -> str:
    """The newest frame of the job that runs.

    Args:
        job: it; None where none runs.
    """
    if job is None or not job.picture:
        return ""
    data = base64.b64encode(job.picture).decode("ascii")
    says = shown(job.picture_says)
    return (
        f'<figure><img src="data:image/jpeg;base64,{data}" alt="The newest frame with boxes: {says}">'
        f"<figcaption>{says}</figcaption></figure>"
    )


def library(jobs: Sequence[Job]) -> str:
    """A table of what was described, the newest first.

    Args:
        jobs: a user's.
    """
    rows = [_row(job) for job in reversed(jobs) if job.state in (DONE, FAILED)]
    if not rows:
        return '<p class="soft">Nothing was described yet.</p>'
    return _table("Described videos", ("Video", "What was seen", "Files"), rows)


def found(hits: Sequence[tuple[Job, Hit]]) -> str:
    """A table of what a search found.

    Args:
        hits: with their jobs, best first.
    """
    if not hits:
        return note("Nothing was found.")
    rows = [
        _cells(
            shown(job.name),
            _when(hit),
            ", ".join(f"#{one}" for one in hit.entry.people[:2]),
            f"{shown(hit.entry.text)}{' (doubtful)' if hit.entry.doubtful else ''}",
        )
        for job, hit in hits
    ]
    return _table("Hits", ("Video", "When", "Who", "What"), rows)


def report(job: Job | None, address: str) -> str:
    """A job's report, in a frame that reaches nothing around it, and its downloads.

    Args:
        job: finished; None: none is chosen.
        address: of its report.
    """
    if job is None or job.state != DONE:
        return '<p class="soft">Choose a described video.</p>'
    return (
        f'<p class="files">Download: {_links(job)}</p><iframe class="report" sandbox="allow-scripts" '
        f'title="Report of {shown(job.name)}" src="{escape(address)}"></iframe>'
    )


def label(job: Job) -> str:
    """How a job is called in a list to choose from.

    Args:
        job: any.
    """
    return printable(job.name)


def seconds_in_words(seconds: float) -> str:
    """A time that is left, no more exact than it is known.

    Args:
        seconds: any.
    """
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _line(board: JobBoard, job: Job) -> str:
    name = f"<b>{shown(job.name)}</b>"
    if job.state != RUNNING:
        before = board.place(job)
        behind = f", {counted(before, 'job')} before it" if before else ""
        return f"<p>{name}: waits{behind}</p>"
    phase, left = shown(job.phase or "begins"), board.seconds_left(job)
    if not job.total:
        return f"<p>{name}: {phase}</p>"
    share = min(job.done / job.total, 1.0)
    time_left = "" if left is None else f", about {seconds_in_words(left)} left"
    return (
        f"<p>{name}: {phase}, {share:.0%}{time_left}<br>"
        f'<progress max="1" value="{share:.3f}" aria-label="{phase}">{share:.0%}</progress></p>'
    )


def _row(job: Job) -> str:
    name = f'<th scope="row" role="rowheader">{shown(job.name)}</th>'
    if job.state == FAILED:
        return name + _cells(f'<span class="bad">{shown(job.error)}</span>', "")
    return name + _cells(_told(job), _links(job))


def _told(job: Job) -> str:
    try:
        description = Description.from_json(job.result / DESCRIPTION)
    except (OSError, ValueError) as error:
        return shown(str(error))
    counts = f"{people(len(description.tracks))}, {counted(len(description.interactions), 'interaction')}"
    caption = description.caption
    caption = caption if len(caption) <= _LONGEST_CAPTION else f"{caption[:_LONGEST_CAPTION]}…"
    doubt = f"<br><small>{shown(trust(description))}</small>" if is_warning(description) else ""
    return f"{counts}<br>{shown(caption)}{doubt}"


def _links(job: Job) -> str:
    return ", ".join(
        f'<a href="/files/{quote(job.id)}/{name}" download="{name}">{name}</a>' for name in (*files_of(job), ALL)
    )


def _when(hit: Hit) -> str:
    entry = hit.entry
    return "" if entry.from_seconds is None else f"{entry.from_seconds:.1f} to {entry.to_seconds:.1f} s"


def _cells(*contents: str) -> str:
    return "".join(f'<td role="cell">{content}</td>' for content in contents)


def _table(name: str, heads: Sequence[str], rows: Sequence[str]) -> str:
    """A wide table moves inside its own frame, by keys too; on a phone its cells stand below each other, still a table to readers."""
    head = "".join(f'<th scope="col" role="columnheader">{text}</th>' for text in heads)
    body = "".join(f'<tr role="row">{row}</tr>' for row in rows)
    return (
        f'<div class="table" role="region" tabindex="0" aria-label="{name}"><table role="table">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{body}</tbody></table></div>'
    )
