"""What goes out of a job: its files, all of them in one, and its report as a page in the page."""

import hmac
import secrets
import zipfile
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from smot_vlm.app.jobs import DONE, Job
from smot_vlm.app.limits import RefusedError
from smot_vlm.output.claimed_folder import DESCRIPTION, REPORT, TRACKS, VIDEO
from smot_vlm.system.files import atomic_path

FILES = {DESCRIPTION: "application/json", TRACKS: "text/plain", VIDEO: "video/mp4", REPORT: "text/html"}
ALL = "all.zip"
REPORT_PATH = "/report/"
# A report is a page of its own: it may show itself, and ask nobody.
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def files_of(job: Job) -> list[str]:
    """Names of a finished job's files.

    Args:
        job: any; one that is not done has none.
    """
    return [name for name in FILES if job.state == DONE and (job.result / name).is_file()]


def file_of(job: Job, name: str) -> Path:
    """One of a job's files.

    Args:
        job: the asking user's.
        name: a key of FILES, or ALL.

    Returns:
        The file; ALL is made when it is first asked for.

    Raises:
        RefusedError: there is no such file.
    """
    there = files_of(job)
    if name == ALL and there:
        return _all_of(job, there)
    if name not in there:
        raise RefusedError(f"no such file; there are {', '.join(there) or 'none yet'}", 404)
    return job.result / name


def _all_of(job: Job, names: list[str]) -> Path:
    path = job.folder / ALL
    if not path.exists():
        with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.write(job.result / name, name)
    return path


class ReportTickets:
    """Addresses of reports that hold a proof in place of a cookie.

    A report is shown in a frame that browsers treat as a stranger's, so that nothing in it could reach the page around
    it; to a stranger they give no cookie, and its video must be found all the same. Only the owner's page names the proof.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def address(self, job: Job) -> str:
        """Where a job's report is seen.

        Args:
            job: the asking user's.
        """
        return f"{REPORT_PATH}{quote(job.id)}/{self._proof(job.id)}/{REPORT}"

    def check(self, number: str, proof: str) -> None:
        """Make sure that an address is one of these.

        Args:
            number: the id of a job.
            proof: as it stands in the address.

        Raises:
            RefusedError: it is not.
        """
        if not hmac.compare_digest(self._proof(number).encode(), proof.encode()):
            raise RefusedError("no such report", 404)

    def _proof(self, number: str) -> str:
        return hmac.new(self._key, number.encode(), sha256).hexdigest()
