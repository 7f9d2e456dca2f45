"""cost.json: comes back as written, is checked where it is read."""

import json

import pytest

from smot_vlm.formats.video_cost import COST_FILE, VideoCost, read_cost, write_cost


def test_it_comes_back(tmp_path):
    assert read_cost(tmp_path) is None
    cost = VideoCost(1.5, 3, 240, 41)
    write_cost(tmp_path, cost)
    assert read_cost(tmp_path) == cost


@pytest.mark.parametrize(
    ("change", "message"),
    [({"seconds": -1.0}, "seconds"), ({"calls": 1.5}, "calls"), ({"tokens_read": "many"}, "tokens_read")],
)
def test_wrong_values_are_told_with_the_file(tmp_path, change, message):
    content = {"seconds": 1.0, "calls": 1, "tokens_read": 2, "tokens_written": 3, **change}
    (tmp_path / COST_FILE).write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"{COST_FILE}: .*{message}"):
        read_cost(tmp_path)
