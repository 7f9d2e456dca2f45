"""Fact recall and precision of a run, where the data say what is true."""

import json
from dataclasses import replace

import evaluation_cases as cases
import pytest

from smot_vlm.evaluation.fact_columns import facts_notes, facts_parts
from smot_vlm.evaluation.protocol import pair_up
from smot_vlm.evaluation.sequence_pairs import SequencePrediction, SequenceTruth
from smot_vlm.language.fact_records import Action, Appearance, SequenceFacts, TrackFacts, VideoFacts, read_facts_file
from smot_vlm.synthetic import read_facts

RED = "A man in a red shirt and blue trousers walks to the left."
GREEN = "A woman in a green shirt and black trousers walks to the left."
MATCH = {11: 1, 12: 2}


def facts() -> SequenceFacts:
    tracks = (
        TrackFacts("man0", 1, "man", "red", "blue", (), ("walk_left",), (), ("walk_left",)),
        TrackFacts("woman0", 2, "woman", "green", "black", (), ("walk_left",), (), ("walk_left",)),
    )
    video = VideoFacts(
        "", 2, (), (Action(Appearance("man", "red"), "walk_left"), Action(Appearance("woman", "green"), "walk_left"))
    )
    return SequenceFacts("a/b", 1, "test", 2.0, video, tracks)


def truth() -> SequenceTruth:
    tracks = (cases.track(1, 100, RED), cases.track(2, 300, GREEN))
    return SequenceTruth("a/b", tracks, (), "Two people wave.", cases.FRAMES, facts())


def columns(captions: dict[int, str], match: dict[int, int]) -> dict[str, float]:
    """Values of the columns for predicted tracks with these captions."""
    tracks = tuple(cases.track(track_id, 200.0 * track_id, caption) for track_id, caption in captions.items())
    pairs = pair_up([SequencePrediction("a/b", tracks)], [truth()])
    return {
        column.key: value
        for part in facts_parts(pairs, [match], read_facts)
        for column, value in zip(part.columns, part.score([1.0]), strict=True)
    }


def test_right_captions_tell_everything():
    values = columns({11: RED, 12: GREEN}, MATCH)
    for category in ("", "kind ", "top ", "bottom ", "action "):
        assert values[f"instance facts/{category}recall"] == values[f"instance facts/{category}precision"] == 1
    assert values["video facts/recall"] == 0, "no video caption"


def test_swapped_captions_tell_only_what_both_share():
    values = columns({11: GREEN, 12: RED}, MATCH)
    assert values["instance facts/action recall"] == 1
    assert values["instance facts/top recall"] == values["instance facts/kind precision"] == 0


def test_a_missed_track_costs_recall_and_an_extra_one_precision():
    lost = columns({11: RED}, {11: 1})
    assert lost["instance facts/recall"] == pytest.approx(1 / 2)
    assert lost["instance facts/precision"] == 1
    extra = columns({11: RED, 12: GREEN, 13: RED}, MATCH)
    assert extra["instance facts/recall"] == 1
    assert extra["instance facts/precision"] == pytest.approx(2 / 3)


def test_data_without_facts_have_no_columns():
    pairs = pair_up([], [replace(truth(), facts=None)])
    assert facts_parts(pairs, [{}], read_facts) == []
    assert facts_notes(pairs, [{}], read_facts) == []


def test_the_floor_of_a_caption_that_saw_nothing_is_told():
    floor, control = facts_notes(pair_up([], [truth()]), [{}], read_facts)
    # Given to each other's track, the captions share the action only: 2 of 8 facts.
    assert floor == "instance facts: true captions given to the wrong tracks recall 0.250"
    assert control == "instance facts: this run's captions given to the wrong tracks recall 0.000", "it says nothing"


def test_the_control_gives_a_runs_captions_to_the_wrong_tracks():
    tracks = tuple(
        cases.track(track_id, 200.0 * track_id, caption) for track_id, caption in {11: RED, 12: GREEN}.items()
    )
    _, control = facts_notes(pair_up([SequencePrediction("a/b", tracks)], [truth()]), [MATCH], read_facts)
    assert control.endswith("recall 0.250")


def test_facts_come_from_facts_json(tmp_path):
    assert read_facts_file(tmp_path) is None
    (tmp_path / "facts.json").write_text(json.dumps(facts().to_dict()))
    assert read_facts_file(tmp_path) == facts()
    (tmp_path / "facts.json").write_text("{}")
    with pytest.raises(ValueError, match=r"facts\.json: schema is None"):
        read_facts_file(tmp_path)
