"""The description of one video: what everything else makes, writes and reads."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from smot_vlm.formats import mot, sequence_files
from smot_vlm.formats.checked import record
from smot_vlm.formats.compact_boxes import compact, expanded
from smot_vlm.formats.documents import read_json, shown
from smot_vlm.structures import notebook, tables, views
from smot_vlm.structures.box_order import BoxOrder
from smot_vlm.structures.evidence import Clause, Passage, check_passages
from smot_vlm.structures.records import STATED, Interaction, ModelInfo, Trajectory, VideoInfo, check_words
from smot_vlm.structures.views import Person
from smot_vlm.system.files import atomic_path, write_parts, write_text

SCHEMA = "smot-vlm/2"
READABLE = ("smot-vlm/1", SCHEMA)
# Hours of video with a crowd; other files are settings or words and much smaller.
LARGEST_DESCRIPTION = 512 * 2**20
_BOXES_AT_ONCE = 4096
# With more boxes a file has them in compact form.
MOST_BOX_ROWS = 50_000


@dataclass(frozen=True, eq=False)
class Description:
    """Everything said about one video, tied together by track ids.

    Attributes:
        video: what is known of the video.
        tracks: the people, each with boxes and a caption.
        interactions: between ids of `tracks`.
        caption: of the whole video.
        model: what wrote it.
        words: STATED, DOUBTFUL or WITHHELD; of the video's caption.
        clauses: of the video's caption, with the people and interactions that they speak of, in its order.
        passages: captions of the stretches of a long video, which `caption` sums up; empty where it tells of one stretch.
    """

    video: VideoInfo
    tracks: tuple[Trajectory, ...]
    interactions: tuple[Interaction, ...]
    caption: str
    model: ModelInfo
    words: str = STATED
    clauses: tuple[Clause, ...] = ()
    passages: tuple[Passage, ...] = ()

    def __post_init__(self) -> None:
        check_words(self.words, self.caption)
        object.__setattr__(self, "passages", tuple(self.passages))
        check_passages(self.passages)
        object.__setattr__(self, "tracks", tuple(self.tracks))
        object.__setattr__(self, "interactions", tuple(self.interactions))
        ids = {track.id for track in self.tracks}
        if len(ids) != len(self.tracks):
            twice = sorted(track.id for track in self.tracks)
            raise ValueError(f"track ids {twice} are not unique; give each track its own id")
        for edge in self.interactions:
            if edge.subject not in ids or edge.object not in ids:
                raise ValueError(f"interaction {edge} names a track that is not there; tracks are {sorted(ids)}")
        object.__setattr__(self, "clauses", tuple(self.clauses))
        for clause in self.clauses:
            self._check_clause(clause, ids)
        for track in self.tracks:
            for segment in track.segments:
                if segment.partner is not None and (segment.partner not in ids or segment.partner == track.id):
                    raise ValueError(
                        f"track {track.id}: the partner of segment {segment.text!r} is {segment.partner}; give another "
                        f"of the tracks {sorted(ids)}"
                    )

    def _check_clause(self, clause: Clause, ids: set[int]) -> None:
        if clause.text not in self.caption:
            raise ValueError(f"clause {clause.text!r} is no part of the caption {self.caption!r}")
        strangers = sorted(set(clause.people) - ids)
        if strangers:
            raise ValueError(f"clause {clause.text!r} names track {strangers[0]}; tracks are {sorted(ids)}")
        missing = [row for row in clause.interactions if not 0 <= row < len(self.interactions)]
        if missing:
            raise ValueError(
                f"clause {clause.text!r} names interaction {missing[0]}; there are {len(self.interactions)}, counted from 0"
            )

    def track(self, track_id: int) -> Trajectory:
        """The trajectory of one person.

        Args:
            track_id: of the person.

        Returns:
            The trajectory.

        Raises:
            KeyError: no such id.
        """
        for track in self.tracks:
            if track.id == track_id:
                return track
        raise KeyError(f"no track {track_id}; tracks are {[track.id for track in self.tracks]}")

    def person(self, track_id: int) -> Person:
        """One person with what they do to others, and others to them.

        Args:
            track_id: of the person.

        Returns:
            The record.

        Raises:
            KeyError: no such person.
        """
        return views.person(self, track_id)

    def at(self, seconds: float) -> "Description":
        """What is seen at one moment; see `views.at`.

        Args:
            seconds: since the video began.

        Returns:
            The part.

        Raises:
            ValueError: below 0, or the times of frames are not known.
        """
        return views.at(self, seconds)

    def between(self, from_seconds: float, to_seconds: float) -> "Description":
        """What is seen from one time to another; see `views.between`.

        Args:
            from_seconds: since the video began.
            to_seconds: not before from_seconds.

        Returns:
            The part.

        Raises:
            ValueError: the end is before the start, or the times of frames are not known.
        """
        return views.between(self, from_seconds, to_seconds)

    def to_detections(self, frame: int) -> Any:
        """The people of one frame for supervision's annotators and sinks.

        Args:
            frame: counted from 0.

        Returns:
            supervision.Detections with `tracker_id`, and the captions in `data["caption"]`.
        """
        import supervision

        rows = [(track, int(place)) for track in self.tracks for place in np.flatnonzero(track.frames == frame)]
        return supervision.Detections(
            xyxy=np.array([track.boxes[place] for track, place in rows], dtype=np.float32).reshape(-1, 4),
            confidence=np.array([track.scores[place] for track, place in rows], dtype=np.float32),
            class_id=np.zeros(len(rows), dtype=int),
            tracker_id=np.array([track.id for track, _ in rows], dtype=int),
            data={"caption": np.array([track.caption for track, _ in rows], dtype=object)},
        )

    def to_dataframe(self, kind: str = "boxes") -> Any:
        """A table of pandas.

        Args:
            kind: boxes, people or interactions (a row a span).

        Returns:
            A DataFrame.

        Raises:
            ValueError: another kind.
            ImportError: pandas is not installed.
        """
        return tables.dataframe(self, kind)

    def to_parquet(self, path: Path | str, kind: str = "boxes") -> None:
        """Write a table as a Parquet file.

        Args:
            path: replaced where it is there.
            kind: as of `to_dataframe`.

        Raises:
            ValueError: another kind.
            ImportError: pandas or pyarrow is not installed.
        """
        frame = self.to_dataframe(kind)
        try:
            content = frame.to_parquet(None, index=False)
        except ImportError as error:
            raise ImportError("Parquet needs pyarrow: pip install 'smot-vlm[tables]'") from error
        with atomic_path(Path(path)) as temporary:
            temporary.write_bytes(content)

    def _repr_html_(self) -> str:
        """What notebooks show."""
        return notebook.html_of(self, self.caption)

    def to_dict(self) -> dict[str, Any]:
        """The content of description.json (schema in formats/description-2.schema.json), a row a box."""
        return {**self._head(), "tracks": [_track_content(track) for track in self.tracks], **self._tail()}

    def _head(self) -> dict[str, Any]:
        return {"schema": SCHEMA, "video": self.video.to_dict(), "model": asdict(self.model)}

    def _tail(self) -> dict[str, Any]:
        return {
            "interactions": [_interaction_content(edge) for edge in self.interactions],
            "caption": self.caption,
            "words": self.words,
            "clauses": [_rounded(asdict(clause)) for clause in self.clauses],
            "passages": [_rounded(asdict(passage)) for passage in self.passages],
        }

    def to_json(self, path: Path | str | None = None, *, compact_boxes: bool | None = None) -> str:
        """Write JSON, boxes to 0.001 pixel and scores to 0.0001; in compact form to 0.1 and 0.01.

        Args:
            path: where to write it; None writes nothing.
            compact_boxes: boxes in few characters (see formats/compact_boxes.py); None: where there are more than
                MOST_BOX_ROWS.

        Returns:
            The text.
        """
        text = "".join(self._json_parts(compact_boxes))
        if path is not None:
            write_text(Path(path), text)
        return text

    def write_json(self, path: Path | str) -> None:
        """What `to_json` writes, track by track: the text is never in memory as a whole.

        Args:
            path: where to write it.
        """
        write_parts(Path(path), self._json_parts(None))

    def _json_parts(self, compact_boxes: bool | None) -> Iterator[str]:
        """The text of description.json, cut before and after each track."""
        if compact_boxes is None:
            compact_boxes = sum(map(len, self.tracks)) > MOST_BOX_ROWS
        # Without blanks, as of the boxes every character counts.
        separators = (",", ":") if compact_boxes else (", ", ": ")
        comma = separators[0]
        yield _dumped(self._head(), separators)[:-1] + f"{comma}" + _dumped("tracks", separators) + f"{separators[1]}["
        for row, track in enumerate(self.tracks):
            yield f"{comma * bool(row)}{_dumped(_track_content(track, compact_boxes), separators)}"
        yield f"]{comma}{_dumped(self._tail(), separators)[1:]}\n"

    @classmethod
    def from_json(cls, source: Path | str) -> "Description":
        """Read description.json.

        Args:
            source: its path.

        Returns:
            The description.

        Raises:
            FileNotFoundError: no such file.
            ValueError: not JSON, another schema, or a field that is missing or of the wrong kind.
        """
        path = Path(source)
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file; give a description.json written by smot-vlm")
        content = read_json(path, LARGEST_DESCRIPTION)
        try:
            return cls.from_dict(content)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "Description":
        """The inverse of `to_dict`.

        Args:
            content: parsed JSON.

        Returns:
            The description.

        Raises:
            ValueError: another schema, or a field that is missing or of the wrong kind.
        """
        schema = content.get("schema") if isinstance(content, dict) else content
        if not isinstance(content, dict) or schema not in READABLE:
            raise ValueError(f"schema is {shown(schema)}; this version reads {' and '.join(map(repr, READABLE))}")
        content = {key: value for key, value in content.items() if key != "schema"}
        if isinstance(content.get("tracks"), list):
            content["tracks"] = [expanded(track, f"tracks[{row}]") for row, track in enumerate(content["tracks"])]
        return record(cls, content, whole="the description")

    def to_mot(self, path: Path | str | None = None) -> str:
        """Write MOT text of all tracks, frames counted from 1.

        Args:
            path: where to write it; None writes nothing.

        Returns:
            The text.
        """
        text = "".join(self._mot_lines())
        if path is not None:
            write_text(Path(path), text)
        return text

    def write_mot(self, path: Path | str) -> None:
        """What `to_mot` writes, line by line: the text is never in memory as a whole.

        Args:
            path: where to write it.
        """
        write_parts(Path(path), self._mot_lines())

    def _mot_lines(self) -> Iterator[str]:
        """The lines of `to_mot`, a few thousand boxes at a time."""
        order = BoxOrder.of(self.tracks)
        for start in range(0, len(order.frames), _BOXES_AT_ONCE):
            part = slice(start, start + _BOXES_AT_ONCE)
            places = zip(order.owners[part].tolist(), order.places[part].tolist(), strict=True)
            boxes = [(self.tracks[owner], place) for owner, place in places]
            rows = mot.MotRows(
                order.frames[part].astype(np.int64),
                np.array([track.id for track, _ in boxes], dtype=np.int64),
                np.array([track.boxes[place] for track, place in boxes]),
                np.array([track.scores[place] for track, place in boxes]),
            )
            yield mot.format_mot(rows)

    def _mot_rows(self) -> mot.MotRows:
        return mot.concatenate(
            mot.MotRows(track.frames, np.full(len(track), track.id, dtype=np.int64), track.boxes, track.scores)
            for track in self.tracks
        )

    def to_bensmot(self, folder: Path | str) -> None:
        """Write the four annotation files of a BenSMOT sequence into `folder`, with keys person0, person1 ...

        `gt/gt.txt`, `instance_captions.txt`, `video_caption.txt`, `interactions.graphml`; existing ones are replaced.

        Args:
            folder: made where it is not there.

        Raises:
            ValueError: a track without boxes, which the layout cannot hold.
        """
        tracks = sorted(self.tracks, key=lambda track: track.id)
        empty = [track.id for track in tracks if not len(track)]
        if empty:
            raise ValueError(f"tracks {empty} have no boxes; drop them before writing the BenSMOT layout")
        words = sequence_files.format_annotations(
            [track.id for track in tracks],
            sequence_files.default_names(len(tracks)),
            [track.caption for track in tracks],
            [(edge.subject, edge.verb, edge.object) for edge in self.interactions],
            self.caption,
        )
        boxes = sequence_files.format_boxes(self._mot_rows())
        sequence_files.write_files(Path(folder), {sequence_files.BOXES_FILE: boxes, **words})

    def with_captions(self, caption: str, captions: dict[int, str]) -> "Description":
        """The same description with other captions. Segments, clauses and passages of a caption that changes are dropped.

        Args:
            caption: of the video.
            captions: by track id; people without one keep theirs.

        Returns:
            The new description.
        """
        changed = {track.id: captions.get(track.id, track.caption) != track.caption for track in self.tracks}
        tracks = tuple(
            replace(track, caption=captions[track.id], segments=(), passages=()) if changed[track.id] else track
            for track in self.tracks
        )
        if caption == self.caption:
            return replace(self, tracks=tracks)
        return replace(self, caption=caption, tracks=tracks, clauses=(), passages=())


def _dumped(content: Any, separators: tuple[str, str]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=separators)


def _track_content(track: Trajectory, compact_boxes: bool = False) -> dict[str, Any]:
    boxes = compact(track.frames, track.boxes, track.scores) if compact_boxes else None
    return {
        "id": int(track.id),
        **(boxes or _box_rows(track)),
        "caption": track.caption,
        "words": track.words,
        "segments": [_rounded(asdict(segment)) for segment in track.segments],
        "attributes": [_rounded(asdict(entry)) for entry in track.attributes],
        "passages": [_rounded(asdict(passage)) for passage in track.passages],
    }


def _box_rows(track: Trajectory) -> dict[str, Any]:
    return {
        "frames": track.frames.tolist(),
        "boxes": [[round(value, 3) for value in box] for box in track.boxes.tolist()],
        "scores": [round(value, 4) for value in track.scores.tolist()],
    }


def _interaction_content(edge: Interaction) -> dict[str, Any]:
    spans = [_rounded(asdict(span)) for span in edge.spans]
    return {**_rounded(asdict(replace(edge, spans=()))), "spans": spans}


def _rounded(content: dict[str, Any]) -> dict[str, Any]:
    """Seconds and scores to 0.0001, and lists as JSON has them."""
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in content.items()}
    return {name: round(float(value), 4) if isinstance(value, float) else value for name, value in plain.items()}
