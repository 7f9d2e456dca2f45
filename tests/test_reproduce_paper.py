"""The script of the paper's tables: without a model, and with a stand-in for one that knows the truth."""

import importlib.util
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from reproduction_cases import NAMES, Knowing, write_data
from tiny import tiny_config

from smot_vlm.config import Config
from smot_vlm.models.build import build_model
from smot_vlm.models.checkpoint import save_pretrained

SCRIPT = Path(__file__).parent.parent / "scripts/reproduce_paper.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reproduce_paper", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["reproduce_paper"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_data(tmp_path / "data")
    monkeypatch.setattr("smot_vlm.evaluation.java.shutil.which", lambda name: None)
    monkeypatch.setattr("smot_vlm.evaluation.strict.sentence_similarity", lambda *given: np.ones(len(given[0])))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def knowing(data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data, and every model knows them."""
    Knowing.root, Knowing.made = data / "data", ()
    monkeypatch.setattr("smot_vlm.reproduction.execute.Tracker", Knowing)
    return data


@pytest.fixture
def call(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs the script with the given arguments."""

    def run(*arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", ["reproduce_paper.py", "--data", "data", "--out", "out", *arguments])
        script.main()

    return run


def row(text: str, name: str) -> list[str]:
    """The cells of the first row called `name`."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_tracking_half_needs_no_model(call, data):
    """Noisy true boxes of two people who stand still: every associator finds them again."""
    call("--table", "2", "--figure", "4", "--detector", "noisy-truth", "--rows", "SORT", "ByteTrack")
    text = (data / "out/table-2.md").read_text()
    assert "the two must not be compared" in text
    head = row(text, "run")
    sort, byte, motr = row(text, "SORT"), row(text, "ByteTrack"), row(text, "MOTR")
    assert head[1] == "HOTA ↑"
    assert sort[1].endswith(" / 48.49")
    assert float(byte[1].split()[0]) > 50
    assert motr[1] == "– / 66.10"
    assert "--mot MOTR=FOLDER" in motr[-1]
    assert row(text, "SMOTer")[-1].startswith("first: accelerate launch")
    assert "configs/bensmot_smoter.yaml" in row(text, "SMOTer")[-1]
    assert row(text, "OC-SORT")[1] == "– / 51.00", "it was not asked to run"
    assert (
        byte[-1]
        == "`python scripts/reproduce_paper.py --table 2 --rows ByteTrack --data data --detector noisy-truth --out out`"
    )
    figure = (data / "out/figure-4.md").read_text()
    assert row(figure, "SORT")[1] == sort[1], "one run for both"
    assert "video/BLEU" not in figure.split("Left out")[0]
    assert "one HOTA" in figure, "a small set is shown by sequence"
    described = json.loads((data / "out/tracks/byte" / NAMES[0] / "description.json").read_text())
    assert described["model"] == {
        "name": "tracks-only",
        "decoder": "none",
        "associator": "byte",
        "trained": True,
        "training_data": "",
        "calibration": "",
        "prompts": {},
        "detector": "given",
        "domain": "",
        "version": "",
    }


def test_thresholds_without_a_model_have_trajectories_alone(call, data):
    call("--table", "5", "--detector", "noisy-truth", "--rows", "tau 0.1", "tau 0.5")
    text = (data / "out/table-5.md").read_text()
    assert row(text, "run")[1:4] == ["HOTA ↑", "MOTA ↑", "IDF1 ↑"]
    assert row(text, "tau 0.3")[1] == "– / 71.98"
    assert row(text, "tau 0.5")[1] != "– / 68.30"


def test_another_trackers_files_are_a_row(call, data):
    for name in NAMES:
        (data / "mine").mkdir(exist_ok=True)
        shutil.copy(data / "data/test" / name / "gt/gt.txt", data / f"mine/{name.rpartition('/')[2]}.txt")
    call("--table", "2", "--mot", "MOTRv2=mine", "New=mine")
    text = (data / "out/table-2.md").read_text()
    assert row(text, "MOTRv2")[1] == "100.00 / 65.28"
    assert row(text, "New")[1] == "100.00 / –"
    assert row(text, "SORT")[1] == "– / 48.49"
    assert "a detector (onnx:FILE" in row(text, "SORT")[-1]


def test_a_trained_model_fills_the_words(call, knowing):
    call("--table", "2", "3", "--model", "weights", "--rows", "SORT", "SMOTer")
    text = (knowing / "out/table-3.md").read_text()
    place = row(text, "run").index("instance BLEU ↑")
    assert row(text, "SMOTer")[place] == "1.000 / 0.306"
    assert row(text, "SORT")[place] == "0.000 / 0.233", "it was silent"
    assert "protocol: strict" in text
    assert row((knowing / "out/table-2.md").read_text(), "SMOTer")[1] == "100.00 / 71.98"
    own = Config().association.proposal_score
    assert Knowing.made == (("weights", "sort", own), ("weights", None, own)), "one run for both tables"


def test_a_model_folder_is_loaded_and_run(call, data, tiny_language_model):
    """Nothing stands in for the model here. It is untrained, so its figures are low, but they are figures."""
    config = tiny_config(tiny_language_model)
    save_pretrained(build_model(config).eval(), config, data / "weights")
    call("--table", "2", "3", "--model", "weights", "--rows", "SMOTer")
    described = [json.loads(path.read_text()) for path in (data / "out").glob("**/description.json")]
    assert len(described) == len(NAMES)
    assert {(one["model"]["name"], one["model"]["decoder"]) for one in described} == {("tiny", "lora-lm")}
    for table, printed in ((2, "71.98"), (3, "0.245")):
        ours, _, papers = row((data / f"out/table-{table}.md").read_text(), "SMOTer")[1].partition(" / ")
        assert papers == printed
        assert 0 <= float(ours) < float(printed)


def test_thresholds_reach_the_tracker(call, knowing):
    call("--table", "5", "--model", "weights", "--rows", "tau 0.1", "tau 0.4")
    # A threshold is put into the configuration of the loaded model, hence two makings where it differs.
    own = Config().association.proposal_score
    assert [tau for _, _, tau in Knowing.made] == [own, own, 0.4]
    assert row((knowing / "out/table-5.md").read_text(), "tau 0.4")[1].startswith("100.00")


def test_what_is_evaluated_is_not_run_again(call, knowing):
    arguments = ("--table", "2", "--model", "weights", "--rows", "SMOTer")
    call(*arguments)
    before, Knowing.made = (knowing / "out/table-2.md").read_text(), ()
    (knowing / "out/table-2.md").unlink()
    call(*arguments)
    assert Knowing.made == ()
    assert (knowing / "out/table-2.md").read_text() == before
    with pytest.raises(ValueError, match="1 runs failed"):
        call("--table", "2", "--model", "others", "--rows", "SMOTer")


def test_a_run_that_fails_does_not_stop_the_others(call, knowing, capsys):
    with pytest.raises(ValueError, match="1 runs failed"):
        call("--figure", "4", "--model", "weights", "--rows", "DeepSORT", "BYTE")
    assert "deepsort: no appearance model" in capsys.readouterr().err
    assert row((knowing / "out/figure-4.md").read_text(), "BYTE")[1] == "100.00 / 71.98"


def test_each_way_of_fusing_is_a_model_of_its_own(call, knowing):
    fusions = ("--fusion", "video-mlp=first", "trajectory-mlp=second")
    call("--table", "4", *fusions)
    assert [name for name, _, _ in Knowing.made] == ["first", "second"]
    text = (knowing / "out/table-4.md").read_text()
    video, people = row(text, "video-mlp"), row(text, "trajectory-mlp")
    video_place, people_place = (row(text, "run").index(f"{group} BLEU ↑") for group in ("video", "instance"))
    assert video[video_place] == "1.000 / 0.251"
    assert video[people_place] == people[video_place] == "", "each is scored where the paper scores it"
    assert "fusion.video=addition" in row(text, "video-addition")[-1]
    with pytest.raises(ValueError, match="NAME of video-attention"):
        call("--table", "4", "--fusion", "mlp=first")


def test_words_without_a_model_say_what_trains_one(call, data):
    call("--table", "3", "--detector", "noisy-truth")
    text = (data / "out/table-3.md").read_text()
    sort = row(text, "SORT")
    assert sort[1] == "– / 0.245"
    assert sort[-1].startswith(
        "first: accelerate launch --num_processes 4 scripts/train.py --config configs/bensmot_smoter.yaml"
    )
    assert "--model runs/smoter/model" in sort[-1]
    assert not (data / "out/tracks").exists()


def test_an_unknown_row(call, data):
    with pytest.raises(ValueError, match=r"no row 'BoTSORT' .* rows are SORT, DeepSORT"):
        call("--table", "2", "--rows", "BoTSORT")
