"""A video as somebody left it in an annotation tool, made a BenSMOT sequence: what the readers of such tools share."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from smot_vlm.data.annotation_matching import canonical_verbs
from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.data.corrected_pictures import Pictures
from smot_vlm.data.kept_tracks import drop_unseen
from smot_vlm.formats.documents import shown
from smot_vlm.formats.flaws import one_line
from smot_vlm.formats.keyframes import Key, boxes_of_keys
from smot_vlm.formats.losses import Loss
from smot_vlm.formats.sequence_files import default_names
from smot_vlm.structures import Interaction, Trajectory
from smot_vlm.video.sources import DEFAULT_FPS

_FORBIDDEN = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, eq=False)
class CorrectedPerson:
    """One person.

    Attributes:
        id: that is stated; None: a new one.
        frames: (n,) in which they are seen, ascending.
        boxes: (n, 4) xyxy in pixels.
        caption: may be empty.
    """

    id: int | None
    frames: np.ndarray
    boxes: np.ndarray
    caption: str


@dataclass(frozen=True)
class CorrectedVideo:
    """One video.

    Attributes:
        place: file and task, for messages.
        name: scenario/sequence.
        file: with the annotations.
        people: in any order.
        edges: (position in `people`, verb, position) of interactions.
        caption: of the whole video.
        fps: frames a second; None where that is not stated.
        size: width and height in pixels; None where they are not stated.
    """

    place: str
    name: str
    file: Path
    people: tuple[CorrectedPerson, ...]
    edges: tuple[tuple[int, str, int], ...]
    caption: str
    fps: float | None
    size: tuple[int, int] | None


def person_of_keys(
    number: int | None, keys: Sequence[Key], caption: str, frames: range | None, place: str
) -> tuple[CorrectedPerson, tuple[Loss, ...]]:
    """A person with a box in each frame in which they are seen.

    Args:
        number: id that is stated, or None.
        keys: boxes in pixels, ascending.
        caption: may be empty.
        frames: numbers of the video's frames; None where they are not stated: the last key is the end.
        place: names the track in messages.

    Returns:
        The person, and what was left out, of the kinds box-beyond-the-end, empty-box.
    """
    last = max((key.frame for key in keys), default=-1)
    numbers = np.arange(last + 1) if frames is None else np.array(frames, dtype=np.int64)
    end = int(numbers[-1]) if len(numbers) else -1
    losses = []
    beyond = sum(key.shown and key.frame > end for key in keys)
    if beyond:
        losses.append(
            Loss("box-beyond-the-end", f"{place}: {beyond} boxes behind frame {end}, the last; left out", beyond)
        )
    shown, boxes = boxes_of_keys(keys, numbers)
    whole = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    empty = int((~whole).sum())
    if empty:
        losses.append(Loss("empty-box", f"{place}: {empty} boxes without width or height; left out", empty))
    return CorrectedPerson(number, shown[whole], boxes[whole], caption), tuple(losses)


def merged(people: Sequence[CorrectedPerson]) -> tuple[list[CorrectedPerson], list[int]]:
    """One person of several tracks with the same id that are never seen at once.

    Args:
        people: one a track.

    Returns:
        The people, and the position among them of each track's.
    """
    kept: list[CorrectedPerson] = []
    places: list[int] = []
    for person in people:
        apart = (
            row
            for row, other in enumerate(kept)
            if person.id is not None and other.id == person.id and not np.isin(person.frames, other.frames).any()
        )
        place = next(apart, len(kept))
        if place == len(kept):
            kept.append(person)
        else:
            kept[place] = _joined(kept[place], person)
        places.append(place)
    return kept, places


def _joined(first: CorrectedPerson, second: CorrectedPerson) -> CorrectedPerson:
    frames = np.concatenate([first.frames, second.frames])
    order = np.argsort(frames, kind="stable")
    texts = dict.fromkeys(text for text in (first.caption, second.caption) if text)
    boxes = np.concatenate([first.boxes, second.boxes])[order]
    return replace(first, frames=frames[order], boxes=boxes, caption=" ".join(texts))


def sequence_of(video: CorrectedVideo, pictures: Pictures) -> tuple[BenSmotSequence, tuple[Loss, ...]]:
    """Make the sequence.

    Args:
        video: as it was read.
        pictures: of it, perhaps none.

    Returns:
        The sequence, and what was left out of it or guessed, of the kinds repeated-id, person-without-box, no-people, unknown-verb,
        interaction-of-nobody, self-interaction, no-images, guessed-frame-rate, row-without-image.
    """
    losses: list[Loss] = []
    ids = _numbered(video, losses)
    people = [
        (row, Trajectory(number, one.frames, one.boxes, np.ones(len(one.frames)), one_line(one.caption)))
        for row, (number, one) in enumerate(zip(ids, video.people, strict=True))
    ]
    absent = [track.id for _, track in people if not len(track)]
    if absent:
        message = f"{video.place}: {len(absent)} people without a box, the first is {absent[0]}; left out"
        losses.append(Loss("person-without-box", message, len(absent)))
    kept = {row: track for row, track in people if len(track)}
    if not kept:
        losses.append(Loss("no-people", f"{video.place}: no box of a person; the sequence has no track"))
    fps = video.fps or pictures.fps
    if not pictures.frames:
        message = f"{video.place}: no picture of its frames was found; give the folder of the video with --media"
        losses.append(Loss("no-images", message))
    if not fps:
        message = f"{video.place}: nothing states the frame rate; taken as {DEFAULT_FPS:g} a second (--fps)"
        losses.append(Loss("guessed-frame-rate", message))
    sequence = BenSmotSequence(
        name=video.name,
        folder=video.file.parent,
        frames=pictures.frames,
        size=pictures.size or video.size,
        tracks=tuple(sorted(kept.values(), key=lambda track: track.id)),
        names=tuple(default_names(len(kept))),
        interactions=_interactions(video, kept, losses),
        caption=one_line(video.caption),
        fps=fps or DEFAULT_FPS,
    )
    sequence, unseen = drop_unseen(sequence)
    return sequence, (*losses, *unseen)


def _numbered(video: CorrectedVideo, losses: list[Loss]) -> list[int]:
    """The stated ids, and new ones behind the largest for people without one or with that of somebody else."""
    following = max((person.id for person in video.people if person.id is not None), default=0) + 1
    ids: list[int] = []
    for person in video.people:
        number = person.id
        if number in ids:
            message = f"{video.place}: two people have the id {number} in one frame; one of them becomes {following}"
            losses.append(Loss("repeated-id", message))
        if number is None or number in ids:
            number, following = following, following + 1
        ids.append(number)
    return ids


def _interactions(video: CorrectedVideo, kept: dict[int, Trajectory], losses: list[Loss]) -> tuple[Interaction, ...]:
    found: dict[Interaction, None] = {}
    for subject, verb, target in video.edges:
        if not {subject, target} <= set(kept):
            losses.append(
                Loss("interaction-of-nobody", f"{video.place}: {shown(verb)} of somebody without a box; left out")
            )
            continue
        if kept[subject].id == kept[target].id:
            message = f"{video.place}: {shown(verb)} of person {kept[subject].id} to themselves; left out"
            losses.append(Loss("self-interaction", message))
            continue
        verbs, messages = canonical_verbs([verb])
        losses += [Loss("unknown-verb", f"{video.place}: {message}; left out") for message in messages]
        found.update((Interaction(kept[subject].id, label, kept[target].id), None) for label in verbs)
    return tuple(found)


def folder_name(*texts: str) -> str:
    """A name for a folder.

    Args:
        texts: what may name the video, best first.

    Returns:
        Letters, digits, points and lines of the first with any; `video` where none has.
    """
    names = (_FORBIDDEN.sub("_", text).strip("._-")[:100] for text in texts)
    return next(filter(None, names), "video")


def each_once(names: Iterable[str]) -> list[str]:
    """Names of videos, numbered where two are the same.

    Args:
        names: of the videos.

    Returns:
        As many, all different.
    """
    found: list[str] = []
    for name in names:
        numbered = (f"{name}-{number}" for number in range(2, len(found) + 3))
        found.append(name if name not in found else next(other for other in numbered if other not in found))
    return found
