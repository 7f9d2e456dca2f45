"""The model that ships: small enough, whole, trained, and it finds the people of the clip that ships with it."""

from pathlib import Path

import numpy as np
import pytest

from smot_vlm.formats.mot_files import read_results
from smot_vlm.system.files import shipped_folder
from smot_vlm.tracker import Tracker

pytestmark = pytest.mark.shipped

FOLDER = shipped_folder("assets") / "models" / "demo"
ASSETS = Path(__file__).parents[2] / "smot_vlm" / "assets"
FRAMES = 40


@pytest.fixture(scope="module")
def tracker() -> Tracker:
    try:
        return Tracker.from_pretrained("demo", device="cpu")
    except FileNotFoundError as error:
        pytest.skip(f"the base language model is not on this machine ({error})")


def test_it_takes_no_more_room_than_promised():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 25e6


def test_it_finds_the_people_of_the_demo_clip_and_says_something_of_each(tracker):
    description = tracker.describe(ASSETS / "demo.mp4", max_frames=FRAMES)
    assert description.model.trained
    assert description.caption
    assert all(track.caption for track in description.tracks)
    truth = read_results(ASSETS / "demo_tracks.txt").rows
    found = sum(_is_found(box, frame, description) for frame, box in zip(truth.frames, truth.boxes, strict=True))
    expected = int((truth.frames < FRAMES).sum())
    assert found >= 0.5 * expected


def _is_found(box: np.ndarray, frame: int, description) -> bool:
    """Whether a predicted box of this frame has an IoU of at least 0.5 with `box`; false beyond the frames described."""
    boxes = [track.boxes[track.frames == frame] for track in description.tracks]
    others = np.concatenate([np.zeros((0, 4)), *boxes])
    low, high = np.maximum(others[:, :2], box[:2]), np.minimum(others[:, 2:], box[2:])
    shared = (high - low).clip(0).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
    return bool((shared >= 0.5 * (areas - shared)).any())
