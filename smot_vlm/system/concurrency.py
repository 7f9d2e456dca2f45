"""Waiting for several things at once, a bounded number of them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def concurrently(tasks: Sequence[Callable[[], Result]], limit: int) -> list[Result]:
    """Run tasks that mostly wait, in threads.

    Args:
        tasks: started in this order.
        limit: most of them at a time.

    Returns:
        What they give, in the order of the tasks.

    Raises:
        Exception: of the first task that raises one; tasks that had not started are left out.
    """
    executor = ThreadPoolExecutor(max_workers=max(1, min(limit, len(tasks))))
    futures = [executor.submit(task) for task in tasks]
    try:
        return [future.result() for future in futures]
    finally:
        # After Ctrl-C nobody waits for answers that are still on their way.
        executor.shutdown(wait=False, cancel_futures=True)
