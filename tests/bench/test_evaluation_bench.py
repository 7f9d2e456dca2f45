"""The benchmark of evaluating a whole split: it runs, counts its Java processes, and its faults are faults. Slow at full size."""

import shutil

import numpy as np
import pytest

from smot_vlm.bench.evaluation import SEED, SEQUENCES, add_faults, largest_difference, run
from smot_vlm.evaluation.results import Cell, Column, Evaluation, Row
from smot_vlm.synthetic.sequence import make_sequence

pytestmark = pytest.mark.drawn


def test_predictions_are_like_the_truth_but_not_equal():
    sequence = make_sequence(SEED, "test")
    tracks, _, caption = add_faults(sequence, np.random.default_rng(0))
    again, _, _ = add_faults(sequence, np.random.default_rng(0))
    assert [track.boxes.tolist() for track in tracks] == [track.boxes.tolist() for track in again]
    assert len({track.id for track in tracks}) == len(tracks) > 0
    assert sequence.caption.startswith(caption)
    assert {track.caption for track in tracks} <= {track.caption for track in sequence.tracks}


def test_no_sequence_is_refused():
    with pytest.raises(ValueError, match="sequences is 0"):
        run(sequences=0)


def test_engines_are_compared_cell_by_cell():
    def evaluation(*values):
        columns = (Column("tracking", "HOTA"), Column("tracking", "IDF1"))
        row = Row("all", tuple(Cell(value) for value in values))
        return Evaluation("run", "strict", columns, row, (row,))

    assert largest_difference([evaluation(0.5, None)], [evaluation(0.5, None)]) == (4, 0)
    assert largest_difference([evaluation(0.5, 0.25)], [evaluation(0.5, 0.375)]) == (4, 0.125)
    assert largest_difference([evaluation(0.5, None)], [evaluation(0.5, 0.25)]) == (4, float("inf"))


@pytest.mark.slow
def test_a_whole_split_in_two_minutes_of_each_of_two_cores_and_four_gigabytes():
    if shutil.which("java") is None:
        pytest.skip("no Java, which METEOR needs")
    cost, other = run(sequences=SEQUENCES)
    assert (cost.engine, other.engine) == ("motrics", "trackeval")
    assert cost.cpu_seconds < 2 * 120
    assert cost.cpu_seconds < other.cpu_seconds
    assert other.cells == cost.cells > 100_000
    assert other.largest_difference < 1e-9
    assert cost.peak_megabytes < 4000
    assert cost.meteor_processes == 1
    assert 0.3 < cost.hota < 0.95
