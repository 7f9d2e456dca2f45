import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smot_vlm.cli.main import main
from smot_vlm.data.bensmot import BenSmot, BenSmotSequence
from smot_vlm.data.dataset_writer import write_dataset
from smot_vlm.data.frames import FrameFile
from smot_vlm.structures import Interaction, Trajectory

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "real_mini"


@pytest.fixture
def dataset(tmp_path) -> Path:
    """Three sequences in two splits."""
    sequences = [("test", "a/one"), ("test", "a/two"), ("train", "b/three")]
    write_dataset(tmp_path / "data", [(split, make(tmp_path, name)) for split, name in sequences], images="copy")
    return tmp_path / "data"


def make(tmp_path: Path, name: str) -> BenSmotSequence:
    frames = []
    for index in range(3):
        path = tmp_path / f"{index + 1:03d}.jpg"
        Image.new("RGB", (64, 48), (90, 90, 90)).save(path)
        frames.append(FrameFile(index, path))
    boxes = np.tile([4.0, 8, 20, 40], (3, 1))
    tracks = tuple(Trajectory(id, np.arange(3), boxes + id, np.ones(3), f"Person {id} walks.") for id in (1, 2))
    edges = (Interaction(1, "embrace.v.02", 2),)
    return BenSmotSequence(name, tmp_path, tuple(frames), (64, 48), tracks, ("man0", "man1"), edges, "A walk.", 2.0)


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error with runs of blanks as one."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in ("data", *arguments)])
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, " ".join(captured.err.split())


def test_validate(capsys, dataset):
    assert run(capsys, "validate", dataset) == (0, "3 sequences: 0 errors, 0 warnings\n", "")
    path = dataset / "test/a/one/gt/gt.txt"
    path.write_text(path.read_text() + "nonsense\n" * 3)
    (dataset / "test/a/two/interactions.graphml").unlink()
    code, out, _ = run(capsys, "validate", dataset, "--show", 2)
    assert code == 1
    assert f"error: {path}:7: 'nonsense' is not numbers" in out
    assert f"{path}:8: " in out
    assert f"{path}:9: " not in out
    assert re.search(r"malformed-row +error +3", out)
    assert re.search(r"missing-words +warning +1", out)
    assert "3 sequences: 3 errors, 1 warnings" in out


def test_warnings_are_no_error(capsys, dataset):
    (dataset / "test/a/two/interactions.graphml").unlink()
    assert run(capsys, "validate", dataset, "--quick")[0] == 0


def test_fix(capsys, dataset, tmp_path):
    path = dataset / "test/a/one/gt/gt.txt"
    path.write_text(path.read_text() + "nonsense\n")
    code, out, _ = run(capsys, "validate", dataset, "--fix", tmp_path / "repaired")
    assert code == 0
    assert "-> row skipped [malformed-row]" in out
    assert "repaired: 3 of 3 sequences, 0 errors left" in out
    assert run(capsys, "validate", tmp_path / "repaired")[0] == 0
    code, _, err = run(capsys, "validate", dataset, "--fix", tmp_path / "repaired")
    assert (code, "--overwrite" in err) == (1, True)
    (dataset / "test/a/one/instance_captions.txt").write_text("man0: He walks.\n")
    code, out, err = run(capsys, "validate", dataset, "--fix", tmp_path / "repaired", "--overwrite", "--copy")
    assert code == 1
    assert "only a person can write it" in out
    assert "'man1' has no caption" in err
    assert not (tmp_path / "repaired/test/a/one/imgs/001.jpg").is_symlink()


def test_stats(capsys, dataset, tmp_path):
    code, out, err = run(capsys, "stats", dataset, "--plot", tmp_path / "stats.png")
    assert (code, err) == (0, "")
    assert re.search(r"videos +3 +3,292", out)
    assert re.search(r"total length \(s\) +4.5 +75,499", out)
    assert re.search(r"embrace.v.02 +3", out)
    assert Image.open(tmp_path / "stats.png").width > 1000
    code, _, err = run(capsys, "stats", dataset, "--plot", tmp_path / "stats.png")
    assert (code, "--overwrite" in err) == (1, True)
    code, out, _ = run(capsys, "stats", dataset, "--json", "--split", "train")
    assert code == 0
    assert json.loads(out)["totals"]["videos"] == 1


def test_preview(capsys, dataset, tmp_path):
    code, out, err = run(capsys, "preview", dataset, "--out", tmp_path / "sheet.png", "--sequences", 2)
    assert (code, err) == (0, "")
    assert "2 of 3 sequences" in out
    assert Image.open(tmp_path / "sheet.png").width > 1000
    code, _, err = run(capsys, "preview", dataset, "--out", tmp_path / "sheet.png")
    assert (code, "--overwrite" in err) == (1, True)


def test_convert_mot(capsys, dataset, tmp_path):
    source = tmp_path / "mot/train/v1"
    (source / "gt").mkdir(parents=True)
    (source / "gt/gt.txt").write_text("1,1,4,8,10,20,1,1,1\n")
    (dataset / "test/a/one/imgs").rename(source / "img1")
    (tmp_path / "mot/train/v2/img1").mkdir(parents=True)
    code, out, err = run(
        capsys, "convert", tmp_path / "mot", tmp_path / "out", "--from", "mot", "--scenario", "sport", "--fps", "5"
    )
    assert (code, out) == (0, f"{tmp_path / 'out'}: 1 sequences, 1 tracks, 1 boxes\n")
    assert err == "warning: skipped, no ground truth: v2"
    assert BenSmot(tmp_path / "out", "train").names == ("sport/v1",)
    assert (tmp_path / "out/train/sport/v1/imgs/001.jpg").is_symlink()


def test_convert_json(capsys, dataset, tmp_path):
    (dataset / "video_summary.json").write_text('{"a/one": "New words."}')
    arguments = ("convert", dataset, tmp_path / "out", "--from", "bensmot-json")
    assert run(capsys, *arguments, "--copy")[0] == 0
    assert BenSmot(tmp_path / "out", "test")[0].caption == "New words."
    assert not (tmp_path / "out/test/a/one/imgs/001.jpg").is_symlink()
    code, _, err = run(capsys, *arguments)
    assert (code, "--overwrite" in err) == (1, True)
    assert run(capsys, *arguments, "--overwrite")[0] == 0
    assert run(capsys, *arguments, "--overwrite", "--amodal")[0] == 2


def test_convert_people(capsys, tmp_path):
    archive = tmp_path / "peta/TownCentre/archive"
    archive.mkdir(parents=True)
    Image.new("RGB", (30, 80)).save(archive / "7_1.png")
    (archive / "Label.txt").write_text("7 personalMale personalLess30 upperBodyRed\n")
    arguments = ("convert", tmp_path / "peta", tmp_path / "out", "--from", "peta", "--strict", "--fps", "4")
    assert run(capsys, *arguments) == (0, f"{tmp_path / 'out'}: 1 sequences, 1 tracks, 1 boxes\n", "")
    assert BenSmot(tmp_path / "out", "train")[0].caption == "A man in red upper clothes is walking."
    assert BenSmot(tmp_path / "out", "train")[0].fps == 4
    for layout, option, value in (
        ("flickr30k-entities", "--every", 2),
        ("peta", "--frames", 4),
        ("ut-interaction", "--seed", 1),
        ("peta", "--only", "a"),
    ):
        code, _, err = run(capsys, "convert", tmp_path / "peta", tmp_path / "two", "--from", layout, option, value)
        assert (code, f"{option}: goes with" in err) == (2, True)
    for layout in ("flickr30k-entities", "ut-interaction"):
        code, out, err = run(capsys, "convert", tmp_path / "peta", tmp_path / "two", "--from", layout)
        assert (code, out, err.startswith("error: ")) == (1, "", True)


def test_verbs(capsys):
    code, out, _ = run(capsys, "verbs", "EMBRACE")
    assert code == 0
    assert re.search(r"\d+ +embrace\.v\.02 +\w+", out)
    code, out, _ = run(capsys, "verbs")
    assert len(re.findall(r"^ +\d+ +\S+", out, re.MULTILINE)) == 335
    code, _, err = run(capsys, "verbs", "xyzzy")
    assert (code, err) == (
        1,
        "error: no verb with 'xyzzy' in its label or gloss; `smot-vlm data verbs` lists all 335",
    )


@pytest.mark.parametrize("command", ["validate", "stats", "preview"])
def test_a_folder_that_is_not_there(capsys, tmp_path, command):
    code, out, err = run(capsys, command, tmp_path / "nowhere")
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert "no such folder" in err


@pytest.mark.parametrize("command", ["stats", "preview"])
def test_a_folder_without_splits(capsys, tmp_path, command):
    code, _, err = run(capsys, command, tmp_path)
    assert code == 1
    assert "no folder train, val, test" in err


def test_wrong_usage(capsys, dataset, tmp_path):
    assert run(capsys, "convert", dataset, tmp_path / "out", "--from", "coco")[0] == 2
    assert run(capsys, "preview", dataset, "--frames", "0")[0] == 2
    assert run(capsys, "validate")[0] == 2


def test_synthetic_videos_are_valid(capsys, tmp_path):
    pytest.importorskip("smot_vlm.synthetic.dataset")
    arguments = ("synth", tmp_path / "made", "--videos", 1, "--seed", 5, "--split", "train", "--width", 320)
    code, out, _ = run(capsys, *arguments)
    assert (code, out) == (0, f"{tmp_path / 'made/train'}: 1 sequences\n")
    assert run(capsys, "validate", tmp_path / "made")[0] == 0
    assert len(BenSmot(tmp_path / "made", "train", strict=True)[0].tracks) > 0


@pytest.mark.subprocess
def test_heavy_libraries_wait_until_they_are_needed():
    script = (
        "import sys; import smot_vlm.cli.main; print(sorted({'torch', 'cv2', 'matplotlib', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL} is not there")
def test_real_set(capsys, tmp_path):
    assert run(capsys, "validate", REAL)[0] == 0
    assert run(capsys, "preview", REAL, "--out", tmp_path / "sheet.png", "--sequences", 1)[0] == 0
