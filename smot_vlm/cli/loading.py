"""Making a Tracker for a command: its wait is shown, the chatter of libraries is not."""

import logging
import warnings
from typing import TYPE_CHECKING

from smot_vlm.cli.console import messages

if TYPE_CHECKING:
    from smot_vlm.tracker import Tracker


def load_tracker(model: str, *, detector: str, associator: str | None, device: str) -> "Tracker":
    """`Tracker.from_pretrained` behind a spinner."""
    with messages.status("loading the model"):
        silence_libraries()
        from smot_vlm.tracker import Tracker

        return Tracker.from_pretrained(model, detector=detector, associator=associator, device=device)


def silence_libraries() -> None:
    """No progress bars and no warnings of what other libraries lack or will change."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning)
    # It tells of kernels that it did not find, whether or not anything is quantised.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
