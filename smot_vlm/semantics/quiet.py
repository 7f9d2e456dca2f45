"""What other libraries say among themselves while a language model is loaded, kept from those who use this one.

Each message is named and nothing else is touched: filters, levels and bars of other libraries are as before behind the block.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars
from transformers.utils import logging as transformers_logging

# On import bitsandbytes looks for a faster kernel of quantised weights, whether or not anything is quantised.
_KERNELS_LOGGER = "bitsandbytes.backends.cpu.ops"
_NO_KERNEL = "Failed to load CPU gemm_4bit_forward"
# PEFT asks by the old name.
_OLD_NAME = "`is_gradient_checkpointing` is deprecated"


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Inside the block there is no bar for weights, no search for a kernel and no old name of transformers is told.

    Yields:
        Nothing.
    """
    logger = logging.getLogger(_KERNELS_LOGGER)
    hub_has_none = are_progress_bars_disabled()
    has_bar = transformers_logging.is_progress_bar_enabled()
    if has_bar:
        transformers_logging.disable_progress_bar()
    logger.addFilter(_is_no_missing_kernel)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", _OLD_NAME, FutureWarning)
            yield
    finally:
        logger.removeFilter(_is_no_missing_kernel)
        if has_bar:
            transformers_logging.enable_progress_bar()
        if has_bar and hub_has_none:  # the line above enables the hub's bars, too
            disable_progress_bars()


def _is_no_missing_kernel(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_NO_KERNEL)
