"""The benchmark of evaluating a whole split: it runs, counts its Java processes, and its faults are faults. Slow at full size."""

import shutil

import numpy as np
import pytest

from smot_vlm.bench.evaluation import SEED, SEQUENCES, add_faults, run
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


@pytest.mark.slow
def test_a_whole_split_in_ten_minutes_and_four_gigabytes():
    if shutil.which("java") is None:
        pytest.skip("no Java, which METEOR needs")
    cost = run(sequences=SEQUENCES)
    assert cost.seconds < 600
    assert cost.peak_megabytes < 4000
    assert cost.meteor_processes == 1
    assert 0.3 < cost.hota < 0.95
