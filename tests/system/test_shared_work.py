"""Items of work that runs divide among them."""

import os

import pytest

from smot_vlm.system.shared_work import SharedWork


@pytest.fixture
def results(tmp_path):
    return [tmp_path / f"{letter}/result.txt" for letter in "abcd"]


def is_done(path) -> bool:
    return path.is_file() and path.read_text() == "done"


def finish(path) -> None:
    path.parent.mkdir(exist_ok=True)
    (path.parent / "new").write_text("done")
    (path.parent / "new").replace(path)


def test_two_runs_do_each_item_once(tmp_path, results):
    first = SharedWork(tmp_path, results, is_done)
    second = SharedWork(tmp_path, results, is_done)
    done: dict[str, list[int]] = {"first": [], "second": []}
    steps = {"first": first.take(range(4)), "second": second.take(range(4))}
    # Both hold an item at the same time: the second takes those that the first has not in hand.
    for _ in range(3):
        held = {name: next(steps[name], None) for name in steps}
        assert len({taken[0] for taken in held.values() if taken and taken[1]}) == sum(
            bool(taken and taken[1]) for taken in held.values()
        )
        for name, taken in held.items():
            if taken and taken[1]:
                finish(results[taken[0]])
                done[name].append(taken[0])
    for name, rest in steps.items():
        done[name] += [index for index, mine in rest if mine]
    assert sorted(done["first"] + done["second"]) == [0, 1, 2, 3]
    assert done["first"]
    assert done["second"]
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_done_items_are_kept_and_anew_all_are_wanted(tmp_path, results):
    finish(results[1])
    work = SharedWork(tmp_path, results, is_done)
    assert (work.kept, work.wanted) == ([1], [0, 2, 3])
    assert list(work.take([1, 2])) == [(1, False), (2, True)]
    anew = SharedWork(tmp_path, results, is_done, anew=True)
    assert list(anew.take([1])) == [(1, True)]


def test_two_runs_that_do_all_anew_share_too(tmp_path, results):
    for path in results:
        finish(path)
    first, second = (SharedWork(tmp_path, results, is_done, anew=True) for _ in range(2))
    for index, mine in first.take(range(2)):
        assert mine
        finish(results[index])
    assert list(second.take(range(4))) == [(0, False), (1, False), (2, True), (3, True)]


def test_an_item_that_failed_is_tried_by_the_next(tmp_path, results):
    first, second = (SharedWork(tmp_path, results, is_done) for _ in range(2))
    assert list(first.take([0])) == [(0, True)]
    assert list(second.take([0])) == [(0, True)]
