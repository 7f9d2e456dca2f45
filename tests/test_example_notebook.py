"""The example notebook runs from top to bottom, without Jupyter."""

import json
from pathlib import Path

from PIL import Image

from smot_vlm import Description

NOTEBOOK = Path(__file__).parent.parent / ".github/example.ipynb"


def cells() -> list[str]:
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert content["nbformat"] == 4
    assert all(not cell["outputs"] for cell in content["cells"] if cell["cell_type"] == "code")
    return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]


def test_every_cell_runs(capsys):
    names: dict[str, object] = {}
    for number, cell in enumerate(cells()):
        exec(compile(cell, f"cell {number}", "exec"), names)  # the project's own file
    description = names["description"]
    assert isinstance(description, Description)
    assert description.tracks
    assert all(track.caption for track in description.tracks)
    assert description._repr_html_().count("<svg") == len(description.tracks)
    assert isinstance(names["picture"], Image.Image)
    assert "[" in capsys.readouterr().out
