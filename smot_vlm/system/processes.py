"""Several processes that share work on a list: which of them this one is, and how they wait for and tell each other.

Started by `accelerate launch` or `torchrun`; a program that was started alone is one process and loads nothing for this.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Processes:
    """index: of this process, from 0. count: how many there are. device: this one's own, empty where it may choose."""

    index: int = 0
    count: int = 1
    device: str = ""

    @property
    def is_first(self) -> bool:
        """Whether this process speaks for all of them."""
        return self.index == 0

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """This process's part: every `count`-th item. All parts together are `items`, none twice."""
        return items[self.index :: self.count]

    def wait(self) -> None:
        """Go on when all have come here."""
        if self.count > 1:
            _state().wait_for_everyone()

    def gather(self, items: list[Item]) -> list[Item]:
        """The items of all processes, in the order of the processes; each gets all."""
        if self.count == 1:
            return items
        from accelerate.utils import gather_object

        return gather_object(items)


ALONE = Processes()


def current_processes() -> Processes:
    """The processes that were started together with this one."""
    if int(os.environ.get("WORLD_SIZE", "1")) <= 1:
        return ALONE
    state = _state()
    return Processes(state.process_index, state.num_processes, str(state.device))


def _state() -> Any:
    """Accelerate's view; on the CPU where there is no GPU, or where it was told to stay there."""
    import torch
    from accelerate import PartialState

    stay = os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes")
    return PartialState(cpu=stay or not torch.cuda.is_available())
