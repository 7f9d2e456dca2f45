"""The script of the paper's experiments, on a stand-in for the model that knows the truth."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest

from smot_vlm.config import Config
from smot_vlm.data.bensmot import tracks_of_rows
from smot_vlm.formats.bensmot import format_words, write_files
from smot_vlm.formats.mot import read_mot
from smot_vlm.structures import Description, Interaction, ModelInfo, VideoInfo

SCRIPT = Path(__file__).parent.parent / "scripts/reproduce_paper.py"
NAMES = ("park/one", "street/two")
CAPTIONS = ("A man in a red coat waits at the corner.", "A woman with two bags walks to the man.")
SUMMARY = "Two people meet at a corner."


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reproduce_paper", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["reproduce_paper"] = module
    spec.loader.exec_module(module)
    return module


class Knowing:
    """Describes each sequence as its truth does; associator "sort" says nothing of whom it sees."""

    made: tuple[tuple[str, str | None, float], ...] = ()
    root = Path()

    def __init__(self, model, config, *, detector="model", associator=None):
        self.model, self.config, self.associator = model, config, associator or "byte"
        self.sequences = iter(NAMES)
        Knowing.made += ((model.name, associator, config.association.proposal_score),)

    @classmethod
    def from_pretrained(cls, name, *, detector, associator, device):
        if associator == "deepsort":
            raise FileNotFoundError("no appearance model")
        return cls(SimpleNamespace(name=name, trained=True), Config(), detector=detector, associator=associator)

    def describe(self, source, *, trajectories, fps, on_frame):
        images = list(source)
        rows = read_mot(Knowing.root / "test" / next(self.sequences) / "gt/gt.txt")
        tracks = [replace(track, caption=CAPTIONS[track.id - 1]) for track in tracks_of_rows(rows)]
        if self.associator == "sort":
            tracks = [replace(track, caption="") for track in tracks]
        video = VideoInfo("array", images[0].shape[1], images[0].shape[0], fps, len(images))
        edges = (Interaction(1, "talk.v.01", 2, 0.9),)
        return Description(video, tuple(tracks), edges, SUMMARY, ModelInfo("knowing", "none", self.associator, True))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: ModuleType) -> Path:
    for name in NAMES:
        folder = tmp_path / "data/test" / name
        (folder / "imgs").mkdir(parents=True)
        for number in range(1, 7):
            cv2.imwrite(str(folder / f"imgs/{number:03d}.jpg"), np.zeros((64, 96, 3), np.uint8))
        boxes = "".join(f"{number},{id},{20 * id},10,12,30,1\n" for number in range(1, 7) for id in (1, 2))
        words = format_words([1, 2], ["man0", "woman0"], CAPTIONS, [(1, "talk.v.01", 2)], SUMMARY)
        write_files(folder, {"gt/gt.txt": boxes, **words})
    Knowing.root, Knowing.made = tmp_path / "data", ()
    monkeypatch.setattr(script, "Tracker", Knowing)
    monkeypatch.setattr("smot_vlm.evaluation.java.shutil.which", lambda name: None)
    monkeypatch.setattr("smot_vlm.evaluation.strict.sentence_similarity", lambda *given: np.ones(len(given[0])))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(script: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    given = ["reproduce_paper.py", "--data", "data", "--model", "weights", "--out", "out", *arguments]
    monkeypatch.setattr(sys, "argv", given)
    script.main()


def test_the_main_tables_stand_beside_the_papers(script, data, monkeypatch):
    call(script, monkeypatch, "--studies", "main")
    text = (data / "out/main.md").read_text()
    header = next(line for line in text.splitlines() if line.startswith("| | measure"))
    assert header.split(" | ")[2:4] == ["ours", "SORT (paper)"]
    assert "| tracking | HOTA ↑ | **100.00** | 48.49 |" in text
    assert "protocol: strict" in text
    assert "numbers as the paper prints them" in text


def test_associators_and_thresholds_reach_the_tracker(script, data, monkeypatch):
    studies = ("--studies", "association", "threshold", "--associators", "sort", "byte", "--thresholds", "0.1", "0.4")
    call(script, monkeypatch, *studies)
    own = Config().association.proposal_score
    # A threshold is put into the configuration of the loaded model, hence two makings.
    assert Knowing.made == (
        ("weights", "sort", own),
        ("weights", "byte", own),
        ("weights", None, own),
        ("weights", None, 0.1),
        ("weights", None, own),
        ("weights", None, 0.4),
    )
    text = (data / "out/association.md").read_text()
    bleu = next(line for line in text.splitlines() if "| instance | BLEU ↑" in line)
    assert [cell.strip(" *") for cell in bleu.split("|")[3:5]] == ["0.000", "1.000"], "sort was silent"
    assert "tau-0.1" in (data / "out/threshold.md").read_text()


def test_what_is_evaluated_is_not_run_again(script, data, monkeypatch):
    call(script, monkeypatch, "--studies", "main")
    before, Knowing.made = (data / "out/main.md").read_text(), ()
    (data / "out/main.md").unlink()
    call(script, monkeypatch, "--studies", "main")
    assert Knowing.made == ()
    assert (data / "out/main.md").read_text() == before


def test_an_experiment_that_fails_does_not_stop_the_others(script, data, monkeypatch, capsys):
    with pytest.raises(ValueError, match="1 of 2 experiments failed"):
        call(script, monkeypatch, "--studies", "association", "--associators", "deepsort", "byte")
    assert "association: deepsort: no appearance model" in capsys.readouterr().err
    assert "byte" in (data / "out/association.md").read_text()


def test_fusions_are_models_of_their_own(script, data, monkeypatch):
    call(script, monkeypatch, "--studies", "fusion", "--fusion", "mlp=first", "attention=second")
    assert [name for name, _, _ in Knowing.made] == ["first", "second"]
    assert "attention (paper)" in (data / "out/fusion.md").read_text()
    with pytest.raises(ValueError, match="--fusion NAME=FOLDER"):
        call(script, monkeypatch, "--studies", "fusion", "--fusion", "first")
    with pytest.raises(ValueError, match="--fusion NAME=FOLDER"):
        call(script, monkeypatch, "--studies", "fusion")
