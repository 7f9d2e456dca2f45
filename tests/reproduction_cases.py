"""Two drawn-by-hand sequences in BenSMOT's layout, and a stand-in for the trained model that knows their truth."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

from smot_vlm.config import Config
from smot_vlm.data.bensmot import tracks_of_rows
from smot_vlm.formats.mot_files import read_results
from smot_vlm.formats.sequence_files import format_annotations, write_files
from smot_vlm.semantics.cost import Cost
from smot_vlm.structures import Description, Interaction, ModelInfo, VideoInfo

NAMES = ("park/one", "street/two")
CAPTIONS = ("A man in a red coat waits at the corner.", "A woman with two bags walks to the man.")
FRAMES = 20
SUMMARY = "Two people meet at a corner."


def write_data(root: Path) -> None:
    """FRAMES images and two people each, who stand still."""
    for name in NAMES:
        folder = root / "test" / name
        (folder / "imgs").mkdir(parents=True)
        for number in range(1, FRAMES + 1):
            cv2.imwrite(str(folder / f"imgs/{number:03d}.jpg"), np.zeros((64, 96, 3), np.uint8))
        boxes = "".join(f"{number},{id},{20 * id},10,12,30,1\n" for number in range(1, FRAMES + 1) for id in (1, 2))
        words = format_annotations([1, 2], ["man0", "woman0"], CAPTIONS, [(1, "talk.v.01", 2)], SUMMARY)
        write_files(folder, {"gt/gt.txt": boxes, **words})


class Knowing:
    """Describes each sequence as its truth does; associator "sort" says nothing of whom it sees.

    made: model, associator and tau_p of every one that was made. root: of the data.
    """

    made: tuple[tuple[str, str | None, float], ...] = ()
    root = Path()

    def __init__(self, model, config, *, detector="model", associator=None):
        self.model, self.config, self.associator = model, config, associator or "byte"
        self.sequences = iter(NAMES)
        self.cost = Cost()
        Knowing.made += ((model.name, associator, config.association.proposal_score),)

    @classmethod
    def from_pretrained(cls, name, *, detector, associator, device, overrides=()):
        if associator == "deepsort":
            raise FileNotFoundError("no appearance model")
        return cls(
            SimpleNamespace(name=name, trained=True, unanswered=()), Config(), detector=detector, associator=associator
        )

    def describe(self, source, *, trajectories, detections, fps, frame_numbers, classes, on_frame):
        images = list(source)
        rows = read_results(trajectories or Knowing.root / "test" / next(self.sequences) / "gt/gt.txt").rows
        tracks = [replace(track, caption=CAPTIONS[track.id - 1]) for track in tracks_of_rows(rows)]
        if self.associator == "sort":
            tracks = [replace(track, caption="") for track in tracks]
        video = VideoInfo("array", images[0].shape[1], images[0].shape[0], fps, len(images))
        edges = (Interaction(1, "talk.v.01", 2, 0.9),)
        return Description(video, tuple(tracks), edges, SUMMARY, ModelInfo("knowing", "none", self.associator, True))
