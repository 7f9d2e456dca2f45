"""Recorded detections and what the released trackers made of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from recordings import RECORDINGS, recording_name

from smot_vlm.association.associators import Associator
from smot_vlm.structures import Detections


def golden_files(name: str) -> list:
    """Parameters: every recorded output called `name`."""
    return [
        pytest.param(path, id=f"{recording_name(root)}-{path.parent.name}")
        for root in RECORDINGS
        for path in sorted(root.glob(f"sequences/*/{name}"))
    ]


def videos(folder: Path) -> Iterator[tuple[int, list[np.ndarray]]]:
    """Each video in det.npz: its number (0 where there is one), and for every frame the rows of its detections."""
    table = np.load(folder / "det.npz")
    lengths = table["scene_num_frames"] if "scene" in table else [int(table["num_frames"])]
    scenes = table["scene"] if "scene" in table else np.zeros(len(table["frame"]), dtype=int)
    for scene, length in enumerate(lengths):
        yield scene, [np.flatnonzero((scenes == scene) & (table["frame"] == frame)) for frame in range(1, length + 1)]


def check_replay(
    path: Path,
    make: Callable[[], Associator],
    *,
    above: float = -np.inf,
    same_ids: bool = False,
    same_order: bool = True,
    tolerance: float = 1e-6,
    least_rows: int = 1,
) -> None:
    """Replay det.npz beside `path` and compare, frame by frame: detections, ids, boxes.

    above: only detections of greater score are fed. same_ids: ids are equal outright; otherwise up to a one-to-one
    renaming. same_order: tracks come in the recording's order within a frame. least_rows: the recording leaves out tracks
    with fewer boxes.
    """
    detections = np.load(path.parent / "det.npz")
    golden = np.load(path)
    scenes = golden["scene"] if "scene" in golden else np.zeros(len(golden["frame"]), dtype=int)
    for scene, frames in videos(path.parent):
        mine = _replay(make(), detections, frames, above)
        long = np.bincount(mine[1])[mine[1]] >= least_rows
        frame, ids, rows, boxes = (column[long] for column in mine)
        order = np.arange(len(rows)) if same_order else np.argsort(rows)
        theirs = np.flatnonzero(scenes == scene)
        if not same_order:
            theirs = theirs[np.argsort(golden["det_row"][theirs])]
        np.testing.assert_array_equal(rows[order], golden["det_row"][theirs])
        np.testing.assert_array_equal(frame[order], golden["frame"][theirs])
        np.testing.assert_allclose(boxes[order], golden["xyxy"][theirs], rtol=0, atol=tolerance)
        ids, golden_ids = ids[order], golden["track_id"][theirs]
        if same_ids:
            np.testing.assert_array_equal(ids, golden_ids)
        pairs = set(zip(ids.tolist(), golden_ids.tolist(), strict=True))
        assert len(pairs) == len({mine for mine, _ in pairs}) == len({golden for _, golden in pairs})


def _replay(associator: Associator, detections, frames: list[np.ndarray], above: float) -> tuple[np.ndarray, ...]:
    parts = []
    for number, rows in enumerate(frames, start=1):
        rows = rows[detections["score"][rows] > np.float32(above)]
        out = associator.update(Detections(detections["xyxy"][rows], detections["score"][rows]))
        np.testing.assert_array_equal(out.scores, detections["score"][rows][out.rows])
        parts.append((np.full(len(out), number), out.ids, rows[out.rows], out.boxes))
    frame, ids, rows, boxes = (np.concatenate(column) for column in zip(*parts, strict=True))
    return frame, ids, rows, boxes
