"""One synthetic sequence: story, pictures, boxes, captions, interactions and facts, from a seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from smot_vlm.language.fact_records import SequenceFacts
from smot_vlm.structures import EventSegment, Interaction, Trajectory
from smot_vlm.synthetic.language.caption_writer import instance_caption, video_caption
from smot_vlm.synthetic.language.story_facts import choose_highlights, timeline, track_events, track_facts, video_facts
from smot_vlm.synthetic.random_choice import pick
from smot_vlm.synthetic.render import View, render
from smot_vlm.synthetic.stage.camera import make_camera
from smot_vlm.synthetic.stage.degradation import Degradation, make_degradation, noise_pool
from smot_vlm.synthetic.stage.scenes import PAINTERS, paint_background
from smot_vlm.synthetic.story.actions import SOLO
from smot_vlm.synthetic.story.casting import SPLITS, wears_held_out
from smot_vlm.synthetic.story.events import DoesNotFit
from smot_vlm.synthetic.story.interactions import DUETS
from smot_vlm.synthetic.story.plot import STORY_FPS, draw_people_count, write_story
from smot_vlm.synthetic.visibility import Visibility, measure_visibility, visible_story

RESERVED_SEED = 900_000  # dataset seeds from here on are kept for tests that no training may have seen
WIDTHS = (320, 400, 480, 560, 640)
MOST_PEOPLE = 8
_STORY, _CAMERA, _PLACE, _WORDS, _DEGRADATION = range(5)  # independent random streams of one seed
_STORY_ATTEMPTS = 60
_COMPLETE_ATTEMPTS = 8  # after so many, a story may contain things that cannot be seen and go untold
EDGE_PIXELS = 0.6  # how far OpenCV's smoothed edges reach beyond the shapes that they draw
LEAST_OPEN, LEAST_INSIDE = 0.02, 0.05  # shares of a body uncovered and in the frame below which it has no box


@dataclass(frozen=True, eq=False)
class SyntheticSequence:
    """A video that was never filmed, with everything that is true of it.

    Frames are drawn when asked for and always the same.

    Attributes:
        name: scenario/sequence as in a BenSMOT folder.
        scenario: the place.
        seed: from which everything follows.
        split: train, val or test.
        fps: frames a second.
        length: number of frames.
        caption: of the whole video.
        tracks: full-body boxes clipped to the frame, in frames counted from 0, with captions; a person who is hidden
            or outside the frame has no box there.
        interactions: directed edges between track ids.
        facts: what the captions state, as records.
        events: the same events, when they happen.
        view: story, camera and size.
        degradation: of the picture.
    """

    name: str
    scenario: str
    seed: int
    split: str
    fps: float
    length: int
    caption: str
    tracks: tuple[Trajectory, ...]
    interactions: tuple[Interaction, ...]
    facts: SequenceFacts
    events: tuple[EventSegment, ...]
    view: View
    degradation: Degradation

    def __len__(self) -> int:
        return self.length

    @property
    def width(self) -> int:
        """Of the frames, in pixels."""
        return self.view.width

    @property
    def height(self) -> int:
        """Of the frames, in pixels."""
        return self.view.height

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the tracks in caption and graph files: kind and place in the order of tracks (man0, woman1 ...)."""
        return tuple(track.key for track in self.facts.tracks)

    def frame(self, index: int) -> np.ndarray:
        """One frame.

        Args:
            index: its position.

        Returns:
            RGB uint8 (height, width, 3).

        Raises:
            IndexError: no such frame.
        """
        if not 0 <= index < self.length:
            raise IndexError(f"frame {index} of {self.length}; frames count from 0")
        return render(self.view, self._background, self.degradation, self._grain, index / self.fps, index)

    def frames(self) -> Iterator[np.ndarray]:
        """All frames in order, each drawn when it is taken."""
        for index in range(self.length):
            yield self.frame(index)

    @cached_property
    def _background(self) -> np.ndarray:
        rng = _stream(self.seed, self.split, _PLACE)
        return paint_background(rng, self.scenario, self.view.story.stage, self.width, self.height)

    @cached_property
    def _grain(self) -> np.ndarray:
        rng = _stream(self.seed, self.split, _DEGRADATION, 1)
        return noise_pool(rng, self.degradation, self.width, self.height)


def make_sequence(
    seed: int,
    split: str = "train",
    fps: float = 2.0,
    *,
    width: int | None = None,
    aspect: float | None = None,
    people: tuple[int, int] = (1, MOST_PEOPLE),
    actions: Sequence[str] | None = None,
    verbs: Sequence[str] | None = None,
    scenarios: Sequence[str] | None = None,
) -> SyntheticSequence:
    """The sequence of a seed and split; no frame is drawn yet.

    The story depends on neither `fps` nor `width`: the same seed at 25 frames a second is the same video, sampled
    more densely.

    Args:
        seed: 0 or more.
        split: train, val or test.
        fps: frames a second.
        width: pixels, drawn from `WIDTHS` by default.
        aspect: width by height, 16:9 or 4:3 by default.
        people: fewest and most.
        actions: labels of those that may occur (names in SOLO), all by default.
        verbs: the same of interactions (names in DUETS); none means no interactions.
        scenarios: the same of places (names in PAINTERS).

    Returns:
        The sequence.

    Raises:
        ValueError: an unknown name, numbers outside their range, or a world in which no story fits.
    """
    chosen_actions = _names("actions", actions, tuple(SOLO), least=1)
    chosen_verbs = _names("verbs", verbs, tuple(DUETS), least=0)
    chosen_scenarios = _names("scenarios", scenarios, tuple(PAINTERS), least=1)
    _check(seed, split, fps, width, aspect, people)
    place = _stream(seed, split, _PLACE, 1)
    scenario = pick(place, chosen_scenarios)
    drawn_width = pick(place, WIDTHS)
    rng = _stream(seed, split, _STORY)
    count = draw_people_count(rng, *people)
    words_rng = _stream(seed, split, _WORDS)
    camera = make_camera(_stream(seed, split, _CAMERA))
    for attempt in range(_STORY_ATTEMPTS):
        story = write_story(rng, split, count, chosen_actions, chosen_verbs, aspect)
        pixels = width or drawn_width
        view = View(story, camera, pixels, 2 * round(pixels / story.stage.aspect / 2))
        try:
            return _annotate(seed, split, fps, scenario, view, words_rng, complete=attempt < _COMPLETE_ATTEMPTS)
        except DoesNotFit:
            continue
    raise ValueError(
        f"no story fits {people} people, actions {chosen_actions} and verbs {chosen_verbs}; allow more of them"
    )


def _annotate(
    seed: int, split: str, fps: float, scenario: str, view: View, rng: np.random.Generator, complete: bool
) -> SyntheticSequence:
    """Boxes, captions and facts of a story.

    complete: everything that happens must be visible; otherwise the rest is left out.

    Raises:
        DoesNotFit: something cannot be seen, or a caption does not fit into so many words.
    """
    visibility = _measure(view, STORY_FPS)
    story = visible_story(view.story, visibility, complete)
    if split == "test" and not all(map(wears_held_out, story.people, story.events)):
        raise DoesNotFit
    captions = [
        instance_caption(rng, person, events, story.people)
        for person, events in zip(story.people, story.events, strict=True)
    ]
    name = f"{scenario}/synthetic_{split}_{seed:07d}"
    highlights = choose_highlights(story)
    stated = video_facts(scenario, len(story.people), highlights)
    facts = SequenceFacts(name, seed, split, fps, stated, track_facts(story), timeline(story))
    sampled = visibility if fps == STORY_FPS else _measure(view, fps)
    return SyntheticSequence(
        name=name,
        scenario=scenario,
        seed=seed,
        split=split,
        fps=fps,
        length=len(sampled),
        caption=video_caption(rng, scenario, highlights, story.people),
        tracks=_trajectories(view, sampled, captions),
        interactions=tuple(Interaction(edge.subject + 1, edge.verb, edge.object + 1) for edge in story.edges),
        facts=facts,
        events=track_events(story),
        view=view,
        degradation=make_degradation(_stream(seed, split, _DEGRADATION)),
    )


def _measure(view: View, fps: float) -> list[Visibility]:
    """Who is seen in every frame."""
    count = int(view.story.duration * fps + 1e-6)
    return [measure_visibility(view.story, view.camera, index / fps) for index in range(count)]


def _trajectories(view: View, seen: Sequence[Visibility], captions: Sequence[str]) -> tuple[Trajectory, ...]:
    size = (view.width, view.height, view.width, view.height)
    edge = np.array([-EDGE_PIXELS, -EDGE_PIXELS, EDGE_PIXELS, EDGE_PIXELS])
    boxes = np.clip(np.stack([one.boxes for one in seen]) * view.height + edge, 0, size)
    there = np.stack([(one.open > LEAST_OPEN) & (one.inside > LEAST_INSIDE) for one in seen])
    tracks = []
    for index, caption in enumerate(captions):
        frames = np.flatnonzero(there[:, index])
        tracks.append(Trajectory(index + 1, frames, boxes[frames, index], np.ones(len(frames)), caption))
    return tuple(tracks)


def _stream(seed: int, split: str, *path: int) -> np.random.Generator:
    """A random stream of its own for each purpose, so that drawing more for one never changes another."""
    return np.random.default_rng([seed, SPLITS[split], *path])


def _names(what: str, given: Sequence[str] | None, known: tuple[str, ...], least: int) -> tuple[str, ...]:
    if given is None:
        return known
    unknown = [name for name in given if name not in known]
    if unknown or len(given) < least:
        raise ValueError(f"{what} {list(given)}: {unknown or 'none'} not allowed; choose from {', '.join(known)}")
    return tuple(name for name in known if name in given)


def _check(seed: int, split: str, fps: float, width: int | None, aspect: float | None, people: tuple[int, int]) -> None:
    if seed < 0:
        raise ValueError(f"seed {seed}; give 0 or more")
    if split not in SPLITS:
        raise ValueError(f"split {split!r}; choose from {', '.join(SPLITS)}")
    if not 0.5 <= fps <= 60:
        raise ValueError(f"fps {fps}; give 0.5 to 60 frames a second")
    if width is not None and not 160 <= width <= 1920:
        raise ValueError(f"width {width}; give 160 to 1920 pixels")
    if aspect is not None and not 1.0 <= aspect <= 2.4:
        raise ValueError(f"aspect {aspect}; give 1.0 to 2.4 (width by height)")
    if not 1 <= people[0] <= people[1] <= MOST_PEOPLE:
        raise ValueError(f"people {people}; give the fewest and the most, 1 to {MOST_PEOPLE}")
