import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from bensmot_builder import assert_same, make_dataset, make_images

from smot_vlm.data.bensmot import BenSmot, read_sequence
from smot_vlm.data.dataset_writer import write_sequence
from smot_vlm.structures import Interaction

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "real_mini"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL} is not there")


@pytest.fixture
def folder(tmp_path) -> Path:
    return make_dataset(tmp_path / "data")


def test_reads_what_the_layout_holds(folder):
    sequence = read_sequence(folder, strict=True)
    assert sequence.name == "walking/seq1"
    assert sequence.scenario == "walking"
    assert sequence.size == (64, 48)
    assert [frame.index for frame in sequence.frames] == [0, 1, 2, 3, 4]
    assert sequence.names == ("man0", "woman0")
    assert [track.id for track in sequence.tracks] == [1, 2]
    assert sequence.tracks[1].frames.tolist() == [1, 2, 3, 4]
    assert sequence.tracks[1].boxes[0].tolist() == [31, 8, 41, 28]
    assert sequence.tracks[0].caption == "A man in a red coat walks to the right."
    assert sequence.interactions == (Interaction(2, "smile.v.01", 1), Interaction(1, "look.v.01", 2))
    assert sequence.caption == "A woman waves at a man."
    assert sequence.fps == 2.0
    assert sequence.length_seconds == 2.5


def test_a_frame_is_decoded_when_it_is_asked_for(folder):
    sequence = read_sequence(folder)
    frame = sequence.read_frame(3)
    assert frame.index == 3
    assert frame.time_seconds == 1.5
    assert frame.image.shape == (48, 64, 3)
    assert abs(int(frame.image[0, 0, 0]) - 12) <= 2
    sequence.frames[3].path.unlink()
    with pytest.raises(FileNotFoundError, match=r"004.jpg: no such image"):
        sequence.read_frame(3)


def test_frame_numbers_come_from_names_and_may_have_gaps(folder):
    for path in (folder / "imgs").iterdir():
        path.unlink()
    for number, name in ((2, "0002.JPG"), (5, "frame_0005.png"), (10, "10.jpeg")):
        shutil.copy(make_images(folder.parent / "spare", [number])[0].path, folder / "imgs" / name)
    (folder / "imgs" / ".DS_Store").write_bytes(b"x")
    (folder / "imgs" / "notes.txt").write_text("x")
    sequence = read_sequence(folder)
    assert [frame.index for frame in sequence.frames] == [1, 4, 9]
    assert sequence.tracks[0].frames.tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="frame 1 has boxes but no image"):
        read_sequence(folder, strict=True)


@pytest.mark.parametrize(("name", "word"), [("picture.jpg", "no frame number"), ("1.png", "frame 1 is also 001.jpg")])
def test_image_names_that_mean_nothing(folder, name, word):
    shutil.copy(folder / "imgs" / "001.jpg", folder / "imgs" / name)
    with pytest.raises(ValueError, match=word):
        read_sequence(folder)


def test_a_set_of_tracks_alone_is_a_data_set(folder):
    for name in ("video_caption.txt", "interactions.graphml", "instance_captions.txt"):
        (folder / name).unlink()
        with pytest.raises(FileNotFoundError, match=name):
            read_sequence(folder, strict=True)
    sequence = read_sequence(folder)
    assert sequence.names == ("person0", "person1")
    assert [track.caption for track in sequence.tracks] == ["", ""]
    assert sequence.interactions == ()
    assert sequence.caption == ""


def test_a_video_without_people(folder):
    (folder / "gt" / "gt.txt").write_text("\n")
    (folder / "instance_captions.txt").write_text("")
    (folder / "interactions.graphml").unlink()
    assert read_sequence(folder).tracks == ()


def test_boxes_without_images(folder):
    shutil.rmtree(folder / "imgs")
    sequence = read_sequence(folder)
    assert sequence.frames == ()
    assert sequence.size is None
    with pytest.raises(FileNotFoundError, match="no image"):
        read_sequence(folder, strict=True)


def test_no_boxes_at_all(folder):
    (folder / "gt" / "gt.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"gt.txt"):
        read_sequence(folder)


def test_windows_files_with_marks(folder):
    for path in [folder / "gt" / "gt.txt", *folder.glob("*.txt"), *folder.glob("*.graphml")]:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().rstrip().replace(b"\n", b"  \r\n"))
    sequence = read_sequence(folder, strict=True)
    assert sequence.tracks[1].caption == "A woman in a green dress waves."
    assert sequence.interactions[0] == Interaction(2, "smile.v.01", 1)
    assert sequence.caption == "A woman waves at a man."


def test_verbs_are_canonical_and_glued_labels_are_two(folder):
    path = folder / "interactions.graphml"
    path.write_text(path.read_text().replace("smile.v.01", "smile.v.01ook.v.01, loo.v.01 ,simle.v.01"))
    assert read_sequence(folder).interactions == (
        Interaction(2, "smile.v.01", 1),
        Interaction(2, "look.v.01", 1),
        Interaction(1, "look.v.01", 2),
    )


def test_words_that_are_wrong_are_logged_or_raised(folder, caplog):
    path = folder / "interactions.graphml"
    path.write_text(path.read_text().replace("smile.v.01", "teleport.v.01"))
    with caplog.at_level(logging.WARNING):
        assert read_sequence(folder).interactions == (Interaction(1, "look.v.01", 2),)
    assert f"{path}:7: unknown verb 'teleport.v.01'" in caplog.text
    with pytest.raises(ValueError, match=r"interactions.graphml:7: unknown verb"):
        read_sequence(folder, strict=True)


def test_a_hostile_graph_is_refused(folder):
    (folder / "interactions.graphml").write_text("<!DOCTYPE x [<!ENTITY a 'b'>]><graphml/>")
    with pytest.raises(ValueError, match=r"interactions.graphml:1: declares a document type") as caught:
        read_sequence(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("files", "fps"),
    [
        ({}, 2.0),
        ({"fps.txt": "25\n"}, 25.0),
        ({"seqinfo.ini": "[Sequence]\nname=a%b\nframeRate=12.5\n"}, 12.5),
        ({"seqinfo.ini": "[Sequence]\nname=a\n"}, 2.0),
        ({"source.json": '{"fps": 30}'}, 30.0),
        ({"source.json": '{"fps": 25, "kept_frames": [1, 9, 17]}'}, 3.125),
        ({"source.json": '{"fps": 25, "kept_frames": [1]}', "fps.txt": "4"}, 4.0),
    ],
)
def test_frame_rate(folder, files, fps):
    (folder / "seqinfo.ini").unlink()
    for name, text in files.items():
        (folder / name).write_text(text)
    assert read_sequence(folder).fps == fps


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fps.txt", "fast"),
        ("fps.txt", "0"),
        ("fps.txt", "nan"),
        ("seqinfo.ini", "frameRate=2"),
        ("source.json", '{"fps": 25, "kept_frames": [1, 1]}'),
        ("source.json", "{"),
    ],
)
def test_frame_rates_that_are_none(folder, name, text):
    (folder / "seqinfo.ini").unlink()
    (folder / name).write_text(text)
    with pytest.raises(ValueError, match=f"{name}: .*rate"):
        read_sequence(folder)


def test_a_data_set_lists_and_reads_one_by_one(tmp_path):
    make_dataset(tmp_path / "data", sequences=3)
    data = BenSmot(tmp_path / "data", "test")
    assert len(data) == 3
    assert data.names == ("walking/seq1", "walking/seq2", "walking/seq3")
    assert [sequence.name for sequence in data] == list(data.names)
    assert data[-1].name == "walking/seq3"
    (tmp_path / "data/test/walking/seq2/gt/gt.txt").unlink()
    assert data[0].name == "walking/seq1"
    with pytest.raises(FileNotFoundError):
        data[1]


def test_roots_and_splits_that_are_not_there(tmp_path):
    make_dataset(tmp_path / "data")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        BenSmot(tmp_path / "nowhere", "test")
    with pytest.raises(FileNotFoundError, match=r"no split 'train'; folders there are \['test'\]"):
        BenSmot(tmp_path / "data", "train")
    (tmp_path / "data" / "train").mkdir()
    with pytest.raises(ValueError, match="no sequence"):
        BenSmot(tmp_path / "data", "train")


@needs_real
def test_real_annotations_are_read_strictly():
    data = BenSmot(REAL, "test", strict=True)
    sequences = list(data)
    assert len(sequences) == 4
    assert sum(len(sequence) for sequence in sequences) == 78
    assert sum(len(sequence.tracks) for sequence in sequences) == 25
    assert sum(len(track) for sequence in sequences for track in sequence.tracks) == 344
    assert sum(len(sequence.interactions) for sequence in sequences) == 19
    words = [len(track.caption.split()) for sequence in sequences for track in sequence.tracks]
    assert 38 < np.mean(words) < 44
    street = sequences[3]
    assert street.name == "walking_on_street/TUD-Stadtmitte"
    assert street.names[2] == "man0"
    assert street.tracks[2].caption.startswith("An elderly man with white hair")
    assert Interaction(4, "hold.v.02", 5) in street.interactions
    assert street.fps == 3.125


@needs_real
def test_real_annotations_survive_a_round_trip(tmp_path):
    for sequence in BenSmot(REAL, "test", strict=True):
        write_sequence(sequence, tmp_path / sequence.name, images="link")
        again = read_sequence(tmp_path / sequence.name, strict=True)
        assert_same(sequence, again)
        for mine, other in zip(sequence.frames, again.frames, strict=True):
            assert mine.path.read_bytes() == other.path.read_bytes()
