"""One job done and settled: what a worker does, whichever engine it belongs to."""

import os
import time
import traceback
from dataclasses import dataclass
from typing import BinaryIO

from smot_vlm.corpora.describing import Describe
from smot_vlm.corpora.jobs import Job
from smot_vlm.corpora.store import CAUSES, FAILED, INTERRUPTED, MOST_INTERRUPTIONS, Cause, Store
from smot_vlm.system.errors import one_line

_LOG_BYTES = 2**14
# What became of a job. OPEN: it is worth another attempt later. ELSEWHERE: another process has it in hand.
DESCRIBED, KEPT, SETTLED, OPEN, ELSEWHERE = "described", "kept", "settled", "open", "elsewhere"


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        job: the video.
        state: DESCRIBED, KEPT (there was a result or a cause), SETTLED (with a cause), OPEN or ELSEWHERE.
        error: why, of OPEN.
        seconds: that describing took.
    """

    job: Job
    state: str
    error: str = ""
    seconds: float = 0.0


def work(store: Store, describe: Describe, job: Job) -> Outcome:
    """Describe a job and settle it; nothing is raised.

    Args:
        store: where the result goes.
        describe: from the recipe.
        job: to do.

    Returns:
        What became of it.
    """
    try:
        with store.claimed(job.key) as held:
            if not held:
                return Outcome(job, ELSEWHERE)
            if store.is_settled(job.key):
                return Outcome(job, KEPT)
            return _work(store, describe, job)
    except OSError as error:
        # The store itself fails: a full disk, a share that is gone.
        return Outcome(job, OPEN, one_line(error))


def _work(store: Store, describe: Describe, job: Job) -> Outcome:
    if store.attempts(job.key).interruptions >= MOST_INTERRUPTIONS:
        store.write_cause(Cause(job, INTERRUPTED, CAUSES[INTERRUPTED]))
        return Outcome(job, SETTLED)
    begun = time.perf_counter()
    try:
        description = describe(job)
    except Exception as error:
        if _is_passing(error):
            return Outcome(job, OPEN, one_line(error))
        told = "".join(traceback.format_exception(error))[-_LOG_BYTES:]
        store.write_cause(Cause(job, FAILED, one_line(error), told))
        return Outcome(job, SETTLED)
    seconds = time.perf_counter() - begun
    store.write_description(job.key, description)
    return Outcome(job, DESCRIBED, seconds=seconds)


def read_log(log: BinaryIO) -> str:
    """The end of what a worker wrote.

    Args:
        log: its file.

    Returns:
        At most 16 KB.
    """
    size = os.fstat(log.fileno()).st_size
    return os.pread(log.fileno(), _LOG_BYTES, max(size - _LOG_BYTES, 0)).decode(errors="replace")


def _is_passing(error: Exception) -> bool:
    """Whether another attempt may succeed with the same file: the system refused, not the content."""
    return isinstance(error, ConnectionError | TimeoutError | FileNotFoundError) or (
        isinstance(error, OSError) and error.errno is not None
    )
