"""Train the words about real people: python scripts/train_people.py --config configs/people.yaml key.subkey=value ...

Writes RUN/log.jsonl, RUN/last.pt, RUN/best.pt and, at the end, RUN/model, which `Tracker.from_pretrained` reads.
`--weights FILE.pt --steps 0` calibrates and exports the weights of a file without training.
"""

import argparse
import os
from pathlib import Path

# Before torch is imported: idle OpenMP threads leave their cores to the workers that draw the next crops.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from smot_vlm.cli.console import print_plain
from smot_vlm.cli.ending import run_to_end
from smot_vlm.config import load_config
from smot_vlm.training.people.export import export_people
from smot_vlm.training.people.loop import PeopleRun, PeopleTrainer
from smot_vlm.training.records import StepRecord


def main() -> None:
    """Parse the arguments, train and export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="folder of the run (default: runs/NAME)")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="start from these weights, a state_dict")
    parser.add_argument("--steps", type=int, help="of the whole training, as people.steps=N; 0 only exports")
    parser.add_argument("overrides", nargs="*", metavar="key.subkey=value")
    arguments = parser.parse_args()
    steps = [] if arguments.steps is None else [f"people.steps={arguments.steps}"]
    config = load_config(arguments.config, [*arguments.overrides, *steps])
    folder = arguments.out or Path("runs") / config.name

    def show(record: StepRecord) -> None:
        if record.step % config.people.log_every == 0:
            losses = "  ".join(f"{name} {value:.3f}" for name, value in record.losses.items())
            print_plain(f"step {record.step}: {losses}  {record.seconds:.2f} s")

    trainer = PeopleTrainer(
        config.people, PeopleRun(folder, arguments.weights), on_step=show, on_validation=_show_figures
    )
    network = trainer.train()
    if not trainer.stopped:
        _show_figures(
            trainer.progress.step, export_people(network, config, trainer.people, folder / "model", overwrite=True)
        )


def _show_figures(step: int, found: dict[str, float]) -> None:
    print_plain(f"step {step}: " + "  ".join(f"{name} {value:.3f}" for name, value in found.items()))


if __name__ == "__main__":
    run_to_end(main)
