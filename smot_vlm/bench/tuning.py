"""An associator's settings tuned on annotated videos: some of them are tried on, the others judge what came of it."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from smot_vlm.association.associators import WITH_REID_FILE
from smot_vlm.bench.annotated_videos import AnnotatedVideo, Seen, find_sources, link_video, look, watch
from smot_vlm.bench.detection_cache import DetectionCache
from smot_vlm.bench.linking import open_detector, pooled_measures
from smot_vlm.bench.trials import Trials, open_trials
from smot_vlm.bench.tuning_knobs import LEAST_SCORE, knobs_of, values_of, with_values
from smot_vlm.config.schema import AssociationConfig
from smot_vlm.evaluation.bootstrap import resample
from smot_vlm.evaluation.frame_boxes import FrameBoxes
from smot_vlm.evaluation.results import Part
from smot_vlm.evaluation.tracking import tracking_part
from smot_vlm.formats.documents import read_yaml
from smot_vlm.system.files import shipped_folder, write_text
from smot_vlm.system.temporary import try_lock

OBJECTIVES = ("HOTA", "AssA", "DetA", "IDF1", "MOTA")
TRIALS_FILE, REPORT_FILE, SETTINGS_FILE, BOXES_FOLDER = "trials.sqlite", "tuning.json", "best.yaml", "detections"
RESAMPLES = 1000


@dataclass(frozen=True)
class ShareScore:
    """What tuning did to some of the videos.

    Attributes:
        share: "tuned on" or "held out".
        sequences: Folders of the videos.
        before: The measure with the settings before, 0 to 1; boxes are counted over all videos.
        after: With the best ones.
        interval: 95 % interval of after - before under another choice of videos; None for a single video.
    """

    share: str
    sequences: tuple[str, ...]
    before: float
    after: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Tuning:
    """What came of it.

    Attributes:
        associator: Its name.
        objective: One of OBJECTIVES.
        rate: Frames a second; None: the videos' own.
        seed: Of the shares and of the trials.
        trials: How many have a value.
        scores: Of the share that was tuned on, and of the one held out where there is one.
        before: The settings before: key below `association` -> value.
        best: The best ones.
    """

    associator: str
    objective: str
    rate: float | None
    seed: int
    trials: int
    scores: tuple[ShareScore, ...]
    before: Mapping[str, Any]
    best: Mapping[str, Any]

    @property
    def overrides(self) -> tuple[str, ...]:
        """The best settings as `--set` takes them, those alone that differ from the ones before."""
        changed = [(key, value) for key, value in self.best.items() if value != self.before[key]]
        return tuple(f"association.{key}={json.dumps(value)}" for key, value in changed)


def tune(
    folders: Sequence[Path | str],
    out: Path,
    *,
    associator: str = "byte",
    trials: int = 100,
    objective: str = "HOTA",
    rate: float | None = None,
    held_out: float = 0.3,
    seed: int = 0,
    detector: str | None = None,
    anew: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Tuning:
    """Tune an associator, or go on with what a stopped run began in `out`.

    Args:
        folders: Sequences, as for `find_sources`.
        out: Gets the trials, the boxes found, the best settings and the report.
        associator: As for `build_associator`.
        trials: In all, with those that are in `out`.
        objective: One of OBJECTIVES.
        rate: Frames a second, reached by leaving out frames; None: all frames.
        held_out: Share of the videos that no trial sees.
        seed: Of the shares and of the trials.
        detector: As for `open_detector`.
        anew: Forget the trials that are in `out`; the boxes are kept.
        progress: Called with what is done, and the steps of it done and in all.

    Raises:
        FileNotFoundError: No sequence, or no such file.
        ValueError: A setting that is not allowed, another plan than that of `out`, or a file that cannot be read.
        RuntimeError: Another process is at work in `out`.
    """
    knobs = knobs_of(associator)
    if objective not in OBJECTIVES:
        raise ValueError(f"objective is {objective!r}; it takes {', '.join(OBJECTIVES)}")
    sources = find_sources(folders)
    tuned_on, kept = shares([str(truth.parent.parent) for _, _, truth in sources], held_out, seed)
    task = _Task(_with_whole_path(associator), objective, rate, seed)
    eye = open_detector(detector, replace(AssociationConfig(), proposal_score=LEAST_SCORE))
    cache = DetectionCache(out / BOXES_FOLDER, f"{_stated(detector)} from {LEAST_SCORE}")
    plan = asdict(task) | {"sequences to tune on": tuned_on, "sequences held out": kept}
    plan |= {"files of sequences": [cache.key(source, truth) for _, source, truth in sources]}
    plan |= {"knobs": [asdict(knob) for knob in knobs]}
    out.mkdir(parents=True, exist_ok=True)
    with _alone(out):
        if anew:
            (out / TRIALS_FILE).unlink(missing_ok=True)
        opened = open_trials(out / TRIALS_FILE, plan, knobs, seed)
        videos = _watch(folders, lambda source: cache.look(source, partial(look, detector=eye)), rate, progress)
        result = _run(
            task, opened, trials, [videos[name] for name in tuned_on], [videos[name] for name in kept], progress
        )
        write_text(out / REPORT_FILE, json.dumps(asdict(result), indent=2) + "\n")
        write_text(out / SETTINGS_FILE, settings_text(result))
    return result


@dataclass(frozen=True)
class _Task:
    """As for `tune`."""

    associator: str
    objective: str
    rate: float | None
    seed: int

    def link(self, videos: Sequence[AnnotatedVideo], config: AssociationConfig) -> list[FrameBoxes]:
        strides = [1 if self.rate is None else video.stride_for(self.rate) or 1 for video in videos]
        return [
            link_video(video, self.associator, config, stride) for video, stride in zip(videos, strides, strict=True)
        ]


def _run(
    task: _Task,
    opened: Trials,
    count: int,
    tuned_on: Sequence[AnnotatedVideo],
    kept: Sequence[AnnotatedVideo],
    progress: Callable[[str, int, int], None] | None,
) -> Tuning:
    """Try settings on one share, and judge the best ones on both."""
    config = AssociationConfig()

    def judge(values: dict[str, Any]) -> float:
        if progress is not None:
            progress("trials", opened.finished, count)
        return pooled_measures(task.link(tuned_on, with_values(config, values)))[task.objective]

    before = values_of(config, opened.knobs)
    opened.run(count, before, judge)
    best = with_values(config, opened.best())
    parts = [("tuned on", tuned_on), ("held out", kept)]
    scores = tuple(_compare(task, share, videos, config, best) for share, videos in parts if videos)
    return Tuning(
        **asdict(task), trials=opened.finished, scores=scores, before=before, best=values_of(best, opened.knobs)
    )


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keep other processes out of a folder until the block ends."""
    lock = try_lock(out / ".lock")
    if lock is None:
        raise RuntimeError(f"{out}: another process is tuning there; wait for it, or give another --out")
    try:
        yield
    finally:
        lock.release()


def shares(names: Sequence[str], held_out: float, seed: int) -> tuple[list[str], list[str]]:
    """Divide videos into those that are tuned on and those held out, by the seed.

    Args:
        names: Of the videos.
        held_out: Share of them, at least one where it is above 0; one at least is left to tune on.
        seed: Of the draw.

    Returns:
        Both, sorted.

    Raises:
        ValueError: A share that is not allowed, a video given twice, or one video alone.
    """
    if not 0 <= held_out < 1:
        raise ValueError(f"held_out is {held_out}; give a share from 0 to below 1")
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"{min(twice)} is given twice; give each sequence once")
    if held_out and len(names) < 2:
        raise ValueError(
            f"{names[0]} is the only sequence; give more, or --held-out 0, which tells nothing of other videos"
        )
    count = min(max(1, round(held_out * len(names))), len(names) - 1) if held_out else 0
    chosen = {sorted(names)[place] for place in np.random.default_rng(seed).permutation(len(names))[:count]}
    return [name for name in sorted(names) if name not in chosen], sorted(chosen)


def settings_text(tuning: Tuning) -> str:
    """The best settings as a configuration that `--model` takes.

    Args:
        tuning: What was found.

    Returns:
        YAML; its first lines say how good they are and how another model takes them.
    """
    lines = [f"# {tuning.objective} of {tuning.associator} after {tuning.trials} trials, seed {tuning.seed}:"]
    for score in tuning.scores:
        lines.append(f"#   {score.share} ({len(score.sequences)}): {100 * score.before:.1f} -> {100 * score.after:.1f}")
    options = " ".join(f"--set {override}" for override in tuning.overrides)
    lines.append(f"# With another model: --associator {tuning.associator} {options}".rstrip())
    content = read_yaml(shipped_folder("configs") / "tracks-only.yaml")
    association = asdict(with_values(AssociationConfig(name=tuning.associator), tuning.best))
    own = tuning.associator.partition(":")[0].partition("-")[0]
    kept = {key: value for key, value in association.items() if not isinstance(value, dict) or key == own}
    content |= {"name": "tuned", "association": kept}
    return "\n".join(lines) + "\n" + yaml.safe_dump(content, sort_keys=False)


def _with_whole_path(associator: str) -> str:
    """The name with the whole path of its file, so that it means the same in every folder."""
    kind, colon, file = associator.partition(":")
    if colon and kind in WITH_REID_FILE and file:
        return f"{kind}:{os.path.abspath(file)}"
    return associator


def _watch(
    folders: Sequence[Path | str],
    look_at: Callable[[Path], Seen],
    rate: float | None,
    progress: Callable[[str, int, int], None] | None,
) -> dict[str, AnnotatedVideo]:
    """Every video by its folder."""
    total, videos = len(find_sources(folders)), {}
    for done, video in enumerate(watch(folders, look_at), start=1):
        if rate is not None and video.stride_for(rate) is None:
            raise ValueError(f"{video.source} has {video.fps:g} frames a second; give a --rate of at most that")
        videos[str(video.source.parent)] = video
        if progress is not None:
            progress("finding people", done, total)
    return videos


def _stated(detector: str | None) -> str:
    """What tells a detector's file from another of its name."""
    if detector is None:
        return "the detector that ships"
    kind, _, given = detector.partition(":")
    if kind == "model":
        return f"the detector of {given}"
    file = Path(given).resolve()
    return f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}"


def _compare(
    task: _Task, share: str, videos: Sequence[AnnotatedVideo], config: AssociationConfig, best: AssociationConfig
) -> ShareScore:
    """The measure before and after, and how sure the difference is."""
    before, after = (tracking_part(task.link(videos, settings)) for settings in (config, best))
    place = [column.name for column in before.columns].index(task.objective)

    def gain(weights: np.ndarray) -> np.ndarray:
        difference: np.ndarray = after.score(weights)[place : place + 1] - before.score(weights)[place : place + 1]
        return difference

    drawn = resample([Part((before.columns[place],), gain)], len(videos), RESAMPLES, task.seed)
    assert drawn is not None
    every = np.ones(len(videos))
    return ShareScore(
        share,
        tuple(str(video.source.parent) for video in videos),
        float(before.score(every)[place]),
        float(after.score(every)[place]),
        (float(drawn[0, 0]), float(drawn[0, 1])) if len(videos) > 1 else None,
    )
