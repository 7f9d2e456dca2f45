"""Features of people and frames: which cells they encode, that batching changes nothing, and that gradient flows."""

import torch

from smot_vlm.fusion.roi import FrameFeatures, PersonFeatures, RegionEncoder, surroundings

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
    """Something in one quarter of the box moves that quarter's token most, on the mean of some random networks."""
    torch.manual_seed(0)
    networks = [RegionEncoder(sum(CHANNELS), STRIDES, cells=(16, 8), dim=16).eval() for _ in range(8)]
    box = [torch.tensor([[0.0, 0, 128, 128]])]
    for quarter in range(4):
        row, column = divmod(quarter, 2)
        pyramid = make_pyramid()
        for level in pyramid:
            half = level.shape[-1] // 2
            level[:, :, row * half : (row + 1) * half, column * half : (column + 1) * half] += 3.0
        moved = [(features(pyramid, box)[0] - features(make_pyramid(), box)[0]).norm(dim=1) for features in networks]
        assert torch.stack(moved).mean(dim=0).argmax() == quarter


def test_surroundings_are_wider_than_the_person_by_its_height():
    assert surroundings(torch.tensor([[10.0, 20, 30, 60]])).tolist() == [[-10.0, 16.0, 50.0, 64.0]]


def test_boxes_do_not_see_each_other_and_images_keep_apart():
    features = PersonFeatures(CHANNELS, STRIDES, dim=16).eval()
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
