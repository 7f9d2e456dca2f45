"""The written folder: BenSMOT's layout, readable by its reader, byte for byte the same every time."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from smot_vlm.data.bensmot import BenSmot
from smot_vlm.evaluation.fact_scores import score_caption
from smot_vlm.language.fact_records import SequenceFacts
from smot_vlm.synthetic import make_sequence, read_facts, write_dataset

pytestmark = pytest.mark.drawn


def digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("synthetic") / "set"
    write_dataset(target, 2, 40, "test", width=320)
    return target


def test_the_layout_is_complete(folder):
    for path in (folder / "test").glob("*/*"):
        names = {str(one.relative_to(path)) for one in path.rglob("*") if one.is_file() and one.suffix != ".jpg"}
        assert names == {
            "facts.json",
            "gt/gt.txt",
            "instance_captions.txt",
            "interactions.graphml",
            "seqinfo.ini",
            "video_caption.txt",
        }
        images = sorted(one.name for one in (path / "imgs").iterdir())
        assert images[:2] == ["001.jpg", "002.jpg"]
        assert len(images) >= 30


def test_what_is_read_is_what_was_made(folder):
    read = {sequence.name: sequence for sequence in BenSmot(folder, "test", strict=True)}
    for seed in (40, 41):
        made = make_sequence(seed, "test", width=320)
        found = read[made.name]
        assert found.names == made.keys
        assert found.caption == made.caption
        assert set(found.interactions) == set(made.interactions)
        assert found.fps == made.fps
        for track, twin in zip(found.tracks, made.tracks, strict=True):
            assert (track.id, track.caption) == (twin.id, twin.caption)
            assert np.array_equal(track.frames, twin.frames)
            assert np.allclose(track.boxes, twin.boxes, atol=0.002)
        image = found.read_frame(0).image.astype(int)
        assert np.abs(image - made.frame(0)).mean() < 8


def test_facts_lie_beside_the_captions(folder):
    for sequence in BenSmot(folder, "test", strict=True):
        facts = SequenceFacts.from_dict(json.loads((sequence.folder / "facts.json").read_text()))
        assert facts.name == sequence.name
        for track, truth in zip(sequence.tracks, facts.tracks, strict=True):
            score = score_caption(truth, track.caption, read_facts)
            assert (score.recall, score.precision) == (1.0, 1.0)


def test_the_same_arguments_give_the_same_bytes(folder, tmp_path):
    names: list[str] = []
    write_dataset(tmp_path / "again", 2, 40, "test", width=320, progress=names.append)
    assert digests(tmp_path / "again") == digests(folder)
    assert names == [make_sequence(seed, "test").name for seed in (40, 41)]


def test_processes_change_nothing(folder, tmp_path):
    write_dataset(tmp_path / "two", 2, 40, "test", width=320, processes=2)
    assert digests(tmp_path / "two") == digests(folder)


def test_another_split_is_kept_and_the_same_is_refused(tmp_path):
    write_dataset(tmp_path, 1, 0, "train", width=160)
    write_dataset(tmp_path, 1, 0, "test", width=160)
    before = digests(tmp_path / "train")
    with pytest.raises(FileExistsError, match="--overwrite"):
        write_dataset(tmp_path, 1, 1, "train", width=160)
    assert digests(tmp_path / "train") == before
    write_dataset(tmp_path, 1, 1, "train", width=160, overwrite=True)
    assert digests(tmp_path / "train") != before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["test", "train"]


@pytest.mark.parametrize("options", [{"videos": 0}, {"processes": 0}, {"split": "dev"}, {"fps": 100.0}])
def test_wrong_arguments_write_nothing(tmp_path, options):
    arguments = {"videos": 1, "seed": 0, "split": "train", **options}
    with pytest.raises(ValueError, match=r"give|choose"):
        write_dataset(tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").rglob("*"))
