"""Captions that agree with the trajectories and interactions beside them."""

from dataclasses import replace

import numpy as np
import pytest

from smot_vlm.language.agreement import MOST_BOXES_WITHOUT_ORDER, agreed, contradictions
from smot_vlm.language.fact_reader import read_facts, start_of_deeds
from smot_vlm.language.retelling import count_corrected, tell_video
from smot_vlm.structures import Description, Interaction, ModelInfo, Trajectory, VideoInfo
from smot_vlm.synthetic import make_sequence
from smot_vlm.system.files import shipped_folder
from smot_vlm.tracker import Tracker

MODEL = ModelInfo("demo", "lora-lm", "byte", True)
SEEDS = range(640_000, 640_060)


def person(track_id: int, caption: str, boxes: int = 50) -> Trajectory:
    frames = np.arange(boxes)
    return Trajectory(track_id, frames, np.tile([0.0, 0, 9, 9], (boxes, 1)), np.ones(boxes), caption)


def description(captions: list[str], edges: list[tuple[int, str, int]], caption: str = "") -> Description:
    tracks = tuple(person(index + 1, text) for index, text in enumerate(captions))
    return Description(
        VideoInfo("clip.mp4", 64, 48, 25.0, 50), tracks, tuple(Interaction(*edge) for edge in edges), caption, MODEL
    )


def drawn(seed: int) -> Description:
    """The truth of a drawn clip as a description."""
    sequence = make_sequence(seed)
    tracks = tuple(
        person(track.id, track.caption, max(len(track), MOST_BOXES_WITHOUT_ORDER + 1)) for track in sequence.tracks
    )
    video = VideoInfo(sequence.name, 320, 240, sequence.fps, len(sequence))
    return Description(video, tracks, sequence.interactions, sequence.caption, MODEL)


GIRL = "A woman in a red top talks to a girl in a black shirt, then waves at the girl, and finally jumps up and down."


def test_a_deed_that_was_not_found_is_not_told():
    given = description([GIRL, ""], [(1, "talk.v.01", 2), (2, "talk.v.01", 1)])
    assert contradictions(given) == ["person 1: beckon.v.01:subject is told and not found"]
    told = agreed(given)
    assert told.tracks[0].caption == (
        "A woman in a red top talks with a girl in a black top, and finally jumps up and down."
    )
    assert contradictions(told) == []


@pytest.mark.parametrize(
    ("edges", "kept"),
    [
        ([(1, "talk.v.01", 2), (1, "beckon.v.01", 2)], ("talk.v.01:mutual", "beckon.v.01:subject", "jump")),
        ([(2, "talk.v.01", 1)], ("talk.v.01:mutual", "jump")),
        ([(2, "beckon.v.01", 1)], ("jump",)),  # the other way round
        ([], ("jump",)),
    ],
)
def test_both_directions_of_a_mutual_verb_count_and_one_of_the_others(edges, kept):
    assert read_facts(agreed(description([GIRL, ""], edges)).tracks[0].caption).events == kept


def test_whom_nothing_is_told_of_keeps_the_appearance():
    text = "In the video, a man dressed in a white shirt and blue trousers is seen first hugging a boy in a green top."
    told = agreed(description([text, ""], [])).tracks[0].caption
    assert told == "In the video, a man dressed in a white shirt and blue trousers."
    facts = read_facts(told)
    assert (facts.kind, facts.top, facts.bottom, facts.events) == ("man", "white", "blue", ())


def test_words_that_the_lexicon_does_not_know_stay():
    text = "Two cyclists overtake a bus; someone shouts."
    given = description([text, text], [], text)
    assert agreed(given).to_dict() == given.to_dict()


@pytest.mark.parametrize("boxes", [1, MOST_BOXES_WITHOUT_ORDER])
def test_a_short_track_has_no_order_of_deeds(boxes):
    given = description(["A man in a red top jumps up and down, then sits on a stool."], [])
    short = replace(given, tracks=(person(1, given.tracks[0].caption, boxes),))
    assert len(contradictions(short)) == 1
    assert agreed(short).tracks[0].caption == "A man in a red top jumps up and down."
    assert agreed(given).tracks[0].caption == given.tracks[0].caption


@pytest.mark.parametrize(
    ("text", "people", "expected"),
    [
        ("Three people are in a park.", 4, "Four people are in a park."),
        ("Three people are in a park.", 1, "One person is in a park."),
        ("In a park, one person can be seen.", 2, "In a park, two people can be seen."),
        ("The video shows two people on a beach. Two people dance.", 12, "The video shows 12 people on a beach. Two people dance."),
        ("A park.", 3, "A park."),
    ],
)  # fmt: skip
def test_the_number_of_people_is_the_number_of_tracks(text, people, expected):
    assert count_corrected(text, people) == expected
    assert agreed(description([""] * people, [], text)).caption == expected


def test_a_relation_that_was_not_found_leaves_the_videos_caption():
    people = ["A woman in a red top.", "A man in a blue top.", "A man in a green top."]
    text = (
        "Three people are on a beach. A woman in a red top hugs a man in a blue top, then a man in a green top pushes "
        "a man in a blue top. In addition, a man in a green top jumps up and down."
    )
    whole = description(people, [(1, "embrace.v.02", 2), (3, "push.v.01", 2)], text)
    assert agreed(whole).caption == text
    for wrong in ([(2, "push.v.01", 3)], [(1, "push.v.01", 2)], []):
        told = agreed(
            replace(whole, interactions=tuple(Interaction(*edge) for edge in [(1, "embrace.v.02", 2), *wrong]))
        )
        assert told.caption == (
            "Three people are on a beach. A man in a blue top and a woman in a red top hug each other. "
            "A man in a green top jumps up and down."
        )
        assert contradictions(told) == []


def test_a_composed_caption_tells_what_was_found():
    people = [
        "A woman in a red top jumps up and down.",
        "A man in a blue top.",
        "A girl in a white top claps both hands.",
    ]
    given = description(people, [(1, "push.v.01", 2)], "Seven people are in a gym.")
    assert agreed(given, compose=True).caption == (
        "Three people are in a gym. A woman in a red top pushes a man in a blue top. A girl in a white top claps both hands."
    )
    assert agreed(replace(given, caption="Nonsense."), compose=True).caption.startswith(
        "Three people are in the video."
    )
    assert agreed(given, compose=True, place="beach").caption.startswith("Three people are on a beach.")
    assert agreed(given, compose=True, place="").caption.startswith("Three people are in the video.")


def test_nobody_is_not_told_of():
    assert agreed(description([], [], "Two people dance."), compose=True).caption == ""
    assert contradictions(description([], [], "Two people dance.")) != []


def test_a_video_without_a_relation_still_has_its_place():
    assert tell_video("beach", 1, (), ()) == "One person is on a beach."


@pytest.mark.parametrize("text", ["", "a man", "a man in a red top claps both hands"])
def test_deeds_start_at_the_first_verb(text):
    assert text[start_of_deeds(text) :] == ("claps both hands" if "claps" in text else "")


def test_what_is_true_of_drawn_clips_stays_word_for_word():
    for seed in SEEDS:
        truth = drawn(seed)
        assert contradictions(truth) == []
        assert agreed(truth).to_dict() == truth.to_dict()


def test_whatever_is_not_found_the_rest_agrees_and_nothing_is_invented():
    random = np.random.default_rng(0)
    removed = 0
    for seed in SEEDS:
        truth = drawn(seed)
        kept = tuple(edge for edge in truth.interactions if random.random() < 0.5)
        removed += len(truth.interactions) - len(kept)
        for compose in (False, True):
            told = agreed(replace(truth, interactions=kept), compose=compose)
            assert contradictions(told) == []
            for before, after in zip(truth.tracks, told.tracks, strict=True):
                facts, left = read_facts(before.caption), read_facts(after.caption)
                assert (facts.kind, facts.top, facts.bottom) == (left.kind, left.top, left.bottom)
                events = iter(facts.events)
                assert all(event in events for event in left.events), "in the old order"
    assert removed > 50


def check_described_clips(seeds: range) -> None:
    try:
        tracker = Tracker.from_pretrained("demo", device="cpu")
    except FileNotFoundError as error:
        pytest.skip(f"the base language model is not on this machine ({error})")
    for seed in seeds:
        sequence = make_sequence(seed, width=320)
        images = np.stack([sequence.frame(index) for index in range(sequence.length)])
        told = tracker.describe(images, fps=sequence.fps)
        assert contradictions(told) == [], seed
        assert bool(told.caption) == bool(told.tracks)


@pytest.mark.shipped
def test_the_shipped_model_agrees_with_itself():
    check_described_clips(range(650_000, 650_003))


@pytest.mark.slow
@pytest.mark.shipped
def test_the_shipped_model_agrees_with_itself_on_a_hundred_clips():
    check_described_clips(range(650_000, 650_100))


@pytest.mark.shipped
def test_the_demo_clip_agrees_with_itself():
    try:
        tracker = Tracker.from_pretrained("demo", device="cpu")
    except FileNotFoundError as error:
        pytest.skip(f"the base language model is not on this machine ({error})")
    assert contradictions(tracker.describe(shipped_folder("assets") / "demo.mp4", max_frames=60)) == []


@pytest.mark.parametrize(
    ("caption", "told"),
    [
        (
            "A man in a red top and blue pants waves one hand in the air, then waves one hand in the air, and finally sits on a stool.",
            ("wave", "sit"),
        ),
        (
            "A man in a red top and blue pants waves one hand in the air, then sits on a stool, and finally waves one hand in the air.",
            ("wave", "sit", "wave"),
        ),
    ],
)
def test_what_is_told_twice_in_a_row_is_told_once(caption, told):
    assert read_facts(agreed(description([caption], [])).tracks[0].caption).events == told
