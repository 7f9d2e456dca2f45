"""A person taken out of a description: boxes, words, interactions, and what others are said to do with them."""

from collections.abc import Collection
from dataclasses import replace

from smot_vlm.structures import Clause, Description, Interaction, Trajectory


def without_person(description: Description, track_id: int) -> Description:
    """The same description as if nobody had seen one person.

    Clauses and segments that speak of the person are cut out of captions. Where a caption is not divided into such parts and may
    speak of the person (there is an interaction with them, or it is the video's), the whole caption goes.

    Args:
        description: any.
        track_id: of the person.

    Returns:
        The description without them.

    Raises:
        KeyError: no such person.
    """
    description.track(track_id)
    partners = {other for edge in description.interactions for other in _other(edge, track_id)}
    tracks = [_track(track, track_id, track.id in partners) for track in description.tracks if track.id != track_id]
    kept = [row for row, edge in enumerate(description.interactions) if track_id not in (edge.subject, edge.object)]
    edges = tuple(description.interactions[row] for row in kept)
    caption, clauses = _video_caption(description, track_id, {row: place for place, row in enumerate(kept)})
    return replace(description, tracks=tuple(tracks), interactions=edges, caption=caption, clauses=clauses)


def _other(edge: Interaction, track_id: int) -> Collection[int]:
    return {edge.subject, edge.object} - {track_id} if track_id in (edge.subject, edge.object) else set()


def _track(track: Trajectory, gone: int, met: bool) -> Trajectory:
    named = [segment for segment in track.segments if segment.partner == gone]
    if named:
        kept = tuple(segment for segment in track.segments if segment.partner != gone)
        caption = _cut(track.caption, [segment.text for segment in named])
        return replace(track, caption=caption, segments=tuple(one for one in kept if one.text in caption))
    # A segment without a partner may still tell of them; nobody can tell which.
    return replace(track, caption="", segments=()) if met else track


def _video_caption(description: Description, gone: int, places: dict[int, int]) -> tuple[str, tuple[Clause, ...]]:
    named = [clause for clause in description.clauses if _speaks_of(clause, description, gone)]
    told = " ".join(clause.text for clause in description.clauses)
    # What stands outside all clauses speaks of nobody that is known.
    if not description.clauses or len(told) < len(description.caption) / 2:
        return "", ()
    caption = _cut(description.caption, [clause.text for clause in named])
    kept = [clause for clause in description.clauses if clause not in named and clause.text in caption]
    moved = tuple(replace(clause, interactions=tuple(places[row] for row in clause.interactions)) for clause in kept)
    return caption, moved


def _speaks_of(clause: Clause, description: Description, gone: int) -> bool:
    edges = [description.interactions[row] for row in clause.interactions]
    return gone in clause.people or any(gone in (edge.subject, edge.object) for edge in edges)


def _cut(caption: str, parts: Collection[str]) -> str:
    """A caption without some of its parts, and without the commas and words that held them."""
    for part in parts:
        caption = caption.replace(part, "\0")
    pieces = [piece.strip(" ,;") for piece in caption.split("\0")]
    pieces = [
        piece for piece in (_without_hinge(piece) for piece in pieces) if any(letter.isalnum() for letter in piece)
    ]
    text = ", ".join(pieces)
    return text if not text or text[-1] in ".!?" else f"{text}."


def _without_hinge(piece: str) -> str:
    """A piece without a connecting word that has nothing left to connect."""
    for hinge in ("and then", "and finally", "and in the end", "first", "then", "and", "finally", "while"):
        if piece == hinge or piece.endswith((f" {hinge}", f",{hinge}")):
            return piece[: len(piece) - len(hinge)].strip(" ,;")
    return piece
