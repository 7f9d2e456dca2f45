"""Features of people and frames: where they look, that padding and batching change nothing, and that gradient flows."""

import torch

from smot_vlm.tracking.roi import FrameFeatures, PersonFeatures

CHANNELS, STRIDES = [3, 4, 5], [8, 16, 32]


def make_pyramid(batch: int = 1, size: int = 128) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(batch, channels, size // stride, size // stride, generator=generator)
        for channels, stride in zip(CHANNELS, STRIDES, strict=True)
    ]


def test_a_box_becomes_four_tokens():
    features = PersonFeatures(CHANNELS, STRIDES, dim=16)
    boxes = [torch.tensor([[0.0, 0, 64, 64], [10, 20, 30, 90]])]
    assert features(make_pyramid(), boxes).shape == (2, 4, 16)
    assert features(make_pyramid(), [torch.zeros(0, 4)]).shape == (0, 4, 16)


def test_tokens_are_the_cells_of_the_box_from_the_top_left():
    """A picture that is bright in its lower right quarter only: the last token alone differs from the first."""
    pyramid = [
        torch.arange(channels).float().view(1, -1, 1, 1).repeat(1, 1, 128 // stride, 128 // stride)
        for channels, stride in zip(CHANNELS, STRIDES, strict=True)
    ]
    for level in pyramid:
        half = level.shape[-1] // 2
        level[:, :, half:, half:] *= -1.0
    features = PersonFeatures(CHANNELS, STRIDES, dim=16)
    tokens = features(pyramid, [torch.tensor([[0.0, 0, 128, 128]])])[0]
    distance = (tokens - tokens[0]).norm(dim=1)
    # The bright quarter bleeds a little over its edge where levels are coarse.
    assert distance[3] > 3 * distance[1:3].max()


def test_boxes_do_not_see_each_other_and_images_keep_apart():
    features = PersonFeatures(CHANNELS, STRIDES, dim=16)
    pyramid = make_pyramid(batch=2)
    first, second = torch.tensor([[0.0, 0, 64, 64]]), torch.tensor([[10.0, 20, 30, 90]])
    together = features(pyramid, [first, second])
    assert torch.allclose(together[0], features([level[:1] for level in pyramid], [first])[0], atol=1e-6)
    assert torch.allclose(together[1], features([level[1:] for level in pyramid], [second])[0], atol=1e-6)


def test_a_frame_becomes_its_grid():
    features = FrameFeatures(CHANNELS, dim=16, grid=4)
    assert features(make_pyramid(batch=3)).shape == (3, 16, 16)


def test_gradient_reaches_every_level():
    pyramid = [level.requires_grad_(True) for level in make_pyramid()]
    people = PersonFeatures(CHANNELS, STRIDES, dim=16)(pyramid, [torch.tensor([[8.0, 8, 100, 100]])])
    frame = FrameFeatures(CHANNELS, dim=16)(pyramid)
    (people.square().sum() + frame[..., 0].sum()).backward()
    assert all(level.grad.abs().sum() > 0 for level in pyramid)


def test_boxes_over_the_edge_and_of_one_pixel_give_numbers():
    features = PersonFeatures(CHANNELS, STRIDES, dim=16)
    boxes = torch.tensor([[-50.0, -50, 20, 20], [100, 100, 400, 400], [5, 5, 6, 6]])
    assert torch.isfinite(features(make_pyramid(), [boxes])).all()
