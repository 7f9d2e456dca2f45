"""Watching a video for events: the one loop from frames to what is told of them, for files and for what never ends."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from smot_vlm.language import caption_lexicon
from smot_vlm.language.known_words import DRAWN_WORDS, PEOPLE_WORDS, joined
from smot_vlm.models.base import SmotModelBase
from smot_vlm.models.card import DRAWN
from smot_vlm.models.rolling import Rolling
from smot_vlm.output.rolling_files import RollingSettings
from smot_vlm.rules.clips import ClipSaver
from smot_vlm.rules.described import sight_of
from smot_vlm.rules.events import Event, EventFinder
from smot_vlm.rules.live_metrics import health_metrics, words_metrics
from smot_vlm.rules.vocabulary import CheckedRule, Vocabulary
from smot_vlm.structures import Description, Frame, Health, ModelInfo, Trajectory, VideoInfo, WordsHealth
from smot_vlm.system.metrics import Metric
from smot_vlm.system.timing import PartTimes
from smot_vlm.tracker import Tracker
from smot_vlm.verbs import VERBS
from smot_vlm.video.reader import VideoReader, VideoSource
from smot_vlm.video.reconnecting import LiveSettings

# What is seen is looked at over so many seconds.
RECENT_SECONDS = 8.0
# The name under which `PartTimes` books the rules.
RULES_PART = "rules"


@dataclass(frozen=True)
class WatchSettings:
    """How a video is watched.

    Attributes:
        rules: in the terms of the model.
        quiet_seconds: a gap of more ends an event, so that the next one is told.
        unsure: tell what the model is not sure of, too.
        refresh_seconds: between two captions of the people, for models that tell looks and solo deeds in captions alone.
        filmed_at: when the video began; None: a live one begins now, and of others it is not known.
        clips: folder for the pictures around events; None writes none.
        blur: of these pictures, a key of `output.blur.MODES`; None shows people as they are.
        trajectories: as for `Tracker.stream`.
        stride: the same.
        max_frames: the same.
        fps: the same.
        live: the same.
        words_apart: the same.
        rolling: windows and descriptions that are written; None: none.
    """

    rules: tuple[CheckedRule, ...]
    quiet_seconds: float = 5.0
    unsure: bool = False
    refresh_seconds: float = 4.0
    filmed_at: datetime | None = None
    clips: Path | None = None
    blur: str | None = None
    trajectories: Path | str | Sequence[Trajectory] | None = None
    stride: int = 1
    max_frames: int | None = None
    fps: float | None = None
    live: LiveSettings | None = None
    words_apart: bool | None = None
    rolling: RollingSettings | None = None


class Watch:
    """One watching of one video.

    Attributes:
        events: how many were told.
        frames: how many were watched.
        seconds: of the newest frame.
        health: of a live source that is kept open; else None.
        words: how the words are doing where they are written apart; else None.

    Args:
        tracker: describes the video.
        settings: what is looked for, and how.
        tell: called with each event as it is found.
        say: called with a line about what went wrong beside the watching.
        on_frame: called after each frame, for progress; returning False ends the watching there.
        times: filled with the seconds of each part.
        clock: seconds that pass while no frame comes.
    """

    def __init__(
        self,
        tracker: Tracker,
        settings: WatchSettings,
        tell: Callable[[Event], None],
        say: Callable[[str], None],
        on_frame: Callable[[Frame, VideoReader], bool | None] | None = None,
        times: PartTimes | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self.events = self.frames = 0
        self.seconds = 0.0
        self.health: Health | None = None
        self.words: WordsHealth | None = None
        self._rolling: Rolling | None = None
        self._tracker = tracker
        self._settings = settings
        self._tell = tell
        self._say = say
        self._on_frame = on_frame
        self._times = times or PartTimes()
        self._video: VideoReader | None = None
        self._finder: EventFinder | None = None
        self._clips: ClipSaver | None = None
        self._began: datetime | None = None

    def run(self, source: VideoSource) -> None:
        """Watch a video to its end.

        Args:
            source: as for `Tracker.stream`.

        Raises:
            ValueError: a zone outside of the frame, a rule with hours of a video of unknown time, or no video.
            OSError: the source or the folder for clips cannot be opened.
        """
        settings = self._settings
        updates = self._tracker.stream(
            source,
            trajectories=settings.trajectories,
            stride=settings.stride,
            max_frames=settings.max_frames,
            fps=settings.fps,
            live=self._live(),
            words_apart=settings.words_apart,
            refresh_seconds=settings.refresh_seconds if self._needs_captions() else None,
            recent_seconds=RECENT_SECONDS,
            on_open=self._open,
            times=self._times,
        )
        try:
            for update in updates:
                assert self._finder is not None, "the video is open"
                self.seconds = update.frame.time_seconds
                self.frames += 1
                self.health, self.words = update.health, update.words
                if self._rolling is not None:
                    told = update.description if update.refreshed else None
                    self._rolling.add(update.frame, update.people, update.sight, told, update.health)
                if self._clips is not None:
                    self._clips.add(update.frame, update.people)
                if update.sight is not None:
                    with self._times.part(RULES_PART):
                        found = self._finder.find(update.sight)
                    for event in found:
                        self._take(event)
                if self._is_enough(update.frame):
                    break
        finally:
            updates.close()
            if self._rolling is not None and (missing := self._rolling.close()):
                self._say(missing)
            if self._clips is not None and (missing := self._clips.close()):
                self._say(missing)

    @property
    def metrics(self) -> list[Metric]:
        """The numbers of now, for Prometheus; may be asked in any thread."""
        told = [
            Metric("smot_vlm_events_total", "Events that were told.", self.events),
            Metric("smot_vlm_watched_frames_total", "Frames that were described.", self.frames),
            Metric("smot_vlm_seconds", "Seconds from the first frame to the newest.", self.seconds),
        ]
        if self.words is not None:
            told += words_metrics(self.words, self.seconds)
        return told if self.health is None else [*told, *health_metrics(self.health)]

    @property
    def is_good(self) -> bool:
        """Whether pictures come."""
        return self.frames > 0 and (self.health is None or self.health.connected)

    def _live(self) -> LiveSettings | None:
        """The settings, with the health noted while no picture comes."""
        live = self._settings.live
        if live is None:
            return None
        on_wait = live.on_wait

        def wait(health: Health) -> bool:
            self.health = health
            if self._rolling is not None:
                self._rolling.wait(health)
            return on_wait is None or on_wait(health) is not False

        return replace(live, on_wait=wait)

    def _open(self, video: VideoReader) -> None:
        settings = self._settings
        for rule in settings.rules:
            if rule.zone is not None:
                rule.zone.in_pixels(video.width, video.height)
        self._video = video
        self._began = settings.filmed_at or (None if video.rereadable else datetime.now().astimezone())
        self._finder = finder(settings, video.name, self._began)
        if settings.clips is not None:
            self._clips = ClipSaver(settings.clips, video.sampled_fps, self._say, blur=settings.blur)
        if settings.rolling is not None:
            info = VideoInfo(video.name, video.width, video.height, float(video.fps), 0)
            config, model = self._tracker.config, self._tracker.model
            writer = ModelInfo(config.name, config.decoder.name, self._tracker.associator, model.trained)
            self._rolling = Rolling(settings.rolling, info, writer, self._began, self._say, self._clock)

    def _take(self, event: Event) -> None:
        self.events += 1
        clip = "" if self._clips is None else self._clips.save(event, self.seconds)
        self._tell(replace(with_time(event, self._began), clip=clip))

    def _is_enough(self, frame: Frame) -> bool:
        assert self._video is not None, "the video is open"
        return self._on_frame is not None and self._on_frame(frame, self._video) is False

    def _needs_captions(self) -> bool:
        """Whether captions are written, or something is asked that only they tell."""
        if self._settings.rolling is not None:
            return True
        models = models_of(self._tracker)
        asks = any(rule.needs_words for rule in self._settings.rules)
        return any(not model.scores_at_once or (asks and not model.tells_looks_at_once) for model in models)


def find_in_description(description: Description, settings: WatchSettings) -> list[Event]:
    """The events of a video that was described.

    Args:
        description: of it.
        settings: what is looked for.

    Returns:
        In order of time.

    Raises:
        ValueError: a zone outside of the frame, a rule with hours of a video of unknown time, or unknown times of frames.
    """
    sight = sight_of(description, drawn=description.model.domain == DRAWN)
    found = finder(settings, description.video.source, settings.filmed_at).find(sight)
    return [with_time(event, settings.filmed_at) for event in found]


def finder(settings: WatchSettings, source: str, began: datetime | None) -> EventFinder:
    """What finds events sight by sight.

    Args:
        settings: what is looked for.
        source: of the video.
        began: when the video began; None where it is not known.

    Returns:
        The finder.

    Raises:
        ValueError: a rule with hours, and it is not known when the video began.
    """

    def day_seconds(seconds: float) -> float:
        assert began is not None, "asked only where it is known"
        at = began + timedelta(seconds=seconds)
        return at.hour * 3600 + at.minute * 60 + at.second

    return EventFinder(
        settings.rules,
        source,
        quiet_seconds=settings.quiet_seconds,
        unsure=settings.unsure,
        day_seconds=None if began is None else day_seconds,
    )


def with_time(event: Event, began: datetime | None) -> Event:
    """An event with its date and time.

    Args:
        event: any.
        began: when the video began; None leaves the event as it is.

    Returns:
        The event.
    """
    if began is None:
        return event
    return replace(event, time=(began + timedelta(seconds=event.from_seconds)).isoformat(timespec="milliseconds"))


def vocabulary_of(tracker: Tracker) -> Vocabulary:
    """What the models of a tracker can tell.

    Args:
        tracker: with one model, or one and its successor.

    Returns:
        The verbs and words of both.
    """
    models = models_of(tracker)
    words = [known for model in models if (known := model.known_words) is not None]
    both = None if not words else words[0] if len(words) == 1 else joined(*words)
    return Vocabulary([label for model in models for label in model.known_verbs], both)


def vocabulary_of_description(description: Description) -> Vocabulary:
    """What a description can tell: by what its model learned from, as far as that is stated.

    Args:
        description: any.

    Returns:
        The verbs and words.
    """
    found = [edge.verb for edge in description.interactions]
    if description.model.domain == DRAWN:
        return Vocabulary([*caption_lexicon.VERBS, *found], DRAWN_WORDS)
    return Vocabulary([*(verb.label for verb in VERBS), *found], PEOPLE_WORDS)


def models_of(tracker: Tracker) -> list[SmotModelBase]:
    """The models of a tracker.

    Args:
        tracker: any.

    Returns:
        The first one, and its successor where there is one.
    """
    return [tracker.model] if tracker.successor is None else [tracker.model, tracker.successor[0]]
