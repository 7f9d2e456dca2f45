"""The losses: they reach what they should and nothing else, they are counted exactly, and a batch is the sum of its clips."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from training_cases import EVEN, EVERYTHING, example, make_objective, small_training

from smot_vlm.detection.detector import DetectorOutput
from smot_vlm.fusion.memory import SceneMemory
from smot_vlm.models.clips import ClipBatch, ClipInput
from smot_vlm.models.decoders import DECODERS
from smot_vlm.models.fused import EncodedFrame
from smot_vlm.semantics.smoter_decoder import SmoterDecoder
from smot_vlm.structures import Detections, EventSegment, Frame
from smot_vlm.training.objective import combine
from smot_vlm.training.optim import make_optimizer, parameter_groups, set_rates
from smot_vlm.training.targets import to_images
from smot_vlm.training.terms import TERMS, Phase

NOTHING = dict.fromkeys(TERMS, 0.0)


@pytest.fixture
def config(tiny_language_model):
    return small_training(tiny_language_model)


def gradients(objective, examples, phase=EVERYTHING) -> dict[str, torch.Tensor]:
    objective.zero_grad()
    losses = objective(examples, phase)
    combine(losses, objective.count_targets(examples), objective.weights).backward()
    return {
        name: parameter.grad.clone()
        for name, parameter in objective.model.named_parameters()
        if parameter.grad is not None
    }


def backbone_moves(config, detach: bool, weights: dict[str, float]) -> float:
    """How far one step moves the detector's weights."""
    objective = make_objective(config, weights, detach)
    groups = parameter_groups(
        objective.model, learning_rate=1e-3, lora_learning_rate=1e-3, backbone_factor=1.0, weight_decay=0.0
    )
    optimizer = make_optimizer(groups)
    set_rates(optimizer, 1.0)
    before = [parameter.detach().clone() for parameter in objective.model.detector.parameters()]
    gradients(objective, [example()])
    optimizer.step()
    after = objective.model.detector.parameters()
    return max(float((new - old).detach().abs().max()) for new, old in zip(after, before, strict=True))


@pytest.mark.parametrize("task", ["instance", "video"])
def test_a_caption_alone_moves_the_backbone_unless_features_are_detached(config, task):
    weights = NOTHING | {task: 1.0}
    assert backbone_moves(config, detach=False, weights=weights) > 1e-5
    assert backbone_moves(config, detach=True, weights=weights) == 0.0


@pytest.mark.parametrize("task", ["grounding", "interactions"])
def test_words_and_verbs_alone_move_the_backbone(config, task):
    assert backbone_moves(config, detach=False, weights=NOTHING | {task: 1.0}) > 1e-5


def test_gradient_reaches_every_trained_part_and_no_frozen_one(config):
    objective = make_objective(config)
    objective.model.decoder.language_model.train()
    for name, parameter in objective.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    found = gradients(objective, [example()])
    trained = {name for name, parameter in objective.model.named_parameters() if parameter.requires_grad}
    without = {name for name in trained if name not in found or not found[name].abs().sum() > 0}
    assert set(found) <= trained
    # The boxes of the coarse levels learn from large people alone.
    silent = {name for name in without if ".cv2." in name}
    assert without == silent


def test_phases(config):
    objective = make_objective(config)
    detector = objective([example()], Phase(features=False, ctc=False, captions=False))
    assert set(detector) == {"detection"}
    assert detector["detection"] > 0
    features = objective([example()], Phase(features=True, ctc=True, captions=False))
    assert set(features) == {"detection", "grounding", "frame_grounding", "interactions"}
    assert all(loss > 0 for loss in features.values())
    assert set(objective([example()], EVERYTHING)) == set(TERMS)


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ("none", ((), ())),
        ("captions", (("a man number 0", "a man number 1"), ())),
        ("captions+verbs", (("a man number 0", "a man number 1"), ("person 1: talk person 2",))),
    ],
)
def test_the_video_is_told_of_its_people_what_is_true(config, monkeypatch, context, told):
    objective = make_objective(config)
    objective.model.context = context
    asked = []
    ask = objective.model.scene_request

    def spy(fused, context, clip):
        asked.append((context.captions, context.relations))
        return ask(fused, context, clip)

    monkeypatch.setattr(objective.model, "scene_request", spy)
    objective([example()], EVERYTHING)
    assert asked == [told]


def test_an_event_is_read_from_its_own_observation_alone(config):
    """Words of the first half second say nothing about the observation after it, which has none."""
    objective = make_objective(config, weights=NOTHING | {"frame_grounding": 1.0})
    short = replace(
        example(people=2),
        events=(EventSegment(1, 0.0, 0.5, "a man", "waves"), EventSegment(2, 0.0, 0.5, "a boy", "bows")),
    )
    fused = []
    fuse = objective.model.trajectory_fusion.fuse_single_frames

    def spy(tokens, times, boxes):
        fused.append(times.tolist())
        return fuse(tokens, times, boxes)

    objective.model.trajectory_fusion.fuse_single_frames = spy
    losses = objective([short], Phase(features=True, ctc=False, captions=False))
    assert fused == [[0.0, 0.0]]
    grounding = objective.model.decoder.grounding
    single = sum(len(grounding.content_tokens(text)) for text in ("a man waves", "a boy bows"))
    segment = sum(len(grounding.content_tokens(text)) for text in ("a man new waves", "a boy new bows"))
    assert objective.count_targets([short])["frame_grounding"] == single + segment
    losses["frame_grounding"].backward()
    assert objective.model.person_features.levels[0].weight.grad.abs().sum() > 0


def test_where_no_event_is_known_nothing_is_asked(config):
    objective = make_objective(config)
    silent = replace(example(), events=())
    assert float(objective([silent], EVERYTHING)["frame_grounding"]) == 0
    assert objective.count_targets([silent])["frame_grounding"] == 0


@pytest.mark.parametrize("people", [0, 1])
def test_a_clip_without_a_pair_or_anybody_has_finite_losses(config, people):
    objective = make_objective(config)
    losses = objective([example(people=people)], EVERYTHING)
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert losses["interactions"] == 0
    combine(losses, objective.count_targets([example(people=people)]), EVEN).backward()


def test_targets_are_counted_as_the_decoder_counts_them(config, monkeypatch):
    objective = make_objective(config)
    decoder = objective.model.decoder
    counted = []
    for owner, name, attribute in ((decoder, "loss", "tokens"), (decoder.grounding, "caption_loss", "words")):
        method = getattr(owner, name)

        def spy(requests, captions, method=method, attribute=attribute, **options):
            found = method(requests, captions, **options)
            counted.append(getattr(found, attribute))
            return found

        monkeypatch.setattr(owner, name, spy)
    examples = [example(people=2), replace(example(people=3, seed=1), caption="")]
    examples[1] = replace(examples[1], teach_video=False)
    objective(examples, EVERYTHING)
    counts = objective.count_targets(examples)
    # Captions of people and of videos are read in one pass.
    assert counted == [counts["grounding"], counts["instance"] + counts["video"]]
    assert min(counts["instance"], counts["video"]) > 0
    assert counts["detection"] == 4
    assert counts["interactions"] == 2


def test_counts_of_the_papers_decoder(config, monkeypatch):
    tokenizer = config.decoder.lora_lm.language_model
    small = partial(SmoterDecoder.load, tokenizer, hidden=24, layers=1, heads=2, feedforward=32)
    monkeypatch.setitem(DECODERS, "smoter", lambda decoder, dim: small(dim=dim, max_new_tokens=decoder.max_new_tokens))
    objective = make_objective(replace(config, decoder=replace(config.decoder, name="smoter")))
    losses, counts = objective([example()], EVERYTHING), objective.count_targets([example()])
    assert losses["grounding"] == counts["grounding"] == 0
    assert counts["instance"] == 2 * config.decoder.max_new_tokens, "captions are cut to what can be written"
    assert losses["instance"] > 0


def test_micro_batches_add_up_to_the_whole(config):
    """With norms at rest, and without grounding: the wrong answers of a micro-batch are its own people's words."""
    objective = make_objective(config, EVEN | {"detection": 0.0, "grounding": 0.0, "frame_grounding": 0.0})
    for module in objective.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
            module.reset_running_stats()
    parts = [[example(people=3)], [example(people=1, seed=1)]]
    together = gradients(objective, parts[0] + parts[1])
    counts = objective.count_targets(parts[0] + parts[1])
    first, second = map(objective.count_targets, parts)
    assert counts == {name: first[name] + second[name] for name in first}
    objective.zero_grad()
    for part in parts:
        combine(objective(part, EVERYTHING), counts, objective.weights).backward()
    for name, parameter in objective.model.named_parameters():
        if name in together:
            scale = together[name].abs().max()
            assert torch.allclose(parameter.grad, together[name], atol=1e-4 * float(scale) + 1e-9), name


def test_forward_of_whole_clips_equals_streaming_them_frame_by_frame(config):
    """The oracle: what is observed and fused at inference."""
    objective = make_objective(config)
    model = objective.model.eval()
    clips = [example(people=2), example(people=3, seed=1)]
    with torch.no_grad():
        images = [to_images(clip.canvases, model.device) for clip in clips]
        whole = model(
            ClipBatch(torch.cat(images), [ClipInput(clip.placement, clip.times, clip.tracks) for clip in clips])
        )
        tracks, masks = whole.tracks.split([2, 3]), whole.mask.split([2, 3])
        for place, clip in enumerate(clips):
            output = model.detector(images[place])
            memory = SceneMemory(per_second=2.0, capacity=6)
            for position in range(3):
                levels = [level[position : position + 1] for level in output.pyramid]
                boxes = np.array([track.boxes[position] for track in clip.tracks])
                tracked = Detections(boxes, np.ones(len(boxes)), ids=[track.id for track in clip.tracks])
                frame = Frame(position, position / 2, np.zeros((48, 64, 3), dtype=np.uint8))
                model.observe(
                    memory, frame, EncodedFrame(DetectorOutput(None, levels), clip.placement), tracked, keyframe=True
                )
            streamed = model.fuse_memory(memory, [track.id for track in clip.tracks])
            assert torch.equal(masks[place], streamed.mask)
            assert torch.allclose(tracks[place], streamed.tracks, atol=1e-5)
            assert torch.allclose(whole.scenes[place], streamed.scenes[0], atol=1e-5)


def test_clips_of_different_sizes_share_a_batch(config):
    objective = make_objective(config).eval()
    tall = example(seed=1)
    tall = replace(tall, canvases=np.pad(tall.canvases, ((0, 0), (0, 32), (0, 0), (0, 0)), constant_values=114))
    losses = objective.train()([example(), tall], EVERYTHING)
    assert all(torch.isfinite(loss) for loss in losses.values())
