"""Read what Label Studio exports as JSON: a sequence a task, a person a video region of boxes.

Words of a region are the person's caption, words of no region the video's, relations between regions interactions.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.data.corrected import CorrectedPerson, CorrectedVideo, each_once, folder_name, person_of_keys, sequence_of
from smot_vlm.data.corrected_pictures import Pictures, find_pictures, local_names
from smot_vlm.formats.documents import read_json, shown
from smot_vlm.formats.keyframes import Key
from smot_vlm.formats.label_studio_json import ATTRIBUTES, REGION, Region, Task, parse_tasks
from smot_vlm.formats.labels import PEOPLE_NAMES
from smot_vlm.formats.losses import Loss

SCENARIO = "label-studio"
LARGEST = 512 * 2**20
_OWN_REGION = re.compile(rf"{REGION}(-?[0-9]{{1,15}})")


class LabelStudioTasks:
    """The tasks of some files as sequences.

    Args:
        files: exports.
        media: folder of the videos; None: where each file lies.
        scenario: first part of the names.
        fps: frames a second, in place of what is stated.

    Raises:
        ValueError: a file that cannot be read.
    """

    def __init__(
        self, files: Sequence[Path], media: Path | None = None, scenario: str = SCENARIO, fps: float | None = None
    ) -> None:
        self._media = media
        self._fps = fps
        self._tasks = [(file, task) for file in files for task in _read(file)]
        names = [
            folder_name(*(Path(name).stem for name in local_names(task.source)[-1:]), file.stem)
            for file, task in self._tasks
        ]
        self.names = tuple(f"{scenario}/{name}" for name in each_once(names))

    def __len__(self) -> int:
        return len(self._tasks)

    def read(self, index: int) -> tuple[BenSmotSequence, tuple[Loss, ...]]:
        """Read one task.

        Args:
            index: of the task.

        Returns:
            The sequence, and what was left out of it or guessed, of the kinds of `sequence_of` and other-class,
            box-beyond-the-end, empty-box, uncorrected, other-annotation, other-result, relation-without-verb,
            attribute-without-place.

        Raises:
            ValueError: pictures that cannot be read, or a size that nothing states.
        """
        file, task = self._tasks[index]
        place = f"{file}: {self.names[index]}"
        pictures = find_pictures(task.source, file, self._media or file.parent)
        regions = [region for region in task.regions if _is_person(region)]
        losses = _left_out(task, place)
        size = pictures.size or task.size
        if size is None and regions:
            raise ValueError(
                f"{place}: boxes are per cent of a frame whose size nothing states; give the folder of the video with "
                "--media, or width and height in the task's data"
            )
        people = []
        for region in regions:
            person, lost = _person(region, task, size or (1, 1), f"{place}: region {shown(region.id)}")
            people.append(person)
            losses += lost
        video = CorrectedVideo(
            place,
            self.names[index],
            file,
            tuple(people),
            tuple(_edges(task, regions, place, losses)),
            " ".join(text for region, _, text in task.words if region not in {one.id for one in task.regions}),
            self._rate(task, pictures),
            size,
        )
        sequence, found = sequence_of(video, pictures)
        return sequence, (*losses, *found)

    def _rate(self, task: Task, pictures: Pictures) -> float | None:
        stated = next((region.rate for region in task.regions if region.rate), 0.0)
        return self._fps or pictures.fps or task.rate or stated or None


def list_label_studio(source: Path) -> list[Path]:
    """The files of a source.

    Args:
        source: a file, or a folder with `*.json`.

    Returns:
        The exports.

    Raises:
        FileNotFoundError: no such file or folder, or none in it.
    """
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise FileNotFoundError(f"{source}: no such file or folder; give what Label Studio exported")
    found = [path for path in sorted(source.glob("*.json")) if path.is_file() and path.name not in _OTHERS]
    if not found:
        raise FileNotFoundError(f"{source}: no NAME.json; give what Label Studio exported as JSON")
    return found


# What lies beside an export where `describe` and `export` wrote into one folder.
_OTHERS = ("description.json", "coco.json", "cvat-labels.json", "run.json", "people_facts.json")


def _read(file: Path) -> list[Task]:
    content = read_json(file, LARGEST)
    try:
        return parse_tasks(content)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def _is_person(region: Region) -> bool:
    """A region without any label counts, as set-ups for one kind of thing have none."""
    return not region.labels or any(label.casefold() in PEOPLE_NAMES for label in region.labels)


def _person(region: Region, task: Task, size: tuple[int, int], place: str) -> tuple[CorrectedPerson, tuple[Loss, ...]]:
    across, down = size[0] / 100, size[1] / 100
    keys = []
    for key in region.keys:
        left, top, right, bottom = key.box
        keys.append(Key(key.frame, (left * across, top * down, right * across, bottom * down), key.shown, key.lasts))
    own = _OWN_REGION.fullmatch(region.id)
    texts = [text for owner, control, text in task.words if owner == region.id and control != ATTRIBUTES]
    frames = range(region.frames) if region.frames else None
    return person_of_keys(int(own[1]) if own else None, keys, " ".join(filter(None, texts)), frames, place)


def _edges(task: Task, regions: Sequence[Region], place: str, losses: list[Loss]) -> list[tuple[int, str, int]]:
    row_of = {region.id: row for row, region in enumerate(regions)}
    edges: list[tuple[int, str, int]] = []
    for relation in task.relations:
        subject, target = row_of.get(relation.subject), row_of.get(relation.object)
        if not relation.labels:
            losses.append(Loss("relation-without-verb", f"{place}: a relation without a label; left out"))
        elif subject is None or target is None:
            losses.append(Loss("interaction-of-nobody", f"{place}: a relation of what is no person; left out"))
        else:
            edges += [(subject, verb, target) for verb in relation.labels]
    return list(dict.fromkeys(edges))


def _left_out(task: Task, place: str) -> list[Loss]:
    losses = []
    others = [region for region in task.regions if not _is_person(region)]
    if others:
        labels = sorted({label for region in others for label in region.labels})
        message = f"{place}: {len(others)} regions of {shown(labels)}, no people; left out"
        losses.append(Loss("other-class", message, len(others)))
    if not task.corrected:
        losses.append(Loss("uncorrected", f"{place}: nobody annotated it; a model's prediction is taken"))
    if task.others:
        message = f"{place}: {task.others} more annotations; the one chosen as ground truth, or the newest, is taken"
        losses.append(Loss("other-annotation", message, task.others))
    for kind, count in task.other_results.items():
        losses.append(Loss("other-result", f"{place}: {count} results of type {shown(kind)}; left out", count))
    told = sum(control == ATTRIBUTES for _, control, _ in task.words)
    if told:
        message = f"{place}: attributes of {told} people: the layout has no place for them; left out"
        losses.append(Loss("attribute-without-place", message, told))
    return losses
