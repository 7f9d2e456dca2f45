"""Ablations: trainings that differ in one setting, start from the same weights and take the same time.

    python scripts/ablation.py decoders --weights CHECKPOINT --minutes 8
    python scripts/ablation.py features --weights CHECKPOINT --minutes 6 --seeds 0
    python scripts/ablation.py decoders --table

decoders: trains captioning from a checkpoint with trained features; scored by describing unseen videos, everything
predicted. features: trains features from a checkpoint with a trained detector; scored by held-out losses. Every row is a
file in --out, and existing ones are not made again, so rows can be distributed over processes (--rows).
"""

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from smot_vlm.cli.ending import run_to_end
from smot_vlm.config import Config, load_config
from smot_vlm.formats.documents import read_json
from smot_vlm.system.files import write_text
from smot_vlm.training.held_out import held_out_losses
from smot_vlm.training.loop import Run, Trainer
from smot_vlm.training.records import StepRecord
from smot_vlm.training.sequence_sources import VALIDATION_SEED, DrawnWorld
from smot_vlm.training.validation import validate

# The first steps fill caches; the next ones are timed to determine how many steps fit.
WARM_UP_STEPS, TIMED_STEPS = 2, 6
# Validation sequences that no training, calibration or choice of thresholds has used.
FIRST_SEED = VALIDATION_SEED + 20_000


@dataclass(frozen=True)
class Study:
    """Rows to compare.

    Attributes:
        shared: Config overrides of all rows.
        rows: Name of each row -> its overrides.
        columns: Scores to report.
    """

    shared: tuple[str, ...]
    rows: dict[str, tuple[str, ...]]
    columns: tuple[str, ...]


STUDIES = {
    "decoders": Study(
        (
            "training.detector_only_steps=0",
            "training.caption_start_step=0",
            "training.learning_rate=3e-4",
            "training.lora_learning_rate=6e-4",
            "decoder.max_new_tokens=80",
        ),
        {
            "lora-lm": (),
            "lora-lm, two stages (detached features)": ("features.detach=true",),
            "smoter": ("decoder.name=smoter",),
        },
        ("fact_recall", "swapped_recall", "chance_recall", "verb_f1", "hota"),
    ),
    "features": Study(
        ("training.detector_only_steps=0",),
        {
            "joint": (),
            "two stages (detached features)": ("features.detach=true",),
            "without position codes": ("fusion.position_codes=false",),
            "without actor relations": ("fusion.actor_relations=false",),
            "without frame grounding": ("training.weights.frame_grounding=0",),
            "trajectory fusion: attention": ("fusion.trajectory=attention",),
            "trajectory fusion: mlp": ("fusion.trajectory=mlp",),
            "trajectory fusion: addition": ("fusion.trajectory=addition",),
        },
        ("grounding", "swapped grounding", "frame_grounding", "interactions"),
    ),
}


def main() -> None:
    """Parse the arguments, train the missing rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=tuple(STUDIES))
    parser.add_argument("--config", type=Path, default=Path("configs/demo.yaml"))
    parser.add_argument("--weights", type=Path, metavar="CHECKPOINT", help="what all rows start from")
    parser.add_argument("--minutes", type=float, default=8.0, help="training time of each row")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--rows", nargs="+", metavar="ROW", help="only these")
    parser.add_argument("--videos", type=int, default=24, help="each row is scored on")
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--table", action="store_true", help="print existing rows and do not train")
    parser.add_argument("overrides", nargs="*", metavar="key.subkey=value")
    arguments = parser.parse_intermixed_args()
    study, folder = STUDIES[arguments.study], arguments.out / arguments.study
    unknown = [row for row in arguments.rows or () if row not in study.rows]
    if unknown:
        raise ValueError(f"--rows {unknown[0]!r}: no such row; choose from {', '.join(study.rows)}")
    if not arguments.table:
        if arguments.weights is None or not arguments.weights.is_file():
            raise FileNotFoundError(f"--weights {arguments.weights}: give a checkpoint, which all rows start from")
        for seed in arguments.seeds:
            for row in arguments.rows or study.rows:
                path = folder / f"{row.replace(' ', '-')}-{seed}.json"
                if not path.is_file():
                    result = make_row(arguments, study, row, seed)
                    write_text(path, json.dumps(result, indent=2) + "\n")
    print(table(study, [read_json(path) for path in sorted(folder.glob("*.json"))]))


def make_row(arguments: argparse.Namespace, study: Study, row: str, seed: int) -> dict[str, Any]:
    """Train one row for the given time and score it.

    Args:
        arguments: Of the command line.
        study: That the row belongs to.
        row: Its name.
        seed: Of the training.

    Returns:
        Row, seed, steps, minutes and scores.
    """
    settings = (*study.shared, *study.rows[row], f"training.seed={seed}", *arguments.overrides)
    config = load_config(arguments.config, settings)
    quiet = replace(config.training, logger="none", validation_videos=0, calibration_videos=0, domain_sequences=0)
    config = replace(config, training=quiet)
    speed = statistics.median(_train(config, arguments, WARM_UP_STEPS + TIMED_STEPS)[1][WARM_UP_STEPS:])
    steps = max(round(arguments.minutes * 60 / speed), 1)
    started = time.monotonic()
    trainer, _ = _train(config, arguments, steps)
    minutes = (time.monotonic() - started) / 60
    world = DrawnWorld(FIRST_SEED, arguments.videos, split="val", width=quiet.synthetic_width)
    if arguments.study == "decoders":
        scores = validate(trainer.model, config, [world[index] for index in range(len(world))]).flat()
    else:
        scores = held_out_losses(trainer.model, config, world)
    return {"row": row, "seed": seed, "steps": steps, "minutes": minutes, "scores": scores}


def _train(config: Config, arguments: argparse.Namespace, steps: int) -> tuple[Trainer, list[float]]:
    """Train for a number of steps in a temporary folder; returns the trainer and the seconds of each step."""
    caption_start_step = steps if arguments.study == "features" else 0
    settings = replace(config.training, steps=steps, caption_start_step=caption_start_step, checkpoint_every=steps + 1)
    settings = replace(settings, warmup_steps=min(settings.warmup_steps, steps // 5))
    seconds: list[float] = []

    def note(record: StepRecord) -> None:
        seconds.append(record.seconds)

    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), start=arguments.weights, partly=True)
        trainer = Trainer(replace(config, training=settings), run, on_step=note)
        trainer.train()
    return trainer, seconds


def table(study: Study, results: list[dict[str, Any]]) -> str:
    """Format results as a Markdown table.

    Args:
        study: Its rows and columns are shown.
        results: From `make_row`.

    Returns:
        One line per row with the mean of each score over seeds, ± half its range.
    """
    lines = ["| | seeds | steps | minutes | " + " | ".join(column.replace("_", " ") for column in study.columns) + " |"]
    lines.append("| --- |" + " ---: |" * (len(study.columns) + 3))
    for row in study.rows:
        found = [result for result in results if result["row"] == row]
        if not found:
            continue
        cells = [str(len(found)), _mean(found, "steps", 0), _mean(found, "minutes", 1)]
        cells += [_spread([result["scores"][column] for result in found]) for column in study.columns]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _mean(results: list[dict[str, Any]], key: str, digits: int) -> str:
    return f"{statistics.mean(result[key] for result in results):.{digits}f}"


def _spread(values: list[float]) -> str:
    mean = f"{statistics.mean(values):.3f}"
    return mean if len(values) == 1 else f"{mean} ± {(max(values) - min(values)) / 2:.3f}"


if __name__ == "__main__":
    run_to_end(main)
