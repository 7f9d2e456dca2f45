"""The fact reader finds in every caption exactly what the writer put there, and in any other text only what it says."""

import json
import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smot_vlm.evaluation.fact_scores import chance_recall, score_caption, sum_scores
from smot_vlm.language import caption_lexicon as lexicon
from smot_vlm.language.fact_file import facts_from_dict
from smot_vlm.language.fact_records import (
    Appearance,
    CaptionFacts,
    PartnerFact,
    Relation,
    SequenceFacts,
    TrackFacts,
    VideoFacts,
)
from smot_vlm.synthetic import read_facts
from smot_vlm.synthetic.language.caption_writer import instance_caption, video_caption
from smot_vlm.synthetic.language.story_facts import choose_highlights, timeline, track_facts, video_facts
from smot_vlm.synthetic.stage.scenes import PAINTERS
from smot_vlm.synthetic.story.actions import SOLO
from smot_vlm.synthetic.story.events import DoesNotFit
from smot_vlm.synthetic.story.interactions import DUETS
from smot_vlm.synthetic.story.plot import draw_people_count, write_story

MAN = Appearance("man", "red")
WOMAN = Appearance("woman", "green")


@cache
def captioned_stories() -> tuple[tuple[SequenceFacts, list[str], str], ...]:
    """Facts, instance captions and video caption of several hundred stories (nothing is drawn)."""
    result = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        split = ("train", "test")[seed % 2]
        story = write_story(rng, split, draw_people_count(rng, 1, 8), tuple(SOLO), tuple(DUETS), None)
        try:
            captions = [
                instance_caption(rng, person, events, story.people)
                for person, events in zip(story.people, story.events, strict=True)
            ]
        except DoesNotFit:
            continue
        scene = list(PAINTERS)[seed % len(PAINTERS)]
        highlights = choose_highlights(story)
        video = video_facts(scene, len(story.people), highlights)
        facts = SequenceFacts(f"{scene}/{seed}", seed, split, 2.0, video, track_facts(story), timeline(story))
        result.append((facts, captions, video_caption(rng, scene, highlights, story.people)))
    return tuple(result)


def test_enough_stories_fit_into_captions():
    assert len(captioned_stories()) > 350


def test_every_instance_caption_reads_back_exactly():
    for facts, captions, _ in captioned_stories():
        for track, caption in zip(facts.tracks, captions, strict=True):
            score = score_caption(track, caption, read_facts)
            assert score.total.expected == score.total.stated == score.total.right, (caption, track)
            assert read_facts(caption).events == track.events, caption
            assert score.pairs_in_order == score.ordered_pairs == math.comb(len(set(track.events)), 2)


def test_every_video_caption_reads_back_exactly():
    for facts, _, caption in captioned_stories():
        score = score_caption(facts.video, caption, read_facts)
        assert score.total.expected == score.total.stated == score.total.right, (caption, facts.video)


def test_captions_are_long_enough_and_name_no_number():
    for _, captions, _ in captioned_stories():
        for caption in captions:
            assert 20 <= len(caption.split()) <= 45
            assert not any(character.isdigit() for character in caption)
            assert caption[0].isupper()
            assert caption.endswith(".")


def test_captions_vary():
    captions = [caption for _, all_captions, _ in captioned_stories() for caption in all_captions]
    assert len(set(captions)) > 0.99 * len(captions)
    openings = {" ".join(caption.split()[:2]) for caption in captions}
    assert len(openings) > 10


def test_every_wording_is_used_and_every_fact_occurs():
    text = " ".join(caption.lower() for _, captions, _ in captioned_stories() for caption in captions)
    for table in (lexicon.KINDS, lexicon.COLOURS, lexicon.ACCESSORIES):
        assert all(word in text for words_of in table.values() for word in words_of)
    finite = [phrase.finite for phrases in lexicon.ACTIONS.values() for phrase in phrases]
    assert sum(form in text for form in finite) > 0.97 * len(finite)


def test_no_wording_stands_for_two_facts():
    seen: dict[str, tuple[str, str]] = {}
    entries = [
        (form, ("action", name))
        for name, phrases in lexicon.ACTIONS.items()
        for phrase in phrases
        for form in (phrase.finite, phrase.gerund)
    ]
    for name, verb in lexicon.VERBS.items():
        for role in ("mutual",) if verb.mutual else ("subject", "object"):
            entries += [(f, (name, role)) for p in verb.from_side(role) for f in (p.finite, p.gerund)]
        entries += [(form, (name, "mutual")) for form in verb.plural]
    for table in (lexicon.KINDS, lexicon.COLOURS, lexicon.ACCESSORIES, lexicon.SCENES):
        entries += [(word, ("word", name)) for name, words_of in table.items() for word in words_of]
    for form, meaning in entries:
        assert seen.setdefault(form, meaning) == meaning, form


def test_a_passive_turns_the_roles_round():
    active = read_facts("A man in a red shirt pushes a woman in a green top.")
    passive = read_facts("A woman in a green top is pushed by a man in a red shirt.")
    assert active.relations == passive.relations == (Relation(MAN, "push.v.01", WOMAN),)
    assert active.partners == (PartnerFact("push.v.01", "subject", WOMAN),)
    assert passive.partners == (PartnerFact("push.v.01", "object", MAN),)


def test_the_partners_clothes_are_not_ones_own():
    facts = read_facts("A man in blue trousers hugs a woman in a red shirt and a pink skirt, then waves to the camera.")
    assert (facts.kind, facts.top, facts.bottom) == ("man", "", "blue")
    assert facts.partners[0].appearance == Appearance("woman", "red", "pink")
    assert facts.actions == ("wave",)


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("A man in a red shirt hugs a woman in a green top, then pushes the woman.", WOMAN),
        ("A man in a red shirt hugs a man in a green top, then pushes the other man.", Appearance("man", "green")),
        (
            "A man in a red shirt hugs a boy in a pink top, then hugs a man in a green top, then pushes the boy.",
            Appearance("boy", "pink"),
        ),
    ],
)
def test_a_partner_named_again(text, who):
    assert read_facts(text).partners[-1] == PartnerFact("push.v.01", "subject", who)


def test_longer_wordings_win():
    assert read_facts("A man walks away from the camera.").actions == ("walk_far",)
    assert read_facts("A man walks away from a boy in a red top.").partners[0].verb == "leave.v.01"
    assert read_facts("A man claps both hands.").partners == ()
    assert read_facts("A man punches the air.").actions == ("punch",)


def test_others_actions_are_not_ones_own():
    facts = read_facts(
        "In a park, two people can be seen. A man in a red shirt dances alone. A boy in a pink top bows deeply."
    )
    assert facts.actions == ("dance",)
    assert [(action.person.kind, action.action) for action in facts.person_actions] == [
        ("man", "dance"),
        ("boy", "bow"),
    ]
    assert (facts.scene, facts.count) == ("park", 2)


def test_a_verb_without_partner_still_counts_as_said():
    facts = read_facts("A man in a red shirt pushes and then stands still.")
    assert facts.partners == (PartnerFact("push.v.01", "subject", Appearance("")),)
    assert facts.events == ("push.v.01:subject", "stand")


@pytest.mark.parametrize(
    "text", ["", " ", "...", "xyz", "the the the", "he she he", "red red red shirt", "\u0130\u0000"]
)
def test_garbage_says_little(text):
    facts = read_facts(text)
    assert facts.partners == ()
    assert facts.actions == ()
    assert facts.relations == ()


def _known_words() -> list[str]:
    forms = [p.finite for phrases in lexicon.ACTIONS.values() for p in phrases]
    forms += [p.gerund for verb in lexicon.VERBS.values() for p in (*verb.subject, *verb.object)]
    forms += [form for verb in lexicon.VERBS.values() for form in verb.plural]
    clothes = [
        "red shirt",
        "blue trousers",
        "a cap",
        "the woman",
        "a man",
        "he",
        "two people",
        "in a park",
        "and",
        ",",
        ".",
    ]
    return forms + clothes


@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(_known_words()), max_size=30).map(" ".join)))
def test_any_text_can_be_read(text):
    facts = read_facts(text)
    assert isinstance(facts, CaptionFacts)
    assert read_facts(text.upper()).actions == read_facts(text.upper().lower()).actions
    assert set(facts.actions) <= set(lexicon.ACTIONS)
    assert {partner.verb for partner in facts.partners} <= set(lexicon.VERBS)
    assert len(facts.events) >= len(facts.actions)


def test_scores_by_hand():
    track = TrackFacts(
        key="man0",
        id=1,
        kind="man",
        top="red",
        bottom="blue",
        accessories=("cap", "backpack"),
        actions=("wave", "bow"),
        partners=(PartnerFact("push.v.01", "subject", WOMAN, "woman1"),),
        events=("wave", "push.v.01:subject", "bow"),
    )
    caption = (
        "A man in a red shirt and green trousers with a cap bows deeply, "
        "then pushes a woman in a pink top and jumps up and down."
    )
    score = score_caption(track, caption, read_facts)
    expected = {
        "kind": (1, 1, 1),
        "top": (1, 1, 1),
        "bottom": (1, 1, 0),
        "accessory": (2, 1, 1),
        "action": (2, 2, 1),
        "verb": (1, 1, 1),
        "partner": (1, 1, 0),
    }
    assert {count.category: (count.expected, count.stated, count.right) for count in score.counts} == expected
    assert (score.recall, score.precision) == (5 / 9, 5 / 8)
    assert (score.ordered_pairs, score.pairs_in_order) == (1, 0)
    assert score.order == 0.0
    assert math.isnan(score_caption(track, "", read_facts).precision)
    assert score_caption(track, "", read_facts).recall == 0.0


def test_a_video_score_by_hand():
    facts = VideoFacts("park", 2, (Relation(MAN, "push.v.01", WOMAN),), ())
    swapped = "In a park, two people can be seen. A woman in a green top pushes a man in a red shirt."
    score = score_caption(facts, swapped, read_facts)
    assert score.of("verb").right == 1
    assert score.of("person").right == 2
    assert score.of("relation").right == 0
    assert score.of("scene").recall == score.of("count").recall == 1.0


def test_sums_count_every_fact_once():
    facts, captions, _ = captioned_stories()[1]
    scores = [score_caption(track, caption, read_facts) for track, caption in zip(facts.tracks, captions, strict=True)]
    total = sum_scores(scores).total
    assert total.expected == sum(score.total.expected for score in scores)
    assert sum_scores([]).total.expected == 0
    assert math.isnan(sum_scores([]).recall)


def test_chance_is_low_and_needs_two():
    pairs = [
        (track, text)
        for facts, texts, _ in captioned_stories()
        for track, text in zip(facts.tracks, texts, strict=True)
    ]
    tracks, texts = zip(*pairs, strict=True)
    recall = chance_recall(tracks, texts, read_facts)
    assert 0.03 < recall < 0.20
    assert chance_recall(tracks, texts, read_facts) == recall
    with pytest.raises(ValueError, match="two or more"):
        chance_recall(tracks[:1], texts[:1], read_facts)


def test_the_timeline_holds_every_event_in_order_and_both_sides_at_once():
    for facts, _, _ in captioned_stories():
        for track in facts.tracks:
            events = [event for event in facts.timeline if event.id == track.id]
            assert tuple(event.event for event in events) == track.events
            assert all(before.to_seconds <= after.from_seconds for before, after in pairwise(events))
        for event in facts.timeline:
            if event.partner is not None:
                others = [one for one in facts.timeline if one.id == event.partner]
                (side,) = [one for one in others if (one.partner, one.from_seconds) == (event.id, event.from_seconds)]
                assert (side.event.split(":")[0], side.to_seconds) == (event.event.split(":")[0], event.to_seconds)
                assert event.verbs or side.verbs
                assert event.event.endswith(":object") or event.verbs[0] == event.event.split(":")[0]


def test_a_timeline_is_checked_where_it_is_read():
    facts, _, _ = captioned_stories()[0]
    content = json.loads(json.dumps(facts.to_dict()))
    content["timeline"][0]["to_seconds"] = content["timeline"][0]["from_seconds"]
    with pytest.raises(ValueError, match=r"timeline\[0\].*must end later"):
        facts_from_dict(content)
    del content["timeline"]
    assert facts_from_dict(content).timeline == (), "files of earlier versions have none"


def test_facts_survive_json():
    for facts, _, _ in captioned_stories()[:40]:
        assert facts_from_dict(json.loads(json.dumps(facts.to_dict()))) == facts


@pytest.mark.parametrize("content", [{}, [], {"schema": "other/1"}, {"schema": "smot-vlm/synthetic-facts/1"}])
def test_other_json_is_refused(content):
    with pytest.raises(ValueError, match=r"schema is|missing"):
        facts_from_dict(content)
