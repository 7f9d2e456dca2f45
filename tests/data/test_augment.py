import numpy as np
import pytest
from bensmot_builder import make_track
from hypothesis import given, settings
from hypothesis import strategies as st

from smot_vlm.data.augment import Augmentation, augment_clip, crop_clip, mirror_clip
from smot_vlm.structures import Clip, Frame, Interaction, Trajectory

WIDTH, HEIGHT = 96, 64
COLOURS = {1: (255, 0, 0), 2: (0, 200, 0)}
OFF = dict.fromkeys(("mirror_rate", "crop_rate", "scale_rate", "light_rate", "blur_rate", "jpeg_rate"), 0.0)


def make_clip(caption: str = "A man stands on the left of a woman.") -> Clip:
    """Two people as filled boxes, red and green, on grey."""
    tracks = (
        make_track(1, [0, 1, 2], "A man in red walks to the right."),
        make_track(2, [1, 2], "She left early.", x=60.0),
    )
    frames = []
    for index in range(3):
        image = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
        for track in tracks:
            for box in track.boxes[track.frames == index].astype(int):
                image[box[1] : box[3], box[0] : box[2]] = COLOURS[track.id]
        frames.append(Frame(index, index / 2, image))
    return Clip("a/b", 2.0, tuple(frames), tracks, (Interaction(1, "look.v.01", 2),), caption)


def coloured(image: np.ndarray, colour: tuple[int, int, int], tolerance: int) -> np.ndarray:
    """The box around all pixels of about this colour."""
    rows, columns = np.nonzero((np.abs(image.astype(int) - colour) <= tolerance).all(axis=2))
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def assert_boxes_hold_their_people(clip: Clip, tolerance: int, pixels: float) -> None:
    for track in clip.tracks:
        for index, box in zip(track.frames, track.boxes, strict=True):
            image = clip.frames[int(index)].image
            np.testing.assert_allclose(coloured(image, COLOURS[track.id], tolerance), box, atol=pixels)


def test_mirror_moves_boxes_pixels_and_words():
    clip = make_clip()
    mirrored = mirror_clip(clip)
    assert mirrored is not None
    assert_boxes_hold_their_people(mirrored, 0, 0)
    assert mirrored.tracks[0].boxes[0].tolist() == [WIDTH - 14, 8, WIDTH - 4, 28]
    assert mirrored.caption == "A man stands on the right of a woman."
    assert [track.caption for track in mirrored.tracks] == ["A man in red walks to the left.", "She left early."]
    assert mirrored.interactions == clip.interactions
    again = mirror_clip(mirrored)
    assert again is not None
    assert again.caption == clip.caption
    np.testing.assert_array_equal(again.frames[2].image, clip.frames[2].image)
    np.testing.assert_allclose(again.tracks[1].boxes, clip.tracks[1].boxes)
    assert clip.tracks[0].boxes[0, 0] == 4


def test_a_clip_in_doubt_is_not_mirrored():
    clip = make_clip("He walks right past her.")
    assert mirror_clip(clip) is None
    after = augment_clip(clip, Augmentation(**{**OFF, "mirror_rate": 1.0}), np.random.default_rng(0))
    assert after.caption == clip.caption
    np.testing.assert_array_equal(after.frames[0].image, clip.frames[0].image)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), least=st.floats(0.3, 1.0))
def test_crops_keep_every_box_and_every_pixel_of_it(seed, least):
    after = augment_clip(
        make_clip(), Augmentation(**{**OFF, "crop_rate": 1.0, "crop": least}), np.random.default_rng(seed)
    )
    assert_boxes_hold_their_people(after, 0, 0)
    height, width = after.frames[0].image.shape[:2]
    assert np.ceil(least * WIDTH) <= width <= WIDTH
    assert np.ceil(least * HEIGHT) <= height <= HEIGHT
    for track in after.tracks:
        assert (track.boxes >= 0).all()
        assert (track.boxes[:, 2] <= width).all()
        assert (track.boxes[:, 3] <= height).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_scaled_boxes_fit_scaled_people(seed):
    after = augment_clip(make_clip(), Augmentation(**{**OFF, "scale_rate": 1.0}), np.random.default_rng(seed))
    assert 0.74 * WIDTH <= after.frames[0].width <= 1.26 * WIDTH
    assert_boxes_hold_their_people(after, 70, 1.5)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_everything_at_once(seed):
    clip = make_clip()
    rates = dict.fromkeys(OFF, 1.0)
    after = augment_clip(clip, Augmentation(**rates), np.random.default_rng(seed))
    assert len({frame.image.shape for frame in after.frames}) == 1
    assert [frame.index for frame in after.frames] == [0, 1, 2]
    assert [track.id for track in after.tracks] == [1, 2]
    assert after.interactions == clip.interactions
    height, width = after.frames[0].image.shape[:2]
    for track, before in zip(after.tracks, clip.tracks, strict=True):
        assert (track.frames == before.frames).all()
        assert (track.boxes > -1e-6).all()
        assert (track.boxes[:, [0, 2]] < width + 1e-6).all()
        assert (track.boxes[:, [1, 3]] < height + 1e-6).all()
        for index, box in zip(track.frames, track.boxes, strict=True):
            # Colours keep their names: the middle of the red person is still most of all red.
            x, y = int(box[[0, 2]].mean()), int(box[[1, 3]].mean())
            middle = after.frames[int(index)].image[y, x].astype(int)
            assert middle.argmax() == int(np.argmax(COLOURS[track.id]))
            assert middle.max() - np.sort(middle)[1] > 40


def test_one_draw_holds_for_all_frames():
    clip = make_clip()
    still = Clip(clip.name, clip.fps, (clip.frames[0],) * 3, (), (), "")
    after = augment_clip(still, Augmentation(**dict.fromkeys(OFF, 1.0)), np.random.default_rng(3))
    for frame in after.frames[1:]:
        np.testing.assert_array_equal(frame.image, after.frames[0].image)
    assert not np.array_equal(after.frames[0].image, clip.frames[0].image)


def test_off_changes_nothing_and_a_seed_repeats():
    clip = make_clip()
    assert augment_clip(clip, Augmentation(**OFF), np.random.default_rng(0)) is clip
    first, second = (augment_clip(clip, Augmentation(), np.random.default_rng(9)) for _ in range(2))
    np.testing.assert_array_equal(first.frames[1].image, second.frames[1].image)
    np.testing.assert_array_equal(first.tracks[0].boxes, second.tracks[0].boxes)


def test_boxes_beyond_the_frame_do_not_stop_a_crop():
    clip = make_clip()
    beyond = Trajectory(1, np.array([0]), np.array([[-20.0, -5.0, WIDTH + 9.0, HEIGHT + 1.0]]), np.ones(1))
    clip = Clip(clip.name, 2.0, clip.frames, (beyond,), (), "")
    after = augment_clip(clip, Augmentation(**{**OFF, "crop_rate": 1.0, "crop": 0.5}), np.random.default_rng(0))
    assert after.frames[0].image.shape == (HEIGHT, WIDTH, 3)
    assert crop_clip(clip, 10, 5, 90, 60).tracks[0].boxes[0].tolist() == [-30, -10, WIDTH - 1, HEIGHT - 4]


@pytest.mark.parametrize(
    "options",
    [{"mirror_rate": 1.5}, {"crop": 0.0}, {"scale": (1.2, 0.8)}, {"jpeg_quality": (0, 50)}, {"brightness": -1.0}],
)
def test_settings_that_make_no_sense(options):
    with pytest.raises(ValueError, match=r"rates|scale|or more"):
        Augmentation(**options)
