"""What is wrong with one sequence, file by file, and what is left of it after repair."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from smot_vlm.data.annotation_matching import TextAnnotations, match_annotations
from smot_vlm.data.bensmot import BenSmotSequence, sequence_name, tracks_of_rows
from smot_vlm.data.box_checks import BoxReport, check_boxes
from smot_vlm.data.frames import DEFAULT_FPS, FrameFile, check_image, image_size, read_fps, scan_frames
from smot_vlm.data.problems import Problem, problems_of
from smot_vlm.formats.captions import parse_instance_captions, parse_video_caption
from smot_vlm.formats.flaws import UndecodableText, decode, read_bytes
from smot_vlm.formats.graphml import Graph, GraphMLError, parse_graphml
from smot_vlm.formats.sequence_files import (
    BOXES_FILE,
    CAPTIONS_FILE,
    IMAGES_FOLDER,
    INTERACTIONS_FILE,
    VIDEO_CAPTION_FILE,
)
from smot_vlm.language.people_facts_file import PEOPLE_FACTS_FILE, PeopleFacts, read_people_facts

_WORD_FILES = (CAPTIONS_FILE, VIDEO_CAPTION_FILE, INTERACTIONS_FILE)
_IMAGE_THREADS = 4


@dataclass(frozen=True)
class Inspection:
    """The result for one folder.

    Attributes:
        split: its split.
        folder: absolute path.
        problems: all of them.
        sequence: without them; None where nothing is left to keep.
    """

    split: str
    folder: Path
    problems: tuple[Problem, ...]
    sequence: BenSmotSequence | None


@dataclass(frozen=True)
class _Images:
    """The images of a sequence.

    Attributes:
        named: every frame with an image file.
        usable: those that can be read and have the common size.
        size: the common (width, height), None without a readable image.
        problems: of the others.
    """

    named: frozenset[int]
    usable: tuple[FrameFile, ...]
    size: tuple[int, int] | None
    problems: tuple[Problem, ...]


def inspect_sequence(split: str, folder: Path, tolerance_pixels: float = 1.0, decode_images: bool = True) -> Inspection:
    """Check one sequence.

    Args:
        split: its split.
        folder: of the sequence.
        tolerance_pixels: how far a box may reach out of the frame.
        decode_images: decode every image (finds truncated files); otherwise only headers are read.

    Returns:
        The problems and the repaired sequence.
    """
    folder = folder.absolute()
    if not any((folder / name).exists() for name in (IMAGES_FOLDER, BOXES_FILE, *_WORD_FILES)):
        message = f"an empty sequence; it needs {BOXES_FILE} and {IMAGES_FOLDER}/001.jpg ..."
        return Inspection(split, folder, (Problem(folder, 0, "empty-sequence", message, "skipped"),), None)
    images = _check_images(folder / IMAGES_FOLDER, decode_images)
    boxes = check_boxes(folder / BOXES_FILE, images.named, images.size, tolerance_pixels)
    words, caption, word_problems = _check_words(folder, boxes.ids)
    fps, fps_problems = _check_fps(folder)
    facts, fact_problems = _check_people(folder, boxes.ids)
    problems = (*images.problems, *boxes.problems, *word_problems, *fps_problems, *fact_problems)
    repaired = _repair(folder, images, boxes, words, caption, fps, facts)
    return Inspection(split, folder, (*problems, *_lost_tracks(folder, boxes, repaired)), repaired)


def _lost_tracks(folder: Path, boxes: BoxReport, repaired: BenSmotSequence | None) -> tuple[Problem, ...]:
    kept = {track.id for track in repaired.tracks} if repaired is not None else set(boxes.ids)
    return tuple(
        Problem(
            folder / BOXES_FILE,
            0,
            "lost-track",
            f"track {track_id} has no valid box",
            "track and its annotations skipped",
        )
        for track_id in boxes.ids
        if track_id not in kept
    )


def _repair(
    folder: Path,
    images: _Images,
    boxes: BoxReport,
    words: TextAnnotations,
    caption: str,
    fps: float,
    facts: PeopleFacts | None,
) -> BenSmotSequence | None:
    """What is left: boxes on usable images, annotations of tracks that still have boxes; None where no box is left."""
    if boxes.rows is None or not images.usable:
        return None
    usable = np.isin(boxes.rows.frames, [frame.index for frame in images.usable])
    tracks = tracks_of_rows(boxes.rows.select(usable))
    if not tracks:
        return None
    name_of = dict(zip(boxes.ids, words.names, strict=True))
    caption_of = dict(zip(boxes.ids, words.captions, strict=True))
    kept = {track.id for track in tracks}
    return BenSmotSequence(
        name=sequence_name(folder),
        folder=folder,
        frames=images.usable,
        size=images.size,
        tracks=tuple(replace(track, caption=caption_of[track.id]) for track in tracks),
        names=tuple(name_of[track.id] for track in tracks),
        interactions=tuple(edge for edge in words.interactions if {edge.subject, edge.object} <= kept),
        caption=caption,
        fps=fps,
        people=None if facts is None else facts.only(kept),
    )


def _check_images(folder: Path, decode_images: bool) -> _Images:
    frames, flaws = scan_frames(folder)
    problems = problems_of(folder, flaws, "skipped")
    if not frames:
        problem = Problem(folder, 0, "no-image", "no image; name images 001.jpg, 002.jpg ...", "sequence skipped")
        return _Images(frozenset(), (), None, (*problems, problem))
    with ThreadPoolExecutor(_IMAGE_THREADS) as pool:
        sizes = list(pool.map(_size_or_message, frames, [decode_images] * len(frames)))
    common = Counter(size for size in sizes if not isinstance(size, str)).most_common(1)
    usable = []
    for frame, size in zip(frames, sizes, strict=True):
        if isinstance(size, str):
            problems += (Problem(frame.path, 0, "unreadable-image", size, "image and its boxes skipped"),)
        elif size != common[0][0]:
            width, height = common[0][0]
            message = f"{size[0]} x {size[1]} pixels, but most images here are {width} x {height}; use one size"
            problems += (Problem(frame.path, 0, "image-size", message, "image and its boxes skipped"),)
        else:
            usable.append(frame)
    named = frozenset(frame.index for frame in frames)
    return _Images(named, tuple(usable), common[0][0] if common else None, problems)


def _size_or_message(frame: FrameFile, decode_images: bool) -> tuple[int, int] | str:
    try:
        return check_image(frame.path) if decode_images else image_size(frame.path)
    except ValueError as error:
        return str(error).removeprefix(f"{frame.path}: ")


def _check_words(folder: Path, ids: tuple[int, ...]) -> tuple[TextAnnotations, str, tuple[Problem, ...]]:
    missing = [name for name in _WORD_FILES if not (folder / name).is_file()]
    problems = [Problem(folder / name, 0, "missing-words", "no such file", "written empty") for name in missing]
    captions_text, found = _read(folder / CAPTIONS_FILE)
    captions = None if captions_text is None else parse_instance_captions(captions_text)
    problems += found
    graph, found = _read_graph(folder / INTERACTIONS_FILE)
    problems += found
    words = match_annotations(ids, captions, graph)
    problems += problems_of(folder / CAPTIONS_FILE, words.caption_flaws, "")
    problems += problems_of(folder / INTERACTIONS_FILE, words.graph_flaws, "edge or verb skipped")
    caption, found = _read(folder / VIDEO_CAPTION_FILE)
    problems += found
    if caption is not None and not caption.strip():
        message = "no caption of the video; write one sentence or two"
        problems.append(Problem(folder / VIDEO_CAPTION_FILE, 1, "empty-caption", message, "left empty"))
    return words, parse_video_caption(caption or ""), tuple(problems)


def _read(path: Path) -> tuple[str | None, list[Problem]]:
    """The text of a word file, guessing its encoding where it is not UTF-8; None where there is no text."""
    if not path.is_file():
        return None, []
    try:
        content = read_bytes(path)
    except ValueError as error:
        return None, [Problem(path, 0, "too-large", str(error).removeprefix(f"{path}: "), "skipped")]
    try:
        return decode(content), []
    except UndecodableText as error:
        remedy = "read as Windows-1252 and written as UTF-8"
        return content.decode("cp1252", errors="replace"), [
            Problem(path, error.line, "encoding", error.message, remedy)
        ]


def _read_graph(path: Path) -> tuple[Graph | None, list[Problem]]:
    if not path.is_file():
        return None, []
    try:
        return parse_graphml(read_bytes(path)), []
    except GraphMLError as error:
        return None, [Problem(path, error.line, "graphml", error.message, "all interactions skipped")]
    except ValueError as error:
        return None, [Problem(path, 0, "too-large", str(error).removeprefix(f"{path}: "), "skipped")]


def _check_people(folder: Path, ids: tuple[int, ...]) -> tuple[PeopleFacts | None, tuple[Problem, ...]]:
    path = folder / PEOPLE_FACTS_FILE
    try:
        facts = read_people_facts(folder)
    except ValueError as error:
        return None, (Problem(path, 0, "people-facts", str(error).removeprefix(f"{path}: "), "skipped"),)
    strangers = sorted(set(facts.people) - set(ids)) if facts is not None else []
    message = f"speaks of the tracks {strangers}, which have no box"
    return facts, (Problem(path, 0, "people-facts", message, "their facts skipped"),) if strangers else ()


def _check_fps(folder: Path) -> tuple[float, tuple[Problem, ...]]:
    try:
        return read_fps(folder), ()
    except ValueError as error:
        path, _, message = str(error).partition(": ")
        return DEFAULT_FPS, (Problem(Path(path), 0, "frame-rate", message, f"taken as {DEFAULT_FPS:g}"),)
