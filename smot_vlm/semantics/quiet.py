"""What other libraries say among themselves while a language model is loaded, kept from those who use this one.

Each message is named and nothing else is touched: filters, levels and bars of other libraries are as before behind the block.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars
from transformers.utils import logging as transformers_logging

# PEFT asks by the old name.
_OLD_NAME = "`is_gradient_checkpointing` is deprecated"


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Inside the block there is no bar for weights, and no old name of transformers is told.

    Yields:
        Nothing.
    """
    hub_has_none = are_progress_bars_disabled()
    has_bar = transformers_logging.is_progress_bar_enabled()
    if has_bar:
        transformers_logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", _OLD_NAME, FutureWarning)
            yield
    finally:
        if has_bar:
            transformers_logging.enable_progress_bar()
        if has_bar and hub_has_none:  # the line above enables the hub's bars, too
            disable_progress_bars()
