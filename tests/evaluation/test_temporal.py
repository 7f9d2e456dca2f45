"""Spans of interactions and segments of captions, judged against true times."""

from dataclasses import replace

import evaluation_cases as cases
import numpy as np
import pytest

from smot_vlm.evaluation.caption_times import segments_notes, segments_parts
from smot_vlm.evaluation.sequence_pairs import Pair, SequencePrediction, SequenceTruth
from smot_vlm.evaluation.temporal import (
    chance_precision,
    judge_spans,
    mean_average_precision,
    spans_parts,
    temporal_iou,
)
from smot_vlm.evaluation.timed_truth import with_segments, with_spans
from smot_vlm.language.fact_records import TimedEvent
from smot_vlm.structures import Interaction, Segment, Span

MATCH = {11: 1, 12: 2}
TRUE = (
    Interaction(1, "push.v.01", 2, spans=(Span(0, 4), Span(8, 10))),
    Interaction(2, "wave.v.01", 1, spans=(Span(4, 8),)),
)
DEEDS = (
    Segment("", 0, 4, "push.v.01", "subject", 2),
    Segment("", 4, 8, "sit"),
    Segment("", 8, 12, "jump"),
)


def pair(*edges: Interaction, told: tuple[Segment, ...] = (), true: tuple[Interaction, ...] = TRUE) -> Pair:
    caption = " ".join(segment.text for segment in told)
    truth = SequenceTruth("a/b", (replace(cases.track(1, 100), segments=DEEDS), cases.track(2, 300)), true, "", 20)
    people = (replace(cases.track(11, 100, caption), segments=told), cases.track(12, 300))
    return Pair(truth, SequencePrediction("a/b", people, edges))


def precision(*edges: Interaction, match: dict[int, int] | None = None) -> list[float]:
    return mean_average_precision(judge_spans([pair(*edges)], [match or MATCH]), np.ones(1)).tolist()


@pytest.mark.parametrize(
    ("first", "second", "value"),
    [
        ((0, 4), (0, 4), 1.0),
        ((0, 4), (2, 6), 1 / 3),
        ((0, 4), (4, 6), 0.0),
        ((1, 2), (0, 10), 0.1),
        ((3, 3), (3, 3), 0.0),
    ],
)
def test_temporal_iou(first: tuple[float, float], second: tuple[float, float], value: float):
    assert temporal_iou(first, second) == pytest.approx(value)
    assert temporal_iou(second, first) == pytest.approx(value)


def test_true_spans_are_perfect_and_none_are_worth_nothing():
    ours = [replace(edge, subject=edge.subject + 10, object=edge.object + 10) for edge in TRUE]
    assert precision(*ours) == [1.0, 1.0, 1.0]
    assert precision(*[replace(edge, spans=()) for edge in ours]) == [0.0, 0.0, 0.0]
    assert precision() == [0.0, 0.0, 0.0]


def test_thresholds_tell_how_near_a_span_is():
    # tIoU 0.6 with the first push, 0.5 with the second; the wave is missing.
    edge = Interaction(11, "push.v.01", 12, spans=(Span(0, 2.4, (), 0.9), Span(8, 9, (), 0.8)))
    assert precision(edge) == [0.5, 0.5, 0.0]


@pytest.mark.parametrize(
    "edge",
    [
        Interaction(12, "push.v.01", 11, spans=(Span(0, 4),)),
        Interaction(11, "pull.v.01", 12, spans=(Span(0, 4),)),
        Interaction(11, "push.v.01", 12, spans=(Span(4, 8),)),
    ],
)
def test_another_direction_verb_or_time_is_wrong(edge: Interaction):
    assert precision(edge) == [0.0, 0.0, 0.0]


def test_people_who_are_nobody_true_are_wrong():
    assert precision(Interaction(11, "push.v.01", 12, spans=(Span(0, 4),)), match={11: 1}) == [0.0, 0.0, 0.0]


def test_a_true_span_is_taken_once_by_the_best_scored():
    """Second span on the same push: a false positive between the two true ones, by score."""
    twice = Interaction(11, "push.v.01", 12, spans=(Span(0, 3.9, (), 0.9),))
    again = Interaction(11, "push.v.01", 12, spans=(Span(0, 4, (), 0.8),))
    late = Interaction(11, "push.v.01", 12, spans=(Span(8, 10, (), 0.7),))
    # Precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1: (1/2) 1 + (1/2) 2/3, and half of it for the missed wave.
    assert precision(twice, again, late) == pytest.approx([(0.5 + 1 / 3) / 2] * 3)


def test_precision_is_interpolated_as_activitynet_does():
    """Hits at ranks 2 and 3: precision 1/2 is raised to 2/3 at recall 1/2."""
    wrong = Interaction(11, "push.v.01", 12, spans=(Span(5, 7, (), 0.9),))
    right = Interaction(11, "push.v.01", 12, spans=(Span(0, 4, (), 0.8), Span(8, 10, (), 0.7)))
    assert precision(wrong, right) == pytest.approx([2 / 3 / 2] * 3)


def test_chance_keeps_lengths_and_moves_times():
    ours = [replace(edge, subject=edge.subject + 10, object=edge.object + 10) for edge in TRUE]
    drawn = chance_precision([pair(*ours)], [MATCH])
    assert (drawn < 0.8).all()
    assert drawn[0] >= drawn[1] >= drawn[2] > 0


def test_data_without_times_have_no_columns():
    bare = pair(true=(Interaction(1, "push.v.01", 2),))
    assert spans_parts([bare], [MATCH]) == []


def right(*told: Segment) -> list[float]:
    (part,) = segments_parts([pair(told=told)], [MATCH])
    return part.score(np.ones(1)).tolist()


PUSH, SIT = Segment("pushes", 0, 4, "push.v.01", "subject"), Segment("sits", 4, 8, "sit")


def test_segments_are_right_by_deed_side_time_and_order():
    assert right(PUSH, SIT) == [1.0, 1.0, 1.0]
    assert right(SIT, PUSH) == [0.0, 0.0, 1.0], "told in the wrong order"
    assert right(PUSH, replace(SIT, from_seconds=6)) == pytest.approx([1.0, 1.0, 0.75])
    assert right(PUSH, replace(SIT, from_seconds=7)) == pytest.approx([0.5, 0.5, 0.625])
    assert right(PUSH, replace(SIT, action="dance")) == [0.5, 1.0, 1.0], "a deed that is not true"
    assert right(replace(PUSH, role="object"), SIT) == [0.5, 1.0, 1.0], "the other side"


def test_segments_of_chance_are_seldom_right():
    (note,) = segments_notes([pair(told=(PUSH, SIT))], [MATCH])
    assert 0.0 < float(note.split("are right in ")[1]) < 0.5


def test_facts_with_times_become_spans_and_segments():
    timeline = (
        TimedEvent(2, "push.v.01:object", 0.0, 3.0, 1),
        TimedEvent(1, "push.v.01:subject", 6.0, 9.0, 2, ("push.v.01",)),
        TimedEvent(1, "sit", 3.0, 6.0),
        TimedEvent(1, "push.v.01:subject", 0.0, 3.0, 2, ("push.v.01",)),
    )
    (push, wave) = with_spans((Interaction(1, "push.v.01", 2), Interaction(2, "wave.v.01", 1)), timeline)
    assert push.spans == (Span(0.0, 3.0), Span(6.0, 9.0))
    assert wave.spans == ()
    first, second = with_segments((cases.track(1, 0), cases.track(2, 50)), timeline)
    assert [(one.action, one.role, one.partner) for one in first.segments] == [
        ("push.v.01", "subject", 2),
        ("sit", "", None),
        ("push.v.01", "subject", 2),
    ]
    assert second.segments == (Segment("", 0.0, 3.0, "push.v.01", "object", 1),)
