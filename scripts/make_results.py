"""The figures of README.md and of the demo's card, measured again by the commands that README.md lists under its results.

    make results GIVEN="--given MOT15=FOLDER"
    python scripts/make_results.py --given MOT15=FOLDER --given FLICKR30K_ENTITIES=FOLDER [--only 2]

A command whose data are not at hand waits until their folder is given. What a commit has done is not done again: a stopped run
goes on where it stopped. Writes smot_vlm/assets/results.json (machine, commit, seeds, 95 % intervals) and results.md beside the
work, in build/results; lines of commands that were not run stay as they are. The tests compare the documents with the file.
--quick tries all of it on a few videos, in build/results/quick, and leaves the file of results alone.
"""

import argparse
import json
import os
import re
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from smot_vlm.bench.machine import measure_machine
from smot_vlm.cli.console import output, print_warning
from smot_vlm.cli.ending import run_to_end
from smot_vlm.evaluation.storage import read_evaluations
from smot_vlm.formats.documents import read_json
from smot_vlm.system.files import write_text

REPO = Path(__file__).resolve().parent.parent
RESULTS = REPO / "smot_vlm/assets/results.json"
WORK = REPO / "build/results"
README, DEMO_CARD = "README.md", "smot_vlm/assets/models/demo/README.md"
RESAMPLES, SEED = 1000, 0
# What --quick does with less: words of a command, and those in their place.
QUICK = {"--videos 100": "--videos 2", "--from flickr30k-entities": "--from flickr30k-entities --frames 2"}
EVALUATION, BENCH = "evaluation.json", "bench.json"


@dataclass(frozen=True)
class Number:
    """A figure, with the ends of its 95 % interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


# The folder of a command's work -> a figure.
Source = Callable[[Path], Number]


def column(key: str, sequence: str | None = None, scale: float = 1.0) -> Source:
    """A cell of the evaluation; `sequence` is the last part of a name."""

    def read(folder: Path) -> Number:
        (evaluation,) = read_evaluations(folder / EVALUATION)
        names = [row.name for row in evaluation.sequences if row.name.split("/")[-1] == sequence]
        cell = evaluation.cell(key, names[0] if sequence else None)
        if cell.value is None:
            raise ValueError(f"{folder / EVALUATION} has no value of {key}: {cell.note}")
        return Number(*(None if end is None else scale * end for end in (cell.value, cell.low, cell.high)))

    return read


def note(start: str) -> Source:
    """The number at the end of a note of the evaluation."""

    def read(folder: Path) -> Number:
        (evaluation,) = read_evaluations(folder / EVALUATION)
        (line,) = (line for line in evaluation.notes if line.startswith(start))
        return Number(float(line.split()[-1]))

    return read


def captions_a_second(decoder: str, way: str, batch: int) -> Source:
    """Of `bench decoder`."""

    def read(folder: Path) -> Number:
        timings = read_json(folder / BENCH)["decoder"]["timings"]
        wanted = (decoder, way, batch)
        (one,) = (entry for entry in timings if (entry["decoder"], entry["way"], entry["batch"]) == wanted)
        return Number(one["captions_a_second"])

    return read


@dataclass(frozen=True)
class Line:
    """A line of a table: its cells, with the names of figures where those stand."""

    document: str
    command: int
    cells: tuple[str, ...]
    numbers: Mapping[str, Source] = field(default_factory=dict)

    def write(self, numbers: Mapping[str, Number]) -> str:
        """As it stands in the document."""
        values = {name: number.value for name, number in numbers.items()}
        return "|" + "|".join(f" {cell.format(**values)} " if cell else " " for cell in self.cells) + "|"


_FACTS, _VIDEO = "instance facts/recall", "video facts/recall"
_CHANCE = {
    "chance": note("instance facts: true captions given to the wrong tracks"),
    "others": note("instance facts: this run's captions given to the wrong tracks"),
}
LINES = (
    Line(
        *(README, 1),
        ("100 synthetic videos, unseen seeds, 2 frames a second", "HOTA", "{hota:.1f}", "1"),
        {"hota": column("tracking/HOTA", scale=100)},
    ),
    Line(
        *(README, 1),
        (
            "",
            "fact recall of instance captions (chance {chance:.2f}; captions of other people {others:.2f})",
            "{recall:.2f}",
            "1",
        ),
        {"recall": column(_FACTS), **_CHANCE},
    ),
    Line(
        *(README, 1),
        ("", "verb micro-F1 over all ordered pairs", "{f1:.2f}", "1"),
        {"f1": column("interactions/F1")},
    ),
    Line(
        *(README, 1),
        ("", "fact recall of video captions (their place: {place:.2f})", "{recall:.2f}", "1"),
        {"recall": column(_VIDEO), "place": column("video facts/scene recall")},
    ),
    Line(
        *(README, 2),
        ("two real clips (MOT15), 25 frames a second", "HOTA", "{campus:.1f} / {stadtmitte:.1f}", "2"),
        {
            "campus": column("tracking/HOTA", "TUD-Campus", 100),
            "stadtmitte": column("tracking/HOTA", "TUD-Stadtmitte", 100),
        },
    ),
    Line(
        *(README, 3),
        (
            "395 held-back photographs, filmed; true boxes",
            "fact recall (captions of other people {others:.2f}), precision of what is judged",
            "{recall:.2f}, {precision:.2f}",
            "3",
        ),
        {
            "recall": column("people facts/recall"),
            "precision": column("people facts/precision"),
            "others": note("people facts: this run's captions given to the wrong people"),
        },
    ),
    Line(
        *(README, 3),
        ("", "kind / colours right when told", "{kind:.2f} / {colour:.2f}", "3"),
        {"kind": column("people facts/kind precision"), "colour": column("people facts/colour precision")},
    ),
    Line(
        *(README, 4),
        (
            "one thread of a server's CPU",
            "captions a second in a batch of 8, in 8 bits (in float32 {float32:.1f}; untrained weights)",
            "{captions:.1f}",
            "4",
        ),
        {
            "captions": captions_a_second("lora-lm", "8 bits", 8),
            "float32": captions_a_second("lora-lm", "default", 8),
        },
    ),
    Line(*(DEMO_CARD, 1), ("HOTA, 100 unseen videos (strict)", "{hota:.3f}"), {"hota": column("tracking/HOTA")}),
    Line(
        *(DEMO_CARD, 1),
        ("fact recall of instance captions (strict; chance {chance:.3f})", "{recall:.3f}"),
        {"recall": column(_FACTS), "chance": _CHANCE["chance"]},
    ),
    Line(
        *(DEMO_CARD, 1),
        ("fact recall of video captions (strict; chance {chance:.3f})", "{recall:.3f}"),
        {"recall": column(_VIDEO), "chance": note("video facts: true captions given to the wrong videos")},
    ),
    Line(
        *(DEMO_CARD, 1),
        ("verb micro-F1 over all ordered pairs (strict)", "{f1:.3f}"),
        {"f1": column("interactions/F1")},
    ),
)


def listed_commands(readme: str) -> dict[int, list[str]]:
    """Number -> the commands that README.md lists under its results."""
    section = readme.split("\n## Results\n")[1].split("\n## ")[0]
    found: dict[int, list[str]] = {}
    for command, number in re.findall(r"^(smot-vlm .+?)\s+# (\d+)$", section, flags=re.MULTILINE):
        found.setdefault(int(number), []).append(command)
    return found


def result_lines(readme: str) -> list[str]:
    """The lines of README.md's table of results."""
    section = readme.split("\n## Results\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| ")][1:]


def words_of(command: str, given: Mapping[str, str]) -> list[str]:
    """The words behind `smot-vlm`, with the user's folder, and where to write the figures.

    Raises:
        LookupError: the folder is not given.
    """
    words = shlex.split(command)[1:]
    if words[:2] == ["data", "convert"]:
        if words[2] not in given:
            raise LookupError(words[2])
        words[2] = str(Path(given[words[2]]).resolve())
    if words[0] == "evaluate":
        words += ["--bootstrap", str(RESAMPLES), "--seed", str(SEED), "--json", EVALUATION]
    elif words[0] == "bench":
        words += ["--json", BENCH]
    # A run of predictions that was stopped goes on; everything else is made anew.
    return words if words[0] == "predict" else [*words, "--overwrite"]


def run_commands(commands: Sequence[str], given: Mapping[str, str], folder: Path) -> list[dict[str, Any]]:
    """Run what is not done yet; gives the seconds of each command.

    Raises:
        LookupError: a folder is not given.
        ValueError: a command failed.
    """
    every = [words_of(command, given) for command in commands]
    folder.mkdir(parents=True, exist_ok=True)
    marks = folder / "done.json"
    done: list[dict[str, Any]] = read_json(marks) if marks.is_file() else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPO), os.environ.get("PYTHONPATH", "")])}
    for command, words in list(zip(commands, every, strict=True))[len(done) :]:
        output.print(command)
        start, cpu = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        call = [sys.executable, "-m", "smot_vlm.cli.main", *words]
        code = subprocess.run(call, cwd=folder, env=environment, check=False).returncode
        if code:
            raise ValueError(f"{command} ended with code {code}; run this again when it is mended")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime
        done.append({"command": command, "seconds": time.perf_counter() - start, "cpu_seconds": used})
        write_text(marks, json.dumps(done, indent=1) + "\n")
    return done


def measured(number: int, folder: Path, about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines of a command's figures."""
    found = []
    for line in (line for line in LINES if line.command == number):
        numbers = {name: source(folder) for name, source in line.numbers.items()}
        found.append(
            {
                "document": line.document,
                "line": line.write(numbers),
                "numbers": {name: asdict(entry) for name, entry in numbers.items()},
                **about,
            }
        )
    return found


def report(lines: Sequence[Mapping[str, Any]]) -> str:
    """results.md: every line with its intervals."""
    parts = ["| document | line | 95 % intervals | commit |", "|---|---|---|---|"]
    for line in lines:
        ends = [(name, entry["low"], entry["high"]) for name, entry in line["numbers"].items()]
        told = "; ".join(f"{name} {low:.3g} to {high:.3g}" for name, low, high in ends if low is not None)
        parts.append(f"| {line['document']} | `{line['line']}` | {told or 'none'} | {line['commit'][:10]} |")
    return "\n".join(parts) + "\n"


def commit_of(allow_changes: bool) -> str:
    """The commit that is checked out.

    Raises:
        ValueError: what is measured differs from it.
    """

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=REPO, check=True, capture_output=True, text=True).stdout.strip()

    changed = git("status", "--porcelain", "--", "smot_vlm", "configs", "prompts", ":!smot_vlm/assets/results.json")
    if changed and not allow_changes:
        raise ValueError(f"{changed.splitlines()[0].split()[-1]} is not committed; commit it, or pass --changed")
    return git("rev-parse", "HEAD") + ("-changed" if changed else "")


def shortened(command: str) -> str:
    """With less to do, for a trial of everything."""
    for words, fewer in QUICK.items():
        command = command.replace(words, fewer)
    return command


def make(given: Mapping[str, str], only: Sequence[int], *, allow_changes: bool, quick: bool) -> None:
    """Measure what can be measured, and write both files."""
    commit, commands = commit_of(allow_changes), listed_commands((REPO / README).read_text(encoding="utf-8"))
    results, work = (WORK / "quick/results.json", WORK / "quick") if quick else (RESULTS, WORK)
    if quick:
        commands = {number: [shortened(command) for command in listed] for number, listed in commands.items()}
    kept: list[dict[str, Any]] = read_json(results)["lines"] if results.is_file() else []
    machine = asdict(measure_machine("cpu"))
    for number in (number for number in commands if not only or number in only):
        folder = work / commit[:10] / str(number)
        try:
            done = run_commands(commands[number], given, folder)
        except LookupError as error:
            print_warning(f"command {number} waits for --given {error.args[0]}=FOLDER")
            continue
        about = {"number": number, "commit": commit, "commands": done, "machine": machine}
        about |= {"resamples": RESAMPLES, "seed": SEED}
        kept = [line for line in kept if line["number"] != number] + measured(number, folder, about)
        kept.sort(key=lambda line: (line["document"], line["number"]))
        write_text(results, json.dumps({"lines": kept}, indent=1) + "\n")
        write_text(work / "results.md", report(kept))
    for line in report(kept).splitlines():
        output.print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--given", action="append", default=[], metavar="NAME=FOLDER", help="data of a command")
    parser.add_argument("--only", action="append", type=int, default=[], help="this number, and that")
    parser.add_argument("--quick", action="store_true", help="a trial on a few videos")
    parser.add_argument("--changed", action="store_true", help="measure files that are not committed")
    arguments = parser.parse_args()
    pairs = [pair.partition("=") for pair in arguments.given]
    for name, _, folder in pairs:
        if not Path(folder).is_dir() or not folder:
            parser.error(f"--given {name}: {folder!r} is no folder; write NAME=FOLDER")
    given = {name: folder for name, _, folder in pairs}
    run_to_end(lambda: make(given, arguments.only, allow_changes=arguments.changed, quick=arguments.quick))


if __name__ == "__main__":
    main()
