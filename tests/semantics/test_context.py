"""What the video's prompt is told of its people."""

import pytest
from tiny import moving_squares, tiny_config

from smot_vlm.fusion.memory import SceneMemory
from smot_vlm.models.build import build_model
from smot_vlm.semantics.context import MAX_PEOPLE, Relation, SceneContext
from smot_vlm.semantics.prompts import VISUAL, Prompts
from smot_vlm.structures import Detections, Frame


def test_people_and_relations_stand_in_the_prompt():
    context = SceneContext.of(["A man in red", "A girl"], [Relation(0, "push", 1)])
    for prefix in ("", "vl_"):
        prompt = Prompts(prefix=prefix).render("video_caption", context=context)
        assert "person 1: A man in red" in prompt
        assert "person 2: A girl" in prompt
        assert "person 1: push person 2." in prompt
        assert prompt.count(VISUAL) == 1


def test_people_are_called_by_the_numbers_that_pictures_show():
    context = SceneContext.of(["A man in red", "A girl"], [Relation(1, "push", 0)], [4, 9])
    prompt = Prompts(prefix="vl_").render("video_caption", context=context)
    assert "person 4: A man in red person 9: A girl" in prompt
    assert "person 9: push person 4." in prompt


def test_without_context_the_prompt_says_nothing_of_people_known():
    assert "person 1" not in Prompts().render("video_caption", context=SceneContext())


def test_a_caption_cannot_place_soft_tokens():
    context = SceneContext.of([f"A man {VISUAL} here"], [])
    assert Prompts().render("video_caption", context=context).count(VISUAL) == 1


def test_a_crowd_is_not_told_whole():
    context = SceneContext.of(["someone"] * 50, [Relation(0, "push", 30), Relation(0, "push", 1)])
    assert len(context.captions) == MAX_PEOPLE
    assert context.relations == ("person 1: push person 2",)


class EchoDecoder:
    """Answers with the prompt that it was given."""

    wants_pictures = False

    def __init__(self):
        self.batches = []

    def generate(self, requests):
        self.batches.append([request.task for request in requests])
        return [request.prompt if request.task == "video" else f"caption {row}" for row, request in enumerate(requests)]


@pytest.mark.parametrize(
    ("context", "batches", "told", "not_told"),
    [
        ("none", [["video", "instance", "instance"]], [], ["person 1"]),
        ("captions", [["instance", "instance"], ["video"]], ["person 1: caption 0", "person 2: caption 1"], ["push"]),
        (
            "captions+verbs",
            [["instance", "instance"], ["video"]],
            ["person 2: caption 1", "person 1: push person 2"],
            [],
        ),
    ],
)
def test_the_summary_is_told_what_the_config_says(tiny_language_model, context, batches, told, not_told):
    model = build_model(tiny_config(tiny_language_model)).eval()
    model.context = context
    del model.decoder
    echo = model.decoder = EchoDecoder()
    memory = SceneMemory(per_second=4.0, capacity=6)
    frame = Frame(0, 0.0, moving_squares(frames=1)[0])
    people = Detections([[2, 4, 14, 16], [2, 32, 14, 44]], [1.0, 1.0], ids=[1, 2])
    model.observe(memory, frame, model.encode_frame(frame.image), people, keyframe=True)
    caption, captions = model.describe(model.fuse_memory(memory, [1, 2]), [Relation(0, "push", 1)])
    assert echo.batches == batches
    assert len(captions) == 2
    assert all(words in caption for words in told)
    assert not any(words in caption for words in not_told)


def test_an_unknown_context_is_told(tiny_language_model):
    import dataclasses

    config = tiny_config(tiny_language_model)
    config = dataclasses.replace(config, decoder=dataclasses.replace(config.decoder, context="all"))
    with pytest.raises(ValueError, match=r"it takes none, captions, captions\+verbs"):
        build_model(config)
