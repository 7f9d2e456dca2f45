"""Rows of newer systems: their figures agree with themselves, and each says what it may be compared with."""

import pytest

from smot_vlm.evaluation.paper import COLUMNS
from smot_vlm.reproduction.newer import PRINTED, newer_table


@pytest.mark.parametrize("row", PRINTED, ids=lambda row: row.system)
def test_columns_exist_and_f1_follows_from_precision_and_recall(row):
    assert set(row.figures) <= {column.key for column in COLUMNS}
    assert all(0 < value < 1 for value in row.figures.values())
    assert row.source
    assert row.rule
    if "interactions/F1" in row.figures:
        precision, recall = (row.figures[f"interactions/{name}"] for name in ("precision", "recall"))
        assert row.figures["interactions/F1"] == pytest.approx(2 * precision * recall / (precision + recall), abs=1e-3)


def test_an_unchecked_figure_is_compared_with_nothing():
    lines = {line.split(" | ")[0].removeprefix("| "): line for line in newer_table().splitlines()}
    assert lines["LLMTrack"].endswith("| nothing |")
    assert "--first 100" in lines["MySMOT, trained on all training data"]
