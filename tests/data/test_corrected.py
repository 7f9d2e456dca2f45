"""The way back from annotation tools: what is exported and not changed comes back the same, what was corrected as corrected."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from smot_vlm.cli.main import app
from smot_vlm.data.bensmot import BenSmot, BenSmotSequence
from smot_vlm.data.cvat import CvatTasks
from smot_vlm.data.label_studio import LabelStudioTasks
from smot_vlm.export.formats import FORMATS
from smot_vlm.formats.flaws import one_line
from smot_vlm.formats.losses import Loss
from smot_vlm.structures import Attribute, Description, Interaction, ModelInfo, Segment, Trajectory, VideoInfo

FILES = {"cvat": "annotations.xml", "label-studio": "label-studio.json"}
READERS: dict[str, Any] = {"cvat": CvatTasks, "label-studio": LabelStudioTasks}
# What XML holds; other characters become U+FFFD.
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufffe\uffff"), max_size=30)


@st.composite
def descriptions(draw: st.DrawFn) -> Description:
    ids = draw(st.lists(st.integers(0, 10**6), unique=True, max_size=4))
    tracks = []
    for number in ids:
        frames = sorted(draw(st.sets(st.integers(0, 40), min_size=1, max_size=8)))
        corners = draw(st.tuples(*[st.floats(-50, 1000)] * 2, *[st.floats(1, 500)] * 2))
        boxes = np.array([[x + frame, y, x + frame + w, y + h] for frame in frames for x, y, w, h in [corners]])
        tracks.append(Trajectory(number, frames, boxes, np.ones(len(frames)), draw(TEXTS)))
    pairs = [(a, b) for a in ids for b in ids if a != b]
    verbs = st.sampled_from(["push.v.01", "embrace.v.02", "handshake.n.01"])
    edges = draw(st.sets(st.tuples(st.sampled_from(pairs), verbs), max_size=5)) if pairs else set()
    interactions = [Interaction(subject, verb, target) for (subject, target), verb in sorted(edges)]
    video = VideoInfo("clips/walk.mp4", 1280, 720, 12.5, draw(st.integers(1, 60)))
    return Description(video, tracks, interactions, draw(TEXTS), ModelInfo("demo", "lora-lm", "byte", True))


def back(name: str, description: Description, folder: Path) -> tuple[BenSmotSequence, tuple[Loss, ...]]:
    for file, content in FORMATS[name].write(description).items():
        (folder / file).write_text(str(content), encoding="utf-8")
    return READERS[name]([folder / FILES[name]]).read(0)


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=25, deadline=None)
@given(description=descriptions())
def test_what_is_exported_comes_back_the_same(
    name: str, tmp_path_factory: pytest.TempPathFactory, description: Description
):
    sequence, _ = back(name, description, tmp_path_factory.mktemp("back"))
    expected = sorted(description.tracks, key=lambda track: track.id)
    assert [track.id for track in sequence.tracks] == [track.id for track in expected]
    for found, track in zip(sequence.tracks, expected, strict=True):
        assert found.frames.tolist() == track.frames.tolist()
        assert found.boxes == pytest.approx(track.boxes, abs=0.002)
        assert found.caption == one_line(track.caption)
    told = {(edge.subject, edge.verb, edge.object) for edge in description.interactions}
    assert {(edge.subject, edge.verb, edge.object) for edge in sequence.interactions} == told
    assert sequence.caption == one_line(description.caption)
    assert (sequence.name, sequence.size) == (f"{name}/walk", (1280, 720))


def person(track_id: int, caption: str, **more: Any) -> Trajectory:
    boxes = np.stack([np.arange(6.0), np.zeros(6), 9 + np.arange(6.0), np.full(6, 20.0)], axis=1)
    return Trajectory(track_id, np.arange(6), boxes, np.ones(6), caption, **more)


@pytest.mark.parametrize("name", FILES)
def test_what_the_layout_cannot_hold_is_said(name: str, tmp_path: Path):
    one = person(
        1,
        "note: he sits.",
        attributes=(Attribute("kind", "man"), Attribute("has", "bag")),
        segments=(Segment("he sits", 0, 1),),
    )
    edges = (Interaction(1, "hand; over 3", 2), Interaction(2, "push.v.01", 1))
    video = VideoInfo("a.mp4", 64, 48, 0.0, 6)
    description = Description(video, (one, person(2, "")), edges, "", ModelInfo("demo", "lora-lm", "byte", True))
    sequence, losses = back(name, description, tmp_path)
    assert [track.caption for track in sequence.tracks] == ["note: he sits.", ""]
    assert [(edge.subject, edge.verb, edge.object) for edge in sequence.interactions] == [(2, "push.v.01", 1)]
    told = {loss.kind: loss.message for loss in losses}
    assert set(told) - {"uncorrected"} == {"attribute-without-place", "unknown-verb", "no-images", "guessed-frame-rate"}
    assert "'hand; over 3'" in told["unknown-verb"]


def shades(*levels: int, size: tuple[int, int] = (100, 50)) -> list[bytes]:
    """PNG pictures of one shade each."""
    pictures = []
    for level in levels:
        file = io.BytesIO()
        Image.new("RGB", size, (level, level, level)).save(file, "PNG")
        pictures.append(file.getvalue())
    return pictures


# As CVAT writes a task of every second frame of a video: boxes between keyframes too, or keyframes alone (track 2).
CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <job><id>7</id><size>5</size><mode>interpolation</mode><start_frame>0</start_frame><stop_frame>9</stop_frame>
      <frame_filter>step=2</frame_filter>
      <labels><label><name>Person</name><type>any</type><attributes/></label></labels></job>
    <dumped>2026-01-01</dumped><source>street.mp4</source>
  </meta>
  <track id="0" label="Person" source="manual">
    <box frame="0" keyframe="1" outside="0" occluded="0" xtl="0.0" ytl="0.0" xbr="10.0" ybr="20.0" z_order="0">
      <attribute name="caption">A man waits.</attribute><attribute name="id">12</attribute>
      <attribute name="interactions">push.v.01 3 (0.10-0.20s); nonsense; hug 99</attribute></box>
    <box frame="2" keyframe="0" outside="0" occluded="1" xtl="2.0" ytl="0.0" xbr="12.0" ybr="20.0" z_order="4">
      <attribute name="caption">A man waits.</attribute><attribute name="id">12</attribute></box>
    <box frame="4" keyframe="1" outside="0" occluded="0" xtl="4.0" ytl="0.0" xbr="14.0" ybr="20.0" z_order="0">
      <attribute name="caption">He leaves.</attribute><attribute name="id">12</attribute></box>
    <box frame="6" keyframe="1" outside="1" occluded="0" xtl="4.0" ytl="0.0" xbr="14.0" ybr="20.0" z_order="0">
      <attribute name="caption">He is gone.</attribute></box>
  </track>
  <track id="1" label="Person" source="manual">
    <box frame="2" keyframe="1" outside="0" xtl="20" ytl="10" xbr="40" ybr="20" rotation="90.0">
      <attribute name="id">3</attribute></box>
    <box frame="8" keyframe="1" outside="0" xtl="50" ytl="0" xbr="60" ybr="30"><attribute name="id">3</attribute></box>
  </track>
  <track id="2" label="Person"><box frame="8" keyframe="1" outside="0" xtl="0" ytl="0" xbr="5" ybr="5"/></track>
  <track id="3" label="car"><box frame="0" keyframe="1" outside="0" xtl="0" ytl="0" xbr="5" ybr="5"/></track>
  <track id="4" label="Person"><polygon frame="0" keyframe="1" outside="0" points="1,1;2,2;3,1"/></track>
  <track id="5" label="Person">
    <box frame="8" keyframe="1" outside="0" xtl="70" ytl="0" xbr="75" ybr="5"><attribute name="id">12</attribute></box>
  </track>
</annotations>
"""


def test_a_task_as_cvat_writes_it(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "task.zip", "w") as archive:
        archive.writestr("annotations.xml", CVAT)
        for frame, picture in zip(range(0, 10, 2), shades(0, 50, 100, 150, 200), strict=True):
            archive.writestr(f"images/frame_{frame:06d}.PNG", picture)
    sequence, losses = CvatTasks([tmp_path / "task.zip"], fps=5.0).read(0)
    assert (sequence.name, sequence.size, sequence.fps) == ("cvat/street", (100, 50), 5.0)
    assert sequence.frame_numbers.tolist() == [0, 2, 4, 6, 8]
    assert [int(sequence.read_frame(place).image.mean()) for place in range(5)] == [0, 50, 100, 150, 200]
    tracks = {track.id: track for track in sequence.tracks}
    assert sorted(tracks) == [3, 12, 13], "12 has two tracks, the person without an id gets the next number"
    assert tracks[12].frames.tolist() == [0, 2, 4, 8]
    assert tracks[12].boxes[:, 0].tolist() == [0, 2, 4, 70]
    assert tracks[12].caption == "A man waits. He leaves."
    assert tracks[3].frames.tolist() == [2, 4, 6, 8]
    # The rotated box stands upright, and the two between it and the next one lie on a line.
    assert tracks[3].boxes[:2].tolist() == [
        pytest.approx([25, 5, 35, 25]),
        pytest.approx([100 / 3, 10 / 3, 130 / 3, 80 / 3]),
    ]
    assert [(edge.subject, edge.verb, edge.object) for edge in sequence.interactions] == [(12, "push.v.01", 3)]
    kinds = sorted(loss.kind for loss in losses)
    assert kinds == [
        "other-class", "other-shape", "person-without-box", "rotated-box", "wrong-interaction", "wrong-interaction",
    ]  # fmt: skip
    assert all(str(tmp_path / "task.zip") in loss.message and "\n" not in loss.message for loss in losses)


# As Label Studio writes a task that two people annotated, one of them in vain.
REGION = {"type": "videorectangle", "from_name": "box", "to_name": "video", "origin": "manual"}


def key(frame: int, x: float, *, enabled: bool = True) -> dict[str, Any]:
    return {
        "frame": frame,
        "x": x,
        "y": 10,
        "width": 20,
        "height": 40,
        "enabled": enabled,
        "rotation": 0,
        "time": frame / 25,
    }


LABEL_STUDIO = [
    {
        "id": 5,
        "data": {"video": "/data/upload/1/0a1b2c3d-street.mp4"},
        "annotations": [
            {"id": 1, "was_cancelled": True, "updated_at": "2026-03-01", "result": []},
            {"id": 2, "updated_at": "2026-01-01", "result": []},
            {
                "id": 3,
                "updated_at": "2026-02-01",
                "result": [
                    {**REGION, "id": "aX1", "value": {"framesCount": 6, "duration": 1.2, "labels": ["person"], "sequence": [key(1, 0), key(3, 10, enabled=False), key(5, 50)]}},
                    {**REGION, "id": "person-7", "value": {"framesCount": 6, "sequence": [key(2, 60, enabled=False)]}},
                    {**REGION, "id": "car", "value": {"framesCount": 6, "labels": ["car"], "sequence": [key(2, 60)]}},
                    {"id": "person-7", "type": "labels", "from_name": "label", "to_name": "video", "value": {"labels": ["person"]}},
                    {"id": "aX1", "type": "textarea", "from_name": "caption", "to_name": "video", "value": {"text": ["A boy runs.", "He\nfalls."]}},
                    {"id": "n1", "type": "textarea", "from_name": "summary", "to_name": "video", "value": {"text": ["Two boys."]}},
                    {"type": "relation", "from_id": "aX1", "to_id": "person-7", "direction": "left", "labels": ["push.v.01"]},
                    {"type": "relation", "from_id": "aX1", "to_id": "person-7", "direction": "bi", "labels": ["embrace.v.02"]},
                    {"type": "relation", "from_id": "aX1", "to_id": "car", "direction": "right", "labels": ["push.v.01"]},
                    {"type": "relation", "from_id": "aX1", "to_id": "person-7", "direction": "right"},
                    {"id": "c", "type": "choices", "from_name": "c", "to_name": "video", "value": {"choices": ["x"]}},
                ],
            },
        ],
        "predictions": [{"result": [{"type": "videorectangle", "id": "old", "value": {}}]}],
    }
]  # fmt: skip


def test_a_task_as_label_studio_writes_it(tmp_path: Path):
    (tmp_path / "export.json").write_text(json.dumps(LABEL_STUDIO))
    (tmp_path / "videos/street.mp4").mkdir(parents=True)
    for number, picture in enumerate(shades(*range(6), size=(200, 100)), start=1):
        (tmp_path / f"videos/street.mp4/{number:03d}.png").write_bytes(picture)
    sequence, losses = LabelStudioTasks([tmp_path / "export.json"], tmp_path / "videos").read(0)
    assert (sequence.name, sequence.fps, sequence.caption) == ("label-studio/street", 5.0, "Two boys.")
    assert len(sequence) == 6
    seven, new = sequence.tracks
    assert (seven.id, seven.frames.tolist(), seven.boxes.tolist()) == (7, [1], [[120, 10, 160, 50]])
    assert (new.id, new.frames.tolist()) == (8, [0, 1, 2, 4, 5])
    assert new.boxes[:, 0].tolist() == [0, 10, 20, 100, 100], "per cent of 200 pixels; the last box stays to the end"
    assert new.caption == "A boy runs. He falls."
    edges = [(edge.subject, edge.verb, edge.object) for edge in sequence.interactions]
    assert edges == [(7, "push.v.01", 8), (8, "embrace.v.02", 7), (7, "embrace.v.02", 8)]
    kinds = sorted(loss.kind for loss in losses)
    assert kinds == [
        "interaction-of-nobody", "other-annotation", "other-class", "other-result", "relation-without-verb",
    ]  # fmt: skip


def test_a_size_that_nothing_states_is_asked_for(tmp_path: Path):
    (tmp_path / "export.json").write_text(json.dumps(LABEL_STUDIO))
    with pytest.raises(ValueError, match="size nothing states; give the folder of the video with --media"):
        LabelStudioTasks([tmp_path / "export.json"]).read(0)


BOX = '<box frame="0" xtl="1" ytl="1" xbr="5" ybr="5"/>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<annotations", "not XML that can be read"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotations>&b;</annotations>', "declares a document type"),
        ("<opencv_storage/>", "'opencv_storage' in place of <annotations>"),
        ("<annotations><image id='0'/></annotations>", "CVAT for images 1.1"),
        ("<annotations><meta><project/></meta></annotations>", "whole project"),
        ("<annotations><meta><task><size>99999999</size></task></meta></annotations>", "99999999 frames"),
        ("<annotations><meta><task><size>-1</size></task></meta></annotations>", "size is '-1'"),
        (f"<annotations><track id='x'>{BOX}</track></annotations>", "id of a track is 'x'"),
        (f"<annotations><track id='1'>{BOX}{BOX}</track></annotations>", "two boxes in frame 0"),
        (f"<annotations><track id='1'>{BOX.replace('1', 'nan')}</track></annotations>", "xtl of track 1 in frame 0 is 'nan'"),
        (f"<annotations><track id='1'>{BOX.replace('5', '0')}</track></annotations>", "upside down"),
        (f"<annotations><track id='1'>{BOX.replace('frame', 'f')}</track></annotations>", "frame of track 1 is ''"),
    ],
)  # fmt: skip
def test_cvat_files_that_are_wrong_are_told_in_one_line(content: str, message: str, tmp_path: Path):
    (tmp_path / "a.xml").write_text(content)
    with pytest.raises(ValueError, match=message) as error:
        CvatTasks([tmp_path / "a.xml"])
    assert str(error.value).startswith(f"{tmp_path / 'a.xml'}: ")
    assert "\n" not in str(error.value)


def with_value(**changes: Any) -> Any:
    result = {**REGION, "id": "a", "value": {"sequence": [{**key(1, 0), **changes}]}}
    return [{"data": {"video": "a.mp4"}, "annotations": [{"result": [result]}]}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (3, "3 in place of a list of tasks"),
        ([{"video": "a.mp4", "box": []}], "JSON-MIN does not say whose words are whose"),
        ([{"data": {}, "annotations": {"a": 1}}], r"\[0\].annotations is"),
        (with_value(frame=0), r"sequence\[0\].frame is 0"),
        (with_value(x="far"), "x is 'far'"),
        (with_value(width=-1), "width is -1"),
        (with_value(rotation=30), "turned by 30 degrees"),
        ([{"data": {}, "annotations": [{"result": [{"type": "relation", "direction": "up"}]}]}], "direction is 'up'"),
        ([{"data": {}, "annotations": [{"result": [{"type": "textarea", "value": {"text": [1]}}]}]}], "text is"),
    ],
)
def test_label_studio_files_that_are_wrong_are_told_in_one_line(content: Any, message: str, tmp_path: Path):
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message) as error:
        LabelStudioTasks([tmp_path / "a.json"])
    assert str(error.value).startswith(f"{tmp_path / 'a.json'}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", FILES)
def test_the_commands_lead_to_a_set_with_pictures(name: str, tmp_path: Path):
    import cv2

    (tmp_path / "out").mkdir()
    writer = cv2.VideoWriter(str(tmp_path / "out/walk.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for level in range(0, 240, 40):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    edge = Interaction(1, "push.v.01", 2)
    video = VideoInfo("elsewhere/walk.mp4", 64, 48, 10.0, 6)
    people = (person(1, "A man pushes."), person(2, "A woman falls."))
    description = Description(video, people, (edge,), "Two people.", ModelInfo("demo", "lora-lm", "byte", True))
    description.to_json(tmp_path / "out/description.json")
    runner = typer.testing.CliRunner()
    for arguments in (
        ["export", str(tmp_path / "out"), "--to", name],
        ["data", "convert", str(tmp_path / "out"), str(tmp_path / "set"), "--from", name, "--scenario", "mine"],
    ):
        done = runner.invoke(app, arguments)
        assert done.exit_code == 0, done.output
    (sequence,) = BenSmot(tmp_path / "set", "train", strict=True)
    assert (sequence.name, sequence.fps, len(sequence)) == ("mine/walk", 10.0, 6)
    assert [track.caption for track in sequence.tracks] == ["A man pushes.", "A woman falls."]
    assert (sequence.interactions, sequence.caption) == ((edge,), "Two people.")
    assert sequence.read_frame(5).image.mean() == pytest.approx(200, abs=8)
