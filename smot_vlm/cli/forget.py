"""`smot-vlm forget`: one person taken out of all files of a description."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smot_vlm.cli.console import output, print_warning, progress
from smot_vlm.cli.loading import Blur

if TYPE_CHECKING:
    from smot_vlm.output.blur import OpenFrames
    from smot_vlm.structures import Description

_FOLDERS_ABOVE = 3


def forget(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `describe` wrote.")],
    person: Annotated[list[int], typer.Option(help="Number of a person to be forgotten; may be repeated.")],
    blur: Blur = None,
) -> None:
    """Take a person out of a description: boxes, words, interactions, pictures, exports, and the search's index.

    The annotated video and the report are made anew with the person blurred, from the described video; where that is gone they
    are made without pictures. The described video itself is not changed. What `describe` was told to --blur stays blurred.
    """
    from smot_vlm.output.blur import stronger
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
    mode = stronger("" if blur is None else blur.value, before.video.blur)
    after = replace(after, video=replace(after.video, blur=mode))
    _write_files(folder, before, after, set(person))
    _write_exports(after, folder, exported)
    _forget_in_indexes(path)
    output.print(f"{folder}: {len(after.tracks)} of {len(before.tracks)} people are left")


def _write_files(folder: Path, before: "Description", after: "Description", gone: set[int]) -> None:
    from smot_vlm.output.blur import PEOPLE, blurring
    from smot_vlm.output.claimed_folder import DESCRIPTION, VIDEO
    from smot_vlm.output.described_video import find_video
    from smot_vlm.output.description_files import write_outputs
    from smot_vlm.verbs import glosses
    from smot_vlm.video.reader import open_video

    only = replace(
        before,
        tracks=tuple(track for track in before.tracks if track.id in gone),
        interactions=(),
        caption="",
        clauses=(),
    )
    try:
        source = find_video(before.video.source, folder / DESCRIPTION)
    except FileNotFoundError as error:
        print_warning(str(error))
        open_frames: OpenFrames | None = None
    else:
        open_frames = blurring(lambda: open_video(source), only, PEOPLE)
        if after.video.blur:
            open_frames = blurring(open_frames, after, after.video.blur)
    with progress("drawing", after.video.frames) as update:
        write_outputs(
            folder,
            after,
            open_frames,
            after.video.fps,
            video=(folder / VIDEO).is_file(),
            overwrite=True,
            glosses=glosses(),
            progress=lambda done: update(completed=done),
        )


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
    from smot_vlm.export.formats import FORMATS, write_content

    for name, files in exported.items():
        contents = FORMATS[name].write(description)
        for file in files:
            if file in contents:
                write_content(folder / file, contents[file])
            else:
                (folder / file).unlink()


def _forget_in_indexes(path: Path) -> None:
    from smot_vlm.search.database import open_database, storable
    from smot_vlm.search.index_file import INDEX_FILE

    for above in list(path.absolute().parents)[:_FOLDERS_ABOVE]:
        index = above / INDEX_FILE
        if index.is_file():
            with open_database(index) as database:
                database.remove([storable(str(path.absolute()))])
