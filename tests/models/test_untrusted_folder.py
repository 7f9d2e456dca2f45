"""A model's folder is data from strangers: no way of running code from it works, and each is told in one line.

The folder is loaded in a process of its own under an audit hook that notes whatever could run code. The hook is set after
the sound folder was loaded once, so what libraries do on their first use is not noted.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny import tiny_config

from smot_vlm.models.build import build_model
from smot_vlm.models.checkpoint import load_pretrained, save_pretrained
from smot_vlm.tracker import Tracker

# Loads the sound folder, then the others, and prints what each did: an error, and the audited events.
WATCH = """
import builtins, json, sys
from pathlib import Path
from smot_vlm.models.checkpoint import load_pretrained
sound, *folders = sys.argv[1:]
load_pretrained(sound)
events = []
def hook(event, args):
    if event in ("os.system", "subprocess.Popen", "pickle.find_class", "os.exec", "os.posix_spawn"):
        events.append(event)
    elif event == "exec" and getattr(args[0], "co_filename", "") in ("<string>", "<unknown>"):
        events.append(f"exec {args[0].co_filename} {args[0].co_names}")
    elif event == "import" and str(args[1] or "").startswith(tuple(folders)):
        events.append(f"import {args[0]}")
sys.addaudithook(hook)
for folder in folders:
    events.clear()
    try:
        load_pretrained(folder)
        error = ""
    except (ValueError, OSError, ImportError) as caught:
        error = str(caught)
    print(json.dumps({"folder": Path(folder).name, "error": error, "events": events}))
"""


def edit_config(folder: Path, change) -> None:
    path = folder / "config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def plant_template(folder: Path, sentinel: Path) -> None:
    text = "{{ cycler.__init__.__globals__.os.system('touch " + str(sentinel) + "') }}{{ visual }}"
    (folder / "prompts/instance_caption.jinja").write_text(text, encoding="utf-8")


def plant_activation(folder: Path, sentinel: Path) -> None:
    call = f"__import__('os').system('touch {sentinel}') or torch.nn.SiLU()"
    edit_config(folder, lambda content: content["architecture"].update(activation=call))


def plant_module(folder: Path, sentinel: Path) -> None:
    edit_config(
        folder, lambda content: content["architecture"]["backbone"][0].__setitem__(2, "torchvision.ops.roi_align")
    )


def plant_pickle(folder: Path, sentinel: Path) -> None:
    class Trap:
        def __reduce__(self):
            import os

            return os.system, (f"touch {sentinel}",)

    torch.save({"model": Trap()}, folder / "detector.pt")

    def change(content):
        content["architecture"] = {}
        content["detector"]["weights"] = str(folder / "detector.pt")

    edit_config(folder, change)


def plant_tokenizer_code(folder: Path, sentinel: Path) -> None:
    (folder / "tokenizer/evil.py").write_text(f"open({str(sentinel)!r}, 'w')", encoding="utf-8")
    path = folder / "tokenizer/tokenizer_config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content |= {"auto_map": {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}, "tokenizer_class": "Evil"}
    path.write_text(json.dumps(content), encoding="utf-8")


def plant_language_model_code(folder: Path, sentinel: Path) -> None:
    inside = folder / "language-model"
    inside.mkdir()
    (inside / "evil.py").write_text(f"open({str(sentinel)!r}, 'w')", encoding="utf-8")
    auto = {"AutoConfig": "evil.Evil", "AutoModelForCausalLM": "evil.Evil"}
    (inside / "config.json").write_text(json.dumps({"model_type": "evil", "auto_map": auto}), encoding="utf-8")
    edit_config(folder, lambda content: content["decoder"]["lora_lm"].update(language_model=str(inside)))


TRAPS = {
    "template": plant_template,
    "activation": plant_activation,
    "module": plant_module,
    "pickle": plant_pickle,
    "tokenizer": plant_tokenizer_code,
    "language-model": plant_language_model_code,
}


@pytest.fixture(scope="module")
def sound(tiny_language_model, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "sound"
    config = tiny_config(tiny_language_model)
    save_pretrained(build_model(config), config, folder)
    return folder


@pytest.fixture(scope="module")
def reports(sound, tmp_path_factory) -> dict[str, dict]:
    """What loading each trap did; a trap's sentinel is a file that its code would make."""
    place = tmp_path_factory.mktemp("traps")
    for name, plant in TRAPS.items():
        shutil.copytree(sound, place / name)
        plant(place / name, place / f"{name}.ran")
    command = [sys.executable, "-c", WATCH, str(sound), *(str(place / name) for name in TRAPS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"folder"')]
    assert len(lines) == len(TRAPS), done.stderr
    return {line["folder"]: line | {"ran": (place / f"{line['folder']}.ran").exists()} for line in lines}


@pytest.mark.parametrize("name", list(TRAPS))
def test_a_trap_runs_nothing_and_is_told_in_one_line(reports, name):
    report = reports[name]
    assert not report["ran"]
    assert not report["events"]
    # A tokenizer's or a model's own code is passed over; everything else is refused.
    assert report["error"] or name == "tokenizer"


def test_the_pickle_trap_would_work(sound, tmp_path):
    """The traps are real: what the package must not do does run the code."""
    folder = tmp_path / "pickle"
    shutil.copytree(sound, folder)
    plant_pickle(folder, tmp_path / "ran")
    torch.load(folder / "detector.pt", weights_only=False)
    assert (tmp_path / "ran").exists()


def test_names_that_ship_come_before_folders_of_the_current_directory(sound, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(sound, tmp_path / "tracks-only")
    assert Tracker.from_pretrained("tracks-only", detector="model").config.model_type == "tracks-only"
    (tmp_path / "demo").mkdir()
    from smot_vlm.tracker import _model_folder

    assert _model_folder("demo") != Path("demo")
    assert _model_folder("./demo") == Path("demo")
    assert load_pretrained("./tracks-only")[1].model_type == "smot"
