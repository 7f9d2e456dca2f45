"""Searching in what a user's finished jobs told."""

from dataclasses import replace
from pathlib import Path

from smot_vlm.app.jobs import DONE, Job, JobBoard
from smot_vlm.app.limits import RefusedError
from smot_vlm.search.database import open_database
from smot_vlm.search.index_file import INDEX_FILE
from smot_vlm.search.indexing import Embed, update
from smot_vlm.search.query import ANYTHING, Filters
from smot_vlm.search.searcher import Hit, Searcher


class Finder:
    """Answers questions, for each user from an index of the user's own.

    Args:
        board: the jobs.
        embed: makes vectors of questions and texts; None: by words alone.
        encoder: the name of what embeds.
    """

    def __init__(self, board: JobBoard, embed: Embed | None, encoder: str) -> None:
        self._board = board
        self._embed = embed
        self._encoder = encoder

    def ask(self, owner: str, question: str, filters: Filters = ANYTHING, limit: int = 10) -> list[tuple[Job, Hit]]:
        """Search in a user's finished jobs.

        Args:
            owner: the user.
            question: a sentence.
            filters: what hits must fulfil; their folders are those of the user's jobs.
            limit: most hits.

        Returns:
            Hits with their jobs, best first.

        Raises:
            RefusedError: nothing is asked.
        """
        jobs = {str(job.result): job for job in self._board.of(owner) if job.state == DONE}
        if not jobs:
            return []
        try:
            # One index a user: nobody's words reach another's ranking.
            with open_database(self._board.shelf(owner) / INDEX_FILE) as database:
                update(database, [Path(folder) for folder in jobs], self._embed, self._encoder)
                searcher = Searcher(database, self._embed)
                hits = searcher.ask(question, replace(filters, folders=tuple(jobs)), limit)
        except ValueError as error:
            raise RefusedError(str(error)) from None
        return [(jobs[str(Path(hit.video.path).parent)], hit) for hit in hits]
