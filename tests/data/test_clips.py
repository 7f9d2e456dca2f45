import numpy as np
import pytest
from bensmot_builder import make_images, make_sequence
from hypothesis import given, settings
from hypothesis import strategies as st

from smot_vlm.data import bensmot
from smot_vlm.data.bensmot import Sequence
from smot_vlm.data.clips import Window, cut_clip, cut_tracks, sample_clip, shrink_clip


@pytest.fixture(scope="module")
def sequence(tmp_path_factory) -> Sequence:
    return make_sequence(tmp_path_factory.mktemp("pictures"), frames=20)


def test_a_clip_holds_the_ground_truth_of_its_frames(sequence):
    clip = cut_clip(sequence, [0, 1, 2], detector_frames=[1])
    assert [frame.index for frame in clip.frames] == [0, 1, 2]
    assert clip.tracks[0].frames.tolist() == [0, 1, 2]
    assert clip.tracks[1].frames.tolist() == [1, 2]
    assert clip.tracks[1].caption == "A woman in a green dress waves."
    assert clip.interactions == sequence.interactions
    assert clip.caption == sequence.caption
    assert clip.detector_frames == (1,)
    assert clip.fps == 2.0


def test_people_outside_the_window_are_left_out_with_their_interactions(sequence):
    clip = cut_clip(sequence, [0])
    assert [track.id for track in clip.tracks] == [1]
    assert clip.interactions == ()


@settings(max_examples=40, deadline=None)
@given(frames=st.integers(1, 30), stride=st.integers(1, 25), least=st.integers(1, 4), seed=st.integers(0, 99))
def test_windows_of_any_kind(sequence, frames, stride, least, seed):
    window = Window(frames=frames, stride=stride, detector_frames=(least, least + 2))
    clip = sample_clip(sequence, window, np.random.default_rng(seed))
    indices = [frame.index for frame in clip.frames]
    assert 1 <= len(indices) <= frames
    assert len(indices) == min(frames, (20 - 1) // min(stride, 20) + 1)
    assert set(np.diff(indices)) <= {min(stride, 20)}
    assert len(set(clip.detector_frames)) == len(clip.detector_frames)
    assert min(len(indices), least) <= len(clip.detector_frames) <= least + 2
    assert list(clip.detector_frames) == sorted(clip.detector_frames)
    assert max(clip.detector_frames) < len(indices)
    for track in clip.tracks:
        assert set(track.frames) <= set(indices)
    assert clip.fps == 2.0 / (min(stride, 20) if len(indices) > 1 else 1)


def test_every_start_is_drawn_and_the_seed_decides(sequence):
    window = Window(frames=18)
    starts = {sample_clip(sequence, window, np.random.default_rng(seed)).frames[0].index for seed in range(30)}
    assert starts == {0, 1, 2}
    first, second = (sample_clip(sequence, window, np.random.default_rng(5)) for _ in range(2))
    assert first.detector_frames == second.detector_frames


def test_only_frames_of_the_clip_are_decoded(sequence, monkeypatch):
    opened: list[str] = []

    def spy(path):
        opened.append(path.name)
        return np.zeros((48, 64, 3), np.uint8)

    monkeypatch.setattr(bensmot, "read_image", spy)
    cut_clip(sequence, [3, 7])
    assert opened == ["004.jpg", "008.jpg"]


def test_gaps_in_the_numbers(tmp_path):
    sequence = make_sequence(tmp_path / "pictures", frames=9)
    odd = Sequence(**{**vars(sequence), "frames": make_images(tmp_path / "odd", [0, 2, 4, 6, 8])})
    clip = cut_clip(odd, [1, 2, 3])
    assert [frame.index for frame in clip.frames] == [2, 4, 6]
    assert clip.tracks[0].frames.tolist() == [2, 4, 6]
    assert clip.fps == 1.0


def test_smaller_images_take_their_boxes_along(sequence):
    clip = cut_clip(sequence, [0, 1], longest_side=32)
    assert clip.frames[0].image.shape == (24, 32, 3)
    np.testing.assert_allclose(clip.tracks[0].boxes[0], [2, 4, 7, 14])
    assert shrink_clip(clip, 64) is clip


def test_tracks_are_copies(sequence):
    cut_tracks(sequence.tracks, [0])[0].boxes[:] = 0
    assert sequence.tracks[0].boxes[0, 0] == 4


@pytest.mark.parametrize(
    "options",
    [{"frames": 0}, {"stride": 0}, {"detector_frames": (0, 3)}, {"detector_frames": (4, 3)}, {"longest_side": 8}],
)
def test_windows_that_make_no_sense(options):
    with pytest.raises(ValueError, match="at least"):
        Window(**options)


def test_a_sequence_without_images(sequence):
    with pytest.raises(ValueError, match="no image"):
        sample_clip(Sequence(**{**vars(sequence), "frames": ()}), Window(), np.random.default_rng(0))
