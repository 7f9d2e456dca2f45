"""Read what CVAT exports as "CVAT for video 1.1": one task a file, `NAME.xml`, `NAME.zip` or `FOLDER/annotations.xml`.

A track of a person is a person: its attributes `id`, `caption` and `interactions` are what `smot-vlm export --to cvat`
writes, and a box of the label `video` has the video's caption.
"""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.data.corrected import CorrectedVideo, each_once, folder_name, merged, person_of_keys, sequence_of
from smot_vlm.data.corrected_pictures import find_pictures
from smot_vlm.formats.cvat_xml import CAPTION, ID, INTERACTIONS, VIDEO_LABEL, CvatTask, CvatTrack, parse_cvat
from smot_vlm.formats.documents import reason, shown
from smot_vlm.formats.labels import PEOPLE_NAMES
from smot_vlm.formats.losses import Loss
from smot_vlm.formats.told_interactions import read_interactions

XML_FILE = "annotations.xml"
SCENARIO = "cvat"
LARGEST = 512 * 2**20


class CvatTasks:
    """The tasks of some files as sequences.

    Args:
        files: one a task.
        media: folder of the videos; None: where each file lies.
        scenario: first part of the names.
        fps: frames a second, in place of what the videos state.

    Raises:
        ValueError: a file that cannot be read.
    """

    def __init__(
        self, files: Sequence[Path], media: Path | None = None, scenario: str = SCENARIO, fps: float | None = None
    ) -> None:
        self._files = files
        self._media = media
        self._fps = fps
        self._tasks = [_read(file) for file in files]
        names = [
            folder_name(
                Path(task.source.replace("\\", "/")).stem, file.stem if file.name != XML_FILE else "", file.parent.name
            )
            for task, file in zip(self._tasks, files, strict=True)
        ]
        self.names = tuple(f"{scenario}/{name}" for name in each_once(names))

    def __len__(self) -> int:
        return len(self._files)

    def read(self, index: int) -> tuple[BenSmotSequence, tuple[Loss, ...]]:
        """Read one task.

        Args:
            index: of the task.

        Returns:
            The sequence, and what was left out of it or guessed, of the kinds of `sequence_of` and other-class,
            other-shape, rotated-box, box-beyond-the-end, empty-box, several-ids, wrong-id, wrong-interaction,
            attribute-without-place.

        Raises:
            ValueError: pictures that cannot be read.
        """
        file, task = self._files[index], self._tasks[index]
        losses: list[Loss] = []
        tracks = [track for track in task.tracks if _is_person(track)]
        others = [track for track in task.tracks if not _is_person(track) and track.label.casefold() != VIDEO_LABEL]
        for label in dict.fromkeys(track.label for track in others):
            count = sum(track.label == label for track in others)
            losses.append(Loss("other-class", f"{file}: {count} tracks of {shown(label)}, no people; left out", count))
        people = []
        for track in tracks:
            place = f"{file}: track {track.number}"
            caption = " ".join(track.values.get(CAPTION, ()))
            person, lost = person_of_keys(_id(track, place, losses), track.keys, caption, task.frames, place)
            people.append(person)
            losses += [*lost, *_shapes(track, place)]
        kept, places = merged(people)
        edges = _edges(tracks, places, [person.id for person in kept], file, losses)
        losses += _without_place(tracks, file)
        videos = [track for track in task.tracks if track.label.casefold() == VIDEO_LABEL]
        summary = " ".join(dict.fromkeys(text for track in videos for text in track.values.get(CAPTION, ())))
        video = CorrectedVideo(
            str(file), self.names[index], file, tuple(kept), tuple(edges), summary, self._fps, task.size
        )
        pictures = find_pictures(task.source, file, self._media or file.parent)
        sequence, found = sequence_of(video, pictures)
        return sequence, (*losses, *found)


def list_cvat(source: Path) -> list[Path]:
    """The files of a source.

    Args:
        source: a file, or a folder with `*.xml`, `*.zip` and folders with `annotations.xml`.

    Returns:
        One a task.

    Raises:
        FileNotFoundError: no such file or folder, or none in it.
    """
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise FileNotFoundError(f"{source}: no such file or folder; give what CVAT exported")
    found = [path for path in sorted(source.iterdir()) if path.suffix.lower() in (".xml", ".zip") and path.is_file()]
    found = [path for path in found if path.name != "label-studio.xml"]
    found += sorted(path for path in source.glob(f"*/{XML_FILE}") if path.is_file())
    if not found:
        raise FileNotFoundError(f"{source}: no NAME.xml, NAME.zip or FOLDER/{XML_FILE}; give what CVAT exported")
    return found


def _read(file: Path) -> CvatTask:
    try:
        return parse_cvat(_content(file))
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def _content(file: Path) -> bytes:
    if not zipfile.is_zipfile(file):
        if file.stat().st_size > LARGEST:
            raise ValueError(f"too large; such a file has at most {LARGEST // 2**20} MB")
        return file.read_bytes()
    try:
        with zipfile.ZipFile(file) as archive:
            named = [entry for entry in archive.infolist() if Path(entry.filename).name == XML_FILE]
            if len(named) != 1:
                raise ValueError(f"{len(named)} files {XML_FILE} in it; export one task a file")
            if named[0].file_size > LARGEST:
                raise ValueError(f"{XML_FILE} is too large; it has at most {LARGEST // 2**20} MB")
            return archive.read(named[0])
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise ValueError(f"not an archive that can be read ({reason(error)})") from None


def _is_person(track: CvatTrack) -> bool:
    return track.label.casefold() in PEOPLE_NAMES


def _id(track: CvatTrack, place: str, losses: list[Loss]) -> int | None:
    stated = track.values.get(ID, ())
    if len(stated) > 1:
        message = f"{place}: the attribute {ID} is {shown(list(stated))} over time; the first counts"
        losses.append(Loss("several-ids", message))
    text = stated[0] if stated else ""
    if not text:
        return None
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= 15:
        return int(text)
    losses.append(Loss("wrong-id", f"{place}: the attribute {ID} is {shown(text)}, no whole number; it gets a new one"))
    return None


def _shapes(track: CvatTrack, place: str) -> list[Loss]:
    losses = []
    if track.other_shapes:
        message = f"{place}: {track.other_shapes} shapes that are no boxes; left out"
        losses.append(Loss("other-shape", message, track.other_shapes))
    if track.turned:
        message = f"{place}: {track.turned} boxes are rotated; the upright box around each is taken"
        losses.append(Loss("rotated-box", message, track.turned))
    return losses


def _edges(
    tracks: Sequence[CvatTrack], places: Sequence[int], ids: Sequence[int | None], file: Path, losses: list[Loss]
) -> list[tuple[int, str, int]]:
    """What the attribute `interactions` tells; the other person is named by id."""
    row_of = {number: row for row, number in reversed(list(enumerate(ids))) if number is not None}
    edges = []
    for track, place in zip(tracks, places, strict=True):
        for text in track.values.get(INTERACTIONS, ()):
            found, wrong = read_interactions(text)
            for entry in wrong:
                message = (
                    f"{file}: track {track.number}: interaction {shown(entry)}; write VERB ID, parted by semicolons"
                )
                losses.append(Loss("wrong-interaction", message))
            for verb, target in found:
                if target in row_of:
                    edges.append((place, verb, row_of[target]))
                else:
                    message = (
                        f"{file}: track {track.number}: {shown(verb)} to {target}, whom no track has as {ID}; left out"
                    )
                    losses.append(Loss("wrong-interaction", message))
    return list(dict.fromkeys(edges))


def _without_place(tracks: Sequence[CvatTrack], file: Path) -> list[Loss]:
    """Attributes that BenSMOT's layout has no place for."""
    names = dict.fromkeys(name for track in tracks for name in track.values if name not in (ID, CAPTION, INTERACTIONS))
    if not names:
        return []
    count = sum(name in track.values for track in tracks for name in names)
    told = ", ".join(map(shown, names))
    message = f"{file}: attributes of people ({told}): the layout has no place for them; left out"
    return [Loss("attribute-without-place", message, count)]
