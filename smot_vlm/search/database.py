"""The index on disk: one SQLite file. Each video goes in whole or not at all, so a killed run leaves it in order.

Words are found by SQLite's own full-text index; sentence vectors are rows too, float16, and are multiplied in memory: at
100,000 of them a product takes 5 ms, LanceDB's flat search 137 ms (same core), and sqlite-vec needs a Python whose sqlite3
loads extensions, which many are built without.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from smot_vlm.search.entries import PERSON, Entry
from smot_vlm.search.fact_table import coded
from smot_vlm.search.index_file import connected
from smot_vlm.search.statements import Statement
from smot_vlm.structures import Attribute


@dataclass(frozen=True)
class VideoRow:
    """A video of the index.

    Attributes:
        path: of its description.json.
        stamp: tells one version of that file from another.
        source: the described video.
    """

    path: str
    stamp: str
    source: str


def storable(text: str) -> str:
    r"""Text as SQLite takes it: bytes of a name that are no UTF-8 as `\udc..` written out.

    Args:
        text: any.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class SearchDatabase:
    """The rows of an index. Made by `open_database`.

    Args:
        connection: to the file.
        path: of the file, for messages.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def encoder(self) -> str | None:
        """What made the vectors; None where nothing has yet."""
        row = self._connection.execute("SELECT value FROM facts WHERE name = 'encoder'").fetchone()
        return None if row is None else str(row[0])

    def videos(self) -> dict[str, VideoRow]:
        """Every video, by the path of its description."""
        rows = self._connection.execute("SELECT path, stamp, source FROM videos ORDER BY path")
        return {path: VideoRow(path, stamp, source) for path, stamp, source in rows}

    def put(
        self,
        video: VideoRow,
        entries: Sequence[Entry],
        vectors: Float[np.ndarray, "entries dim"] | None,
        encoder: str,
    ) -> None:
        """Write a video's entries in place of those that it had; all or none.

        Args:
            video: whose they are.
            entries: what can be found in it.
            vectors: unit vectors of their texts; None where no encoder is installed.
            encoder: what made the vectors.
        """
        with self._connection:
            self._connection.execute("DELETE FROM videos WHERE path = ?", (video.path,))
            if vectors is not None:
                self._connection.execute("INSERT OR REPLACE INTO facts VALUES ('encoder', ?)", (encoder,))
            cursor = self._connection.execute(
                "INSERT INTO videos (path, stamp, source) VALUES (?, ?, ?)", (video.path, video.stamp, video.source)
            )
            number = cursor.lastrowid
            terms = self._numbered({text for entry in entries for one in entry.statements for text in one if text})
            blobs = [None] * len(entries) if vectors is None else [row.astype(np.float16).tobytes() for row in vectors]
            self._connection.executemany(
                "INSERT INTO entries (video, kind, text, people, action, attributes, from_seconds, to_seconds, frame, "
                "doubtful, vector, statements) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (number, *_columns(entry), blob, coded(entry.statements, terms).tobytes())
                    for entry, blob in zip(entries, blobs, strict=True)
                ),
            )

    def remove(self, paths: Iterable[str]) -> None:
        """Forget videos.

        Args:
            paths: of their descriptions.
        """
        with self._connection:
            self._connection.executemany("DELETE FROM videos WHERE path = ?", ((path,) for path in paths))

    def version(self) -> tuple[int, int]:
        """Changes whenever the rows do, by this connection or another."""
        other = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return int(other), self._connection.total_changes

    def vectors(self) -> tuple[Int[np.ndarray, "entries"], Float[np.ndarray, "entries dim"]]:
        """The number of every entry that has a vector, ascending, and its unit vector as float32."""
        rows = self._connection.execute(
            "SELECT id, vector FROM entries WHERE vector IS NOT NULL ORDER BY id"
        ).fetchall()
        numbers = np.array([number for number, _ in rows], dtype=np.int64)
        stored = np.frombuffer(b"".join(vector for _, vector in rows), dtype=np.float16)
        return numbers, stored.reshape(len(rows), -1 if len(rows) else 0).astype(np.float32)

    def terms(self) -> dict[int, str]:
        """The text of every number in `statements`."""
        return dict(self._connection.execute("SELECT id, text FROM terms").fetchall())

    def statements(self) -> tuple[Int[np.ndarray, "statements"], Int[np.ndarray, "statements fields"]]:
        """The number of the entry of every statement, ascending, and its fields as numbers of terms, 0 for none."""
        rows = self._connection.execute("SELECT id, statements FROM entries ORDER BY id").fetchall()
        width = len(Statement._fields)
        counts = [len(stored) // (4 * width) for _, stored in rows]
        numbers = np.repeat(np.array([number for number, _ in rows], dtype=np.int64), counts)
        return numbers, np.frombuffer(b"".join(stored for _, stored in rows), dtype=np.int32).reshape(-1, width)

    def _numbered(self, texts: Iterable[str]) -> dict[str, int]:
        """Texts with their numbers; new ones are given one."""
        numbers: dict[str, int] = {}
        for text in sorted(texts):
            stored = (storable(text),)
            self._connection.execute("INSERT OR IGNORE INTO terms (text) VALUES (?)", stored)
            numbers[text] = int(self._connection.execute("SELECT id FROM terms WHERE text = ?", stored).fetchone()[0])
        return numbers

    def count(self) -> int:
        """How many entries there are."""
        return int(self._connection.execute("SELECT count(*) FROM entries").fetchone()[0])

    def with_words(self, words: Sequence[str], within: int = 0) -> Int[np.ndarray, "entries"]:
        """The numbers of the entries that hold some words, ascending.

        Args:
            words: are stemmed.
            within: at most so many other words lie between them, in any order.
        """
        quoted = " ".join('"' + storable(word).replace('"', '""') + '"' for word in words)
        wanted = quoted if len(words) == 1 else f"NEAR({quoted}, {within})"
        rows = self._connection.execute(
            "SELECT rowid FROM entry_words WHERE entry_words MATCH ? ORDER BY rowid", (wanted,)
        )
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def matching(self, condition: str, values: Sequence[object]) -> Int[np.ndarray, "entries"]:
        """The numbers of the entries that fulfil a condition, ascending.

        Args:
            condition: SQL over `entries` and `videos`, of the program's own words; what a user gave is in `values`.
            values: for its question marks.
        """
        rows = self._connection.execute(
            f"SELECT entries.id FROM entries JOIN videos ON videos.id = entries.video WHERE {condition} ORDER BY entries.id",
            tuple(storable(value) if isinstance(value, str) else value for value in values),
        )
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def read(self, numbers: Sequence[int]) -> Iterator[tuple[int, VideoRow, Entry]]:
        """Entries with their videos, in the order that is asked for.

        Args:
            numbers: of the entries.

        Yields:
            The number, the video and the entry; one that is gone by now is left out.
        """
        for number in numbers:
            row = self._connection.execute(
                "SELECT path, stamp, source, kind, text, people, action, attributes, from_seconds, to_seconds, frame, doubtful "
                "FROM entries JOIN videos ON videos.id = entries.video WHERE entries.id = ?",
                (int(number),),
            ).fetchone()
            if row is not None:
                yield number, VideoRow(*row[:3]), _entry(row[3:])

    def person_entry(self, path: str, person: int) -> int | None:
        """The number of a person's own entry.

        Args:
            path: of the video's description.
            person: track id.

        Returns:
            None where there is none: nothing is said of the person.
        """
        row = self._connection.execute(
            "SELECT entries.id FROM entries JOIN videos ON videos.id = entries.video "
            "WHERE path = ? AND kind = ? AND people = ?",
            (path, PERSON, json.dumps([person])),
        ).fetchone()
        return None if row is None else int(row[0])

    def put_looks(self, path: str, looks: dict[int, Float[np.ndarray, "dim"]]) -> None:
        """Write what the people of a video look like.

        Args:
            path: of its description.
            looks: unit vector by track id; may be empty.
        """
        with self._connection:
            self._connection.execute("UPDATE videos SET looked_at = 1 WHERE path = ?", (path,))
            self._connection.executemany(
                "INSERT OR REPLACE INTO looks SELECT id, ?, ? FROM videos WHERE path = ?",
                ((person, vector.astype(np.float16).tobytes(), path) for person, vector in looks.items()),
            )

    def videos_without_looks(self) -> list[VideoRow]:
        """Videos at whose people nobody has looked."""
        rows = self._connection.execute("SELECT path, stamp, source FROM videos WHERE NOT looked_at ORDER BY path")
        return [VideoRow(*row) for row in rows.fetchall()]

    def looks(self) -> tuple[list[tuple[str, int]], Float[np.ndarray, "people dim"]]:
        """Path of the description and track id of everybody whose look is known, and the unit vectors."""
        rows = self._connection.execute(
            "SELECT path, person, vector FROM looks JOIN videos ON videos.id = looks.video ORDER BY path, person"
        ).fetchall()
        stored = np.frombuffer(b"".join(vector for _, _, vector in rows), dtype=np.float16)
        return [(path, person) for path, person, _ in rows], stored.reshape(len(rows), -1 if rows else 0).astype(
            np.float32
        )


@contextmanager
def open_database(path: Path) -> Iterator[SearchDatabase]:
    """Open an index, or begin one.

    Args:
        path: of the file.

    Yields:
        The index.

    Raises:
        ValueError: the file is something else, or of another version.
        OSError: it cannot be opened or made.
    """
    with connected(path) as connection:
        yield SearchDatabase(connection, path)


def _columns(entry: Entry) -> tuple[object, ...]:
    attributes = [[one.name, one.value, round(float(one.score), 4)] for one in entry.attributes]
    return (
        entry.kind,
        storable(entry.text),
        json.dumps(entry.people),
        storable(entry.action),
        json.dumps(attributes),
        entry.from_seconds,
        entry.to_seconds,
        entry.frame,
        int(entry.doubtful),
    )


def _entry(row: Sequence[object]) -> Entry:
    kind, text, people, action, attributes, start, end, frame, doubtful = row
    return Entry(
        str(kind),
        str(text),
        tuple(json.loads(str(people))),
        str(action),
        tuple(Attribute(*one) for one in json.loads(str(attributes))),
        None if start is None else float(str(start)),
        None if end is None else float(str(end)),
        None if frame is None else int(str(frame)),
        bool(doubtful),
    )
