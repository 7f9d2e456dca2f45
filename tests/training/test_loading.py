"""What workers hold and decode: bounded in bytes, JPEGs no larger than needed, boxes where the people are, memory pinned."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from smot_vlm.config import Config, TrainingConfig
from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.data.clip_cutting import cut_clip
from smot_vlm.data.frames import FrameFile
from smot_vlm.structures import Trajectory
from smot_vlm.training.examples import ExampleOptions, example_options, make_example
from smot_vlm.training.loader import batches_ahead
from smot_vlm.training.targets import to_device
from smot_vlm.video.images import read_image, read_reduced

BOX = (400, 120, 560, 480)


@pytest.fixture(scope="module")
def sequence(tmp_path_factory) -> BenSmotSequence:
    """1280 x 720, a red person on a grey gradient, in two JPEGs."""
    folder = tmp_path_factory.mktemp("frames")
    pixels = np.repeat(np.linspace(60, 160, 1280).astype(np.uint8)[None, :, None], 720, axis=0).repeat(3, axis=2)
    pixels[BOX[1] : BOX[3], BOX[0] : BOX[2]] = (220, 30, 30)
    files = []
    for index in (0, 1):
        files.append(FrameFile(index, folder / f"{index + 1:03d}.jpg"))
        Image.fromarray(pixels).save(files[-1].path, quality=95)
    track = Trajectory(1, [0, 1], [BOX, BOX], np.ones(2), "a man stands")
    return BenSmotSequence("a/b", folder, tuple(files), (1280, 720), (track,), ("man0",), (), "a man", 2.0)


@pytest.mark.parametrize(("at_least", "size"), [
    (0, (1280, 720)), (1279, (1280, 720)), (641, (1280, 720)), (640, (640, 360)), (320, (320, 180)), (100, (160, 90)),
])  # fmt: skip
def test_no_smaller_than_needed_and_no_larger_than_the_codec_can(sequence, at_least, size):
    pixels, scale = read_reduced(sequence.frames[0].path, at_least)
    assert pixels.shape == (size[1], size[0], 3)
    assert scale == pytest.approx([size[0] / 1280, size[1] / 720])
    whole = read_image(sequence.frames[0].path)
    step = 1280 // size[0]
    means = whole.reshape(size[1], step, size[0], step, 3).mean(axis=(1, 3))
    assert np.abs(pixels - means).mean() < 2, "the mean of the pixels that it stands for"


def test_boxes_follow_their_people(sequence):
    whole, reduced = cut_clip(sequence, [0, 1]), cut_clip(sequence, [0, 1], at_least=300)
    assert reduced.frames[0].image.shape == (180, 320, 3)
    assert reduced.tracks[0].boxes == pytest.approx(whole.tracks[0].boxes / 4)
    x1, y1, x2, y2 = reduced.tracks[0].boxes[0].astype(int)
    inside = reduced.frames[0].image[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2].reshape(-1, 3).mean(axis=0)
    assert inside == pytest.approx([220, 30, 30], abs=6)


def test_an_example_looks_alike_and_its_boxes_lie_alike(sequence):
    options = ExampleOptions(image_size=320, most_frames=2, feature_frames=2, detector_frames=(1, 1))
    one, other = (
        make_example(sequence, replace(options, at_least=at_least), 1.0, np.random.default_rng(0))
        for at_least in (0, 320)
    )
    assert one.canvases.shape == other.canvases.shape
    assert np.abs(one.canvases.astype(int) - other.canvases.astype(int)).mean() < 2
    placed = [example.placement.to_canvas(example.tracks[0].boxes) for example in (one, other)]
    assert placed[0] == pytest.approx(placed[1], abs=0.5)


def test_a_turned_picture_and_one_of_another_format(tmp_path):
    pixels = np.zeros((400, 800, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=exif)
    Image.fromarray(pixels).save(tmp_path / "whole.png")
    turned, scale = read_reduced(tmp_path / "turned.jpg", 200)
    assert (turned.shape, scale.tolist()) == ((200, 100, 3), [0.25, 0.25])
    whole, scale = read_reduced(tmp_path / "whole.png", 200)
    assert (whole.shape, scale.tolist()) == ((400, 800, 3), [1.0, 1.0])


def test_crops_still_fill_the_canvas_and_pictures_stay_whole():
    config = Config(training=TrainingConfig(reduce_frames=True))
    assert example_options(config).at_least == 640
    augmented = replace(config, training=replace(config.training, augment=True))
    assert example_options(augmented).at_least == 915, "640 / 0.7"
    assert example_options(augmented, lambda: SimpleNamespace()).at_least == 0
    assert example_options(Config()).at_least == 0


def test_what_is_held_ready_is_bounded_in_bytes():
    options = ExampleOptions(image_size=640, most_frames=48)
    # 48 x 640 x 640 x 3 bytes are 59 MB.
    assert batches_ahead(options, 1, 8, 10_000) == 4
    assert batches_ahead(options, 4, 8, 4096) == 2
    assert batches_ahead(options, 4, 8, 1888) == 1
    with pytest.raises(
        ValueError, match=r"prefetch_mb is 1887, and 8 workers hold a batch of up to 236 MB each; give 1888"
    ):
        batches_ahead(options, 4, 8, 1887)


def test_memory_is_pinned_for_a_gpu_alone():
    calls = []

    class Values:
        def pin_memory(self):
            calls.append("pinned")
            return self

        def to(self, device, **options):
            calls.append((device.type, options))

    to_device(Values(), torch.device("cpu"))
    to_device(Values(), torch.device("cuda"))
    assert calls == [("cpu", {}), "pinned", ("cuda", {"non_blocking": True})]
