"""Read a data set's ground truth and a folder of predictions: DIR/SCENARIO/SEQUENCE with one of two layouts.

Either `description.json`, or the files of BenSMOT: `gt/gt.txt` (boxes with track ids), `instance_captions.txt`,
`video_caption.txt`, `interactions.graphml`. Trackers' own folders are read too: DIR/SEQUENCE.txt or
DIR/SCENARIO/SEQUENCE.txt, and .json, .csv, .npz of the forms of `formats.track_files`, trajectories alone. What a run did not write is recorded and scores as empty, and so does a
file of boxes without a row: nobody was found. What it wrote wrongly is an error that names file and line.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from smot_vlm import verbs
from smot_vlm.data.annotation_matching import TextAnnotations, match_annotations
from smot_vlm.data.bensmot import BenSmot, BenSmotSequence, sequence_name, tracks_of_rows
from smot_vlm.evaluation.run_folders import find_predictions
from smot_vlm.evaluation.sequence_pairs import SequencePrediction, SequenceTruth
from smot_vlm.evaluation.timed_truth import with_segments, with_spans
from smot_vlm.formats.box_sense import odd_boxes
from smot_vlm.formats.captions import parse_instance_captions, parse_video_caption
from smot_vlm.formats.flaws import Flaw, decode, read_text, split_lines
from smot_vlm.formats.graphml import read_graphml
from smot_vlm.formats.losses import log_losses
from smot_vlm.formats.mot import MotRows, split_row
from smot_vlm.formats.sequence_files import BOXES_FILE, CAPTIONS_FILE, INTERACTIONS_FILE, VIDEO_CAPTION_FILE
from smot_vlm.formats.track_files import TrackFile, read_tracks
from smot_vlm.formats.video_cost import read_cost
from smot_vlm.language.fact_file import read_facts_file
from smot_vlm.output.run_settings import DESCRIPTION_FILE
from smot_vlm.structures import NO_DECODER, Description, Interaction, Trajectory

_WORDS = ("instance captions", "interactions", "video caption")

# A track without words is allowed (it scores 0), and so is an interaction that is listed twice (it counts once).
_HARMLESS = {"id-without-caption", "empty-caption", "duplicate-interaction"}

logger = logging.getLogger(__name__)


def read_truths(root: Path | str, split: str) -> Iterator[SequenceTruth]:
    """The ground truth of every sequence of a split.

    Args:
        root: of a data set in BenSMOT's layout.
        split: its name.

    Returns:
        One by one.

    Raises:
        FileNotFoundError: no such data set or split, or a sequence without boxes.
        ValueError: boxes that cannot be read, with file and line.
    """
    return map(truth_of, BenSmot(root, split))


def truth_of(sequence: BenSmotSequence) -> SequenceTruth:
    """A sequence of a data set as ground truth. Its length is the number of its last image.

    Args:
        sequence: as read.

    Returns:
        The ground truth.

    Raises:
        ValueError: no box of anybody, or a box beyond the last image.
    """
    if not sequence.tracks:
        raise ValueError(
            f"{sequence.folder / BOXES_FILE}:1: an empty ground truth, no box of anybody; fix the file or take the "
            "sequence out (smot-vlm data validate finds all of them)"
        )
    frames = 1 + max((frame.index for frame in sequence.frames), default=-1)
    facts = read_facts_file(sequence.folder)
    timeline = facts.timeline if facts else ()
    try:
        return SequenceTruth(
            sequence.name,
            with_segments(sequence.tracks, timeline),
            with_spans(sequence.interactions, timeline),
            sequence.caption,
            frames,
            facts,
            sequence.size,
            sequence.frame_numbers if sequence.frames else None,
            sequence.people.people if sequence.people else {},
        )
    except ValueError as error:
        raise ValueError(f"{sequence.folder / BOXES_FILE}: {error}") from None


def read_predictions(
    folder: Path | str,
    frames: Mapping[str, int],
    classes: Collection[int] | None = None,
    sizes: Mapping[str, tuple[int, int]] | None = None,
    numbers: Mapping[str, np.ndarray] | None = None,
) -> Iterator[SequencePrediction]:
    """The predictions of a run; sequences without any file of the known layouts are left out.

    Args:
        folder: see `find_predictions`.
        frames: number of frames of each sequence of the ground truth, by name; 0 where it is not known.
        classes: class numbers that count in files of tracks; None: see `read_tracks`.
        sizes: (width, height) of the frames by name, where they are known: boxes that do not fit are told.
        numbers: of the frames by name, where they are known: some files count the frames from the first, whatever its
            number.

    Returns:
        One by one.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: a sequence that the ground truth does not have, or a file that cannot be read.
    """
    found = find_predictions(Path(folder), frames)
    sizes, numbers = sizes or {}, numbers or {}
    return (
        read_prediction(path, frames[name], name, classes, sizes.get(name), numbers.get(name))
        for name, path in found.items()
    )


def read_prediction(
    path: Path,
    frames: int,
    name: str | None = None,
    classes: Collection[int] | None = None,
    size: tuple[int, int] | None = None,
    numbers: np.ndarray | None = None,
) -> SequencePrediction:
    """What a run wrote for one sequence.

    Args:
        path: the sequence's own folder, or its file of tracks.
        frames: how many the sequence has; 0: not known.
        name: scenario/sequence; by default the folder's.
        classes: see `read_predictions`.
        size: (width, height) of the frames, where it is known.
        numbers: of the frames, where they are known.

    Returns:
        The prediction.

    Raises:
        ValueError: a file that cannot be read, a box after the last frame, words that fit no track.
    """
    name = name or sequence_name(path)
    if path.is_file():
        rows = _read_rows(path, frames, classes, size, numbers)
        return SequencePrediction(name, tracks_of_rows(rows) if rows else (), missing=_WORDS, rows=rows)
    if (path / DESCRIPTION_FILE).is_file():
        return _from_description(path, name, frames)
    return _from_files(path, name, _read_rows(path / BOXES_FILE, frames, classes, size, numbers))


def _from_description(folder: Path, name: str, frames: int) -> SequencePrediction:
    path = folder / DESCRIPTION_FILE
    description, cost = Description.from_json(path), read_cost(folder)
    try:
        _check_end(description.tracks, frames)
        interactions = tuple(_canonical(description.interactions))
        caption = parse_video_caption(description.caption)
        silent = not (caption or interactions or any(track.caption for track in description.tracks))
        missing = _WORDS if silent and description.model.decoder == NO_DECODER else ()
        tracks = description.tracks
        return SequencePrediction(name, tracks, interactions, caption, missing, cost=cost)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _from_files(folder: Path, name: str, rows: MotRows | None) -> SequencePrediction:
    files = (
        ("tracks", BOXES_FILE),
        ("instance captions", CAPTIONS_FILE),
        ("interactions", INTERACTIONS_FILE),
        ("video caption", VIDEO_CAPTION_FILE),
    )
    missing = [what for what, file in files if not (folder / file).is_file()]
    tracks = () if rows is None else tracks_of_rows(rows)
    words = _read_words(folder, [track.id for track in tracks], missing)
    caption = "" if "video caption" in missing else parse_video_caption(read_text(folder / VIDEO_CAPTION_FILE))
    return SequencePrediction(
        name,
        tuple(replace(track, caption=text) for track, text in zip(tracks, words.captions, strict=True)),
        words.interactions,
        caption,
        tuple(missing),
        rows,
        read_cost(folder),
    )


def _read_rows(
    path: Path,
    frames: int,
    classes: Collection[int] | None,
    size: tuple[int, int] | None,
    numbers: np.ndarray | None,
) -> MotRows | None:
    """The rows of a run's file of tracks, none where nobody was found; None without a file."""
    if not path.is_file():
        return None
    file = read_tracks(path, classes)
    log_losses(file.losses, logger)
    rows = _numbered(file, path, numbers)
    if frames and (rows.frames >= frames).any():
        line = f":{_line_of_frame(path, frames)}" if file.in_lines else ""
        raise ValueError(
            f"{path}{line}: frame {frames + 1} or later; the sequence has frames 1 to {frames}; check its numbers"
        )
    if size is not None and file.size is not None:
        rows = rows.scaled(file.size, size)
    reason = odd_boxes(rows.boxes, *size) if size is not None else None
    if reason is not None:
        logger.warning("%s: %s", path, reason)
    return rows


def _numbered(file: TrackFile, path: Path, numbers: np.ndarray | None) -> MotRows:
    """The rows with the frame numbers of the sequence, also where the file counts its frames from the first."""
    if not file.by_position or numbers is None:
        return file.rows
    if (file.rows.frames >= len(numbers)).any():
        raise ValueError(f"{path}: a box in picture {file.rows.frames.max() + 1}; the sequence has {len(numbers)}")
    return replace(file.rows, frames=numbers[file.rows.frames])


def _read_words(folder: Path, ids: list[int], missing: list[str]) -> TextAnnotations:
    captions = graph = None
    if "instance captions" not in missing:
        captions = parse_instance_captions(read_text(folder / CAPTIONS_FILE))
    if "interactions" not in missing:
        graph = read_graphml(folder / INTERACTIONS_FILE)
    words = match_annotations(ids, captions, graph)
    _refuse(folder / CAPTIONS_FILE, words.caption_flaws)
    _refuse(folder / INTERACTIONS_FILE, words.graph_flaws)
    return words


def _refuse(path: Path, flaws: Iterable[Flaw]) -> None:
    for flaw in flaws:
        if flaw.kind not in _HARMLESS:
            raise ValueError(flaw.at(path))


def _line_of_frame(path: Path, frames: int) -> int:
    """The first line (from 1) whose frame number (from 1) is above `frames`."""
    for number, line in enumerate(split_lines(decode(path.read_bytes())), start=1):
        cells = split_row(line)
        if cells and float(cells[0]) > frames:
            return number
    return 0


def _check_end(tracks: Iterable[Trajectory], frames: int) -> None:
    for track in tracks:
        if frames and len(track) and track.frames[-1] >= frames:
            raise ValueError(
                f"track {track.id} has frame index {track.frames[-1]}; the sequence has {frames} frames, 0 to {frames - 1}"
            )


def _canonical(interactions: Iterable[Interaction]) -> Iterator[Interaction]:
    """Interactions with canonical verb labels; a label that glues two senses gives two."""
    for edge in interactions:
        for sense in verbs.find(edge.verb):
            yield replace(edge, verb=sense.label)
