"""The paper's Tables 2 to 5 and Figure 4, our figure next to the printed one, and the command that makes each row.

Trajectories alone (Table 2, Figure 4, HOTA of Table 5) need no trained model and run no language model:

    python scripts/reproduce_paper.py --table 2 --figure 4 --data BenSMOT --detector onnx:yolox.onnx --out reproduction

All of it, with a model (configs/bensmot_smoter.yaml is the paper's) and the MOT files of other trackers:

    python scripts/reproduce_paper.py --data BenSMOT --model runs/smoter/model --mot MOTR=motr --out reproduction

Writes OUT/table-2.md ... and OUT/figure-4.md, and what newer systems print (OUT/newer.md), anew from what OUT holds. A stopped run continues where it stopped, and
several processes share the sequences: accelerate launch --num_processes 4 scripts/reproduce_paper.py ...
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from smot_vlm.cli.console import messages, output, print_warning, progress
from smot_vlm.cli.ending import run_to_end
from smot_vlm.cli.loading import silence_libraries
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.evaluation.sequence_reader import truth_of
from smot_vlm.reproduction.execute import Workshop, evaluate_run, figures, predict_run
from smot_vlm.reproduction.newer import newer_table
from smot_vlm.reproduction.paper_tables import Made, official_rich, report
from smot_vlm.reproduction.plan import FUSIONS, SHEETS, Given, Row, Run, Sheet
from smot_vlm.system.files import write_text
from smot_vlm.system.processes import current_processes


def chosen_sheets(tables: Sequence[int], numbers: Sequence[int]) -> list[Sheet]:
    """The tables and figures asked for; all of them where none is."""
    wanted = {("table", number) for number in tables} | {("figure", number) for number in numbers}
    return [sheet for sheet in SHEETS if not wanted or (sheet.option, sheet.number) in wanted]


def named_folders(pairs: Iterable[str], option: str, names: Sequence[str] = ()) -> dict[str, str]:
    """NAME=FOLDER each.

    Raises:
        ValueError: not of that form, or a name that is not one of `names`.
    """
    folders = {}
    for pair in pairs:
        name, _, folder = pair.partition("=")
        if not name or not folder or (names and name not in names):
            raise ValueError(
                f"{option} {pair!r}; write NAME=FOLDER" + (f", NAME of {', '.join(names)}" if names else "")
            )
        folders[name] = folder
    return folders


def make_runs(rows: Iterable[Row], shop: Workshop) -> list[str]:
    """Make every run of `rows` once, and evaluate it. Gives what went wrong, one line a run."""
    runs = list(dict.fromkeys(row.run for row in rows if row.run))
    failed: dict[Run, str] = {}
    sequences = len(shop.processes.share(shop.data.names))
    for run in runs:
        try:
            with progress(run.name, sequences, hidden=not shop.processes.is_first) as update:
                predict_run(run, shop, partial(update, advance=1))
        except (ValueError, OSError, ImportError) as error:
            failed[run] = str(error)
    if not shop.processes.is_first:
        return []
    truths = tuple(map(truth_of, shop.data))
    for run in (run for run in runs if run not in failed):
        with messages.status(f"evaluating {run.name}"):
            evaluate_run(run, shop, truths)
    return [f"{run.name}: {reason}" for run, reason in failed.items()]


def write_report(sheet: Sheet, given: Given, out: Path) -> None:
    """Write and show the table from what `out` holds."""
    made = [
        Made(row, {one.protocol: one for one in figures(row.run, out)} if row.run else {}) for row in sheet.rows(given)
    ]
    path = out / f"{sheet.name}.md"
    write_text(path, report(sheet, made, given, str(out)))
    output.print(official_rich(sheet, made))
    output.print(f"  {path}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", nargs="+", type=int, choices=(2, 3, 4, 5), default=[])
    parser.add_argument("--figure", nargs="+", type=int, choices=(4,), default=[])
    parser.add_argument("--rows", nargs="+", metavar="NAME", help="run only these rows; others are shown as they are")
    parser.add_argument("--data", required=True, help="root of BenSMOT, or of any data set in its layout")
    parser.add_argument("--split", default="test")
    parser.add_argument("--model", default="", help="folder of the trained model")
    parser.add_argument("--detector", default="", help="onnx:FILE, yolo:FILE or noisy-truth [default: the model's own]")
    parser.add_argument("--reid", default="", help="ONNX re-identification model for DeepSORT [default: the cache's]")
    parser.add_argument("--mot", nargs="+", default=[], metavar="NAME=FOLDER", help="MOT files of other trackers")
    parser.add_argument(
        "--fusion", nargs="+", default=[], metavar="NAME=FOLDER", help="trained models, as video-mlp=DIR"
    )
    parser.add_argument("--seed", type=int, default=0, help="of noisy-truth")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="auto")
    return parser.parse_args()


def main() -> None:
    asked = parse()
    silence_libraries()
    sheets = chosen_sheets(asked.table, asked.figure)
    fusions = [f"{place}-{fusion}" for place in ("video", "trajectory") for fusion in FUSIONS]
    given = Given(
        asked.data, asked.split, asked.model, asked.detector, asked.reid,
        named_folders(asked.mot, "--mot"), named_folders(asked.fusion, "--fusion", fusions),
    )  # fmt: skip
    given = replace(given, words=any(sheet.has_words for sheet in sheets))
    rows = [row for sheet in sheets for row in sheet.rows(given)]
    names = list(dict.fromkeys(row.name for row in rows))
    if unknown := [name for name in asked.rows or () if name not in names]:
        raise ValueError(f"no row {unknown[0]!r} in what is asked for; rows are {', '.join(names)}")
    shop = Workshop(BenSmot(asked.data, asked.split), asked.out, asked.device, asked.seed, current_processes())
    failed = make_runs([row for row in rows if not asked.rows or row.name in asked.rows], shop)
    if not shop.processes.is_first:
        return
    for sheet in sheets:
        write_report(sheet, given, asked.out)
    write_text(asked.out / "newer.md", newer_table())
    output.print(f"  {asked.out / 'newer.md'}")
    for line in failed:
        print_warning(line)
    if failed:
        raise ValueError(f"{len(failed)} runs failed; run the command again for them")


if __name__ == "__main__":
    run_to_end(main)
