"""How a conversion runs, whatever it reads: sequences come one by one, what is lost on the way is gathered."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.data.dataset_writer import Images, write_dataset
from smot_vlm.data.mot_challenge import AS_MARKED
from smot_vlm.data.subsample import subsample
from smot_vlm.formats.losses import Loss, count_losses

# Not lost, but left out as the set or an option says: no error in a strict conversion.
INTENDED = AS_MARKED | {
    "track-between-frames",
    "no-single-box",
    "no-single-person",
    "group-box",
    "out-of-view",
    "link-without-sense",
    "attribute-without-place",
}


@dataclass(frozen=True)
class Conversion:
    """What was written.

    Attributes:
        sequences: how many.
        tracks: how many in all.
        boxes: how many in all.
        skipped: names of sequences without ground truth.
        losses: what was left out or guessed; those of the kinds in INTENDED are as the set or an option says.
    """

    sequences: int
    tracks: int
    boxes: int
    skipped: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()


class Reader(Protocol):
    """One split of a set to convert."""

    def __len__(self) -> int:
        """Number of sequences."""
        ...

    def read(self, index: int) -> tuple[BenSmotSequence | None, tuple[Loss, ...]]:
        """Read one sequence.

        Args:
            index: of the sequence.

        Returns:
            The sequence (None: nothing of it can be kept), and what was left out of it or guessed.
        """
        ...


@dataclass
class ConversionWriter:
    """Writes what readers give, and gathers what is lost on the way.

    Attributes:
        out: folder to write.
        images: see `write_dataset`.
        overwrite: replace `out`.
        progress: called with each sequence's name once it is written.
        every: keep every N-th frame, see `subsample`.
        strict: raise where anything is left out or guessed, and write nothing.
        fps: frames a second, in place of what the set states.
    """

    out: Path
    images: Images
    overwrite: bool
    progress: Callable[[str], None] | None
    every: int = 1
    strict: bool = False
    fps: float | None = None

    def write(self, readers: Sequence[tuple[str, Reader]], losses: tuple[Loss, ...] = ()) -> Conversion:
        """Write all sequences, or nothing where something fails.

        Args:
            readers: (split, reader) pairs.
            losses: what was lost before.

        Returns:
            What was written.

        Raises:
            FileExistsError: `out` exists, is not empty and `overwrite` is false.
            ValueError: nothing is left to write, or a loss with `strict`; or as a reader raises.
        """
        gathered = list(losses)
        tracks = boxes = written = 0

        def sequences() -> Iterator[tuple[str, BenSmotSequence]]:
            nonlocal tracks, boxes, written
            for split, reader in readers:
                for index in range(len(reader)):
                    sequence = self._read(reader, index, gathered)
                    if sequence is None:
                        continue
                    written += 1
                    tracks += len(sequence.tracks)
                    boxes += sum(map(len, sequence.tracks))
                    yield split, sequence
            if self.strict:
                _refuse(gathered)
            if not written:
                first = f"; the first: {gathered[0].message}" if gathered else ""
                raise ValueError(f"nothing was written: no sequence is left{first}")

        count = write_dataset(self.out, sequences(), self.images, self.overwrite, self.progress)
        return Conversion(count, tracks, boxes, (), tuple(gathered))

    def _read(self, reader: Reader, index: int, gathered: list[Loss]) -> BenSmotSequence | None:
        whole, losses = reader.read(index)
        gathered += losses
        if whole is None:
            return None
        if self.fps is not None:
            whole = replace(whole, fps=self.fps)
        sequence = subsample(whole, self.every)
        lost = len(whole.tracks) - len(sequence.tracks)
        if lost:
            message = f"{whole.name}: {lost} of {len(whole.tracks)} tracks have no box in every {self.every}th frame"
            gathered.append(Loss("track-between-frames", message, lost))
        return sequence


def _refuse(losses: list[Loss]) -> None:
    """Raise where something is lost that neither the set nor an option leaves out."""
    lost = [loss for loss in losses if loss.kind not in INTENDED]
    if lost:
        counts = ", ".join(f"{count} {kind}" for kind, count in count_losses(lost).items())
        raise ValueError(f"nothing was written, because of --strict: {counts}; the first: {lost[0].message}")
