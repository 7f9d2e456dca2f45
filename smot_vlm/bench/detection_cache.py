"""What a detector found in a video, kept on disk: a video is looked at once, however often its boxes are linked."""

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smot_vlm.bench.annotated_videos import Seen
from smot_vlm.structures import Detections
from smot_vlm.system.files import atomic_path


@dataclass(frozen=True)
class DetectionCache:
    """Files of boxes, one a video; those of a source that has changed since are made again.

    Attributes:
        folder: Is made where it is missing.
        detector: What tells one detector from another, with the lowest score that it keeps.
    """

    folder: Path
    detector: str

    def look(self, source: Path, find: Callable[[Path], Seen]) -> Seen:
        """What is in a video.

        Args:
            source: A video file or a folder of pictures.
            find: Looks at it; called where nothing is kept of it.
        """
        file = self.folder / f"{source.parent.name}-{self.key(source)}.npz"
        kept = _read(file)
        if kept is not None:
            return kept
        seen = find(source)
        with atomic_path(file) as temporary, temporary.open("wb") as target:
            counts = np.array([len(found) for found in seen.detections])
            boxes = np.concatenate([found.boxes for found in seen.detections])
            scores = np.concatenate([found.scores for found in seen.detections])
            np.savez(target, fps=np.array(seen.fps), counts=counts, boxes=boxes, scores=scores)
        return seen

    def key(self, *sources: Path) -> str:
        """What changes with the detector and with files: their names, sizes and times.

        Args:
            sources: Files, or folders of them.

        Returns:
            16 digits.
        """
        files = [file for source in sources for file in (sorted(source.iterdir()) if source.is_dir() else [source])]
        stated = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        return hashlib.sha256(repr((self.detector, stated)).encode()).hexdigest()[:16]


def _read(file: Path) -> Seen | None:
    """What a file holds; None where there is none, or one that is no such file."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            fps, counts, boxes, scores = (stored[name] for name in ("fps", "counts", "boxes", "scores"))
            if not (fps.shape == () and fps > 0 and counts.ndim == 1 and counts.sum() == len(boxes) == len(scores)):
                return None
            ends = np.cumsum(counts)[:-1]
            parts = zip(np.split(boxes, ends), np.split(scores, ends), strict=True)
            return Seen(float(fps), tuple(Detections(*part) for part in parts))
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None
