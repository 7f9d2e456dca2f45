"""Train a model: accelerate launch scripts/train.py --config configs/demo.yaml key.subkey=value ...

Writes RUN/log.jsonl, RUN/checkpoints/ and, at the end, RUN/model, which `Tracker.from_pretrained` reads.
"""

import argparse
import os
from pathlib import Path

# Before torch is imported: idle OpenMP threads leave their cores to the workers that draw the next clips.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from accelerate import Accelerator

from smot_vlm.cli.ending import run_to_end
from smot_vlm.config import load_config
from smot_vlm.training.export import export
from smot_vlm.training.loop import Run, Trainer
from smot_vlm.training.progress import TrainingProgress
from smot_vlm.training.run_settings import check_settings


def main() -> None:
    """Parse the arguments and train or export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="folder of the run (default: runs/NAME)")
    parser.add_argument(
        "--resume",
        choices=("auto", "never", "force", "hub"),
        default="auto",
        help="continue from the newest checkpoint; force: even with other settings than the run began with; hub: from "
        "training.hub where there is no checkpoint here",
    )
    parser.add_argument(
        "--no-check", action="store_true", help="do not try every part on one clip before the first step"
    )
    parser.add_argument(
        "--weights", type=Path, metavar="SOURCE", help="start with the weights of a checkpoint or of a model's folder"
    )
    parser.add_argument(
        "--partly",
        action="store_true",
        help="of --weights, load only weights the model has with the same shape, of the detector all or none",
    )
    parser.add_argument(
        "--export", type=Path, metavar="CHECKPOINT", help="export the model of a checkpoint and do not train"
    )
    parser.add_argument("overrides", nargs="*", metavar="key.subkey=value")
    # Intermixed, so that overrides may stand before, between and after the options.
    arguments = parser.parse_intermixed_args()
    config = load_config(arguments.config, arguments.overrides)
    folder = arguments.out or Path("runs") / config.name
    if arguments.export is not None:
        if arguments.resume != "force":
            check_settings(config, arguments.export.parent.parent)
        export(config, arguments.export, folder / "model", device=Accelerator().device, overwrite=True)
        return
    with TrainingProgress(config.training.steps) as progress:
        run = Run(
            folder,
            resume=arguments.resume != "never",
            force=arguments.resume == "force",
            start=arguments.weights,
            partly=arguments.partly,
            fetch=arguments.resume == "hub",
        )
        trainer = Trainer(config, run, on_step=progress.step, on_validation=progress.validation)
        if not arguments.no_check:
            trainer.check()
        outcome = trainer.train()
    if not outcome.stopped and trainer.accelerator.is_main_process:
        trainer.export(folder / "model")


if __name__ == "__main__":
    run_to_end(main)
