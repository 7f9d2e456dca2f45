"""Tiny drawn videos with the boxes of their people, some damaged, some that crash or hang whoever describes them."""

import random
import signal
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from smot_vlm.corpora.describing import Describe, TrackerRecipe
from smot_vlm.corpora.jobs import Job, find_jobs
from smot_vlm.formats.mot import MotRows, concatenate, format_mot
from smot_vlm.structures import Description, Trajectory
from smot_vlm.synthetic.sequence import make_sequence
from smot_vlm.video.writer import VideoWriter

FRAMES, FPS = 4, 4.0
_SEED = 641000


@dataclass(frozen=True)
class HookedTracker:
    """Describes with the model that ships, but for names with crash or hang."""

    model: str = "people"

    def __call__(self) -> Describe:
        describe = TrackerRecipe(self.model, "people")()

        def hooked(job: Job) -> Description:
            if "crash" in job.path:
                signal.raise_signal(signal.SIGSEGV)
            if "hang" in job.path:
                time.sleep(3600)
            return describe(job)

        return hooked


def draw_corpus(folder: Path, count: int, damaged: int, crash: int, hang: int) -> tuple[Job, ...]:
    """So many videos in all, in an order that is drawn too; the jobs name the tracks of each."""
    folder.mkdir()
    kinds = ["damaged"] * damaged + ["crash"] * crash + ["hang"] * hang
    kinds += ["clip"] * (count - len(kinds))
    random.Random(_SEED).shuffle(kinds)
    rows = ["path,tracks"]
    for number, kind in enumerate(kinds):
        name = f"{number:04d}-{kind}"
        draw_clip(folder / f"{name}.mp4", _SEED + number)
        if kind == "damaged":
            _damage(folder / f"{name}.mp4", number)
        rows.append(f"{name}.mp4,{name}.txt")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return find_jobs([str(folder / "manifest.csv")])


def draw_clip(path: Path, seed: int, frames: int = FRAMES) -> None:
    """A video, and beside it the boxes of its people."""
    sequence = make_sequence(seed, "test", FPS, width=160, people=(1, 2))
    with VideoWriter(path, FPS, sequence.width, sequence.height) as writer:
        for frame in islice(sequence.frames(), frames):
            writer.write(frame)
    path.with_suffix(".txt").write_text(format_mot(_first_rows(sequence.tracks, frames)))


def _first_rows(tracks: tuple[Trajectory, ...], frames: int) -> MotRows:
    return concatenate(
        MotRows(track.frames[seen], np.full(seen.sum(), track.id), track.boxes[seen], track.scores[seen])
        for track in tracks
        for seen in [track.frames < frames]
    )


def _damage(path: Path, number: int) -> None:
    content = path.read_bytes()
    ways = [b"", content[: len(content) // 3], bytes(len(content)), random.Random(number).randbytes(len(content))]
    path.write_bytes(ways[number % len(ways)])
