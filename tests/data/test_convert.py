import json
import logging
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from bensmot_builder import assert_same, make_dataset, make_images

from smot_vlm.data import DATASETS
from smot_vlm.data.bensmot import BenSmot, read_sequence
from smot_vlm.data.bensmot_json import BenSmotJson
from smot_vlm.data.convert import convert_bensmot_json, convert_mot
from smot_vlm.data.mot_challenge import MotChallenge, cut_to_frame
from smot_vlm.data.validate import validate_dataset
from smot_vlm.formats.combined_json import read_combined
from smot_vlm.formats.mot import MotRows
from smot_vlm.structures import Interaction

GT = """1,1,10,10,10,20,1,1,1.0
2,1,11,10,10,20,1,1,0.5
1,2,30,10,10,20,1,7,1.0
1,3,40,10,10,20,0,1,1.0
1,4,-5,10,10,20,1,1,1.0
2,5,70,10,10,20,1,1,1.0
"""
INFO = "[Sequence]\nname=a\nimDir={}\nframeRate=30\nseqLength=3\nimWidth=64\nimHeight=48\nimExt=.jpg\n"


def make_mot(root: Path, name: str, split: str = "train", gt: str | None = GT, images: str = "img1") -> Path:
    folder = root / split / name
    for frame in make_images(folder / images, [0, 1, 2]):
        frame.path.rename(frame.path.with_name(f"{frame.index + 1:06d}.jpg"))
    (folder / "seqinfo.ini").write_text(INFO.format(images))
    if gt is not None:
        (folder / "gt").mkdir()
        (folder / "gt/gt.txt").write_text(gt)
    return folder


def make_json(root: Path, captions: object, summaries: object, relations: object) -> Path:
    folder = make_dataset(root)
    for name in ("instance_captions.txt", "video_caption.txt", "interactions.graphml"):
        (folder / name).unlink()
    for name, content in (("instance_caption", captions), ("video_summary", summaries), ("relation", relations)):
        if content is not None:
            (root / f"{name}.json").write_text(json.dumps(content), encoding="utf-8-sig")
    return folder


def test_every_reader_has_the_same_face(tmp_path):
    make_mot(tmp_path / "mot", "a", "test")
    make_json(tmp_path / "json", {}, {}, {})
    make_dataset(tmp_path / "folders")
    for name, root in (("mot", "mot"), ("bensmot-json", "json"), ("bensmot", "folders")):
        reader = DATASETS[name](tmp_path / root, "test")
        assert len(reader) == len(reader.names) == len(list(reader)) == 1
        assert reader[0].name == reader.names[0]
        assert reader[-1].name == reader.names[0]
    assert len(DATASETS) == 3


def test_mot_keeps_people_that_count(tmp_path):
    make_mot(tmp_path / "MOT17", "MOT17-02-FRCNN")
    make_mot(tmp_path / "MOT17", "MOT17-02-DPM")
    done = convert_mot(tmp_path / "MOT17", tmp_path / "out", only="*-FRCNN")
    assert (done.sequences, done.tracks, done.boxes, done.skipped) == (1, 2, 3, ())
    sequence = BenSmot(tmp_path / "out", "train")[0]
    assert sequence.name == "MOT17/MOT17-02-FRCNN"
    assert sequence.fps == 30
    assert [track.id for track in sequence.tracks] == [1, 4]
    assert sequence.tracks[0].frames.tolist() == [0, 1]
    assert sequence.tracks[1].boxes.tolist() == [[0, 10, 5, 30]]
    assert [frame.path.name for frame in sequence.frames] == ["001.jpg", "002.jpg", "003.jpg"]
    assert all(frame.path.is_symlink() for frame in sequence.frames)
    assert sequence.interactions == ()
    report = validate_dataset(tmp_path / "out")
    assert report.errors == ()
    assert {problem.kind for problem in report.problems} == {"missing-words"}


def test_mot_amodal_boxes_and_another_image_folder(tmp_path):
    make_mot(tmp_path / "set", "a", images="frames")
    convert_mot(tmp_path / "set", tmp_path / "out", images="copy", scenario="street", amodal=True)
    sequence = BenSmot(tmp_path / "out", "train")[0]
    assert sequence.name == "street/a"
    assert [track.id for track in sequence.tracks] == [1, 4, 5]
    assert sequence.tracks[1].boxes.tolist() == [[-5, 10, 5, 30]]
    assert not sequence.frames[0].path.is_symlink()


def test_mot_without_ground_truth_is_left_out_and_said(tmp_path):
    make_mot(tmp_path / "set", "a")
    make_mot(tmp_path / "set", "b", gt=None)
    make_mot(tmp_path / "set", "c", split="test", gt=None)
    done = convert_mot(tmp_path / "set", tmp_path / "out")
    assert done.sequences == 1
    assert done.skipped[0] == "b"
    assert "test: no sequence" in done.skipped[1]
    assert not (tmp_path / "out/test").exists()


def test_mot_sequences_without_split_folders(tmp_path):
    make_mot(tmp_path / "set", "a", split="")
    assert convert_mot(tmp_path / "set", tmp_path / "out").sequences == 1
    assert BenSmot(tmp_path / "out", "train").names == ("set/a",)


def test_mot_that_cannot_be_converted(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        convert_mot(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        MotChallenge(tmp_path, "train")
    make_mot(tmp_path / "set", "a")
    with pytest.raises(ValueError, match="no sequence 'x\\*'"):
        convert_mot(tmp_path / "set", tmp_path / "out", only="x*")
    with pytest.raises(ValueError, match="lie in one another"):
        convert_mot(tmp_path / "set", tmp_path / "set/out")
    broken = make_mot(tmp_path / "set", "b", gt="1,1,1,1,a,2\n")
    with pytest.raises(ValueError, match=r"gt.txt:1"):
        convert_mot(tmp_path / "set", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (broken / "gt/gt.txt").write_text(GT)
    (broken / "seqinfo.ini").write_text("imDir\n")
    with pytest.raises(ValueError, match=r"seqinfo.ini: not readable"):
        MotChallenge(tmp_path / "set", "train")[1]
    (broken / "seqinfo.ini").write_text(INFO.format("nothing"))
    with pytest.raises(FileNotFoundError, match="no image"):
        MotChallenge(tmp_path / "set", "train")[1]


def test_sources_are_not_touched(tmp_path):
    make_mot(tmp_path / "set", "a")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "set").rglob("*.*")}
    convert_mot(tmp_path / "set", tmp_path / "out")
    with pytest.raises(FileExistsError, match="--overwrite"):
        convert_mot(tmp_path / "set", tmp_path / "out")
    convert_mot(tmp_path / "set", tmp_path / "out", overwrite=True)
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before}


def test_boxes_are_cut_to_the_frame():
    boxes = np.array([[-4.0, -4, 10, 10], [60, 40, 80, 60], [63.5, 0, 70, 10], [5, 5, 9, 9]])
    rows = MotRows(np.arange(4), np.arange(4), boxes, np.ones(4))
    cut = cut_to_frame(rows, (64, 48))
    assert cut.ids.tolist() == [0, 1, 3]
    assert cut.boxes.tolist() == [[0, 0, 10, 10], [60, 40, 64, 48], [5, 5, 9, 9]]


NAME = "walking/seq1"


@pytest.mark.parametrize("key", [NAME, "seq1", f"test/{NAME}"])
@pytest.mark.parametrize(
    ("captions", "relations"),
    [
        ({"1": "He walks.", "2": "She waves."}, {"1-2": "look.v.01, talk.v.01", "2-1": ["smile.v.01"]}),
        ({"2": "She waves.", "1": "He walks."}, {"1-2": ["look.v.01", "talk.v.01,loo.v.01"], "2-1": "simle.v.01"}),
        (["He walks.", "She waves."], {" 1 - 2 ": ["look.v.01", "talk.v.01"], "2-1": "smile.v.01"}),
        ({"man0": "He walks.", "woman0": "She waves."}, {"man0-woman0": "look.v.01;talk.v.01", "2-1": ["smile.v.01"]}),
    ],
)
def test_combined_files_in_all_their_shapes(tmp_path, key, captions, relations):
    make_json(tmp_path / "data", {key: captions}, {key: "Two\npeople. "}, {key: relations})
    sequence = BenSmotJson(tmp_path / "data", "test", strict=True)[0]
    assert [track.caption for track in sequence.tracks] == ["He walks.", "She waves."]
    assert sequence.caption == "Two people."
    assert sequence.interactions == (
        Interaction(1, "look.v.01", 2),
        Interaction(1, "talk.v.01", 2),
        Interaction(2, "smile.v.01", 1),
    )


@pytest.mark.parametrize(
    ("captions", "summary", "relations", "word"),
    [
        ({"1": "He.", "9": "Who?"}, "S", {}, "person '9'"),
        ({"1": 7}, "S", {}, "holds 7"),
        ("He.", "S", {}, "where captions belong"),
        ({"1": "He."}, ["S"], {}, "where a text belongs"),
        ({"1": "He."}, "S", ["look.v.01"], "where relations belong"),
        ({"1": "He."}, "S", {"12": "look.v.01"}, "1-2"),
        ({"1": "He."}, "S", {"1-2": 5}, "1-2"),
        ({"1": "He."}, "S", {"1-9": "look.v.01"}, "1-9 needs two people"),
        ({"1": "He."}, "S", {"1-1": "look.v.01"}, "1-1 needs two people"),
        ({"1": "He."}, "S", {"1-2": "fly.v.77"}, "fly.v.77"),
    ],
)
def test_combined_files_with_flaws(tmp_path, caplog, captions, summary, relations, word):
    make_json(tmp_path / "data", {NAME: captions}, {NAME: summary}, {NAME: relations})
    with caplog.at_level(logging.WARNING):
        sequence = BenSmotJson(tmp_path / "data", "test")[0]
    assert word in caplog.text
    assert sequence.interactions == ()
    with pytest.raises(ValueError, match="walking/seq1: "):
        BenSmotJson(tmp_path / "data", "test", strict=True)[0]


def test_combined_files_that_are_not_there_or_not_json(tmp_path):
    make_json(tmp_path / "data", None, None, None)
    with pytest.raises(FileNotFoundError, match=r"none of instance_caption.json"):
        BenSmotJson(tmp_path / "data", "test")
    (tmp_path / "data/video_summary.json").write_text('{"other/video": "S"}')
    assert BenSmotJson(tmp_path / "data", "test")[0].caption == ""
    with pytest.raises(ValueError, match=r"walking/seq1: no entry in video_summary.json"):
        BenSmotJson(tmp_path / "data", "test", strict=True)[0]
    for text in ("{", "[]", "[" * 100_000, '{"a": {"1": "He.", "1": "She."}}'):
        (tmp_path / "data/relation.json").write_text(text)
        with pytest.raises(ValueError, match=r"relation.json: "):
            read_combined(tmp_path / "data")


def test_combined_files_become_folders(tmp_path):
    make_json(
        tmp_path / "data",
        {NAME: {"1": "He walks.", "2": ""}},
        {NAME: "Two people."},
        {NAME: {"2-1": "smile.v.01ook.v.01"}},
    )
    done = convert_bensmot_json(tmp_path / "data", tmp_path / "out")
    assert (done.sequences, done.tracks, done.boxes) == (1, 2, 9)
    sequence = read_sequence(tmp_path / "out/test/walking/seq1")
    assert sequence.interactions == (Interaction(2, "smile.v.01", 1), Interaction(2, "look.v.01", 1))
    assert_same(BenSmotJson(tmp_path / "data", "test")[0], sequence)
    with pytest.raises(FileNotFoundError, match="no folder train, val, test"):
        convert_bensmot_json(tmp_path / "data/test", tmp_path / "out2")


def losses_of(done) -> list[tuple[str, int]]:
    return [(loss.kind, loss.count) for loss in done.losses]


def test_mot_rows_that_are_left_out_are_counted(tmp_path):
    outside = "1,6,80,10,10,20,1,1,1\n9,1,10,10,10,20,1,1,1.0\n"
    make_mot(tmp_path / "set", "a", gt=GT + outside)
    expected = [("ignored-row", 1), ("other-class", 1), ("row-without-image", 1), ("box-outside", 2)]
    assert losses_of(convert_mot(tmp_path / "set", tmp_path / "out")) == expected
    with pytest.raises(ValueError, match="because of --strict: 1 row-without-image, 2 box-outside; the first: "):
        convert_mot(tmp_path / "set", tmp_path / "strict", strict=True)
    assert not (tmp_path / "strict").exists()


def test_what_the_set_or_an_option_leaves_out_is_no_loss(tmp_path):
    make_mot(tmp_path / "set", "a", gt=GT.replace("2,5,70", "2,5,30"))
    done = convert_mot(tmp_path / "set", tmp_path / "out", every=3, strict=True)
    assert losses_of(done) == [("ignored-row", 1), ("other-class", 1), ("track-between-frames", 1)]


def test_mot_without_people_is_a_sequence_without_tracks(tmp_path):
    make_mot(tmp_path / "set", "a", gt="")
    done = convert_mot(tmp_path / "set", tmp_path / "out")
    assert (done.tracks, losses_of(done)) == (0, [("no-people", 1)])
    assert BenSmot(tmp_path / "out", "train")[0].tracks == ()


@pytest.mark.parametrize("place", ["/etc", "../other", "a\n b", "x" * 300])
def test_images_outside_the_sequence_are_refused(tmp_path, place):
    folder = make_mot(tmp_path / "set", "a")
    (folder / "seqinfo.ini").write_text(INFO.format(place))
    with pytest.raises(ValueError, match=r"seqinfo.ini: imDir is .*; give a folder inside the sequence"):
        MotChallenge(tmp_path / "set", "train")[0]


@pytest.mark.parametrize(("folder", "key"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_are_compared_in_one_unicode_form(tmp_path, folder, key):
    sequence = make_json(tmp_path / "data", {}, {}, {})
    sequence.rename(sequence.with_name(unicodedata.normalize(folder, "Über")))
    name = unicodedata.normalize(key, "walking/Über")
    for file, content in (("instance_caption", {"1": "He.", "2": "She."}), ("video_summary", "Two."), ("relation", {})):
        (tmp_path / f"data/{file}.json").write_text(json.dumps({name: content}))
    done = convert_bensmot_json(tmp_path / "data", tmp_path / "out", strict=True)
    assert (done.sequences, done.losses) == (1, ())
    assert BenSmot(tmp_path / "out", "test")[0].caption == "Two."


def test_entries_that_are_left_over_are_named(tmp_path):
    make_json(tmp_path / "data", {NAME: ["He.", "She."], "walking/sq1": ["A."], "x": []}, {"walking/sq1": "S"}, None)
    done = convert_bensmot_json(tmp_path / "data", tmp_path / "out")
    assert losses_of(done) == [
        ("entry-without-video", 1),
        ("entry-without-video", 1),
        ("missing-words", 1),
        ("video-without-caption", 1),
    ]
    first = "entry 'walking/sq1' of instance_caption.json, video_summary.json belongs to no sequence"
    assert first in done.losses[0].message
    assert done.losses[0].message.endswith("the nearest name is 'walking/seq1'")
    assert "relation.json: no such file" in done.losses[2].message


def test_rows_beyond_the_last_image_are_left_out_of_combined_sets_too(tmp_path):
    folder = make_json(tmp_path / "data", {NAME: ["He.", "She."]}, {NAME: "Two."}, {NAME: {}})
    with (folder / "gt/gt.txt").open("a") as file:
        file.write("8,1,1,1,5,5,1\n9,7,1,1,5,5,1\n")
    done = convert_bensmot_json(tmp_path / "data", tmp_path / "out")
    assert ("row-without-image", 2) in losses_of(done)
    assert [track.id for track in BenSmot(tmp_path / "out", "test")[0].tracks] == [1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"NAME": {"1": null, "2": "She."}}', r"person '1' holds None where a text belongs"),
        ('{"NAME": {"1": "\\ud800", "2": "She."}}', "where a text belongs"),
        ('{"NAME": {"1": DEEP, "2": "She."}}', "person '1' holds .* where a text belongs"),
        ('{"NAME": {"1": "He.", "01": "Him.", "2": "She."}}', "describes track 1 2 times"),
        (
            '{"NAME": {"BIG": "He.", "1": "He.", "2": "She."}}',
            "describes person '1180591620717411303424', who has no track",
        ),
    ],
)
def test_values_that_no_caption_can_be(tmp_path, text, message):
    make_json(tmp_path / "data", {}, {NAME: "Two."}, {NAME: {}})
    text = text.replace("NAME", NAME).replace("DEEP", "[" * 300 + "]" * 300).replace("BIG", str(2**70))
    (tmp_path / "data/instance_caption.json").write_text(text)
    with pytest.raises(ValueError, match=rf"because of --strict: .*{message}") as caught:
        convert_bensmot_json(tmp_path / "data", tmp_path / "out", strict=True)
    assert "\n" not in str(caught.value)
    assert convert_bensmot_json(tmp_path / "data", tmp_path / "out").sequences == 1
