"""What ships, as `smot-vlm describe` takes it: real people by `people`, drawn ones by `demo`, nothing of nothing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smot_vlm.models.automatic import automatic_model
from smot_vlm.structures import DOUBTFUL, STATED
from smot_vlm.system.files import shipped_folder
from smot_vlm.tracker import Tracker

pytestmark = pytest.mark.shipped
MODELS = shipped_folder("assets") / "models"


@pytest.fixture(scope="module")
def shipped() -> Tracker:
    choice = automatic_model(lambda: None)
    try:
        return Tracker.from_pretrained(choice.name, overrides=choice.overrides, device="cpu")
    except FileNotFoundError as error:
        pytest.skip(f"the base language model is not on this machine ({error})")


@pytest.mark.parametrize(("name", "kinds"), [("bus.jpg", 3), ("zidane.jpg", 2)])
def test_of_photographs_people_speaks(shipped, name, kinds):
    """The two pictures that the ultralytics package itself installs; the men in them are told to be men."""
    import ultralytics

    picture = np.asarray(Image.open(Path(ultralytics.__file__).parent / "assets" / name).convert("RGB"))
    description = shipped.describe(np.stack([picture] * 5))
    assert (description.model.name, description.words) == ("people", DOUBTFUL)
    assert description.model.training_data.startswith("Flickr8k")
    told = [track for track in description.tracks if track.caption]
    assert len(told) >= kinds - 1
    assert sum(track.caption.startswith("A man") for track in told) >= kinds - 1
    assert all(track.attributes for track in told)


def test_of_drawn_figures_demo_speaks(shipped):
    description = shipped.describe(shipped_folder("assets") / "demo.mp4", max_frames=40)
    assert (description.model.name, description.words) == ("demo", STATED)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_of_nothing_nothing_is_said(shipped, level):
    description = shipped.describe(np.full((12, 180, 320, 3), level, np.uint8))
    assert (description.tracks, description.interactions, description.caption) == ((), (), "")


def test_both_models_fit_in_40_megabytes():
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) <= 40e6
