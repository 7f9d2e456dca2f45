"""SmotModel: streaming equals the whole clip, features depend on the pixels, gradient runs from a word to the backbone."""

import numpy as np
import pytest
import torch
from tiny import moving_squares, tiny_config

from smot_vlm.fusion.memory import SceneMemory
from smot_vlm.models.build import build_model
from smot_vlm.models.smot import SmotModel
from smot_vlm.structures import Detections, Frame


@pytest.fixture(scope="module")
def model(tiny_language_model) -> SmotModel:
    torch.manual_seed(0)
    made = build_model(tiny_config(tiny_language_model)).eval()
    # Fresh batch norms have statistics of nothing; some passes over pictures give them their own.
    made.detector.train()
    with torch.no_grad():
        for _ in range(30):
            made.detector(torch.rand(2, 3, 64, 96))
    return made.eval()


def people(index: int) -> Detections:
    boxes = [[2 + index, 4, 14 + index, 16], [2 + index, 32, 14 + index, 44]]
    return Detections(boxes, [1.0, 1.0], ids=[1, 2])


def watch(model: SmotModel, video: np.ndarray, step: int = 6) -> SceneMemory:
    memory = SceneMemory(per_second=4.0, capacity=6)
    for index in range(0, len(video), step):
        frame = Frame(index, index / 24, video[index])
        model.observe(memory, frame, model.encode_frame(frame.image), people(index), keyframe=True)
    return memory


def test_streaming_equals_the_whole_clip(model):
    video = moving_squares()
    with torch.no_grad():
        memory = watch(model, video)
        views = [model.encode_frame(video[index]) for index in range(0, 24, 6)]
        frames = torch.cat([model.frame_features(view.output.pyramid) for view in views])
        whole = model.video_fusion(frames[None])
        streamed = model.fuse_memory(memory, [])
    assert torch.allclose(streamed.scenes[0], whole[0], atol=1e-6)


def test_fusing_fewer_people_changes_nobodys_tokens(model):
    with torch.no_grad():
        memory = watch(model, moving_squares())
        both, alone = model.fuse_memory(memory, [1, 2]), model.fuse_memory(memory, [2])
    assert torch.allclose(both.tracks[1], alone.tracks[0], atol=1e-6)


def test_features_depend_on_what_is_seen(model):
    noise = np.random.default_rng(0).integers(0, 255, (24, 64, 96, 3), dtype=np.uint8)
    with torch.no_grad():
        plain, other = (model.fuse_memory(watch(model, video), [1, 2]) for video in (moving_squares(), noise))
    assert (plain.tracks - other.tracks).abs().max() > 1e-3
    assert (plain.scenes[0] - other.scenes[0]).abs().max() > 1e-3


def test_the_decoder_is_asked_for_the_video_first_and_then_for_everybody(model):
    with torch.no_grad():
        requests = model.caption_requests(model.fuse_memory(watch(model, moving_squares()), [1, 2]))
    assert [request.task for request in requests] == ["video", "instance", "instance"]
    assert requests[0].tokens.shape == (16, 32)
    assert requests[1].tokens.shape == (4 * 4, 32)


def test_pairs_are_directed(model):
    with torch.no_grad():
        fused = model.fuse_memory(watch(model, moving_squares()), [1, 2])
        logits = model.score_pairs(fused, torch.tensor([[0, 1], [1, 0]]))
    assert logits.shape == (2, 335)
    assert not torch.allclose(logits[0], logits[1])
    assert logits.sigmoid().max() < 0.2, "before training nothing is likely"


def test_a_word_moves_the_backbone(model):
    model.zero_grad()
    fused = model.fuse_memory(watch(model, moving_squares(frames=12)), [1, 2])
    model.decoder.loss(model.caption_requests(fused), ["two", "one", "one"]).total.backward()
    first = next(model.detector.parameters())
    assert first.grad is not None
    assert first.grad.abs().sum() > 0
    model.zero_grad()


def test_a_verb_moves_the_backbone(model):
    model.zero_grad()
    fused = model.fuse_memory(watch(model, moving_squares(frames=12)), [1, 2])
    model.score_pairs(fused, torch.tensor([[0, 1]])).sum().backward()
    assert next(model.detector.parameters()).grad.abs().sum() > 0
    model.zero_grad()
