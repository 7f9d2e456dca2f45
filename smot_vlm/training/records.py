"""What a training tells of each step, and the file that keeps it."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from smot_vlm.system.files import write_text


@dataclass(frozen=True)
class StepRecord:
    """One optimiser step. step: counted from 1. losses: mean losses by name, only those that were trained; captions in
    nats a token. tokens: target tokens of captions. rate: share of the highest learning rates. norms: of the gradients
    before clipping. seconds: wall time, and `parts` of it.
    """

    step: int
    losses: dict[str, float]
    tokens: int
    rate: float
    norms: dict[str, float]
    seconds: float
    parts: dict[str, float]

    @classmethod
    def of(
        cls,
        step: int,
        sums: Mapping[str, float],
        counts: Mapping[str, float],
        rate: float,
        norms: dict[str, float],
        seconds: float,
        parts: dict[str, float],
    ) -> "StepRecord":
        """From sums over all processes and micro-batches.

        Args:
            step: counted from 1.
            sums: of the losses that count now.
            counts: targets of each loss.
            rate: share of the highest learning rates.
            norms: of the gradients before clipping.
            seconds: wall time.
            parts: seconds by part.

        Returns:
            The record, with mean losses.
        """
        losses = {name: total / max(counts[name], 1.0) for name, total in sums.items()}
        tokens = int(sum(counts[name] for name in ("instance", "video") if name in sums))
        return cls(step, losses, tokens, rate, norms, seconds, parts)

    def flat(self) -> dict[str, float]:
        """Every number by name, for trackers of experiments."""
        return {
            **{f"loss/{name}": value for name, value in self.losses.items()},
            **{f"norm/{name}": value for name, value in self.norms.items()},
            **{f"seconds/{name}": value for name, value in self.parts.items()},
            "tokens_per_second": self.tokens / self.seconds,
            "rate": self.rate,
        }


class StepLog:
    """log.jsonl: a line for every few steps, losses averaged since the last line, and one for each validation.

    start: lines of later steps are dropped, since a training that goes on from there writes them again.
    """

    def __init__(self, path: Path, start: int) -> None:
        self._path = path
        self._waiting: list[StepRecord] = []
        kept = [line for line in _lines(path) if json.loads(line)["step"] <= start]
        write_text(path, "".join(line + "\n" for line in kept))

    def add(self, record: StepRecord, write: bool) -> None:
        """Take in a step; write a line with the means since the last one if `write`."""
        self._waiting.append(record)
        if not write:
            return
        records, self._waiting = self._waiting, []
        self._append(
            {
                "step": record.step,
                "losses": _means([entry.losses for entry in records]),
                "norms": _means([entry.norms for entry in records]),
                "parts": _means([entry.parts for entry in records]),
                "seconds": round(sum(entry.seconds for entry in records) / len(records), 3),
                "tokens": sum(entry.tokens for entry in records),
                "rate": round(record.rate, 5),
            }
        )

    def validation(self, step: int, scores: dict[str, float]) -> None:
        """Write the scores at this step."""
        known = {name: round(value, 4) for name, value in scores.items() if math.isfinite(value)}
        self._append({"step": step, "validation": known})

    def _append(self, content: dict) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(content) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for row in rows for name in row)
    values = {name: [row[name] for row in rows if name in row] for name in names}
    return {name: round(sum(found) / len(found), 6) for name, found in values.items()}


def _lines(path: Path) -> list[str]:
    """Whole lines of the log; one that a kill cut short is left out."""
    if not path.is_file():
        return []
    return [
        line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("{") and line.endswith("}")
    ]
