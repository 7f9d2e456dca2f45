"""Semantic multi-object tracking: trajectories, captions and interactions of people in video."""

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smot_vlm.structures import Description
    from smot_vlm.tracker import Tracker

__version__ = "0.1.0"
__all__ = ["Description", "Tracker"]


def _is_no_missing_kernel(record: logging.LogRecord) -> bool:
    """On import bitsandbytes looks for a faster kernel of quantised weights, whether or not anything is quantised."""
    return not str(record.msg).startswith("Failed to load CPU gemm_4bit_forward")


# PEFT imports bitsandbytes, so this stands before any import of PEFT.
logging.getLogger("bitsandbytes.backends.cpu.ops").addFilter(_is_no_missing_kernel)


def __getattr__(name: str) -> Any:
    """Import the public classes when they are first used, so that `import smot_vlm` stays light."""
    if name == "Tracker":
        from smot_vlm.tracker import Tracker

        return Tracker
    if name == "Description":
        from smot_vlm.structures import Description

        return Description
    raise AttributeError(f"module 'smot_vlm' has no attribute {name!r}")
