"""Small descriptions and frames that the tests of this folder share."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from smot_vlm.structures import Description, Frame, Interaction, ModelInfo, Trajectory, VideoInfo


@pytest.fixture
def make_track() -> Callable[..., Trajectory]:
    def make(id=1, frames=range(5), box=(10, 10, 40, 90), caption="A man walks.", score=0.9) -> Trajectory:
        count = len(frames)
        return Trajectory(id, list(frames), np.tile(np.asarray(box, dtype=float), (count, 1)), [score] * count, caption)

    return make


@pytest.fixture
def make_description(make_track) -> Callable[..., Description]:
    def make(
        tracks=None, interactions=(), caption="Two people meet.", size=(160, 120), frames=5, trained=True, **video
    ) -> Description:
        if tracks is None:
            tracks = [make_track(1), make_track(2, box=(80, 20, 120, 110), caption="A woman waves.")]
        info = {"source": "clip.mp4", "width": size[0], "height": size[1], "fps": 25.0, "frames": frames, **video}
        model = ModelInfo("demo", "lora-lm", "byte", trained)
        return Description(VideoInfo(**info), tuple(tracks), tuple(interactions), caption, model)

    return make


@pytest.fixture
def make_frames() -> Callable[..., Iterator[Frame]]:
    """Frames that differ: each is one grey level, 40 + 10 x its index."""

    def make(count=5, size=(160, 120)) -> Iterator[Frame]:
        for index in range(count):
            yield Frame(index, index / 25, np.full((size[1], size[0], 3), 40 + 10 * index % 200, dtype=np.uint8))

    return make


@pytest.fixture
def talk() -> Interaction:
    return Interaction(1, "talk.v.01", 2, 0.8)
