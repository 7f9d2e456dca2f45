"""The table of formats: what writes each, and what it cannot hold. A new one is a file in this folder and a line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from smot_vlm.export.coco import to_coco
from smot_vlm.export.cvat import to_cvat
from smot_vlm.export.elan import to_elan
from smot_vlm.export.label_studio import to_label_studio
from smot_vlm.export.layouts import to_bensmot, to_mot
from smot_vlm.export.subtitles import to_srt, to_vtt
from smot_vlm.export.tables import to_csv, to_parquet
from smot_vlm.structures import Description
from smot_vlm.system.files import atomic_path
from smot_vlm.system.targets import check_file


@dataclass(frozen=True)
class Format:
    """One way out.

    Attributes:
        write: a description to the content of files by name.
        lost: what it cannot hold; empty where it holds all.
    """

    write: Callable[[Description], Mapping[str, str | bytes]]
    lost: str = ""


FORMATS: dict[str, Format] = {
    "vtt": Format(to_vtt, "boxes, scores, attributes, and interactions without times"),
    "srt": Format(to_srt, "boxes, scores, attributes, the video's caption, and interactions without times"),
    "csv": Format(to_csv, "segments and clauses of captions, scores of attributes"),
    "parquet": Format(to_parquet, "segments and clauses of captions, scores of attributes"),
    "coco": Format(to_coco, "clauses of the video's caption, and what is known of the model"),
    "mot": Format(to_mot, "all words: captions, interactions and attributes"),
    "bensmot": Format(to_bensmot, "times and scores of words, and attributes"),
    "cvat": Format(to_cvat, "scores, and times of captions; interactions are text of a track"),
    "label-studio": Format(to_label_studio, "scores, and times of captions and interactions"),
    "elan": Format(to_elan, "boxes, scores, attributes, and interactions without times"),
}


def export(description: Description, name: str, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write a description in another format.

    Args:
        description: any.
        name: a key of FORMATS.
        folder: made where it is not there.
        overwrite: whether files there may be replaced.

    Returns:
        The files, all written or none begun.

    Raises:
        ValueError: another name, or a description that the format cannot hold.
        FileExistsError: a file is there and `overwrite` is false.
        ImportError: a package that the format needs is missing.
    """
    if name not in FORMATS:
        raise ValueError(f"format is {name!r}; it takes {', '.join(FORMATS)}")
    files = {folder / file: content for file, content in FORMATS[name].write(description).items()}
    for path in files:
        check_file(path, overwrite)
    for path, content in files.items():
        write_content(path, content)
    return list(files)


def write_content(path: Path, content: str | bytes) -> None:
    """Write one file of a format, in place of what is there.

    Args:
        path: of the file; its folder is made where it is not there.
        content: as `Format.write` gives it.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape"))
