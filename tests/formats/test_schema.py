"""The published schema agrees with what Description writes, and every planted fault is found."""

import builtins
import copy
import json
import math
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smot_vlm.formats.schema import schema_text, validate_description
from smot_vlm.structures import SCHEMA, Description, Interaction, ModelInfo, Trajectory, VideoInfo


def make_description(tracks=2, edges=True, truncated=False, caption="Two people talk.") -> Description:
    people = [
        Trajectory(id, np.arange(3) * 2, np.array([[1.0, 2, 30, 40]] * 3), np.full(3, 0.9), f"Person {id} walks.")
        for id in range(1, tracks + 1)
    ]
    interactions = [Interaction(1, "talk.v.01", 2, 0.75)] if edges and tracks > 1 else []
    return Description(
        VideoInfo("clip.mp4", 64, 48, 25.0, 5, truncated),
        tuple(people),
        tuple(interactions),
        caption,
        ModelInfo("demo", "lora-lm", "byte", True),
    )


@pytest.mark.parametrize(
    "description",
    [
        make_description(),
        make_description(tracks=0),
        make_description(tracks=1, caption=""),
        make_description(truncated=True),
        make_description(caption='Ünïcode 你好 🎾 <script> "quoted"'),
    ],
)
def test_what_is_written_validates(description):
    assert validate_description(json.loads(description.to_json())) == []


numbers = st.floats(-1e6, 1e6)


@st.composite
def descriptions(draw) -> Description:
    ids = draw(st.lists(st.integers(-5, 10**9), unique=True, max_size=5))
    people = []
    for id in ids:
        frames = sorted(draw(st.sets(st.integers(0, 10**6), max_size=6)))
        boxes = [[draw(numbers) for _ in range(4)] for _ in frames]
        people.append(Trajectory(id, frames, boxes, [draw(numbers) for _ in frames], draw(st.text())))
    pairs = [(a, b) for a in ids for b in ids if a != b]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=4)) if pairs else []
    edges = [Interaction(a, draw(st.text(min_size=1)), b, draw(numbers)) for a, b in chosen]
    video = VideoInfo(draw(st.text()), draw(st.integers(0, 9999)), 0, draw(st.floats(0, 500)), 7, draw(st.booleans()))
    model = ModelInfo(draw(st.text()), draw(st.text()), draw(st.text()), draw(st.booleans()))
    return Description(video, tuple(people), tuple(edges), draw(st.text()), model)


@settings(max_examples=60, deadline=None)
@given(descriptions())
def test_every_description_validates(description):
    assert validate_description(json.loads(json.dumps(description.to_dict()))) == []


def change(path: str, value):
    """A fault: the field at `path` (dots between keys) becomes `value`."""

    def plant(content):
        *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in way:
            content = content[key]
        content[last] = value

    return plant


def remove(path: str):
    def plant(content):
        *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in way:
            content = content[key]
        del content[last]

    return plant


FAULTS = [
    # planted fault, place that the message must name
    (change("schema", "smot-vlm/3"), "schema"),
    (remove("schema"), "description"),
    (remove("video"), "description"),
    (remove("model"), "description"),
    (remove("tracks"), "description"),
    (remove("interactions"), "description"),
    (remove("caption"), "description"),
    (change("surplus", 1), "description"),
    (change("caption", None), "caption"),
    (change("video.width", 64.5), "video.width"),
    (change("video.height", -1), "video.height"),
    (change("video.fps", "25"), "video.fps"),
    (change("video.fps", math.inf), "video.fps"),
    (change("video.frames", None), "video.frames"),
    (change("video.truncated", 1), "video.truncated"),
    (change("video.surplus", 1), "video"),
    (remove("video.source"), "video"),
    (change("model.trained", "yes"), "model.trained"),
    (change("model.name", 3), "model.name"),
    (change("model.surplus", 1), "model"),
    (remove("model.decoder"), "model"),
    (change("tracks", {}), "tracks"),
    (change("tracks.0.id", "1"), "tracks[0].id"),
    (change("tracks.0.id", 1.5), "tracks[0].id"),
    (change("tracks.0.id", 2), "tracks"),
    (change("tracks.0.frames.0", -1), "tracks[0].frames[0]"),
    (change("tracks.0.frames.0", 0.5), "tracks[0].frames[0]"),
    (change("tracks.0.frames", [0, 4, 2]), "tracks[0].frames"),
    (change("tracks.0.frames", [0, 2, 2]), "tracks[0].frames"),
    (change("tracks.0.frames", [0, 2]), "tracks[0].boxes"),
    (change("tracks.0.boxes.1", [1, 2, 3]), "tracks[0].boxes[1]"),
    (change("tracks.0.boxes.1", [1, 2, 3, 4, 5]), "tracks[0].boxes[1]"),
    (change("tracks.0.boxes.1.2", "30"), "tracks[0].boxes[1][2]"),
    (change("tracks.0.boxes.1.2", math.nan), "tracks[0].boxes[1]"),
    (change("tracks.0.boxes", []), "tracks[0].boxes"),
    (change("tracks.0.scores", [0.5]), "tracks[0].scores"),
    (change("tracks.0.scores.0", None), "tracks[0].scores[0]"),
    (change("tracks.0.scores.0", math.nan), "tracks[0].scores[0]"),
    (change("tracks.0.caption", None), "tracks[0].caption"),
    (change("tracks.0.surplus", 1), "tracks[0]"),
    (remove("tracks.0.caption"), "tracks[0]"),
    (change("interactions.0.subject", 7), "interactions[0].subject"),
    (change("interactions.0.object", 7), "interactions[0].object"),
    (change("interactions.0.object", 1), "interactions[0].object"),
    (change("interactions.0.verb", ""), "interactions[0].verb"),
    (change("interactions.0.verb", 4), "interactions[0].verb"),
    (change("interactions.0.score", "high"), "interactions[0].score"),
    (change("interactions.0.score", math.inf), "interactions[0].score"),
    (remove("interactions.0.score"), "interactions[0]"),
    (change("interactions.0.surplus", 1), "interactions[0]"),
]


@pytest.mark.parametrize(("plant", "place"), FAULTS)
def test_each_planted_fault_is_found(plant, place):
    content = copy.deepcopy(make_description().to_dict())
    plant(content)
    faults = validate_description(content)
    assert place in [fault.split(":")[0] for fault in faults]
    assert all("\n" not in fault for fault in faults)


@pytest.mark.parametrize("content", [None, [], "text", 3, {}])
def test_what_is_no_description_has_faults(content):
    assert validate_description(content)


def damaged_video() -> Description:
    video = VideoInfo(
        "clip.mp4", 64, 48, 25.0, 5, stopped=True, damage=((0.5, 1.25), (3, 4)), times=((0, 0.0), (2, 1.5), (4, 2.0))
    )
    return replace(make_description(), video=video)


def test_damage_and_times_are_written_and_read():
    description = damaged_video()
    content = json.loads(description.to_json())
    assert validate_description(content) == []
    assert content["video"]["damage"] == [[0.5, 1.25], [3.0, 4.0]]
    assert content["video"]["times"] == [[0, 0.0], [2, 1.5], [4, 2.0]]
    assert Description.from_dict(content).video == description.video


def test_a_description_of_an_earlier_version_has_neither():
    content = json.loads(make_description().to_json())
    for field in ("stopped", "damage", "times"):
        del content["video"][field]
    assert validate_description(content) == []
    video = Description.from_dict(content).video
    assert (video.stopped, video.damage, video.times) == (False, (), ())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("damage", [[1.0]]),
        ("damage", 3),
        ("damage", None),
        ("damage", [["a", "b"]]),
        ("damage", [[2.0, 3.0], [1.0, 1.5]]),
        ("times", [[0, 1.0], [0, 2.0]]),
        ("times", [[0, 1.0], [1, 0.5]]),
        ("times", [[0, float("nan")]]),
        ("times", [[float("inf"), 1.0]]),
        ("times", {"a": 1}),
    ],
)
def test_wrong_pairs_are_refused_in_one_line(field: str, value: object):
    content = json.loads(make_description().to_json())
    content["video"][field] = value
    with pytest.raises(ValueError, match=rf"video\.{field}|{field} of the video") as caught:
        Description.from_dict(content)
    assert "\n" not in str(caught.value)


def test_a_description_without_the_truncated_mark_is_valid():
    content = make_description().to_dict()
    del content["video"]["truncated"]
    assert validate_description(content) == []
    assert Description.from_dict(content).video.truncated is False


def test_what_the_schema_refuses_is_not_read_but_for_blanks_and_what_has_a_default():
    taken = []
    for plant, place in FAULTS:
        content = json.loads(make_description().to_json())
        plant(content)
        try:
            Description.from_dict(content)
            taken.append((place, validate_description(content)[0].rpartition(":")[2]))
        except ValueError:
            continue
    assert taken == [
        ("tracks[0]", " 'caption' is a required property"),
        ("interactions[0].verb", " '' should be non-empty"),
        ("interactions[0]", " 'score' is a required property"),
    ]


def test_the_schema_is_a_schema_and_names_the_written_version():
    schema = json.loads(schema_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["$id"]
    assert schema["properties"]["schema"]["const"] == SCHEMA


def test_every_field_has_a_title_and_a_description():
    schema = json.loads(schema_text())
    fields = {**schema["properties"], **schema["$defs"]}
    for name, part in schema["$defs"].items():
        fields.update({f"{name}.{key}": value for key, value in part.get("properties", {}).items()})
    bare = [
        name for name, field in fields.items() if "$ref" not in field and not {"title", "description"} <= set(field)
    ]
    assert bare == []


def test_without_jsonschema_the_error_names_the_extra(monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest, **named):
        if name.startswith("jsonschema"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"pip install 'smot-vlm\[dev\]'"):
        validate_description(make_description().to_dict())
