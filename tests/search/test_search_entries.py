"""What of a description can be found."""

from dataclasses import replace

from described import MODEL, person, pool, street

from smot_vlm.search.entries import INTERACTION, PERSON, SEGMENT, VIDEO, entries_of
from smot_vlm.structures import Description, Interaction, VideoInfo


def test_people_segments_interactions_and_the_video_are_entries():
    entries = entries_of(street())
    assert [(entry.kind, entry.people) for entry in entries] == [
        (PERSON, (1,)), (SEGMENT, (1,)), (SEGMENT, (1, 2)), (PERSON, (2,)), (INTERACTION, (1, 2)), (VIDEO, (1, 2)),
    ]  # fmt: skip
    assert entries[2].text == "A woman in a red coat hands over a parcel"
    assert (entries[2].from_seconds, entries[2].to_seconds, entries[2].action) == (1.0, 2.0, "give.v.03")


def test_an_interaction_says_who_and_what_and_shows_its_evidence():
    edge = entries_of(street())[4]
    assert edge.text.startswith("A woman in a red coat: give (")
    assert edge.text.endswith("): man blue")  # no segments: attributes
    assert (edge.from_seconds, edge.to_seconds, edge.frame) == (1.0, 2.0, 6)


def test_an_interaction_without_spans_lasts_while_both_are_there():
    description = street()
    description = replace(description, interactions=(Interaction(2, "wink at", 1),))
    edge = next(entry for entry in entries_of(description) if entry.kind == INTERACTION)
    assert edge.text == "man blue: wink at: A woman in a red coat"
    assert (edge.from_seconds, edge.to_seconds, edge.frame) == (0.0, 1.8, 5)


def test_doubtful_words_are_marked_and_withheld_ones_absent():
    assert [entry.doubtful for entry in entries_of(pool())] == [True, False]
    silent = person(1, "", words="withheld")
    description = Description(
        VideoInfo("v", 100, 50, 5.0, 10), (silent, person(2, "")), (Interaction(1, "push.v.01", 2),), "", MODEL
    )
    assert entries_of(description) == []


def test_times_are_unknown_where_no_rate_is():
    description = replace(street(), video=VideoInfo("v", 100, 50, 0.0, 10))
    assert (entries_of(description)[0].from_seconds, entries_of(description)[-1].to_seconds) == (None, None)
