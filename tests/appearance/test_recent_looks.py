"""Windows of looks: who is near whom, crops of both, and what each window says of each verb."""

from itertools import permutations

import numpy as np
import pytest
import torch

from smot_vlm.appearance.pair_deeds import LOOKS, PAIR_CLASSES, PAIR_SIZE
from smot_vlm.appearance.pair_scores import STEP, PairScores
from smot_vlm.appearance.recent_looks import LARGEST_SIDE, RecentLooks

IMAGE = np.zeros((200, 300, 3), np.uint8)


def box(left: float, height: float = 100, width: float = 40) -> list[float]:
    return [left, 150 - height, left + width, 150]


def looks_at(*people: list[float], count: int = LOOKS, ids: tuple[int, ...] = (7, 3)) -> RecentLooks:
    looks = RecentLooks()
    for index in range(count):
        looks.add(index / 4, IMAGE, list(ids[: len(people)]), np.array(people))
    return looks


def test_a_pair_is_told_from_left_to_right():
    assert [(pair.left, pair.right) for pair in looks_at(box(110), box(60)).pairs()] == [(3, 7)]


@pytest.mark.parametrize("other", [box(200), box(110, height=200)], ids=["far", "nearer to the camera"])
def test_people_who_only_look_near_are_no_pair(other):
    assert looks_at(box(60), other).pairs() == []


def test_the_box_of_a_pair_holds_both_over_the_window():
    looks = RecentLooks()
    for index in range(4):
        looks.add(index, IMAGE, [1, 2], np.array([box(50 - index), box(100 + index)]))
    assert looks.pairs()[0].box.tolist() == [47, 50, 143, 150]


def test_crops_have_the_encoders_size_and_are_spread_over_the_looks():
    looks = RecentLooks()
    for index in range(3):
        looks.add(index, IMAGE + np.uint8(10 * index), [], np.zeros((0, 4)))
    crops = looks.crops(np.array(box(60), float))
    assert crops.shape == (LOOKS, *PAIR_SIZE, 3)
    levels = crops.mean(axis=(1, 2, 3))
    assert levels[0] == 0
    assert levels[-1] == 20
    assert (np.diff(levels) >= 0).all()


def test_large_frames_are_kept_small_and_crops_stay_in_place():
    large = np.zeros((1000, 2000, 3), np.uint8)
    large[:, 1000:] = 200
    looks = RecentLooks()
    looks.add(0, large, [], np.zeros((0, 4)))
    assert looks._looks[0].image.shape[1] == LARGEST_SIDE
    crop = looks.crops(np.array([800.0, 300, 1200, 700]))[0]
    assert crop[:, : PAIR_SIZE[1] // 2 - 4].max() < 20
    assert crop[:, PAIR_SIZE[1] // 2 + 4 :].min() > 180


def reading(*sure: float):
    """A reader whose windows show a push by the person on the right with these probabilities, one after another."""
    following = iter(sure)

    def read(crops: np.ndarray) -> torch.Tensor:
        assert crops.shape == (LOOKS, *PAIR_SIZE, 3)
        own = next(following)
        probabilities = torch.full((len(PAIR_CLASSES),), (1 - own) / (len(PAIR_CLASSES) - 1))
        probabilities[PAIR_CLASSES.index("push right")] = own
        return probabilities.log()

    return read


def test_every_window_is_kept_with_its_time_and_the_best_one_counts():
    scores = PairScores(reading(0.2, 0.9, 0.4))
    for index in range(4 * STEP):
        scores.add(index / 4, IMAGE, [1, 2], np.array([box(60), box(110)]))
    assert scores.seen(2, 1)["push.v.01"] == pytest.approx(0.9, abs=1e-4)
    assert scores.seen(1, 2)["push.v.01"] < 0.2
    assert scores.seen(1, 2)["handshake.n.01"] == scores.seen(2, 1)["handshake.n.01"]
    assert [(window.from_seconds, window.to_seconds) for window in scores.windows] == [
        (0.0, (2 * STEP - 1) / 4),
        (0.0, (3 * STEP - 1) / 4),
        (STEP / 4, (4 * STEP - 1) / 4),
    ]
    assert [window.verbs[2, 1]["push.v.01"] for window in scores.windows] == pytest.approx([0.2, 0.9, 0.4], abs=1e-4)


def test_long_videos_keep_a_bounded_number_of_windows_and_the_best_of_each_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("smot_vlm.appearance.pair_scores.MOST_WINDOWS", 4)
    sure = [0.1, 0.2, 0.3, 0.9, 0.2, 0.1]
    scores = PairScores(reading(*sure))
    for index in range(7 * STEP):
        scores.add(index / 4, IMAGE, [1, 2], np.array([box(60), box(110)]))
    told = [window.verbs[2, 1]["push.v.01"] for window in scores.windows]
    assert told == pytest.approx([0.2, 0.9, 0.2, 0.1], abs=1e-4)
    assert scores.windows[1].to_seconds == (5 * STEP - 1) / 4
    assert scores.seen(2, 1)["push.v.01"] == pytest.approx(0.9, abs=1e-4)


def test_a_blow_has_the_probability_of_punch_and_kick_and_the_name_of_the_likelier():
    def read(_crops):
        probabilities = torch.full((len(PAIR_CLASSES),), 0.01)
        probabilities[PAIR_CLASSES.index("punch left")] = 0.5
        probabilities[PAIR_CLASSES.index("kick left")] = 0.4
        return probabilities.log()

    scores = PairScores(read)
    for index in range(4):
        scores.add(index / 4, IMAGE, [1, 2], np.array([box(60), box(110)]))
    scores.read_window()
    seen = scores.seen(1, 2)
    assert seen["box.v.02"] == pytest.approx(0.9 / 0.97, abs=1e-3)
    assert seen["hit.v.03"] == 0


def test_a_window_that_cannot_be_read_says_nothing():
    scores = PairScores(lambda _crops: None)
    for index in range(8):
        scores.add(index / 4, IMAGE, [1, 2], np.array([box(60), box(110)]))
    scores.read_window()
    assert scores.seen(1, 2) == {}


@pytest.mark.parametrize(("deed", "pairs"), [("hug", {(1, 2), (2, 1)}), ("none", set(permutations((1, 2, 3), 2)))])
def test_who_does_something_with_a_nearer_one_is_not_asked_of_others(deed, pairs):
    """A crop of the third person with one of the others would show these embrace."""

    def read(_crops):
        logits = torch.zeros(len(PAIR_CLASSES))
        logits[PAIR_CLASSES.index(deed)] = 10.0
        return logits

    scores = PairScores(read)
    for index in range(4):
        scores.add(index / 4, IMAGE, [1, 2, 3], np.array([box(60), box(80), box(118)]))
    scores.read_window()
    assert set(scores.windows[0].verbs) == pairs


def test_newest_windows_are_kept_one_by_one_and_older_ones_forgotten():
    """A push in the first window alone; two seconds of windows are kept."""
    windows = []

    def read(crops: np.ndarray) -> torch.Tensor:
        windows.append(len(windows))
        logits = torch.zeros(len(PAIR_CLASSES))
        logits[PAIR_CLASSES.index("push left" if len(windows) == 1 else "handshake")] = 10.0
        return logits

    scores = PairScores(read)
    scores.keep_newest(2.0)
    found = []
    for index in range(6 * STEP):
        scores.add(index / 4, IMAGE, [1, 2], np.array([box(50), box(100)]))
        found.append((len(scores.windows), scores.seen(1, 2).get("push.v.01")))
    # Windows of 8 looks, then of 12, a step of 4 apart: at 0.875 s, then at 1.375, 2.375, 3.375 and 4.375 s.
    assert [window.middle for window in scores.windows] == [2.375, 3.375, 4.375]
    assert [count for count, _ in found[7::4]] == [1, 2, 3, 3, 3]
    assert found[7][1] > 0.9
    assert found[-1][1] < 0.1
    assert scores.windows[0].verbs[2, 1]["handshake.n.01"] > 0.9
