"""Predictions and ground truth from disk: both layouts, what is missing, what is wrong and where."""

import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import evaluation_cases as cases
import numpy as np
import pytest

from smot_vlm.evaluation.protocol import evaluate
from smot_vlm.evaluation.sequence_pairs import SequencePrediction, SequenceTruth, rows_of
from smot_vlm.evaluation.sequence_reader import read_prediction, read_predictions, read_truths
from smot_vlm.formats.sequence_files import format_annotations, format_boxes, write_files
from smot_vlm.language.fact_file import read_facts_file
from smot_vlm.language.fact_records import FACTS_FILE, SequenceFacts, VideoFacts
from smot_vlm.structures import Description, Interaction, ModelInfo, VideoInfo


def write_sequence(root: Path, one: SequenceTruth | SequencePrediction) -> Path:
    """A sequence in BenSMOT's layout, without images."""
    folder = root / one.name
    tracks = sorted(one.tracks, key=lambda track: track.id)
    ids = [track.id for track in tracks]
    words = format_annotations(
        ids,
        [f"man{place}" for place in range(len(ids))],
        [track.caption for track in tracks],
        [(edge.subject, edge.verb, edge.object) for edge in one.interactions],
        one.caption,
    )
    write_files(folder, {"gt/gt.txt": format_boxes(rows_of(tracks)), **words})
    return folder


def write_description(root: Path, one: SequencePrediction) -> Path:
    path = root / one.name / "description.json"
    Description(
        VideoInfo(one.name, 640, 480, 2.0, cases.FRAMES),
        tuple(sorted(one.tracks, key=lambda track: track.id)),
        one.interactions,
        one.caption,
        ModelInfo("tiny", "none", "byte", True),
    ).to_json(path)
    return path


@pytest.fixture
def data(tmp_path) -> Path:
    for truth in cases.truths():
        write_sequence(tmp_path / "data/test", truth)
    return tmp_path / "data"


@pytest.fixture
def run(tmp_path) -> Path:
    """Predictions of which one is a description and one is in BenSMOT's files."""
    first, second = cases.perfect()
    write_description(tmp_path / "run", first)
    write_sequence(tmp_path / "run", second)
    return tmp_path / "run"


FRAMES = {truth.name: cases.FRAMES for truth in cases.truths()}


def test_both_layouts_read_back(run, data):
    predictions = {one.name: one for one in read_predictions(run, FRAMES)}
    for expected in cases.perfect():
        got = predictions[expected.name]
        assert got.caption == expected.caption
        assert got.missing == ()
        assert {(e.subject, e.verb, e.object) for e in got.interactions} == {
            (e.subject, e.verb, e.object) for e in expected.interactions
        }
        for track in expected.tracks:
            (same,) = [one for one in got.tracks if one.id == track.id]
            assert same.caption == track.caption
            np.testing.assert_allclose(same.boxes, track.boxes, atol=0.001)
    truths = {truth.name: truth for truth in read_truths(data, "test")}
    assert truths.keys() == FRAMES.keys()
    assert truths["park/two"].interactions[0] == Interaction(4, "embrace.v.02", 5)
    assert truths["park/two"].frames == 0, "without images the length is not known"


def test_what_was_not_written_is_recorded(run):
    folder = run / cases.perfect()[1].name
    for name, field in (
        ("video_caption.txt", "video caption"),
        ("interactions.graphml", "interactions"),
        ("instance_captions.txt", "instance captions"),
    ):
        (folder / name).unlink()
        assert field in read_prediction(folder, cases.FRAMES).missing
    assert {track.caption for track in read_prediction(folder, cases.FRAMES).tracks} == {""}
    (folder / "video_caption.txt").write_text("Two people.")
    (folder / "gt/gt.txt").unlink()
    lone = read_prediction(folder, cases.FRAMES)
    assert lone.missing == ("tracks", "instance captions", "interactions")
    assert lone.caption == "Two people."


def test_a_description_that_nothing_wrote_words_for(run):
    """As the model "tracks-only" makes it: the words are missing, not wrong. One that a decoder left empty is wrong."""
    path = run / cases.perfect()[0].name / "description.json"
    content = json.loads(path.read_text())
    content["caption"], content["interactions"] = "", []
    for track in content["tracks"]:
        track["caption"] = ""
    path.write_text(json.dumps(content))
    assert read_prediction(path.parent, cases.FRAMES).missing == ("instance captions", "interactions", "video caption")
    content["model"]["decoder"] = "lora-lm"
    path.write_text(json.dumps(content))
    assert read_prediction(path.parent, cases.FRAMES).missing == ()


def test_a_file_without_boxes_is_a_sequence_without_tracks(run):
    folder = run / cases.perfect()[1].name
    for name in ("gt/gt.txt", "instance_captions.txt"):
        (folder / name).write_text("\n")
    (folder / "interactions.graphml").unlink()
    assert read_prediction(folder, cases.FRAMES).tracks == ()


def spoil(folder: Path, name: str, line: int, text: str) -> None:
    """Replace a line (from 1) of a file."""
    lines = (folder / name).read_text().splitlines()
    lines[line - 1] = text
    (folder / name).write_text("\n".join(lines) + "\n")


FAULTS = {
    "an id twice in a frame": ("gt/gt.txt", 2, "1,11,5,5,10,10,1,-1,-1,-1", "gt.txt:2: id 11 was already in frame 1"),
    "a box that is no number": ("gt/gt.txt", 4, "2,11,nan,5,10,10,1", "gt.txt:4: a value is not finite"),
    "letters in a row": ("gt/gt.txt", 4, "2,11,a,5,10,10,1", "gt.txt:4: .* is not numbers"),
    "a box after the end": ("gt/gt.txt", 7, "21,11,5,5,10,10,1", "gt.txt:7: frame 21 or later; .* frames 1 to 20"),
    "more captions than tracks": (
        "instance_captions.txt",
        3,
        "man2: A man.\nman3: Another sequence's man.",
        "instance_captions.txt:4: man3 is person 4 of a video with 3 tracks",
    ),
    "a verb that is none": (
        "interactions.graphml",
        9,
        '      <data key="d0">fly.v.99</data>',
        "interactions.graphml:8: unknown verb 'fly.v.99'",
    ),
    "a person who is not there": (
        "interactions.graphml",
        8,
        '    <edge source="man0" target="woman7">',
        "interactions.graphml:8: edge names 'woman7'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_file_is_named_with_its_line(run, fault):
    name, line, text, message = FAULTS[fault]
    folder = run / cases.perfect()[1].name
    assert folder.name == "one", "the sequence with three people"
    spoil(folder, name, line, text)
    with pytest.raises(ValueError, match=message) as caught:
        list(read_predictions(run, FRAMES))
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content["tracks"][1].update(id=14), "track ids .* are not unique"),
        (
            lambda content: content["tracks"][0]["boxes"][0].__setitem__(0, float("nan")),
            r"tracks\[0\]\.boxes\[0\]\[0\] is nan",
        ),
        (lambda content: content["tracks"][0]["frames"].__setitem__(-1, 25), "frame index 25; the sequence has 20"),
        (lambda content: content["interactions"][0].update(verb="fly.v.99"), "unknown verb 'fly.v.99'"),
        (lambda content: content["interactions"][0].update(object=77), "names a track that is not there"),
        (lambda content: content.pop("caption"), "caption is missing; it takes str"),
    ],
)
def test_a_wrong_description_is_named(run, change, message):
    path = run / cases.perfect()[0].name / "description.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message) as caught:
        list(read_predictions(run, FRAMES))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("caption",), None, "caption is None; it takes"),
        (("caption",), "\ud800", "caption is .*; it takes"),
        (("tracks", 0, "id"), 2**70, "tracks[0].id is .*; it takes"),
        (("tracks", 0, "id"), True, "tracks[0].id is True; it takes"),
        (("tracks", 1, "caption"), 7, "tracks[1].caption is 7; it takes"),
        (("tracks", 0, "frames", 2), 2.5, "tracks[0].frames[2] is 2.5; it takes"),
        (("tracks", 0, "scores", 2), "1", "tracks[0].scores[2] is '1'; it takes"),
        (("tracks", 0, "boxes", 1), [1, 2], "tracks[0].boxes[1] is [1, 2]; it takes 4 numbers"),
        (("tracks",), {}, "tracks is {}; it takes"),
        (("interactions", 0), [], "interactions[0] is []; give keys and values"),
        (("video", "times"), [[0, 10**400]], "video.times[0][1] is .*; it takes"),
    ],
)
def test_types_are_checked_with_file_and_place(run, place, value, message):
    path = run / cases.perfect()[0].name / "description.json"
    content = json.loads(path.read_text())
    where = content
    for step in place[:-1]:
        where = where[step]
    where[place[-1]] = value
    path.write_text(json.dumps(content))
    pattern = re.escape(message).replace(re.escape(".*"), ".*")
    with pytest.raises(ValueError, match=rf"description\.json: .*{pattern}") as caught:
        list(read_predictions(run, FRAMES))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": None}, "name is None; it takes"),
        ({"tracks": {}}, "tracks is {}; it takes"),
        ({"tracks": [{"key": "man0"}]}, r"tracks\[0\].id is missing"),
        ({"video": {"scene": "hall", "count": "2", "relations": [], "deeds": []}}, "video.count is '2'; it takes"),
        ({"schema": "other/1"}, "schema is 'other/1'"),
    ],
)
def test_facts_of_other_types_are_refused(tmp_path, change, message):
    facts = SequenceFacts("a/b", 2**70, "test", 2.0, VideoFacts("hall", 0, (), ()), ())
    (tmp_path / FACTS_FILE).write_text(json.dumps(facts.to_dict()))
    assert read_facts_file(tmp_path) == facts
    (tmp_path / FACTS_FILE).write_text(json.dumps({**facts.to_dict(), **change}))
    with pytest.raises(ValueError, match=rf"facts\.json: {message}") as caught:
        read_facts_file(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["[" * 100_000, "{", "[]", "\ud800"])
def test_a_description_that_is_none(run, content):
    path = run / cases.perfect()[0].name / "description.json"
    path.write_bytes(content.encode("utf-8", errors="surrogatepass"))
    with pytest.raises(ValueError, match=r"description\.json:"):
        list(read_predictions(run, FRAMES))


def test_a_trackers_own_folder(tmp_path):
    (tmp_path / "one.txt").write_text("1,3,5,5,10,20,0,0,-1\n2,3,5,5,10,20,0,2,-1\n")
    (tmp_path / "two.txt").write_text("")
    first, second = sorted(read_predictions(tmp_path, FRAMES), key=lambda one: one.name, reverse=True)
    assert (first.name, second.name) == ("square/one", "park/two")
    assert [len(track) for track in first.tracks] == [1], "the other row is a car's"
    assert second.tracks == ()
    assert "tracks" not in second.missing
    (lone, _) = read_predictions(tmp_path, FRAMES, classes={0, 2})
    assert [len(track) for track in lone.tracks] == [2]
    (tmp_path / "park").mkdir()
    (tmp_path / "two.txt").rename(tmp_path / "park/two.txt")
    assert {one.name for one in read_predictions(tmp_path, FRAMES)} == set(FRAMES)
    (tmp_path / "park/one.txt").write_text("")
    with pytest.raises(ValueError, match=r"park/one.txt: sequence 'park/one' is not in the ground truth"):
        read_predictions(tmp_path, FRAMES)


def write_masks(path: Path, frames: int) -> None:
    """One person of 10 x 20 pixels who walks by 2 pixels a picture, in pictures of 64 x 48."""
    masks = np.zeros((frames, 1, 48, 64), dtype=bool)
    for place in range(frames):
        masks[place, 0, 4:24, 2 * place : 2 * place + 10] = True
    np.savez(path, masks=masks, ids=[3])


def test_masks_belong_to_the_pictures_in_their_order_and_are_scaled(tmp_path, caplog):
    """The sequence has images 1, 2, 4 and 7, of twice the masks' size."""
    write_masks(tmp_path / "one.npz", 4)
    numbers = {"square/one": np.array([0, 1, 3, 6])}
    (found,) = read_predictions(tmp_path, FRAMES, sizes={"square/one": (128, 96)}, numbers=numbers)
    (track,) = found.tracks
    assert (found.name, track.id, track.frames.tolist()) == ("square/one", 3, [0, 1, 3, 6])
    assert track.boxes.tolist() == [[4 * place, 8, 4 * place + 20, 48] for place in range(4)]
    assert found.missing == ("instance captions", "interactions", "video caption")
    assert caplog.text == ""
    (found,) = read_predictions(tmp_path, FRAMES)
    assert found.tracks[0].frames.tolist() == [0, 1, 2, 3], "without images, as they are counted"
    write_masks(tmp_path / "one.npz", 5)
    with pytest.raises(ValueError, match=r"one\.npz: a box in picture 5; the sequence has 4"):
        list(read_predictions(tmp_path, FRAMES, numbers=numbers))
    write_masks(tmp_path / "one.npz", 21)
    with pytest.raises(ValueError, match=r"one\.npz: frame 21 or later; the sequence has frames 1 to 20"):
        list(read_predictions(tmp_path, FRAMES))


def test_coco_and_supervision_in_a_trackers_folder(tmp_path):
    """A table of results that lies beside them is none of them."""
    found = [{"image_id": frame, "category_id": 1, "bbox": [5, 5, 10, 20], "track_id": 3} for frame in (0, 1)]
    (tmp_path / "one.json").write_text(json.dumps(found))
    (tmp_path / "park").mkdir()
    sink = "x_min,y_min,x_max,y_max,tracker_id,frame_index\n5,5,15,25,3,0\n5,5,15,25,3,1\n"
    (tmp_path / "park/two.csv").write_text(sink)
    (tmp_path / "results.csv").write_text("run,HOTA\nmine,50\n")
    (tmp_path / "summary.json").write_text("{}")
    read = {one.name: one for one in read_predictions(tmp_path, FRAMES)}
    assert set(read) == set(FRAMES)
    for one in read.values():
        assert [(track.id, track.frames.tolist(), track.boxes.tolist()) for track in one.tracks] == [
            (3, [0, 1], [[5, 5, 15, 25]] * 2)
        ]
    (tmp_path / "one.txt").write_text("1,3,5,5,10,20\n")
    with pytest.raises(ValueError, match=r"one\.txt: sequence 'square/one' is also .*one\.json; keep one of them"):
        read_predictions(tmp_path, FRAMES)


def test_a_flat_file_that_two_scenarios_could_own(tmp_path):
    (tmp_path / "one.txt").write_text("")
    with pytest.raises(ValueError, match=r"several scenarios have a sequence 'one'; write SCENARIO/one.txt"):
        read_predictions(tmp_path, {"park/one": 20, "square/one": 20})


def test_names_of_runs_are_compared_in_one_unicode_form(tmp_path):
    path = tmp_path / unicodedata.normalize("NFD", "straße/Über") / "gt/gt.txt"
    path.parent.mkdir(parents=True)
    path.write_text("1,1,5,5,10,20,1\n")
    name = unicodedata.normalize("NFC", "straße/Über")
    assert [one.name for one in read_predictions(tmp_path, {name: 20})] == [name]


def test_predicted_corners_in_place_of_sides_are_told(tmp_path, caplog):
    (tmp_path / "one.txt").write_text("1,3,300,200,400,400,1\n2,3,310,200,410,400,1\n")
    list(read_predictions(tmp_path, FRAMES, sizes={"square/one": (640, 480)}))
    assert "one.txt: 2 of 2 boxes leave the 640 x 480 frame, and all fit in as x1,y1,x2,y2" in caplog.text


def test_a_sequence_that_the_truth_does_not_have(run):
    with pytest.raises(ValueError, match=r"sequence 'park/two' is not in the ground truth, which has 1 \(square/one\)"):
        read_predictions(run, {"square/one": 20})


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_no_predictions(tmp_path, name):
    (tmp_path / "empty/notes").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="DIR/SCENARIO/SEQUENCE"):
        read_predictions(tmp_path / name, FRAMES)


def test_an_empty_ground_truth(data):
    for path in (data / "test").rglob("*.*"):
        path.unlink()
    for truth in cases.truths():
        (data / "test" / truth.name / "gt/gt.txt").write_text("")
    with pytest.raises(ValueError, match=r"gt/gt\.txt:1: an empty ground truth"):
        evaluate([], read_truths(data, "test"))
    with pytest.raises(ValueError, match="no track in any of its 2 sequences"):
        evaluate([], [replace(truth, tracks=(), interactions=(), facts=None) for truth in cases.truths()])


@pytest.mark.subprocess
@pytest.mark.usefixtures("recorded_meteor", "word_embeddings")
def test_what_was_read_scores_as_what_was_written(run, data):
    evaluation = evaluate(read_predictions(run, FRAMES), read_truths(data, "test"))
    assert evaluation.value("tracking/HOTA") == pytest.approx(1)
    assert evaluation.value("chota/CHOTA") == pytest.approx(1)
    assert evaluation.value("interactions/mAP") == 1
    assert evaluation.value("video/METEOR") == pytest.approx(1)
