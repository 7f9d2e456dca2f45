"""Opens Accelerate with the configured precision, gradient accumulation and experiment logger."""

import importlib.util
import logging
import os
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs, InitProcessGroupKwargs
from accelerate.utils import GradientAccumulationPlugin
from torch import nn

from smot_vlm.config import Config, TrainingConfig, config_to_dict
from smot_vlm.system.precision import PRECISIONS, TF32, find_precision, set_tf32
from smot_vlm.training.run_settings import flat_settings

logger = logging.getLogger(__name__)

# The others wait while the main process writes a checkpoint or exports; ten minutes, torch's limit, are too few on a slow disk.
WAIT = timedelta(hours=2)
# What `accelerate launch` sets in the environment -> its name.
SHARDING = {
    "ACCELERATE_USE_FSDP": "FSDP",
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
    "ACCELERATE_USE_PARALLELISM_CONFIG": "a parallelism config",
}
LAUNCHED_PRECISION, LAUNCHED_STEPS = "ACCELERATE_MIXED_PRECISION", "ACCELERATE_GRADIENT_ACCUMULATION_STEPS"
LAUNCHED_COMPILER = "ACCELERATE_DYNAMO_BACKEND"


def open_accelerator(config: Config, folder: Path) -> Accelerator:
    """Create the accelerator; `accelerate launch` or torchrun decides on processes.

    Args:
        config: `training.precision`, `accumulate` and `logger` are read; experiment loggers get all of it.
        folder: Of the run; its name is that of the experiment, and of the project where `training.project` names none.

    Returns:
        The accelerator, its logger started.

    Raises:
        ValueError: The launch asks for sharding, or for a precision that there is not.
    """
    check_launch()
    settings = config.training
    precision = chosen_precision(settings.precision)
    _warn_of_launch(settings)
    accelerator = Accelerator(
        mixed_precision="no" if PRECISIONS[precision] is None else precision,
        dynamo_backend="no",
        gradient_accumulation_plugin=GradientAccumulationPlugin(
            num_steps=settings.accumulate, sync_with_dataloader=False
        ),
        log_with=None if settings.logger == "none" else settings.logger,
        project_dir=folder,
        kwargs_handlers=[
            # A clip without people leaves heads without gradients, on one process and not on another.
            DistributedDataParallelKwargs(find_unused_parameters=True),
            InitProcessGroupKwargs(timeout=WAIT),
        ],
    )
    find_precision(precision, accelerator.device, "training.precision")
    set_tf32(precision == TF32)
    if settings.logger != "none":
        if importlib.util.find_spec(settings.logger) is None:
            logger.warning(
                "training.logger is %s, which is not installed, so that log.jsonl is all there is; pip install "
                "'smot-vlm[scale]', or give training.logger=none",
                settings.logger,
            )
        accelerator.init_trackers(
            settings.project or folder.name,
            config=_plain_settings(config),
            init_kwargs={"wandb": {"name": folder.name, "dir": str(folder)}},
        )
    return accelerator


def share_batch_norms(model: nn.Module, accelerator: Accelerator) -> None:
    """Let batch norms count the frames of all processes.

    Args:
        model: Changed in place; its parameters stay the same.
        accelerator: One process needs no sharing.

    Raises:
        ValueError: Several processes without GPUs, for which torch has no such norm.
    """
    if accelerator.num_processes == 1:
        return
    if accelerator.device.type == "cpu":
        raise ValueError("training.sync_batch_norm is true, and several processes on CPUs cannot; give false")
    nn.SyncBatchNorm.convert_sync_batchnorm(model)


def check_launch() -> None:
    """Refuse sharding, whose checkpoints would hold a part of the weights.

    Raises:
        ValueError: The launch asks for it.
    """
    asked = [name for variable, name in SHARDING.items() if os.environ.get(variable, "").lower() in ("true", "1")]
    if asked:
        raise ValueError(
            f"the launch asks for {asked[0]}, and training has no sharding: every process holds the whole model; launch "
            "without it, and for a language model that does not fit give decoder.lora_lm.quantization=4bit"
        )


def chosen_precision(configured: str) -> str:
    """The precision of a training; what `accelerate launch --mixed_precision` says counts where the configuration is "auto".

    Args:
        configured: `training.precision`.

    Returns:
        "float32", "tf32", "bf16" or "fp16".

    Raises:
        ValueError: The launch asks for one that there is not.
    """
    launched = os.environ.get(LAUNCHED_PRECISION, "no").lower()
    if launched == "no":
        return ("bf16" if _has_native_bf16() else "float32") if configured == "auto" else configured
    if launched not in ("bf16", "fp16"):
        raise ValueError(f"the launch asks for --mixed_precision {launched}; it takes no, bf16 or fp16")
    if configured not in ("auto", launched):
        logger.warning(
            "the launch asks for --mixed_precision %s, and training.precision is %s, which counts; give "
            "training.precision=auto to go by the launch",
            launched,
            configured,
        )
        return configured
    return launched


def _warn_of_launch(settings: TrainingConfig) -> None:
    launched = os.environ.get(LAUNCHED_STEPS, "1")
    if launched not in ("1", str(settings.accumulate)):
        logger.warning(
            "the launch asks for --gradient_accumulation_steps %s, and training.accumulate is %d, which counts",
            launched,
            settings.accumulate,
        )
    compiler = os.environ.get(LAUNCHED_COMPILER, "no").lower()
    if compiler != "no":
        logger.warning(
            "the launch asks for --dynamo_backend %s, and training.compile, which counts, is %s: it compiles what is worth it",
            compiler,
            str(settings.compile).lower(),
        )


def _plain_settings(config: Config) -> dict[str, int | float | str | bool]:
    """Every setting by dotted key, as what every logger takes."""
    settings = flat_settings(config_to_dict(config))
    return {key: value if isinstance(value, int | float | str) else str(value) for key, value in settings.items()}


def _has_native_bf16() -> bool:
    """Whether the hardware has native bf16 matmul; other CPUs emulate it, many times slower than float32."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)())
