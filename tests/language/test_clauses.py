"""Clauses of captions with the deeds that they tell, and whom they speak of."""

import numpy as np

from smot_vlm.language.clauses import person_clauses, video_clauses
from smot_vlm.language.fact_reader import event_label, read_facts
from smot_vlm.language.pointing import partner_of, with_clauses
from smot_vlm.structures import Description, Interaction, ModelInfo, Trajectory, VideoInfo
from smot_vlm.synthetic.sequence import make_sequence

PERSON = (
    "Wearing a violet top and red trousers, a young boy first is approached by a girl wearing a white top, next applauds "
    "the girl, then sits on a stool for a while and in the end drags the girl while the camera keeps recording."
)
VIDEO = (
    "Three people are on a street. A woman in a yellow shirt helps up a woman wearing a black top; after that, a woman in "
    "a yellow shirt is interviewed by a woman in a black top. Besides, a girl in a white top bows deeply and then sits on "
    "a stool."
)


def test_a_persons_clauses_begin_with_their_verbs():
    assert [(one.text, one.deed.action, one.deed.role) for one in person_clauses(PERSON)] == [
        ("is approached by a girl wearing a white top", "approach.v.01", "object"),
        ("applauds the girl", "applaud.v.01", "subject"),
        ("sits on a stool for a while", "sit", ""),
        ("drags the girl", "pull.v.01", "subject"),
    ]


def test_a_videos_clauses_begin_with_who_does_it():
    assert [one.text for one in video_clauses(VIDEO)] == [
        "A woman in a yellow shirt helps up a woman wearing a black top",
        "a woman in a yellow shirt is interviewed by a woman in a black top",
        "a girl in a white top bows deeply",
        "sits on a stool",
    ]


def test_clauses_of_drawn_captions_tell_all_events_in_order_and_stand_in_the_text():
    for seed in range(20):
        sequence = make_sequence(seed)
        for track in sequence.tracks:
            clauses = person_clauses(track.caption)
            events = [
                event_label(one.deed.action, one.deed.role) if one.deed.role else one.deed.action for one in clauses
            ]
            assert tuple(events) == read_facts(track.caption).events
            places = [track.caption.index(one.text, one.deed.start) for one in clauses]
            assert places == [one.deed.start for one in clauses]


def test_text_that_nobody_knows_has_no_clauses():
    assert person_clauses("") == person_clauses("Somebody frobnicates.") == video_clauses("İ") == ()


def told() -> Description:
    def person(track_id: int, caption: str) -> Trajectory:
        return Trajectory(track_id, np.arange(3), np.tile([0.0, 0, 9, 9], (3, 1)), np.ones(3), caption)

    return Description(
        VideoInfo("a.mp4", 64, 48, 10.0, 3),
        (
            person(3, "A woman in a black top and a red skirt is helped up by a woman in a yellow top."),
            person(5, "A woman in a yellow shirt and a red skirt helps up a woman in a black top."),
            person(8, "A girl in a white top and a red skirt bows deeply and then sits on a stool."),
        ),
        (
            Interaction(3, "interview.v.01", 5, 0.8),
            Interaction(5, "help.v.01", 3, 0.7),
            Interaction(5, "help.v.01", 8, 0.9),
        ),
        VIDEO,
        ModelInfo("demo", "lora-lm", "byte", True),
    )


def test_clauses_point_to_people_and_interactions():
    assert [(one.people, one.interactions) for one in with_clauses(told()).clauses] == [
        ((3, 5, 8), ()),
        ((5, 3), (1,)),
        ((3, 5), (0,)),
        ((8,), ()),
        ((8,), ()),
    ]


def test_a_partner_is_whom_the_caption_names_before_who_is_likelier():
    description = told()
    people = {track.id: read_facts(track.caption) for track in description.tracks}
    (clause,) = person_clauses(description.track(5).caption)
    assert partner_of(clause.deed, 5, description.interactions, people) == 3
    assert partner_of(clause.deed, 5, description.interactions[2:], people) == 8
    assert partner_of(clause.deed, 5, (), people) is None
