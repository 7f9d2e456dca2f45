"""Every export is read by a peer that we did not write, and says what the description says."""

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import export_cases as cases
import numpy as np
import pytest
import typer.testing
from defusedxml.ElementTree import fromstring

from smot_vlm.cli.export import Target
from smot_vlm.cli.main import app
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.export.formats import FORMATS, export
from smot_vlm.structures import Description, VideoInfo


def files(name: str, description: Description | None = None) -> dict[str, str | bytes]:
    return dict(FORMATS[name].write(description or cases.told()))


CUES = [
    (0.0, 1.25, '[4] waves at "Ann & Bob" <3'),
    (0.5, 1.2, "[4 → 7] applaud.v.01"),
    (0.5, 5.0, "[7] =A woman stands."),
    (1.25, 5.0, "[4] sits --> down"),
    (3.0, 4.25, "[4 → 7] applaud.v.01"),
]


def test_webvtt_is_read_by_webvtt_py_and_pysubs2(tmp_path: Path):
    webvtt, pysubs2 = pytest.importorskip("webvtt"), pytest.importorskip("pysubs2")
    (path,) = export(cases.told(), "vtt", tmp_path)
    captions = webvtt.read(path)
    assert [(one.start_in_seconds + 0, one.raw_text) for one in captions] == [
        (int(start), text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")) for start, _, text in CUES
    ]
    events = pysubs2.load(str(path))
    assert [(event.start, event.end) for event in events] == [(1000 * start, 1000 * end) for start, end, _ in CUES]


def test_srt_is_read_by_pysubs2_and_webvtt_py(tmp_path: Path):
    webvtt, pysubs2 = pytest.importorskip("webvtt"), pytest.importorskip("pysubs2")
    (path,) = export(cases.told(), "srt", tmp_path)
    events = pysubs2.load(str(path), keep_unknown_html_tags=True)
    told = [(event.start / 1000, event.end / 1000, event.plaintext) for event in events]
    assert told == [(start, end, text.replace("-->", "→")) for start, end, text in CUES]
    assert [one.text for one in webvtt.from_srt(path)] == [text for *_, text in told]


def test_times_of_long_videos_are_exact_to_a_thousandth():
    description = cases.told(video=VideoInfo("a.mp4", 640, 480, 0.01, 500))
    assert "01:23:20.000" in files("vtt", description)["description.vtt"], "frame 50 at 100 seconds a frame"


def test_csv_is_read_back_and_runs_no_formula():
    tables = {name: list(csv.DictReader(io.StringIO(text))) for name, text in files("csv").items()}
    assert [len(tables[name]) for name in ("boxes.csv", "people.csv", "interactions.csv")] == [52, 2, 3]
    assert tables["boxes.csv"][3] == {
        "id": "4", "frame": "10", "seconds": "1.0", "x1": "20.0", "y1": "20.0", "x2": "50.0", "y2": "120.0",
        "score": str(cases.told().tracks[0].scores[3]),
    }  # fmt: skip
    assert (tables["people.csv"][0]["kind"], tables["people.csv"][0]["has"]) == ("man", "bag; hat")
    assert tables["people.csv"][1]["caption"] == "'=A woman stands."
    assert [row["from_seconds"] for row in tables["interactions.csv"]] == ["0.5", "3.0", ""]


def test_parquet_is_read_by_pandas_with_types():
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    tables = {name: pandas.read_parquet(io.BytesIO(content)) for name, content in files("parquet").items()}
    boxes = tables["boxes.parquet"]
    assert (boxes.dtypes["frame"], boxes.dtypes["x1"]) == (np.int64, np.float64)
    assert boxes[boxes.id == 4][["x1", "y1", "x2", "y2"]].to_numpy() == pytest.approx(cases.told().tracks[0].boxes)
    assert tables["interactions.parquet"].to_dict("records")[0]["frames"] == "10 11"


def test_coco_is_read_by_pycocotools(tmp_path: Path):
    coco = pytest.importorskip("pycocotools.coco")
    (path,) = export(cases.told(), "coco", tmp_path)
    data = coco.COCO(str(path))
    assert len(data.getImgIds()) == len({*range(5, 50), 0, 1, 2})
    frame = next(image for image in data.dataset["images"] if image["frame_index"] == 10)
    rows = data.loadAnns(data.getAnnIds(imgIds=[frame["id"]]))
    assert [(row["track_id"], row["bbox"]) for row in rows] == [
        (4, [20.0, 20.0, 30.0, 100.0]),
        (7, [200.0, 30.0, 40.0, 100.0]),
    ]
    assert data.loadRes([{**rows[0], "score": 0.5}]).getAnnIds() == [1]
    assert data.dataset["interactions"][0]["spans"][0]["frames"] == [10, 11]
    assert data.dataset["tracks"][0]["attributes"][1] == {"name": "has", "value": "bag", "score": 0.7}


def test_mot_text_is_what_the_description_writes():
    assert files("mot")["tracks.txt"] == cases.told().to_mot()


def test_bensmot_is_read_by_the_data_set(tmp_path: Path):
    folder = tmp_path / "test/park/one"
    description = cases.told(caption="Two people meet.", interactions=cases.told().interactions[:1])
    export(description, "bensmot", folder)
    (folder / "img1").mkdir()
    sequence = BenSmot(tmp_path, "test")[0]
    assert [track.caption for track in sequence.tracks] == [track.caption for track in description.tracks]
    assert [(edge.subject, edge.verb, edge.object) for edge in sequence.interactions] == [(4, "applaud.v.01", 7)]


def test_cvat_tracks_end_where_people_leave():
    root = fromstring(files("cvat")["annotations.xml"])
    assert root.findtext("version") == "1.1"
    assert (root.findtext("meta/task/size"), root.findtext("meta/task/original_size/width")) == ("50", "640")
    man, woman, video = root.findall("track")
    shown = [(int(box.get("frame")), box.get("outside")) for box in man.findall("box")]
    assert shown == [(0, "0"), (1, "0"), (2, "0"), (3, "1"), (10, "0"), (11, "0"), (12, "0"), (13, "1"), (49, "0")]
    values = {node.get("name"): node.text for node in man.find("box").findall("attribute")}
    assert values == {
        "id": "4",
        "caption": cases.told().tracks[0].caption,
        "interactions": "applaud.v.01 7 (0.50-1.20s, 3.00-4.25s)",
        "kind": "man",
        "has": "bag; hat",
    }
    assert len(woman.findall("box")) == 45
    assert [(box.get("frame"), box.get("outside"), box.get("xbr")) for box in video.findall("box")] == [
        ("0", "0", "640.000"),
        ("1", "1", "640.000"),
    ]
    assert video.findtext("box/attribute") == cases.told().caption
    labels = {node.findtext("name"): node for node in root.iter("label")}
    stated = {name: [entry.findtext("name") for entry in node.iter("attribute")] for name, node in labels.items()}
    assert stated == {"person": list(values), "video": ["caption"]}
    raw = json.loads(files("cvat")["cvat-labels.json"])
    assert {label["name"]: [entry["name"] for entry in label["attributes"]] for label in raw} == stated


def test_frames_of_a_stride_end_where_the_last_one_ends():
    """Every fifth frame of 250 was read: 50, with numbers up to 245."""
    frames = np.arange(0, 250, 5)
    track = type(cases.told().tracks[0])(1, frames, np.tile([0.0, 0, 9, 9], (50, 1)), np.ones(50))
    description = cases.told(tracks=(track,), interactions=(), clauses=())
    root = fromstring(files("cvat", description)["annotations.xml"])
    assert root.findtext("meta/task/size") == "246"
    assert [(box.get("frame"), box.get("outside")) for box in root.find("track").findall("box")][-2:] == [
        ("241", "1"),
        ("245", "0"),
    ]
    (task,) = json.loads(files("label-studio", description)["label-studio.json"])
    assert task["predictions"][0]["result"][0]["value"]["framesCount"] == 246


def test_label_studio_tasks_hold_regions_captions_and_relations():
    (task,) = json.loads(files("label-studio")["label-studio.json"])
    assert task["data"] == {"video": "clip & co.mp4", "width": 640, "height": 480, "fps": 10.0}
    result = task["predictions"][0]["result"]
    regions = {entry["id"]: entry for entry in result if entry["type"] == "videorectangle"}
    first = regions["person-4"]["value"]["sequence"][0]
    assert (first["frame"], first["x"], first["width"]) == (
        1,
        pytest.approx(100 * 10 / 640),
        pytest.approx(100 * 30 / 640, abs=1e-4),
    )
    assert [key["frame"] for key in regions["person-4"]["value"]["sequence"] if not key["enabled"]] == [3, 13, 50]
    relations = [(one["from_id"], one["to_id"], one["labels"]) for one in result if one["type"] == "relation"]
    assert relations == [("person-4", "person-7", ["applaud.v.01"]), ("person-7", "person-4", ["shake hands, firmly"])]
    texts = {
        (entry["id"], entry["from_name"]): entry["value"]["text"] for entry in result if entry["type"] == "textarea"
    }
    assert texts["person-4", "caption"] == [cases.told().tracks[0].caption]
    assert texts["person-4", "attributes"] == ["kind: man", "has: bag", "has: hat"]
    view = fromstring(files("label-studio")["label-studio.xml"])
    names = {node.get("name") for node in view.iter() if node.get("name")}
    assert {entry["from_name"] for entry in result if "from_name" in entry} <= names
    assert [node.get("value") for node in view.iter("Relation")] == ["applaud.v.01", "shake hands, firmly"]


def test_elan_is_read_by_pympi(tmp_path: Path):
    pympi = pytest.importorskip("pympi")
    (path,) = export(cases.told(), "elan", tmp_path)
    document = pympi.Elan.Eaf(str(path))
    assert set(document.get_tier_names()) == {"video", "person 4", "person 7", "4 to 7: applaud.v.01"}
    assert document.get_annotation_data_for_tier("person 4") == [
        (0, 1250, 'waves at "Ann & Bob" <3'),
        (1250, 5000, "sits --> down"),
    ]
    assert [entry[:2] for entry in document.get_annotation_data_for_tier("4 to 7: applaud.v.01")] == [
        (500, 1200),
        (3000, 4250),
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_a_video_without_people_is_written_too(name: str, tmp_path: Path):
    if name == "parquet":
        pytest.importorskip("pyarrow")
    for path in export(cases.nobody(), name, tmp_path):
        assert path.is_file()
        if path.suffix in (".xml", ".eaf", ".graphml"):
            ElementTree.parse(path)


@pytest.mark.parametrize("name", ["vtt", "srt", "elan"])
def test_without_times_there_are_no_subtitles(name: str):
    with pytest.raises(ValueError, match="no frame rate and no times"):
        files(name, cases.told(video=VideoInfo("frames", 640, 480, 0.0, 50)))


@pytest.mark.parametrize("name", ["cvat", "elan", "label-studio"])
def test_characters_that_xml_cannot_hold_do_not_break_a_file(name: str):
    track = cases.told().tracks[1]
    odd = type(track)(7, track.frames, track.boxes, track.scores, "bell \a and null \0")
    for file, text in files(name, cases.told(tracks=(odd,), interactions=(), clauses=())).items():
        if file.endswith((".xml", ".eaf")):
            assert not re.search("[\a\0]", text)
            fromstring(text)


def test_the_command_writes_and_says_what_is_lost(tmp_path: Path):
    cases.told().to_json(tmp_path / "description.json")
    run = typer.testing.CliRunner().invoke(app, ["export", str(tmp_path), "--to", "vtt"])
    assert run.exit_code == 0, run.output
    assert (tmp_path / "description.vtt").read_text().startswith("WEBVTT\n")
    assert "vtt does not hold boxes" in run.output
    again = typer.testing.CliRunner().invoke(app, ["export", str(tmp_path), "--to", "vtt"])
    assert isinstance(again.exception, FileExistsError)
    forced = typer.testing.CliRunner().invoke(app, ["export", str(tmp_path), "--to", "vtt", "--overwrite"])
    assert forced.exit_code == 0


def test_the_command_knows_every_format():
    assert [target.value for target in Target] == list(FORMATS)
