"""Times, evidence and attributes in a description: written, read, and refused where they contradict what they belong to."""

import copy
import json
from typing import Any

import numpy as np
import pytest

from smot_vlm.formats.schema import validate_description
from smot_vlm.structures import (
    Attribute,
    Clause,
    Description,
    Interaction,
    ModelInfo,
    Segment,
    Span,
    Trajectory,
    VideoInfo,
)


def told() -> Description:
    """A man waves at a woman, then sits; everything that version 2 can say of it."""
    frames, boxes, scores = np.arange(50), np.tile([1.0, 2, 30, 40], (50, 1)), np.full(50, 0.9)
    man = Trajectory(
        4,
        frames,
        boxes,
        scores,
        "A man waves at a woman, then sits.",
        segments=(
            Segment("waves at a woman", 0.0, 2.5, "wave.v.01", "subject", 7),
            Segment("sits", 2.5, 4.96, "sit"),
        ),
        attributes=(Attribute("kind", "man", 0.93), Attribute("has", "bag", 0.7), Attribute("has", "hat", 0.61)),
    )
    woman = Trajectory(7, frames, boxes + 40, scores)
    spans = (Span(0.24, 1.0, (6, 12), 0.8), Span(1.5, 2.25, (40,), 0.5))
    return Description(
        VideoInfo("clip.mp4", 640, 480, 10.0, 50),
        (man, woman),
        (Interaction(4, "wave.v.01", 7, 0.8, spans),),
        "In a park, a man waves at a woman.",
        ModelInfo(
            "demo",
            "lora-lm",
            "byte",
            True,
            training_data="drawn videos",
            calibration="best F1",
            prompts={"a": "0" * 12},
        ),
        clauses=(Clause("In a park"), Clause("a man waves at a woman", (4, 7), (0,))),
    )


def test_everything_is_written_and_read_again():
    content = json.loads(told().to_json())
    assert validate_description(content) == []
    again = Description.from_dict(content)
    assert again.interactions == told().interactions
    assert again.tracks[0].segments == told().tracks[0].segments
    assert again.tracks[0].attributes == told().tracks[0].attributes
    assert (again.clauses, again.model) == (told().clauses, told().model)
    assert again.to_json() == told().to_json()


def test_the_form_of_each_part():
    content = told().to_dict()
    assert content["interactions"][0]["spans"][0] == {
        "from_seconds": 0.24,
        "to_seconds": 1.0,
        "frames": [6, 12],
        "score": 0.8,
    }
    assert content["tracks"][0]["attributes"][0] == {"name": "kind", "value": "man", "score": 0.93}
    assert content["tracks"][0]["segments"][1] == {
        "text": "sits",
        "from_seconds": 2.5,
        "to_seconds": 4.96,
        "action": "sit",
        "role": "",
        "partner": None,
    }
    assert content["clauses"][1]["interactions"] == [0]


def test_a_file_of_version_1_is_valid_and_read():
    content = json.loads(told().to_json())
    content["schema"] = "smot-vlm/1"
    assert validate_description(content), "version 1 knows no spans"
    del content["clauses"], content["passages"], content["video"]["cuts"], content["video"]["blur"]
    del content["interactions"][0]["spans"]
    for track in content["tracks"]:
        del track["segments"], track["attributes"], track["passages"]
    for name in ("training_data", "calibration", "prompts"):
        del content["model"][name]
    assert validate_description(content) == []
    old = Description.from_dict(content)
    assert (old.interactions[0].spans, old.tracks[0].segments, old.tracks[0].attributes, old.clauses) == (
        (),
        (),
        (),
        (),
    )
    assert old.to_dict()["schema"] == "smot-vlm/2"


def set_at(content: dict[str, Any], path: str, value: object) -> None:
    *way, last = path.split(".")
    place: Any = content
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[last] = value


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("interactions.0.spans.0.to_seconds", 0.1, "interactions[0].spans[0].to_seconds"),
        ("interactions.0.spans.0.to_seconds", 1.75, "interactions[0].spans"),
        ("interactions.0.spans.0.from_seconds", -0.5, "interactions[0].spans[0].from_seconds"),
        ("interactions.0.spans.0.frames", [12, 6], "interactions[0].spans[0].frames"),
        ("interactions.0.spans.0.frames", [-1], "interactions[0].spans[0].frames[0]"),
        ("interactions.0.spans.0.score", 1.5, "interactions[0].spans[0].score"),
        ("tracks.0.segments.0.text", "waves at a dog", "tracks[0].segments[0].text"),
        ("tracks.0.segments.0.partner", 4, "tracks[0].segments[0].partner"),
        ("tracks.0.segments.0.partner", 5, "tracks[0].segments[0].partner"),
        ("tracks.0.segments.0.role", "victim", "tracks[0].segments[0].role"),
        ("tracks.0.segments.1.to_seconds", 1.0, "tracks[0].segments[1].to_seconds"),
        ("tracks.0.attributes.0.name", "Kind", "tracks[0].attributes[0].name"),
        ("tracks.0.attributes.0.value", " ", "tracks[0].attributes[0].value"),
        ("tracks.0.attributes.0.score", -0.1, "tracks[0].attributes[0].score"),
        ("tracks.0.attributes.1.value", "hat", "tracks[0].attributes"),
        ("clauses.0.text", "In a zoo", "clauses[0].text"),
        ("clauses.1.people", [4, 9], "clauses[1].people"),
        ("clauses.1.interactions", [1], "clauses[1].interactions"),
        ("clauses.1.interactions", [-1], "clauses[1].interactions[0]"),
        ("model.prompts", {"a": 1}, "model.prompts.a"),
    ],
)
def test_a_fault_is_found_by_the_validator_and_refused_by_the_reader(path: str, value: object, place: str):
    content = json.loads(told().to_json())
    broken = copy.deepcopy(content)
    set_at(broken, path, value)
    assert [fault.split(":")[0] for fault in validate_description(broken)] == [place]
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        Description.from_dict(broken)
    assert "\n" not in str(caught.value)


def test_other_captions_drop_the_segments_and_clauses_of_the_old_ones():
    changed = told().with_captions("In a park, a man waves at a woman.", {4: "A man sits."})
    assert changed.tracks[0].segments == ()
    assert changed.clauses == told().clauses
    assert changed.tracks[0].attributes == told().tracks[0].attributes
    assert told().with_captions("Nothing.", {}).clauses == ()
    assert told().with_captions("Nothing.", {}).tracks[0].segments == told().tracks[0].segments
