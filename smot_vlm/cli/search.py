"""`smot-vlm search`: who does what, in everything that was described."""

import json as json_text
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from smot_vlm.cli.console import output, print_plain, print_warning, progress
from smot_vlm.cli.loading import Blur, BlurMode
from smot_vlm.cli.serving import embedding

if TYPE_CHECKING:
    from smot_vlm.search.database import SearchDatabase
    from smot_vlm.search.searcher import Hit

_SHOWN_FLAWS = 5


class Kind(str, Enum):
    """What can be found."""

    person = "person"
    segment = "segment"
    interaction = "interaction"
    video = "video"


def search(
    question: Annotated[
        str, typer.Argument(help='A sentence such as "someone hands over a ball"; "" with filters or --like.')
    ],
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="What `describe` or `predict` wrote, or folders above.")
    ],
    kind: Annotated[list[Kind] | None, typer.Option(help="Only this kind; may be repeated.")] = None,
    verb: Annotated[list[str] | None, typer.Option(help="Only this deed: push, or push.v.01; may be repeated.")] = None,
    attribute: Annotated[
        list[str] | None, typer.Option(help="Only people who have it: red, or upper_colour=red; may be repeated.")
    ] = None,
    start: Annotated[float | None, typer.Option("--from", help="Seconds; what ends before is left out.")] = None,
    end: Annotated[float | None, typer.Option("--to", help="Seconds; what begins later is left out.")] = None,
    source: Annotated[str, typer.Option(help="Part of the video's path.")] = "",
    sure: Annotated[bool, typer.Option("--sure", help="Leave out words that are marked as doubtful.")] = False,
    like: Annotated[
        str | None, typer.Option(metavar="DIR#ID", help="People who look like this one, in place of a sentence.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most hits.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print hits as JSON.")] = False,
    pictures: Annotated[Path | None, typer.Option(help="Folder for a picture of each hit.")] = None,
    blur: Blur = None,
    index: Annotated[
        Path | None, typer.Option(help="The index file (default: search.sqlite in the first DIR).")
    ] = None,
) -> None:
    """Find people, deeds, pairs and videos in what was described, by meaning, words and filters; an index is kept."""
    from smot_vlm.search.database import open_database
    from smot_vlm.search.index_file import INDEX_FILE
    from smot_vlm.search.likeness import add_looks, who_looks_like
    from smot_vlm.search.query import Filters
    from smot_vlm.search.searcher import Searcher
    from smot_vlm.search.shown import shown_hit

    if blur is not None and pictures is None:
        raise typer.BadParameter("--blur goes with --pictures")
    filters = Filters(
        tuple(one.value for one in kind or ()),
        tuple(verb or ()),
        tuple(attribute or ()),
        start,
        end,
        source,
        sure,
        tuple(str(folder.absolute()) for folder in folders),
    )
    wanted = None if like is None else _person(like)
    path = index or (folders[0] if folders[0].is_dir() else folders[0].parent) / INDEX_FILE
    with open_database(path) as database:
        embed = _bring_up_to_date(database, folders)
        if wanted is None:
            hits = Searcher(database, embed).ask(question, filters, limit)
        else:
            with progress("looking at people") as step:
                _tell_flaws(add_looks(database, lambda done, total: step(completed=done, total=total)))
            hits = who_looks_like(database, *wanted, filters, limit)
    shown = [
        shown_hit(hit) | {"picture": None if pictures is None else _write_picture(hit, pictures, number, blur)}
        for number, hit in enumerate(hits, 1)
    ]
    if json:
        print_plain(json_text.dumps(shown, ensure_ascii=False))
    else:
        _print(shown)


def _bring_up_to_date(
    database: "SearchDatabase", folders: Sequence[Path]
) -> Callable[[Sequence[str]], np.ndarray] | None:
    """Read what is new; gives what embeds questions, where it is installed."""
    from smot_vlm.search.indexing import update
    from smot_vlm.semantics.sentence_embeddings import DEFAULT_ENCODER

    embed = embedding()
    with progress("reading descriptions") as step:
        changes = update(
            database, folders, embed, DEFAULT_ENCODER, lambda done, total: step(completed=done, total=total)
        )
    _tell_flaws(changes.flaws)
    return embed


def _tell_flaws(flaws: Sequence[str]) -> None:
    for flaw in flaws[:_SHOWN_FLAWS]:
        print_warning(flaw)
    if len(flaws) > _SHOWN_FLAWS:
        print_warning(f"and {len(flaws) - _SHOWN_FLAWS} more like these")


def _person(like: str) -> tuple[Path, int]:
    """The description and the track id of `--like`."""
    from smot_vlm.search.indexing import DESCRIPTION

    folder, mark, number = like.rpartition("#")
    if not mark or not number.isdecimal():
        raise ValueError(f"--like is {like!r}; give the folder of a description and a person's number, as in street#3")
    path = Path(folder)
    return (path / DESCRIPTION if path.is_dir() else path), int(number)


def _write_picture(hit: "Hit", folder: Path, number: int, blur: BlurMode | None) -> str | None:
    from smot_vlm.output.crops import encode_jpeg
    from smot_vlm.search.pictures import picture_of
    from smot_vlm.system.files import atomic_path

    try:
        image = picture_of(hit.video, hit.entry, None if blur is None else blur.value)
    except (OSError, ValueError) as error:
        print_warning(str(error))
        return None
    if image is None:
        return None
    target = folder / f"hit-{number:03d}.jpg"
    with atomic_path(target) as temporary:
        temporary.write_bytes(encode_jpeg(image))
    return str(target)


def _print(hits: Sequence[dict[str, Any]]) -> None:
    if not hits:
        output.print("Nothing was found.")
    for hit in hits:
        people = f" person {', '.join(map(str, hit['people'][:2]))}" if hit["people"] and hit["kind"] != "video" else ""
        times = "" if hit["from_seconds"] is None else f" {hit['from_seconds']:.1f}-{hit['to_seconds']:.1f} s"
        output.print(f"{hit['score']:.2f}  {hit['video']}{people}{times}{' (doubtful)' if hit['doubtful'] else ''}")
        output.print(f"      {hit['text']}")
        if hit["picture"] is not None:
            output.print(f"      {hit['picture']}")
