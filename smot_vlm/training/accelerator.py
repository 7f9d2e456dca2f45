"""Opens Accelerate with the configured precision, gradient accumulation and experiment logger."""

from pathlib import Path

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.utils import GradientAccumulationPlugin

from smot_vlm.config import TrainingConfig


def open_accelerator(settings: TrainingConfig, folder: Path) -> Accelerator:
    """Create the accelerator; `accelerate launch` decides on processes and sharding.

    Args:
        settings: `precision`, `accumulate` and `logger` are read.
        folder: Of the run; its name is that of the experiment.

    Returns:
        The accelerator, its logger started.
    """
    precision = settings.precision
    if precision == "auto":
        precision = "bf16" if _has_native_bf16() else "float32"
    accelerator = Accelerator(
        mixed_precision="no" if precision == "float32" else precision,
        gradient_accumulation_plugin=GradientAccumulationPlugin(
            num_steps=settings.accumulate, sync_with_dataloader=False
        ),
        log_with=None if settings.logger == "none" else settings.logger,
        project_dir=folder,
        # A clip without people leaves heads without gradients, on one process and not on another.
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )
    if settings.logger != "none":
        accelerator.init_trackers(folder.name)
    return accelerator


def _has_native_bf16() -> bool:
    """Whether the hardware has native bf16 matmul; other CPUs emulate it, many times slower than float32."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)())
