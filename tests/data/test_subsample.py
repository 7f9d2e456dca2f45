import numpy as np
import pytest

from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.data.frames import FrameFile
from smot_vlm.data.subsample import subsample
from smot_vlm.structures import Interaction, Trajectory


def sequence(tmp_path) -> BenSmotSequence:
    frames = tuple(FrameFile(index, tmp_path / f"{index + 1}.jpg") for index in range(10))
    tracks = tuple(
        Trajectory(id, places, np.arange(4 * len(places)).reshape(-1, 4), np.ones(len(places)), f"person {id}")
        for id, places in ((1, [0, 1, 2, 3, 4, 6]), (2, [1, 2]), (3, [9]))
    )
    edges = (Interaction(1, "talk.v.01", 2), Interaction(1, "talk.v.01", 3))
    return BenSmotSequence("a/b", tmp_path, frames, None, tracks, ("man0", "man1", "man2"), edges, "words", 25.0)


def test_every_third_frame(tmp_path):
    whole = sequence(tmp_path)
    subsampled = subsample(whole, 3)
    assert [(frame.index, frame.path) for frame in subsampled.frames] == [
        (place, whole.frames[3 * place].path) for place in range(4)
    ]
    assert subsampled.fps == pytest.approx(25 / 3)
    assert [(track.id, track.frames.tolist()) for track in subsampled.tracks] == [(1, [0, 1, 2]), (3, [3])]
    np.testing.assert_array_equal(subsampled.tracks[0].boxes, whole.tracks[0].boxes[[0, 3, 5]])
    assert subsampled.names == ("man0", "man2")
    assert subsampled.interactions == (whole.interactions[1],)


def test_every_frame_is_all_of_it(tmp_path):
    whole = sequence(tmp_path)
    assert subsample(whole, 1) is whole
    with pytest.raises(ValueError, match="every is 0"):
        subsample(whole, 0)
