"""Memories of a person and of a scene: bounded, in order, spread evenly, however long the video gets."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from smot_vlm.fusion.even_memory import EvenMemory, even_positions
from smot_vlm.fusion.memory import Observation, SceneMemory


def observation(time: float, cells: int = 4, dim: int = 8) -> Observation:
    return Observation(time, torch.full((4,), time), torch.full((cells, dim), time))


def remembered(count: int, capacity: int) -> list[int]:
    memory = EvenMemory(capacity)
    for index in range(count):
        memory.add(observation(float(index)))
    return [int(entry.time_seconds) for entry in memory.items]


@given(count=st.integers(1, 400), capacity=st.integers(2, 40))
def test_a_track_memory_is_bounded_ordered_and_evenly_spread(count, capacity):
    times = remembered(count, capacity)
    assert len(times) <= capacity
    assert times == sorted(set(times))
    assert times[0] == 0, "the first observation stays for good"
    assert times[-1] == count - 1, "the newest is at hand"
    gaps = [later - earlier for earlier, later in pairwise(times[:-1])]
    if gaps:
        assert max(gaps) <= 2 * min(gaps)
        assert times[-1] - times[-2] <= max(gaps), "the newest lies no further off than the others"


@given(count=st.integers(1, 400), capacity=st.integers(2, 40))
def test_a_track_memory_uses_its_room(count, capacity):
    assert len(remembered(count, capacity)) >= min(count, capacity // 2)


@given(seen=st.integers(1, 3000), capacity=st.integers(2, 40))
def test_what_is_held_was_held_before_or_is_new(seen, capacity):
    assert set(even_positions(seen + 1, capacity)) <= {*even_positions(seen, capacity), seen}


@pytest.mark.parametrize(
    ("seen", "capacity", "expected"),
    [
        (0, 4, []),
        (1, 4, [0]),
        (4, 4, [0, 2, 3]),
        (5, 4, [0, 2, 4]),
        (6, 4, [0, 2, 4, 5]),
        (7, 4, [0, 4, 6]),
        (100, 2, [0, 99]),
    ],
)
def test_even_positions(seen, capacity, expected):
    assert even_positions(seen, capacity) == expected


@pytest.mark.parametrize("capacity", [1, 0, -3])
def test_a_memory_of_less_than_two_is_refused(capacity):
    with pytest.raises(ValueError, match=f"capacity is {capacity}"):
        EvenMemory(capacity)


def test_an_empty_track_memory_holds_nothing():
    assert EvenMemory(4).items == []


def test_keyframes_come_so_often_a_second():
    memory = SceneMemory(per_second=2.0, capacity=4)
    keyframes = []
    for index in range(100):
        time = index / 25
        if memory.is_due(time):
            memory.add_keyframe(time)
            keyframes.append(time)
    assert len(keyframes) == 8, "four seconds, two keyframes each"
    gaps = [later - earlier for earlier, later in pairwise(keyframes)]
    assert max(gaps) <= 0.5 + 1 / 25 + 1e-9


def test_after_a_gap_in_the_video_keyframes_do_not_pile_up():
    memory = SceneMemory(per_second=2.0, capacity=4)
    memory.add_keyframe(0.0)
    assert memory.is_due(60.0)
    memory.add_keyframe(60.0)
    assert not memory.is_due(60.04)
    assert memory.is_due(60.5)


def test_people_are_new_until_observed():
    memory = SceneMemory(per_second=2.0, capacity=4)
    assert memory.to_observe([7, 8], keyframe=False) == [0, 1]
    memory.add(7, observation(0.0))
    assert memory.to_observe([7, 8], keyframe=False) == [1]
    assert memory.to_observe([7, 8], keyframe=True) == [0, 1]


def test_observations_are_padded_on_the_right():
    memory = SceneMemory(per_second=2.0, capacity=4)
    for track_id, time in ((4, 5.0), (7, 1.0), (7, 2.0), (7, 3.0)):
        memory.add(track_id, observation(time))
    batch = memory.observations([7, 4])
    assert batch.tokens.shape == (2, 3, 4, 8)
    assert batch.mask.tolist() == [[True, True, True], [True, False, False]]
    assert batch.times.tolist() == [[1, 2, 3], [5, 0, 0]]
    assert batch.boxes[1].tolist() == [[5.0] * 4, [0.0] * 4, [0.0] * 4]
    assert batch.tokens[1, 0].unique().tolist() == [5.0]


def test_nobody_has_no_observations():
    assert SceneMemory(per_second=2.0, capacity=4).observations([]) is None


def test_a_memory_of_the_newest_holds_no_older_ones_and_forgets_who_is_gone():
    memory = SceneMemory(per_second=2.0, capacity=32)
    memory.keep_newest(3.0)
    for index in range(20):
        memory.add(7, Observation(index / 2, torch.zeros(4), torch.zeros(1, 2)))
    memory.add(8, Observation(0.0, torch.zeros(4), torch.zeros(1, 2)))
    assert [seen.time_seconds for seen in memory.tracks[7].items] == [7.0, 7.5, 8.0, 8.5, 9.0, 9.5]
    memory.forget({8, 9})
    assert set(memory.tracks) == {7}
