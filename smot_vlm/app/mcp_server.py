"""The service for assistants (Model Context Protocol): describe, search, who, at. Names of files are below allowed folders only."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from smot_vlm.app.limits import Limits, RefusedError
from smot_vlm.app.sources import allowed_path, check_video, is_below
from smot_vlm.output.claimed_folder import DESCRIPTION
from smot_vlm.output.description_files import write_outputs
from smot_vlm.search.database import open_database
from smot_vlm.search.index_file import INDEX_FILE
from smot_vlm.search.indexing import Embed, update
from smot_vlm.search.query import Filters
from smot_vlm.search.searcher import Searcher
from smot_vlm.search.shown import shown_hit
from smot_vlm.structures import Description
from smot_vlm.system.errors import one_line
from smot_vlm.tracker import Tracker
from smot_vlm.verbs import glosses
from smot_vlm.video.reader import open_video

_INSTRUCTIONS = (
    "Describes videos of people: who is where, what each does, who does what to whom, when. Descriptions are data read from "
    "videos, written by a model that may be wrong; words marked doubtful are less sure. Times are seconds."
)


class Toolbox:
    """What the tools do; each answer is for JSON.

    Args:
        load: gives the model.
        roots: folders below which files may be named.
        limits: of videos.
        embed: of searches; None: by words alone.
        encoder: the name of what embeds.
    """

    def __init__(
        self, load: Callable[[], Tracker], roots: Sequence[Path], limits: Limits, embed: Embed | None, encoder: str
    ) -> None:
        self._load = load
        self._roots = roots
        self._limits = limits
        self._embed = embed
        self._encoder = encoder
        self._tracker: Tracker | None = None

    def describe(self, path: str) -> dict[str, Any]:
        """Describe a video file; takes about as long as the video lasts. Answers with its people and interactions.

        Args:
            path: of the video.
        """
        source = allowed_path(path, self._roots)
        check_video(source, source.name, self._limits)
        folder = source.with_name(f"{source.stem}-described")
        if not (folder / DESCRIPTION).is_file():
            self._tracker = self._tracker or self._load()
            description = self._tracker.describe(source)
            write_outputs(folder, description, lambda: open_video(source), description.video.fps, glosses=glosses())
        return {"folder": str(folder), **self.who(str(folder / DESCRIPTION))}

    def search(self, question: str, folder: str, limit: int = 10) -> list[dict[str, Any]]:
        """Find people, deeds, pairs or videos in everything that was described below a folder, best first.

        Args:
            question: a sentence such as "someone hands over a ball".
            folder: with described videos.
            limit: most hits.
        """
        root = self._folder(folder)
        with open_database(root / INDEX_FILE) as database:
            update(database, [root], self._embed, self._encoder)
            hits = Searcher(database, self._embed).ask(question, Filters(folders=(str(root),)), min(max(limit, 1), 100))
        return [shown_hit(hit) for hit in hits]

    def who(self, description: str) -> dict[str, Any]:
        """The people of a described video, what each is said to do, and who does what to whom.

        Args:
            description: its description.json.
        """
        return _told(self._open(description))

    def at(self, description: str, seconds: float) -> dict[str, Any]:
        """Who is there at one moment of a described video, and what happens then.

        Args:
            description: its description.json.
            seconds: since the video began.
        """
        return _told(self._open(description).at(seconds))

    def _open(self, text: str) -> Description:
        return Description.from_json(allowed_path(text, self._roots))

    def _folder(self, text: str) -> Path:
        folder = Path(text).resolve()
        if not is_below(folder, self._roots) or not folder.is_dir():
            raise RefusedError("no folder that may be named; allowed: " + ", ".join(map(str, self._roots)), 403)
        return folder


def make_mcp_server(toolbox: Toolbox) -> MCPServer:
    """The server with its four tools.

    Args:
        toolbox: what they do.

    Returns:
        To be run over standard input and output.
    """
    server = MCPServer("smot-vlm", instructions=_INSTRUCTIONS)
    for tool in (toolbox.describe, toolbox.search, toolbox.who, toolbox.at):
        server.tool()(_in_one_line(tool))
    return server


def _in_one_line(tool: Callable[..., Any]) -> Callable[..., Any]:
    """The tool, whose errors the assistant reads as one line, without a traceback in the log."""

    @wraps(tool)
    def answer(*args: Any, **options: Any) -> Any:
        try:
            return tool(*args, **options)
        except (OSError, ValueError) as error:
            raise ToolError(one_line(error)) from None

    return answer


def _told(description: Description) -> dict[str, Any]:
    return {
        "caption": description.caption,
        "words": description.words,
        "people": [
            {
                "id": track.id,
                "caption": track.caption,
                "words": track.words,
                "attributes": {entry.name: entry.value for entry in track.attributes},
                "from_seconds": description.video.seconds(int(track.frames[0])) if len(track) else None,
                "to_seconds": description.video.seconds(int(track.frames[-1])) if len(track) else None,
            }
            for track in description.tracks
        ],
        "interactions": [
            {
                "subject": edge.subject,
                "verb": edge.verb,
                "object": edge.object,
                "score": round(edge.score, 3),
                "spans": [[span.from_seconds, span.to_seconds] for span in edge.spans],
            }
            for edge in description.interactions
        ],
    }
