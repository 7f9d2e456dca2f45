"""What a run cost, in every protocol: means over the videos whose cost is known."""

from dataclasses import replace

import evaluation_cases as cases
import pytest

from smot_vlm.evaluation.protocol import evaluate
from smot_vlm.formats.video_cost import VideoCost

KEYS = ("cost/seconds", "cost/calls", "cost/tokens read", "cost/tokens written")


def scored(costs, protocol="strict"):
    """costs: in the order of the true sequences."""
    by_name = {truth.name: cost for truth, cost in zip(cases.truths(), costs, strict=True)}
    predictions = [replace(one, cost=by_name[one.name]) for one in cases.perfect()]
    return evaluate(predictions, cases.truths(), protocol, tracks_only=True)


@pytest.mark.parametrize("protocol", ["strict", "official"])
def test_means_a_video(protocol):
    found = scored((VideoCost(2.0, 4, 300, 40), VideoCost(4.0, 2, 100, 60)), protocol)
    assert [found.value(key) for key in KEYS] == [3.0, 3.0, 200.0, 50.0]
    assert [found.value(key, cases.truths()[1].name) for key in KEYS] == [4.0, 2.0, 100.0, 60.0]
    assert all(column.lower_is_better for column in found.columns if column.group == "cost")


def test_a_video_without_a_cost_does_not_count():
    found = scored((None, VideoCost(4.0, 2, 100, 60)))
    assert [found.value(key) for key in KEYS] == [4.0, 2.0, 100.0, 60.0]
    assert found.cell(KEYS[0], cases.truths()[0].name).note == "no cost was written"
    assert "of 1 of 2" in found.notes[-1]


def test_no_columns_where_nothing_is_known():
    assert not any(column.group == "cost" for column in scored((None, None)).columns)
