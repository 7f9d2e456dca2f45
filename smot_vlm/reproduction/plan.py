"""The rows of the paper's Tables 2 to 5 and Figure 4: what each is made from, or what has to be done first."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from smot_vlm.evaluation import paper
from smot_vlm.evaluation.results import Evaluation

TRACKS_ONLY = "tracks-only"
NOISY_TRUTH = "noisy-truth"
OWN_BOXES = "model"
# Where `train_command` leaves the paper's model.
TO_TRAIN = "runs/smoter/model"
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)
FUSIONS = ("attention", "mlp", "concatenation", "addition")
# The paper's name of each associator's row, and one of ours that it has not.
OURS = {"Sparse": "sparse"}
ASSOCIATORS = {"SORT": "sort", "DeepSORT": "deepsort", "OC-SORT": "ocsort", "ByteTrack": "byte", **OURS}
TRACKERS = ("TransTrack", "MOTR", "MOTRv2")

_TRACKING = ("HOTA", "AssA", "DetA", "LocA", "MOTA", "FN", "FP", "IDs", "IDR", "IDP", "IDF1")
_CHIEF = ("tracking/HOTA", "tracking/MOTA", "tracking/IDF1")
_WORDS = ("BLEU", "ROUGE", "METEOR", "CIDEr")
_VERBS = ("interactions/precision", "interactions/recall", "interactions/F1")
_VIDEO = tuple(f"video/{name}" for name in _WORDS)
_PEOPLE = (*(f"instance/{name}" for name in _WORDS), *_VERBS)


@dataclass(frozen=True)
class Given:
    """What the user provides to make rows from.

    Attributes:
        data: root of the data set.
        split: of the data set.
        model: folder of the trained SMOTer, empty without.
        detector: "model", "onnx:FILE", "yolo:FILE", "noisy-truth", or empty: the model's.
        reid: DeepSORT's re-identification model, empty for the cached one.
        trackers: name -> folder with a tracker's MOT files.
        fusions: "video-mlp" or "trajectory-mlp" -> folder of a trained model.
        words: whether any table asked for scores captions or interactions.
    """

    data: str
    split: str = "test"
    model: str = ""
    detector: str = ""
    reid: str = ""
    trackers: Mapping[str, str] = field(default_factory=dict)
    fusions: Mapping[str, str] = field(default_factory=dict)
    words: bool = True


@dataclass(frozen=True)
class Run:
    """One run over the split, in a folder of its own; rows of several tables may share it.

    Attributes:
        name: of its folder.
        model: a folder or "tracks-only".
        detector: as in Given.
        associator: in place of the model's own.
        threshold: tau_p, in place of the model's own.
        trajectories: folder of MOT files in place of detector and associator.
    """

    name: str
    model: str
    detector: str = OWN_BOXES
    associator: str | None = None
    threshold: float | None = None
    trajectories: str = ""

    @property
    def has_words(self) -> bool:
        """Whether the run has captions and interactions."""
        return self.model != TRACKS_ONLY


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        name: of the row.
        printed: the paper's row to compare with, None where it has none.
        run: what makes it; without one, `first` says what has to be done before.
        options: of the command that makes it.
        first: command or text.
        columns: those it is for, empty: all.
    """

    name: str
    printed: str | None
    run: Run | None
    options: tuple[str, ...]
    first: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """A table or figure.

    Attributes:
        option: "table" or "figure".
        number: as asked for ("--table 2").
        title: of the report.
        columns: keys in the paper's order.
        printed: makes the paper's rows.
        rows: makes our rows from what is given.
        note: how its rows are made differently from the paper's.
    """

    option: str
    number: int
    title: str
    columns: tuple[str, ...]
    printed: Callable[[], tuple[Evaluation, ...]]
    rows: Callable[[Given], Iterable[Row]]
    note: str = ""

    @property
    def name(self) -> str:
        """Name of its files: table-2."""
        return f"{self.option}-{self.number}"

    @property
    def has_words(self) -> bool:
        """Whether it scores captions or interactions."""
        return any(not key.startswith("tracking/") for key in self.columns)


def command(sheet: Sheet, row: Row, given: Given, out: str) -> str:
    """Command line that makes a row, ready to be pasted.

    Args:
        sheet: with the row.
        row: to make.
        given: what the user provides.
        out: where results go.

    Returns:
        The command.
    """
    words = ["python", "scripts/reproduce_paper.py", f"--{sheet.option}", str(sheet.number), "--rows", row.name]
    words += ["--data", given.data, *(["--split", given.split] if given.split != "test" else [])]
    return shlex.join([*words, *row.options, "--out", out])


def train_command(given: Given, name: str = "smoter", *overrides: str) -> str:
    """Command line that trains the paper's model into runs/NAME/model.

    Args:
        given: what the user provides.
        name: of the run.
        *overrides: changes to its configuration.

    Returns:
        The command.
    """
    config = "configs/bensmot_smoter.yaml"
    words = ["accelerate", "launch", "--num_processes", "4", "scripts/train.py", "--config", config]
    return shlex.join([*words, "--out", f"runs/{name}", f"training.dataset={given.data}", *overrides])


def _linked(given: Given, name: str, printed: str | None, run: str, needs_words: bool = False, **settings: Any) -> Row:
    """A row whose boxes are the detector's given, or else the model's. It has captions where a model is given."""
    detector = given.detector or OWN_BOXES
    speaks = bool(given.model) and (given.words or detector == OWN_BOXES)
    options = ["--model", given.model] if speaks else []
    options += ["--detector", detector] if given.detector else []
    if needs_words and not given.model:
        return Row(name, printed, None, ("--model", TO_TRAIN, *options), train_command(given))
    if not given.detector and not given.model:
        first = f"a detector (onnx:FILE, yolo:FILE or {NOISY_TRUTH}), or a model: {train_command(given)}"
        return Row(name, printed, None, ("--detector", "onnx:FILE"), first)
    associator = str(settings.get("associator", ""))
    options += ["--reid", given.reid] if associator.startswith("deepsort:") else []
    return Row(name, printed, Run(run, given.model if speaks else TRACKS_ONLY, detector, **settings), tuple(options))


def _associated(
    given: Given, names: Mapping[str, str], printed: Mapping[str, str], needs_words: bool = False
) -> Iterator[Row]:
    """One row an associator: name -> key, name -> the paper's row, where it has one."""
    for name, key in names.items():
        associator = f"{key}:{given.reid}" if key == "deepsort" and given.reid else key
        yield _linked(given, name, printed.get(name), key, needs_words, associator=associator)


def _tracked(given: Given, name: str, needs_words: bool) -> Row:
    """A row of another tracker's MOT files."""
    printed, folder = name if name in TRACKERS else None, given.trackers.get(name, "")
    options = ["--mot", f"{name}={folder or 'FOLDER'}"]
    if not folder:
        return Row(name, printed, None, tuple(options), f"run {name} itself; FOLDER holds a MOT file a sequence")
    if needs_words and not given.model:
        return Row(name, printed, None, (*options, "--model", TO_TRAIN), train_command(given))
    speaks = bool(given.model) and given.words
    options += ["--model", given.model] if speaks else []
    run = Run(f"tracker-{name}", given.model if speaks else TRACKS_ONLY, trajectories=folder)
    return Row(name, printed, run, tuple(options))


def _methods(given: Given, needs_words: bool = False) -> Iterator[Row]:
    """Tables 2 and 3: the associators, three other trackers and any more that are given, SMOTer."""
    yield from _associated(given, ASSOCIATORS, {name: name for name in ASSOCIATORS if name not in OURS}, needs_words)
    yield from (_tracked(given, name, needs_words) for name in dict.fromkeys((*TRACKERS, *given.trackers)))
    if given.model:
        yield Row("SMOTer", "SMOTer", Run("smoter", given.model), ("--model", given.model))
    else:
        yield Row("SMOTer", "SMOTer", None, ("--model", TO_TRAIN), train_command(given))


def _figure_4(given: Given) -> Iterator[Row]:
    names = {"SORT": "sort", "DeepSORT": "deepsort", "OC-SORT": "ocsort", "BYTE": "byte", **OURS}
    yield from _associated(given, names, {**{name: name for name in names if name not in OURS}, "BYTE": "SMOTer"})


def _fusions(given: Given) -> Iterator[Row]:
    """Table 4: each fusion of the video in a model of its own, scored by its video captions; likewise of trajectories."""
    for place, columns in (("video", _VIDEO), ("trajectory", _PEOPLE)):
        for fusion in FUSIONS:
            name = f"{place}-{fusion}"
            folder = given.fusions.get(name, "")
            run = Run(f"fusion-{name}", folder) if folder else None
            first = "" if folder else train_command(given, f"fusion-{name}", f"fusion.{place}={fusion}")
            option = f"{name}={folder or f'runs/fusion-{name}/model'}"
            yield Row(name, fusion, run, ("--fusion", option), first, columns)


def _thresholds(given: Given) -> Iterator[Row]:
    for value in THRESHOLDS:
        yield _linked(given, f"tau {value:g}", f"tau {value:g}", f"tau-{value:g}", threshold=value)


SHEETS = (
    Sheet("table", 2, "Tracking (Table 2)", tuple(f"tracking/{name}" for name in _TRACKING), paper.methods, _methods),
    Sheet(
        "table", 3, "Semantic understanding (Table 3)", (*_VIDEO, *_PEOPLE), paper.methods,
        partial(_methods, needs_words=True),
        "One model speaks for all rows here; the paper trains the words of each rival on that rival's own trajectories.",
    ),
    Sheet("table", 4, "Ways of fusing (Table 4)", (*_VIDEO, *_PEOPLE), paper.fusions, _fusions),
    Sheet(
        "table", 5, "Threshold of proposals (Table 5)",
        (*_CHIEF, "video/METEOR", "video/CIDEr", "instance/METEOR", "instance/CIDEr", *_VERBS),
        paper.thresholds, _thresholds,
    ),
    Sheet("figure", 4, "Association (Figure 4)", (*_CHIEF, *_VIDEO, *_PEOPLE), paper.associations, _figure_4),
)  # fmt: skip
