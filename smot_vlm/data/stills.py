"""Stills whose people are boxed and told of in sentences, as annotated clips."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.data.frames import DEFAULT_FPS, image_size
from smot_vlm.data.kept_tracks import with_boxes
from smot_vlm.data.still_camera import camera_path, filmed, follow
from smot_vlm.formats.entity_boxes import Box
from smot_vlm.formats.entity_marks import without_marks
from smot_vlm.formats.losses import Loss
from smot_vlm.formats.sequence_files import default_names
from smot_vlm.language.people_captions import caption_of_person, sentence_of
from smot_vlm.language.people_facts import PersonFacts
from smot_vlm.language.people_facts_file import PeopleFacts
from smot_vlm.language.people_links import Link, find_links
from smot_vlm.language.people_mentions import facts_of_person, people_marks, tell
from smot_vlm.structures import Interaction, Trajectory

SCENARIO = "flickr30k-entities"
DEFAULT_FRAMES = 8


@dataclass(frozen=True)
class Still:
    """One picture.

    Attributes:
        image: its file.
        sentences: with marks, see `formats.entity_marks`.
        boxes: xyxy in pixels by the number of the thing.
        wears: noun phrases of a person's clothes by the number of the person, where the source ties them to it.
        size: (width, height) in pixels that the boxes are of; None: those of the image.
    """

    image: Path
    sentences: tuple[str, ...]
    boxes: Mapping[int, tuple[Box, ...]]
    wears: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    size: tuple[int, int] | None = None


class StillClips:
    """The clips of some stills: for each person that has exactly one box a track, a caption and facts.

    Of a sequence, the first sentence of the still is the caption: the layout holds one.

    Args:
        stills: how to read each.
        frames: of each clip.
        seed: of the camera's path.
    """

    def __init__(self, stills: Sequence[Callable[[], Still]], frames: int = DEFAULT_FRAMES, seed: int = 0) -> None:
        self._stills = stills
        self._frames = frames
        self._seed = seed

    def __len__(self) -> int:
        return len(self._stills)

    def read(self, index: int) -> tuple[BenSmotSequence | None, tuple[Loss, ...]]:
        """Read one still.

        Args:
            index: of the still.

        Returns:
            The clip (None where nobody is boxed), and what was left out, of the kinds no-single-box, group-box,
            out-of-view, link-without-sense, no-single-person.

        Raises:
            FileNotFoundError, ValueError: a file that is not there or cannot be read.
        """
        still = self._stills[index]()
        name = f"{SCENARIO}/{still.image.stem}"
        size = image_size(still.image)
        if still.size not in (None, size):
            raise ValueError(f"{still.image}: {size} pixels, but its boxes are of a picture of {still.size}")
        people, losses = _single_people(still, name)
        views = camera_path(still.image.stem, size, self._frames, self._seed)
        tracks, facts = [], {}
        for track_id, person in enumerate(people, start=1):
            told = facts_of_person(tell(still.sentences, person), still.wears.get(person, ()))
            track = follow(track_id, still.boxes[person][0], size, views)
            tracks.append(replace(track, caption=caption_of_person(still.sentences, person, told)))
            facts[track_id] = told
        interactions, unnamed = _interactions(find_links(still.sentences), people, name)
        whole = BenSmotSequence(
            name=name,
            folder=still.image.parent,
            frames=filmed(still.image, views),
            size=size,
            tracks=tuple(tracks),
            names=tuple(_keys([facts[track.id] for track in tracks])),
            interactions=interactions,
            caption=sentence_of(without_marks(still.sentences[0])) if still.sentences else "",
            fps=DEFAULT_FPS,
            people=PeopleFacts(facts),
        )
        sequence = with_boxes(whole, whole.tracks)
        losses = (*losses, *unnamed, *_unseen(whole.tracks, name))
        if not sequence.tracks:
            return None, (*losses, Loss("no-single-person", f"{name}: nobody has a box of their own; left out"))
        return sequence, losses


def _single_people(still: Still, name: str) -> tuple[list[int], tuple[Loss, ...]]:
    """Numbers of the people that have exactly one box, by first mention."""
    mentioned = dict.fromkeys(mark.entity for text in still.sentences for mark in people_marks(text) if mark.entity)
    single = [person for person in mentioned if len(still.boxes.get(person, ())) == 1]
    kept = [person for person in single if not tell(still.sentences, person).is_group]
    losses = []
    if len(single) < len(mentioned):
        count = len(mentioned) - len(single)
        losses.append(Loss("no-single-box", f"{name}: {count} people or groups without exactly one box", count))
    if len(kept) < len(single):
        count = len(single) - len(kept)
        losses.append(Loss("group-box", f"{name}: {count} boxes are of several people", count))
    return kept, tuple(losses)


def _interactions(
    links: Sequence[Link], people: Sequence[int], name: str
) -> tuple[tuple[Interaction, ...], tuple[Loss, ...]]:
    """Links between people that have a track; `people` are their numbers in the order of the tracks' ids."""
    id_of = {person: track_id for track_id, person in enumerate(people, start=1)}
    known = [link for link in links if link.subject in id_of and link.object in id_of]
    found = tuple(Interaction(id_of[link.subject], link.verb, id_of[link.object]) for link in known if link.verb)
    count = len(known) - len(found)
    message = f"{name}: {count} links whose verb is none of the 335"
    return found, (Loss("link-without-sense", message, count),) if count else ()


def _unseen(tracks: Sequence[Trajectory], name: str) -> tuple[Loss, ...]:
    count = sum(not len(track) for track in tracks)
    message = f"{name}: {count} people at the edge, of whom the camera shows too little"
    return (Loss("out-of-view", message, count),) if count else ()


def _keys(facts: Sequence[PersonFacts]) -> list[str]:
    """Keys as BenSMOT has them: man0, woman0, man1; person where the kind is open."""
    counts: dict[str, int] = {}
    keys = []
    for person in facts:
        kind = person.kinds[0] if len(person.kinds) == 1 else "person"
        keys.append(f"{kind}{counts.setdefault(kind, 0)}")
        counts[kind] += 1
    return keys if keys else default_names(0)
