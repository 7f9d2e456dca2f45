"""Stand-ins for a model, given to engines as recipes: what they do with a video is in its name."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from smot_vlm.corpora.jobs import Job
from smot_vlm.structures import Description, ModelInfo, Trajectory, VideoInfo


@dataclass(frozen=True)
class Hooked:
    """Describes a file by its bytes. Names with damaged, crash or hang do just that; `once` ends at the second attempt.

    Attributes:
        seconds: that describing takes.
        told: a file to which each description adds a line.
        together: videos at once.
    """

    seconds: float = 0.0
    told: str = ""
    together: int = 1

    def __call__(self):
        return self.describe

    def describe(self, job: Job) -> Description:
        name = Path(job.path).name
        if "damaged" in name:
            raise ValueError(f"{name}: no frame can be read")
        if "once" in name and not Path(f"{job.path}.seen").exists():
            Path(f"{job.path}.seen").touch()
            signal.raise_signal(signal.SIGKILL)
        if "crash" in name:
            os.write(2, b"the decoder fell over\n")
            # In this thread, as a decoder falls over; a signal to the process may let the thread go on for a while.
            signal.raise_signal(signal.SIGSEGV)
        if "hang" in name:
            time.sleep(600)
        time.sleep(self.seconds)
        size = len(Path(job.path).read_bytes())
        if self.told:
            with open(self.told, "a") as file:
                file.write(f"{job.key}\n")
        track = Trajectory(1, [0, 1], [[0, 0, size, 4], [1, 0, size, 4]], [0.9, 0.8], f"A man of {size}.")
        video = VideoInfo(job.name, 64, 48, 25.0, 2)
        return Description(video, (track,), (), f"Of {size} bytes.", ModelInfo("hooked", "none", "byte", True))


@dataclass(frozen=True)
class Unloadable:
    """A model that is not there."""

    def __call__(self):
        raise FileNotFoundError("no model 'nowhere'; give another")


@dataclass(frozen=True)
class DiesLoading:
    """A model whose library falls over."""

    def __call__(self):
        signal.raise_signal(signal.SIGKILL)
