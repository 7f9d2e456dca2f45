"""`smot-vlm forget`: one person taken out of all files of a description."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smot_vlm.cli.console import output, print_warning, progress
from smot_vlm.cli.loading import Blur

if TYPE_CHECKING:
    from smot_vlm.output.blur import OpenFrames
    from smot_vlm.structures import Description
    from smot_vlm.video.reader import VideoReader

_FOLDERS_ABOVE = 3


def forget(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `describe` wrote.")],
    person: Annotated[list[int], typer.Option(help="Number of a person to be forgotten; may be repeated.")],
    blur: Blur = None,
) -> None:
    """Take a person out of a description: boxes, words, interactions, pictures, exports, and the search's index.

    The annotated video and the report are made anew with the person blurred, from the described video; where that is gone they
    are made without pictures. The described video itself is not changed. What `describe` was told to --blur is told here again.
    """
    from smot_vlm.output.claimed_folder import DESCRIPTION
    from smot_vlm.output.forgetting import without_person
    from smot_vlm.structures import Description

    path = folder / DESCRIPTION
    before = Description.from_json(path)
    after = before
    for number in person:
        try:
            after = without_person(after, number)
        except KeyError as error:
            raise ValueError(str(error.args[0])) from None
    exported = _exported(before, folder)
    _write_files(folder, before, after, set(person), None if blur is None else blur.value)
    _write_exports(after, folder, exported)
    _forget_in_indexes(path)
    output.print(f"{folder}: {len(after.tracks)} of {len(before.tracks)} people are left")


def _write_files(folder: Path, before: "Description", after: "Description", gone: set[int], blur: str | None) -> None:
    from dataclasses import replace

    from smot_vlm.output.blur import PEOPLE, blurring
    from smot_vlm.output.claimed_folder import VIDEO
    from smot_vlm.output.description_files import write_outputs
    from smot_vlm.verbs import VERBS

    only = replace(
        before,
        tracks=tuple(track for track in before.tracks if track.id in gone),
        interactions=(),
        caption="",
        clauses=(),
    )
    open_frames = _open_source(before)
    if open_frames is None:
        print_warning(f"{before.video.source}: not there any more, so there is no video and no picture")
    else:
        open_frames = blurring(open_frames, only, PEOPLE)
        open_frames = open_frames if blur is None else blurring(open_frames, after, blur)
    with progress("drawing", after.video.frames) as update:
        write_outputs(
            folder,
            after,
            open_frames,
            after.video.fps,
            video=(folder / VIDEO).is_file(),
            overwrite=True,
            glosses={verb.label: verb.gloss for verb in VERBS},
            progress=lambda done: update(completed=done),
        )


def _open_source(description: "Description") -> "OpenFrames | None":
    """The described video; a description is data, so only files are opened, never an address or a camera."""
    from smot_vlm.video.reader import open_video

    source = Path(description.video.source)

    def opened() -> "AbstractContextManager[VideoReader]":
        return open_video(source)

    return opened if source.exists() else None


def _exported(description: "Description", folder: Path) -> dict[str, set[str]]:
    """The formats in which files of this description lie in its folder, and these files."""
    from smot_vlm.export.formats import FORMATS

    found: dict[str, set[str]] = {}
    for name, kind in FORMATS.items():
        try:
            files = {file for file in kind.write(description) if (folder / file).is_file()}
        except (ImportError, ValueError):
            continue
        if files:
            found[name] = files
    return found


def _write_exports(description: "Description", folder: Path, exported: dict[str, set[str]]) -> None:
    from smot_vlm.export.formats import FORMATS
    from smot_vlm.system.files import atomic_path

    for name, files in exported.items():
        contents = FORMATS[name].write(description)
        for file in files:
            if file not in contents:
                (folder / file).unlink()
                continue
            content = contents[file]
            with atomic_path(folder / file) as temporary:
                data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
                temporary.write_bytes(data)


def _forget_in_indexes(path: Path) -> None:
    from smot_vlm.search.database import INDEX_FILE, open_database, storable

    for above in list(path.absolute().parents)[:_FOLDERS_ABOVE]:
        index = above / INDEX_FILE
        if index.is_file():
            with open_database(index) as database:
                database.remove([storable(str(path.absolute()))])
