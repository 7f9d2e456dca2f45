"""Costs of a corpus, the capacity plan from them, and simulated workers beside its predictions."""

import pytest

from smot_vlm.bench.corpus import run
from smot_vlm.bench.corpus_plan import StageCost, plan_capacity, predicted_seconds, stage_costs
from smot_vlm.bench.corpus_records import Work, covered
from smot_vlm.bench.corpus_simulation import simulate

COSTS = (StageCost("detector", 0.25, 0.7, 0.05, 0.1), StageCost("words", 0.1, 0.3, 0.1, 0.0))


def work(media: float, seconds: float, **parts: float) -> Work:
    return Work(1, "k", 0.0, seconds, seconds / 2, 0.0, media, parts)


def test_what_costs_a_video_is_told_from_what_costs_a_second():
    works = [work(length, 1.5 + 0.3 * length, decode=0.1 * length, words=1.0) for length in (1, 2, 5)]
    costs = {cost.part: cost for cost in stage_costs(works)}
    assert costs["decode"].fixed_seconds == pytest.approx(0, abs=1e-12)
    assert costs["decode"].per_second == pytest.approx(0.1)
    assert (costs["words"].fixed_seconds, costs["words"].per_second) == (pytest.approx(1.0), pytest.approx(0.0))
    assert (costs["rest"].fixed_seconds, costs["rest"].per_second) == (pytest.approx(0.5), pytest.approx(0.2))
    assert sum(cost.share for cost in costs.values()) == pytest.approx(1)
    assert sum(cost.of(10) for cost in costs.values()) == pytest.approx(4.5)


def test_videos_of_one_length_cost_by_their_seconds():
    (cost,) = (cost for cost in stage_costs([work(2.0, 3.0, words=3.0)] * 3) if cost.part == "words")
    assert (cost.fixed_seconds, cost.per_second) == (0.0, 1.5)


def test_seconds_of_workers():
    assert predicted_seconds(10, 1, 2.0, loading=5.0) == 25
    # 100 videos of 2 s: 50 s of work each, and the last ones end a second apart from each other on average.
    assert predicted_seconds(100, 4, 2.0) == pytest.approx(50.75)
    assert predicted_seconds(100, 4, 2.0, efficiency=0.5) == pytest.approx(101.5)


@pytest.mark.parametrize("videos", [1, 1000, 123_457])
def test_a_plan_has_the_fewest_machines_that_are_enough(videos):
    # A video of a minute: 0.05 + 6 + 0.1 + 0.05 beside = 6.2 seconds.
    settings = {"beside": 0.05, "loading": 10.0, "workers": 2, "efficiency": 0.9}
    plan = plan_capacity(videos, 1.0, 0.1, COSTS, **settings)
    assert plan.seconds_a_video == pytest.approx(6.2)
    assert plan.videos_an_hour == pytest.approx(3600 * 2 * 0.9 / 6.2)
    seconds = predicted_seconds(videos, plan.machines * 2, 6.2, 10.0, 0.9)
    assert plan.days_needed == pytest.approx(seconds / 86400)
    assert seconds <= 8640
    if plan.machines > 1:
        assert predicted_seconds(videos, (plan.machines - 1) * 2, 6.2, 10.0, 0.9) > 8640


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((10, 0.0, 1.0), "minutes of the plan is 0"),
        ((10, 60.0, 0.001), "a video of 60 minutes alone takes 0.00417 days"),
    ],
)
def test_plans_that_cannot_be(given, told):
    with pytest.raises(ValueError, match=told):
        plan_capacity(*given, COSTS, beside=0.0, loading=0.0, workers=1, efficiency=1.0)


@pytest.mark.subprocess
@pytest.mark.parametrize("workers", [2, 4, pytest.param(8, marks=pytest.mark.slow)])
def test_simulated_workers_keep_to_the_plan(workers):
    result = simulate(COSTS, 6.0, workers, 8 * workers)
    # 0.75 seconds a video: much beside what starting and writing take on a busy machine.
    assert result.predicted_seconds == pytest.approx((8 * workers + (workers - 1) / 2) * 0.75 / workers)
    assert abs(result.error) < 0.15


@pytest.mark.subprocess
@pytest.mark.drawn
def test_a_corpus_is_timed():
    steps = []
    figures = run(videos=4, workers=(1,), plan=1000, minutes=0.1, progress=lambda *done: steps.append(done))
    (only,) = figures.runs
    assert (figures.videos, only.videos, only.ratio, only.cpu_ratio) == (4, 4, 1.0, 1.0)
    assert figures.media_seconds == 3.0
    assert 0 < only.idle < 1
    assert only.overhead == pytest.approx(only.idle / (1 - only.idle))
    assert only.loading_seconds + only.describing_seconds < only.seconds
    parts = {cost.part: cost.share for cost in figures.stages}
    assert {"decode", "detector", "rest"} <= set(parts)
    assert sum(parts.values()) == pytest.approx(1)
    assert figures.plan[0].machines >= 1
    assert steps == [(1, 1)]


@pytest.mark.parametrize("given", [{"workers": (0,)}, {"videos": 0}, {"simulated": (0,)}, {"workers": ()}])
def test_counts_below_one(given):
    with pytest.raises(ValueError, match="at least one"):
        run(**given)


def test_what_overlaps_counts_once():
    assert covered([]) == 0
    assert covered([(3.0, 4.0), (0.0, 1.0), (0.5, 2.0), (0.6, 0.7)]) == pytest.approx(3.0)


def test_the_first_run_describes_one_video_at_a_time():
    with pytest.raises(ValueError, match=r"videos at once are \[4\]; the first run has 1"):
        run(together=(4,))
