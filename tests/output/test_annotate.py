import gc
import weakref
from dataclasses import replace

import av
import numpy as np
import pytest

from smot_vlm.output.annotate import FramePainter, VideoAnnotator, annotate_video, draw_frame
from smot_vlm.output.layout import plan_layout
from smot_vlm.output.palette import track_colour
from smot_vlm.structures import Frame


def decode(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        return pictures, float(stream.average_rate), stream.codec_context.name


def test_the_video_holds_every_frame_as_it_was_drawn(tmp_path, make_description, make_frames, talk):
    description = make_description(interactions=[talk])
    annotate_video(make_frames(5), description, tmp_path / "out.mp4", 25)
    pictures, fps, codec = decode(tmp_path / "out.mp4")
    assert (len(pictures), fps, codec) == (5, 25, "h264")
    for picture, frame in zip(pictures, make_frames(5), strict=True):
        difference = picture.astype(int) - draw_frame(frame.image, description, frame.index)
        assert np.abs(difference).mean() < 6  # what encoding loses
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize("fps", [25, 2.5])
def test_frames_keep_their_own_times(tmp_path, make_description, make_frames, fps):
    """Frames that come now fast, now slowly, whatever the mean rate says."""
    times = [0, 0.033, 0.066, 0.1, 0.6, 1.1, 1.133]
    frames = [replace(frame, time_seconds=time) for frame, time in zip(make_frames(7), times, strict=True)]
    annotate_video(frames, make_description(), tmp_path / "out.mp4", fps)
    with av.open(str(tmp_path / "out.mp4")) as container:
        shown = [frame.time for frame in container.decode(video=0)]
        assert float(container.duration) / 1e6 == pytest.approx(1.133 + 1 / fps, abs=0.01)
    assert shown == pytest.approx(times, abs=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (17, 31), (321, 241), (400, 100)])
@pytest.mark.parametrize("people", [0, 2, 300])
def test_every_size_and_number_of_people(tmp_path, make_description, make_track, make_frames, talk, size, people):
    width, height = size
    rng = np.random.default_rng(0)
    tracks = []
    for id in range(1, people + 1):
        x, y = rng.uniform(-width, 2 * width), rng.uniform(-height, 2 * height)
        tracks.append(make_track(id, range(2), (x, y, x + width / 3, y + height / 3), "word " * id))
    description = make_description(tracks, [talk] if people else [], size=size, frames=2)
    annotate_video(make_frames(2, size), description, tmp_path / "out.mp4", 25)
    pictures, _, _ = decode(tmp_path / "out.mp4")
    layout = plan_layout(width, height)
    assert [picture.shape for picture in pictures] == [(layout.height, layout.width, 3)] * 2


def test_without_a_frame_there_is_an_error_and_no_file(tmp_path, make_description):
    with pytest.raises(ValueError, match="no frame to annotate"):
        annotate_video([], make_description(), tmp_path / "out.mp4", 25)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_run_leaves_the_earlier_video(tmp_path, make_description, make_frames):
    path = tmp_path / "out.mp4"
    path.write_bytes(b"earlier")

    def breaking():
        yield from make_frames(120)  # more than the encoder holds back, so that the file has begun
        raise OSError("the disk went away")

    with pytest.raises(OSError, match="went away"):
        annotate_video(breaking(), make_description(), path, 25)
    assert path.read_bytes() == b"earlier"
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]


def test_one_frame_is_in_memory_at_a_time(tmp_path, make_description):
    alive: list[int] = []
    images: list[weakref.ref] = []

    def counting():
        for index in range(6):
            gc.collect()
            alive.append(sum(reference() is not None for reference in images))
            image = np.zeros((120, 160, 3), dtype=np.uint8)
            images.append(weakref.ref(image))
            yield Frame(index, index / 25, image)

    annotate_video(counting(), make_description(), tmp_path / "out.mp4", 25)
    assert max(alive) <= 1


def test_progress_counts_the_frames(tmp_path, make_description, make_frames):
    seen: list[int] = []
    annotate_video(make_frames(4), make_description(), tmp_path / "out.mp4", 25, seen.append)
    assert seen == [1, 2, 3, 4]


def test_an_annotator_without_frames_ends_without_a_file(tmp_path, make_description):
    with VideoAnnotator(make_description(), tmp_path / "out.mp4", 25) as annotator:
        assert not annotator.started
    assert list(tmp_path.iterdir()) == []


def test_painting_over_an_earlier_canvas_gives_the_same_picture(make_description, make_frames, talk, make_track):
    tracks = [make_track(1, range(2)), make_track(2, range(1, 5), (80, 20, 120, 110), "word " * 40)]
    description = make_description(tracks, [talk])
    painter = FramePainter(description, 161, 121)
    canvas = None
    for frame in make_frames(5, (161, 121)):
        before = frame.image.copy()
        canvas = painter.paint(frame.image, frame.index, canvas)
        assert np.array_equal(canvas, draw_frame(frame.image, description, frame.index))
        assert np.array_equal(frame.image, before)


def test_boxes_are_drawn_where_they_are_also_when_the_picture_is_shown_smaller_or_larger(make_description, make_track):
    for width, height in ((160, 120), (640, 480), (3840, 2160)):
        box = (0.25 * width, 0.25 * height, 0.75 * width, 0.75 * height)
        description = make_description([make_track(1, box=box)], size=(width, height))
        picture = draw_frame(np.full((height, width, 3), 90, dtype=np.uint8), description, 0, panel=False)
        shown = plan_layout(width, height).picture
        assert picture.shape == (shown.height, shown.width, 3)
        columns = np.flatnonzero((picture[shown.height // 2] == track_colour(1)).all(axis=1))
        assert columns.min() == pytest.approx(0.25 * shown.width, abs=5)
        assert columns.max() == pytest.approx(0.75 * shown.width, abs=5)


def test_a_frame_of_another_size_is_fitted_into_the_first_ones_layout(tmp_path, make_description, make_frames):
    small = next(iter(make_frames(1, (80, 60))))
    frames = [next(iter(make_frames(1))), replace(small, index=1)]
    annotate_video(frames, make_description(), tmp_path / "out.mp4", 25)
    pictures, _, _ = decode(tmp_path / "out.mp4")
    assert pictures[0].shape == pictures[1].shape


def test_a_person_has_a_box_only_in_her_frames_and_a_caption_through_a_short_miss(make_description, make_track):
    description = make_description([make_track(1, [0, 10])], size=(320, 240))
    image = np.full((240, 320, 3), 90, dtype=np.uint8)
    shown = {index: draw_frame(image, description, index) for index in (0, 5, 10, 11)}
    for index, picture in shown.items():
        colour = (picture == track_colour(1)).all(axis=2)
        assert colour[:, :320].any() == (index in (0, 10))
        assert colour[:, 320:].any() == (index <= 10)
