import numpy as np
import pytest
import torch
from bensmot_builder import make_dataset, make_sequence

from smot_vlm.data.augment import Augmentation
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.data.clips import Window, cut_clip, shrink_clip
from smot_vlm.data.collate import Batch, ClipDataset, ClipKey, ClipOrder, collate_clips, make_loader
from smot_vlm.verbs import verb


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> BenSmot:
    root = tmp_path_factory.mktemp("data") / "set"
    make_dataset(root, "train", sequences=6)
    return BenSmot(root, "train")


def assert_equal(first: Batch, second: Batch) -> None:
    for name, value in vars(first).items():
        other = getattr(second, name)
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(value, other, rtol=0, atol=0, msg=name)
        else:
            assert value == other, name


def test_a_batch_holds_its_clips_and_zeros(tmp_path):
    sequence = make_sequence(tmp_path / "pictures", frames=5)
    long = cut_clip(sequence, [0, 1, 2, 4], detector_frames=[0, 3])
    short = shrink_clip(cut_clip(sequence, [0]), 32)
    batch = collate_clips([short, long])
    assert len(batch) == 2
    assert batch.images.shape == (2, 4, 3, 48, 64)
    assert batch.sizes.tolist() == [[24, 32], [48, 64]]
    assert batch.frame_mask.tolist() == [[True, False, False, False], [True] * 4]
    assert batch.frame_indices.tolist() == [[0, 0, 0, 0], [0, 1, 2, 4]]
    assert batch.detector_mask.tolist() == [[False] * 4, [True, False, False, True]]
    assert batch.track_ids.tolist() == [[1, 0], [1, 2]]
    assert batch.track_mask.tolist() == [[True, False], [True, True]]
    assert batch.box_mask[1].tolist() == [[True] * 4, [False, True, True, True]]
    assert batch.boxes[1, 1].tolist() == [[0] * 4, [31, 8, 41, 28], [32, 8, 42, 28], [34, 8, 44, 28]]
    assert batch.captions == (
        ("A man in a red coat walks to the right.",),
        ("A man in a red coat walks to the right.", "A woman in a green dress waves."),
    )
    assert batch.interactions.tolist() == [[1, 1, verb("smile.v.01").id, 0], [1, 0, verb("look.v.01").id, 1]]
    assert batch.names == ("walking/seq1", "walking/seq1")
    assert batch.fps.tolist() == [2.0, 2.0]
    np.testing.assert_array_equal(batch.images[1, 3].permute(1, 2, 0).numpy(), long.frames[3].image)
    np.testing.assert_array_equal(batch.images[0, 0, :, :24, :32].permute(1, 2, 0).numpy(), short.frames[0].image)
    assert not batch.images[0, 1:].any()
    assert not batch.images[0, 0, :, 24:].any()
    assert not batch.images[0, 0, :, :, 32:].any()
    assert not batch.boxes[~batch.box_mask].any()


def test_clips_without_people(tmp_path):
    clip = cut_clip(make_sequence(tmp_path / "pictures"), [0])
    empty = type(clip)(clip.name, clip.fps, clip.frames, (), (), "", ())
    batch = collate_clips([empty])
    assert batch.boxes.shape == (1, 0, 1, 4)
    assert batch.interactions.shape == (0, 4)
    assert batch.captions == ((),)
    with pytest.raises(ValueError, match="no clip"):
        collate_clips([])


def batches(data: BenSmot, workers: int, epoch: int = 0, start: int = 0, seed: int = 7) -> list[Batch]:
    dataset = ClipDataset(data, Window(frames=3, detector_frames=(1, 2)), Augmentation(), seed)
    order = ClipOrder(len(dataset), seed)
    order.set_epoch(epoch, start)
    return list(make_loader(dataset, order, batch_clips=2, workers=workers))


@pytest.mark.parametrize("workers", [1, 2])
def test_the_seed_alone_decides(data, workers):
    for one, other in zip(batches(data, 0), batches(data, workers), strict=True):
        assert_equal(one, other)


def test_epochs_and_seeds_differ(data):
    names = [tuple(name for batch in batches(data, 0, epoch) for name in batch.names) for epoch in range(4)]
    assert all(sorted(epoch) == list(data.names) for epoch in names)
    assert len(set(names)) > 1
    first, second = batches(data, 0, epoch=1)[0], batches(data, 0, epoch=1, seed=8)[0]
    assert first.names != second.names or not torch.equal(first.images, second.images)


def test_training_goes_on_in_the_middle_of_an_epoch(data):
    whole = batches(data, 0, epoch=2)
    rest = batches(data, 2, epoch=2, start=2)
    assert len(rest) == 2
    for one, other in zip(whole[1:], rest, strict=True):
        assert_equal(one, other)


def test_workers_that_stay_give_the_next_epoch(data):
    dataset = ClipDataset(data, Window(frames=3), Augmentation(), seed=1)
    order = ClipOrder(len(dataset), seed=1)
    loader = make_loader(dataset, order, batch_clips=3, workers=2)
    list(loader)
    order.set_epoch(1)
    again = ClipOrder(len(dataset), seed=1)
    again.set_epoch(1)
    for one, other in zip(loader, make_loader(dataset, again, batch_clips=3), strict=True):
        assert_equal(one, other)


def test_order(data):
    order = ClipOrder(5, shuffle=False)
    order.set_epoch(3, start=2)
    assert list(order) == [ClipKey(3, 2), ClipKey(3, 3), ClipKey(3, 4)]
    assert len(order) == 3
    with pytest.raises(ValueError, match="clips 0 to 5"):
        order.set_epoch(0, start=6)
    assert ClipDataset(data, Window(), None)[0].name == ClipDataset(data, Window(), None)[ClipKey(0, 0)].name


def test_a_batch_moves(data):
    batch = batches(data, 0)[0].to("meta")
    assert batch.images.device.type == "meta"
    assert batch.box_mask.device.type == "meta"
    assert batch.names
