"""Records of training steps, and the log file they are written to."""

import json
import logging
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from smot_vlm.formats.checked import Range, record
from smot_vlm.formats.documents import parse_json
from smot_vlm.formats.flaws import decode
from smot_vlm.system.files import write_text

log = logging.getLogger(__name__)

# Begins the names of a validation's losses, among its scores.
LOSS = "loss_"


@dataclass(frozen=True)
class StepRecord:
    """One optimiser step.

    Attributes:
        step: Counted from 1.
        losses: Mean of each active loss by name; captions in nats per token.
        tokens: Target tokens of captions.
        rate: Learning rate as a fraction of the peak.
        norms: Gradient norm of each parameter group before clipping.
        seconds: Wall time.
        parts: Seconds by part of the step.
        skipped: Losses or gradients were not finite, so that the step changed nothing; it has no losses and norms.
    """

    step: int
    losses: dict[str, float]
    tokens: int
    rate: float
    norms: dict[str, float]
    seconds: float
    parts: dict[str, float]
    skipped: bool = False

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
        skipped: bool = False,
    ) -> "StepRecord":
        """Build a record from sums over all processes and micro-batches.

        Args:
            step: Counted from 1.
            sums: Sum of each active loss.
            counts: Number of targets of each loss.
            rate: Learning rate as a fraction of the peak.
            norms: Gradient norm of each parameter group before clipping.
            seconds: Wall time.
            parts: Seconds by part of the step.
            skipped: The step changed nothing.

        Returns:
            The record, with mean losses.
        """
        losses = {name: total / max(counts[name], 1.0) for name, total in sums.items()}
        tokens = int(sum(counts[name] for name in ("instance", "video") if name in sums))
        return cls(step, losses, tokens, rate, norms, seconds, parts, skipped)

    def flat(self) -> dict[str, float]:
        """Every number by name, for experiment loggers."""
        return {
            **{f"loss/{name}": value for name, value in self.losses.items()},
            **{f"norm/{name}": value for name, value in self.norms.items()},
            **{f"seconds/{name}": value for name, value in self.parts.items()},
            "tokens_per_second": self.tokens / self.seconds,
            "rate": self.rate,
            "skipped": float(self.skipped),
        }


class StepLog:
    """Writes log.jsonl: a line every few steps with losses averaged since the last line, and a line per validation.

    Args:
        path: The file; existing lines up to `start` are preserved.
        start: Step at which the training resumes; lines of later steps are dropped, as they are written again.
    """

    def __init__(self, path: Path, start: int) -> None:
        self._path = path
        self._waiting: list[StepRecord] = []
        earlier = [entry.line for entry in read_log(path) if entry.step <= start]
        write_text(path, "".join(line + "\n" for line in earlier))

    def add(self, record: StepRecord, write: bool) -> None:
        """Add a step.

        Args:
            record: Of the step.
            write: Write a line with the means over the steps since the last line.
        """
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
                "skipped": sum(entry.skipped for entry in records),
            }
        )

    def validation(self, step: int, scores: dict[str, float]) -> None:
        """Write a line with the scores of a validation.

        Args:
            step: Optimiser steps done.
            scores: By name; those that are not finite are omitted.
        """
        known = {name: round(value, 4) for name, value in scores.items() if math.isfinite(value)}
        self._append({"step": step, "validation": known})

    def _append(self, content: dict[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(content) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for row in rows for name in row)
    values = {name: [row[name] for row in rows if name in row] for name in names}
    return {name: round(sum(found) / len(found), 6) for name, found in values.items()}


@dataclass(frozen=True)
class LogEntry:
    """What is read of a line of log.jsonl.

    Attributes:
        step: Counted from 1.
        validation: Scores by name, of a validation's line.
        line: The whole line.
    """

    step: Annotated[int, Range(0, 10**12)]
    validation: dict[str, float] = field(default_factory=dict)
    line: str = ""


def read_log(path: Path) -> list[LogEntry]:
    """Read log.jsonl; lines that are no entries (one that an interrupted process left) are told and left out.

    Args:
        path: Of the file, which may be missing.

    Returns:
        Its entries in order.

    Raises:
        ValueError: Not text.
    """
    if not path.is_file():
        return []
    try:
        lines = [line for line in decode(path.read_bytes()).splitlines() if line.strip()]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    entries, wrong = [], []
    for line in lines:
        try:
            content = parse_json(line)
            known = {key: content[key] for key in ("step", "validation") if key in content}
            entries.append(record(LogEntry, {**known, "line": line}))
        except (ValueError, TypeError):
            wrong.append(line)
    if wrong:
        log.warning("%s: %d of %d lines are no entries of a training and are left out", path, len(wrong), len(lines))
    return entries
