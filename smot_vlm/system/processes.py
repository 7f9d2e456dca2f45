"""Distributed processes that share a list of work items.

They are started by `accelerate launch` or `torchrun`; a single process imports neither torch nor accelerate for this.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Processes:
    """The position of this process among those started together.

    Attributes:
        index: Rank of this process, from 0.
        count: Number of processes.
        device: Device assigned to this process; empty if it may choose.
    """

    index: int = 0
    count: int = 1
    device: str = ""

    @property
    def is_first(self) -> bool:
        """Whether this is the main process."""
        return self.index == 0

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """Select this process's items: every `count`-th one.

        Args:
            items: All items, the same in every process.

        Returns:
            This process's items; the shares of all processes partition `items`.
        """
        return items[self.index :: self.count]

    def wait(self) -> None:
        """Block until every process has reached this point."""
        if self.count > 1:
            _state().wait_for_everyone()

    def gather(self, items: list[Item]) -> list[Item]:
        """Concatenate the items of all processes, in order of rank.

        Args:
            items: This process's items.

        Returns:
            The items of all processes, in every process.
        """
        if self.count == 1:
            return items
        from accelerate.utils import gather_object

        gathered: list[Item] = gather_object(items)
        return gathered


ALONE = Processes()


def current_processes() -> Processes:
    """Read from the environment which processes were started together with this one."""
    if int(os.environ.get("WORLD_SIZE", "1")) <= 1:
        return ALONE
    state = _state()
    return Processes(state.process_index, state.num_processes, str(state.device))


def _state() -> Any:
    """Accelerate's state, on the CPU if there is no GPU or ACCELERATE_USE_CPU is set."""
    import torch
    from accelerate import PartialState

    use_cpu = os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes")
    return PartialState(cpu=use_cpu or not torch.cuda.is_available())
