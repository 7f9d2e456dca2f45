"""When interactions and clauses of captions happen, from log-odds at single observations."""

import numpy as np
import pytest
import torch

from smot_vlm.fusion.memory import TrackBatch
from smot_vlm.models.caption_times import with_segments
from smot_vlm.models.deed_moments import DEEDS, TEXTS, columns_of, seen_deeds
from smot_vlm.models.moments import Moments, verb_moments, word_moments
from smot_vlm.models.verb_times import frame_at, life_of, with_spans
from smot_vlm.semantics.interaction import InteractionHead, highest
from smot_vlm.structures import Description, Interaction, ModelInfo, Segment, Span, Trajectory, VideoInfo

VIDEO = VideoInfo("a.mp4", 64, 48, 10.0, 100)
TIMES = np.arange(0.0, 10.0)


def person(track_id: int, caption: str = "", frames: range = range(100)) -> Trajectory:
    index = np.array(frames)
    return Trajectory(track_id, index, np.tile([0.0, 0, 9, 9], (len(index), 1)), np.ones(len(index)), caption)


def test_an_interaction_gets_spans_with_the_frames_that_show_it():
    curve = np.where((TIMES >= 3) & (TIMES <= 6), 2.0, -6.0)
    curve[4] = 3.0
    moments = Moments(TIMES, np.stack([np.full(10, -9.0), curve], axis=1))
    edge = with_spans(Interaction(1, "push.v.01", 2, 0.7), moments, 1, 0.5, person(1), person(2), VIDEO)
    (span,) = edge.spans
    assert span.from_seconds == pytest.approx(2.5, abs=0.5)
    assert span.to_seconds == pytest.approx(6.5, abs=0.5)
    assert 40 in span.frames
    assert set(span.frames) <= {30, 40, 50, 60}
    assert span.score == pytest.approx(1 / (1 + np.exp(-2.75)), abs=0.05)
    assert (edge.subject, edge.verb, edge.object, edge.score) == (1, "push.v.01", 2, 0.7)


def test_nothing_is_done_to_who_is_not_there():
    moments = Moments(TIMES, np.full((10, 1), 3.0))
    edge = Interaction(1, "push.v.01", 2, 0.7)
    (span,) = with_spans(edge, moments, 0, 0.5, person(1), person(2, frames=range(25, 70)), VIDEO).spans
    assert (span.from_seconds, span.to_seconds) == (2.5, 7.0)
    (span,) = with_spans(edge, moments, 0, 0.5, person(1), person(2), VIDEO).spans
    assert (span.from_seconds, span.to_seconds) == (0.0, 10.0)


def test_a_life_ends_with_its_last_frame_and_without_a_rate_with_its_observations():
    assert life_of(person(1, frames=range(20, 60)), VIDEO, np.array([2.0, 5.0])) == (2.0, 6.0)
    assert life_of(person(1), VideoInfo("frames", 64, 48, 0.0, 100), np.array([2.0, 5.0])) == (2.0, 5.0)


def test_the_nearest_frame_of_a_track_shows_a_moment():
    track = person(1, frames=range(20, 60))
    assert [frame_at(seconds, track, VIDEO) for seconds in (0.0, 2.04, 2.06, 4.5, 9.0)] == [20, 20, 21, 45, 59]
    assert frame_at(1.0, track, VideoInfo("frames", 64, 48, 0.0, 100)) is None


def told() -> Description:
    caption = "A man in a red top first sits on a stool, then pushes a woman in a green top and then jumps up and down."
    other = "A woman in a green top and a red skirt is pushed by a man in a red top."
    return Description(
        VIDEO,
        (person(1, caption), person(2, other), person(3)),
        (Interaction(1, "push.v.01", 2, 0.8),),
        "",
        ModelInfo("demo", "lora-lm", "byte", True),
    )


def words(times: np.ndarray = TIMES, **columns: np.ndarray) -> Moments:
    """Log-odds of the deeds that are named by their first words ("push.v.01:subject" by push), 0 of all others."""
    log_odds = np.zeros((len(times), len(DEEDS)))
    for name, curve in columns.items():
        log_odds[:, next(row for row, deed in enumerate(DEEDS) if deed.split(".")[0] == name)] = curve
    return Moments(times, log_odds)


def test_clauses_take_the_time_at_which_they_are_seen_in_their_order():
    description = told()
    early, middle, late = ((TIMES < 2) * 4.0, ((TIMES >= 2) & (TIMES < 7)) * 4.0, (TIMES >= 7) * 4.0)
    moments = [words(sit=early, push=middle, jump=late), words(), words()]
    first, second, third = with_segments(description, moments, {}, ["push.v.01"]).tracks
    assert first.segments == (
        Segment("sits on a stool", 0.0, 1.5, "sit"),
        Segment("pushes a woman in a green top", 1.5, 6.5, "push.v.01", "subject", 2),
        Segment("jumps up and down", 6.5, 10.0, "jump"),
    )
    assert second.segments == (Segment("is pushed by a man in a red top", 0.0, 10.0, "push.v.01", "object", 1),)
    assert third.segments == ()


def test_what_a_caption_leaves_out_has_no_segment():
    early, late = (TIMES < 3) * 6.0, (TIMES >= 8) * 6.0
    pushing = np.where((TIMES >= 4) & (TIMES < 6), 6.0, 0.0)
    moments = [words(sit=early, push=pushing, jump=late), words(), words()]
    first, second, _ = with_segments(told(), moments, {}, []).tracks
    assert [(one.from_seconds, one.to_seconds) for one in first.segments] == [(0.0, 2.5), (3.5, 5.5), (7.5, 10.0)]
    assert (second.segments[0].from_seconds, second.segments[0].to_seconds) == (0.0, 10.0), "nothing else is seen"


def test_clauses_in_a_row_that_tell_the_same_tell_one_time():
    caption = "A man in a red top sits on a stool, then sits on a stool and then jumps up and down."
    description = Description(VIDEO, (person(1, caption),), (), "", ModelInfo("demo", "lora-lm", "byte", True))
    seat, jump = (TIMES < 6) * 4.0, (TIMES >= 6) * 4.0
    (track,) = with_segments(description, [words(sit=seat, jump=jump)], {}, []).tracks
    assert [(one.action, one.from_seconds, one.to_seconds) for one in track.segments] == [
        ("sit", 0.0, 5.5),
        ("sit", 0.0, 5.5),
        ("jump", 5.5, 10.0),
    ]


def test_verbs_place_clauses_where_words_are_silent():
    verb = np.where((TIMES >= 4) & (TIMES < 6), 5.0, -5.0)
    pair = {(1, 2): Moments(TIMES, verb[:, None])}
    first = with_segments(told(), [words(), words(), words()], pair, ["push.v.01"]).tracks[0]
    assert (first.segments[1].from_seconds, first.segments[1].to_seconds) == (3.5, 5.5)


def test_people_seen_too_seldom_and_models_that_cannot_tell_get_no_segments():
    brief = words(TIMES[:2])
    assert with_segments(told(), [brief, words(), words()], {}, []).tracks[0].segments == ()
    assert with_segments(told(), [], {}, []).to_json() == told().to_json()


def batch(people: int, observations: int, cells: int, dim: int) -> TrackBatch:
    generator = torch.Generator().manual_seed(3)
    mask = torch.ones(people, observations, dtype=torch.bool)
    mask[1, -2:] = False
    times = torch.arange(float(observations)).repeat(people, 1)
    tokens = torch.randn(people, observations, cells, dim, generator=generator)
    return TrackBatch(tokens, times, torch.rand(people, observations, 4, generator=generator), mask)


def test_verbs_of_observations_have_the_pairs_logit_as_their_smooth_maximum():
    torch.manual_seed(0)
    head = InteractionHead(16, 2, 32, verbs=5, chunk=1).eval()
    seen = batch(3, 6, 4, 16)
    tracks, mask = seen.tokens.flatten(1, 2), seen.mask.repeat_interleave(4, dim=1)
    pairs = torch.tensor([[0, 1], [1, 2], [2, 0]])
    with torch.no_grad():
        moments = verb_moments(head, tracks, mask, seen, pairs)
        whole = head(tracks, mask, pairs)
    assert [one.log_odds.shape for one in moments] == [(6, 5), (4, 5), (6, 5)]
    assert moments[1].times.tolist() == [0, 1, 2, 3]
    for one, expected in zip(moments, whole, strict=True):
        log_odds = torch.as_tensor(one.log_odds)[None]
        again = highest(log_odds, torch.ones(1, len(one.times), dtype=torch.bool))[0]
        assert again.tolist() == pytest.approx(expected.tolist(), abs=1e-4)


class Reader:
    """A grounding that finds text k in segment k, and sees in a frame the number of its first token."""

    num_segments = (4, 1)

    def segment_scores(self, requests: list[object], texts: list[list[str]]) -> list[torch.Tensor]:
        return [torch.eye(4)[:, : len(told)] * 8 for _, told in zip(requests, texts, strict=True)]

    def frame_scores(self, tokens: torch.Tensor, texts: list[str]) -> torch.Tensor:
        return tokens[:, 0, :1].repeat(1, len(texts))


def test_words_of_segments_and_of_frames_are_added_at_each_observation():
    seen = batch(2, 8, 1, 2)
    found = word_moments(Reader(), [None, None], lambda tokens, times, boxes: tokens * 0 + 2, seen, [["a", "b"], []])  # type: ignore[arg-type, list-item]
    assert found[0].log_odds[:, 0] == pytest.approx(1 + np.array([8, 6, 2, 0, 0, 0, 0, 0]))
    assert found[0].log_odds[:, 1].argmax() in (2, 3)
    assert found[1].log_odds.shape == (6, 0)


def test_every_deed_of_the_lexicon_has_its_words():
    assert len(set(DEEDS)) == len(DEEDS) == len(TEXTS)
    assert TEXTS[DEEDS.index("sit")] == "sits on a stool"
    assert TEXTS[DEEDS.index("push.v.01:object")] == "is pushed by"
    assert {"handshake.n.01:mutual", "lead.v.01:subject"} < set(DEEDS)
    assert "handshake.n.01:subject" not in DEEDS


def test_a_deed_is_seen_as_long_as_it_is_the_likeliest():
    moments = words(sit=(TIMES < 4) * 5.0, push=(TIMES >= 4) * 3.0, jump=(TIMES >= 9) * 8.0)
    assert seen_deeds(moments) == [
        ("sit", Span(0.0, 3.5), 5.0),
        ("push.v.01:subject", Span(3.5, 8.5), 3.0),
        ("jump", Span(8.5, 9.0), 8.0),
    ]
    assert [one.log_odds for one in seen_deeds(words(TIMES[:1], sit=np.array([2.0])))] == [2.0]
    assert seen_deeds(words(TIMES[:0])) == []


def test_the_columns_of_some_deeds():
    moments = words(sit=TIMES, jump=-TIMES)
    assert columns_of(moments, ["jump", "sit"]).tolist() == np.stack([-TIMES, TIMES], axis=1).tolist()
    assert columns_of(moments, []).shape == (10, 0)
