"""Waiting for several things at once, a bounded number of them."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


def concurrently(tasks: Sequence[Callable[[], Result]], limit: int) -> list[Result]:
    """Run tasks that mostly wait, in threads that do not keep the program alive: after Ctrl-C nobody waits for them.

    Args:
        tasks: started in this order.
        limit: most of them at a time.

    Returns:
        What they give, in the order of the tasks.

    Raises:
        BaseException: of the first task that raises one; tasks that had not started are left out.
    """
    futures: list[Future[Result]] = [Future() for _ in tasks]
    waiting, lock = iter(zip(tasks, futures, strict=True)), threading.Lock()

    def work() -> None:
        while True:
            with lock:
                task, future = next(waiting, (None, None))
            if task is None or future is None:
                return
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(task())
            except BaseException as error:
                future.set_exception(error)

    for _ in range(min(limit, len(tasks))):
        threading.Thread(target=work, daemon=True).start()
    try:
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()
