"""Read a data set's ground truth and a folder of predictions: DIR/SCENARIO/SEQUENCE with one of two layouts.

Either `description.json`, or the files of BenSMOT: `gt/gt.txt` (boxes with track ids), `instance_captions.txt`,
`video_caption.txt`, `interactions.graphml`. What a run did not write is recorded and scores as empty; what it wrote
wrongly is an error that names file and line.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from smot_vlm import verbs
from smot_vlm.data.annotation_matching import TextAnnotations, match_annotations
from smot_vlm.data.bensmot import BenSmot, BenSmotSequence, read_boxes, sequence_name, tracks_of_rows
from smot_vlm.evaluation.sequence_pairs import SequencePrediction, SequenceTruth
from smot_vlm.formats.captions import parse_instance_captions, parse_video_caption
from smot_vlm.formats.flaws import Flaw, read_text
from smot_vlm.formats.graphml import read_graphml
from smot_vlm.formats.sequence_files import BOXES_FILE, CAPTIONS_FILE, INTERACTIONS_FILE, VIDEO_CAPTION_FILE
from smot_vlm.language.fact_records import read_facts_file
from smot_vlm.structures import NO_DECODER, Description, Interaction, Trajectory

DESCRIPTION_FILE = "description.json"
_WORDS = ("instance captions", "interactions", "video caption")
# A track without words is allowed (it scores 0), and so is an interaction that is listed twice (it counts once).
_HARMLESS = {"id-without-caption", "empty-caption", "duplicate-interaction"}


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
    try:
        return SequenceTruth(sequence.name, sequence.tracks, sequence.interactions, sequence.caption, frames, facts)
    except ValueError as error:
        raise ValueError(f"{sequence.folder / BOXES_FILE}: {error}") from None


def read_predictions(folder: Path | str, frames: Mapping[str, int]) -> Iterator[SequencePrediction]:
    """The predictions of a run; sequences without any file of either layout are left out.

    Args:
        folder: DIR of DIR/SCENARIO/SEQUENCE.
        frames: number of frames of each sequence of the ground truth, by name; 0 where it is not known.

    Returns:
        One by one.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: a sequence that the ground truth does not have, or a file that cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; give predictions laid out as DIR/SCENARIO/SEQUENCE")
    found = [path for path in sorted(folder.glob("*/*")) if _is_prediction(path)]
    if not found:
        raise FileNotFoundError(
            f"{folder}: no predictions; the layout is DIR/SCENARIO/SEQUENCE with {DESCRIPTION_FILE} or {BOXES_FILE}"
        )
    for path in found:
        name = sequence_name(path)
        if name not in frames:
            raise ValueError(
                f"{path}: sequence {name!r} is not in the ground truth, which has {len(frames)} ({_some(frames)})"
            )
    return (read_prediction(path, frames[sequence_name(path)]) for path in found)


def read_prediction(folder: Path, frames: int) -> SequencePrediction:
    """What a run wrote for one sequence.

    Args:
        folder: the sequence's own.
        frames: how many the sequence has; 0: not known.

    Returns:
        The prediction.

    Raises:
        ValueError: a file that cannot be read, a box after the last frame, words that fit no track.
    """
    if (folder / DESCRIPTION_FILE).is_file():
        return _from_description(folder, frames)
    return _from_files(folder, frames)


def _is_prediction(path: Path) -> bool:
    names = (DESCRIPTION_FILE, BOXES_FILE, CAPTIONS_FILE, VIDEO_CAPTION_FILE, INTERACTIONS_FILE)
    return any((path / name).is_file() for name in names)


def _from_description(folder: Path, frames: int) -> SequencePrediction:
    path = folder / DESCRIPTION_FILE
    description = Description.from_json(path)
    try:
        _check_end(description.tracks, frames)
        interactions = tuple(_canonical(description.interactions))
        caption = parse_video_caption(description.caption)
        silent = not (caption or interactions or any(track.caption for track in description.tracks))
        missing = _WORDS if silent and description.model.decoder == NO_DECODER else ()
        return SequencePrediction(sequence_name(folder), description.tracks, interactions, caption, missing)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _from_files(folder: Path, frames: int) -> SequencePrediction:
    boxes_path = folder / BOXES_FILE
    missing = [
        what
        for what, file in (
            ("tracks", BOXES_FILE),
            ("instance captions", CAPTIONS_FILE),
            ("interactions", INTERACTIONS_FILE),
            ("video caption", VIDEO_CAPTION_FILE),
        )
        if not (folder / file).is_file()
    ]
    rows = None if "tracks" in missing else read_boxes(boxes_path)
    tracks = () if rows is None else tracks_of_rows(rows)
    late = [track for track in tracks if frames and track.frames[-1] >= frames]
    if late:
        line = _line_of_frame(boxes_path, frames)
        raise ValueError(
            f"{boxes_path}:{line}: frame {frames + 1} or later; the sequence has frames 1 to {frames}; check its numbers"
        )
    words = _read_words(folder, [track.id for track in tracks], missing)
    caption = "" if "video caption" in missing else parse_video_caption(read_text(folder / VIDEO_CAPTION_FILE))
    return SequencePrediction(
        sequence_name(folder),
        tuple(replace(track, caption=text) for track, text in zip(tracks, words.captions, strict=True)),
        words.interactions,
        caption,
        tuple(missing),
        rows,
    )


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
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        cells = line.replace(",", " ").split()
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


def _some(names: Mapping[str, int]) -> str:
    first = list(names)[:3]
    return ", ".join(first) + (" ..." if len(names) > len(first) else "")
