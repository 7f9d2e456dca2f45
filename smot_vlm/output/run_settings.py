"""The folder of a run over many sequences: `run.json` holds the settings, so that two runs never mix in one folder."""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from smot_vlm.formats.checked import record
from smot_vlm.formats.documents import read_json
from smot_vlm.formats.sequence_files import BOXES_FILE, CAPTIONS_FILE, INTERACTIONS_FILE, VIDEO_CAPTION_FILE
from smot_vlm.formats.video_cost import COST_FILE
from smot_vlm.system.files import write_text
from smot_vlm.system.targets import check_folder
from smot_vlm.system.temporary import LOCK_SUFFIX, PREFIX, others_at_work, temporary_folder, try_lock

DESCRIPTION_FILE = "description.json"
RUN_FILE = "run.json"
# Of a sequence; the description first, since a sequence that has it is done.
RESULT_FILES = (DESCRIPTION_FILE, BOXES_FILE, CAPTIONS_FILE, VIDEO_CAPTION_FILE, INTERACTIONS_FILE)
_CLAIM = "run"
_SETTINGS_LOCK = f"{PREFIX}settings{LOCK_SUFFIX}"
# To compare settings and to remove results takes no longer.
_LOCK_SECONDS = 60.0


@dataclass(frozen=True)
class RunSettings:
    """What a run's descriptions depend on, as written to run.json.

    Attributes:
        dataset: its root.
        split: of the data set.
        model: name or folder.
        detector: as for Tracker.
        associator: as for Tracker.
        trajectories: "", "gt" or a folder of files with ids to keep, of a form in `formats.track_files`.
        detections: "", "gt" or a folder of such files with boxes to link.
        classes: class numbers that count in those files; none: people, see `formats.mot_files`.
        dtype: as for Tracker.
        overrides: of the configuration.
    """

    dataset: str
    split: str
    model: str
    detector: str
    associator: str
    trajectories: str = ""
    detections: str = ""
    classes: tuple[int, ...] = ()
    dtype: str = "float32"
    overrides: tuple[str, ...] = ()


def open_run(out: Path, settings: RunSettings, overwrite: bool = False) -> None:
    """Write `out`/run.json, or check that it holds these settings.

    Args:
        out: the folder of the run.
        settings: of the run.
        overwrite: replace other settings.

    Raises:
        ValueError: it holds others and `overwrite` is false, or it cannot be read.
        OSError: `out` is a file, or cannot be written.
    """
    path = out / RUN_FILE
    check_folder(out, "choose another folder with --out")
    if path.is_file() and not overwrite:
        if other := _differences(path, settings):
            raise ValueError(f"{out} holds a run with {other}; choose another folder or pass --overwrite")
        return
    out.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(asdict(settings), indent=1) + "\n")


@contextmanager
def run_at_work(out: Path, settings: RunSettings, names: Iterable[str], overwrite: bool = False) -> Iterator[None]:
    """Open a run and keep runs with other settings out of its folder as long as the block runs.

    Several with the same settings may be at work. Where a run with other settings is replaced, its results are removed:
    whoever goes on must not take them for this run's.

    Args:
        out: the folder of the run.
        settings: of the run.
        names: of the sequences, SCENARIO/SEQUENCE.
        overwrite: replace a run with other settings.

    Yields:
        Nothing.

    Raises:
        ValueError: as `open_run`; or a run with other settings is at work here.
        OSError: `out` is a file, or cannot be written.
    """
    check_folder(out, "choose another folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with _settings_lock(out):
            _open_alone(out, settings, names, overwrite)
            stack.enter_context(temporary_folder(out, _CLAIM))
        yield


@contextmanager
def _settings_lock(out: Path) -> Iterator[None]:
    """Nobody else compares or writes settings inside the block."""
    path = out / _SETTINGS_LOCK
    lock = try_lock(path, _LOCK_SECONDS)
    if lock is None:
        raise OSError(f"{out}: another run holds {path.name}; try again when it has begun")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        lock.release()


def _open_alone(out: Path, settings: RunSettings, names: Iterable[str], overwrite: bool) -> None:
    """Open the run; where it replaces one with other settings, remove that one's results."""
    if overwrite and _is_of_others(out / RUN_FILE, settings):
        if others_at_work(out, _CLAIM):
            raise ValueError(
                f"{out}: a run with other settings is at work in this folder; wait for its end or choose another"
            )
        for name in names:
            for file in (*RESULT_FILES, COST_FILE):
                (out / name / file).unlink(missing_ok=True)
    open_run(out, settings, overwrite)


def _is_of_others(path: Path, settings: RunSettings) -> bool:
    """Whether there is a run, and with other settings or with none that can be read."""
    try:
        return path.is_file() and bool(_differences(path, settings))
    except ValueError:
        return True


def _differences(path: Path, settings: RunSettings) -> str:
    """The settings of `path` that are others than these; empty where none is."""
    try:
        there = asdict(record(RunSettings, read_json(path), whole="the run"))
    except ValueError as error:
        told = str(error).removeprefix(f"{path}: ")
        raise ValueError(f"{path}: no settings of a run ({told}); choose another folder or pass --overwrite") from None
    wanted = asdict(settings)
    other = sorted(key for key in wanted if there[key] != wanted[key])
    return ", ".join(f"{key} {there[key]!r} (now {wanted[key]!r})" for key in other)
