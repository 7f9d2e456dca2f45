"""The folder of a corpus: what is done is what its files say, whichever engine wrote them and however it ended.

    STORE/run.json  STORE/described/KK/KEY.json  STORE/causes/KK/KEY.json  STORE/claims/KEY.lock  STORE/tables/NNNNN/KIND.parquet

KEY is the job's, KK its first two letters. A result or a cause appears whole, by a rename, and settles its job. The lock of a
claim is held by the process that describes; the system frees it when that process ends, so what a lost process had in hand is
free again.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from smot_vlm.corpora.jobs import Job
from smot_vlm.formats.checked import record
from smot_vlm.formats.documents import read_json
from smot_vlm.structures import Description
from smot_vlm.system.files import write_text
from smot_vlm.system.targets import check_folder
from smot_vlm.system.temporary import try_lock

# What ended a job without a result.
FAILED, KILLED, TIME, INTERRUPTED = "failed", "killed", "time", "interrupted"
CAUSES = {
    FAILED: "cannot be described",
    KILLED: "killed its worker twice",
    TIME: "ran past the time limit",
    INTERRUPTED: "was in hand each time that a whole run was killed",
}
# Deaths of its worker that end a job; deaths of all that ran, which may not be its fault.
MOST_KILLS, MOST_INTERRUPTIONS = 2, 6
RUN_FILE = "run.json"


@dataclass(frozen=True)
class Cause:
    """Why a job has no result.

    Attributes:
        job: the video.
        cause: a key of CAUSES.
        error: in one line.
        log: the end of what its worker wrote.
    """

    job: Job
    cause: str
    error: str
    log: str = ""

    def __post_init__(self) -> None:
        if self.cause not in CAUSES:
            raise ValueError(f"cause is {self.cause!r}; it takes {', '.join(CAUSES)}")


@dataclass(frozen=True)
class Attempts:
    """What became of earlier attempts at a job.

    Attributes:
        kills: times that its worker died.
        interruptions: times that the whole run was gone while it was in hand.
    """

    kills: int = 0
    interruptions: int = 0


class Store:
    """Results and causes of a corpus.

    Args:
        root: its folder; made by `open_store`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def described(self, key: str) -> Path:
        """The file of a result.

        Args:
            key: of the job.
        """
        return self.root / "described" / key[:2] / f"{key}.json"

    def cause_file(self, key: str) -> Path:
        """The file of a cause.

        Args:
            key: of the job.
        """
        return self.root / "causes" / key[:2] / f"{key}.json"

    def keys(self, kind: str) -> set[str]:
        """The keys of all files of a kind, by listing folders: no file is opened.

        Args:
            kind: "described" or "causes".
        """
        return {
            entry.stem
            for folder in _entries(self.root / kind)
            for entry in _entries(folder)
            if entry.suffix == ".json" and not entry.name.startswith(".")
        }

    def settled_keys(self) -> set[str]:
        """The keys of all that have a result or a cause."""
        return self.keys("described") | self.keys("causes")

    def result_files(self) -> dict[str, tuple[int, int]]:
        """Key of each result -> bytes of its file, and when it was written in nanoseconds; no file is opened."""
        found = {}
        for key in self.keys("described"):
            try:
                state = self.described(key).stat()
            except FileNotFoundError:
                continue
            found[key] = state.st_size, state.st_mtime_ns
        return found

    def is_settled(self, key: str) -> bool:
        """Whether a job has a result or a cause.

        Args:
            key: of the job.
        """
        return self.described(key).is_file() or self.cause_file(key).is_file()

    @contextmanager
    def claimed(self, key: str, *, after_death: bool = False) -> Iterator[bool]:
        """Keep a job for this process as long as the block runs.

        A lock that is there without an owner is what a process left that was lost with all around it; that counts as an
        interruption.

        Args:
            key: of the job.
            after_death: the lock is that of a worker whose death is accounted for in the block.

        Yields:
            False where another process has it.
        """
        path = self._claim(key)
        left_behind = path.exists()
        lock = try_lock(path)
        if lock is None:
            yield False
            return
        try:
            if left_behind and not after_death and not self.is_settled(key):
                before = self.attempts(key)
                self._note(key, Attempts(before.kills, before.interruptions + 1))
            yield True
        finally:
            path.unlink(missing_ok=True)
            lock.release()

    def attempts(self, key: str) -> Attempts:
        """What became of earlier attempts.

        Args:
            key: of the job.
        """
        path = self._attempts(key)
        return record(Attempts, read_json(path)) if path.is_file() else Attempts()

    def note_kill(self, key: str) -> int:
        """Count a death of the worker that had the job in hand.

        Args:
            key: of the job, which is claimed.

        Returns:
            Such deaths so far.
        """
        before = self.attempts(key)
        self._note(key, Attempts(before.kills + 1, before.interruptions))
        return before.kills + 1

    def write_description(self, key: str, description: Description) -> None:
        """Settle a job with its result.

        Args:
            key: of the job.
            description: of its video.
        """
        description.write_json(self.described(key))
        self._attempts(key).unlink(missing_ok=True)

    def write_cause(self, cause: Cause) -> None:
        """Settle a job without a result.

        Args:
            cause: why.
        """
        key = cause.job.key
        write_text(self.cause_file(key), json.dumps(asdict(cause), indent=1) + "\n")
        self._attempts(key).unlink(missing_ok=True)

    def causes(self, keys: Iterable[str]) -> list[Cause]:
        """The causes of some jobs.

        Args:
            keys: those without a cause are left out.

        Raises:
            ValueError: a file that holds no cause.
        """
        found = []
        for path in (self.cause_file(key) for key in keys):
            if path.is_file():
                try:
                    found.append(record(Cause, read_json(path)))
                except ValueError as error:
                    raise ValueError(f"{path}: {error}; remove it to have its video described again") from None
        return found

    def forget(self, keys: Iterable[str], *, results: bool) -> None:
        """Take jobs up again.

        Args:
            keys: of the jobs.
            results: also those that have a result.
        """
        for key in keys:
            for path in (self.cause_file(key), self._attempts(key), *([self.described(key)] if results else [])):
                path.unlink(missing_ok=True)

    def _claim(self, key: str) -> Path:
        return self.root / "claims" / f"{key}.lock"

    def _attempts(self, key: str) -> Path:
        return self.root / "attempts" / f"{key}.json"

    def _note(self, key: str, attempts: Attempts) -> None:
        write_text(self._attempts(key), json.dumps(asdict(attempts)) + "\n")


def open_store(root: Path, settings: dict[str, object], *, other_allowed: bool = False) -> Store:
    """Make the folder, or check that it holds results of the same settings.

    Args:
        root: of the store.
        settings: what results depend on; JSON can hold them.
        other_allowed: take these settings in place of those that are there.

    Returns:
        The store.

    Raises:
        ValueError: results of other settings, or a run.json that cannot be read.
        OSError: it cannot be made.
    """
    check_folder(root, "choose another folder with --out")
    path = root / RUN_FILE
    wanted = json.loads(json.dumps(settings))
    if path.is_file() and not other_allowed:
        there = read_json(path)
        if there != wanted:
            names = sorted(wanted) if isinstance(there, dict) else []
            other = [
                f"{name} {there.get(name)!r} (now {wanted[name]!r})"
                for name in names
                if there.get(name) != wanted[name]
            ]
            told = ", ".join(other) or "settings of another kind"
            raise ValueError(f"{root} holds a run with {told}; choose another folder or pass --overwrite")
    (root / "claims").mkdir(parents=True, exist_ok=True)
    if not path.is_file() or read_json(path) != wanted:
        write_text(path, json.dumps(wanted, indent=1) + "\n")
    return Store(root)


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
