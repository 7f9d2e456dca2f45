from pathlib import Path

import numpy as np
import pytest
from bensmot_builder import assert_same, make_dataset, make_images, make_sequence, make_track
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smot_vlm.data.bensmot import BenSmot, BenSmotSequence, read_sequence
from smot_vlm.data.dataset_writer import write_dataset, write_sequence
from smot_vlm.formats.sequence_files import default_names
from smot_vlm.structures import Description, Interaction, ModelInfo, Trajectory, VideoInfo
from smot_vlm.verbs import VERBS, find

CANONICAL = [verb.label for verb in VERBS if find(verb.label) == (verb,)]

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(lambda value: " ".join(value.split()))
folder_name = st.text(
    st.characters(categories=["L", "N", "Zs"], include_characters="-_.'&"), min_size=1, max_size=12
).filter(lambda value: value == value.strip(". "))
key = st.one_of(
    st.sampled_from(["man0", "woman0", "boy1", "person3", "old man0"]),
    st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters=":："), min_size=1, max_size=10),
).filter(lambda value: value.isprintable() and value == " ".join(value.split()))
thousandths = st.integers(0, 2_000_000).map(lambda value: value / 1000)


@st.composite
def trajectories(draw, id: int) -> Trajectory:
    frames = sorted(draw(st.sets(st.integers(0, 1200), min_size=1, max_size=8)))
    corners = np.array([[draw(thousandths) for _ in range(4)] for _ in frames])
    corners[:, 2:] += corners[:, :2] + 0.001
    scores = np.array([draw(st.integers(1, 10_000)) / 10_000 for _ in frames])
    return Trajectory(id, np.array(frames), corners, scores, draw(text))


@st.composite
def sequences(draw) -> BenSmotSequence:
    ids = sorted(draw(st.sets(st.integers(0, 10_000), max_size=4)))
    tracks = tuple(draw(trajectories(id)) for id in ids)
    names = draw(st.lists(key, min_size=len(ids), max_size=len(ids), unique=True))
    pairs = [(a, b) for a in ids for b in ids if a != b]
    edges = (
        draw(st.lists(st.tuples(st.sampled_from(pairs), st.sampled_from(CANONICAL)), unique=True, max_size=6))
        if pairs
        else []
    )
    interactions = tuple(Interaction(a, verb, b) for (a, b), verb in edges)
    name = f"{draw(folder_name)}/{draw(folder_name)}"
    fps = draw(st.sampled_from([1.0, 2.0, 3.125, 29.97, 1 / 3]))
    return BenSmotSequence(name, Path(), (), None, tracks, tuple(names), interactions, draw(text), fps)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=sequences())
def test_write_then_read_is_the_identity(tmp_path_factory, sequence):
    root = tmp_path_factory.mktemp("identity")
    write_sequence(sequence, root / sequence.name, images="none")
    again = read_sequence(root / sequence.name)
    assert_same(sequence, again)
    write_sequence(again, root / "again" / sequence.name, images="none")
    for name in ("gt/gt.txt", "instance_captions.txt", "video_caption.txt", "interactions.graphml", "seqinfo.ini"):
        first, second = root / sequence.name / name, root / "again" / sequence.name / name
        assert first.exists() == second.exists()
        assert not first.exists() or first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("images", ["link", "copy"])
def test_images_are_linked_or_copied_with_their_numbers(tmp_path, images):
    sequence = make_sequence(tmp_path / "pictures")
    gaps = make_images(tmp_path / "gaps", [0, 3, 1233])
    sequence = BenSmotSequence(**{**vars(sequence), "frames": gaps})
    write_sequence(sequence, tmp_path / "out/walking/seq1", images=images)
    written = sorted((tmp_path / "out/walking/seq1/imgs").iterdir())
    assert [path.name for path in written] == ["001.jpg", "004.jpg", "1234.jpg"]
    assert [path.is_symlink() for path in written] == [images == "link"] * 3
    assert [path.read_bytes() for path in written] == [frame.path.read_bytes() for frame in gaps]


def test_tracks_alone_write_no_word_files(tmp_path):
    sequence = make_sequence(tmp_path / "pictures")
    tracks = (make_track(1, [0]), make_track(5, [1]))
    bare = BenSmotSequence(
        **{**vars(sequence), "tracks": tracks, "names": tuple(default_names(2)), "interactions": (), "caption": ""}
    )
    write_sequence(bare, tmp_path / "walking/seq1")
    assert sorted(path.name for path in (tmp_path / "walking/seq1").iterdir()) == ["gt", "imgs", "seqinfo.ini"]
    assert_same(bare, read_sequence(tmp_path / "walking/seq1"))


def test_what_cannot_be_written(tmp_path):
    sequence = make_sequence(tmp_path / "pictures")
    with pytest.raises(ValueError, match="no boxes"):
        write_sequence(
            BenSmotSequence(**{**vars(sequence), "tracks": (make_track(1, []),), "names": ("man0",)}), tmp_path / "a"
        )
    with pytest.raises(ValueError, match="key 'man:0'"):
        write_sequence(BenSmotSequence(**{**vars(sequence), "names": ("man:0", "man1")}), tmp_path / "b")
    with pytest.raises(ValueError, match="give ascending ids"):
        BenSmotSequence(**{**vars(sequence), "tracks": sequence.tracks[::-1]})
    sequence.frames[0].path.unlink()
    with pytest.raises(FileNotFoundError, match=r"001.jpg"):
        write_sequence(sequence, tmp_path / "c")


def test_a_data_set_is_written_whole_or_not_at_all(tmp_path):
    first = make_sequence(tmp_path / "pictures")
    second = make_sequence(tmp_path / "pictures2", "walking/seq2")
    written: list[str] = []
    assert write_dataset(tmp_path / "out", [("train", first), ("test", second)], progress=written.append) == 2
    assert written == ["walking/seq1", "walking/seq2"]
    assert_same(first, BenSmot(tmp_path / "out", "train", strict=True)[0])
    with pytest.raises(FileExistsError, match="--overwrite"):
        write_dataset(tmp_path / "out", [("train", first)])
    with pytest.raises(ValueError, match="there twice"):
        write_dataset(tmp_path / "out", [("train", first), ("train", first)], overwrite=True)
    with pytest.raises(ValueError, match="splits are train, val, test"):
        write_dataset(tmp_path / "out", [("testing", first)], overwrite=True)
    assert BenSmot(tmp_path / "out", "test").names == ("walking/seq2",)
    write_dataset(tmp_path / "out", [("train", first)], overwrite=True)
    assert not (tmp_path / "out" / "test").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "pictures", "pictures2"]


def test_a_prediction_is_written_in_the_layout(tmp_path):
    tracks = (make_track(9, [0, 4], "A man sits."), make_track(2, [1], "A woman: she waves.\nTwice."))
    video = VideoInfo("clip.mp4", 64, 48, 25.0, 5)
    description = Description(
        video, tracks, (Interaction(9, "look.v.01", 2, 0.7),), "Two people.", ModelInfo("m", "d", "byte", True)
    )
    description.to_bensmot(tmp_path / "walking/seq1")
    assert sorted(path.name for path in (tmp_path / "walking/seq1").iterdir()) == [
        "gt",
        "instance_captions.txt",
        "interactions.graphml",
        "video_caption.txt",
    ]
    again = read_sequence(tmp_path / "walking/seq1")
    assert [track.id for track in again.tracks] == [2, 9]
    assert again.names == ("person0", "person1")
    assert again.tracks[0].caption == "A woman: she waves. Twice."
    assert again.tracks[1].frames.tolist() == [0, 4]
    assert again.interactions == (Interaction(9, "look.v.01", 2),)
    assert again.caption == "Two people."


def test_a_prediction_keeps_boxes_of_no_confidence(tmp_path):
    track = Trajectory(1, np.array([0]), np.array([[0.0, 0.0, 5.0, 5.0]]), np.array([0.0]))
    video = VideoInfo("clip.mp4", 64, 48, 25.0, 5)
    Description(video, (track,), (), "", ModelInfo("m", "d", "byte", True)).to_bensmot(tmp_path / "a/b")
    assert len(read_sequence(tmp_path / "a/b").tracks) == 1


def test_a_prediction_without_people(tmp_path):
    video = VideoInfo("clip.mp4", 64, 48, 25.0, 5)
    Description(video, (), (), "Nobody.", ModelInfo("m", "d", "byte", True)).to_bensmot(tmp_path / "a/b")
    again = read_sequence(tmp_path / "a/b", strict=False)
    assert again.tracks == ()
    assert again.caption == "Nobody."


def test_the_builder_makes_valid_data(tmp_path):
    make_dataset(tmp_path / "data")
    assert len(BenSmot(tmp_path / "data", "test", strict=True)[0].tracks) == 2
