"""The numbers of a service, for Prometheus."""

import threading
from collections import Counter

from smot_vlm.app.jobs import RECEIVING, WAITING, JobBoard
from smot_vlm.system.metrics import Metric


class ServiceMetrics:
    """Counts what is refused, and tells of the jobs.

    Args:
        board: the jobs.
    """

    def __init__(self, board: JobBoard) -> None:
        self._board = board
        self._lock = threading.Lock()
        self._refused: Counter[int] = Counter()

    def refuse(self, status: int) -> None:
        """Count a request that was refused.

        Args:
            status: of HTTP.
        """
        with self._lock:
            self._refused[status] += 1

    def now(self) -> list[Metric]:
        """The numbers of now."""
        counts = self._board.counts()
        with self._lock:
            refused = sorted(self._refused.items())
        queue = counts.by_state[WAITING] + counts.by_state[RECEIVING]
        return [
            *(
                Metric("smot_vlm_jobs", "Jobs that are there, by state.", count, (("state", state),))
                for state, count in counts.by_state.items()
            ),
            Metric("smot_vlm_queue_length", "Jobs that are received or wait.", queue),
            Metric("smot_vlm_queue_limit", "Most jobs that may.", self._board.limits.waiting),
            *(
                Metric("smot_vlm_jobs_ended_total", "Jobs that ended, by how.", count, (("state", state),))
                for state, count in counts.ended.items()
            ),
            Metric("smot_vlm_job_seconds_total", "Seconds that jobs ran.", counts.seconds),
            Metric("smot_vlm_jobs_refused_total", "Jobs refused because too many waited.", counts.refused),
            *(
                Metric(
                    "smot_vlm_requests_refused_total",
                    "Requests that were refused, by status.",
                    count,
                    (("status", str(status)),),
                )
                for status, count in refused
            ),
        ]
