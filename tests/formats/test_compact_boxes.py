"""Compact boxes come back to within half a unit, are the same when written again, and their faults are told."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_schema import make_description

from smot_vlm.formats.compact_boxes import compact, expanded
from smot_vlm.formats.schema import validate_description
from smot_vlm.structures import Description, Passage, Trajectory
from smot_vlm.structures.description import MOST_BOX_ROWS

coordinates = st.floats(-1e8, 1e8)


@st.composite
def tracks(draw) -> Trajectory:
    frames = sorted(draw(st.sets(st.integers(0, 2**31 - 1), min_size=1, max_size=20)))
    boxes = [[draw(coordinates) for _ in range(4)] for _ in frames]
    return Trajectory(3, frames, boxes, [draw(st.floats(-100, 100)) for _ in frames], "Walks.")


@settings(max_examples=100)
@given(tracks())
def test_a_track_comes_back(track):
    description = replace(make_description(tracks=0), tracks=(track,))
    text = description.to_json(compact_boxes=True)
    assert validate_description(json.loads(text)) == []
    again = Description.from_dict(json.loads(text))
    found = again.tracks[0]
    assert found.frames.tolist() == track.frames.tolist()
    # Half a unit, and what a float of this size cannot tell apart.
    assert np.abs(found.boxes - track.boxes).max() <= 0.05 + 1e-7
    assert np.abs(found.scores - track.scores).max() <= 0.005 + 1e-9
    assert again.to_json(compact_boxes=True) == text


def test_frames_are_runs_and_boxes_steps_of_tenths():
    content = compact(
        np.array([4, 6, 8, 9]),
        np.array([[1.0, 2, 3, 4], [1.1, 2, 3, 4], [1.1, 2, 2.5, 4], [0, 0, 1, 1]]),
        np.full(4, 0.875),
    )
    assert content == {
        "frames": {"first": 4, "runs": [[2, 2], [1, 1]]},
        "boxes": {"unit": 0.1, "steps": [10, 20, 30, 40, 1, 0, 0, 0, 0, 0, -5, 0, -11, -20, -15, -30]},
        "scores": {"unit": 0.01, "values": [88] * 4},
    }
    assert expanded(content, "tracks[0]")["boxes"][1].tolist() == [1.1, 2.0, 3.0, 4.0]


def test_many_boxes_are_written_in_few_characters(tmp_path):
    """So an hour at 25 frames a second with 6 people, 540,000 boxes, takes less than 9 MB."""
    frames = np.arange(MOST_BOX_ROWS + 1)
    rng = np.random.default_rng(0)
    left = 300 + 200 * np.sin(frames / 100) + rng.normal(0, 0.5, len(frames))
    jitter = rng.normal(0, 0.5, (3, len(frames)))
    boxes = np.stack([left, 100 + jitter[0], left + 60 + jitter[1], 300 + jitter[2]], axis=1)
    walker = Trajectory(1, frames, boxes, rng.uniform(0.5, 0.95, len(frames)), "Walks.")
    description = replace(make_description(tracks=0), tracks=(walker,))
    description.write_json(tmp_path / "description.json")
    assert (tmp_path / "description.json").read_text() == description.to_json()
    assert (tmp_path / "description.json").stat().st_size < 9e6 / 540_000 * len(frames)
    again = Description.from_json(tmp_path / "description.json").tracks[0]
    assert np.abs(again.boxes - boxes).max() <= 0.0501


def test_few_boxes_keep_a_row_each():
    assert json.loads(make_description().to_json()) == make_description().to_dict()


FAULTS = [
    ("frames", [1, 2], "tracks[0].frames is no object"),
    ("frames", {"first": -1, "runs": []}, "tracks[0].frames.first is -1"),
    ("frames", {"first": 0, "runs": [[0, 2]]}, "tracks[0].frames.runs[0][0] is 0"),
    ("frames", {"first": 0, "runs": [[1, 2147483647]]}, "2147483648 frames, 3 boxes"),
    ("frames", {"first": 2147483647, "runs": [[1, 2]]}, "below 2**31"),
    ("boxes", {"unit": 0, "steps": [0] * 12}, "tracks[0].boxes.unit is 0"),
    ("boxes", {"unit": 0.1, "steps": [0] * 11}, "2.75 boxes"),
    ("boxes", {"unit": 0.1, "steps": [0.5] * 12}, "tracks[0].boxes.steps[0] is 0.5"),
    ("boxes", {"unit": 1.0, "steps": [10**11] * 12}, "tracks[0].boxes[0][0]"),
    ("scores", {"unit": 0.01}, "tracks[0].scores.values is missing"),
]


@pytest.mark.parametrize(("field", "value", "told"), FAULTS)
def test_wrong_compact_fields_are_told_in_one_line(field, value, told):
    content = json.loads(make_description().to_json(compact_boxes=True))
    content["tracks"][0][field] = value
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        Description.from_dict(content)
    assert "\n" not in str(caught.value)


def test_cuts_and_passages_are_written_and_read():
    description = make_description()
    track = replace(
        description.tracks[0], passages=(Passage("He sits.", 0.0, 1.5), Passage("He runs.", 1.5, 2, "doubtful"))
    )
    description = replace(
        description,
        video=replace(description.video, cuts=(0.48, 2.0)),
        tracks=(track, *description.tracks[1:]),
        passages=(Passage("Two sit.", 0.0, 2.0),),
    )
    content = json.loads(description.to_json())
    assert validate_description(content) == []
    again = Description.from_dict(content)
    assert (again.video.cuts, again.tracks[0].passages, again.passages) == (
        (0.48, 2.0),
        track.passages,
        description.passages,
    )


def test_a_description_of_before_has_neither_cuts_nor_passages():
    content = json.loads(make_description().to_json())
    del content["video"]["cuts"], content["passages"]
    for track in content["tracks"]:
        del track["passages"]
    assert validate_description(content) == []
    assert Description.from_dict(content).to_dict() == make_description().to_dict()


@pytest.mark.parametrize("place", ["video", "track", "description"])
def test_what_is_out_of_order_is_refused(place):
    content = json.loads(make_description().to_json())
    passages = [{"text": "b", "from_seconds": 2, "to_seconds": 3}, {"text": "a", "from_seconds": 0, "to_seconds": 1}]
    {
        "video": lambda: content["video"].update(cuts=[2.0, 1.0]),
        "track": lambda: content["tracks"][0].update(passages=passages),
        "description": lambda: content.update(passages=passages),
    }[place]()
    assert validate_description(content)
    with pytest.raises(ValueError, match="in order"):
        Description.from_dict(content)
