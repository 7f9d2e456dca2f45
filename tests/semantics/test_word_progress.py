"""How far the writing of captions is."""

from tiny import mot_text, moving_squares, tiny_config

from smot_vlm.config import apply_overrides, config_from_dict, config_to_dict
from smot_vlm.models.build import build_model
from smot_vlm.semantics.word_progress import WordSteps, listening
from smot_vlm.tracker import Tracker


def test_what_is_left_follows_from_the_batches_before():
    told: list[tuple[int, int]] = []
    with listening(lambda done, total: told.append((done, total))):
        steps = WordSteps(3, 10)
        for count in (4, 6, 5):
            for _ in range(count):
                steps.step()
            steps.end_batch()
    # Ten steps a batch are expected at first, then four, then five.
    assert told[:5] == [(1, 30), (2, 30), (3, 30), (4, 30), (4, 12)]
    # The second batch takes longer than the first.
    assert told[5:12] == [(5, 12), (6, 12), (7, 12), (8, 12), (9, 13), (10, 14), (10, 15)]
    assert told[-1] == (15, 15)


def test_nobody_need_listen():
    steps = WordSteps(1, 3)
    steps.step()
    steps.end_batch()


def test_a_tracker_tells_how_far_its_words_are(tiny_language_model, tmp_path):
    """Three captions, one at a time."""
    config = tiny_config(tiny_language_model)
    config = config_from_dict(apply_overrides(config_to_dict(config), ["decoder.max_batch=1"]))
    (tmp_path / "mot.txt").write_text(mot_text(6))
    told: list[tuple[int, int]] = []
    tracker = Tracker(build_model(config), config)
    tracker.describe(
        moving_squares(6), trajectories=tmp_path / "mot.txt", on_words=lambda done, total: told.append((done, total))
    )
    steps = [done for done, _ in told]
    assert steps == sorted(steps)
    assert told[-1][0] == told[-1][1] >= 3
    assert all(done <= total for done, total in told)
    count = len(told)
    tracker.describe(moving_squares(6), trajectories=tmp_path / "mot.txt")
    assert len(told) == count, "the listener of one call hears no other"
