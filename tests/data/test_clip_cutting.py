import numpy as np
import pytest
from bensmot_builder import make_images, make_sequence

from smot_vlm.data import frames
from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.data.clip_cutting import cut_clip, cut_tracks, resize_clip


@pytest.fixture(scope="module")
def sequence(tmp_path_factory) -> BenSmotSequence:
    return make_sequence(tmp_path_factory.mktemp("pictures"), frames=20)


def test_a_clip_holds_the_ground_truth_of_its_frames(sequence):
    clip = cut_clip(sequence, [0, 1, 2])
    assert [frame.index for frame in clip.frames] == [0, 1, 2]
    assert clip.tracks[0].frames.tolist() == [0, 1, 2]
    assert clip.tracks[1].frames.tolist() == [1, 2]
    assert clip.tracks[1].caption == "A woman in a green dress waves."
    assert clip.interactions == sequence.interactions
    assert clip.caption == sequence.caption
    assert clip.fps == 2.0


def test_people_outside_the_window_are_left_out_with_their_interactions(sequence):
    clip = cut_clip(sequence, [0])
    assert [track.id for track in clip.tracks] == [1]
    assert clip.interactions == ()


def test_only_frames_of_the_clip_are_decoded(sequence, monkeypatch):
    opened: list[str] = []

    def spy(path):
        opened.append(path.name)
        return np.zeros((48, 64, 3), np.uint8)

    monkeypatch.setattr(frames, "read_image", spy)
    cut_clip(sequence, [3, 7])
    assert opened == ["004.jpg", "008.jpg"]


def test_gaps_in_the_numbers(tmp_path):
    sequence = make_sequence(tmp_path / "pictures", frames=9)
    odd = BenSmotSequence(**{**vars(sequence), "frames": make_images(tmp_path / "odd", [0, 2, 4, 6, 8])})
    clip = cut_clip(odd, [1, 2, 3])
    assert [frame.index for frame in clip.frames] == [2, 4, 6]
    assert clip.tracks[0].frames.tolist() == [2, 4, 6]
    assert clip.fps == 1.0


def test_tracks_are_copies(sequence):
    cut_tracks(sequence.tracks, [0])[0].boxes[:] = 0
    assert sequence.tracks[0].boxes[0, 0] == 4


def test_resized_images_take_their_boxes_along(sequence):
    clip = resize_clip(cut_clip(sequence, [0, 1]), (32, 24))
    assert clip.frames[0].image.shape == (24, 32, 3)
    np.testing.assert_allclose(clip.tracks[0].boxes[0], [2, 4, 7, 14])
