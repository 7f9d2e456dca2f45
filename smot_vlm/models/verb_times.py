"""When interactions happen: the verbs of single observations, cut into spans with the frames that show them."""

from dataclasses import replace

import numpy as np

from smot_vlm.models.moments import Moments
from smot_vlm.semantics.verb_spans import SpanRule, Stretch, cut_spans, smoothed
from smot_vlm.structures import Interaction, Span, Trajectory, VideoInfo

# Chosen on 24 drawn videos (validation split, seeds from 655000) by mAP at temporal IoU 0.5 and 0.7; a plateau (smoothing 0 to 1, depth
# 1 to 3).
RULE = SpanRule(smoothing_seconds=0.5, start=0.0, depth=2.0, gap_seconds=1.0, least_seconds=1.0)
# Frames that are named as evidence of one span.
MOST_EVIDENCE = 3


def with_spans(
    edge: Interaction,
    moments: Moments,
    column: int,
    threshold: float,
    subject: Trajectory,
    target: Trajectory,
    video: VideoInfo,
    rule: SpanRule = RULE,
) -> Interaction:
    """An interaction with the spans in which its verb is seen.

    Args:
        edge: what was found in the whole video.
        moments: of its pair.
        column: of its verb in `moments`.
        threshold: probability above which the verb is reported.
        subject: who acts.
        target: the other one; nothing is done to them while they are not there.
        video: gives the times of frames.
        rule: how to cut.

    Returns:
        The interaction; unchanged where the subject was never observed.
    """
    log_odds = moments.log_odds[:, column]
    if not len(log_odds):
        return edge
    limit = float(np.log(threshold) - np.log1p(-threshold)) if 0 < threshold < 1 else float(log_odds.max())
    stretches = cut_spans(log_odds, moments.times, limit, rule, life_of(subject, video, moments.times))
    curve = smoothed(log_odds, moments.times, rule.smoothing_seconds)
    spans = [_span(one, curve, moments.times, subject, video) for one in stretches]
    start, end = (video.seconds(int(frame)) for frame in (target.frames[0], target.frames[-1] + 1))
    if start is None or end is None:
        return replace(edge, spans=tuple(spans))
    within = [
        replace(span, from_seconds=max(span.from_seconds, start), to_seconds=min(span.to_seconds, end))
        for span in spans
        if span.from_seconds < end and span.to_seconds > start
    ]
    return replace(edge, spans=tuple(within or spans))


def life_of(track: Trajectory, video: VideoInfo, times: np.ndarray) -> tuple[float, float]:
    """When a person is first and last there, to the end of the last frame.

    Args:
        track: the person.
        video: gives the times of frames.
        times: of the observations, which stand in where the times of frames are not known.

    Returns:
        Seconds.
    """
    start, end = (video.seconds(int(frame)) for frame in (track.frames[0], track.frames[-1] + 1))
    if start is None or end is None:
        return float(times[0]), float(times[-1])
    return min(start, float(times[0])), max(end, float(times[-1]))


def _span(stretch: Stretch, curve: np.ndarray, times: np.ndarray, subject: Trajectory, video: VideoInfo) -> Span:
    inside = np.arange(stretch.first, stretch.last + 1)
    best = inside[np.argsort(-curve[inside], kind="stable")[:MOST_EVIDENCE]]
    shown = {frame for place in best if (frame := frame_at(float(times[place]), subject, video)) is not None}
    score = float(1 / (1 + np.exp(-curve[inside].max())))
    return Span(max(stretch.from_seconds, 0.0), stretch.to_seconds, tuple(sorted(shown)), score)


def frame_at(seconds: float, track: Trajectory, video: VideoInfo) -> int | None:
    """The frame of a track that is nearest to a time.

    Args:
        seconds: since the video began.
        track: with at least one frame.
        video: gives the times of frames.

    Returns:
        None where the times of frames are not known.
    """
    low, high = 0, len(track.frames) - 1
    while low < high:
        middle = (low + high) // 2
        at = video.seconds(int(track.frames[middle]))
        if at is None:
            return None
        low, high = (middle + 1, high) if at < seconds else (low, middle)
    near = [int(track.frames[place]) for place in {max(low - 1, 0), low}]
    known = [(abs(at - seconds), frame) for frame in near if (at := video.seconds(frame)) is not None]
    return min(known)[1] if known else None
